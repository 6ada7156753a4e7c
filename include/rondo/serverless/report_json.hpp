#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "rondo/log_sinks.hpp"
#include "rondo/serverless/report.hpp"

namespace rondo::serverless {

/// The report as JSON, whatever bytes its texts hold: {"requestId", "reason": "idle|deadline|sigterm|error", "error"?,
/// "errorType"?, "cold", "connectMs", "firstPollMs", "runMs", "idleMs", "workflowTasks", "activities", "failed",
/// "handedBack", "lostPolls", "stickyReset": "shutdown|none", "hookErrors": [...]}
inline std::string to_json(const report& of) {
  std::string out = "{";
  const auto key = [&out](std::string_view name) {
    if (out.size() > 1) out += ',';
    rondo::detail::append_quoted(out, name);
    out += ':';
  };
  const auto text = [&](std::string_view name, std::string_view value) {
    key(name);
    rondo::detail::append_quoted(out, value);
  };
  const auto number = [&](std::string_view name, auto value) {
    key(name);
    rondo::detail::append_number(out, value);
  };
  const auto time = [&](std::string_view name, duration value) {
    number(name, std::chrono::duration_cast<std::chrono::milliseconds>(value).count());
  };
  text("requestId", of.request_id);
  text("reason", to_string(of.reason));
  if (!of.error.empty()) text("error", of.error);
  if (!of.error_type.empty()) text("errorType", of.error_type);
  key("cold");
  out += of.cold ? "true" : "false";
  time("connectMs", of.connect);
  time("firstPollMs", of.first_poll);
  time("runMs", of.run);
  time("idleMs", of.idle);
  number("workflowTasks", of.workflow_tasks);
  number("activities", of.activities);
  number("failed", of.failed);
  number("handedBack", of.handed_back);
  number("lostPolls", of.lost_polls);
  text("stickyReset", of.sticky_shutdown ? "shutdown" : "none");
  key("hookErrors");
  out += '[';
  for (const auto& each : of.hook_errors) {
    if (out.back() != '[') out += ',';
    rondo::detail::append_quoted(out, each);
  }
  return out += "]}";
}

}  // namespace rondo::serverless
