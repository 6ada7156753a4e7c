#pragma once

#include "rondo/server/update_messages.hpp"

#include <string_view>
#include <utility>
#include <vector>

#include "rondo/server/history.hpp"
#include "rondo/server/runs.hpp"
#include "rondo/server/updates.hpp"

namespace rondo::server {

namespace detail_update_messages {

namespace update = temporal::api::update::v1;
using temporal::api::protocol::v1::Message;

/// States in which an update is while the messages of one completion are checked; kept in completion::seen.
enum simulated : int { sim_unseen, sim_unknown, sim_waiting, sim_accepted, sim_completed };

[[noreturn]] inline void refuse(const std::string& text) {
  throw bad_completion(enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_UPDATE_WORKFLOW_EXECUTION_MESSAGE, text);
}

inline void require(bool is_set, std::string_view message, std::string_view what) {
  if (is_set) return;
  refuse("invalid *update." + std::string(message) + ": " + std::string(what) + " is not set");
}

inline bool is_waiting(const run& of, const std::string& id) {
  return of.updates && of.updates->requested.count(id) != 0;
}

inline int simulate(const run& of, const std::string& id) {
  switch (stage_of(of, id)) {
    case update_stage::unknown:
      return sim_unknown;
    case update_stage::requested:
    case update_stage::admitted:
      return sim_waiting;
    case update_stage::accepted:
      return sim_accepted;
    case update_stage::completed:
      return sim_completed;
  }
  return sim_unknown;
}

inline std::string state_name(const completion& by, const std::string& id, int state) {
  const bool before = simulate(by.of, id) == state;
  if (state == sim_waiting) {
    const bool sent = is_waiting(by.of, id) && by.of.updates->requested.at(id).sent;
    return sent ? "Sent" : "Admitted";
  }
  if (state == sim_accepted) return before ? "Accepted" : "ProvisionallyAccepted";
  return before ? "Completed" : "ProvisionallyCompleted";
}

inline void require_state(const completion& by, const std::string& id, int state, int wanted,
                          std::string_view message) {
  if (state == wanted) return;
  refuse("invalid state transition attempted for Update " + id + ": received *update." + std::string(message) +
         " message while in state " + state_name(by, id, state));
}

/// The request that a worker gives back with its answer: enough to go on with an update that the server forgot.
inline bool request_in(const Message& message, update::Request& into) {
  if (message.body().Is<update::Acceptance>()) {
    update::Acceptance body;
    if (!message.body().UnpackTo(&body) || !body.has_accepted_request()) return false;
    into = std::move(*body.mutable_accepted_request());
    return true;
  }
  update::Rejection body;
  if (!message.body().Is<update::Rejection>() || !message.body().UnpackTo(&body)) return false;
  if (!body.has_rejected_request()) return false;
  into = std::move(*body.mutable_rejected_request());
  return true;
}

inline void check_acceptance(completion& by, const Message& message, int& state) {
  update::Acceptance body;
  if (!message.body().UnpackTo(&body)) refuse("unable to unmarshal request: " + message.body().type_url());
  require_state(by, message.protocol_instance_id(), state, sim_waiting, "Acceptance");
  require(body.accepted_request_sequencing_event_id() != 0, "Acceptance", "accepted_request_sequencing_event_id");
  require(!body.accepted_request_message_id().empty(), "Acceptance", "accepted_request_message_id");
  state = sim_accepted;
}

inline void check_response(completion& by, const Message& message, int& state) {
  update::Response body;
  const std::string& id = message.protocol_instance_id();
  if (!message.body().UnpackTo(&body)) refuse("unable to unmarshal request: " + message.body().type_url());
  require_state(by, id, state, sim_accepted, "Response");
  require(body.has_meta(), "Response", "meta");
  require(!body.meta().update_id().empty(), "Response", "meta.update_id");
  if (body.meta().update_id() != id) refuse("invalid *update.Response: meta.update_id != " + id);
  require(body.has_outcome(), "Response", "outcome");
  state = sim_completed;
}

inline void accept(completion& by, const Message& message) {
  run& of = by.of;
  update::Acceptance body;
  message.body().UnpackTo(&body);
  const std::string& id = message.protocol_instance_id();
  history_event event = make_event(*of.owner, enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED);
  auto& attributes = *event.mutable_workflow_execution_update_accepted_event_attributes();
  attributes.set_protocol_instance_id(id);
  attributes.set_accepted_request_message_id(id + "/request");
  attributes.set_accepted_request_sequencing_event_id(body.accepted_request_sequencing_event_id());
  // What was admitted has its request in the history already.
  if (is_waiting(of, id)) {
    *attributes.mutable_accepted_request() = std::move(of.updates->requested.at(id).request);
    of.updates->requested.erase(id);
  } else if (stage_of(of, id) == update_stage::unknown && body.has_accepted_request()) {
    *attributes.mutable_accepted_request() = std::move(*body.mutable_accepted_request());
  }
  auto& kept = (*of.state.mutable_updates())[id];
  kept.set_update_id(id);
  kept.set_accepted_event_id(append(of, std::move(event)));
  of.state.set_update_count(of.state.update_count() + 1);
}

inline void complete(completion& by, const Message& message) {
  run& of = by.of;
  update::Response body;
  message.body().UnpackTo(&body);
  auto& kept = (*of.state.mutable_updates())[message.protocol_instance_id()];
  history_event event = make_event(*of.owner, enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED);
  auto& attributes = *event.mutable_workflow_execution_update_completed_event_attributes();
  *attributes.mutable_meta() = std::move(*body.mutable_meta());
  attributes.set_accepted_event_id(kept.accepted_event_id());
  *attributes.mutable_outcome() = std::move(*body.mutable_outcome());
  kept.set_completed_event_id(append(of, std::move(event)));
}

inline void reject(run& of, const std::string& id, temporal::api::failure::v1::Failure failure) {
  if (!of.updates) of.updates = std::make_shared<run_updates>();
  of.updates->requested.erase(id);
  if (of.state.mutable_updates()->erase(id) != 0) of.owner->touch(of);
  of.updates->rejected[id] = std::move(failure);
}

inline temporal::api::failure::v1::Failure unprocessed_failure() {
  temporal::api::failure::v1::Failure failure;
  failure.set_message(
      "Workflow Update is rejected because it wasn't processed by worker. Probably, Workflow Update is not supported "
      "by "
      "the worker.");
  failure.set_source("Server");
  failure.mutable_application_failure_info()->set_type("UnprocessedUpdate");
  failure.mutable_application_failure_info()->set_non_retryable(true);
  return failure;
}

/// What the task brought to the worker and the worker did not answer.
inline void reject_unprocessed(run& of) {
  std::vector<std::string> unprocessed;
  if (of.updates) {
    for (const auto& [id, each] : of.updates->requested) {
      if (each.sent) unprocessed.push_back(id);
    }
  }
  for (const auto& [id, each] : of.state.updates()) {
    if (each.accepted_event_id() == 0) unprocessed.push_back(id);
  }
  for (const std::string& id : unprocessed) reject(of, id, unprocessed_failure());
}

inline const Message* find(const completion& by, const std::string& message_id) {
  const auto at = by.messages.find(message_id);
  return at == by.messages.end() ? nullptr : at->second;
}

inline bool closes(enums::CommandType type) noexcept {
  return type == enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION ||
         type == enums::COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION || type == enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION ||
         type == enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION;
}

inline std::string placed_key(const std::string& message_id) { return "placed message " + message_id; }

}  // namespace detail_update_messages

RONDO_SERVER_FUNCTION update_stage stage_of(const run& of, const std::string& update_id) noexcept {
  const auto kept = of.state.updates().find(update_id);
  if (kept != of.state.updates().end()) {
    if (kept->second.completed_event_id() != 0) return update_stage::completed;
    return kept->second.accepted_event_id() != 0 ? update_stage::accepted : update_stage::admitted;
  }
  return of.updates && of.updates->requested.count(update_id) != 0 ? update_stage::requested : update_stage::unknown;
}

RONDO_SERVER_FUNCTION void check_update_message(completion& by, const temporal::api::protocol::v1::Message& message) {
  namespace detail = detail_update_messages;
  const std::string& id = message.protocol_instance_id();
  if (!message.has_body()) detail::refuse("nil message body");
  const std::string& url = message.body().type_url();
  const std::string type = url.substr(url.rfind('/') + 1);
  const std::string protocol = type.substr(0, type.rfind('.'));
  if (protocol != "temporal.api.update.v1") detail::refuse("unsupported protocol type " + protocol);
  if (message.body().ByteSizeLong() > by.of.owner->limit().blob_size) {
    throw bad_completion(enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_UPDATE_WORKFLOW_EXECUTION_MESSAGE,
                         "Message type " + type + " exceeds size limit.", true);
  }
  int& state = by.seen["update " + id];
  if (state == detail::sim_unseen) state = detail::simulate(by.of, id);
  if (state == detail::sim_unknown) {
    detail::update::Request request;
    if (!detail::request_in(message, request)) {
      detail::refuse("update " + id +
                     " wasn't found on the server. This is most likely a transient error which will be "
                     "resolved automatically by retries");
    }
    state = detail::sim_waiting;
  }
  if (message.body().Is<detail::update::Acceptance>()) return detail::check_acceptance(by, message, state);
  if (message.body().Is<detail::update::Response>()) return detail::check_response(by, message, state);
  if (!message.body().Is<detail::update::Rejection>()) {
    detail::refuse("Message type *update." + type.substr(type.rfind('.') + 1) + " not supported");
  }
  detail::require_state(by, id, state, detail::sim_waiting, "Rejection");
  state = detail::sim_completed;
}

RONDO_SERVER_FUNCTION void apply_update_message(completion& by, const temporal::api::protocol::v1::Message& message) {
  namespace detail = detail_update_messages;
  settle_updates_later(by.of);
  if (message.body().Is<detail::update::Rejection>()) {
    detail::update::Rejection body;
    message.body().UnpackTo(&body);
    detail::reject(by.of, message.protocol_instance_id(), std::move(*body.mutable_failure()));
  } else if (by.closed || !by.of.open()) {
    return;  // a closed history takes nothing more; who waits hears of the end
  } else if (message.body().Is<detail::update::Acceptance>()) {
    detail::accept(by, message);
  } else {
    detail::complete(by, message);
  }
}

RONDO_SERVER_FUNCTION void check_protocol_message(completion& by, const temporal::api::command::v1::Command& command) {
  namespace detail = detail_update_messages;
  if (!command.has_protocol_message_command_attributes()) {
    detail::refuse("ProtocolMessageCommandAttributes is not set on ProtocolMessageCommand.");
  }
  const std::string& id = command.protocol_message_command_attributes().message_id();
  if (id.empty()) detail::refuse("MessageID is not set on ProtocolMessageCommand.");
  const auto* message = detail::find(by, id);
  if (message == nullptr || by.seen[detail::placed_key(id)]++ != 0) {
    detail::refuse("ProtocolMessageCommand referenced absent message ID " + id);
  }
  check_update_message(by, *message);
}

RONDO_SERVER_FUNCTION void apply_protocol_message(completion& by, const temporal::api::command::v1::Command& command) {
  const std::string& id = command.protocol_message_command_attributes().message_id();
  const auto* message = detail_update_messages::find(by, id);
  if (message == nullptr) return;
  by.messages.erase(id);
  apply_update_message(by, *message);
}

RONDO_SERVER_FUNCTION void check_messages(completion& by) {
  namespace detail = detail_update_messages;
  bool closing = false;
  for (const auto& command : by.request.commands()) closing = closing || detail::closes(command.command_type());
  for (const auto& message : by.request.messages()) {
    if (by.seen[detail::placed_key(message.id())]++ != 0) continue;
    // What comes behind the end of the workflow has no effect, except for rejections.
    if (!closing || message.body().Is<detail::update::Rejection>()) check_update_message(by, message);
  }
}

RONDO_SERVER_FUNCTION void take_messages(completion& by) {
  for (const auto& message : by.request.messages()) {
    if (by.messages.erase(message.id()) != 0) apply_update_message(by, message);
  }
  run& of = by.of;
  if (!of.open() || by.closed) return;
  if (by.request.force_create_new_workflow_task()) {
    on_task_lost_for_updates(of);  // a heartbeat need not answer; the next task brings them again
  } else {
    detail_update_messages::reject_unprocessed(of);
  }
  settle_updates_later(of);
}

RONDO_SERVER_FUNCTION bool completion_leaves_no_trace(const completion& by) noexcept {
  for (const auto& message : by.request.messages()) {
    if (!message.body().Is<detail_update_messages::update::Rejection>()) return false;
  }
  return true;
}

}  // namespace rondo::server
