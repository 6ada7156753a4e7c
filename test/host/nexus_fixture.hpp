#pragma once
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "host/worker_fixture.hpp"
#include "support/fake_server.hpp"

namespace rondo::test {

/// A worker that serves the Nexus service "shop".
class worker_nexus_test : public worker_test {
 protected:
  using worker_test::worker_test;

  using completed = service::RespondNexusTaskCompletedRequest;
  using failed = service::RespondNexusTaskFailedRequest;
  using nexus_task = service::PollNexusTaskQueueResponse;

  static nexus_task request(std::string operation, std::string_view json = {}) {
    nexus_task made;
    made.set_task_token("task");
    made.set_poller_group_id("group");
    made.mutable_request()->mutable_capabilities()->set_temporal_failure_responses(true);
    auto& start = *made.mutable_request()->mutable_start_operation();
    start.set_service("shop");
    start.set_operation(std::move(operation));
    start.set_request_id("request-1");
    start.set_callback("http://caller");
    if (!json.empty()) {
      (*start.mutable_payload()->mutable_metadata())["encoding"] = "json/plain";
      start.mutable_payload()->set_data(std::string(json));
    }
    return made;
  }
  static nexus_task cancel_of(const std::string& token) {
    nexus_task made = request("order");
    auto& cancel = *made.mutable_request()->mutable_cancel_operation();
    cancel.set_service("shop");
    cancel.set_operation("order");
    cancel.set_operation_token(token);
    return made;
  }
  completed completion_of(const nexus_task& what) {
    const auto before = server.count<completed>(), refused = server.count<failed>();
    server.give(queue::nexus, what);
    EXPECT_TRUE(until([&] { return server.count<completed>() > before || server.count<failed>() > refused; }));
    if (server.count<completed>() > before) return server.seen<completed>().back();
    ADD_FAILURE() << "the request was refused";
    return {};
  }
  /// "TYPE: message" of the answer that fails the request.
  std::string refusal_of(const nexus_task& what) {
    const auto before = server.count<failed>(), done = server.count<completed>();
    server.give(queue::nexus, what);
    EXPECT_TRUE(until([&] { return server.count<failed>() > before || server.count<completed>() > done; }));
    if (server.count<failed>() == before) return "none";
    const auto failure = server.seen<failed>().back().failure();
    return failure.nexus_handler_failure_info().type() + ": " + failure.message();
  }
};

}  // namespace rondo::test
