#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "rondo/detail/engine/api.hpp"

namespace rondo::detail::worker {

/// Names the first command that carries more than the server takes, with the text for the failure; empty: all are fine.
inline std::optional<std::string> oversized_command(const engine::service::RespondWorkflowTaskCompletedRequest& of,
                                                    std::size_t limit) {
  if (limit == 0) return std::nullopt;
  for (const auto& command : of.commands()) {
    std::size_t size = 0;
    std::string what;
    if (command.has_schedule_activity_task_command_attributes()) {
      const auto& attributes = command.schedule_activity_task_command_attributes();
      size = attributes.input().ByteSizeLong();
      what = "the arguments of activity '" + attributes.activity_type().name() + "'";
    } else if (command.has_complete_workflow_execution_command_attributes()) {
      size = command.complete_workflow_execution_command_attributes().result().ByteSizeLong();
      what = "the result of the workflow";
    } else if (command.has_continue_as_new_workflow_execution_command_attributes()) {
      size = command.continue_as_new_workflow_execution_command_attributes().input().ByteSizeLong();
      what = "the arguments of continue_as_new";
    }
    if (size <= limit) continue;
    return "[TMPRL1103] " + what + " have " + std::to_string(size) + " bytes, the server takes at most " +
           std::to_string(limit) + ": pass a reference to the data instead";
  }
  return std::nullopt;
}

}  // namespace rondo::detail::worker
