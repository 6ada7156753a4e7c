#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "dev_server/scripted_worker.hpp"

namespace rondo::test {

using activity_task = service::PollActivityTaskQueueResponse;

inline command_v1::Command cancel_activity_command(std::int64_t scheduled_event_id) {
  auto command = make_command(enums::COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK);
  command.mutable_request_cancel_activity_task_command_attributes()->set_scheduled_event_id(scheduled_event_id);
  return command;
}

inline temporal::api::failure::v1::Failure failure_of_type(const std::string& type = "any") {
  temporal::api::failure::v1::Failure failure;
  failure.set_message("failed");
  failure.mutable_application_failure_info()->set_type(type);
  return failure;
}

/// A workflow with an activity, and workers for both.
struct activity_case : ::testing::Test {
  scripted_worker at;

  /// A workflow that scheduled the activity as its event 5, and waits.
  void schedule(const std::function<void(activity_attributes&)>& change = {}) {
    at.start("w");
    at.complete(at.poll(), {activity_command("a", change)});
  }
  pending<activity_task> begin_poll(const std::string& queue = "activities") {
    service::PollActivityTaskQueueRequest request;
    request.set_namespace_("default");
    request.mutable_task_queue()->set_name(queue);
    request.set_identity("activity worker");
    return at.begin<activity_task>(request);
  }
  activity_task poll() { return begin_poll().get(); }
  bool idle() {
    const auto poll = begin_poll();
    if (poll.done()) return false;
    poll.call->go_away();
    at.run_ready();
    return true;
  }
  template <class Request>
  static Request answering(const activity_task& task) {
    Request request;
    request.set_namespace_("default");
    request.set_task_token(task.task_token());
    request.set_identity("activity worker");
    return request;
  }
  static service::RespondActivityTaskCompletedRequest completing(const activity_task& task) {
    auto request = answering<service::RespondActivityTaskCompletedRequest>(task);
    request.mutable_result()->add_payloads()->set_data("result");
    return request;
  }
  void complete(const activity_task& task) { at.ask<service::RespondActivityTaskCompletedResponse>(completing(task)); }
  rpc_status refuse(const activity_task& task) {
    return at.refused<service::RespondActivityTaskCompletedResponse>(completing(task));
  }
  void fail(const activity_task& task, const temporal::api::failure::v1::Failure& failure = failure_of_type()) {
    auto request = answering<service::RespondActivityTaskFailedRequest>(task);
    *request.mutable_failure() = failure;
    at.ask<service::RespondActivityTaskFailedResponse>(request);
  }
  service::RecordActivityTaskHeartbeatResponse heartbeat(const activity_task& task, const std::string& details) {
    auto request = answering<service::RecordActivityTaskHeartbeatRequest>(task);
    request.mutable_details()->add_payloads()->set_data(details);
    return at.ask<service::RecordActivityTaskHeartbeatResponse>(request);
  }
  temporal::api::workflow::v1::PendingActivityInfo describe() {
    const auto all = at.describe("w");
    EXPECT_EQ(all.pending_activities_size(), 1);
    return all.pending_activities_size() == 1 ? all.pending_activities(0)
                                              : temporal::api::workflow::v1::PendingActivityInfo();
  }
  history::ActivityTaskTimedOutEventAttributes timed_out() {
    for (const auto& event : at.events("w")) {
      if (event.has_activity_task_timed_out_event_attributes()) return event.activity_task_timed_out_event_attributes();
    }
    ADD_FAILURE() << "it did not time out: " << at.event_types("w");
    return {};
  }
  enums::TimeoutType timeout_type() { return timed_out().failure().timeout_failure_info().timeout_type(); }
  std::string ending() { return at.types_from("w", 6); }
};

}  // namespace rondo::test
