#include "rondo/client/batch.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>

#include "client_fixture.hpp"

namespace rondo::test::client_batch_test {

using namespace client_test;
using namespace std::chrono_literals;
namespace enums = temporal::api::enums::v1;

using start_request = service::StartBatchOperationRequest;

constexpr batch_target old_ones = batch_target::matching("WorkflowType = 'Old'");

class ClientBatch : public ClientTest {
 protected:
  batch_client batches() const { return batch_client(*client); }
  std::shared_ptr<std::vector<start_request>> serve_start() {
    return serve<start_request, service::StartBatchOperationResponse>("StartBatchOperation");
  }
  template <class Function>
  static std::string refusal(Function function) {
    return message_of<invalid_argument>(function);
  }
};

TEST_F(ClientBatch, TerminatesWhatAQueryFinds) {
  const auto seen = serve_start();
  const auto handle =
      batches().terminate(old_ones, {.reason = "gone", .job_id = "job-1", .max_operations_per_second = 5}).get();
  EXPECT_EQ(handle.job_id(), "job-1");
  const auto& request = seen->front();
  EXPECT_EQ(request.namespace_(), "shop");
  EXPECT_EQ(request.job_id(), "job-1");
  EXPECT_EQ(request.reason(), "gone");
  EXPECT_EQ(request.visibility_query(), "WorkflowType = 'Old'");
  EXPECT_EQ(request.max_operations_per_second(), 5);
  EXPECT_EQ(request.executions_size(), 0);
  EXPECT_EQ(request.termination_operation().identity(), "tester");
  EXPECT_EQ(header(headers, "temporal-resource-id"), "batch:job-1");
}

TEST_F(ClientBatch, TakesAList) {
  const auto seen = serve_start();
  const std::array<workflow_execution, 2> both = {workflow_execution{"a", "r"}, workflow_execution{"b", ""}};
  const auto handle = batches().cancel(batch_target::these(both)).get();
  EXPECT_EQ(handle.job_id().size(), 36U);
  EXPECT_EQ(seen->back().reason(), "batch");
  ASSERT_EQ(seen->back().executions_size(), 2);
  EXPECT_EQ(seen->back().executions(0).workflow_id(), "a");
  EXPECT_EQ(seen->back().executions(0).run_id(), "r");
  EXPECT_TRUE(seen->back().has_cancellation_operation());
  (void)batches().remove_activities(batch_target::these(both)).get();
  EXPECT_EQ(seen->back().executions_size(), 0);
  ASSERT_EQ(seen->back().target_executions_size(), 2);
  EXPECT_EQ(seen->back().target_executions(1).business_id(), "b");
  EXPECT_EQ(seen->back().target_executions(1).type(), enums::EXECUTION_TYPE_ACTIVITY);
  EXPECT_TRUE(seen->back().has_delete_activities_operation());
}

TEST_F(ClientBatch, SignalsAndDeletes) {
  const auto seen = serve_start();
  (void)batches().signal("go", old_ones, {}, 1, "a").get();
  EXPECT_EQ(seen->back().signal_operation().signal(), "go");
  EXPECT_EQ(texts(seen->back().signal_operation().input()), "1 \"a\"");
  EXPECT_EQ(seen->back().signal_operation().identity(), "tester");
  (void)batches().remove(old_ones).get();
  EXPECT_TRUE(seen->back().has_deletion_operation());
}

TEST_F(ClientBatch, Resets) {
  const auto seen = serve_start();
  (void)batches().reset({.to = reset_point::first_workflow_task(), .leave_out_updates = true}, old_ones).get();
  EXPECT_TRUE(seen->back().reset_operation().options().has_first_workflow_task());
  EXPECT_EQ(seen->back().reset_operation().options().reset_reapply_exclude_types(0),
            enums::RESET_REAPPLY_EXCLUDE_TYPE_UPDATE);
  const std::array<reset_signal, 1> signals = {reset_signal{.name = "go"}};
  (void)batches().reset({.signals = signals}, old_ones).get();
  EXPECT_TRUE(seen->back().reset_operation().options().has_last_workflow_task());
  EXPECT_EQ(seen->back().reset_operation().post_reset_operations(0).signal_workflow().signal_name(), "go");
  (void)batches().reset({.to = reset_point::build("v1")}, old_ones).get();
  EXPECT_EQ(seen->back().reset_operation().options().build_id(), "v1");
  EXPECT_EQ(refusal([&] { (void)batches().reset({.to = reset_point::event(3)}, old_ones, {.job_id = "j"}); }),
            "reset by batch job 'j': INVALID_ARGUMENT: an event is one of a single workflow: a batch goes back to a "
            "workflow task or a build");
}

TEST_F(ClientBatch, ChangesOptions) {
  const auto seen = serve_start();
  (void)batches().update_workflow_options({.versioning = versioning_override::pinned("orders", "v2")}, old_ones).get();
  const auto& change = seen->back().update_workflow_options_operation();
  EXPECT_EQ(change.update_mask().paths(0), "versioning_override");
  EXPECT_EQ(change.workflow_execution_options().versioning_override().pinned().version().build_id(), "v2");
  (void)batches().update_activity_options(activity_selector::by_type("Charge"), {.task_queue = "slow"}, old_ones).get();
  const auto& activities = seen->back().update_activity_options_operation();
  EXPECT_EQ(activities.type(), "Charge");
  EXPECT_EQ(activities.activity_options().task_queue().name(), "slow");
  EXPECT_EQ(activities.update_mask().paths(0), "task_queue.name");
}

TEST_F(ClientBatch, OperatesActivities) {
  const auto seen = serve_start();
  (void)batches().unpause_activities(activity_selector::all(), old_ones, {.reset_attempts = true, .jitter = 2s}).get();
  EXPECT_TRUE(seen->back().unpause_activities_operation().match_all());
  EXPECT_TRUE(seen->back().unpause_activities_operation().reset_attempts());
  EXPECT_EQ(seen->back().unpause_activities_operation().jitter().seconds(), 2);
  (void)batches().reset_activities(activity_selector::by_type("T"), old_ones, {.keep_paused = true}).get();
  EXPECT_EQ(seen->back().reset_activities_operation().type(), "T");
  EXPECT_TRUE(seen->back().reset_activities_operation().keep_paused());
  EXPECT_EQ(
      refusal([&] { (void)batches().reset_activities(activity_selector::by_id("a"), old_ones, {}, {.job_id = "j"}); }),
      "reset activities by batch job 'j': INVALID_ARGUMENT: activities are named by type here, or all of them");
  (void)batches().cancel_activities(old_ones, {.reason = "why"}).get();
  EXPECT_EQ(seen->back().cancel_activities_operation().reason(), "why");
  (void)batches().terminate_activities(old_ones).get();
  EXPECT_EQ(seen->back().terminate_activities_operation().identity(), "tester");
}

TEST_F(ClientBatch, RefusesWhatMakesNoSense) {
  EXPECT_EQ(refusal([&] { (void)batches().terminate({}, {.job_id = "j"}); }),
            "terminate by batch job 'j': INVALID_ARGUMENT: a batch is for what a query finds, or for a list");
  EXPECT_EQ(refusal([&] { (void)batches().terminate(old_ones, {.job_id = "j", .max_operations_per_second = -1}); }),
            "terminate by batch job 'j': INVALID_ARGUMENT: max_operations_per_second must not be negative");
  EXPECT_EQ(refusal([&] { (void)batches().signal("", old_ones, {.job_id = "j"}); }),
            "signal by batch job 'j': INVALID_ARGUMENT: the name of the signal is missing");
  refuse("StartBatchOperation", rpc_status(rpc_code::permission_denied, "no"));
  EXPECT_THROW((void)batches().terminate(old_ones).get(), permission_denied);
}

TEST_F(ClientBatch, DescribesStopsAndLists) {
  service::DescribeBatchOperationResponse response;
  response.set_job_id("j");
  response.set_operation_type(enums::BATCH_OPERATION_TYPE_SIGNAL);
  response.set_state(enums::BATCH_OPERATION_STATE_FAILED);
  response.mutable_start_time()->set_seconds(3);
  response.set_total_operation_count(9);
  response.set_complete_operation_count(5);
  response.set_failure_operation_count(4);
  response.set_reason("why");
  response.set_query("q");
  const auto asked = serve<service::DescribeBatchOperationRequest>("DescribeBatchOperation", response);
  const auto found = batches().get("j").describe().get();
  EXPECT_EQ(asked->front().job_id(), "j");
  EXPECT_EQ(found.operation, batch_operation::signal_workflow);
  EXPECT_EQ(found.state, batch_state::failed);
  EXPECT_EQ(found.start_time, server_time(3s));
  EXPECT_EQ(found.close_time, std::nullopt);
  EXPECT_EQ(found.total_count, 9);
  EXPECT_EQ(found.complete_count, 5);
  EXPECT_EQ(found.failure_count, 4);
  EXPECT_EQ(found.reason, "why");
  EXPECT_EQ(found.query, "q");

  const auto stopped =
      serve<service::StopBatchOperationRequest, service::StopBatchOperationResponse>("StopBatchOperation");
  batches().get("j").stop("enough").get();
  EXPECT_EQ(stopped->front().job_id(), "j");
  EXPECT_EQ(stopped->front().reason(), "enough");
  EXPECT_EQ(stopped->front().identity(), "tester");

  service::ListBatchOperationsResponse page;
  auto& info = *page.add_operation_info();
  info.set_job_id("k");
  info.set_operation_type(enums::BATCH_OPERATION_TYPE_DELETE_WORKFLOW);
  info.set_state(enums::BATCH_OPERATION_STATE_COMPLETED);
  serve<service::ListBatchOperationsRequest>("ListBatchOperations", page);
  const auto all = batches().list().next_page().get();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].job_id, "k");
  EXPECT_EQ(all[0].operation, batch_operation::delete_workflow);
  EXPECT_EQ(all[0].state, batch_state::completed);
}

}  // namespace rondo::test::client_batch_test
