#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "tools/cli.hpp"
#include "tools/command_error.hpp"
#include "tools/commands.hpp"
#include "tools/doctor_checks.hpp"
#include "tools/doctor_gather.hpp"
#include "tools/doctor_text.hpp"
#include "tools/printer.hpp"
#include "tools/session.hpp"

namespace rondo::tools {
namespace {

struct doctor_command {
  common_flags common;
  std::string deployment, build_id;
  std::vector<std::string> queues;
  std::string timeout, stop_timeout, hook_buffer, shutdown_buffer, longest_activity;
  int retry_attempts = -1;
  bool skip_clock = false;
};

std::optional<nanoseconds> told(const char* flag, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto value = duration_of(flag, text);
  if (value < nanoseconds(0) || value > std::chrono::hours(24 * 365)) {
    throw command_error(std::string(flag) + " must be from 0 to a year");
  }
  return value;
}

told_facts told_of(const doctor_command& flags) {
  told_facts all;
  all.timeout = told("--timeout", flags.timeout);
  all.stop_timeout = told("--stop-timeout", flags.stop_timeout);
  all.hook_buffer = told("--hook-buffer", flags.hook_buffer);
  all.shutdown_buffer = told("--shutdown-buffer", flags.shutdown_buffer);
  all.longest_activity = told("--longest-activity", flags.longest_activity);
  if (flags.retry_attempts >= 0) all.retry_attempts = flags.retry_attempts;
  return all;
}

void run_doctor(const doctor_command& flags) {
  const printer to(std::cout, flags.common);
  doctor_facts facts;
  facts.told = told_of(flags);
  facts.deployment = flags.deployment;
  facts.build_id = flags.build_id;
  if (!facts.build_id.empty() && facts.deployment.empty()) throw command_error("--build-id needs --deployment-name");
  session server(flags.common);
  doctor_gatherer gatherer(server, facts);
  gatherer.gather_server(!flags.skip_clock);
  if (!facts.deployment.empty()) gatherer.gather_deployment();
  for (const auto& name : flags.queues) gatherer.gather_queue(name);
  const auto found = doctor(facts).examine();
  to.json(findings_json(facts, found));
  to.text(findings_text(facts, found));
  const auto problems = std::count_if(found.begin(), found.end(), [](const finding& each) { return each.problem; });
  if (problems > 0) throw command_error(count_text(problems, "problem") + " found");
}

}  // namespace

void add_doctor_command(CLI::App& to, chosen_command& chosen) {
  auto [app, flags] = add_command<doctor_command>(
      to, "doctor", "Find out why workers that are started for work do not get it; changes nothing", chosen,
      run_doctor);
  app->add_option("-d,--deployment-name", flags->deployment, "Look at this worker deployment and its versions")
      ->type_name("NAME");
  app->add_option("--build-id", flags->build_id, "The version that your worker says it is")->type_name("ID");
  add_repeated(*app, "-t,--task-queue", flags->queues, "Look at this task queue too; may be given many times")
      ->type_name("NAME");
  const auto duration = [app = app](const char* name, std::string& value, const char* what) {
    app->add_option(name, value, what)->type_name("DURATION")->group("The function, as far as you know it");
  };
  duration("--timeout", flags->timeout, "Timeout of the function");
  duration("--stop-timeout", flags->stop_timeout, "The worker's stop_timeout; 5s if not given");
  duration("--hook-buffer", flags->hook_buffer, "The worker's hook_buffer; 2s if not given");
  duration("--shutdown-buffer", flags->shutdown_buffer, "The worker's shutdown_buffer; both together if not given");
  duration("--longest-activity", flags->longest_activity, "How long its longest activity takes");
  app->add_option("--retry-attempts", flags->retry_attempts, "How often its asynchronous invocations are repeated")
      ->type_name("NUMBER")
      ->group("The function, as far as you know it");
  app->add_flag("--skip-clock", flags->skip_clock, "Do not compare clocks, which takes a poll of an unused task queue");
}

}  // namespace rondo::tools
