#pragma once
#include <exception>
#include <span>
#include <string>
#include <utility>

#include <google/protobuf/arena.h>

#include "rondo/detail/engine/execution.hpp"
#include "rondo/detail/engine/logical_tasks.hpp"

namespace rondo::detail::engine {

struct replay_options {
  run_options run{};
  /// Empty: what the history says.
  std::string workflow_id{}, run_id{};
};

/// What became of a replay.
struct replay_result {
  bool ok = true;
  /// The code does not do what the history says.
  bool nondeterminism = false;
  /// Why it did not work; empty when it did.
  std::string message{};
  /// What the code threw, when that is the reason.
  std::exception_ptr error{};
};

/// Runs a workflow over a history, which may come in pages, and says whether its code does what is recorded there. A
/// task that is open at the end is worked on too; what it asks for is compared with nothing.
inline replay_result replay(const run::workflow_definition& definition, std::span<const History* const> pages,
                            const replay_options& options = {}) {
  execution run(definition, options.run, options.workflow_id, options.run_id);
  logical_tasks tasks;
  google::protobuf::Arena arena;
  logical_task next;
  for (std::size_t i = 0; i < pages.size(); ++i) {
    if (!tasks.add(pages[i]->events(), i + 1 == pages.size())) {
      return {.ok = false, .message = "events are missing after event " + std::to_string(tasks.next_id() - 1)};
    }
    while (tasks.next(next, true) == logical_tasks::reading::task) {
      if (run.apply(next, &arena, {})) continue;
      const auto& problem = *run.problem();
      return {
          .ok = false, .nondeterminism = problem.nondeterminism(), .message = problem.message, .error = problem.error};
    }
    tasks.keep();
  }
  return {};
}

/// As above, for a history in one piece.
inline replay_result replay(const run::workflow_definition& definition, const History& history,
                            const replay_options& options = {}) {
  const History* const pages[] = {&history};
  return replay(definition, pages, options);
}

}  // namespace rondo::detail::engine
