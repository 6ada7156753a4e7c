#include "rondo/client/workflow_commands.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>

#include "client_fixture.hpp"

namespace rondo::test::client_commands_test {

using namespace client_test;
using namespace std::chrono_literals;
namespace enums = temporal::api::enums::v1;

using reset_request = service::ResetWorkflowExecutionRequest;
using history_request = service::GetWorkflowExecutionHistoryRequest;
using reverse_request = service::GetWorkflowExecutionHistoryReverseRequest;

class ClientCommands : public ClientTest {
 protected:
  workflow_commands commands() const { return workflow_commands(*client, "order-1", "run-1"); }
  template <class Response>
  static void add_event(Response& to, std::int64_t id, enums::EventType type) {
    auto& event = *to.mutable_history()->add_events();
    event.set_event_id(id);
    event.set_event_type(type);
  }
  std::shared_ptr<std::vector<reset_request>> serve_reset() {
    service::ResetWorkflowExecutionResponse response;
    response.set_run_id("run-2");
    return serve<reset_request>("ResetWorkflowExecution", response);
  }
  template <class Function>
  static std::string refusal(Function function) {
    return message_of<invalid_argument>(function);
  }
};

TEST_F(ClientCommands, ResetsToAnEvent) {
  const auto seen = serve_reset();
  payload_list arguments(1);
  arguments[0].data = "1";
  const std::array<reset_signal, 2> signals = {reset_signal{.name = "go", .arguments = &arguments},
                                               reset_signal{.name = "on"}};
  const auto run = commands()
                       .reset({.to = reset_point::event(4),
                               .reason = "a bug",
                               .leave_out_signals = true,
                               .leave_out_updates = true,
                               .leave_out_nexus = true,
                               .signals = signals,
                               .change_options = workflow_options_change{.priority = priority{.key = 2}}})
                       .get();
  EXPECT_EQ(run, "run-2");
  const auto& request = seen->front();
  EXPECT_EQ(request.namespace_(), "shop");
  EXPECT_EQ(request.identity(), "tester");
  EXPECT_EQ(request.request_id().size(), 36U);
  EXPECT_EQ(request.workflow_execution().workflow_id(), "order-1");
  EXPECT_EQ(request.workflow_execution().run_id(), "run-1");
  EXPECT_EQ(header(headers, "temporal-resource-id"), "workflow:order-1");
  EXPECT_EQ(request.workflow_task_finish_event_id(), 4);
  EXPECT_EQ(request.reason(), "a bug");
  ASSERT_EQ(request.reset_reapply_exclude_types_size(), 3);
  EXPECT_EQ(request.reset_reapply_exclude_types(0), enums::RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL);
  EXPECT_EQ(request.reset_reapply_exclude_types(1), enums::RESET_REAPPLY_EXCLUDE_TYPE_UPDATE);
  EXPECT_EQ(request.reset_reapply_exclude_types(2), enums::RESET_REAPPLY_EXCLUDE_TYPE_NEXUS);
  ASSERT_EQ(request.post_reset_operations_size(), 3);
  EXPECT_EQ(request.post_reset_operations(0).signal_workflow().signal_name(), "go");
  EXPECT_EQ(texts(request.post_reset_operations(0).signal_workflow().input()), "1");
  EXPECT_FALSE(request.post_reset_operations(1).signal_workflow().has_input());
  const auto& change = request.post_reset_operations(2).update_workflow_options();
  EXPECT_EQ(change.update_mask().paths(0), "priority");
  EXPECT_EQ(change.workflow_execution_options().priority().priority_key(), 2);
}

TEST_F(ClientCommands, ResetsToTheFirstWorkflowTask) {
  const auto seen = serve_reset();
  serve<history_request, service::GetWorkflowExecutionHistoryResponse>(
      "GetWorkflowExecutionHistory", [](const history_request& request) {
        service::GetWorkflowExecutionHistoryResponse response;
        if (request.next_page_token().empty()) {
          add_event(response, 1, enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED);
          add_event(response, 2, enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED);
          response.set_next_page_token("more");
        } else {
          add_event(response, 4, enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED);
          add_event(response, 9, enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED);
        }
        return response;
      });
  (void)commands().reset({.to = reset_point::first_workflow_task()}).get();
  EXPECT_EQ(seen->front().workflow_task_finish_event_id(), 4);
}

TEST_F(ClientCommands, ResetsToTheLastWorkflowTask) {
  const auto seen = serve_reset();
  service::GetWorkflowExecutionHistoryReverseResponse response;
  add_event(response, 12, enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED);
  add_event(response, 10, enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED);
  add_event(response, 4, enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED);
  const auto asked = serve<reverse_request>("GetWorkflowExecutionHistoryReverse", response);
  (void)commands().reset().get();
  EXPECT_EQ(asked->front().execution().run_id(), "run-1");
  EXPECT_EQ(seen->front().workflow_task_finish_event_id(), 10);
}

TEST_F(ClientCommands, ResetsToATaskThatHasNotCompleted) {
  const auto seen = serve_reset();
  service::GetWorkflowExecutionHistoryReverseResponse response;
  add_event(response, 2, enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED);
  serve<reverse_request>("GetWorkflowExecutionHistoryReverse", response);
  (void)commands().reset().get();
  EXPECT_EQ(seen->front().workflow_task_finish_event_id(), 3);
}

TEST_F(ClientCommands, ResetsToABuild) {
  const auto seen = serve_reset();
  service::DescribeWorkflowExecutionResponse response;
  auto& point = *response.mutable_workflow_execution_info()->mutable_auto_reset_points()->add_points();
  point.set_build_id("v2");
  point.set_first_workflow_task_completed_id(7);
  serve<service::DescribeWorkflowExecutionRequest>("DescribeWorkflowExecution", response);
  auto later = [&] {
    const std::string build = "v2";
    return commands().reset({.to = reset_point::build(build)});
  }();
  (void)later.get();
  EXPECT_EQ(seen->front().workflow_task_finish_event_id(), 7);
  EXPECT_EQ(refusal([&] { (void)commands().reset({.to = reset_point::build("v3")}).get(); }),
            "reset workflow 'order-1': INVALID_ARGUMENT: no workflow task of it was completed by build 'v3'");
}

TEST_F(ClientCommands, RefusesResetsThatMakeNoSense) {
  serve_reset();
  serve<reverse_request, service::GetWorkflowExecutionHistoryReverseResponse>("GetWorkflowExecutionHistoryReverse");
  EXPECT_EQ(refusal([&] { (void)commands().reset().get(); }),
            "reset workflow 'order-1': INVALID_ARGUMENT: there is no workflow task to go back to");
  EXPECT_THROW((void)commands().reset({.to = reset_point::event(-1)}).get(), invalid_argument);
  const std::array<reset_signal, 1> nameless{};
  EXPECT_EQ(refusal([&] { (void)commands().reset({.signals = nameless}); }),
            "reset workflow 'order-1': INVALID_ARGUMENT: the name of a signal is missing");
  EXPECT_EQ(calls("ResetWorkflowExecution"), 0U);
}

TEST_F(ClientCommands, DeletesPausesAndUnpauses) {
  const auto deleted = serve<service::DeleteWorkflowExecutionRequest, service::DeleteWorkflowExecutionResponse>(
      "DeleteWorkflowExecution");
  commands().remove().get();
  EXPECT_EQ(deleted->front().workflow_execution().workflow_id(), "order-1");
  EXPECT_EQ(deleted->front().workflow_execution().run_id(), "run-1");
  const auto paused =
      serve<service::PauseWorkflowExecutionRequest, service::PauseWorkflowExecutionResponse>("PauseWorkflowExecution");
  commands().pause("audit").get();
  EXPECT_EQ(paused->front().workflow_id(), "order-1");
  EXPECT_EQ(paused->front().run_id(), "run-1");
  EXPECT_EQ(paused->front().reason(), "audit");
  EXPECT_EQ(paused->front().request_id().size(), 36U);
  const auto unpaused = serve<service::UnpauseWorkflowExecutionRequest, service::UnpauseWorkflowExecutionResponse>(
      "UnpauseWorkflowExecution");
  workflow_commands(*client, client->get_workflow_handle("order-2")).unpause().get();
  EXPECT_EQ(unpaused->front().workflow_id(), "order-2");
  EXPECT_EQ(unpaused->front().run_id(), "");
  refuse("PauseWorkflowExecution", rpc_status(rpc_code::unimplemented, "workflow pause is not enabled"));
  EXPECT_EQ(message_of<rpc_error>([&] { commands().pause().get(); }),
            "pause workflow 'order-1': UNIMPLEMENTED: workflow pause is not enabled; the server is too old for this "
            "call");
}

TEST_F(ClientCommands, ChangesTheOptionsOfAWorkflow) {
  service::UpdateWorkflowExecutionOptionsResponse response;
  auto& options = *response.mutable_workflow_execution_options();
  options.mutable_versioning_override()->mutable_one_time()->mutable_target_deployment_version()->set_build_id("v2");
  options.mutable_priority()->set_fairness_key("tenant");
  const auto seen = serve<service::UpdateWorkflowExecutionOptionsRequest>("UpdateWorkflowExecutionOptions", response);
  const auto now = commands()
                       .update_options({.versioning = versioning_override::pinned("orders", "v1"),
                                        .priority = priority{.key = 1, .fairness_key = "tenant", .fairness_weight = 2}})
                       .get();
  EXPECT_EQ(now.versioning, versioning_override::kind_type::one_time);
  EXPECT_EQ(now.version.build_id, "v2");
  EXPECT_EQ(now.fairness_key, "tenant");
  const auto& first = seen->back();
  EXPECT_EQ(first.update_mask().paths(0), "versioning_override");
  EXPECT_EQ(first.update_mask().paths(1), "priority");
  const auto& pinned = first.workflow_execution_options().versioning_override().pinned();
  EXPECT_EQ(pinned.version().deployment_name(), "orders");
  EXPECT_EQ(pinned.behavior(), temporal::api::workflow::v1::VersioningOverride::PINNED_OVERRIDE_BEHAVIOR_PINNED);
  EXPECT_EQ(first.workflow_execution_options().priority().fairness_weight(), 2);

  (void)commands().update_options({.versioning = versioning_override::one_time("orders", "v3")}).get();
  EXPECT_EQ(
      seen->back().workflow_execution_options().versioning_override().one_time().target_deployment_version().build_id(),
      "v3");
  EXPECT_EQ(seen->back().update_mask().paths_size(), 1);
  (void)commands().update_options({.versioning = versioning_override::auto_upgrade()}).get();
  EXPECT_TRUE(seen->back().workflow_execution_options().versioning_override().auto_upgrade());
  (void)commands().update_options({.versioning = versioning_override{}}).get();
  EXPECT_FALSE(seen->back().workflow_execution_options().has_versioning_override());
  EXPECT_EQ(seen->back().update_mask().paths(0), "versioning_override");

  EXPECT_EQ(refusal([&] { (void)commands().update_options({}); }),
            "update the options of workflow 'order-1': INVALID_ARGUMENT: nothing is to change");
  EXPECT_EQ(
      refusal([&] { (void)commands().update_options({.versioning = versioning_override::pinned("orders", "")}); }),
      "update the options of workflow 'order-1': INVALID_ARGUMENT: versioning needs deployment_name and build_id");
  EXPECT_EQ(refusal([&] { (void)commands().update_options({.priority = priority{.key = -1}}); }),
            "update the options of workflow 'order-1': INVALID_ARGUMENT: priority.key must not be negative");
}

TEST_F(ClientCommands, PausesUnpausesAndResetsActivities) {
  const auto paused = serve<service::PauseActivityRequest, service::PauseActivityResponse>("PauseActivity");
  commands().pause_activity(activity_selector::by_type("Charge"), "audit").get();
  EXPECT_EQ(paused->back().type(), "Charge");
  EXPECT_EQ(paused->back().reason(), "audit");
  EXPECT_EQ(paused->back().execution().workflow_id(), "order-1");
  commands().pause_activity(activity_selector::by_id("a")).get();
  EXPECT_EQ(paused->back().id(), "a");
  EXPECT_EQ(refusal([&] { commands().pause_activity(activity_selector::all()).get(); }),
            "pause all activities of workflow 'order-1': INVALID_ARGUMENT: activities are named by id or type here");
  EXPECT_EQ(refusal([&] { commands().pause_activity(activity_selector::by_id("")).get(); }),
            "pause activity '' of workflow 'order-1': INVALID_ARGUMENT: the id or type of the activity is missing");

  const auto unpaused = serve<service::UnpauseActivityRequest, service::UnpauseActivityResponse>("UnpauseActivity");
  commands()
      .unpause_activity(activity_selector::all(), {.reset_attempts = true, .reset_heartbeat = true, .jitter = 3s})
      .get();
  EXPECT_TRUE(unpaused->back().unpause_all());
  EXPECT_TRUE(unpaused->back().reset_attempts());
  EXPECT_TRUE(unpaused->back().reset_heartbeat());
  EXPECT_EQ(unpaused->back().jitter().seconds(), 3);

  const auto reset = serve<service::ResetActivityRequest, service::ResetActivityResponse>("ResetActivity");
  commands()
      .reset_activity(activity_selector::all(),
                      {.reset_heartbeat = true, .keep_paused = true, .restore_original_options = true, .jitter = 4s})
      .get();
  EXPECT_TRUE(reset->back().match_all());
  EXPECT_TRUE(reset->back().reset_heartbeat());
  EXPECT_TRUE(reset->back().keep_paused());
  EXPECT_TRUE(reset->back().restore_original_options());
  EXPECT_EQ(reset->back().jitter().seconds(), 4);
  EXPECT_THROW(commands().reset_activity(activity_selector::all(), {.jitter = -1s}).get(), invalid_argument);
}

TEST_F(ClientCommands, ChangesTheOptionsOfAnActivity) {
  service::UpdateActivityOptionsResponse response;
  response.mutable_activity_options()->mutable_task_queue()->set_name("slow");
  response.mutable_activity_options()->mutable_heartbeat_timeout()->set_seconds(9);
  response.mutable_activity_options()->mutable_retry_policy()->set_maximum_attempts(3);
  const auto seen = serve<service::UpdateActivityOptionsRequest>("UpdateActivityOptions", response);
  const auto now =
      commands()
          .update_activity_options(activity_selector::by_id("a"), {.task_queue = "slow",
                                                                   .schedule_to_close_timeout = 4s,
                                                                   .schedule_to_start_timeout = 3s,
                                                                   .start_to_close_timeout = 2s,
                                                                   .heartbeat_timeout = 0s,
                                                                   .retry = retry_policy{.maximum_attempts = 3},
                                                                   .priority = priority{.key = 4}})
          .get();
  EXPECT_EQ(now.task_queue, "slow");
  EXPECT_EQ(now.heartbeat_timeout, 9s);
  EXPECT_EQ(now.retry_maximum_attempts, 3);
  const auto& request = seen->back();
  std::string paths;
  for (const auto& each : request.update_mask().paths()) paths += each + " ";
  EXPECT_EQ(paths,
            "task_queue.name schedule_to_close_timeout schedule_to_start_timeout start_to_close_timeout "
            "heartbeat_timeout retry_policy.initial_interval retry_policy.backoff_coefficient "
            "retry_policy.maximum_interval retry_policy.maximum_attempts priority.priority_key priority.fairness_key "
            "priority.fairness_weight ");
  const auto& options = request.activity_options();
  EXPECT_EQ(options.schedule_to_close_timeout().seconds(), 4);
  EXPECT_EQ(options.start_to_close_timeout().seconds(), 2);
  EXPECT_TRUE(options.has_heartbeat_timeout());
  EXPECT_EQ(options.priority().priority_key(), 4);
  (void)commands().update_activity_options(activity_selector::by_type("T"), {.restore_original = true}).get();
  EXPECT_TRUE(seen->back().restore_original());
  EXPECT_FALSE(seen->back().has_activity_options());
  EXPECT_EQ(refusal([&] { (void)commands().update_activity_options(activity_selector::by_id("a"), {}); }),
            "update the options of activity 'a' of workflow 'order-1': INVALID_ARGUMENT: nothing is to change");
  EXPECT_EQ(refusal([&] {
              (void)commands().update_activity_options(activity_selector::by_id("a"),
                                                       {.task_queue = "q", .restore_original = true});
            }),
            "update the options of activity 'a' of workflow 'order-1': INVALID_ARGUMENT: restore_original leaves no "
            "room for other changes");
}

}  // namespace rondo::test::client_commands_test
