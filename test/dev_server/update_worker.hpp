#pragma once

#include <gtest/gtest.h>
#include <temporal/api/protocol/v1/message.pb.h>
#include <temporal/api/update/v1/message.pb.h>

#include <string>

#include "dev_server/scripted_worker.hpp"

namespace rondo::test {

namespace update_v1 = temporal::api::update::v1;
using update_request = service::UpdateWorkflowExecutionRequest;
using update_response = service::UpdateWorkflowExecutionResponse;
using poll_update_request = service::PollWorkflowExecutionUpdateRequest;
using poll_update_response = service::PollWorkflowExecutionUpdateResponse;
using protocol_message = temporal::api::protocol::v1::Message;

inline constexpr auto stage_admitted = enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED;
inline constexpr auto stage_accepted = enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED;
inline constexpr auto stage_completed = enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED;

inline protocol_message acceptance(const std::string& id, std::int64_t sequencing = 5) {
  update_v1::Acceptance body;
  body.set_accepted_request_message_id(id + "/request");
  body.set_accepted_request_sequencing_event_id(sequencing);
  protocol_message message;
  message.set_id(id + "/accept");
  message.set_protocol_instance_id(id);
  message.mutable_body()->PackFrom(body);
  return message;
}

inline protocol_message rejection(const std::string& id, const std::string& text = "no") {
  update_v1::Rejection body;
  body.set_rejected_request_message_id(id + "/request");
  body.mutable_failure()->set_message(text);
  protocol_message message;
  message.set_id(id + "/reject");
  message.set_protocol_instance_id(id);
  message.mutable_body()->PackFrom(body);
  return message;
}

inline protocol_message response(const std::string& id, const std::string& value = "value") {
  update_v1::Response body;
  body.mutable_meta()->set_update_id(id);
  body.mutable_outcome()->mutable_success()->add_payloads()->set_data(value);
  protocol_message message;
  message.set_id(id + "/complete");
  message.set_protocol_instance_id(id);
  message.mutable_body()->PackFrom(body);
  return message;
}

/// The place of a message among the commands.
inline command_v1::Command place(const protocol_message& message) {
  auto command = make_command(enums::COMMAND_TYPE_PROTOCOL_MESSAGE);
  command.mutable_protocol_message_command_attributes()->set_message_id(message.id());
  return command;
}

struct update_worker : scripted_worker {
  using scripted_worker::scripted_worker;

  static update_request request_of(const std::string& id, const std::string& update_id,
                                   enums::UpdateWorkflowExecutionLifecycleStage stage = stage_completed) {
    update_request request;
    request.set_namespace_("default");
    request.mutable_workflow_execution()->set_workflow_id(id);
    request.mutable_wait_policy()->set_lifecycle_stage(stage);
    request.mutable_request()->mutable_meta()->set_update_id(update_id);
    request.mutable_request()->mutable_meta()->set_identity("client");
    request.mutable_request()->mutable_input()->set_name("update");
    request.mutable_request()->mutable_input()->mutable_args()->add_payloads()->set_data("argument");
    return request;
  }
  pending<update_response> update(const std::string& id, const std::string& update_id,
                                  enums::UpdateWorkflowExecutionLifecycleStage stage = stage_completed) {
    return begin<update_response>(request_of(id, update_id, stage));
  }
  static poll_update_request poll_of(const std::string& id, const std::string& update_id,
                                     enums::UpdateWorkflowExecutionLifecycleStage stage = stage_completed,
                                     const std::string& run_id = {}) {
    poll_update_request request;
    request.set_namespace_("default");
    request.mutable_update_ref()->mutable_workflow_execution()->set_workflow_id(id);
    request.mutable_update_ref()->mutable_workflow_execution()->set_run_id(run_id);
    request.mutable_update_ref()->set_update_id(update_id);
    request.mutable_wait_policy()->set_lifecycle_stage(stage);
    return request;
  }
  /// Nobody knows of the update.
  bool knows(const std::string& id, const std::string& update_id) {
    auto asked = begin<poll_update_response>(
        poll_of(id, update_id, enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_UNSPECIFIED));
    EXPECT_TRUE(asked.done());
    if (asked.status().ok()) return true;
    EXPECT_EQ(asked.status().code, rpc_code::not_found);
    EXPECT_EQ(asked.status().message, "update \"" + update_id + "\" not found");
    return false;
  }

  /// Completes the task with the messages, each but rejections with its place among the commands, before `with`.
  complete_response say(const poll_response& task, const std::vector<protocol_message>& messages,
                        const commands& with = {}, const change<complete_request>& also = {}) {
    return ask<complete_response>(speech(task, messages, with, also));
  }
  rpc_status say_wrong(const poll_response& task, const std::vector<protocol_message>& messages) {
    return refused<complete_response>(speech(task, messages, {}, {}));
  }
  static complete_request speech(const poll_response& task, const std::vector<protocol_message>& messages,
                                 const commands& with, const change<complete_request>& also) {
    commands all;
    for (const auto& each : messages) {
      if (!each.body().Is<update_v1::Rejection>()) all.push_back(place(each));
    }
    all.insert(all.end(), with.begin(), with.end());
    auto request = completion(task, all);
    for (const auto& each : messages) *request.add_messages() = each;
    request.mutable_capabilities()->set_discard_speculative_workflow_task_with_events(true);
    if (also) also(request);
    return request;
  }
  /// A workflow whose first task was completed.
  std::string settle(const std::string& id, bool sticky = false) {
    const auto run_id = start(id);
    complete(poll(), {}, [sticky](complete_request& request) {
      if (sticky) be_sticky(request);
    });
    return run_id;
  }
};

}  // namespace rondo::test
