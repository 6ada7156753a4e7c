#pragma once
#include <functional>
#include <optional>
#include <string_view>

namespace rondo {

struct workflow_info;

/// A call of `workflow::get_version` whose answer the history does not have yet.
struct version_question {
  const workflow_info& workflow;
  std::string_view change;
  /// What the code supports.
  int oldest, newest;
};

/// How a worker answers for changes of workflow code that a run meets for the first time, so that new code can be
/// rolled out before it is switched on. Asked while the workflow runs, and never for what the history already decides:
/// not on replay, and once per run and change. The answers may come from anywhere, must come at once and must not touch
/// the workflow. What a function throws leaves the call of the workflow; unless it is a failure, the task is repeated.
struct change_policy {
  /// True: `workflow::patched(id)` of this run takes the new way, which is recorded; false: the old one, for the whole
  /// run, which leaves no trace. Unset: always true. `workflow::deprecate_patch` does not ask.
  std::function<bool(const workflow_info& workflow, std::string_view id)> activate_patch{};
  /// The version that `workflow::get_version` gives and records; none: the newest. Unset: always the newest. One that
  /// the code does not support fails the workflow task.
  std::function<std::optional<int>(const version_question&)> preferred_version{};
};

}  // namespace rondo
