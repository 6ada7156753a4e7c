#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "dev_server/scripted_worker.hpp"
#include "rondo/server/namespaces.hpp"

namespace rondo::test {
namespace reading_test {

using history_request = service::GetWorkflowExecutionHistoryRequest;
using history_response = service::GetWorkflowExecutionHistoryResponse;
using reverse_request = service::GetWorkflowExecutionHistoryReverseRequest;
using reverse_response = service::GetWorkflowExecutionHistoryReverseResponse;
using describe_request = service::DescribeWorkflowExecutionRequest;
using describe_response = service::DescribeWorkflowExecutionResponse;
using delete_request = service::DeleteWorkflowExecutionRequest;
using delete_response = service::DeleteWorkflowExecutionResponse;
using server::minute;
using server::second;

constexpr const char* no_run = "11111111-1111-4111-8111-111111111111";

struct reading : ::testing::Test {
  scripted_worker at;

  template <class Request>
  static Request about(const std::string& workflow_id, const std::string& run_id = {}) {
    Request request;
    request.set_namespace_("default");
    request.mutable_execution()->set_workflow_id(workflow_id);
    request.mutable_execution()->set_run_id(run_id);
    return request;
  }
  static history_request waiting(const std::string& workflow_id, bool for_close = false) {
    auto request = about<history_request>(workflow_id);
    request.set_wait_new_event(true);
    if (for_close) request.set_history_event_filter_type(enums::HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT);
    return request;
  }
  static delete_request deletion(const std::string& workflow_id) {
    delete_request request;
    request.set_namespace_("default");
    request.mutable_workflow_execution()->set_workflow_id(workflow_id);
    return request;
  }
  template <class Response, class Request>
  std::string refused(const Request& request) {
    const auto status = at.refused<Response>(request);
    return std::string(to_string(status.code)) + " " + status.message;
  }
  describe_response describe(const std::string& workflow_id) {
    return at.ask<describe_response>(about<describe_request>(workflow_id));
  }
  void finish(const std::string& id) { at.complete(at.poll(), {complete_command(id)}); }
};

TEST_F(reading, a_history_comes_in_pages) {
  at.start("w");
  finish("w");
  auto request = about<history_request>("w");
  request.set_maximum_page_size(2);
  std::vector<std::int64_t> ids;
  std::vector<int> sizes;
  do {
    const auto page = at.ask<history_response>(request);
    for (const auto& event : page.history().events()) ids.push_back(event.event_id());
    sizes.push_back(page.history().events_size());
    request.set_next_page_token(page.next_page_token());
  } while (!request.next_page_token().empty());
  EXPECT_EQ(ids, (std::vector<std::int64_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(sizes, (std::vector<int>{2, 2, 1}));
}

TEST_F(reading, pages_end_where_the_history_ended_when_they_began) {
  at.start("w");
  auto request = about<history_request>("w");
  request.set_maximum_page_size(1);
  request.set_next_page_token(at.ask<history_response>(request).next_page_token());
  finish("w");
  const auto second_page = at.ask<history_response>(request);
  EXPECT_EQ(second_page.history().events(0).event_id(), 2);
  EXPECT_TRUE(second_page.next_page_token().empty());
}

TEST_F(reading, a_history_can_be_followed) {
  at.start("w");
  auto request = waiting("w");
  const auto begun = at.ask<history_response>(request);
  EXPECT_EQ(begun.history().events_size(), 2);
  ASSERT_FALSE(begun.next_page_token().empty());
  request.set_next_page_token(begun.next_page_token());
  auto next = at.begin<history_response>(request);
  EXPECT_FALSE(next.done());
  const auto task = at.poll();
  EXPECT_EQ(next.get().history().events_size(), 1);
  EXPECT_EQ(next.get().history().events(0).event_id(), 3);
  request.set_next_page_token(next.get().next_page_token());
  next = at.begin<history_response>(request);
  at.complete(task, {complete_command()});
  EXPECT_EQ(next.get().history().events_size(), 2);
  EXPECT_TRUE(next.get().next_page_token().empty());
}

TEST_F(reading, the_end_of_a_run_can_be_waited_for) {
  at.start("w");
  const auto waits = at.begin<history_response>(waiting("w", true));
  const auto task = at.poll();
  EXPECT_FALSE(waits.done());
  at.complete(task, {complete_command()});
  ASSERT_EQ(waits.get().history().events_size(), 1);
  EXPECT_EQ(waits.get().history().events(0).event_type(), enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED);
  EXPECT_TRUE(waits.get().next_page_token().empty());
  auto request = about<history_request>("w");
  request.set_history_event_filter_type(enums::HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT);
  EXPECT_EQ(at.ask<history_response>(request).history().events(0).event_id(), 5);
}

TEST_F(reading, the_end_of_a_run_is_waited_for_unasked) {
  at.start("w");
  auto request = waiting("w", true);
  request.set_wait_new_event(false);
  const auto waits = at.begin<history_response>(request);
  EXPECT_FALSE(waits.done());
  finish("w");
  ASSERT_EQ(waits.get().history().events_size(), 1);
  EXPECT_EQ(waits.get().history().events(0).event_id(), 5);
  EXPECT_TRUE(waits.get().next_page_token().empty());
}

TEST_F(reading, who_did_not_ask_to_wait_for_the_end_of_a_run_hears_nothing_in_time) {
  at.state->limit().history_long_poll = server::millisecond;
  at.start("w");
  auto request = waiting("w", true);
  request.set_wait_new_event(false);
  const auto waits = at.begin<history_response>(request);
  at.loop.run_until([&waits] { return waits.done(); });
  EXPECT_TRUE(waits.get().has_history());
  EXPECT_EQ(waits.get().history().events_size(), 0);
  EXPECT_TRUE(waits.get().next_page_token().empty());
}

TEST_F(reading, a_wait_ends_with_an_empty_page_that_goes_on) {
  at.state->limit().history_long_poll = server::millisecond;
  at.start("w");
  for (const bool for_close : {true, false}) {
    auto request = waiting("w", for_close);
    if (!for_close) request.set_next_page_token(at.ask<history_response>(request).next_page_token());
    const auto waits = at.begin<history_response>(request);
    at.loop.run_until([&waits] { return waits.done(); });
    EXPECT_TRUE(waits.get().has_history());
    EXPECT_EQ(waits.get().history().events_size(), 0);
    ASSERT_FALSE(waits.get().next_page_token().empty());
    request.set_next_page_token(waits.get().next_page_token());
    at.state->limit().history_long_poll = minute;
    const auto again = at.begin<history_response>(request);
    EXPECT_FALSE(again.done());
    again.call->go_away();
    at.state->limit().history_long_poll = server::millisecond;
  }
  EXPECT_TRUE(at.state->namespaces().get("default").current.at("w")->watchers.empty());
}

TEST_F(reading, a_wait_ends_before_its_client_gives_up) {
  at.start("w");
  const auto soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(1001);
  const auto waits = at.begin<history_response>(waiting("w", true), soon);
  at.loop.run_until([&waits] { return waits.done(); });
  EXPECT_FALSE(waits.get().next_page_token().empty());
}

TEST_F(reading, a_client_that_goes_leaves_nothing_behind) {
  at.start("w");
  const auto waits = at.begin<history_response>(waiting("w", true));
  EXPECT_EQ(at.state->namespaces().get("default").current.at("w")->watchers.size(), 1U);
  waits.call->go_away();
  at.run_ready();
  EXPECT_TRUE(at.state->namespaces().get("default").current.at("w")->watchers.empty());
  EXPECT_EQ(at.front->under_way(), 0U);
  finish("w");
  EXPECT_FALSE(waits.done());
}

TEST_F(reading, pages_of_workflow_tasks_end_with_their_own_events) {
  at.start("w");
  at.fail(at.poll());
  at.state->limit().history_page = 2;
  const auto task = at.poll();
  std::vector<std::int64_t> ids;
  for (const auto& event : task.history().events()) ids.push_back(event.event_id());
  auto request = about<history_request>("w");
  request.set_next_page_token(task.next_page_token());
  while (!request.next_page_token().empty()) {
    const auto page = at.ask<history_response>(request);
    for (const auto& event : page.history().events()) ids.push_back(event.event_id());
    request.set_next_page_token(page.next_page_token());
  }
  EXPECT_EQ(ids, (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}));
}

TEST_F(reading, a_history_comes_backwards) {
  at.start("w");
  finish("w");
  auto request = about<reverse_request>("w");
  EXPECT_EQ(at.ask<reverse_response>(request).history().events_size(), 5);
  request.set_maximum_page_size(2);
  std::vector<std::int64_t> ids;
  do {
    const auto page = at.ask<reverse_response>(request);
    EXPECT_LE(page.history().events_size(), 2);
    for (const auto& event : page.history().events()) ids.push_back(event.event_id());
    request.set_next_page_token(page.next_page_token());
  } while (!request.next_page_token().empty());
  EXPECT_EQ(ids, (std::vector<std::int64_t>{5, 4, 3, 2, 1}));
}

TEST_F(reading, refuses_in_the_words_of_the_field) {
  const auto run_id = at.start("w");
  const std::string missing = "NOT_FOUND workflow execution not found for workflow ID ";
  const auto check = [&](const std::string& id, const std::string& run, const std::string& expected) {
    EXPECT_EQ(refused<history_response>(about<history_request>(id, run)), expected);
    EXPECT_EQ(refused<reverse_response>(about<reverse_request>(id, run)), expected);
    EXPECT_EQ(refused<describe_response>(about<describe_request>(id, run)), expected);
    auto deleting = deletion(id);
    deleting.mutable_workflow_execution()->set_run_id(run);
    EXPECT_EQ(refused<delete_response>(deleting), expected);
  };
  check("", "", "INVALID_ARGUMENT WorkflowId is not set on request.");
  check("w", "zz", "INVALID_ARGUMENT Invalid RunId.");
  check("w", no_run, missing + "\"w\" and run ID \"" + no_run + "\"");
  check("x", run_id, missing + "\"x\" and run ID \"" + run_id + "\"");
  check("x", "", "NOT_FOUND workflow not found for ID: x");
  auto nothing = about<history_request>("w");
  nothing.clear_execution();
  EXPECT_EQ(refused<history_response>(nothing), "INVALID_ARGUMENT Execution is not set on request.");
  nothing.clear_namespace_();
  EXPECT_EQ(refused<history_response>(nothing), "INVALID_ARGUMENT Namespace is empty.");
  auto request = about<history_request>("w");
  request.set_next_page_token("junk");
  EXPECT_EQ(refused<history_response>(request), "INVALID_ARGUMENT Invalid NextPageToken.");
  auto reverse = about<reverse_request>("w");
  reverse.set_next_page_token("junk");
  EXPECT_EQ(refused<reverse_response>(reverse), "INVALID_ARGUMENT Invalid NextPageToken.");
  request = waiting("w");
  request.set_next_page_token(at.ask<history_response>(waiting("w")).next_page_token());
  request.mutable_execution()->set_run_id(no_run);
  EXPECT_EQ(refused<history_response>(request),
            "INVALID_ARGUMENT RunId in the request does not match the NextPageToken.");
}

TEST_F(reading, a_run_is_described) {
  const auto run_id = at.start("w", [](service::StartWorkflowExecutionRequest& request) {
    (*request.mutable_memo()->mutable_fields())["m"].set_data("1");
    request.mutable_workflow_execution_timeout()->set_seconds(500);
    request.mutable_workflow_run_timeout()->set_seconds(300);
    request.mutable_user_metadata()->mutable_summary()->set_data("short");
    request.mutable_priority()->set_priority_key(2);
  });
  auto found = describe("w");
  const auto& config = found.execution_config();
  EXPECT_EQ(config.task_queue().name(), "queue");
  EXPECT_EQ(config.task_queue().kind(), enums::TASK_QUEUE_KIND_NORMAL);
  EXPECT_EQ(config.workflow_execution_timeout().seconds(), 500);
  EXPECT_EQ(config.workflow_run_timeout().seconds(), 300);
  EXPECT_EQ(config.default_workflow_task_timeout().seconds(), 10);
  EXPECT_EQ(config.user_metadata().summary().data(), "short");
  const auto& info = found.workflow_execution_info();
  EXPECT_EQ(info.execution().run_id(), run_id);
  EXPECT_EQ(info.first_run_id(), run_id);
  EXPECT_EQ(info.root_execution().workflow_id(), "w");
  EXPECT_EQ(info.status(), enums::WORKFLOW_EXECUTION_STATUS_RUNNING);
  EXPECT_EQ(info.history_length(), 2);
  EXPECT_GT(info.history_size_bytes(), 0);
  EXPECT_EQ(info.memo().fields().at("m").data(), "1");
  EXPECT_TRUE(info.has_search_attributes());
  EXPECT_TRUE(info.has_auto_reset_points());
  EXPECT_EQ(info.priority().priority_key(), 2);
  EXPECT_FALSE(info.has_close_time());
  const auto& more = found.workflow_extended_info();
  EXPECT_EQ(more.execution_expiration_time().seconds(), 1'577'836'800 + 500);
  EXPECT_EQ(more.run_expiration_time().seconds(), 1'577'836'800 + 300);
  EXPECT_EQ(more.original_start_time().seconds(), 1'577'836'800);
  EXPECT_FALSE(more.has_last_reset_time());
  EXPECT_EQ(more.request_id_infos().at("start of w").event_id(), 1);
  EXPECT_EQ(more.request_id_infos().at("start of w").event_type(), enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED);
}

TEST_F(reading, the_last_worker_and_absent_timeouts_are_described) {
  at.start("w");
  EXPECT_FALSE(describe("w").workflow_execution_info().has_most_recent_worker_version_stamp());
  at.complete(at.poll(), {timer_command("t", 60)},
              [](complete_request& request) { request.mutable_worker_version_stamp()->set_build_id("first"); });
  at.signal("w");
  at.complete(at.poll(), {},
              [](complete_request& request) { request.mutable_worker_version_stamp()->set_build_id("second"); });
  const auto found = describe("w");
  EXPECT_EQ(found.workflow_execution_info().most_recent_worker_version_stamp().build_id(), "second");
  EXPECT_TRUE(found.execution_config().has_workflow_execution_timeout());
  EXPECT_EQ(found.execution_config().workflow_run_timeout().seconds(), 0);
  EXPECT_FALSE(found.workflow_extended_info().has_run_expiration_time());
}

TEST_F(reading, the_open_workflow_task_is_described) {
  at.start("w");
  auto task = describe("w").pending_workflow_task();
  EXPECT_EQ(task.state(), enums::PENDING_WORKFLOW_TASK_STATE_SCHEDULED);
  EXPECT_EQ(task.scheduled_time().seconds(), 1'577'836'800);
  EXPECT_EQ(task.original_scheduled_time().seconds(), 1'577'836'800);
  EXPECT_EQ(task.attempt(), 1);
  at.pass(second);
  const auto polled = at.poll();
  task = describe("w").pending_workflow_task();
  EXPECT_EQ(task.state(), enums::PENDING_WORKFLOW_TASK_STATE_STARTED);
  EXPECT_EQ(task.started_time().seconds(), 1'577'836'801);
  at.complete(polled, {complete_command()});
  const auto closed = describe("w");
  EXPECT_FALSE(closed.has_pending_workflow_task());
  EXPECT_EQ(closed.workflow_execution_info().status(), enums::WORKFLOW_EXECUTION_STATUS_COMPLETED);
  EXPECT_EQ(closed.workflow_execution_info().close_time().seconds(), 1'577'836'801);
  EXPECT_EQ(closed.workflow_execution_info().execution_duration().seconds(), 1);
  EXPECT_EQ(closed.workflow_execution_info().history_length(), 5);
}

TEST_F(reading, a_closed_run_can_be_deleted) {
  const auto run_id = at.start("w");
  finish("w");
  at.ask<delete_response>(deletion("w"));
  EXPECT_EQ(refused<describe_response>(about<describe_request>("w")), "NOT_FOUND workflow not found for ID: w");
  EXPECT_EQ(refused<history_response>(about<history_request>("w", run_id)),
            "NOT_FOUND workflow execution not found for workflow ID \"w\" and run ID \"" + run_id + "\"");
  service::CountWorkflowExecutionsRequest count;
  count.set_namespace_("default");
  EXPECT_EQ(at.ask<service::CountWorkflowExecutionsResponse>(count).count(), 0);
  EXPECT_NE(at.start("w"), run_id);
}

TEST_F(reading, an_open_run_is_terminated_before_it_is_deleted) {
  at.start("w");
  const auto close = at.begin<history_response>(waiting("w", true));
  at.ask<delete_response>(deletion("w"));
  const auto closing = close.get().history();
  ASSERT_EQ(closing.events_size(), 1);
  const auto& event = closing.events(0);
  EXPECT_EQ(event.workflow_execution_terminated_event_attributes().reason(), "Delete workflow execution");
  EXPECT_EQ(event.workflow_execution_terminated_event_attributes().identity(), "history-service");
  EXPECT_EQ(refused<describe_response>(about<describe_request>("w")), "NOT_FOUND workflow not found for ID: w");
  EXPECT_TRUE(at.idle());
  service::CountWorkflowExecutionsRequest count;
  count.set_namespace_("default");
  EXPECT_EQ(at.ask<service::CountWorkflowExecutionsResponse>(count).count(), 0);
}

}  // namespace reading_test
}  // namespace rondo::test
