#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "client_fixture.hpp"
#include "rondo/client.hpp"

namespace client_list_test {

using namespace client_test;
using request_type = service::ListWorkflowExecutionsRequest;
using response_type = service::ListWorkflowExecutionsResponse;

class ClientList : public ClientTest {
 protected:
  /// Pages "", "a", "b" with 2, 0 and 1 workflows.
  static response_type page(const request_type& request) {
    response_type response;
    const auto add = [&](const std::string& id) {
      response.add_executions()->mutable_execution()->set_workflow_id(id);
    };
    if (request.next_page_token().empty()) {
      add("w1");
      add("w2");
      response.set_next_page_token("a");
    } else if (request.next_page_token() == "a") {
      response.set_next_page_token("b");
    } else {
      add("w3");
    }
    return response;
  }
  static std::string ids(const std::vector<rondo::workflow_summary>& of) {
    std::string all;
    for (const auto& each : of) all += each.id + " ";
    return all;
  }
};

TEST_F(ClientList, GoesFromPageToPage) {
  const auto seen = serve<request_type, response_type>("ListWorkflowExecutions", page);
  auto list = client->list_workflows("WorkflowType = 'x'", {.page_size = 2});
  EXPECT_FALSE(list.done());
  EXPECT_EQ(ids(list.next_page().get()), "w1 w2 ");
  EXPECT_EQ(list.page_token(), "a");
  EXPECT_FALSE(list.done());
  EXPECT_EQ(ids(list.next_page().get()), "w3 ");
  EXPECT_TRUE(list.done());
  EXPECT_TRUE(list.next_page().get().empty());
  ASSERT_EQ(seen->size(), 3U);
  for (const auto& request : *seen) {
    EXPECT_EQ(request.namespace_(), "shop");
    EXPECT_EQ(request.query(), "WorkflowType = 'x'");
    EXPECT_EQ(request.page_size(), 2);
  }
}

TEST_F(ClientList, GoesOnWhereAnotherStopped) {
  const auto seen = serve<request_type, response_type>("ListWorkflowExecutions", page);
  std::string token;
  {
    auto list = client->list_workflows();
    (void)list.next_page().get();
    token = list.page_token();
  }
  auto list = client->list_workflows({}, {.page_token = token});
  EXPECT_EQ(ids(list.next_page().get()), "w3 ");
  EXPECT_TRUE(list.done());
}

TEST_F(ClientList, RepeatsAPageThatFailed) {
  serve<request_type, response_type>("ListWorkflowExecutions", page);
  auto list = client->list_workflows();
  server->fail(method_path("ListWorkflowExecutions"),
               rondo::rpc_status(rondo::rpc_code::invalid_argument, "bad query"));
  EXPECT_EQ(message_of<rondo::invalid_argument>([&] { (void)list.next_page().get(); }),
            "list workflows: INVALID_ARGUMENT: bad query");
  EXPECT_FALSE(list.done());
  EXPECT_EQ(ids(list.next_page().get()), "w1 w2 ");
  server->fail(method_path("ListWorkflowExecutions"), rondo::rpc_status(rondo::rpc_code::permission_denied, "no"));
  EXPECT_THROW((void)list.next_page().get(), rondo::permission_denied);
  EXPECT_EQ(ids(list.next_page().get()), "w3 ");
}

TEST_F(ClientList, APageMayOutliveItsList) {
  serve<request_type, response_type>("ListWorkflowExecutions", page);
  auto call = client->list_workflows().next_page();
  EXPECT_EQ(ids(call.get()), "w1 w2 ");
}

TEST_F(ClientList, GivesOneAfterTheOther) {
  serve<request_type, response_type>("ListWorkflowExecutions", page);
  auto list = client->list_workflows();
  std::string found;
  for (const auto& each : list) found += each.id + " ";
  EXPECT_EQ(found, "w1 w2 w3 ");
  EXPECT_TRUE(list.done());
  EXPECT_FALSE(list.next().get().has_value());
}

TEST_F(ClientList, ItsTokenIsThatOfThePageUnderWay) {
  serve<request_type, response_type>("ListWorkflowExecutions", page);
  auto list = client->list_workflows();
  EXPECT_EQ(list.next().get().value().id, "w1");
  EXPECT_EQ(list.page_token(), "");
  EXPECT_FALSE(list.done());
  EXPECT_EQ(ids(list.next_page().get()), "w2 ");
  EXPECT_EQ(list.page_token(), "a");
  auto rest = client->list_workflows({}, {.page_token = list.page_token()});
  EXPECT_EQ(rest.next().get().value().id, "w3");
}

TEST_F(ClientList, AnItemThatFailedCanBeAskedForAgain) {
  serve<request_type, response_type>("ListWorkflowExecutions", page);
  auto list = client->list_workflows();
  server->fail(method_path("ListWorkflowExecutions"), rondo::rpc_status(rondo::rpc_code::permission_denied, "no"));
  EXPECT_THROW((void)list.next().get(), rondo::permission_denied);
  EXPECT_EQ(list.next().get().value().id, "w1");
}

asio::awaitable<std::string> first_two(const rondo::client* client) {
  std::string found;
  auto list = client->list_workflows({}, {.limit = 2});
  while (auto each = co_await list.next()) found += each->id + " ";
  co_return found;
}

TEST_F(ClientList, EndsAtItsLimit) {
  serve<request_type, response_type>("ListWorkflowExecutions", page);
  EXPECT_EQ(client->run(first_two(client.get())), "w1 w2 ");
  EXPECT_EQ(calls("ListWorkflowExecutions"), 1U);
  auto one = client->list_workflows({}, {.limit = 1});
  EXPECT_EQ(ids(one.next_page().get()), "w1 ");
  EXPECT_TRUE(one.done());
  auto all = client->list_workflows({}, {.limit = 3});
  std::string found;
  for (const auto& each : all) found += each.id + " ";
  EXPECT_EQ(found, "w1 w2 w3 ");
}

TEST_F(ClientList, GoesThroughTheArchive) {
  using archived_request = service::ListArchivedWorkflowExecutionsRequest;
  using archived_response = service::ListArchivedWorkflowExecutionsResponse;
  const auto seen =
      serve<archived_request, archived_response>("ListArchivedWorkflowExecutions", [](const archived_request& asked) {
        archived_response response;
        const bool first = asked.next_page_token().empty();
        auto& added = *response.add_executions();
        added.mutable_execution()->set_workflow_id(first ? "old1" : "old2");
        added.mutable_execution()->set_run_id("run");
        added.mutable_type()->set_name("W");
        added.set_status(temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_COMPLETED);
        if (first) response.set_next_page_token("more");
        return response;
      });
  std::string found;
  for (const auto& each : client->list_archived_workflows("WorkflowType = 'W'", {.page_size = 1})) {
    found += each.id + " ";
    EXPECT_EQ(each.run_id, "run");
    EXPECT_EQ(each.type, "W");
    EXPECT_EQ(each.status, rondo::workflow_status::completed);
  }
  EXPECT_EQ(found, "old1 old2 ");
  ASSERT_EQ(seen->size(), 2U);
  for (const auto& request : *seen) {
    EXPECT_EQ(request.namespace_(), "shop");
    EXPECT_EQ(request.query(), "WorkflowType = 'W'");
    EXPECT_EQ(request.page_size(), 1);
  }
  EXPECT_EQ(seen->back().next_page_token(), "more");
  refuse("ListArchivedWorkflowExecutions", rondo::rpc_status(rondo::rpc_code::invalid_argument, "no archive"));
  EXPECT_EQ(message_of<rondo::invalid_argument>([&] { (void)client->list_archived_workflows().next_page().get(); }),
            "list archived workflows: INVALID_ARGUMENT: no archive");
}

TEST_F(ClientList, GivesTheArchiveMinutesForAnAnswer) {
  io::time_point archive, others;
  server->on(method_path("ListArchivedWorkflowExecutions"), [&](const io::memory_transport::call& call) {
    archive = call.deadline();
    call.reply({});
  });
  server->on(method_path("ListWorkflowExecutions"), [&](const io::memory_transport::call& call) {
    others = call.deadline();
    call.reply({});
  });
  const auto begin = io::steady_clock::now();
  (void)client->list_archived_workflows().next_page().get();
  (void)client->list_workflows().next_page().get();
  EXPECT_GE(archive - begin, std::chrono::minutes(3));
  EXPECT_LT(others - begin, std::chrono::minutes(3));
}

TEST_F(ClientList, Counts) {
  service::CountWorkflowExecutionsResponse response;
  response.set_count(7);
  auto& group = *response.add_groups();
  group.set_count(3);
  group.add_group_values()->set_data("\"Running\"");
  const auto seen = serve<service::CountWorkflowExecutionsRequest>("CountWorkflowExecutions", response);
  const auto count = client->count_workflows("GROUP BY ExecutionStatus").get();
  EXPECT_EQ(seen->front().query(), "GROUP BY ExecutionStatus");
  EXPECT_EQ(seen->front().namespace_(), "shop");
  EXPECT_EQ(count.total, 7);
  ASSERT_EQ(count.groups.size(), 1U);
  EXPECT_EQ(count.groups[0].count, 3);
  EXPECT_EQ(count.groups[0].values.at(0).data, "\"Running\"");
}

using history_request = service::GetWorkflowExecutionHistoryRequest;
using history_response = service::GetWorkflowExecutionHistoryResponse;

class ClientEvents : public ClientTest {
 protected:
  /// Pages "", "a", "b" with events 1 and 2, with none, and with event 3.
  static history_response page(const history_request& request) {
    history_response response;
    const auto add = [&](std::int64_t id) {
      auto& event = *response.mutable_history()->add_events();
      event.set_event_id(id);
      event.mutable_event_time()->set_seconds(100 + id);
      event.set_event_type(id == 1 ? temporal::api::enums::v1::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED
                                   : temporal::api::enums::v1::EVENT_TYPE_TIMER_FIRED);
    };
    if (request.next_page_token().empty()) {
      add(1);
      add(2);
      response.set_next_page_token("a");
    } else if (request.next_page_token() == "a") {
      response.set_next_page_token("b");
    } else {
      add(3);
    }
    return response;
  }
  rondo::workflow_handle<> handle() const { return client->get_workflow_handle("w", "run-1"); }
};

TEST_F(ClientEvents, ComePageByPage) {
  const auto seen = serve<history_request, history_response>("GetWorkflowExecutionHistory", page);
  auto events = handle().events();
  const auto first = events.next_page().get();
  EXPECT_EQ(seen->size(), 1U);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].id(), 1);
  EXPECT_EQ(first[0].type(), "WorkflowExecutionStarted");
  EXPECT_EQ(first[0].time(), rondo::server_time(std::chrono::seconds(101)));
  EXPECT_EQ(first[0].bytes(), first[0].message().SerializeAsString());
  EXPECT_EQ(first[1].type(), "TimerFired");
  const auto second = events.next_page().get();
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].id(), 3);
  EXPECT_TRUE(events.done());
  ASSERT_EQ(seen->size(), 3U);
  for (const auto& request : *seen) {
    EXPECT_EQ(request.execution().workflow_id(), "w");
    EXPECT_EQ(request.execution().run_id(), "run-1");
    EXPECT_FALSE(request.wait_new_event());
    EXPECT_FALSE(request.skip_archival());
    EXPECT_EQ(request.history_event_filter_type(), 0);
  }
  std::string ids;
  for (const auto& each : handle().events({.page_size = 2, .page_token = "b", .limit = 1})) {
    ids += std::to_string(each.id()) + " ";
  }
  EXPECT_EQ(ids, "3 ");
  EXPECT_EQ(seen->back().maximum_page_size(), 2);
}

TEST_F(ClientEvents, AreWaitedFor) {
  int times = 0;
  std::vector<history_request> seen;
  server->on(method_path("GetWorkflowExecutionHistory"), [&](const io::memory_transport::call& call) {
    seen.emplace_back().ParseFromString(call.request());
    if (++times == 1) {
      call.fail(rondo::rpc_status(rondo::rpc_code::deadline_exceeded, "nothing yet"));
    } else {
      call.reply({});
    }
  });
  auto last = handle().events({.wait_new = true, .close_event_only = true, .skip_archival = true});
  EXPECT_FALSE(last.next().get().has_value());
  ASSERT_EQ(seen.size(), 2U) << "asked again when the server held the call for too long";
  EXPECT_TRUE(seen[1].wait_new_event());
  EXPECT_TRUE(seen[1].skip_archival());
  EXPECT_EQ(seen[1].history_event_filter_type(), temporal::api::enums::v1::HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT);
}

TEST_F(ClientList, BecomesHistories) {
  const auto seen = serve<request_type, response_type>("ListWorkflowExecutions", page);
  server->on(method_path("GetWorkflowExecutionHistory"), [](const io::memory_transport::call& call) {
    history_request request;
    request.ParseFromString(call.request());
    history_response response;
    response.mutable_history()->add_events()->set_event_id(1);
    if (request.execution().workflow_id() == "w2") {
      call.fail(rondo::rpc_status(rondo::rpc_code::not_found, "it is gone"));
    } else {
      call.reply(response.SerializeAsString());
    }
  });
  std::string ids;
  for (const auto& each : client->list_histories("WorkflowType = 'x'")) {
    ids += each.workflow_id() + " ";
    EXPECT_EQ(each.events(), 1U);
  }
  EXPECT_EQ(ids, "w1 w3 ");
  EXPECT_EQ(seen->front().query(), "WorkflowType = 'x'");
  EXPECT_EQ(seen->front().page_size(), 10);
}

}  // namespace client_list_test
