#pragma once
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/machine.hpp"
#include "rondo/detail/engine/number_text.hpp"
#include "rondo/detail/engine/object_pool.hpp"
#include "rondo/detail/engine/option_conversion.hpp"
#include "rondo/failure.hpp"
#include "rondo/options.hpp"

namespace rondo::detail::engine {

enum class activity_state : std::uint8_t {
  schedule_command,
  scheduled,
  started,
  cancel_command,  // its command is not in the history yet
  cancel_requested,
  abandoned,  // goes on without us
  closed,
  count_
};
enum class activity_input : std::uint8_t {
  recorded,
  start,
  complete,
  fail,
  time_out,
  close_cancelled,
  cancel,
  abandon,
  cancel_recorded,
  count_
};

/// An activity. Whoever awaited it is resolved once, by its end or by a cancellation that does not wait for the end;
/// what the history says later is taken in and ignored.
class activity_machine final : public table_machine<activity_machine, activity_state, activity_input> {
 public:
  using pool = object_pool<activity_machine>;
  activity_machine(machine_services& of, pool& home) : table_machine(of), home_(home) {}

  void begin(std::uint64_t number, const run::activity_call& call, run::completion& waiter) {
    reset();
    if (call.options.activity_id.empty()) {
      number_.set(number);
    } else {
      number_.clear();
      given_id_ = call.options.activity_id;
    }
    // Seldom another one than that of the activity whose place this is.
    if (type_ != call.activity_type) type_ = call.activity_type;
    cancellation_ = call.options.cancellation;
    eager_ = false;
    bind(waiter);
    command_ = run_.commands.add(enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK, *this);
    if (run_.commands.live()) write(call, *run_.commands.message(command_));
  }

  static const auto& table() {
    using enum activity_state;
    using on = activity_input;
    using self = activity_machine;
    static constexpr auto all = make_table<activity_machine, activity_state, activity_input>({
        {schedule_command, on::recorded, scheduled, &self::on_recorded},
        {schedule_command, on::cancel, closed, &self::on_cancel_before_sent},
        {schedule_command, on::abandon, closed, &self::on_cancel_before_sent},
        {scheduled, on::start, started},
        {scheduled, on::complete, closed, &self::on_completed},
        {scheduled, on::fail, closed, &self::on_failed},
        {scheduled, on::time_out, closed, &self::on_timed_out},
        {scheduled, on::close_cancelled, closed, &self::on_cancelled},
        {scheduled, on::cancel, cancel_command, &self::on_cancel},
        {scheduled, on::abandon, abandoned, &self::on_abandon},
        {started, on::complete, closed, &self::on_completed},
        {started, on::fail, closed, &self::on_failed},
        {started, on::time_out, closed, &self::on_timed_out},
        {started, on::close_cancelled, closed, &self::on_cancelled},
        {started, on::cancel, cancel_command, &self::on_cancel},
        {started, on::abandon, abandoned, &self::on_abandon},
        {cancel_command, on::cancel_recorded, cancel_requested},
        {cancel_command, on::start, cancel_command},
        {cancel_command, on::complete, closed, &self::on_completed_after_all},
        {cancel_command, on::fail, closed, &self::on_failed_after_all},
        {cancel_command, on::time_out, closed, &self::on_timed_out_after_all},
        {cancel_command, on::close_cancelled, closed, &self::on_cancelled_after_all},
        {cancel_requested, on::start, cancel_requested},
        {cancel_requested, on::complete, closed, &self::on_completed},
        {cancel_requested, on::fail, closed, &self::on_failed},
        {cancel_requested, on::time_out, closed, &self::on_timed_out},
        {cancel_requested, on::close_cancelled, closed, &self::on_cancelled},
        {abandoned, on::start, abandoned},
        {abandoned, on::complete, closed},
        {abandoned, on::fail, closed},
        {abandoned, on::time_out, closed},
        {abandoned, on::close_cancelled, closed},
    });
    return all;
  }

  void cancel() override {
    const bool abandon = cancellation_ == cancellation_type::abandon;
    handle(abandon ? activity_input::abandon : activity_input::cancel, nullptr);
  }
  bool matches(const HistoryEvent& event) const override {
    if (event.event_type() == enums::EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED) {
      return event.activity_task_cancel_requested_event_attributes().scheduled_event_id() == initial_event();
    }
    const auto& attributes = event.activity_task_scheduled_event_attributes();
    return attributes.activity_id() == id() && attributes.activity_type().name() == type_;
  }
  bool apply(const HistoryEvent& event) override {
    switch (event.event_type()) {
      case enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
        return handle(activity_input::recorded, &event);
      case enums::EVENT_TYPE_ACTIVITY_TASK_STARTED:
        return handle(activity_input::start, &event);
      case enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
        return handle(activity_input::complete, &event);
      case enums::EVENT_TYPE_ACTIVITY_TASK_FAILED:
        return handle(activity_input::fail, &event);
      case enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
        return handle(activity_input::time_out, &event);
      case enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED:
        return handle(activity_input::close_cancelled, &event);
      case enums::EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED:
        return handle(activity_input::cancel_recorded, &event);
      default:
        return false;
    }
  }
  std::string_view id() const noexcept { return number_.empty() ? std::string_view(given_id_) : number_.view(); }
  std::string description() const override { return "activity \"" + type_ + "\" (id \"" + std::string(id()) + "\")"; }
  void recycle() override { home_.release(*this); }

 private:
  void on_recorded(const HistoryEvent* event) { begin_at(*event); }
  void on_cancel_before_sent(const HistoryEvent* /*event*/) {
    if (eager_) run_.commands.give_back_eager();
    run_.commands.withdraw(command_);
    resolve_cancelled();
  }
  void on_cancel(const HistoryEvent* /*event*/) {
    command_ = run_.commands.add(enums::COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK, *this);
    if (run_.commands.live()) {
      run_.commands.message(command_)
          ->mutable_request_cancel_activity_task_command_attributes()
          ->set_scheduled_event_id(initial_event());
    }
    if (cancellation_ == cancellation_type::try_cancel) resolve_cancelled();
  }
  void on_abandon(const HistoryEvent* /*event*/) { resolve_cancelled(); }

  void on_completed(const HistoryEvent* event) {
    if (has_waiter()) resolve({.values = run_.views.of(event->activity_task_completed_event_attributes().result())});
  }
  void on_failed(const HistoryEvent* event) {
    if (!has_waiter()) return;
    const auto& attributes = event->activity_task_failed_event_attributes();
    resolve_failed("Activity task failed", attributes, attributes.identity(), attributes.retry_state(),
                   exception_of(attributes.failure(), run_.failures));
  }
  void on_timed_out(const HistoryEvent* event) {
    if (!has_waiter()) return;
    const auto& attributes = event->activity_task_timed_out_event_attributes();
    resolve_failed("Activity task timed out", attributes, {}, attributes.retry_state(),
                   exception_of(attributes.failure(), run_.failures));
  }
  void on_cancelled(const HistoryEvent* event) {
    if (!has_waiter()) return;
    const auto& attributes = event->activity_task_canceled_event_attributes();
    cancelled_failure cause("Activity cancelled");
    cause.set_details(list_of(attributes.details()));
    resolve_failed("Activity task cancelled", attributes, attributes.identity(), enums::RETRY_STATE_CANCEL_REQUESTED,
                   std::make_exception_ptr(std::move(cause)));
  }

  // It closed in the workflow task that also brought the reason to cancel it: nothing is left to cancel.
  void on_completed_after_all(const HistoryEvent* event) { withdraw_cancel(), on_completed(event); }
  void on_failed_after_all(const HistoryEvent* event) { withdraw_cancel(), on_failed(event); }
  void on_timed_out_after_all(const HistoryEvent* event) { withdraw_cancel(), on_timed_out(event); }
  void on_cancelled_after_all(const HistoryEvent* event) { withdraw_cancel(), on_cancelled(event); }
  void withdraw_cancel() noexcept { run_.commands.withdraw(command_); }

  template <class Attributes>
  void resolve_failed(const char* message, const Attributes& attributes, const std::string& identity,
                      enums::RetryState retry, std::exception_ptr cause) {
    activity_failure made(message, {.scheduled_event_id = attributes.scheduled_event_id(),
                                    .started_event_id = attributes.started_event_id(),
                                    .identity = identity,
                                    .activity_type = type_,
                                    .activity_id = std::string(id()),
                                    .state = static_cast<retry_state>(retry)});
    made.set_cause(std::move(cause));
    resolve({.error = std::make_exception_ptr(std::move(made))});
  }
  void resolve_cancelled() {
    if (!has_waiter()) return;
    activity_failure made("Activity cancelled", {.scheduled_event_id = initial_event(),
                                                 .activity_type = type_,
                                                 .activity_id = std::string(id()),
                                                 .state = retry_state::cancel_requested});
    made.set_cause(std::make_exception_ptr(cancelled_failure("Activity cancelled")));
    resolve({.error = std::make_exception_ptr(std::move(made))});
  }

  void write(const run::activity_call& call, Command& to) {
    const activity_options& options = call.options;
    auto& attributes = *to.mutable_schedule_activity_task_command_attributes();
    attributes.mutable_activity_id()->assign(id());
    attributes.mutable_activity_type()->set_name(type_);
    const bool same_queue = options.task_queue.empty() || options.task_queue == run_.task_queue;
    const std::string_view queue = same_queue ? std::string_view(run_.task_queue) : options.task_queue;
    attributes.mutable_task_queue()->mutable_name()->assign(queue);
    run_.encode(call.input, [&attributes] { return attributes.mutable_input(); });
    if (options.schedule_to_close_timeout > duration::zero()) {
      write_duration(options.schedule_to_close_timeout, *attributes.mutable_schedule_to_close_timeout());
    }
    if (options.schedule_to_start_timeout > duration::zero()) {
      write_duration(options.schedule_to_start_timeout, *attributes.mutable_schedule_to_start_timeout());
    }
    if (options.start_to_close_timeout > duration::zero()) {
      write_duration(options.start_to_close_timeout, *attributes.mutable_start_to_close_timeout());
    }
    if (options.heartbeat_timeout > duration::zero()) {
      write_duration(options.heartbeat_timeout, *attributes.mutable_heartbeat_timeout());
    }
    if (options.retry) write_retry_policy(*options.retry, *attributes.mutable_retry_policy());
    if (options.priority) write_priority(*options.priority, *attributes.mutable_priority());
    write_headers(call.headers, options.headers, attributes);
    if (!options.summary.empty()) write_json(options.summary, *to.mutable_user_metadata()->mutable_summary());
    eager_ = same_queue && !options.disable_eager_execution && run_.commands.take_eager();
    attributes.set_request_eager_execution(eager_);
  }

  pool& home_;
  /// Its id, unless the code gave one.
  number_text number_;
  std::string given_id_, type_;
  cancellation_type cancellation_ = cancellation_type::try_cancel;
  bool eager_ = false;
  std::size_t command_ = 0;
};

}  // namespace rondo::detail::engine
