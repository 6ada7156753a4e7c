#pragma once
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <memory>
#include <utility>

#include "rondo/activity.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/activity_code.hpp"
#include "rondo/detail/worker/loop_gate.hpp"
#include "rondo/detail/worker/thread_pool.hpp"
#include "rondo/detail/worker/tried_activity.hpp"

namespace rondo::detail::worker {

/// A loop, and the signal of the coroutine that runs there.
class trial_loop final : public trial_place {
 public:
  ~trial_loop() override = default;
  void interrupt() override {
    loop.post([this] {
      if (signal) signal->emit(asio::cancellation_type::terminal);
    });
  }

  /// Goes after the loop, whose coroutines may still know it.
  std::shared_ptr<asio::cancellation_signal> signal;
  io::event_loop loop;
};

RONDO_FUNCTION void tried_activity::stop(rondo::cancel_reason why, const rondo::cancellation_details& also) {
  using enum rondo::cancel_reason;
  const unsigned all = (also.cancel_requested ? bit(cancel_requested) : 0) | (also.not_found ? bit(not_found) : 0) |
                       (also.paused ? bit(paused) : 0) | (also.reset ? bit(reset) : 0) |
                       (also.timed_out ? bit(timed_out) : 0) | (also.worker_shutdown ? bit(worker_shutdown) : 0);
  if (request_stop(why, all)) place_->interrupt();
}

RONDO_FUNCTION std::shared_ptr<trial_place> make_trial_place() { return std::make_shared<trial_loop>(); }

RONDO_FUNCTION trial_outcome try_activity(trial_place& place, const run::activity_definition& definition,
                                          const std::shared_ptr<tried_activity>& attempt, payload_span arguments) {
  code_outcome ended;
  if (definition.blocking != nullptr) {
    payload_collector result;
    const activity_activation active(*attempt);
    guard_activity_code(ended, [&] { definition.blocking->run(arguments, result); });
    ended.result = result.take();
  } else {
    auto& on = static_cast<trial_loop&>(place);
    on.signal = std::make_shared<asio::cancellation_signal>();
    // Of no use to coroutines.
    thread_pool none(1);
    bool over = false;
    run_activity_code(definition, {on.loop, std::make_shared<loop_gate>(on.loop), none}, attempt, arguments, *on.signal,
                      [&](code_outcome how) {
                        ended = std::move(how);
                        over = true;
                      });
    // What was asked for before is told as soon as the code runs.
    if (attempt->cancel_reason() != rondo::cancel_reason::none) on.interrupt();
    on.loop.run_until([&over] { return over; });
    on.signal = nullptr;
  }
  return {.result = std::move(ended.result),
          .error = ended.error,
          .elsewhere = ended.elsewhere,
          .handed_back = std::move(ended.handed_back)};
}

}  // namespace rondo::detail::worker
