#pragma once
#include <cstdint>
#include <string>
#include <utility>

#include "rondo/detail/engine/machine.hpp"

namespace rondo::detail::engine {

enum class update_state : std::uint8_t {
  accept_command,
  both_commands,  // accepted and completed in one workflow task
  accepted,
  complete_command,
  closed,
  count_
};
enum class update_input : std::uint8_t { accept_recorded, complete, complete_recorded, count_ };

/// What the code does with an update that it accepts: one command says that it was accepted, one that it is complete.
/// The messages that these commands point to are written by `updates`.
class update_machine final : public table_machine<update_machine, update_state, update_input> {
 public:
  update_machine(machine_services& of, std::string id) : table_machine(of), id_(std::move(id)) {}

  /// Asks for acceptance, with the message of this id.
  void accept(const std::string& message_id) { ask(message_id); }
  /// The handler has ended, with the message of this id. False: it had ended already.
  bool complete(const std::string& message_id) {
    if (!handle(update_input::complete, nullptr)) return false;
    ask(message_id);
    return true;
  }

  static const auto& table() {
    using enum update_state;
    using on = update_input;
    static constexpr auto all = make_table<update_machine, update_state, update_input>({
        {accept_command, on::accept_recorded, accepted},
        {accept_command, on::complete, both_commands},
        {both_commands, on::accept_recorded, complete_command},
        {accepted, on::complete, complete_command},
        {complete_command, on::complete_recorded, closed},
    });
    return all;
  }

  void cancel() override {}
  bool matches(const HistoryEvent& event) const override {
    switch (event.event_type()) {
      case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
        return event.workflow_execution_update_accepted_event_attributes().protocol_instance_id() == id_;
      case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
        return event.workflow_execution_update_completed_event_attributes().meta().update_id() == id_;
      default:
        return false;
    }
  }
  bool apply(const HistoryEvent& event) override {
    switch (event.event_type()) {
      case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
        return handle(update_input::accept_recorded, &event);
      case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
        return handle(update_input::complete_recorded, &event);
      default:
        return false;
    }
  }
  std::string description() const override { return "update (id \"" + id_ + "\")"; }
  const std::string& id() const noexcept { return id_; }

 private:
  void ask(const std::string& message_id) {
    const auto command = run_.commands.add(enums::COMMAND_TYPE_PROTOCOL_MESSAGE, *this);
    if (!run_.commands.live()) return;
    run_.commands.message(command)->mutable_protocol_message_command_attributes()->set_message_id(message_id);
  }

  std::string id_;
};

}  // namespace rondo::detail::engine
