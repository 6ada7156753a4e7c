#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
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

}  // namespace client_list_test
