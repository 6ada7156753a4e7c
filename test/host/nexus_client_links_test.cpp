#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "host/nexus_fixture.hpp"
#include "rondo/client/activities.hpp"
#include "rondo/detail/worker/nexus_links.hpp"
#include "rondo/detail/worker/session.hpp"
#include "rondo/nexus.hpp"

// Links of what handlers of Nexus operations do with their clients.
namespace rondo::test::nexus_client_links_test {

using signal_request = service::SignalWorkflowExecutionRequest;
using signal_answer = service::SignalWorkflowExecutionResponse;
using signal_start_request = service::SignalWithStartWorkflowExecutionRequest;
using signal_start_answer = service::SignalWithStartWorkflowExecutionResponse;
using query_request = service::QueryWorkflowRequest;
using query_answer = service::QueryWorkflowResponse;
using start_request = service::StartWorkflowExecutionRequest;
using start_answer = service::StartWorkflowExecutionResponse;
using activity_request = service::StartActivityExecutionRequest;
using activity_answer = service::StartActivityExecutionResponse;
using update_request = service::UpdateWorkflowExecutionRequest;
using update_answer = service::UpdateWorkflowExecutionResponse;

struct shop {
  static constexpr std::string_view name = "shop";
  static constexpr nexus_operation<void, void> tells{"tells"};
  static constexpr nexus_operation<void, void> asks{"asks"};
  static constexpr nexus_operation<void, void> starts{"starts"};
  static constexpr nexus_operation<void, int> goes_on{"goes_on"};
};

task<int> packs(int pieces) { co_return pieces; }

asio::awaitable<void> tell(nexus_context& context) {
  context.add_link({.url = "https://orders", .type = "order"});
  const auto cart = context.client().get_workflow_handle("cart");
  co_await cart.signal("add", 7);
  const start_workflow_options options{.id = "box", .task_queue = "queue"};
  std::tuple<int> pieces(7);
  co_await context.client().signal_with_start("packs", options, "add", pieces, 1);
}
asio::awaitable<void> ask(nexus_context& context) {
  const auto cart = context.client().get_workflow_handle("cart");
  co_await cart.query<void>("full");
  co_await cart.query<void>("full");
  co_await cart.execute_update<void>("clear");
}
asio::awaitable<void> start_others(nexus_context& context) {
  const start_workflow_options options{
      .id = "box", .task_queue = "queue", .conflict = id_conflict_policy::use_existing};
  co_await context.client().start_workflow("packs", options, 7);
  const activity_client activities(context.client());
  const start_activity_options how{.id = "charge",
                                   .task_queue = "queue",
                                   .start_to_close_timeout = std::chrono::seconds(1),
                                   .conflict = activity_conflict_policy::use_existing};
  co_await activities.start("charge", how);
}

class nexus_client_links : public worker_nexus_test {
 protected:
  void SetUp() override {
    registry all;
    all.nexus_service(nexus_handlers<shop>()
                          .operation(shop::tells, tell)
                          .operation(shop::asks, ask)
                          .operation(shop::starts, start_others)
                          .operation(shop::goes_on, [](nexus_context& context) {
                            return context.start_workflow<packs>({.id = "box"}, 1);
                          }));
    start(std::move(all));
  }
  static nexus_task linked(nexus_task made) {
    auto& link = *made.mutable_request()->mutable_start_operation()->add_links();
    link.set_url(
        "temporal:///namespaces/n/workflows/caller/r/history?eventID=5&eventType=NexusOperationScheduled&"
        "referenceType=EventReference");
    link.set_type("temporal.api.common.v1.Link.WorkflowEvent");
    return made;
  }
  static void lead_to(const char* workflow_id, temporal::api::common::v1::Link& link) {
    link.mutable_workflow()->set_namespace_("shop");
    link.mutable_workflow()->set_workflow_id(workflow_id);
    link.mutable_workflow()->set_run_id("run-1");
  }
  template <class Request, class Response>
  void answer_with(std::function<void(Response&)> fill) {
    server.answer<Request, Response>([fill = std::move(fill)](const auto&, auto& response) {
      fill(response);
      return rpc_status();
    });
  }
  std::vector<std::string> links_of(const char* operation) {
    const auto answer = completion_of(linked(request(operation)));
    std::vector<std::string> found;
    for (const auto& each : answer.response().start_operation().sync_success().links()) found.push_back(each.url());
    return found;
  }
  template <class Message>
  static std::string caller_of(const Message& sent) {
    return sent.links_size() == 1 ? sent.links(0).workflow_event().workflow_id()
                                  : std::to_string(sent.links_size()) + " links";
  }
};

TEST_F(nexus_client_links, go_with_signals_and_come_back) {
  answer_with<signal_request, signal_answer>([](auto& response) { lead_to("cart", *response.mutable_link()); });
  answer_with<signal_start_request, signal_start_answer>([](auto& response) {
    response.set_run_id("run-1");
    lead_to("box", *response.mutable_signal_link());
  });
  const std::vector<std::string> expected{"https://orders", "temporal:///namespaces/shop/workflows/cart/run-1",
                                          "temporal:///namespaces/shop/workflows/box/run-1"};
  EXPECT_EQ(links_of("tells"), expected);
  EXPECT_EQ(caller_of(server.seen<signal_request>().at(0)), "caller");
  EXPECT_EQ(caller_of(server.seen<signal_start_request>().at(0)), "caller");
}

TEST_F(nexus_client_links, are_not_made_up_for_signals) {
  EXPECT_EQ(links_of("tells"), std::vector<std::string>{"https://orders"});
  completion_of(request("tells"));
  EXPECT_EQ(server.seen<signal_request>().at(1).links_size(), 0) << "each request has links of its own";
}

TEST_F(nexus_client_links, of_queries_and_updates_come_back_once) {
  answer_with<query_request, query_answer>([](auto& response) {
    lead_to("cart", *response.mutable_link());
    response.mutable_link()->mutable_workflow()->set_reason("a query");
  });
  answer_with<update_request, update_answer>([](auto& response) {
    response.set_stage(enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED);
    response.mutable_outcome()->mutable_success();
    lead_to("cart", *response.mutable_link());
  });
  const std::string cart = "temporal:///namespaces/shop/workflows/cart/run-1";
  const std::vector<std::string> expected{cart + "?reason=a%20query", cart};
  EXPECT_EQ(links_of("asks"), expected);
}

TEST_F(nexus_client_links, go_with_starts_and_lead_to_what_was_started) {
  answer_with<start_request, start_answer>([](auto& response) { response.set_run_id("run-1"); });
  answer_with<activity_request, activity_answer>([](auto& response) { response.set_run_id("run-2"); });
  const std::vector<std::string> expected{
      "temporal:///namespaces/shop/workflows/box/run-1/"
      "history?eventID=1&eventType=WorkflowExecutionStarted&referenceType=EventReference",
      "temporal:///namespaces/shop/activities/charge/run-2/details"};
  EXPECT_EQ(links_of("starts"), expected);
  const auto workflow = server.seen<start_request>().at(0);
  EXPECT_EQ(caller_of(workflow), "caller");
  EXPECT_TRUE(workflow.on_conflict_options().attach_links());
  EXPECT_EQ(workflow.completion_callbacks_size(), 0) << "the operation does not wait for it";
  const auto activity = server.seen<activity_request>().at(0);
  EXPECT_EQ(caller_of(activity), "caller");
  EXPECT_TRUE(activity.on_conflict_options().attach_links());
}

TEST_F(nexus_client_links, are_there_once_with_what_the_operation_goes_on_as) {
  answer_with<start_request, start_answer>([](auto& response) { response.set_run_id("run-1"); });
  const auto answer = completion_of(linked(request("goes_on")));
  EXPECT_EQ(answer.response().start_operation().async_success().links_size(), 1);
  EXPECT_EQ(caller_of(server.seen<start_request>().at(0)), "caller");
}

}  // namespace rondo::test::nexus_client_links_test
