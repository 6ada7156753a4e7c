#pragma once
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "rondo/activity.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/run/activity_definition.hpp"
#include "rondo/log.hpp"
#include "rondo/payload.hpp"

// Attempts of activities without a worker, for tests of their code.
namespace rondo::detail::worker {

/// Where attempts run: the code of functions on the thread that tries them, that of coroutines on a loop which that
/// thread drives.
class trial_place {
 public:
  trial_place() = default;
  trial_place(const trial_place&) = delete;
  trial_place& operator=(const trial_place&) = delete;
  virtual ~trial_place() = default;
  /// Interrupts the coroutine of the attempt, if it runs. Any thread.
  virtual void interrupt() = 0;
};

/// One attempt as its code sees it. All but the constructor may be used by any thread.
class tried_activity final : public activity_context {
 public:
  using heartbeat_function = std::function<void(const payload_list& details)>;

  tried_activity(activity_info about, payload_list last_details, rondo::logger log,
                 std::shared_ptr<const rondo::client> of_worker, std::shared_ptr<trial_place> place,
                 heartbeat_function heard)
      : activity_context(std::move(about), std::move(last_details), std::move(log)),
        place_(std::move(place)),
        heard_(std::move(heard)) {
    set_client(std::move(of_worker));
  }

  void heartbeat(payload_list details) override { heard_(details); }
  /// The first reason stays. `also`: what holds besides.
  void stop(rondo::cancel_reason why, const rondo::cancellation_details& also);
  void drain() { request_drain(); }

 private:
  std::shared_ptr<trial_place> place_;
  heartbeat_function heard_;
};

/// How the code of a tried attempt ended.
struct trial_outcome {
  payload_list result{};
  std::exception_ptr error{};
  /// It goes on elsewhere; somebody else completes it.
  bool elsewhere = false;
  /// What it gave back instead of a result.
  std::optional<payload_list> handed_back{};
};

std::shared_ptr<trial_place> make_trial_place();
/// Runs the code of an attempt to its end. `place` is one of make_trial_place(), of this attempt alone at a time.
trial_outcome try_activity(trial_place& place, const run::activity_definition& definition,
                           const std::shared_ptr<tried_activity>& attempt, payload_span arguments);

}  // namespace rondo::detail::worker

#ifndef RONDO_COMPILED
#include "rondo/detail/worker/impl/tried_activity.hpp"
#endif
