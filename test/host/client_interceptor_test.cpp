#include "rondo/client/interceptor.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "client_fixture.hpp"
#include "rondo/client/activities.hpp"
#include "rondo/client/batch.hpp"
#include "rondo/client/deployments.hpp"
#include "rondo/client/schedules.hpp"
#include "rondo/client/task_queues.hpp"
#include "rondo/client/workflow_commands.hpp"

// Which calls of a client an interceptor sees, and what it can change of them.
namespace rondo::test::client_interceptor_test {

using namespace client_test;
using described_schedule = service::DescribeScheduleResponse;
using update_request = service::UpdateWorkflowExecutionRequest;

/// Notes the calls; may do more with them.
class notes final : public client_interceptor {
 public:
  void outbound(client_call& call) override {
    seen.push_back(std::string(call.method) + " " + std::string(call.name) + " " + std::string(call.workflow_id) + " " +
                   std::to_string(call.arguments.size()));
    if (more) more(call);
  }
  void answered(const client_answer& answer) override { answers.emplace_back(answer.method); }

  std::function<void(client_call&)> more;
  std::vector<std::string> seen, answers;
};

class ClientInterceptor : public ClientTest {
 protected:
  ClientInterceptor() : ClientInterceptor(std::make_shared<notes>()) {}
  explicit ClientInterceptor(std::shared_ptr<notes> with) : ClientTest(options_with(with)), noted(std::move(with)) {}

  static client_options options_with(std::shared_ptr<notes> interceptor) {
    client_options options;
    options.interceptors.push_back(std::move(interceptor));
    return options;
  }
  /// What was seen since the last time.
  std::vector<std::string> taken() const { return std::exchange(noted->seen, {}); }

  std::shared_ptr<notes> noted;
};

class cart_workflow {
 public:
  task<int> run(int items) { co_return items; }
  int add(int items) { return items; }
  static constexpr auto handlers = rondo::handlers(rondo::update<&cart_workflow::add>);
};
using texts_list = std::vector<std::string>;

schedule daily() {
  schedule made;
  made.spec.cron = {"0 12 * * *"};
  made.action = start_workflow_action("Daily", {.id = "daily", .task_queue = "orders"}, 5);
  return made;
}

TEST_F(ClientInterceptor, ChangesTheWorkflowsOfANewSchedule) {
  noted->more = [](client_call& call) {
    call.arguments.at(0).data = "6";
    call.headers["tenant"].data = "gold";
  };
  const auto seen = serve<service::CreateScheduleRequest, service::CreateScheduleResponse>("CreateSchedule");
  const schedule what = daily();
  schedule_client(*client).create("every-day", what).get();
  EXPECT_EQ(taken(), texts_list{"CreateSchedule Daily daily 1"});
  ASSERT_EQ(seen->size(), 1U);
  const auto& action = seen->front().schedule().action().start_workflow();
  EXPECT_EQ(texts(action.input()), "6");
  EXPECT_EQ(action.header().fields().at("tenant").data(), "gold");
  EXPECT_EQ(noted->answers, texts_list{"CreateSchedule"});
}

TEST_F(ClientInterceptor, ChangesTheWorkflowsOfAScheduleThatIsUpdated) {
  described_schedule before;
  auto& old = *before.mutable_schedule()->mutable_action()->mutable_start_workflow();
  old.set_workflow_id("daily");
  old.mutable_workflow_type()->set_name("Daily");
  add_json(*old.mutable_input(), "5");
  (*old.mutable_header()->mutable_fields())["trace"].set_data("t");
  serve<service::DescribeScheduleRequest, described_schedule>("DescribeSchedule", before);
  const auto seen = serve<service::UpdateScheduleRequest, service::UpdateScheduleResponse>("UpdateSchedule");
  std::string trace;
  noted->more = [&](client_call& call) {
    if (call.method != "UpdateSchedule") return;
    trace = call.headers.at("trace").data;
    call.headers["tenant"].data = "gold";
  };
  schedule_client(*client)
      .get("every-day")
      .update([](schedule_description& now) {
        now.schedule.state.note = "changed";
        return true;
      })
      .get();
  EXPECT_EQ(taken(), (texts_list{"DescribeSchedule   0", "UpdateSchedule Daily daily 1"}));
  EXPECT_EQ(trace, "t");
  ASSERT_EQ(seen->size(), 1U);
  const auto& action = seen->front().schedule().action().start_workflow();
  EXPECT_EQ(action.header().fields().at("tenant").data(), "gold");
  EXPECT_EQ(action.header().fields().at("trace").data(), "t");
  EXPECT_EQ(texts(action.input()), "5");
}

TEST_F(ClientInterceptor, SeesCallsOfWorkflowsWithoutArguments) {
  serve<service::RequestCancelWorkflowExecutionRequest, service::RequestCancelWorkflowExecutionResponse>(
      "RequestCancelWorkflowExecution");
  serve<service::TerminateWorkflowExecutionRequest, service::TerminateWorkflowExecutionResponse>(
      "TerminateWorkflowExecution");
  serve<service::DescribeWorkflowExecutionRequest, service::DescribeWorkflowExecutionResponse>(
      "DescribeWorkflowExecution");
  serve<service::CountWorkflowExecutionsRequest, service::CountWorkflowExecutionsResponse>("CountWorkflowExecutions");
  serve<service::DeleteWorkflowExecutionRequest, service::DeleteWorkflowExecutionResponse>("DeleteWorkflowExecution");
  const auto handle = client->get_workflow_handle("w");
  handle.cancel("why").get();
  EXPECT_EQ(taken(), texts_list{"RequestCancelWorkflowExecution  w 0"});
  handle.terminate("why", 5).get();
  EXPECT_EQ(taken(), texts_list{"TerminateWorkflowExecution  w 0"});
  handle.describe().get();
  EXPECT_EQ(taken(), texts_list{"DescribeWorkflowExecution  w 0"});
  client->count_workflows().get();
  EXPECT_EQ(taken(), texts_list{"CountWorkflowExecutions   0"});
  workflow_commands(*client, handle).remove().get();
  EXPECT_EQ(taken(), texts_list{"DeleteWorkflowExecution  w 0"});
}

TEST_F(ClientInterceptor, SeesCallsOfAllOtherKinds) {
  serve<service::RecordActivityTaskHeartbeatRequest, service::RecordActivityTaskHeartbeatResponse>(
      "RecordActivityTaskHeartbeat");
  serve<service::RespondActivityTaskCompletedRequest, service::RespondActivityTaskCompletedResponse>(
      "RespondActivityTaskCompleted");
  serve<service::RequestCancelActivityExecutionRequest, service::RequestCancelActivityExecutionResponse>(
      "RequestCancelActivityExecution");
  serve<service::StartBatchOperationRequest, service::StartBatchOperationResponse>("StartBatchOperation");
  serve<service::DescribeTaskQueueRequest, service::DescribeTaskQueueResponse>("DescribeTaskQueue");
  serve<service::DescribeWorkerDeploymentRequest, service::DescribeWorkerDeploymentResponse>(
      "DescribeWorkerDeployment");
  serve<service::PatchScheduleRequest, service::PatchScheduleResponse>("PatchSchedule");
  client->activity_handle("token").heartbeat(1).get();
  EXPECT_EQ(taken(), texts_list{"RecordActivityTaskHeartbeat   0"});
  client->activity_handle("token").complete(1).get();
  EXPECT_EQ(taken(), texts_list{"RespondActivityTaskCompleted   0"});
  activity_client(*client).get("a").cancel().get();
  EXPECT_EQ(taken(), texts_list{"RequestCancelActivityExecution   0"});
  batch_client(*client).terminate(batch_target::matching("a = 1"), {.reason = "test"}).get();
  EXPECT_EQ(taken(), texts_list{"StartBatchOperation   0"});
  task_queue_client(*client).describe("q").get();
  EXPECT_EQ(taken(), texts_list{"DescribeTaskQueue   0"});
  deployment_client(*client).describe("d").get();
  EXPECT_EQ(taken(), texts_list{"DescribeWorkerDeployment   0"});
  schedule_client(*client).get("s").trigger().get();
  EXPECT_EQ(taken(), texts_list{"PatchSchedule   0"});
}

TEST_F(ClientInterceptor, SeesEachPageAndNoRepetition) {
  int pages = 0;
  serve<service::ListWorkflowExecutionsRequest, service::ListWorkflowExecutionsResponse>(
      "ListWorkflowExecutions", [&](const auto&) {
        service::ListWorkflowExecutionsResponse answer;
        answer.add_executions();
        if (++pages == 1) answer.set_next_page_token("two");
        return answer;
      });
  auto list = client->list_workflows();
  while (!list.done()) list.next_page().get();
  EXPECT_EQ(taken(), (texts_list{"ListWorkflowExecutions   0", "ListWorkflowExecutions   0"}));

  int polls = 0;
  serve<service::PollWorkflowExecutionUpdateRequest, service::PollWorkflowExecutionUpdateResponse>(
      "PollWorkflowExecutionUpdate", [&](const auto&) {
        service::PollWorkflowExecutionUpdateResponse answer;
        if (++polls == 3) answer.mutable_outcome()->mutable_success();
        return answer;
      });
  client->get_workflow_handle("w").get_update_handle("u").result().get();
  EXPECT_EQ(polls, 3);
  EXPECT_EQ(taken(), texts_list{"PollWorkflowExecutionUpdate  w 0"});
}

TEST_F(ClientInterceptor, SeesWhatIsSentTogetherAsItsParts) {
  serve<service::ExecuteMultiOperationRequest, service::ExecuteMultiOperationResponse>(
      "ExecuteMultiOperation", [&](const auto&) {
        service::ExecuteMultiOperationResponse answer;
        answer.add_responses()->mutable_start_workflow()->set_run_id("run-1");
        answer.add_responses()->mutable_update_workflow()->mutable_outcome()->mutable_success();
        return answer;
      });
  client
      ->start_update_with_start<cart_workflow, &cart_workflow::add>(
          {.id = "w", .task_queue = "orders", .conflict = id_conflict_policy::use_existing}, {}, std::tuple{3}, 5)
      .get();
  EXPECT_EQ(taken(), (texts_list{"StartWorkflowExecution cart_workflow w 1", "UpdateWorkflowExecution add w 1"}));
}

TEST_F(ClientInterceptor, ChangesBothSetsOfArgumentsOfASignalWithStart) {
  using request = service::SignalWithStartWorkflowExecutionRequest;
  const auto sent =
      serve<request, service::SignalWithStartWorkflowExecutionResponse>("SignalWithStartWorkflowExecution");
  std::string signal;
  noted->more = [&](client_call& call) {
    signal = call.signal_name;
    ASSERT_NE(call.signal_arguments, nullptr);
    ASSERT_EQ(call.signal_arguments->size(), 2U);
    call.signal_arguments->at(1).data = "7";
    call.arguments.at(0).data = "6";
    call.headers["tenant"].data = "gold";
  };
  client->signal_with_start("cart", {.id = "w", .task_queue = "orders"}, "add", std::tuple(3, 4), 5).get();
  EXPECT_EQ(taken(), texts_list{"SignalWithStartWorkflowExecution cart w 1"});
  EXPECT_EQ(signal, "add");
  EXPECT_EQ(texts(sent->back().signal_input()), "3 7");
  EXPECT_EQ(texts(sent->back().input()), "6");
  EXPECT_EQ(sent->back().header().fields().at("tenant").data(), "gold");

  noted->more = [](client_call& call) { call.signal_arguments->clear(); };
  client->signal_with_start("cart", {.id = "w", .task_queue = "orders"}, "add", std::tuple(3), 5).get();
  EXPECT_FALSE(sent->back().has_signal_input());

  noted->more = [](client_call& call) { EXPECT_EQ(call.signal_arguments, nullptr); };
  serve<service::CountWorkflowExecutionsRequest, service::CountWorkflowExecutionsResponse>("CountWorkflowExecutions");
  client->count_workflows().get();
}

TEST_F(ClientInterceptor, ThrowsInPlaceOfTheCall) {
  noted->more = [](client_call&) { throw std::runtime_error("not today"); };
  EXPECT_EQ(message_of<std::runtime_error>([&] { client->get_workflow_handle("w").describe().get(); }), "not today");
  EXPECT_EQ(calls("DescribeWorkflowExecution"), 0U);
}

}  // namespace rondo::test::client_interceptor_test
