#pragma once
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "rondo/activity.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/run/activity_definition.hpp"
#include "rondo/detail/worker/activity_executor.hpp"
#include "rondo/detail/worker/loop_gate.hpp"
#include "rondo/detail/worker/thread_pool.hpp"
#include "rondo/payload.hpp"

namespace rondo::detail::worker {

/// How the code of an attempt ended.
struct code_outcome {
  payload_list result{};
  std::exception_ptr error{};
  /// It goes on elsewhere; somebody else completes it.
  bool elsewhere = false;
  /// What it gave back instead of a result.
  std::optional<payload_list> handed_back{};
};

/// Where code of activities runs.
struct code_places {
  io::event_loop& loop;
  std::shared_ptr<loop_gate> gate;
  thread_pool& pool;
};

/// Runs code of an attempt, and notes how it ended but for its result.
template <class Code>
void guard_activity_code(code_outcome& outcome, const Code& code) {
  try {
    code();
  } catch (const complete_async_request&) {
    outcome.elsewhere = true;
  } catch (hand_back_request& request) {
    outcome.handed_back = std::move(request.details);
  } catch (...) {
    outcome.error = std::current_exception();
  }
}

/// Runs the code of one attempt, on a thread or on the loop, and tells `ended` on the loop. `arguments` lives as long
/// as `attempt`; so does the signal `cancel`, by which code on the loop is interrupted.
inline void run_activity_code(const run::activity_definition& definition, const code_places& places,
                              std::shared_ptr<activity_context> attempt, payload_span arguments,
                              asio::cancellation_signal& cancel, std::function<void(code_outcome)> ended) {
  if (definition.blocking != nullptr) {
    places.pool.submit([code = definition.blocking, gate = places.gate, attempt = std::move(attempt), arguments,
                        ended = std::move(ended)]() mutable {
      code_outcome outcome;
      payload_collector result;
      {
        const activity_activation active(*attempt);
        guard_activity_code(outcome, [&] { code->run(arguments, result); });
      }
      outcome.result = result.take();
      gate->post([ended = std::move(ended), outcome = std::move(outcome), attempt = std::move(attempt)]() mutable {
        ended(std::move(outcome));
      });
    });
    return;
  }
  const activity_executor executor(places.loop.executor(), attempt);
  auto result = std::make_shared<payload_collector>();
  auto work = [](std::shared_ptr<const run::async_activity> code, payload_span given,
                 std::shared_ptr<payload_collector> to) -> asio::awaitable<void> { co_await code->run(given, *to); };
  asio::co_spawn(
      executor, work(definition.async, arguments, result),
      asio::bind_cancellation_slot(cancel.slot(), [result, attempt = std::move(attempt),
                                                   ended = std::move(ended)](const std::exception_ptr& error) {
        code_outcome outcome;
        guard_activity_code(outcome, [&error] {
          if (error) std::rethrow_exception(error);
        });
        outcome.result = result->take();
        ended(std::move(outcome));
      }));
}

}  // namespace rondo::detail::worker
