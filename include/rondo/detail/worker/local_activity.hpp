#pragma once
#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/co_spawn.hpp>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "rondo/activity.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/local_activity.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/timer_heap.hpp"
#include "rondo/detail/run/activity_definition.hpp"
#include "rondo/detail/worker/activity_code.hpp"
#include "rondo/detail/worker/loop_gate.hpp"
#include "rondo/detail/worker/rate_limiter.hpp"
#include "rondo/detail/worker/session_counts.hpp"
#include "rondo/detail/worker/slots.hpp"
#include "rondo/detail/worker/thread_pool.hpp"
#include "rondo/failure.hpp"
#include "rondo/log.hpp"
#include "rondo/options.hpp"
#include "rondo/slot_supplier.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::detail::worker {

/// One attempt of a local activity as its code sees it.
class local_attempt final : public activity_context {
 public:
  local_attempt(activity_info about, std::shared_ptr<const engine::local_activity_plan> what, slot right,
                rondo::logger log)
      : activity_context(std::move(about), {}, std::move(log)),
        permit(std::move(right)),
        plan_(std::move(what)),
        arguments_(views_.of(plan_->input)) {}

  /// Nobody asks for them: the workflow task tells that the worker is alive.
  void heartbeat(payload_list /*details*/) override {}
  void stop(rondo::cancel_reason reason) {
    if (request_stop(reason)) cancellation.emit(asio::cancellation_type::terminal);
  }
  void lend_client(std::shared_ptr<const rondo::client> of_worker) { set_client(std::move(of_worker)); }
  payload_span arguments() const noexcept { return arguments_; }

  /// Given back when its code has ended, which may be long after the attempt was given up.
  slot permit;
  asio::cancellation_signal cancellation;

 private:
  std::shared_ptr<const engine::local_activity_plan> plan_;
  engine::payload_views views_;
  payload_span arguments_;
};

/// What local activities need of their worker. Code that is left behind does not touch it.
class local_activity_services {
 public:
  local_activity_services(io::event_loop& on, const worker_options& how, session_counts& counted)
      : loop(on),
        slots(on, slot_kind::local_activity, supplier_of(how.local_activity_slots, how.max_concurrent_local_activities),
              how.task_queue, how.logger),
        counts(counted),
        limiter(how.max_local_activities_per_second),
        gate_(std::make_shared<loop_gate>(on)),
        pool_(threads_for(slots.supplier())) {}
  local_activity_services(const local_activity_services&) = delete;
  local_activity_services& operator=(const local_activity_services&) = delete;
  /// Code that still runs is left behind; what it gives is dropped.
  ~local_activity_services() {
    gate_->close();
    if (!attempts_.empty()) pool_.abandon();
    for (const auto& each : attempts_) {
      each->stop(rondo::cancel_reason::worker_shutdown);
      each->lend_client(nullptr);
      each->permit = slot();
    }
  }

  /// Runs the code of an attempt; `ended` is called when that is over. `self` owns this.
  static void run(const std::shared_ptr<local_activity_services>& self, const run::activity_definition& definition,
                  const std::shared_ptr<local_attempt>& attempt, std::function<void(code_outcome)> ended) {
    self->attempts_.insert(attempt);
    ++self->counts.local_activities;
    run_activity_code(definition, {self->loop, self->gate_, self->pool_}, attempt, attempt->arguments(),
                      attempt->cancellation,
                      [attempt, weak = std::weak_ptr(self), ended = std::move(ended)](code_outcome outcome) {
                        if (const auto here = weak.lock()) {
                          here->attempts_.erase(attempt);
                          attempt->permit = slot();
                        }
                        ended(std::move(outcome));
                      });
  }

  /// Nobody gets a slot any more.
  void close() { slots.close(); }

  io::event_loop& loop;
  slot_line slots;
  session_counts& counts;
  rate_limiter limiter;
  /// Lent to the code of activities; may be null.
  std::shared_ptr<const rondo::client> client;
  /// May be null.
  std::shared_ptr<const failure_converter> failures;

 private:
  std::shared_ptr<loop_gate> gate_;
  thread_pool pool_;
  std::set<std::shared_ptr<local_attempt>> attempts_;
};

/// A local activity from the request of its run to its end: waits for a slot, runs attempts, pauses between them, and
/// watches its timeouts.
class local_activity final : public std::enable_shared_from_this<local_activity> {
 public:
  /// `facts` holds for all attempts, but for what an attempt has of its own. `ended` is called once, unless it is
  /// dropped.
  local_activity(std::shared_ptr<local_activity_services> services, const run::activity_definition& definition,
                 engine::local_activity_start what, activity_info facts, rondo::logger log,
                 std::function<void(engine::local_activity_end)> ended)
      : services_(std::move(services)),
        definition_(definition),
        what_(std::move(what)),
        facts_(std::move(facts)),
        log_(std::move(log)),
        ended_(std::move(ended)),
        attempt_(what_.attempt),
        start_timer_(*this, &local_activity::not_started),
        close_timer_(*this, &local_activity::not_closed),
        attempt_timer_(*this, &local_activity::attempt_too_long),
        pause_timer_(*this, &local_activity::take_slot),
        turn_timer_(*this, &local_activity::turn_came) {}
  local_activity(const local_activity&) = delete;
  local_activity& operator=(const local_activity&) = delete;
  ~local_activity() { disarm_all(); }

  void begin() {
    const auto& plan = *what_.plan;
    const auto now = io::steady_clock::now();
    if (plan.schedule_to_close > duration::zero()) {
      close_by_ = io::later(now, std::max(duration::zero(), plan.schedule_to_close - what_.passed));
      services_->loop.arm(close_timer_, close_by_);
    }
    if (plan.schedule_to_start > duration::zero()) {
      services_->loop.arm(start_timer_, io::later(now, plan.schedule_to_start));
    }
    take_slot();
  }
  /// Asks the code to stop; one that is not running ends as cancelled at once.
  void stop() {
    stopping_ = true;
    if (current_ != nullptr) return current_->stop(rondo::cancel_reason::cancel_requested);
    end_cancelled();
  }
  /// Nobody waits for its end any more.
  void drop() {
    over_ = true;
    disarm_all();
    if (const auto running = std::exchange(current_, nullptr)) running->stop(rondo::cancel_reason::worker_shutdown);
  }

 private:
  class member_timer final : public io::timer_node {
   public:
    member_timer(local_activity& of, void (local_activity::*call)()) : of_(of), call_(call) {}
    void on_timer() override { (of_.*call_)(); }

   private:
    local_activity& of_;
    void (local_activity::*call_)();
  };

  void take_slot() {
    asio::co_spawn(services_->loop.executor(), wait_for_slot(shared_from_this()), [](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
    });
  }
  static asio::awaitable<void> wait_for_slot(std::shared_ptr<local_activity> self) {
    auto permit = co_await self->services_->slots.take();
    if (!self->over_ && permit) self->wait_for_turn(std::move(permit));
  }
  /// As many begin per second as may.
  void wait_for_turn(slot permit) {
    const auto now = io::steady_clock::now();
    const auto wait = services_->limiter.take(now);
    if (wait <= rate_limiter::clock::duration::zero()) return run(std::move(permit));
    permit_ = std::move(permit);
    services_->loop.arm(turn_timer_, io::later(now, wait));
  }
  void turn_came() { run(std::exchange(permit_, slot())); }
  void run(slot permit) {
    const auto& plan = *what_.plan;
    permit.mark_used(facts_.activity_type);
    services_->loop.disarm(start_timer_);
    auto about = facts_;
    about.attempt = attempt_;
    about.started_time = std::chrono::time_point_cast<duration>(std::chrono::system_clock::now());
    about.attempt_scheduled_time = attempt_ == 1 ? about.scheduled_time : about.started_time;
    if (plan.start_to_close > duration::zero()) {
      about.deadline = about.started_time + plan.start_to_close;
      services_->loop.arm(attempt_timer_, io::later(io::steady_clock::now(), plan.start_to_close));
    }
    if (close_by_ != io::time_point::max()) {
      about.deadline = std::min(about.deadline, about.started_time + (close_by_ - io::steady_clock::now()));
    }
    current_ = std::make_shared<local_attempt>(std::move(about), what_.plan, std::move(permit), log_);
    current_->lend_client(services_->client);
    local_activity_services::run(services_, definition_, current_,
                                 [weak = weak_from_this(), attempt = current_.get()](code_outcome outcome) {
                                   if (const auto self = weak.lock()) self->code_ended(attempt, std::move(outcome));
                                 });
  }

  void code_ended(const local_attempt* attempt, code_outcome outcome) {
    if (over_ || attempt != current_.get()) return;
    current_ = nullptr;
    services_->loop.disarm(attempt_timer_);
    const auto* by = services_->failures.get();
    if (outcome.elsewhere || outcome.handed_back) {
      by = nullptr;  // The worker says so itself.
      outcome.error = std::make_exception_ptr(application_failure(
          "a local activity can neither be completed from elsewhere nor handed back", {.non_retryable = true}));
    }
    if (!outcome.error) {
      auto how = made();
      engine::write_payloads(outcome.result, how.result.emplace());
      return end(std::move(how));
    }
    if (stopping_ && is_cancellation(outcome.error)) return end_cancelled();
    ++services_->counts.failed_local_activities;
    engine::Failure failure;
    engine::write_failure(outcome.error, failure, by);
    attempt_failed(std::move(failure));
  }
  void attempt_too_long() {
    if (const auto running = std::exchange(current_, nullptr)) running->stop(rondo::cancel_reason::timed_out);
    if (stopping_) return end_cancelled();
    attempt_failed(timeout(engine::enums::TIMEOUT_TYPE_START_TO_CLOSE, "the attempt took too long"));
  }
  void not_started() {
    if (attempt_ != what_.attempt) return;
    end_failed(
        timeout(engine::enums::TIMEOUT_TYPE_SCHEDULE_TO_START, "no slot was free in time, or too many had begun"),
        retry_state::timeout);
  }
  void not_closed() {
    if (const auto running = std::exchange(current_, nullptr)) running->stop(rondo::cancel_reason::timed_out);
    auto failure = timeout(engine::enums::TIMEOUT_TYPE_SCHEDULE_TO_CLOSE, "the local activity took too long");
    if (last_failure_.ByteSizeLong() > 0) *failure.mutable_cause() = last_failure_;
    end_failed(std::move(failure), retry_state::timeout);
  }

  void attempt_failed(engine::Failure failure) {
    const auto& policy = what_.plan->retry;
    const auto& about = failure.application_failure_info();
    const auto& final_failures = what_.plan->final_failures;
    const bool final_kind = about.non_retryable() || std::find(final_failures.begin(), final_failures.end(),
                                                               about.type()) != final_failures.end();
    if (failure.has_application_failure_info() && final_kind) {
      return end_failed(std::move(failure), retry_state::non_retryable_failure);
    }
    if (policy.maximum_attempts > 0 && attempt_ >= policy.maximum_attempts) {
      return end_failed(std::move(failure), retry_state::maximum_attempts_reached);
    }
    const auto delay = pause_after(failure);
    const auto next = io::later(io::steady_clock::now(), delay);
    if (next >= close_by_) return end_failed(std::move(failure), retry_state::timeout);
    log_.debug(
        "local activity failed and is tried again",
        {{"activity_type", facts_.activity_type}, {"attempt", attempt_}, {"error", engine::message_in(failure)}});
    if (delay > what_.plan->retry_threshold) {
      auto how = made();
      how.failure = std::move(failure);
      how.state = retry_state::in_progress;
      how.backoff = delay;
      return end(std::move(how));
    }
    last_failure_ = std::move(failure);
    ++attempt_;
    services_->loop.arm(pause_timer_, next);
  }
  /// By the failure's own wish, or the policy's formula.
  duration pause_after(const engine::Failure& failure) const {
    if (failure.application_failure_info().has_next_retry_delay()) {
      return engine::duration_of(failure.application_failure_info().next_retry_delay());
    }
    const auto& policy = what_.plan->retry;
    const auto most = engine::longest_pause(policy);
    const double wanted = static_cast<double>(policy.initial_interval.count()) *
                          std::pow(policy.backoff_coefficient, static_cast<double>(attempt_ - 1));
    return wanted < static_cast<double>(most.count()) ? duration(static_cast<duration::rep>(wanted)) : most;
  }

  static engine::Failure timeout(engine::enums::TimeoutType kind, const char* message) {
    engine::Failure failure;
    failure.set_message(message);
    failure.set_source("rondo");
    failure.mutable_timeout_failure_info()->set_timeout_type(kind);
    return failure;
  }
  engine::local_activity_end made() const { return {.number = what_.number, .attempt = attempt_}; }
  void end_failed(engine::Failure failure, retry_state state) {
    auto how = made();
    how.failure = std::move(failure);
    how.state = state;
    end(std::move(how));
  }
  void end_cancelled() {
    engine::Failure failure;
    engine::write_failure(std::make_exception_ptr(cancelled_failure("Activity cancelled")), failure);
    end_failed(std::move(failure), retry_state::cancel_requested);
  }
  void end(engine::local_activity_end how) {
    if (over_) return;
    over_ = true;
    disarm_all();
    // The owner lets go of this.
    const auto keep = shared_from_this();
    std::exchange(ended_, nullptr)(std::move(how));
  }
  void disarm_all() noexcept {
    for (auto* each : {&start_timer_, &close_timer_, &attempt_timer_, &pause_timer_, &turn_timer_}) {
      services_->loop.disarm(*each);
    }
    // It waited for its turn, and never began.
    if (permit_) services_->limiter.give_back();
    permit_ = slot();
  }

  std::shared_ptr<local_activity_services> services_;
  const run::activity_definition& definition_;
  engine::local_activity_start what_;
  activity_info facts_;
  rondo::logger log_;
  std::function<void(engine::local_activity_end)> ended_;
  int attempt_;
  io::time_point close_by_ = io::time_point::max();
  /// The attempt that runs; null while none does, and when it was given up.
  std::shared_ptr<local_attempt> current_;
  engine::Failure last_failure_;
  bool stopping_ = false, over_ = false;
  /// Of an attempt that waits for its turn.
  slot permit_;
  member_timer start_timer_, close_timer_, attempt_timer_, pause_timer_, turn_timer_;
};

}  // namespace rondo::detail::worker
