#pragma once
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <memory>
#include <mutex>
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
    const std::lock_guard lock(mutex_);
    if (signal_ == nullptr) return;
    loop_->post([of_attempt = signal_] { of_attempt->emit(asio::cancellation_type::terminal); });
  }
  /// Null: none runs there.
  void set_signal(std::shared_ptr<asio::cancellation_signal> of_attempt) {
    const std::lock_guard lock(mutex_);
    signal_ = std::move(of_attempt);
  }

  io::event_loop& loop() noexcept { return *loop_; }
  /// Nothing of an attempt is left in a new loop.
  void renew() {
    auto fresh = std::make_unique<io::event_loop>();
    const std::lock_guard lock(mutex_);
    loop_.swap(fresh);
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<asio::cancellation_signal> signal_;
  std::unique_ptr<io::event_loop> loop_ = std::make_unique<io::event_loop>();
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
    const auto signal = std::make_shared<asio::cancellation_signal>();
    // Of no use to coroutines.
    thread_pool none(1);
    bool over = false;
    run_activity_code(definition, {on.loop(), std::make_shared<loop_gate>(on.loop()), none}, attempt, arguments,
                      *signal, [&](code_outcome how) {
                        ended = std::move(how);
                        over = true;
                      });
    // From here on, so that code which was asked to stop before begins, and is interrupted where it waits.
    on.set_signal(signal);
    if (attempt->cancel_reason() != rondo::cancel_reason::none) on.interrupt();
    try {
      on.loop().run_until([&over] { return over; });
    } catch (...) {
      // A handler of the code's own threw: the coroutine goes with its loop, before what it refers to.
      on.set_signal(nullptr);
      on.renew();
      throw;
    }
    on.set_signal(nullptr);
  }
  return {.result = std::move(ended.result),
          .error = ended.error,
          .elsewhere = ended.elsewhere,
          .handed_back = std::move(ended.handed_back)};
}

}  // namespace rondo::detail::worker
