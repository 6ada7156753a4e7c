#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/cancellation_details.hpp"
#include "rondo/converter.hpp"
#include "rondo/failure.hpp"
#include "rondo/log.hpp"
#include "rondo/options.hpp"
#include "rondo/payload.hpp"
#include "rondo/serialization_context.hpp"

namespace rondo {

class client;

/// Facts about the attempt that runs. Texts are valid while it does.
struct activity_info {
  std::string activity_id{}, activity_type{}, task_queue{}, namespace_{};
  /// The workflow that called it; empty for an activity that was started on its own.
  std::string workflow_id{}, run_id{}, workflow_type{};
  /// The run of an activity that was started on its own: by it and `activity_id` clients find it. Empty for others.
  std::string activity_run_id{};
  /// Names the attempt to the server; completing it from elsewhere needs it.
  std::string task_token{};
  /// It runs within a workflow task of its worker: it has no task of its own.
  bool is_local = false;
  /// Counts from 1.
  int attempt = 1;
  /// Of `retry`; 0: no limit.
  int maximum_attempts = 0;
  /// Empty: the server did not tell.
  std::optional<owned_retry_policy> retry{};
  std::chrono::sys_time<duration> scheduled_time{}, attempt_scheduled_time{}, started_time{};
  /// Zero: none.
  duration schedule_to_close_timeout{}, start_to_close_timeout{}, heartbeat_timeout{};
  /// What came with the call beside the arguments.
  payload_map headers{};
  /// What its task was given precedence by; 0 and empty: the server's choice.
  int priority_key = 0;
  std::string fairness_key{};
  float fairness_weight = 0;
  /// When this attempt must be over: by its timeouts, or because its worker ends then (a serverless one does). The
  /// maximum when nothing limits it.
  std::chrono::sys_time<duration> deadline = std::chrono::sys_time<duration>::max();
};

}  // namespace rondo

namespace rondo::detail {

/// Sees the heartbeats of an attempt's code before they are sent.
class heartbeat_observer {
 public:
  virtual void before_heartbeat(payload_list& details) = 0;

 protected:
  ~heartbeat_observer() = default;
};

/// One running attempt as its code sees it. The worker implements it; all of it may be used from any thread.
class activity_context {
 public:
  activity_context(const activity_context&) = delete;
  activity_context& operator=(const activity_context&) = delete;

  virtual void heartbeat(payload_list details) = 0;
  void heartbeat_of_code(payload_list details) {
    if (observer_ != nullptr) observer_->before_heartbeat(details);
    heartbeat(std::move(details));
  }
  /// Null: nobody any more. Only by what runs the code, on its thread.
  void set_observer(heartbeat_observer* observer) noexcept { observer_ = observer; }

  const activity_info& info() const noexcept { return info_; }
  const payload_list& heartbeat_details() const noexcept { return heartbeat_details_; }
  const rondo::logger& logger() const noexcept { return logger_; }
  std::stop_token stop_token() const noexcept { return stop_.get_token(); }
  rondo::cancel_reason cancel_reason() const noexcept {
    return static_cast<rondo::cancel_reason>(stopped_.load() & reason_mask);
  }
  std::optional<rondo::cancellation_details> cancellation_details() const noexcept {
    const unsigned stopped = stopped_.load();
    if (stopped == 0) return std::nullopt;
    const auto holds = [stopped](rondo::cancel_reason reason) { return (stopped & bit(reason)) != 0; };
    return rondo::cancellation_details{.cancel_requested = holds(rondo::cancel_reason::cancel_requested),
                                       .not_found = holds(rondo::cancel_reason::not_found),
                                       .paused = holds(rondo::cancel_reason::paused),
                                       .reset = holds(rondo::cancel_reason::reset),
                                       .timed_out = holds(rondo::cancel_reason::timed_out),
                                       .worker_shutdown = holds(rondo::cancel_reason::worker_shutdown)};
  }
  /// Null when the host has none, or has gone.
  std::shared_ptr<const rondo::client> client() const {
    const std::lock_guard lock(client_mutex_);
    return client_;
  }
  std::stop_token drain_token() const noexcept { return drain_.get_token(); }
  bool has_more_attempts() const noexcept {
    return info_.maximum_attempts == 0 || info_.attempt < info_.maximum_attempts;
  }

 protected:
  activity_context(activity_info&& about, payload_list last_details, rondo::logger log)
      : info_(std::move(about)), heartbeat_details_(std::move(last_details)), logger_(std::move(log)) {}
  ~activity_context() = default;
  /// The first reason stays. `also`: what holds besides, each as its bit.
  bool request_stop(rondo::cancel_reason reason, unsigned also = 0) {
    unsigned none = 0;
    if (!stopped_.compare_exchange_strong(none, static_cast<unsigned>(reason) | bit(reason) | also)) return false;
    stop_.request_stop();
    return true;
  }
  static constexpr unsigned bit(rondo::cancel_reason reason) noexcept {
    return 0x100U << static_cast<unsigned>(reason);
  }
  void set_client(std::shared_ptr<const rondo::client> of_host) {
    const std::lock_guard lock(client_mutex_);
    client_ = std::move(of_host);
  }
  void request_drain() { drain_.request_stop(); }

 private:
  activity_info info_;
  payload_list heartbeat_details_;
  rondo::logger logger_;
  heartbeat_observer* observer_ = nullptr;
  std::stop_source stop_, drain_;
  static constexpr unsigned reason_mask = 0xff;
  /// The reason, and above it a bit for all that holds.
  std::atomic<unsigned> stopped_{0};
  mutable std::mutex client_mutex_;
  std::shared_ptr<const rondo::client> client_;
};

/// The attempt whose code executes on this thread; null elsewhere.
inline constinit thread_local activity_context* current_activity = nullptr;

inline activity_context& require_activity(const char* what) {
  if (current_activity == nullptr) {
    throw std::logic_error(std::string(what) + " may be called only by the code of an activity, on its own thread");
  }
  return *current_activity;
}

/// Whose the values are that an activity takes and gives; its workflow says the same.
inline serialization_context owner_of(const activity_info& of) {
  serialization_context made;
  made.namespace_ = of.namespace_;
  made.workflow_id = of.workflow_id;
  made.workflow_type = of.workflow_type;
  if (of.workflow_id.empty()) made.activity_id = of.activity_id;
  made.activity_type = of.activity_type;
  made.task_queue = of.task_queue;
  made.is_local = of.is_local;
  return made;
}
/// The attempt whose code executes; nothing outside of one.
struct current_attempt_owner {
  std::optional<serialization_context> operator()() const {
    if (current_activity == nullptr) return std::nullopt;
    return owner_of(current_activity->info());
  }
};

/// Makes an attempt the current one for a block of code.
class activity_activation {
 public:
  explicit activity_activation(activity_context& active) noexcept : saved_(std::exchange(current_activity, &active)) {}
  activity_activation(const activity_activation&) = delete;
  activity_activation& operator=(const activity_activation&) = delete;
  ~activity_activation() { current_activity = saved_; }

 private:
  activity_context* saved_;
};

/// Thrown by activity::complete_async; not a std::exception, so that handlers of errors let it pass.
class complete_async_request {};

/// Thrown by activity::hand_back, likewise.
class hand_back_request {
 public:
  explicit hand_back_request(payload_list progress) : details(std::move(progress)) {}
  payload_list details;
};

}  // namespace rondo::detail

namespace rondo::activity {

/// Facts about the attempt that runs.
inline const activity_info& info() { return detail::require_activity("activity::info").info(); }

/// Whose the values of the attempt are: for `rondo::encode` and `rondo::decode` of what the code converts itself, such
/// as the arguments of a dynamic activity.
inline serialization_context payload_context() {
  return detail::owner_of(detail::require_activity("activity::payload_context").info());
}

/// Tells the server that the attempt is alive, and how far it has come; the values reach the next attempt if this one
/// dies. Cheap: the worker sends at most one per 80 % of the heartbeat timeout. Cancellation arrives with its answer.
template <class... Values>
void heartbeat(const Values&... details) {
  payload_collector collected;
  detail::encode_all_of(detail::current_attempt_owner(), collected, details...);
  detail::require_activity("activity::heartbeat").heartbeat_of_code(collected.take());
}

/// A value that the last heartbeat of the previous attempt carried; empty when there was none.
template <class Value>
std::optional<Value> heartbeat_details(std::size_t index = 0) {
  const auto& details = detail::require_activity("activity::heartbeat_details").heartbeat_details();
  if (index >= details.size()) return std::nullopt;
  return detail::decode_of<Value>(detail::current_attempt_owner(), details[index]);
}

/// True once the attempt should stop; `cancel_reason` says why.
inline bool cancelled() {
  return detail::require_activity("activity::cancelled").cancel_reason() != rondo::cancel_reason::none;
}
inline rondo::cancel_reason cancel_reason() {
  return detail::require_activity("activity::cancel_reason").cancel_reason();
}

/// What was known of why the attempt should stop, at the moment when it was told to; empty until then.
inline std::optional<rondo::cancellation_details> cancellation_details() {
  return detail::require_activity("activity::cancellation_details").cancellation_details();
}

/// Throws cancelled_failure once the attempt should stop.
inline void throw_if_cancelled() {
  if (cancelled()) throw cancelled_failure("activity cancelled");
}

/// Requested when the attempt should stop: to interrupt waits.
inline std::stop_token stop_token() { return detail::require_activity("activity::stop_token").stop_token(); }

/// True once the worker takes no tasks any more: an invocation nears its end, or the process stops. The attempt may go
/// on until `info().deadline`, or hand back what is left to do.
inline bool draining() { return detail::require_activity("activity::draining").drain_token().stop_requested(); }
/// Requested when `draining` becomes true: to interrupt waits.
inline std::stop_token drain_token() { return detail::require_activity("activity::drain_token").drain_token(); }

/// Gives the attempt back, to be repeated at once by another worker or invocation, which finds the values in
/// `heartbeat_details`. Leaves the calling function like an exception. It counts as an attempt: when the retry policy
/// leaves no other, this returns, and the code goes on.
template <class... Values>
void hand_back(const Values&... progress) {
  if (!detail::require_activity("activity::hand_back").has_more_attempts()) return;
  payload_collector collected;
  detail::encode_all_of(detail::current_attempt_owner(), collected, progress...);
  throw detail::hand_back_request(collected.take());
}

/// A logger with the fields of the attempt and its workflow.
inline const rondo::logger& logger() { return detail::require_activity("activity::logger").logger(); }

/// Ends the code of the attempt but not the attempt: somebody completes it later through a client, by
/// `info().task_token` or by ids. Leaves the calling function like an exception.
[[noreturn]] inline void complete_async() {
  detail::require_activity("activity::complete_async");
  throw detail::complete_async_request();
}

}  // namespace rondo::activity
