#pragma once
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/machine.hpp"
#include "rondo/detail/engine/object_pool.hpp"
#include "rondo/failure.hpp"
#include "rondo/options.hpp"

namespace rondo::detail::engine {

enum class nexus_state : std::uint8_t {
  schedule_command,
  scheduled,
  started,
  cancel_command,  // its command is not in the history yet
  cancel_requested,
  abandoned,  // goes on without us
  closed,
  count_
};
enum class nexus_input : std::uint8_t {
  recorded,
  start,
  complete,
  fail,
  time_out,
  close_cancelled,
  cancel,
  abandon,
  cancel_recorded,
  told,      // the handler has taken the request to cancel
  not_told,  // the handler has refused it
  count_
};

/// A Nexus operation. Like a child it has two results, each resolved once: that it has started, and what it ended with.
/// One that ends at once has no event of its start.
class nexus_machine final : public table_machine<nexus_machine, nexus_state, nexus_input> {
 public:
  using pool = object_pool<nexus_machine>;
  nexus_machine(machine_services& of, pool& home) : table_machine(of), home_(home), start_side_(*this) {}

  void begin(const run::nexus_call& call, run::completion* started, run::completion& closed) {
    reset();
    endpoint_ = call.endpoint;
    service_ = call.service;
    operation_ = call.operation;
    cancellation_ = call.options.cancellation;
    token_.clear();
    bind(closed);
    if (started != nullptr) start_side_.wait(*started);
    command_ = run_.commands.add(enums::COMMAND_TYPE_SCHEDULE_NEXUS_OPERATION, *this);
    if (run_.commands.live()) write(call, *run_.commands.message(command_));
  }

  static const auto& table() {
    using enum nexus_state;
    using on = nexus_input;
    using self = nexus_machine;
    static constexpr auto all = make_table<nexus_machine, nexus_state, nexus_input>({
        {schedule_command, on::recorded, scheduled, &self::on_recorded},
        {schedule_command, on::cancel, closed, &self::on_cancel_before_sent},
        {schedule_command, on::abandon, closed, &self::on_cancel_before_sent},
        {scheduled, on::start, started, &self::on_started},
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
        {cancel_command, on::start, cancel_command, &self::on_started},
        {cancel_command, on::complete, closed, &self::on_completed_after_all},
        {cancel_command, on::fail, closed, &self::on_failed_after_all},
        {cancel_command, on::time_out, closed, &self::on_timed_out_after_all},
        {cancel_command, on::close_cancelled, closed, &self::on_cancelled_after_all},
        {cancel_requested, on::start, cancel_requested, &self::on_started},
        {cancel_requested, on::told, cancel_requested, &self::on_told},
        {cancel_requested, on::not_told, cancel_requested, &self::on_not_told},
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
    handle(abandon ? nexus_input::abandon : nexus_input::cancel, nullptr);
  }
  bool matches(const HistoryEvent& event) const override {
    if (event.event_type() == enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUESTED) {
      return event.nexus_operation_cancel_requested_event_attributes().scheduled_event_id() == initial_event();
    }
    const auto& attributes = event.nexus_operation_scheduled_event_attributes();
    return attributes.endpoint() == endpoint_ && attributes.service() == service_ &&
           attributes.operation() == operation_;
  }
  bool apply(const HistoryEvent& event) override {
    switch (event.event_type()) {
      case enums::EVENT_TYPE_NEXUS_OPERATION_SCHEDULED:
        return handle(nexus_input::recorded, &event);
      case enums::EVENT_TYPE_NEXUS_OPERATION_STARTED:
        return handle(nexus_input::start, &event);
      case enums::EVENT_TYPE_NEXUS_OPERATION_COMPLETED:
        return handle(nexus_input::complete, &event);
      case enums::EVENT_TYPE_NEXUS_OPERATION_FAILED:
        return handle(nexus_input::fail, &event);
      case enums::EVENT_TYPE_NEXUS_OPERATION_TIMED_OUT:
        return handle(nexus_input::time_out, &event);
      case enums::EVENT_TYPE_NEXUS_OPERATION_CANCELED:
        return handle(nexus_input::close_cancelled, &event);
      case enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUESTED:
        return handle(nexus_input::cancel_recorded, &event);
      case enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_COMPLETED:
        return handle(nexus_input::told, &event);
      case enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_FAILED:
        return handle(nexus_input::not_told, &event);
      default:
        return false;
    }
  }
  std::string description() const override {
    return "Nexus operation \"" + service_ + "." + operation_ + "\" (endpoint \"" + endpoint_ + "\")";
  }
  void recycle() override { home_.release(*this); }
  const run::coroutine_node* awaited_by() const noexcept override {
    const auto* at_start = start_side_.awaited_by();
    return at_start != nullptr ? at_start : pending::awaited_by();
  }

 private:
  /// The pending of those who wait for the start.
  class start_side final : public run::pending {
   public:
    explicit start_side(nexus_machine& of) : of_(of) {}
    void wait(run::completion& waiter) noexcept { bind(waiter); }
    void tell(const run::outcome& result) { resolve(result); }
    void cancel() override { of_.cancel(); }

   private:
    nexus_machine& of_;
  };

  void on_recorded(const HistoryEvent* event) { begin_at(*event); }
  void on_cancel_before_sent(const HistoryEvent* /*event*/) {
    run_.commands.withdraw(command_);
    resolve_cancelled();
  }
  void on_cancel(const HistoryEvent* /*event*/) {
    command_ = run_.commands.add(enums::COMMAND_TYPE_REQUEST_CANCEL_NEXUS_OPERATION, *this);
    if (run_.commands.live()) {
      run_.commands.message(command_)
          ->mutable_request_cancel_nexus_operation_command_attributes()
          ->set_scheduled_event_id(initial_event());
    }
    if (cancellation_ == cancellation_type::try_cancel) resolve_cancelled();
  }
  void on_abandon(const HistoryEvent* /*event*/) { resolve_cancelled(); }
  void on_told(const HistoryEvent* /*event*/) {
    if (cancellation_ == cancellation_type::wait_cancellation_requested) resolve_cancelled();
  }
  void on_not_told(const HistoryEvent* event) {
    if (cancellation_ != cancellation_type::wait_cancellation_requested) return;
    const auto& attributes = event->nexus_operation_cancel_request_failed_event_attributes();
    resolve_both(
        failed("Nexus operation could not be told to cancel", exception_of(attributes.failure(), run_.failures)));
  }

  void on_started(const HistoryEvent* event) {
    token_ = event->nexus_operation_started_event_attributes().operation_token();
    start_side_.tell({.id = token_});
  }
  void on_completed(const HistoryEvent* event) {
    start_side_.tell({});
    const auto& attributes = event->nexus_operation_completed_event_attributes();
    if (!attributes.has_result()) return resolve({});
    const payload_view value = view_of(attributes.result());
    resolve({.values = payload_span(&value, 1)});
  }
  void on_failed(const HistoryEvent* event) { close(event->nexus_operation_failed_event_attributes().failure()); }
  void on_timed_out(const HistoryEvent* event) { close(event->nexus_operation_timed_out_event_attributes().failure()); }
  void on_cancelled(const HistoryEvent* event) { close(event->nexus_operation_canceled_event_attributes().failure()); }

  // It closed in the workflow task that also brought the reason to cancel it: nothing is left to cancel.
  void on_completed_after_all(const HistoryEvent* event) { withdraw_cancel(), on_completed(event); }
  void on_failed_after_all(const HistoryEvent* event) { withdraw_cancel(), on_failed(event); }
  void on_timed_out_after_all(const HistoryEvent* event) { withdraw_cancel(), on_timed_out(event); }
  void on_cancelled_after_all(const HistoryEvent* event) { withdraw_cancel(), on_cancelled(event); }
  void withdraw_cancel() noexcept { run_.commands.withdraw(command_); }

  /// The server writes the failure of the operation around its cause; one without is taken for the cause.
  void close(const Failure& failure) {
    if (failure.has_nexus_operation_execution_failure_info())
      return resolve_both(call_failure_of(failure, run_.failures));
    resolve_both(failed("Nexus operation failed", exception_of(failure, run_.failures)));
  }
  void resolve_cancelled() {
    resolve_both(
        failed("Nexus operation cancelled", std::make_exception_ptr(cancelled_failure("Nexus operation cancelled"))));
  }
  void resolve_both(const std::exception_ptr& error) {
    start_side_.tell({.error = error});
    resolve({.error = error});
  }
  std::exception_ptr failed(const char* message, std::exception_ptr cause) const {
    nexus_operation_failure made(message, {.endpoint = endpoint_,
                                           .service = service_,
                                           .operation = operation_,
                                           .operation_token = token_,
                                           .scheduled_event_id = initial_event()});
    made.set_cause(std::move(cause));
    return std::make_exception_ptr(std::move(made));
  }

  void write(const run::nexus_call& call, Command& to) {
    const nexus_operation_options& options = call.options;
    auto& attributes = *to.mutable_schedule_nexus_operation_command_attributes();
    attributes.set_endpoint(endpoint_);
    attributes.set_service(service_);
    attributes.set_operation(operation_);
    Payloads input;
    run_.encode(call.input, [&input] { return &input; });
    if (input.payloads_size() > 0) attributes.mutable_input()->Swap(input.mutable_payloads(0));
    if (options.schedule_to_close_timeout > duration::zero()) {
      write_duration(options.schedule_to_close_timeout, *attributes.mutable_schedule_to_close_timeout());
    }
    if (options.schedule_to_start_timeout > duration::zero()) {
      write_duration(options.schedule_to_start_timeout, *attributes.mutable_schedule_to_start_timeout());
    }
    if (options.start_to_close_timeout > duration::zero()) {
      write_duration(options.start_to_close_timeout, *attributes.mutable_start_to_close_timeout());
    }
    auto& headers = *attributes.mutable_nexus_header();
    if (call.headers != nullptr) {
      for (const auto& [name, value] : *call.headers) headers[name] = value;
    } else {
      for (const auto& [name, value] : options.headers) headers[std::string(name)] = std::string(value);
    }
    if (!options.summary.empty()) write_json(options.summary, *to.mutable_user_metadata()->mutable_summary());
  }

  pool& home_;
  start_side start_side_;
  std::string endpoint_, service_, operation_, token_;
  cancellation_type cancellation_ = cancellation_type::wait_cancellation_completed;
  std::size_t command_ = 0;
};

}  // namespace rondo::detail::engine
