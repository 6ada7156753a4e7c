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

server_time at(std::int64_t seconds) { return server_time(std::chrono::seconds(seconds)); }

TEST_F(ClientRelations, DescribeTellsOfTheCourse) {
  service::DescribeWorkflowExecutionResponse response;
  auto& info = *response.mutable_workflow_execution_info();
  info.set_state_transition_count(9);
  info.set_parent_namespace_id("n-1");
  info.mutable_parent_execution()->set_workflow_id("parent");
  auto& more = *response.mutable_workflow_extended_info();
  more.mutable_pause_info()->mutable_paused_time()->set_seconds(1);
  more.mutable_execution_expiration_time()->set_seconds(2);
  more.mutable_run_expiration_time()->set_seconds(3);
  more.mutable_last_reset_time()->set_seconds(4);
  more.mutable_original_start_time()->set_seconds(5);
  more.set_cancel_requested(true);
  more.set_reset_run_id("run-2");
  auto& task = *response.mutable_pending_workflow_task();
  task.set_state(enums::PENDING_WORKFLOW_TASK_STATE_STARTED);
  task.set_attempt(3);
  task.mutable_scheduled_time()->set_seconds(6);
  task.mutable_original_scheduled_time()->set_seconds(7);
  task.mutable_started_time()->set_seconds(8);
  auto& callback = *response.add_callbacks();
  callback.mutable_callback()->mutable_nexus()->set_url("http://there");
  callback.mutable_trigger()->mutable_update_workflow_execution_completed()->set_update_id("u");
  callback.set_request_id("r");
  callback.set_state(enums::CALLBACK_STATE_BACKING_OFF);
  callback.set_attempt(2);
  callback.mutable_registration_time()->set_seconds(9);
  callback.mutable_last_attempt_complete_time()->set_seconds(10);
  callback.mutable_next_attempt_schedule_time()->set_seconds(11);
  callback.mutable_last_attempt_failure()->set_message("refused");
  callback.mutable_last_attempt_failure()->mutable_application_failure_info();
  callback.set_blocked_reason("b");
  serve<service::DescribeWorkflowExecutionRequest>("DescribeWorkflowExecution", response);
  const auto found = client->get_workflow_handle("w").describe().get();
  EXPECT_EQ(found.state_transition_count, 9);
  EXPECT_EQ(found.parent_namespace_id, "n-1");
  EXPECT_EQ(found.paused_time, at(1));
  EXPECT_EQ(found.execution_expiration_time, at(2));
  EXPECT_EQ(found.run_expiration_time, at(3));
  EXPECT_EQ(found.last_reset_time, at(4));
  EXPECT_EQ(found.original_start_time, at(5));
  EXPECT_TRUE(found.cancel_requested);
  EXPECT_EQ(found.reset_run_id, "run-2");
  ASSERT_TRUE(found.workflow_task.has_value());
  EXPECT_TRUE(found.workflow_task->started);
  EXPECT_EQ(found.workflow_task->attempt, 3);
  EXPECT_EQ(found.workflow_task->scheduled_time, at(6));
  EXPECT_EQ(found.workflow_task->original_scheduled_time, at(7));
  EXPECT_EQ(found.workflow_task->started_time, at(8));
  ASSERT_EQ(found.callbacks.size(), 1U);
  const auto& told = found.callbacks[0];
  EXPECT_EQ(told.url, "http://there");
  EXPECT_EQ(told.update_id, "u");
  EXPECT_EQ(told.request_id, "r");
  EXPECT_EQ(told.state, workflow_callback_state::backing_off);
  EXPECT_EQ(told.attempt, 2);
  EXPECT_EQ(told.registration_time, at(9));
  EXPECT_EQ(told.last_attempt_complete_time, at(10));
  EXPECT_EQ(told.next_attempt_time, at(11));
  EXPECT_EQ(told.last_failure_message, "refused");
  EXPECT_THROW(std::rethrow_exception(told.last_failure), application_failure);
  EXPECT_EQ(told.blocked_reason, "b");
  EXPECT_EQ(found.raw().callbacks(0).request_id(), "r");
  EXPECT_THROW((void)workflow_description().raw(), std::logic_error);
}

TEST_F(ClientRelations, DescribeTellsWhatIsPending) {
  service::DescribeWorkflowExecutionResponse response;
  auto& activity = *response.add_pending_activities();
  activity.mutable_priority()->set_priority_key(4);
  activity.mutable_priority()->set_fairness_key("tenant");
  activity.mutable_priority()->set_fairness_weight(2);
  activity.set_paused(true);
  activity.mutable_pause_info()->mutable_pause_time()->set_seconds(1);
  activity.mutable_pause_info()->mutable_rule()->set_rule_id("rule");
  activity.mutable_pause_info()->mutable_rule()->set_identity("ada");
  activity.mutable_pause_info()->mutable_rule()->set_reason("audit");
  activity.mutable_activity_options()->mutable_task_queue()->set_name("q");
  activity.mutable_activity_options()->mutable_heartbeat_timeout()->set_seconds(2);
  activity.mutable_last_deployment_version()->set_deployment_name("d");
  activity.mutable_last_deployment_version()->set_build_id("v1");
  activity.mutable_current_retry_interval()->set_seconds(3);
  activity.mutable_last_attempt_complete_time()->set_seconds(4);
  auto& by_hand = *response.add_pending_activities()->mutable_pause_info()->mutable_manual();
  by_hand.set_identity("bob");
  by_hand.set_reason("lunch");
  response.add_pending_children()->set_parent_close_policy(enums::PARENT_CLOSE_POLICY_ABANDON);
  response.add_pending_children()->set_parent_close_policy(enums::PARENT_CLOSE_POLICY_REQUEST_CANCEL);
  auto& operation = *response.add_pending_nexus_operations();
  operation.set_state(enums::PENDING_NEXUS_OPERATION_STATE_BLOCKED);
  operation.mutable_schedule_to_close_timeout()->set_seconds(5);
  operation.mutable_schedule_to_start_timeout()->set_seconds(6);
  operation.mutable_start_to_close_timeout()->set_seconds(7);
  operation.mutable_last_attempt_complete_time()->set_seconds(8);
  operation.mutable_last_attempt_failure()->set_message("no");
  operation.mutable_last_attempt_failure()->mutable_application_failure_info();
  auto& cancellation = *operation.mutable_cancellation_info();
  cancellation.set_state(enums::NEXUS_OPERATION_CANCELLATION_STATE_TIMED_OUT);
  cancellation.mutable_requested_time()->set_seconds(9);
  cancellation.set_attempt(2);
  cancellation.mutable_last_attempt_failure()->set_message("late");
  cancellation.mutable_last_attempt_failure()->mutable_application_failure_info();
  serve<service::DescribeWorkflowExecutionRequest>("DescribeWorkflowExecution", response);
  const auto found = client->get_workflow_handle("w").describe().get();

  ASSERT_EQ(found.pending_activities.size(), 2U);
  const auto& pending = found.pending_activities[0];
  EXPECT_EQ(pending.priority_key, 4);
  EXPECT_EQ(pending.fairness_key, "tenant");
  EXPECT_EQ(pending.fairness_weight, 2);
  EXPECT_TRUE(pending.paused);
  EXPECT_EQ(pending.pause.value().paused_time, at(1));
  EXPECT_EQ(pending.pause->rule_id, "rule");
  EXPECT_EQ(pending.pause->identity, "ada");
  EXPECT_EQ(pending.pause->reason, "audit");
  EXPECT_EQ(pending.settings.task_queue, "q");
  EXPECT_EQ(pending.settings.heartbeat_timeout, std::chrono::seconds(2));
  EXPECT_EQ(pending.last_version.deployment_name, "d");
  EXPECT_EQ(pending.last_version.build_id, "v1");
  EXPECT_EQ(pending.current_retry_interval, std::chrono::seconds(3));
  EXPECT_EQ(pending.last_attempt_complete_time, at(4));
  EXPECT_EQ(found.pending_activities[1].pause.value().identity, "bob");
  EXPECT_EQ(found.pending_activities[1].pause->reason, "lunch");
  EXPECT_EQ(found.pending_activities[1].pause->rule_id, "");
  EXPECT_EQ(found.pending_children.at(0).parent_close, parent_close_policy::abandon);
  EXPECT_EQ(found.pending_children.at(1).parent_close, parent_close_policy::request_cancel);

  ASSERT_EQ(found.pending_nexus_operations.size(), 1U);
  const auto& called = found.pending_nexus_operations[0];
  EXPECT_EQ(called.state, pending_nexus_operation_state::blocked);
  EXPECT_EQ(called.schedule_to_close_timeout, std::chrono::seconds(5));
  EXPECT_EQ(called.schedule_to_start_timeout, std::chrono::seconds(6));
  EXPECT_EQ(called.start_to_close_timeout, std::chrono::seconds(7));
  EXPECT_EQ(called.last_attempt_complete_time, at(8));
  EXPECT_THROW(std::rethrow_exception(called.last_failure), application_failure);
  ASSERT_TRUE(called.cancellation.has_value());
  EXPECT_EQ(called.cancellation->state, nexus_operation_cancellation_state::timed_out);
  EXPECT_EQ(called.cancellation->requested_time, at(9));
  EXPECT_EQ(called.cancellation->attempt, 2);
  EXPECT_EQ(called.cancellation->last_failure_message, "late");
  EXPECT_THROW(std::rethrow_exception(called.cancellation->last_failure), application_failure);
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
