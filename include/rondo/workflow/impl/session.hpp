#pragma once
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/run/run_context.hpp"
#include "rondo/detail/run/session_place.hpp"
#include "rondo/options.hpp"
#include "rondo/task.hpp"
#include "rondo/workflow/call.hpp"
#include "rondo/workflow/condition.hpp"
#include "rondo/workflow/deterministic.hpp"
#include "rondo/workflow/messages.hpp"
#include "rondo/workflow/session.hpp"
#include "rondo/workflow/when.hpp"

namespace rondo::detail::run {

/// Why the session ended; takes what its activity ended with.
RONDO_FUNCTION task<session_failure> session_end(std::shared_ptr<session_state> of, std::string message) {
  auto held = co_await workflow::as_result(std::move(*of->hold));
  session_failure made(std::move(message));
  if (!held) made.set_cause(held.error());
  co_return made;
}

RONDO_FUNCTION task<workflow::session> open_session(session_options options, std::string queue) {
  if (options.creation_timeout <= duration::zero() || options.execution_timeout <= duration::zero() ||
      options.heartbeat_timeout <= duration::zero()) {
    throw std::invalid_argument("the timeouts of a session must be above zero");
  }
  const auto state = std::make_shared<session_state>();
  state->id = workflow::uuid4();
  state->creation_queue = std::move(queue);
  const std::string signal = session_signal(state->id);
  const std::weak_ptr<session_state> weak = state;
  workflow::set_signal_handler(signal, [weak](session_place place) {
    if (const auto still = weak.lock()) still->place = std::move(place);
  });
  activity_options hold;
  hold.task_queue = state->creation_queue;
  hold.schedule_to_start_timeout = options.creation_timeout;
  hold.start_to_close_timeout = options.execution_timeout;
  hold.heartbeat_timeout = options.heartbeat_timeout;
  hold.retry = retry_policy{.maximum_attempts = 1};
  state->hold.emplace(
      workflow::execute_activity<void>(hold_session_activity, hold, std::string(state->id), std::string(signal))
          .start());
  const auto* seen = state.get();
  const auto decided = [seen] { return seen->place.has_value() || seen->ended(); };
  co_await workflow::wait_condition(decided);
  require_run("workflow::create_session").handlers().signals.erase(signal);
  if (state->ended()) {
    auto why = co_await session_end(state, "no worker opened the session");
    throw std::move(why);
  }
  co_return workflow::session(state);
}

}  // namespace rondo::detail::run

namespace rondo::workflow {

RONDO_FUNCTION task<void> session::end(std::shared_ptr<detail::run::session_state> of) {
  if (of->completed || of->ended()) co_return;
  of->completed = true;
  activity_options options;
  options.task_queue = of->place->task_queue;
  options.schedule_to_close_timeout = std::chrono::seconds(10);
  options.start_to_close_timeout = std::chrono::seconds(5);
  auto told = co_await as_result(
      workflow::execute_activity<void>(detail::run::end_session_activity, options, std::string(of->id)));
  if (!told) of->hold->cancel();
  static_cast<void>(co_await as_result(std::move(*of->hold)));
}

}  // namespace rondo::workflow
