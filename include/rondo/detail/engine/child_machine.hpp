#pragma once
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/engine/external_machine.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/machine.hpp"
#include "rondo/detail/engine/object_pool.hpp"
#include "rondo/detail/engine/option_conversion.hpp"
#include "rondo/failure.hpp"
#include "rondo/options.hpp"

namespace rondo::detail::engine {

enum class child_state : std::uint8_t {
  start_command,
  initiated,
  started,
  cancel_awaits_start,  // it will be asked to cancel itself as soon as it has begun
  cancelling,           // it has been, or will be, asked to cancel itself
  abandoned,            // goes on without us
  closed,
  count_
};
enum class child_input : std::uint8_t {
  recorded,
  start,
  refuse,  // the server did not start it
  complete,
  fail,
  time_out,
  terminate,
  close_cancelled,
  cancel,
  abandon,
  told,  // the request to cancel itself has reached it
  count_
};

/// A child workflow. It has two results: that it has begun, and what it ended with; each is resolved once. What the
/// history says after a cancellation that does not wait is taken in and ignored.
class child_machine final : public table_machine<child_machine, child_state, child_input> {
 public:
  using pool = object_pool<child_machine>;
  child_machine(machine_services& of, pool& home, cancel_machine::pool& cancels)
      : table_machine(of), home_(home), cancels_(cancels), start_side_(*this), cancel_answer_(*this) {}

  /// `id` is the workflow id if the options give none.
  void begin(std::string id, const run::child_workflow_call& call, run::completion* started, run::completion& closed) {
    reset();
    const auto& options = call.options;
    id_ = options.id.empty() ? std::move(id) : std::string(options.id);
    type_ = call.workflow_type;
    namespace_ = options.namespace_.empty() ? run_.namespace_ : options.namespace_;
    cancellation_ = options.cancellation;
    run_id_.clear();
    started_event_ = 0;
    bind(closed);
    if (started != nullptr) start_side_.wait(*started);
    command_ = run_.commands.add(enums::COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION, *this);
    if (run_.commands.live()) write(call, *run_.commands.message(command_));
  }
  run::child_identity identity() const noexcept { return {id_, namespace_}; }

  static const auto& table() {
    using enum child_state;
    using on = child_input;
    using self = child_machine;
    static constexpr auto all = make_table<child_machine, child_state, child_input>({
        {start_command, on::recorded, initiated, &self::on_recorded},
        {start_command, on::cancel, closed, &self::on_cancel_before_sent},
        {start_command, on::abandon, closed, &self::on_cancel_before_sent},
        {initiated, on::start, started, &self::on_started},
        {initiated, on::refuse, closed, &self::on_refused},
        {initiated, on::cancel, cancel_awaits_start, &self::on_cancel_before_start},
        {initiated, on::abandon, abandoned, &self::on_abandon},
        {started, on::complete, closed, &self::on_completed},
        {started, on::fail, closed, &self::on_failed},
        {started, on::time_out, closed, &self::on_timed_out},
        {started, on::terminate, closed, &self::on_terminated},
        {started, on::close_cancelled, closed, &self::on_cancelled},
        {started, on::cancel, cancelling, &self::on_cancel},
        {started, on::abandon, abandoned, &self::on_abandon},
        {cancel_awaits_start, on::start, cancelling, &self::on_started_to_be_cancelled},
        {cancel_awaits_start, on::refuse, closed, &self::on_refused},
        {cancelling, on::told, cancelling, &self::on_told},
        {cancelling, on::complete, closed, &self::on_completed},
        {cancelling, on::fail, closed, &self::on_failed},
        {cancelling, on::time_out, closed, &self::on_timed_out},
        {cancelling, on::terminate, closed, &self::on_terminated},
        {cancelling, on::close_cancelled, closed, &self::on_cancelled},
        {abandoned, on::start, abandoned},
        {abandoned, on::refuse, closed},
        {abandoned, on::complete, closed},
        {abandoned, on::fail, closed},
        {abandoned, on::time_out, closed},
        {abandoned, on::terminate, closed},
        {abandoned, on::close_cancelled, closed},
    });
    return all;
  }

  void cancel() override {
    const bool abandon = cancellation_ == cancellation_type::abandon;
    handle(abandon ? child_input::abandon : child_input::cancel, nullptr);
  }
  bool matches(const HistoryEvent& event) const override {
    const auto& attributes = event.start_child_workflow_execution_initiated_event_attributes();
    return attributes.workflow_id() == id_ && attributes.workflow_type().name() == type_;
  }
  bool apply(const HistoryEvent& event) override {
    switch (event.event_type()) {
      case enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
        return handle(child_input::recorded, &event);
      case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED:
        return handle(child_input::start, &event);
      case enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED:
        return handle(child_input::refuse, &event);
      case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED:
        return handle(child_input::complete, &event);
      case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED:
        return handle(child_input::fail, &event);
      case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT:
        return handle(child_input::time_out, &event);
      case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED:
        return handle(child_input::terminate, &event);
      case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED:
        return handle(child_input::close_cancelled, &event);
      default:
        return false;
    }
  }
  std::string description() const override { return "child workflow \"" + type_ + "\" (id \"" + id_ + "\")"; }
  void recycle() override { home_.release(*this); }
  const run::coroutine_node* awaited_by() const noexcept override {
    const auto* at_start = start_side_.awaited_by();
    return at_start != nullptr ? at_start : pending::awaited_by();
  }

 private:
  /// The pending of those who wait for the start.
  class start_side final : public run::pending {
   public:
    explicit start_side(child_machine& of) : of_(of) {}
    void wait(run::completion& waiter) noexcept { bind(waiter); }
    void tell(const run::outcome& result) { resolve(result); }
    void cancel() override { of_.cancel(); }

   private:
    child_machine& of_;
  };
  /// Hears that the child has been asked to cancel itself.
  class cancel_answer final : public run::completion {
   public:
    explicit cancel_answer(child_machine& of) : of_(of) {}
    bool waiting() const noexcept { return source() != nullptr; }
    /// Takes the request back if it was not sent yet.
    void withdraw() {
      if (auto* request = source()) {
        let_go();
        request->cancel();
      }
    }

   private:
    /// A request that fails has come too late: the child's end is on its way.
    void resolve(const run::outcome& result) override {
      if (!result.error) of_.handle(child_input::told, nullptr);
    }
    child_machine& of_;
  };

  void on_recorded(const HistoryEvent* event) { begin_at(*event); }
  void on_cancel_before_sent(const HistoryEvent* /*event*/) {
    run_.commands.withdraw(command_);
    resolve_cancelled();
  }
  void on_cancel(const HistoryEvent* /*event*/) {
    request_cancel();
    if (cancellation_ == cancellation_type::try_cancel) resolve_cancelled();
  }
  // A request may overtake the start within the server, which then finds nobody to ask and forgets it.
  void on_cancel_before_start(const HistoryEvent* /*event*/) {
    if (cancellation_ == cancellation_type::try_cancel) resolve_cancelled();
  }
  void on_started_to_be_cancelled(const HistoryEvent* event) {
    on_started(event);
    request_cancel();
  }
  void request_cancel() {
    const asking by(*this);
    cancels_.acquire(run_, cancels_)
        .begin({.namespace_ = namespace_, .workflow_id = id_, .child_only = true}, "cancelled by its parent",
               cancel_answer_);
  }
  void on_abandon(const HistoryEvent* /*event*/) { resolve_cancelled(); }
  void on_told(const HistoryEvent* /*event*/) {
    if (cancellation_ == cancellation_type::wait_cancellation_requested) resolve_cancelled();
  }

  void on_started(const HistoryEvent* event) {
    const auto& attributes = event->child_workflow_execution_started_event_attributes();
    run_id_ = attributes.workflow_execution().run_id();
    started_event_ = event->event_id();
    start_side_.tell({.id = run_id_});
  }
  void on_refused(const HistoryEvent* event) {
    const auto cause = event->start_child_workflow_execution_failed_event_attributes().cause();
    std::exception_ptr why;
    switch (cause) {
      case enums::START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS:
        why = refusal("Workflow execution already started", "WorkflowExecutionAlreadyStarted");
        break;
      case enums::START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_NAMESPACE_NOT_FOUND:
        why = refusal("Namespace not found", "NamespaceNotFound");
        break;
      default:
        why = refusal("The server refused to start the child", "ChildWorkflowRefused");
        break;
    }
    resolve_both(failed("Child workflow not started", retry_state::non_retryable_failure, std::move(why)));
  }
  static std::exception_ptr refusal(const char* message, const char* type) {
    return std::make_exception_ptr(application_failure(message, {.type = type, .non_retryable = true}));
  }
  void on_completed(const HistoryEvent* event) {
    cancel_answer_.withdraw();
    if (!has_waiter()) return;
    resolve({.values = run_.views.of(event->child_workflow_execution_completed_event_attributes().result())});
  }
  void on_failed(const HistoryEvent* event) {
    const auto& attributes = event->child_workflow_execution_failed_event_attributes();
    close("Child workflow failed", attributes.retry_state(), exception_of(attributes.failure(), run_.failures));
  }
  void on_timed_out(const HistoryEvent* event) {
    const auto& attributes = event->child_workflow_execution_timed_out_event_attributes();
    close("Child workflow timed out", attributes.retry_state(),
          std::make_exception_ptr(timeout_failure("Workflow timed out", timeout_type::start_to_close)));
  }
  void on_terminated(const HistoryEvent* /*event*/) {
    close("Child workflow terminated", enums::RETRY_STATE_NON_RETRYABLE_FAILURE,
          std::make_exception_ptr(terminated_failure("Workflow terminated")));
  }
  void on_cancelled(const HistoryEvent* event) {
    cancelled_failure cause("Workflow cancelled");
    cause.set_details(list_of(event->child_workflow_execution_canceled_event_attributes().details()));
    close("Child workflow cancelled", enums::RETRY_STATE_CANCEL_REQUESTED, std::make_exception_ptr(std::move(cause)));
  }

  void close(const char* message, enums::RetryState retry, std::exception_ptr cause) {
    cancel_answer_.withdraw();
    if (has_waiter()) resolve({.error = failed(message, static_cast<retry_state>(retry), std::move(cause))});
  }
  void resolve_cancelled() {
    resolve_both(failed("Child workflow cancelled", retry_state::cancel_requested,
                        std::make_exception_ptr(cancelled_failure("Child workflow cancelled"))));
  }
  void resolve_both(const std::exception_ptr& error) {
    start_side_.tell({.error = error});
    if (has_waiter()) resolve({.error = error});
  }
  std::exception_ptr failed(const char* message, retry_state state, std::exception_ptr cause) const {
    child_workflow_failure made(message, {.namespace_ = namespace_,
                                          .workflow_id = id_,
                                          .run_id = run_id_,
                                          .workflow_type = type_,
                                          .initiated_event_id = initial_event(),
                                          .started_event_id = started_event_,
                                          .state = state});
    made.set_cause(std::move(cause));
    return std::make_exception_ptr(std::move(made));
  }

  void write(const run::child_workflow_call& call, Command& to) {
    const auto& options = call.options;
    auto& attributes = *to.mutable_start_child_workflow_execution_command_attributes();
    attributes.set_namespace_(namespace_);
    attributes.set_workflow_id(id_);
    attributes.mutable_workflow_type()->set_name(type_);
    attributes.mutable_task_queue()->set_name(options.task_queue.empty() ? std::string(run_.task_queue)
                                                                         : std::string(options.task_queue));
    run_.encode(call.input, [&attributes] { return attributes.mutable_input(); });
    if (options.execution_timeout > duration::zero()) {
      write_duration(options.execution_timeout, *attributes.mutable_workflow_execution_timeout());
    }
    if (options.run_timeout > duration::zero()) {
      write_duration(options.run_timeout, *attributes.mutable_workflow_run_timeout());
    }
    if (options.task_timeout > duration::zero()) {
      write_duration(options.task_timeout, *attributes.mutable_workflow_task_timeout());
    }
    attributes.set_parent_close_policy(wire_of(options.parent_close));
    attributes.set_workflow_id_reuse_policy(wire_of(options.reuse));
    if (options.retry) write_retry_policy(*options.retry, *attributes.mutable_retry_policy());
    attributes.set_cron_schedule(std::string(options.cron_schedule));
    if (const auto* memo = options.memo.get()) write_payload_map(*memo, *attributes.mutable_memo()->mutable_fields());
    if (const auto* values = options.search_attributes.get()) {
      write_payload_map(*values, *attributes.mutable_search_attributes()->mutable_indexed_fields());
    }
    if (options.priority) write_priority(*options.priority, *attributes.mutable_priority());
    if (options.versioning.kind != versioning_override::kind_type::none) {
      write_override(options.versioning, *attributes.mutable_versioning_override());
    }
    write_headers(call.headers, options.headers, attributes);
    if (!options.summary.empty()) write_json(options.summary, *to.mutable_user_metadata()->mutable_summary());
    if (!options.details.empty()) write_json(options.details, *to.mutable_user_metadata()->mutable_details());
  }
  pool& home_;
  cancel_machine::pool& cancels_;
  start_side start_side_;
  cancel_answer cancel_answer_;
  std::string id_, type_, namespace_, run_id_;
  cancellation_type cancellation_ = cancellation_type::wait_cancellation_completed;
  std::int64_t started_event_ = 0;
  std::size_t command_ = 0;
};

}  // namespace rondo::detail::engine
