#pragma once
#include <algorithm>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/local_activity.hpp"
#include "rondo/detail/engine/machine.hpp"
#include "rondo/detail/engine/note_machine.hpp"
#include "rondo/detail/engine/object_pool.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/failure.hpp"
#include "rondo/options.hpp"

namespace rondo::detail::engine {

class local_activity_machine;

/// What the machines of local activities need of their run.
class local_activity_home {
 public:
  /// A number for one more, under which its end is told.
  virtual std::uint64_t open(local_activity_machine& by) = 0;
  /// It needs no end any more; the worker need not go on with it.
  virtual void close(std::uint64_t number) = 0;
  /// The worker shall ask its code to stop.
  virtual void ask_to_stop(std::uint64_t number) = 0;
  /// True until the code that asked for it has come to its next wait: nobody else knows of it.
  virtual bool is_fresh(std::uint64_t number) const = 0;
  /// A command that records a marker, to be filled; null on replay.
  virtual Command* record(std::string what, const std::string& data) = 0;
  virtual run::host& host() = 0;
  virtual void recycle(local_activity_machine& done) = 0;

 protected:
  ~local_activity_home() = default;
};

enum class local_activity_state : std::uint8_t { waiting, pausing, closed, count_ };
enum class local_activity_input : std::uint8_t { end, back_off, retry, cancel, count_ };

/// A local activity. The worker runs it while the workflow task is open; its end becomes a marker, and on replay the
/// marker is its end. A long pause between attempts is a timer of the server.
class local_activity_machine final
    : public table_machine<local_activity_machine, local_activity_state, local_activity_input>,
      private run::completion {
 public:
  local_activity_machine(machine_services& of, local_activity_home& home) : table_machine(of), home_(home) {}

  void begin(const run::local_activity_call& call, run::completion& waiter) {
    reset();
    bind(waiter);
    number_ = home_.open(*this);
    cancellation_ = call.options.cancellation;
    summary_ = call.options.summary;
    attempt_ = 1;
    asked_ = false;
    scheduled_ = home_.host().now();
    auto plan = std::make_shared<local_activity_plan>();
    plan->type = call.activity_type;
    plan->id = call.options.activity_id.empty() ? std::to_string(number_) : std::string(call.options.activity_id);
    plan->schedule_to_close = call.options.schedule_to_close_timeout;
    plan->schedule_to_start = call.options.schedule_to_start_timeout;
    plan->start_to_close = call.options.start_to_close_timeout;
    plan->retry_threshold = call.options.local_retry_threshold > duration::zero() ? call.options.local_retry_threshold
                                                                                  : duration(std::chrono::seconds(60));
    plan->retry = call.options.retry.value_or(retry_policy());
    for (const auto& each : plan->retry.non_retryable_error_types) plan->final_failures.emplace_back(each);
    plan->retry.non_retryable_error_types = {};
    if (call.headers != nullptr) {
      plan->headers = *call.headers;
    } else if (call.options.headers.get() != nullptr) {
      plan->headers = *call.options.headers.get();
    }
    run_.encode(call.input, [&plan] { return &plan->input; });
    plan_ = std::move(plan);
  }

  static const auto& table() {
    using enum local_activity_state;
    using on = local_activity_input;
    using self = local_activity_machine;
    static constexpr auto all = make_table<local_activity_machine, local_activity_state, local_activity_input>({
        {waiting, on::end, closed, &self::on_end},
        {waiting, on::back_off, pausing, &self::on_back_off},
        {waiting, on::cancel, closed, &self::on_cancel},
        {pausing, on::retry, waiting, &self::on_retry},
        {pausing, on::cancel, closed, &self::on_cancel_pause},
    });
    return all;
  }

  /// What the worker is asked for, once; empty when it knows already, or there is nothing to run.
  bool take_start(local_activity_start& to) {
    if (asked_ || state() != local_activity_state::waiting) return false;
    asked_ = true;
    to = {.number = number_,
          .plan = plan_,
          .attempt = attempt_,
          .scheduled = scheduled_,
          .passed = std::max(duration::zero(), home_.host().now() - scheduled_)};
    return true;
  }
  bool waits() const noexcept { return state() == local_activity_state::waiting; }
  const std::string& type() const noexcept { return plan_->type; }

  /// The worker says how it ended.
  void end(const local_activity_end& how) {
    how_.backoff = how.backoff;
    how_.attempt = how.attempt;
    Failure outer;
    if (how.result) {
      how_.result = &*how.result;
    } else {
      wrap(how.failure, how.state, outer);
      how_.failure = &outer;
    }
    how_.data = json::dump(record_of(home_.host().now(), how.backoff));
    handle(how.backoff > duration::zero() ? local_activity_input::back_off : local_activity_input::end, nullptr);
    how_ = {};
  }

  void cancel() override {
    if (state() == local_activity_state::waiting && cancellation_ == cancellation_type::wait_cancellation_completed &&
        !home_.is_fresh(number_)) {
      return home_.ask_to_stop(number_);
    }
    handle(local_activity_input::cancel, nullptr);
  }
  bool matches(const HistoryEvent& /*event*/) const override { return false; }
  /// The marker that its end became.
  bool apply(const HistoryEvent& event) override {
    const auto record = local_activity_of(event);
    if (!record) return false;
    const auto& attributes = event.marker_recorded_event_attributes();
    const auto result = attributes.details().find(local_activity_result);
    how_ = {.result = result == attributes.details().end() ? &Payloads::default_instance() : &result->second,
            .failure = attributes.has_failure() ? &attributes.failure() : nullptr,
            .backoff = backoff_of(*record),
            .attempt = record->attempt,
            .data = std::string(marker_detail(event, local_activity_data))};
    const bool possible =
        handle(how_.backoff > duration::zero() ? local_activity_input::back_off : local_activity_input::end, &event);
    how_ = {};
    return possible;
  }
  std::string description() const override {
    return "local activity \"" + plan_->type + "\" (id \"" + plan_->id + "\")";
  }
  void recycle() override {
    plan_ = nullptr;
    home_.recycle(*this);
  }

 private:
  /// How an attempt ended, while that is taken in.
  struct outcome_at_hand {
    const Payloads* result = &Payloads::default_instance();
    const Failure* failure = nullptr;
    duration backoff{};
    int attempt = 1;
    std::string data{};
  };

  local_activity_record record_of(std::chrono::sys_time<duration> when, duration backoff) const {
    local_activity_record record{.seq = number_,
                                 .attempt = how_.attempt,
                                 .activity_id = plan_->id,
                                 .activity_type = plan_->type,
                                 .complete_time = when,
                                 .original_schedule_time = scheduled_};
    if (backoff > duration::zero()) record.backoff = duration_text(backoff);
    return record;
  }
  void wrap(const Failure& cause, enum retry_state state, Failure& to) const {
    activity_failure made("Local activity failed",
                          {.activity_type = plan_->type, .activity_id = plan_->id, .state = state});
    write_failure(std::make_exception_ptr(std::move(made)), to);
    *to.mutable_cause() = cause;
  }
  void record() {
    const asking by(*this);
    Command* command = home_.record(description(), how_.data);
    if (command == nullptr) return;
    auto& attributes = *command->mutable_record_marker_command_attributes();
    Payload& data = *(*attributes.mutable_details())[local_activity_data].add_payloads();
    (*data.mutable_metadata())["encoding"] = encoding::json;
    data.set_data(how_.data);
    if (how_.failure != nullptr) {
      *attributes.mutable_failure() = *how_.failure;
    } else {
      (*attributes.mutable_details())[local_activity_result] = *how_.result;
    }
    if (!summary_.empty()) write_json(summary_, *command->mutable_user_metadata()->mutable_summary());
  }

  void on_end(const HistoryEvent* /*event*/) {
    home_.close(number_);
    record();
    if (!has_waiter()) return;
    if (how_.failure != nullptr) return resolve_with(call_failure_of(*how_.failure, run_.failures));
    run::pending::resolve({.values = run_.views.of(*how_.result)});
  }
  void on_back_off(const HistoryEvent* /*event*/) {
    home_.close(number_);
    record();
    attempt_ = how_.attempt + 1;
    const asking by(*this);
    home_.host().start_timer(how_.backoff, "pause of " + description(), *this);
  }
  void on_retry(const HistoryEvent* /*event*/) {
    number_ = home_.open(*this);
    asked_ = false;
  }
  /// One that nobody has begun leaves no trace.
  void on_cancel(const HistoryEvent* /*event*/) {
    Failure outer, cause;
    write_failure(std::make_exception_ptr(cancelled_failure("Activity cancelled")), cause);
    wrap(cause, retry_state::cancel_requested, outer);
    const bool fresh = home_.is_fresh(number_);
    if (!fresh) {
      how_ = {.failure = &outer, .attempt = attempt_};
      how_.data = json::dump(record_of(home_.host().now(), {}));
      if (cancellation_ == cancellation_type::try_cancel) home_.ask_to_stop(number_);
    }
    home_.close(number_);
    if (!fresh) record();
    how_ = {};
    if (has_waiter()) resolve_with(call_failure_of(outer, run_.failures));
  }
  void on_cancel_pause(const HistoryEvent* /*event*/) {
    if (source() != nullptr) {
      auto* timer = source();
      let_go();
      timer->cancel();
    }
    Failure outer, cause;
    write_failure(std::make_exception_ptr(cancelled_failure("Activity cancelled")), cause);
    wrap(cause, retry_state::cancel_requested, outer);
    if (has_waiter()) resolve_with(call_failure_of(outer, run_.failures));
  }
  void resolve_with(std::exception_ptr error) { run::pending::resolve({.error = std::move(error)}); }

  /// The pause is over.
  void resolve(const run::outcome& /*result*/) override { handle(local_activity_input::retry, nullptr); }

  local_activity_home& home_;
  std::uint64_t number_ = 0;
  std::shared_ptr<const local_activity_plan> plan_;
  cancellation_type cancellation_ = cancellation_type::try_cancel;
  std::string summary_;
  int attempt_ = 1;
  /// The worker knows of it.
  bool asked_ = false;
  std::chrono::sys_time<duration> scheduled_{};
  outcome_at_hand how_;
};

}  // namespace rondo::detail::engine
