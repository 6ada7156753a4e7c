#pragma once
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include "rondo/detail/engine/machine.hpp"
#include "rondo/detail/engine/object_pool.hpp"
#include "rondo/detail/engine/option_conversion.hpp"
#include "rondo/failure.hpp"

namespace rondo::detail::engine {

/// Why another workflow could not be reached, as the failure that the code sees.
inline std::exception_ptr unreachable(const char* what, const std::string& workflow_id, const std::string& cause,
                                      const char* type) {
  return std::make_exception_ptr(application_failure(
      std::string(what) + " workflow \"" + workflow_id + "\" failed: " + cause, {.type = type, .non_retryable = true}));
}

enum class external_state : std::uint8_t { command, sent, done, count_ };
enum class external_input : std::uint8_t { recorded, succeed, fail, withdraw, count_ };

/// What the two requests to another workflow have in common: one command, one answer, and no way back once it is sent.
template <class Derived>
class external_machine : public table_machine<Derived, external_state, external_input> {
 public:
  using base = table_machine<Derived, external_state, external_input>;
  using base::base;

  static const auto& table() {
    using enum external_state;
    using on = external_input;
    static constexpr auto all = make_table<Derived, external_state, external_input>({
        {command, on::recorded, sent, &Derived::on_recorded},
        {command, on::withdraw, done, &Derived::on_withdrawn},
        {sent, on::succeed, done, &Derived::on_succeeded},
        {sent, on::fail, done, &Derived::on_failed},
    });
    return all;
  }

  void cancel() override { base::handle(external_input::withdraw, nullptr); }

  void on_recorded(const HistoryEvent* event) { base::begin_at(*event); }
  void on_withdrawn(const HistoryEvent* /*event*/) {
    base::run_.commands.withdraw(command_);
    if (base::has_waiter()) base::resolve({.error = std::make_exception_ptr(cancelled_failure())});
  }
  void on_succeeded(const HistoryEvent* /*event*/) { base::resolve({}); }

 protected:
  void remember(const run::other_workflow& which) {
    workflow_id_ = which.workflow_id;
    run_id_ = which.run_id;
  }
  std::size_t command_ = 0;
  std::string workflow_id_, run_id_;
};

/// A signal to another workflow.
class signal_machine final : public external_machine<signal_machine> {
 public:
  using pool = object_pool<signal_machine>;
  signal_machine(machine_services& of, pool& home) : external_machine(of), home_(home) {}

  void begin(const run::signal_call& call, run::completion& waiter) {
    reset();
    remember(call.to);
    name_ = call.name;
    bind(waiter);
    command_ = run_.commands.add(enums::COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION, *this);
    if (!run_.commands.live()) return;
    auto& attributes =
        *run_.commands.message(command_)->mutable_signal_external_workflow_execution_command_attributes();
    attributes.set_namespace_(call.to.namespace_.empty() ? std::string(run_.namespace_)
                                                         : std::string(call.to.namespace_));
    attributes.mutable_execution()->set_workflow_id(workflow_id_);
    attributes.mutable_execution()->set_run_id(run_id_);
    attributes.set_child_workflow_only(call.to.child_only);
    attributes.set_signal_name(name_);
    run_.encode(call.input, [&attributes] { return attributes.mutable_input(); });
    write_headers(call.headers, {}, attributes);
  }

  bool matches(const HistoryEvent& event) const override {
    const auto& attributes = event.signal_external_workflow_execution_initiated_event_attributes();
    return attributes.signal_name() == name_ && attributes.workflow_execution().workflow_id() == workflow_id_;
  }
  bool apply(const HistoryEvent& event) override {
    switch (event.event_type()) {
      case enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
        return handle(external_input::recorded, &event);
      case enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED:
        return handle(external_input::succeed, &event);
      case enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED:
        return handle(external_input::fail, &event);
      default:
        return false;
    }
  }
  std::string description() const override { return "signal \"" + name_ + "\" to workflow \"" + workflow_id_ + "\""; }
  void recycle() override { home_.release(*this); }

  void on_failed(const HistoryEvent* event) {
    if (!has_waiter()) return;
    switch (event->signal_external_workflow_execution_failed_event_attributes().cause()) {
      case enums::SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_NAMESPACE_NOT_FOUND:
        return resolve({.error = unreachable("Signalling", workflow_id_, "no such namespace", "NamespaceNotFound")});
      case enums::SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_SIGNAL_COUNT_LIMIT_EXCEEDED:
        return resolve({.error = unreachable("Signalling", workflow_id_, "it has got as many signals as it may",
                                             "SignalCountLimitExceeded")});
      default:
        return resolve(
            {.error = unreachable("Signalling", workflow_id_, "it does not run", "ExternalWorkflowExecutionNotFound")});
    }
  }

 private:
  pool& home_;
  std::string name_;
};

/// A request that another workflow cancel itself.
class cancel_machine final : public external_machine<cancel_machine> {
 public:
  using pool = object_pool<cancel_machine>;
  cancel_machine(machine_services& of, pool& home) : external_machine(of), home_(home) {}

  void begin(const run::other_workflow& which, std::string_view reason, run::completion& waiter) {
    reset();
    remember(which);
    bind(waiter);
    command_ = run_.commands.add(enums::COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION, *this);
    if (!run_.commands.live()) return;
    auto& attributes =
        *run_.commands.message(command_)->mutable_request_cancel_external_workflow_execution_command_attributes();
    attributes.set_namespace_(which.namespace_.empty() ? std::string(run_.namespace_) : std::string(which.namespace_));
    attributes.set_workflow_id(workflow_id_);
    attributes.set_run_id(run_id_);
    attributes.set_child_workflow_only(which.child_only);
    attributes.set_reason(std::string(reason));
  }

  bool matches(const HistoryEvent& event) const override {
    const auto& attributes = event.request_cancel_external_workflow_execution_initiated_event_attributes();
    return attributes.workflow_execution().workflow_id() == workflow_id_;
  }
  bool apply(const HistoryEvent& event) override {
    switch (event.event_type()) {
      case enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
        return handle(external_input::recorded, &event);
      case enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
        return handle(external_input::succeed, &event);
      case enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED:
        return handle(external_input::fail, &event);
      default:
        return false;
    }
  }
  std::string description() const override { return "cancellation of workflow \"" + workflow_id_ + "\""; }
  void recycle() override { home_.release(*this); }

  void on_failed(const HistoryEvent* event) {
    if (!has_waiter()) return;
    const bool no_namespace = event->request_cancel_external_workflow_execution_failed_event_attributes().cause() ==
                              enums::CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_NAMESPACE_NOT_FOUND;
    resolve({.error = no_namespace ? unreachable("Cancelling", workflow_id_, "no such namespace", "NamespaceNotFound")
                                   : unreachable("Cancelling", workflow_id_, "it does not run",
                                                 "ExternalWorkflowExecutionNotFound")});
  }

 private:
  pool& home_;
};

}  // namespace rondo::detail::engine
