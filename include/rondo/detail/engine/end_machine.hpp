#pragma once
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include "rondo/detail/engine/event_types.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/machine.hpp"
#include "rondo/detail/engine/option_conversion.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/workflow/info.hpp"

namespace rondo::detail::engine {

enum class end_state : std::uint8_t { running, command, closed, count_ };
enum class end_input : std::uint8_t { end, recorded, count_ };

/// The end of a run: completed, failed, cancelled or continued as new. The first one that the code asks for counts.
class end_machine final : public table_machine<end_machine, end_state, end_input> {
 public:
  using table_machine::table_machine;

  void complete(const run::encoder& result) {
    Command* message = begin(enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION);
    if (message == nullptr) return;
    auto& attributes = *message->mutable_complete_workflow_execution_command_attributes();
    run_.encode(result, [&attributes] { return attributes.mutable_result(); });
  }
  void fail(const std::exception_ptr& error) {
    Command* message = begin(enums::COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION);
    if (message == nullptr) return;
    write_failure(error, *message->mutable_fail_workflow_execution_command_attributes()->mutable_failure(),
                  run_.failures);
  }
  void cancelled() {
    Command* message = begin(enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION);
    if (message != nullptr) message->mutable_cancel_workflow_execution_command_attributes();
  }
  /// `type` is the type of the next run, resolved: never empty. What the options leave open is as in `present`: the
  /// server takes over only what the command says.
  void continue_as_new(const run::continue_as_new_call& call, std::string_view type, const workflow_info& present) {
    if (state() != end_state::running) return;
    next_type_ = type;
    Command* message = begin(enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION);
    if (message == nullptr) return;
    auto& attributes = *message->mutable_continue_as_new_workflow_execution_command_attributes();
    attributes.mutable_workflow_type()->set_name(next_type_);
    const auto& options = call.options;
    attributes.mutable_task_queue()->set_name(options.task_queue.empty() ? std::string(run_.task_queue)
                                                                         : std::string(options.task_queue));
    write_payloads(call.input, *attributes.mutable_input());
    if (options.run_timeout > duration::zero()) {
      write_duration(options.run_timeout, *attributes.mutable_workflow_run_timeout());
    }
    if (options.task_timeout > duration::zero()) {
      write_duration(options.task_timeout, *attributes.mutable_workflow_task_timeout());
    }
    if (options.backoff_start_interval > duration::zero()) {
      write_duration(options.backoff_start_interval, *attributes.mutable_backoff_start_interval());
    }
    if (options.retry) {
      write_retry_policy(*options.retry, *attributes.mutable_retry_policy());
    } else if (present.retry) {
      write_retry_policy(*present.retry, *attributes.mutable_retry_policy());
    }
    const auto& memo = options.memo.get() != nullptr ? *options.memo.get() : present.memo;
    if (!memo.empty()) write_payload_map(memo, *attributes.mutable_memo()->mutable_fields());
    const auto* given = options.search_attributes.get();
    const auto& values = given != nullptr ? *given : present.search_attributes;
    if (!values.empty()) {
      write_payload_map(values, *attributes.mutable_search_attributes()->mutable_indexed_fields());
    }
    write_headers(call.headers, options.headers, attributes);
    attributes.set_initial_versioning_behavior(wire_of(options.versioning));
    attributes.set_initiator(enums::CONTINUE_AS_NEW_INITIATOR_WORKFLOW);
  }

  static const auto& table() {
    using enum end_state;
    static constexpr auto all = make_table<end_machine, end_state, end_input>({
        {running, end_input::end, command},
        {command, end_input::recorded, closed},
    });
    return all;
  }

  bool closed() const noexcept { return state() == end_state::closed; }
  /// A command that ends the run was asked for, sent or not.
  bool ending() const noexcept { return state() != end_state::running; }

  void cancel() override {}
  bool matches(const HistoryEvent& event) const override {
    if (event.event_type() != enums::EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW) return true;
    return event.workflow_execution_continued_as_new_event_attributes().workflow_type().name() == next_type_;
  }
  bool apply(const HistoryEvent& event) override {
    return closes_run(event.event_type()) && handle(end_input::recorded, &event);
  }
  std::string description() const override {
    return next_type_.empty() ? "end of the workflow" : "next run (type \"" + next_type_ + "\")";
  }

 private:
  /// Null when there is nothing to fill: another end came first, or this is a replay.
  Command* begin(enums::CommandType type) {
    if (!handle(end_input::end, nullptr)) return nullptr;
    return run_.commands.set_end(type, *this);
  }

  std::string next_type_;
};

}  // namespace rondo::detail::engine
