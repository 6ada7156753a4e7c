#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rondo/detail/run/session_place.hpp"
#include "rondo/failure.hpp"
#include "rondo/options.hpp"
#include "rondo/task.hpp"
#include "rondo/workflow/call.hpp"
#include "rondo/workflow/condition.hpp"
#include "rondo/workflow/deterministic.hpp"
#include "rondo/workflow/scope.hpp"
#include "rondo/workflow/when.hpp"

// Activities of a workflow that all run in the same process, such as those that work on one local file.
namespace rondo {

/// The session is over: its worker is gone, or its time is up. Its type is "SessionFailed"; the cause, where there is
/// one, is the failure of the activity that held the session. What the worker's process knew is lost.
class session_failure : public application_failure {
 public:
  explicit session_failure(std::string message)
      : application_failure(std::move(message), {.type = "SessionFailed", .non_retryable = true}) {}
};

/// How to open a session. All of the times must be above zero.
struct session_options {
  /// Longest wait for a worker that has room for the session.
  duration creation_timeout = std::chrono::minutes(1);
  /// From then on: the session fails when it is still open.
  duration execution_timeout = std::chrono::hours(1);
  /// A worker that was silent for so long is gone, and the session fails.
  duration heartbeat_timeout = std::chrono::seconds(20);
  /// Where the workers are that hold sessions. Empty: at the task queue of the workflow.
  std::string_view task_queue{};
};

}  // namespace rondo

namespace rondo::detail::run {

/// An open session, as its workflow sees it.
struct session_state {
  std::string id, creation_queue;
  std::optional<session_place> place;
  std::optional<workflow::started<workflow::activity_call<void, std::string, std::string>>> hold;
  bool completed = false;

  /// Once it is completed nothing may ask what holds it.
  bool ended() const noexcept { return completed || hold->done(); }
  void require_open() const {
    if (completed) throw std::logic_error("the session was completed");
    if (ended()) throw session_failure("the session has ended");
  }
};

/// Runs a call for as long as the session lives.
template <class Call>
task<typename Call::result_type> call_in_session(std::shared_ptr<session_state> of, Call call) {
  of->require_open();
  auto running = std::move(call).start();
  const auto* state = of.get();
  const auto* begun = &running;
  const auto decided = [state, begun] { return begun->done() || state->ended(); };
  // Cancellation reaches the call itself, which says how it ends.
  co_await workflow::shield(workflow::wait_condition(decided));
  if (!running.done()) {
    running.cancel();
    static_cast<void>(co_await workflow::as_result(std::move(running)));
    throw session_failure("the session ended while an activity ran in it");
  }
  if constexpr (std::is_void_v<typename Call::result_type>) {
    co_await std::move(running);
  } else {
    co_return co_await std::move(running);
  }
}

}  // namespace rondo::detail::run

namespace rondo::workflow {

/// A worker process that is kept for activities of this workflow. Cheap to copy; copies are the same session. One that
/// is never completed lives on until its workflow, or its execution timeout, ends.
class session {
 public:
  /// Calls an activity on the worker of the session; its task queue is that of the session, whatever the options say.
  /// Throws session_failure when the session has ended, or ends meanwhile; the activity is then cancelled. Beside that
  /// it is as workflow::execute_activity.
  template <auto Function, class... Arguments>
  task<detail::result_of<Function>> execute_activity(activity_options options, Arguments&&... arguments) const {
    options.task_queue = state_->place->task_queue;
    return detail::run::call_in_session(
        state_, detail::make_activity_call<Function>(options, std::forward<Arguments>(arguments)...));
  }
  /// The same by name. `type` must outlive the call.
  template <class Result, class... Arguments>
  task<Result> execute_activity(std::string_view type, activity_options options, Arguments&&... arguments) const {
    options.task_queue = state_->place->task_queue;
    return detail::run::call_in_session(
        state_, detail::make_activity_call<Result>(type, options, std::forward<Arguments>(arguments)...));
  }

  /// Ends the session, so that its worker has room for another. Does nothing once it has ended. Calls in it must be
  /// over.
  task<void> complete() const { return end(state_); }

  /// True until it is completed or fails.
  bool open() const noexcept { return !state_->completed && !state_->ended(); }
  const std::string& id() const noexcept { return state_->id; }
  /// The task queue that only the session's worker serves.
  const std::string& task_queue() const noexcept { return state_->place->task_queue; }
  /// The identity of the session's worker.
  const std::string& worker_identity() const noexcept { return state_->place->identity; }
  /// Opens a session on the same worker later: see recreate_session.
  const std::string& token() const noexcept { return state_->place->task_queue; }

  /// For the library.
  explicit session(std::shared_ptr<detail::run::session_state> state) noexcept : state_(std::move(state)) {}

 private:
  static task<void> end(std::shared_ptr<detail::run::session_state> of);

  std::shared_ptr<detail::run::session_state> state_;
};

}  // namespace rondo::workflow

namespace rondo::detail::run {

task<workflow::session> open_session(session_options options, std::string queue);

}  // namespace rondo::detail::run

namespace rondo::workflow {

/// Opens a session: waits for a worker that has room for one, which must have `worker_options::max_concurrent_sessions`
/// above zero. Throws session_failure when none had in time, and cancelled_failure. The session ends with the
/// cancellation of the scope that opens it.
///
///   auto session = co_await workflow::create_session({.execution_timeout = 30min});
///   auto file = co_await session.execute_activity<download>({.start_to_close_timeout = 5min}, url);
///   co_await session.execute_activity<upload>({.start_to_close_timeout = 5min}, file);
///   co_await session.complete();
inline task<session> create_session(session_options options = {}) {
  const std::string_view shared = options.task_queue.empty() ? info().task_queue : options.task_queue;
  return detail::run::open_session(options, detail::run::session_creation_queue(shared));
}

/// Opens a session on the worker that an earlier one was on, such as that of the run before this one. Throws
/// session_failure when that worker is gone, or does not take the session within the creation timeout.
inline task<session> recreate_session(std::string token, session_options options = {}) {
  return detail::run::open_session(options, std::move(token));
}

}  // namespace rondo::workflow

#ifndef RONDO_COMPILED
#include "rondo/workflow/impl/session.hpp"
#endif
