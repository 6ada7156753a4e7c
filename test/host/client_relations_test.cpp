#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "client_fixture.hpp"
#include "rondo/client.hpp"

// What goes beside the start of a workflow, what describe() tells of it, and keys that are renewed.
namespace rondo::test::client_relations_test {

using namespace client_test;
namespace enums = temporal::api::enums::v1;

using start_request = service::StartWorkflowExecutionRequest;
using signal_request = service::SignalWithStartWorkflowExecutionRequest;

class ClientRelations : public ClientTest {
 protected:
  std::shared_ptr<std::vector<start_request>> serve_start() {
    service::StartWorkflowExecutionResponse response;
    response.set_run_id("r");
    return serve<start_request>("StartWorkflowExecution", response);
  }
  /// A connection whose keys come from the function; the client's own is kept.
  rondo::client with_keys(std::function<std::string()> provider,
                          std::vector<std::pair<std::string, std::string>> metadata = {}) {
    auto transport = std::make_unique<io::memory_transport>(*loop);
    server = transport.get();
    client_options options;
    options.namespace_ = "shop";
    options.api_key = "never sent";
    options.api_key_provider = std::move(provider);
    options.metadata = std::move(metadata);
    keyed = std::make_shared<io::connection>(std::move(options), std::move(transport));
    keyed->retries().numbers.unary.initial = std::chrono::nanoseconds(0);
    keyed->retries().numbers.unary.maximum = std::chrono::nanoseconds(0);
    return rondo::client::over(keyed);
  }
  std::shared_ptr<io::connection> keyed;
};

TEST_F(ClientRelations, PriorityAndVersioningGoAlong) {
  const auto seen = serve_start();
  (void)client
      ->start_workflow("W", {.task_queue = "q",
                             .priority = priority{.key = 1, .fairness_key = "tenant", .fairness_weight = 0.5F},
                             .versioning = versioning_override::pinned("orders", "v1")})
      .get();
  const auto& request = seen->back();
  EXPECT_EQ(request.priority().priority_key(), 1);
  EXPECT_EQ(request.priority().fairness_key(), "tenant");
  EXPECT_EQ(request.priority().fairness_weight(), 0.5F);
  EXPECT_EQ(request.versioning_override().pinned().version().build_id(), "v1");
  EXPECT_FALSE(request.has_on_conflict_options());
  (void)client->start_workflow("W", {.task_queue = "q"}).get();
  EXPECT_FALSE(seen->back().has_priority());
  EXPECT_FALSE(seen->back().has_versioning_override());
  const std::string long_key(65, 'x');
  EXPECT_THROW((void)client->start_workflow("W", {.task_queue = "q", .priority = priority{.fairness_key = long_key}}),
               invalid_argument);
}

TEST_F(ClientRelations, CallbacksAndLinksGoAlong) {
  const auto seen = serve_start();
  const std::array<std::pair<std::string_view, std::string_view>, 1> callback_headers = {
      std::pair{std::string_view("token"), std::string_view("t")}};
  const std::array<completion_callback, 1> callbacks = {
      completion_callback{.url = "http://x", .headers = callback_headers}};
  const std::array<workflow_link, 1> links = {workflow_link{.workflow_id = "w", .run_id = "r", .event_id = 7}};
  (void)client
      ->start_workflow("W", {.task_queue = "q",
                             .conflict = id_conflict_policy::use_existing,
                             .completion_callbacks = callbacks,
                             .links = links})
      .get();
  const auto& request = seen->back();
  EXPECT_EQ(request.completion_callbacks(0).nexus().url(), "http://x");
  EXPECT_EQ(request.completion_callbacks(0).nexus().header().at("token"), "t");
  EXPECT_EQ(request.links(0).workflow_event().namespace_(), "shop");
  EXPECT_EQ(request.links(0).workflow_event().workflow_id(), "w");
  EXPECT_EQ(request.links(0).workflow_event().event_ref().event_id(), 7);
  EXPECT_TRUE(request.on_conflict_options().attach_request_id());
  EXPECT_TRUE(request.on_conflict_options().attach_completion_callbacks());
  EXPECT_TRUE(request.on_conflict_options().attach_links());
  const order none;
  const std::array<completion_callback, 1> nowhere{};
  EXPECT_THROW((void)client->start_workflow("W", {.task_queue = "q", .completion_callbacks = nowhere}),
               invalid_argument);
  EXPECT_THROW((void)(client->signal_with_start<order_workflow, &order_workflow::approve>(
                   {.task_queue = "q", .completion_callbacks = callbacks}, std::tuple{"ada", 1}, none, 1.0)),
               invalid_argument);
}

TEST_F(ClientRelations, DescribeTellsOfThem) {
  service::DescribeWorkflowExecutionResponse response;
  auto& info = *response.mutable_workflow_execution_info();
  info.mutable_priority()->set_priority_key(4);
  info.mutable_priority()->set_fairness_key("tenant");
  auto& versioning = *info.mutable_versioning_info();
  versioning.set_behavior(enums::VERSIONING_BEHAVIOR_PINNED);
  versioning.mutable_deployment_version()->set_build_id("v1");
  versioning.mutable_versioning_override()->mutable_pinned()->mutable_version()->set_build_id("v2");
  versioning.mutable_version_transition()->mutable_deployment_version()->set_build_id("v3");
  auto& operation = *response.add_pending_nexus_operations();
  operation.set_endpoint("payments");
  operation.set_operation("charge");
  operation.set_attempt(2);
  operation.mutable_last_attempt_failure()->set_message("no");
  response.mutable_workflow_extended_info()->mutable_pause_info()->set_identity("ada");
  response.mutable_workflow_extended_info()->mutable_pause_info()->set_reason("audit");
  serve<service::DescribeWorkflowExecutionRequest>("DescribeWorkflowExecution", response);
  const auto found = client->get_workflow_handle("w").describe().get();
  EXPECT_EQ(found.priority_key, 4);
  EXPECT_EQ(found.fairness_key, "tenant");
  EXPECT_EQ(found.versioning.behavior, versioning_behavior::pinned);
  EXPECT_EQ(found.versioning.version.build_id, "v1");
  EXPECT_EQ(found.versioning.override_kind, versioning_override::kind_type::pinned);
  EXPECT_EQ(found.versioning.override_version.build_id, "v2");
  EXPECT_EQ(found.versioning.transition_to.value().build_id, "v3");
  ASSERT_EQ(found.pending_nexus_operations.size(), 1U);
  EXPECT_EQ(found.pending_nexus_operations[0].endpoint, "payments");
  EXPECT_EQ(found.pending_nexus_operations[0].attempt, 2);
  EXPECT_EQ(found.pending_nexus_operations[0].last_failure_message, "no");
  EXPECT_EQ(found.paused_by, "ada");
  EXPECT_EQ(found.pause_reason, "audit");
}

TEST_F(ClientRelations, EveryAttemptBearsAKeyOfItsOwn) {
  int given = 0;
  const auto own = with_keys([&] { return "key-" + std::to_string(++given); });
  std::vector<std::string> seen;
  server->on(method_path("CountWorkflowExecutions"), [&](const io::memory_transport::call& call) {
    seen.push_back(header(call.metadata(), "authorization"));
    call.reply(service::CountWorkflowExecutionsResponse().SerializeAsString());
  });
  server->fail(method_path("CountWorkflowExecutions"), rpc_status(rpc_code::unavailable, "down"));
  (void)own.count_workflows().get();
  EXPECT_EQ(seen, std::vector<std::string>{"Bearer key-2"});
  (void)own.count_workflows().get();
  EXPECT_EQ(seen.back(), "Bearer key-3");
  own.set_api_key("fixed");
  (void)own.count_workflows().get();
  EXPECT_EQ(seen.back(), "Bearer fixed");
  EXPECT_EQ(given, 3);
}

TEST_F(ClientRelations, AKeyThatCannotBeHadEndsTheCall) {
  const auto own = with_keys([]() -> std::string { throw std::runtime_error("no vault"); });
  EXPECT_EQ(message_of<std::runtime_error>([&] { (void)own.count_workflows().get(); }), "no vault");
  EXPECT_EQ(calls("CountWorkflowExecutions"), 0U);
  const auto bad = with_keys([] { return std::string("a\nb"); });
  EXPECT_THROW((void)bad.count_workflows().get(), std::invalid_argument);
}

TEST_F(ClientRelations, TheUsersAuthorizationWins) {
  bool asked = false;
  const auto own = with_keys(
      [&] {
        asked = true;
        return std::string("key");
      },
      {{"Authorization", "Basic x"}});
  serve<service::CountWorkflowExecutionsRequest, service::CountWorkflowExecutionsResponse>("CountWorkflowExecutions");
  (void)own.count_workflows().get();
  EXPECT_EQ(header(headers, "authorization"), "Basic x");
  EXPECT_FALSE(asked);
}

}  // namespace rondo::test::client_relations_test
