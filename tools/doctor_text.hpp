#pragma once
#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <vector>

#include "tools/doctor_checks.hpp"
#include "tools/doctor_facts.hpp"
#include "tools/printer.hpp"
#include "tools/table.hpp"

// What `doctor` prints.
namespace rondo::tools {

/// "server 1.32.0, deployment 'shop', 2 versions, 3 task queues, clocks"
inline std::string examined_text(const doctor_facts& facts) {
  std::string text = "server " + facts.server_version;
  auto queues = std::ssize(facts.queues);
  for (const auto& each : facts.versions) queues += std::ssize(each.queues);
  if (!facts.deployment.empty()) {
    text += ", deployment '" + facts.deployment + "', " + count_text(std::ssize(facts.versions), "version");
  }
  if (queues > 0) text += ", " + count_text(queues, "task queue");
  if (facts.clock) text += ", clocks";
  if (facts.told.timeout) text += ", timeouts";
  return one_line(text);
}

inline std::string findings_text(const doctor_facts& facts, const std::vector<finding>& found) {
  std::string text;
  for (const auto& each : found) {
    text += (each.problem ? "PROBLEM  " : "WARNING  ") + one_line(each.what) + " (" + each.id + ")\n";
    text += "    why:  " + one_line(each.why) + "\n";
    text += "    mend: " + one_line(each.mend) + "\n";
  }
  const auto problems = std::count_if(found.begin(), found.end(), [](const finding& each) { return each.problem; });
  const auto warnings = static_cast<std::ptrdiff_t>(found.size()) - problems;
  text += "Looked at " + examined_text(facts) + ": ";
  return text +
         (found.empty() ? "all is well" : count_text(problems, "problem") + ", " + count_text(warnings, "warning")) +
         "\n";
}

inline std::string findings_json(const doctor_facts& facts, const std::vector<finding>& found) {
  std::string list;
  bool ok = true;
  for (const auto& each : found) {
    json_object object;
    object.add("severity", each.problem ? "problem" : "warning");
    object.add("id", each.id);
    object.add("what", each.what);
    object.add("why", each.why);
    object.add("mend", each.mend);
    list.append(list.empty() ? "" : ",").append(object.line());
    ok = ok && !each.problem;
  }
  json_object all;
  all.add_json("ok", ok ? "true" : "false");
  all.add("examined", examined_text(facts));
  all.add_json("findings", "[" + list + "]");
  return all.line();
}

}  // namespace rondo::tools
