#include <gtest/gtest.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/script.hpp"
#include "rondo/workflow.hpp"

// Signals to workflows that are started when they do not run: what a workflow sends for them.
namespace rondo::test::signal_with_start_cases {

using namespace std::chrono_literals;
using request = engine::service::SignalWithStartWorkflowExecutionRequest;

class order {
 public:
  task<int> run(std::string customer, int pieces);
  void approve(std::string by, bool at_once);
  static constexpr auto handlers = rondo::handlers(rondo::signal<&order::approve>);
};

task<std::string> signals() {
  payload_map memo;
  memo["note"].metadata["encoding"] = "json/plain";
  memo["note"].data = R"("soon")";
  const signal_with_start_options options{.id = "order-7",
                                          .task_queue = "orders",
                                          .reuse = id_reuse_policy::reject_duplicate,
                                          .conflict = id_conflict_policy::use_existing,
                                          .execution_timeout = 1h,
                                          .start_delay = 5s,
                                          .retry = retry_policy{.maximum_attempts = 3},
                                          .cron_schedule = "@daily",
                                          .memo = memo,
                                          .priority = priority{.key = 2},
                                          .summary = "an order"};
  const std::tuple by(std::string("ada"), true);
  const auto got = co_await workflow::signal_with_start<order, &order::approve>(options, by, "ann", 3);
  co_return got.id() + " " + got.run_id();
}
task<std::string> signals_by_name() {
  const auto got = co_await workflow::signal_with_start("Other", {.id = "o"}, "ping", std::tuple<>());
  co_return got.id() + " " + got.run_id();
}
task<> signals_nobody() { co_await workflow::signal_with_start("Other", {}, "ping", std::tuple<>()); }
task<std::string> loses_patience() {
  constexpr signal_with_start_options options{.id = "o", .cancellation = cancellation_type::try_cancel};
  auto first = co_await workflow::when_any(workflow::signal_with_start("Other", options, "ping", std::tuple<>()),
                                           workflow::sleep(1s));
  co_return first.index() == 0 ? "signalled" : "too late";
}
registry all() {
  registry made;
  made.workflow<signals>().workflow<signals_by_name>().workflow<signals_nobody>().workflow<loses_patience>();
  return made;
}

const std::string call_by_name =
    "nexus __temporal_system temporal.api.workflowservice.v1.WorkflowService.SignalWithStartWorkflowExecution(";

const temporal::api::common::v1::Payload& sent_payload(const engine_driver& driver) {
  return driver.last.completed->commands(0).schedule_nexus_operation_command_attributes().input();
}
void answer(history_builder& h, const std::string& run) {
  engine::service::SignalWithStartWorkflowExecutionResponse response;
  response.set_run_id(run);
  response.set_started(true);
  h.nexus_completed(h.last(enums::EVENT_TYPE_NEXUS_OPERATION_SCHEDULED), "");
  auto& event = h.at(h.last_id());
  auto& result = *event.mutable_nexus_operation_completed_event_attributes()->mutable_result();
  (*result.mutable_metadata())["encoding"] = "binary/protobuf";
  result.set_data(response.SerializeAsString());
}

TEST(signal_with_start, is_an_operation_of_the_server) {
  engine_driver driver(all(), history_builder("signals"));
  driver.history.open_task();
  driver.run_whole_task();
  ASSERT_EQ(driver.last.completed->commands_size(), 1);
  const auto& command = driver.last.completed->commands(0).schedule_nexus_operation_command_attributes();
  EXPECT_EQ(command.endpoint(), "__temporal_system");
  EXPECT_EQ(command.service(), "temporal.api.workflowservice.v1.WorkflowService");
  EXPECT_EQ(command.operation(), "SignalWithStartWorkflowExecution");
  EXPECT_TRUE(command.nexus_header().empty());
  const auto& payload = sent_payload(driver);
  EXPECT_EQ(payload.metadata().at("encoding"), "binary/protobuf");
  EXPECT_EQ(payload.metadata().at("messageType"),
            "temporal.api.workflowservice.v1.SignalWithStartWorkflowExecutionRequest");
  EXPECT_EQ(payload.metadata().at("__temporal_system_payload"), "true");
  request sent;
  ASSERT_TRUE(sent.ParseFromString(payload.data()));
  EXPECT_EQ(sent.namespace_(), "default");
  EXPECT_EQ(sent.workflow_id(), "order-7");
  EXPECT_EQ(sent.workflow_type().name(), "order");
  EXPECT_EQ(sent.task_queue().name(), "orders");
  ASSERT_EQ(sent.input().payloads_size(), 2);
  EXPECT_EQ(sent.input().payloads(0).data() + sent.input().payloads(1).data(), R"("ann"3)");
  EXPECT_EQ(sent.signal_name(), "approve");
  ASSERT_EQ(sent.signal_input().payloads_size(), 2);
  EXPECT_EQ(sent.signal_input().payloads(0).data() + sent.signal_input().payloads(1).data(), R"("ada"true)");
  EXPECT_EQ(sent.workflow_execution_timeout().seconds(), 3600);
  EXPECT_EQ(sent.workflow_start_delay().seconds(), 5);
  EXPECT_EQ(sent.workflow_id_reuse_policy(), enums::WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE);
  EXPECT_EQ(sent.workflow_id_conflict_policy(), enums::WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING);
  EXPECT_EQ(sent.retry_policy().maximum_attempts(), 3);
  EXPECT_EQ(sent.cron_schedule(), "@daily");
  EXPECT_EQ(sent.memo().fields().at("note").data(), R"("soon")");
  EXPECT_EQ(sent.priority().priority_key(), 2);
  EXPECT_EQ(sent.user_metadata().summary().data(), R"("an order")");
  EXPECT_TRUE(sent.request_id().empty()) << "the server makes it, once for all attempts";
  EXPECT_EQ(sent.links_size(), 0);
}

TEST(signal_with_start, gives_a_handle_of_the_run_that_got_it) {
  engine_driver driver(all(), history_builder("signals_by_name"));
  EXPECT_TRUE(driver.task().at(0).starts_with(call_by_name));
  request sent;
  answer(driver.history, "run-9");
  driver.evict();
  EXPECT_EQ(driver.task(), std::vector<std::string>{R"(complete ("o run-9"))"});
}

TEST(signal_with_start, says_nothing_that_it_does_not_know) {
  engine_driver driver(all(), history_builder("signals_by_name"));
  driver.history.open_task();
  driver.run_whole_task();
  request sent;
  ASSERT_TRUE(sent.ParseFromString(sent_payload(driver).data()));
  EXPECT_FALSE(sent.has_input());
  EXPECT_FALSE(sent.has_signal_input());
  EXPECT_FALSE(sent.task_queue().name().empty()) << "that of the caller";
  EXPECT_EQ(sent.workflow_id_conflict_policy(), enums::WORKFLOW_ID_CONFLICT_POLICY_UNSPECIFIED);
}

TEST(signal_with_start, fails_as_operations_do) {
  engine_driver driver(all(), history_builder("signals_by_name"));
  driver.task();
  driver.history.nexus_failed(driver.history.last_id(), "Workflow execution already finished");
  EXPECT_EQ(driver.task(), std::vector<std::string>{"fail nexus operation completed unsuccessfully"});
}

TEST(signal_with_start, may_be_left_alone) {
  engine_driver driver(all(), history_builder("loses_patience"));
  const auto asked = driver.task();
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[1], "timer 1 1s");
  driver.history.timer_fired(driver.history.last_id());
  EXPECT_EQ(driver.task(), (std::vector<std::string>{"cancel nexus 5", R"(complete ("too late"))"}));
}

TEST(signal_with_start, needs_an_id) {
  engine_driver driver(all(), history_builder("signals_nobody"));
  EXPECT_NE(driver.task().at(0).find("id must be set"), std::string::npos);
}

}  // namespace rondo::test::signal_with_start_cases
