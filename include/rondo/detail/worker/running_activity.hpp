#pragma once
#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/error.hpp>
#include <asio/system_error.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rondo/activity.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/detail/io/timer_heap.hpp"
#include "rondo/detail/run/activity_definition.hpp"
#include "rondo/detail/worker/activity_code.hpp"
#include "rondo/detail/worker/activity_pools.hpp"
#include "rondo/detail/worker/activity_services.hpp"
#include "rondo/detail/worker/deployment.hpp"
#include "rondo/detail/worker/heartbeat_throttle.hpp"
#include "rondo/detail/worker/payload_context.hpp"
#include "rondo/detail/worker/slots.hpp"
#include "rondo/failure.hpp"

namespace rondo::detail::worker {

using activity_task = engine::service::PollActivityTaskQueueResponse;

/// One attempt of an activity from its task to its report: runs the code, sends heartbeats, watches its deadline, and
/// tells the server how it ended. Shared by the loop, the thread that runs the code and what both still have to do.
class running_activity final : public activity_context, public std::enable_shared_from_this<running_activity> {
 public:
  running_activity(activity_services& services, std::unique_ptr<activity_task> task, slot permit, activity_info&& about,
                   payload_list last_details, rondo::logger log)
      : activity_context(std::move(about), std::move(last_details), std::move(log)),
        services_(&services),
        gate_(services.gate),
        calls_(services.calls),
        task_(std::move(task)),
        permit_(std::move(permit)),
        throttle_(heartbeat_interval(info().heartbeat_timeout, services.options.default_heartbeat_throttle_interval,
                                     services.options.max_heartbeat_throttle_interval)),
        heartbeat_timer_(*this),
        deadline_timer_(*this) {
    set_client(services.client);
  }

  /// Begins. `definition` may be null: no activity of that type is registered.
  void start(const run::activity_definition* definition) {
    ++services_->counts.activities;
    watch_deadline();
    if (definition == nullptr) return refuse_unknown_type();
    pool_ = services_->pools.find(info().activity_type);
    if (pool_ == nullptr) return begin(*definition);
    in_line_ = true;
    const auto number = pool_->enter([self = shared_from_this(), definition](pool_place place) {
      self->in_line_ = false;
      self->place_ = std::move(place);
      self->begin(*definition);
    });
    if (!in_line_) return;
    number_in_line_ = number;
    if (info().heartbeat_timeout > duration::zero()) heartbeat(heartbeat_details());
    if (drain_token().stop_requested()) cancel(rondo::cancel_reason::worker_shutdown);
  }

  void heartbeat(payload_list details) override {
    gate_->dispatch([self = shared_from_this(), details = std::move(details)]() mutable {
      self->latest_details_ = std::move(details);
      self->has_beaten_ = true;
      if (self->reported_) return;
      if (self->throttle_.beat(clock::now())) return self->send_heartbeat();
      self->arm_heartbeat_timer();
    });
  }

  /// Asks the code to stop; the first reason stays.
  void cancel(rondo::cancel_reason reason, unsigned also = 0) {
    if (!request_stop(reason, also)) return;
    services_->loop.post([self = shared_from_this()] {
      if (self->leave_line()) return self->finish(std::make_exception_ptr(cancelled_failure("activity cancelled")));
      self->cancellation_.emit(asio::cancellation_type::terminal);
    });
  }
  /// The worker stops soon: the code may hand back what is left to do. What has not begun does not begin any more.
  void drain() {
    request_drain();
    if (in_line_) cancel(rondo::cancel_reason::worker_shutdown);
  }
  /// Reports the attempt as failed by the worker's stop, so that the server repeats it at once; what its code still
  /// gives is dropped.
  void hand_back() {
    if (reported_) return;
    if (leave_line()) code_ended_ = true;
    ++services_->counts.handed_back;
    report_failure(worker_stopped("the worker stopped before the activity ended"));
  }
  /// The worker goes away: no more is done for the attempt, and what its code still gives is dropped.
  void leave_behind() {
    disarm_timers();
    leave_line();
    set_client(nullptr);
    place_ = pool_place();
    permit_ = slot();
    reported_ = report_done_ = true;
    services_ = nullptr;
  }
  /// When the worker got it.
  std::chrono::steady_clock::time_point began() const noexcept { return began_; }
  /// True while its code still occupies a thread of the pool.
  bool occupies_thread() const noexcept { return blocking_ && !code_ended_; }
  bool report_done() const noexcept { return report_done_; }

 private:
  using clock = std::chrono::steady_clock;
  /// Servers take zero for a delay that is not set.
  static constexpr duration at_once = std::chrono::milliseconds(1);

  /// A timer of the loop that calls a member.
  template <void (running_activity::*Call)()>
  class member_timer final : public io::timer_node {
   public:
    explicit member_timer(running_activity& of) : of_(of) {}
    void on_timer() override { (of_.*Call)(); }

   private:
    running_activity& of_;
  };

  void begin(const run::activity_definition& definition) {
    if (const auto wait = wait_for_more_time(definition)) {
      code_ended_ = true;
      disarm_timers();
      return give_back("there is too little time left here for an activity that must not be interrupted", *wait);
    }
    arguments_ = views_.of(task_->input());
    blocking_ = definition.blocking != nullptr;
    run_activity_code(definition, {services_->loop, gate_, services_->pool}, shared_from_this(), arguments_,
                      cancellation_, [self = shared_from_this()](code_outcome outcome) {
                        self->completes_elsewhere_ = outcome.elsewhere;
                        self->handed_back_ = std::move(outcome.handed_back);
                        self->finish(outcome.error, std::move(outcome.result));
                      });
  }

  /// True when it was in line.
  bool leave_line() {
    if (!std::exchange(in_line_, false)) return false;
    pool_->leave(number_in_line_);
    return true;
  }

  /// How long an activity that must not be interrupted has to wait until it finds a worker with enough time; empty: it
  /// can begin here. The last attempt begins anyway: giving it back would fail the activity.
  std::optional<duration> wait_for_more_time(const run::activity_definition& definition) const {
    if (!definition.uninterruptible || services_->last_moment == clock::time_point::max()) return std::nullopt;
    const duration left = services_->last_moment - clock::now();
    if (info().start_to_close_timeout <= left || !has_more_attempts()) return std::nullopt;
    return std::max<duration>(left, at_once);
  }

  /// Counted from when the task came, since the server's clock may differ from the one here.
  void watch_deadline() {
    const auto& about = info();
    duration left = duration::max();
    if (about.start_to_close_timeout > duration::zero()) left = about.start_to_close_timeout;
    if (about.schedule_to_close_timeout > duration::zero()) {
      left = std::min(left, about.schedule_to_close_timeout - (about.started_time - about.scheduled_time));
    }
    if (left == duration::max()) return;
    services_->loop.arm(deadline_timer_, io::later(began_, std::chrono::duration_cast<clock::duration>(left)));
  }
  void deadline_passed() { cancel(rondo::cancel_reason::timed_out); }

  void arm_heartbeat_timer() {
    if (throttle_.something_waits() && !reported_) services_->loop.arm(heartbeat_timer_, throttle_.next());
  }
  void heartbeat_due() {
    if (!reported_ && throttle_.due(clock::now())) send_heartbeat();
  }
  void send_heartbeat() { services_->spawn(beat(shared_from_this())); }
  /// A beat that was not taken by then is of no use: the next one is due, or the attempt has timed out.
  io::time_point heartbeat_deadline() const {
    const auto next = io::later(throttle_.next(), std::chrono::seconds(1));
    const duration timeout = info().heartbeat_timeout;
    if (timeout <= duration::zero()) return next;
    return std::min(next, io::later(clock::now(), std::max(timeout, duration(std::chrono::seconds(1)))));
  }
  static asio::awaitable<void> beat(std::shared_ptr<running_activity> self) {
    if (self->reported_) co_return;
    engine::service::RecordActivityTaskHeartbeatRequest request;
    request.set_task_token(self->info().task_token);
    request.set_namespace_(self->info().namespace_);
    request.set_identity(self->services_->identity);
    request.set_resource_id(self->resource_id());
    engine::write_payloads(self->latest_details_, *request.mutable_details());
    io::retry_options how(io::rpc_class::unary);
    how.payload_context = self->payload_context();
    how.options.deadline = self->heartbeat_deadline();
    const auto reply = co_await self->calls_->call<engine::service::RecordActivityTaskHeartbeatResponse>(
        "RecordActivityTaskHeartbeat", request, std::move(how));
    self->heartbeat_answered(reply.status, reply.response);
  }
  void heartbeat_answered(const rpc_status& status,
                          const engine::service::RecordActivityTaskHeartbeatResponse& answer) {
    if (reported_) return;
    if (status.ok()) {
      using enum rondo::cancel_reason;
      const unsigned all = (answer.cancel_requested() ? bit(cancel_requested) : 0) |
                           (answer.activity_reset() ? bit(reset) : 0) | (answer.activity_paused() ? bit(paused) : 0);
      if (all != 0)
        cancel(answer.cancel_requested() ? cancel_requested : answer.activity_reset() ? reset : paused, all);
    } else if (status.code == rpc_code::not_found) {
      cancel(rondo::cancel_reason::not_found);
    } else {
      logger().warn("heartbeat failed", {{"error", status.message}});
    }
    throttle_.sent();
    // Nobody else beats for an attempt that waits for its turn.
    if (in_line_) throttle_.beat(clock::now());
    if (throttle_.due(clock::now())) return send_heartbeat();
    arm_heartbeat_timer();
  }

  void finish(std::exception_ptr error, payload_list result = {}) {
    code_ended_ = true;
    disarm_timers();
    if (reported_) return end_if_done();
    const auto reason = cancel_reason();
    if (completes_elsewhere_) return end_silently("activity goes on elsewhere");
    if (handed_back_) {
      latest_details_ = std::move(*handed_back_);
      has_beaten_ = true;
      return give_back("the worker stops; the next attempt goes on", at_once);
    }
    if (reason == rondo::cancel_reason::not_found || reason == rondo::cancel_reason::timed_out) {
      return end_silently("activity ended after the server had given it up");
    }
    if (!error) return report_result(std::move(result));
    if (reason == rondo::cancel_reason::none || !was_interrupted(error)) {
      ++services_->counts.failed;
      ++services_->counts.failed_activities;
      return report_failure(error, calls_->failures());
    }
    switch (reason) {
      case rondo::cancel_reason::cancel_requested:
        return report_cancelled(error);
      case rondo::cancel_reason::paused:
        return report_failure(stopped_failure("ActivityPause", "the activity was paused"));
      case rondo::cancel_reason::reset:
        return report_failure(stopped_failure("ActivityReset", "the activity was reset"));
      default:
        ++services_->counts.handed_back;
        return report_failure(worker_stopped("the worker stops"));
    }
  }
  /// The worker says so itself: no converter is asked.
  void refuse_unknown_type() {
    code_ended_ = true;
    disarm_timers();
    ++services_->counts.failed;
    ++services_->counts.failed_activities;
    report_failure(unknown_type());
  }
  void end_silently(const char* why) {
    logger().debug(why);
    reported_ = report_done_ = true;
    end_if_done();
  }
  void end_if_done() {
    if (services_ == nullptr || !report_done_) return;
    if (!code_ended_) return services_->on_reported();
    // A heartbeat that is still under way keeps this object, but neither the slot nor the worker.
    place_ = pool_place();
    permit_ = slot();
    std::exchange(services_, nullptr)->ended(*this);
  }
  void disarm_timers() noexcept {
    if (services_ == nullptr) return;
    services_->loop.disarm(deadline_timer_);
    services_->loop.disarm(heartbeat_timer_);
  }

  /// True for the exceptions by which interrupted code ends: its own cancelled_failure, or asio's aborted operations.
  static bool was_interrupted(const std::exception_ptr& error) {
    if (is_cancellation(error)) return true;
    try {
      std::rethrow_exception(error);
    } catch (const asio::system_error& aborted) {
      return aborted.code() == asio::error::operation_aborted;
    } catch (...) {
      return false;
    }
  }
  static std::exception_ptr stopped_failure(std::string_view type, const char* message) {
    return std::make_exception_ptr(application_failure(message, {.type = type}));
  }
  static std::exception_ptr worker_stopped(const char* message) {
    return std::make_exception_ptr(
        application_failure(message, {.type = "WorkerShutdown", .next_retry_delay = at_once}));
  }
  /// Reports the attempt as failed by nobody's fault.
  void give_back(const char* message, duration delay) {
    ++services_->counts.handed_back;
    const application_failure failure(
        message, {.type = "ServerlessHandBack", .next_retry_delay = delay, .category = failure_category::benign});
    report_failure(std::make_exception_ptr(failure));
  }
  std::exception_ptr unknown_type() const {
    std::string text = "activity type '" + info().activity_type + "' is not registered with this worker; registered: [";
    for (const auto& known : services_->known_activities) text.append(text.back() == '[' ? "" : ", ").append(known);
    return std::make_exception_ptr(application_failure(text + "]", {.type = "ActivityNotRegistered"}));
  }

  void report_result(payload_list result) {
    engine::service::RespondActivityTaskCompletedRequest request;
    if (!result.empty()) engine::write_payloads(result, *request.mutable_result());
    report("RespondActivityTaskCompleted", std::move(request),
           static_cast<engine::service::RespondActivityTaskCompletedResponse*>(nullptr));
  }
  void report_cancelled(const std::exception_ptr& error) {
    engine::service::RespondActivityTaskCanceledRequest request;
    try {
      std::rethrow_exception(error);
    } catch (const cancelled_failure& cancelled) {
      if (!cancelled.details().empty()) engine::write_payloads(cancelled.details(), *request.mutable_details());
    } catch (...) {
      // Other ways to be interrupted carry no details.
    }
    report("RespondActivityTaskCanceled", std::move(request),
           static_cast<engine::service::RespondActivityTaskCanceledResponse*>(nullptr));
  }
  /// `by` is null for what the worker says about the attempt.
  void report_failure(const std::exception_ptr& error, const failure_converter* by = nullptr) {
    engine::service::RespondActivityTaskFailedRequest request;
    engine::write_failure(error, *request.mutable_failure(), by);
    // Also when they were sent: a heartbeat under way may reach the server only after the failure, which closes the
    // attempt.
    if (has_beaten_) engine::write_payloads(latest_details_, *request.mutable_last_heartbeat_details());
    log_failure(request.failure());
    report("RespondActivityTaskFailed", std::move(request),
           static_cast<engine::service::RespondActivityTaskFailedResponse*>(nullptr));
  }
  /// By what is sent: a converter may have made another thing of it.
  void log_failure(const engine::Failure& sent) const {
    const auto category = sent.application_failure_info().category();
    if (category == engine::enums::APPLICATION_ERROR_CATEGORY_BENIGN) return;
    logger().warn("activity failed", {{"error", engine::message_in(sent)}});
  }

  template <class Request, class Response>
  void report(const char* method, Request request, Response* /*kind*/) {
    reported_ = true;
    request.set_task_token(info().task_token);
    request.set_namespace_(info().namespace_);
    request.set_identity(services_->identity);
    write_deployment(services_->options, request);
    request.set_resource_id(resource_id());
    services_->spawn(send<Response>(shared_from_this(), method, std::move(request)));
  }
  template <class Response, class Request>
  static asio::awaitable<void> send(std::shared_ptr<running_activity> self, const char* method, Request request) {
    if (self->services_ == nullptr) co_return;
    io::retry_options how(io::rpc_class::unary);
    how.payload_context = self->payload_context();
    const auto reply = co_await self->calls_->template call<Response>(method, request, std::move(how));
    if (self->services_ != nullptr && reports_value<Request> && is_unsent(reply.status)) {
      // The failure is reported in its place, so that the activity is tried again.
      const std::string type = io::is_payload_too_large(reply.status) ? "PayloadsTooLarge" : "PayloadCodecError";
      const application_failure failure(reply.status.message, {.type = type});
      self->report_failure(std::make_exception_ptr(failure));
      co_return;
    }
    if (!reply.status.ok()) {
      const bool gone = reply.status.code == rpc_code::not_found;
      self->logger().log(gone ? log_level::debug : log_level::error,
                         gone ? "the server does not know the activity any more" : "the activity could not be reported",
                         {{"error", reply.status.message}});
    }
    self->report_done_ = true;
    self->end_if_done();
  }
  /// Failures are not tried twice: the other one would fail as this one has.
  template <class Request>
  static constexpr bool reports_value = !std::is_same_v<Request, engine::service::RespondActivityTaskFailedRequest>;
  static bool is_unsent(const rpc_status& status) {
    return io::is_payload_too_large(status) || io::is_encode_problem(status);
  }
  std::shared_ptr<const serialization_context> payload_context() const {
    return calls_->changes_payloads() ? payload_context_of(info()) : nullptr;
  }
  std::string resource_id() const {
    return info().workflow_id.empty() ? "activity:" + info().activity_id : "workflow:" + info().workflow_id;
  }

  /// Null once it has ended or was left behind.
  activity_services* services_;
  std::shared_ptr<loop_gate> gate_;
  std::shared_ptr<task_calls> calls_;
  std::unique_ptr<activity_task> task_;
  slot permit_;
  /// Null: it needs no place in a pool.
  activity_pool* pool_ = nullptr;
  pool_place place_;
  std::uint64_t number_in_line_ = 0;
  engine::payload_views views_;
  payload_span arguments_;
  payload_list latest_details_;
  /// What the code gave back instead of a result.
  std::optional<payload_list> handed_back_;
  heartbeat_throttle throttle_;
  member_timer<&running_activity::heartbeat_due> heartbeat_timer_;
  member_timer<&running_activity::deadline_passed> deadline_timer_;
  asio::cancellation_signal cancellation_;
  const clock::time_point began_ = clock::now();
  bool reported_ = false, report_done_ = false, code_ended_ = false;
  bool completes_elsewhere_ = false, blocking_ = false, has_beaten_ = false;
  /// It waits for a place in its pool; the code has not begun.
  bool in_line_ = false;
};

}  // namespace rondo::detail::worker
