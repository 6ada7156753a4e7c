#include <google/protobuf/any.pb.h>
#include <gtest/gtest.h>
#include <temporal/api/errordetails/v1/message.pb.h>

#include <chrono>
#include <string>

#include "client_fixture.hpp"
#include "rondo/client/activities.hpp"

namespace rondo::test::client_standalone_test {

using namespace client_test;
using namespace std::chrono_literals;
namespace enums = temporal::api::enums::v1;

using start_request = service::StartActivityExecutionRequest;
using start_response = service::StartActivityExecutionResponse;
using poll_request = service::PollActivityExecutionRequest;
using poll_response = service::PollActivityExecutionResponse;

int charge(std::string card, double amount);

constexpr start_activity_options quick{.id = "a-1", .task_queue = "q", .start_to_close_timeout = 5s};

class ClientStandalone : public ClientTest {
 protected:
  activity_client activities() const { return activity_client(*client); }
  std::shared_ptr<std::vector<start_request>> serve_start() {
    start_response response;
    response.set_run_id("run-1");
    response.set_started(true);
    return serve<start_request>("StartActivityExecution", response);
  }
  template <class Function>
  static std::string refusal(Function function) {
    return message_of<invalid_argument>(function);
  }
};

TEST_F(ClientStandalone, SendsEveryOption) {
  const auto seen = serve_start();
  payload_map attributes;
  attributes["Shop"].data = "\"a\"";
  const start_activity_options options{.id = "a-1",
                                       .task_queue = "q",
                                       .schedule_to_close_timeout = 4s,
                                       .schedule_to_start_timeout = 3s,
                                       .start_to_close_timeout = 2s,
                                       .heartbeat_timeout = 1s,
                                       .retry = retry_policy{.maximum_attempts = 3},
                                       .reuse = activity_reuse_policy::reject_duplicate,
                                       .conflict = activity_conflict_policy::use_existing,
                                       .start_delay = 5s,
                                       .search_attributes = attributes,
                                       .summary = "s",
                                       .details = "d",
                                       .priority = priority{.key = 1, .fairness_key = "f", .fairness_weight = 2}};
  const auto handle = activities().start<charge>(options, "card", 2).get();
  EXPECT_EQ(handle.id(), "a-1");
  EXPECT_EQ(handle.run_id(), "run-1");
  const auto& request = seen->front();
  EXPECT_EQ(request.namespace_(), "shop");
  EXPECT_EQ(request.identity(), "tester");
  EXPECT_EQ(request.request_id().size(), 36U);
  EXPECT_EQ(request.activity_id(), "a-1");
  EXPECT_EQ(request.activity_type().name(), "charge");
  EXPECT_EQ(request.task_queue().name(), "q");
  EXPECT_EQ(texts(request.input()), "\"card\" 2");
  EXPECT_EQ(request.schedule_to_close_timeout().seconds(), 4);
  EXPECT_EQ(request.schedule_to_start_timeout().seconds(), 3);
  EXPECT_EQ(request.start_to_close_timeout().seconds(), 2);
  EXPECT_EQ(request.heartbeat_timeout().seconds(), 1);
  EXPECT_EQ(request.retry_policy().maximum_attempts(), 3);
  EXPECT_EQ(request.id_reuse_policy(), enums::ACTIVITY_ID_REUSE_POLICY_REJECT_DUPLICATE);
  EXPECT_EQ(request.id_conflict_policy(), enums::ACTIVITY_ID_CONFLICT_POLICY_USE_EXISTING);
  EXPECT_EQ(request.start_delay().seconds(), 5);
  EXPECT_EQ(request.search_attributes().indexed_fields().at("Shop").data(), "\"a\"");
  EXPECT_EQ(request.user_metadata().summary().data(), "\"s\"");
  EXPECT_EQ(request.user_metadata().details().data(), "\"d\"");
  EXPECT_EQ(request.priority().fairness_key(), "f");
  EXPECT_EQ(header(headers, "temporal-resource-id"), "activity:a-1");
}

TEST_F(ClientStandalone, RefusesWhatMakesNoSense) {
  EXPECT_EQ(refusal([&] { (void)activities().start("T", {.id = "a", .start_to_close_timeout = 1s}); }),
            "start activity 'a': INVALID_ARGUMENT: start_activity_options::task_queue is missing");
  EXPECT_EQ(refusal([&] { (void)activities().start("T", {.id = "a", .task_queue = "q"}); }),
            "start activity 'a': INVALID_ARGUMENT: start_to_close_timeout or schedule_to_close_timeout is missing");
  EXPECT_EQ(
      refusal([&] { (void)activities().start("T", {.id = "a", .task_queue = "q", .start_to_close_timeout = -1s}); }),
      "start activity 'a': INVALID_ARGUMENT: start_to_close_timeout must not be negative");
  EXPECT_EQ(refusal([&] { activities().get("a").unpause({.reset_attempts = true}).get(); }),
            "unpause activity 'a': INVALID_ARGUMENT: a standalone activity is reset by reset()");
}

TEST_F(ClientStandalone, SaysThatItRuns) {
  temporal::api::errordetails::v1::ActivityExecutionAlreadyStartedFailure said;
  said.set_run_id("other");
  refuse("StartActivityExecution", status_with(rpc_code::already_exists, "activity is running", said));
  try {
    (void)activities().start("T", quick).get();
    FAIL() << "nothing was thrown";
  } catch (const activity_already_started& error) {
    EXPECT_EQ(error.run_id(), "other");
    EXPECT_TRUE(std::string(error.what()).starts_with("start activity 'a-1': ALREADY_EXISTS: activity is running; use"))
        << error.what();
  }
}

TEST_F(ClientStandalone, WaitsForTheResult) {
  serve_start();
  int polls = 0;
  const auto seen = serve<poll_request, poll_response>("PollActivityExecution", [&](const poll_request&) {
    poll_response response;
    response.set_run_id("run-1");
    if (++polls > 1) add_json(*response.mutable_outcome()->mutable_result(), "7");
    return response;
  });
  server->fail(method_path("PollActivityExecution"), rpc_status(rpc_code::deadline_exceeded, "late"));
  EXPECT_EQ(activities().execute<charge>(quick, "card", 2.5).get(), 7);
  EXPECT_EQ(polls, 2);
  EXPECT_EQ(seen->back().activity_id(), "a-1");
  EXPECT_EQ(seen->back().run_id(), "run-1");
  EXPECT_EQ(activities().execute<int>("Foreign", quick).get(), 7);
  EXPECT_EQ(activities().get<int>("a-2").result().get(), 7);
}

TEST_F(ClientStandalone, TellsHowItFailed) {
  poll_response response;
  auto& failure = *response.mutable_outcome()->mutable_failure();
  failure.set_message("no money");
  failure.mutable_application_failure_info()->set_type("Poor");
  response.mutable_outcome()->set_retry_state(enums::RETRY_STATE_NON_RETRYABLE_FAILURE);
  serve<poll_request>("PollActivityExecution", response);
  try {
    activities().get("a-1").result().get();
    FAIL() << "nothing was thrown";
  } catch (const activity_failure& error) {
    EXPECT_STREQ(error.what(), "activity 'a-1' failed: no money");
    EXPECT_EQ(error.activity_id(), "a-1");
    EXPECT_EQ(error.retry_state(), retry_state::non_retryable_failure);
    try {
      std::rethrow_exception(error.cause());
    } catch (const application_failure& cause) {
      EXPECT_EQ(cause.type(), "Poor");
    }
  }
  refuse("PollActivityExecution", rpc_status(rpc_code::not_found, "no such activity"));
  EXPECT_THROW(activities().get("a-1").result().get(), not_found);
}

TEST_F(ClientStandalone, Describes) {
  service::DescribeActivityExecutionResponse response;
  auto& info = *response.mutable_info();
  info.set_activity_id("a-1");
  info.set_run_id("run-1");
  info.mutable_activity_type()->set_name("charge");
  info.set_status(enums::ACTIVITY_EXECUTION_STATUS_PAUSED);
  info.set_run_state(enums::PENDING_ACTIVITY_STATE_PAUSED);
  info.set_task_queue("q");
  info.mutable_start_to_close_timeout()->set_seconds(5);
  info.mutable_retry_policy()->set_maximum_attempts(4);
  info.mutable_priority()->set_priority_key(2);
  info.set_attempt(3);
  info.set_total_heartbeat_count(8);
  add_json(*info.mutable_heartbeat_details(), "1");
  info.mutable_schedule_time()->set_seconds(9);
  info.mutable_last_failure()->set_message("oh");
  info.set_canceled_reason("enough");
  info.mutable_start_delay()->set_seconds(11);
  info.mutable_current_retry_interval()->set_seconds(12);
  (*info.mutable_header()->mutable_fields())["tenant"].set_data("gold");
  info.set_sdk_name("temporal-go");
  info.set_sdk_version("1.2");
  auto& event = *info.add_links()->mutable_workflow_event();
  event.set_namespace_("n");
  event.set_workflow_id("w");
  event.set_run_id("r");
  event.mutable_event_ref()->set_event_id(5);
  info.add_links()->mutable_activity()->set_activity_id("b");
  info.add_links()->mutable_batch_job()->set_job_id("j");
  info.mutable_last_deployment_version()->set_build_id("v1");
  info.mutable_user_metadata()->mutable_summary()->set_data("\"s\"");
  info.mutable_user_metadata()->mutable_details()->set_data("no text");
  const auto seen = serve<service::DescribeActivityExecutionRequest>("DescribeActivityExecution", response);
  const auto found = activities().get("a-1", "run-1").describe().get();
  EXPECT_EQ(seen->front().run_id(), "run-1");
  EXPECT_TRUE(seen->front().include_heartbeat_details());
  EXPECT_TRUE(seen->front().include_last_failure());
  EXPECT_EQ(found.id, "a-1");
  EXPECT_EQ(found.type, "charge");
  EXPECT_EQ(found.status, activity_status::paused);
  EXPECT_EQ(found.state, pending_activity_state::paused);
  EXPECT_EQ(found.settings.task_queue, "q");
  EXPECT_EQ(found.settings.start_to_close_timeout, 5s);
  EXPECT_EQ(found.settings.retry_maximum_attempts, 4);
  EXPECT_EQ(found.settings.priority_key, 2);
  EXPECT_EQ(found.attempt, 3);
  EXPECT_EQ(found.heartbeat_count, 8);
  EXPECT_EQ(found.heartbeat_details.at(0).data, "1");
  EXPECT_EQ(found.scheduled_time, server_time(9s));
  EXPECT_EQ(found.close_time, std::nullopt);
  EXPECT_EQ(found.last_failure_message, "oh");
  EXPECT_EQ(found.cancel_reason, "enough");
  EXPECT_EQ(found.start_delay, 11s);
  EXPECT_EQ(found.current_retry_interval, 12s);
  EXPECT_EQ(found.headers.at("tenant").data, "gold");
  EXPECT_EQ(found.sdk_name, "temporal-go");
  EXPECT_EQ(found.sdk_version, "1.2");
  ASSERT_EQ(found.links.size(), 3U);
  EXPECT_EQ(found.links[0].kind, activity_link::kind_type::workflow_event);
  EXPECT_EQ(found.links[0].namespace_, "n");
  EXPECT_EQ(found.links[0].id, "w");
  EXPECT_EQ(found.links[0].run_id, "r");
  EXPECT_EQ(found.links[0].event_id, 5);
  EXPECT_EQ(found.links[1].kind, activity_link::kind_type::activity);
  EXPECT_EQ(found.links[1].id, "b");
  EXPECT_EQ(found.links[2].kind, activity_link::kind_type::batch_job);
  EXPECT_EQ(found.links[2].id, "j");
  EXPECT_FALSE(seen->front().include_input() || seen->front().include_outcome()) << "they may be large";
  EXPECT_TRUE(found.input.empty() && found.result.empty());
  EXPECT_EQ(found.error, nullptr);
  EXPECT_EQ(found.raw().SerializeAsString(), response.SerializeAsString());
  EXPECT_EQ(found.last_version.build_id, "v1");
  EXPECT_EQ(found.summary, "s");
  EXPECT_EQ(found.details, "");
}

TEST_F(ClientStandalone, DescribesWhatGoesInAndComesOut) {
  service::DescribeActivityExecutionResponse response;
  add_json(*response.mutable_input(), "1");
  add_json(*response.mutable_input(), "2");
  add_json(*response.mutable_outcome()->mutable_result(), "3");
  const auto seen = serve<service::DescribeActivityExecutionRequest>("DescribeActivityExecution", response);
  const auto found = activities().get("a-1").describe({.input = true, .outcome = true}).get();
  EXPECT_TRUE(seen->front().include_input());
  EXPECT_TRUE(seen->front().include_outcome());
  ASSERT_EQ(found.input.size(), 2U);
  EXPECT_EQ(found.input[1].data, "2");
  ASSERT_EQ(found.result.size(), 1U);
  EXPECT_EQ(found.result[0].data, "3");
  EXPECT_EQ(found.error, nullptr);

  response.mutable_outcome()->mutable_failure()->set_message("no money");
  response.mutable_outcome()->mutable_failure()->mutable_application_failure_info()->set_type("Poor");
  serve<service::DescribeActivityExecutionRequest>("DescribeActivityExecution", response);
  const auto failed = activities().get("a-1").describe({.outcome = true}).get();
  EXPECT_TRUE(failed.result.empty());
  ASSERT_NE(failed.error, nullptr);
  try {
    std::rethrow_exception(failed.error);
  } catch (const application_failure& error) {
    EXPECT_EQ(error.type(), "Poor");
  }
}

TEST_F(ClientStandalone, CancelsTerminatesAndDeletes) {
  const auto handle = activities().get("a-1", "run-1");
  const auto cancelled =
      serve<service::RequestCancelActivityExecutionRequest, service::RequestCancelActivityExecutionResponse>(
          "RequestCancelActivityExecution");
  handle.cancel("why").get();
  EXPECT_EQ(cancelled->front().activity_id(), "a-1");
  EXPECT_EQ(cancelled->front().run_id(), "run-1");
  EXPECT_EQ(cancelled->front().reason(), "why");
  EXPECT_EQ(cancelled->front().request_id().size(), 36U);
  const auto terminated =
      serve<service::TerminateActivityExecutionRequest, service::TerminateActivityExecutionResponse>(
          "TerminateActivityExecution");
  handle.terminate("over").get();
  EXPECT_EQ(terminated->front().reason(), "over");
  EXPECT_EQ(terminated->front().identity(), "tester");
  const auto deleted = serve<service::DeleteActivityExecutionRequest, service::DeleteActivityExecutionResponse>(
      "DeleteActivityExecution");
  handle.remove().get();
  EXPECT_EQ(deleted->front().activity_id(), "a-1");
}

TEST_F(ClientStandalone, IsOperated) {
  const auto handle = activities().get("a-1");
  const auto paused =
      serve<service::PauseActivityExecutionRequest, service::PauseActivityExecutionResponse>("PauseActivityExecution");
  handle.pause("audit").get();
  EXPECT_EQ(paused->front().activity_id(), "a-1");
  EXPECT_EQ(paused->front().workflow_id(), "");
  EXPECT_EQ(paused->front().reason(), "audit");
  EXPECT_EQ(paused->front().resource_id(), "activity:a-1");
  const auto unpaused = serve<service::UnpauseActivityExecutionRequest, service::UnpauseActivityExecutionResponse>(
      "UnpauseActivityExecution");
  handle.unpause({.jitter = 2s, .reason = "done"}).get();
  EXPECT_EQ(unpaused->front().reason(), "done");
  EXPECT_EQ(unpaused->front().jitter().seconds(), 2);
  const auto reset =
      serve<service::ResetActivityExecutionRequest, service::ResetActivityExecutionResponse>("ResetActivityExecution");
  handle.reset({.reset_heartbeat = true, .keep_paused = true, .restore_original_options = true}).get();
  EXPECT_TRUE(reset->front().reset_heartbeat());
  EXPECT_TRUE(reset->front().keep_paused());
  EXPECT_TRUE(reset->front().restore_original_options());
  service::UpdateActivityExecutionOptionsResponse options;
  options.mutable_activity_options()->mutable_task_queue()->set_name("slow");
  const auto updated = serve<service::UpdateActivityExecutionOptionsRequest>("UpdateActivityExecutionOptions", options);
  EXPECT_EQ(handle.update_options({.task_queue = "slow"}).get().task_queue, "slow");
  EXPECT_EQ(updated->front().update_mask().paths(0), "task_queue.name");
}

TEST_F(ClientStandalone, ListsAndCounts) {
  service::ListActivityExecutionsResponse page;
  auto& info = *page.add_executions();
  info.set_activity_id("a-1");
  info.mutable_activity_type()->set_name("charge");
  info.set_status(enums::ACTIVITY_EXECUTION_STATUS_TIMED_OUT);
  info.mutable_execution_duration()->set_seconds(2);
  const auto listed = serve<service::ListActivityExecutionsRequest>("ListActivityExecutions", page);
  auto list = activities().list("q", {.page_size = 3});
  const auto first = list.next().get();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->id, "a-1");
  EXPECT_EQ(first->type, "charge");
  EXPECT_EQ(first->status, activity_status::timed_out);
  EXPECT_EQ(first->execution_duration, 2s);
  EXPECT_FALSE(list.next().get().has_value());
  EXPECT_EQ(listed->front().query(), "q");
  EXPECT_EQ(listed->front().page_size(), 3);
  service::CountActivityExecutionsResponse count;
  count.set_count(4);
  count.add_groups()->set_count(3);
  serve<service::CountActivityExecutionsRequest>("CountActivityExecutions", count);
  const auto counted = activities().count("GROUP BY ExecutionStatus").get();
  EXPECT_EQ(counted.total, 4);
  EXPECT_EQ(counted.groups.at(0).count, 3);
}

}  // namespace rondo::test::client_standalone_test
