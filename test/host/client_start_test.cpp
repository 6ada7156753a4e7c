#include <gtest/gtest.h>
#include <temporal/api/errordetails/v1/message.pb.h>

#include <array>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "client_fixture.hpp"
#include "rondo/client.hpp"

namespace client_test {

rondo::task<std::string> greet(std::string name);

}  // namespace client_test

namespace client_start_test {

using namespace client_test;
using namespace std::chrono_literals;
using request_type = service::StartWorkflowExecutionRequest;
using response_type = service::StartWorkflowExecutionResponse;
namespace enums = temporal::api::enums::v1;

const order five{"o", 5};

class ClientStart : public ClientTest {
 protected:
  static response_type started(const std::string& run) {
    response_type response;
    response.set_run_id(run);
    response.set_started(true);
    return response;
  }
};

TEST_F(ClientStart, SendsWhatWasSaid) {
  const auto seen = serve<request_type>("StartWorkflowExecution", started("run-1"));
  const auto handle =
      client->start_workflow<order_workflow>({.id = "order-1", .task_queue = "orders"}, five, true).get();
  ASSERT_EQ(seen->size(), 1U);
  const auto& request = seen->front();
  EXPECT_EQ(request.namespace_(), "shop");
  EXPECT_EQ(request.workflow_id(), "order-1");
  EXPECT_EQ(request.workflow_type().name(), "order_workflow");
  EXPECT_EQ(request.task_queue().name(), "orders");
  EXPECT_EQ(request.identity(), "tester");
  EXPECT_EQ(request.request_id().size(), 36U);
  EXPECT_EQ(texts(request.input()), R"({"id":"o","cents":5} 1)");
  EXPECT_FALSE(request.has_workflow_run_timeout());
  EXPECT_FALSE(request.has_retry_policy());
  EXPECT_FALSE(request.has_memo());
  EXPECT_FALSE(request.has_user_metadata());
  EXPECT_EQ(request.workflow_id_reuse_policy(), enums::WORKFLOW_ID_REUSE_POLICY_UNSPECIFIED);
  EXPECT_EQ(request.workflow_id_conflict_policy(), enums::WORKFLOW_ID_CONFLICT_POLICY_UNSPECIFIED);
  EXPECT_EQ(header(headers, "temporal-namespace"), "shop");
  EXPECT_EQ(header(headers, "temporal-resource-id"), "workflow:order-1");
  EXPECT_EQ(handle.id(), "order-1");
  EXPECT_EQ(handle.run_id(), "run-1");
  EXPECT_EQ(handle.first_execution_run_id(), "run-1");
}

TEST_F(ClientStart, SendsEveryOption) {
  const auto seen = serve<request_type>("StartWorkflowExecution", started("r"));
  rondo::payload_map memo, attributes;
  memo["colour"].data = "\"red\"";
  attributes["Shop"].metadata["type"] = "Keyword";
  const std::array<std::string_view, 2> fatal = {"Broken", "Lost"};
  rondo::retry_policy retry;
  retry.initial_interval = 2s;
  retry.backoff_coefficient = 3;
  retry.maximum_interval = 90s;
  retry.maximum_attempts = 4;
  retry.non_retryable_error_types = fatal;
  rondo::start_workflow_options options;
  options.task_queue = "q";
  options.reuse = rondo::id_reuse_policy::reject_duplicate;
  options.conflict = rondo::id_conflict_policy::use_existing;
  options.execution_timeout = 3h;
  options.run_timeout = 1500ms;
  options.task_timeout = 10s;
  options.start_delay = 1ns;
  options.retry = retry;
  options.cron_schedule = "0 12 * * *";
  options.memo = memo;
  options.search_attributes = attributes;
  options.summary = "a \"summary\"";
  options.details = "details";
  const auto handle = client->start_workflow("Foreign", options).get();

  const auto& request = seen->front();
  EXPECT_EQ(request.workflow_type().name(), "Foreign");
  EXPECT_FALSE(request.has_input());
  EXPECT_EQ(request.workflow_id().size(), 36U);
  EXPECT_EQ(handle.id(), request.workflow_id());
  EXPECT_EQ(request.workflow_id_reuse_policy(), enums::WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE);
  EXPECT_EQ(request.workflow_id_conflict_policy(), enums::WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING);
  EXPECT_EQ(request.workflow_execution_timeout().seconds(), 3 * 3600);
  EXPECT_EQ(request.workflow_run_timeout().seconds(), 1);
  EXPECT_EQ(request.workflow_run_timeout().nanos(), 500'000'000);
  EXPECT_EQ(request.workflow_task_timeout().seconds(), 10);
  EXPECT_EQ(request.workflow_start_delay().nanos(), 1);
  EXPECT_EQ(request.retry_policy().initial_interval().seconds(), 2);
  EXPECT_EQ(request.retry_policy().backoff_coefficient(), 3);
  EXPECT_EQ(request.retry_policy().maximum_interval().seconds(), 90);
  EXPECT_EQ(request.retry_policy().maximum_attempts(), 4);
  ASSERT_EQ(request.retry_policy().non_retryable_error_types_size(), 2);
  EXPECT_EQ(request.retry_policy().non_retryable_error_types(1), "Lost");
  EXPECT_EQ(request.cron_schedule(), "0 12 * * *");
  EXPECT_EQ(request.memo().fields().at("colour").data(), "\"red\"");
  EXPECT_EQ(request.search_attributes().indexed_fields().at("Shop").metadata().at("type"), "Keyword");
  EXPECT_EQ(request.user_metadata().summary().data(), R"("a \"summary\"")");
  EXPECT_EQ(request.user_metadata().details().metadata().at("encoding"), "json/plain");
}

TEST_F(ClientStart, RefusesBeforeSending) {
  serve<request_type>("StartWorkflowExecution", started("r"));
  rondo::start_workflow_options options;
  EXPECT_NE(message_of<rondo::invalid_argument>([&] { (void)client->start_workflow("W", options); }).find("task_queue"),
            std::string::npos);
  options.task_queue = "q";
  options.id = "w";
  options.run_timeout = -1s;
  EXPECT_EQ(message_of<rondo::invalid_argument>([&] { (void)client->start_workflow("W", options); }),
            "start workflow 'w': INVALID_ARGUMENT: run_timeout must not be negative");
  options.run_timeout = 0s;
  options.retry.emplace().backoff_coefficient = 0.5;
  EXPECT_THROW((void)client->start_workflow("W", options), rondo::invalid_argument);
  options.retry.emplace().maximum_attempts = -1;
  EXPECT_THROW((void)client->start_workflow("W", options), rondo::invalid_argument);
  options.retry.emplace().initial_interval = -1s;
  EXPECT_THROW((void)client->start_workflow("W", options), rondo::invalid_argument);
  EXPECT_EQ(calls("StartWorkflowExecution"), 0U);
}

TEST_F(ClientStart, SendsNothingUntilItIsDriven) {
  serve<request_type>("StartWorkflowExecution", started("r"));
  {
    auto call = client->start_workflow("W", {.task_queue = "q"});
    loop->poll();
    EXPECT_EQ(calls("StartWorkflowExecution"), 0U);
  }
  auto call = client->start_workflow("W", {.task_queue = "q"});
  call.get();
  EXPECT_EQ(calls("StartWorkflowExecution"), 1U);
}

TEST_F(ClientStart, KeepsTheRequestIdWhenItRepeats) {
  const auto seen = serve<request_type>("StartWorkflowExecution", started("r"));
  server->lose_responses(method_path("StartWorkflowExecution"), 2);
  (void)client->start_workflow("W", {.task_queue = "q"}).get();
  (void)client->start_workflow("W", {.task_queue = "q"}).get();
  ASSERT_EQ(seen->size(), 4U);
  EXPECT_EQ((*seen)[0].request_id(), (*seen)[1].request_id());
  EXPECT_EQ((*seen)[0].request_id(), (*seen)[2].request_id());
  EXPECT_EQ((*seen)[0].workflow_id(), (*seen)[2].workflow_id());
  EXPECT_NE((*seen)[2].request_id(), (*seen)[3].request_id());
  EXPECT_NE((*seen)[2].workflow_id(), (*seen)[3].workflow_id());
}

TEST_F(ClientStart, NamesFunctionsAndConvertsArguments) {
  const auto seen = serve<request_type>("StartWorkflowExecution", started("r"));
  (void)client->start_workflow<greet>({.task_queue = "q"}, "ada").get();
  (void)client->start_workflow<&greet>({.task_queue = "q"}, std::string("bob")).get();
  (void)client->start_workflow<int>("ByName", {.task_queue = "q"}, "text", 1, true).get();
  EXPECT_EQ((*seen)[0].workflow_type().name(), "greet");
  EXPECT_EQ(texts((*seen)[0].input()), "\"ada\"");
  EXPECT_EQ(texts((*seen)[1].input()), "\"bob\"");
  EXPECT_EQ(texts((*seen)[2].input()), "\"text\" 1 true");
}

TEST_F(ClientStart, TellsWhatIsInTheWay) {
  temporal::api::errordetails::v1::WorkflowExecutionAlreadyStartedFailure said;
  said.set_run_id("run-0");
  said.set_first_execution_run_id("run-first");
  said.set_start_request_id("request-0");
  refuse("StartWorkflowExecution", status_with(rondo::rpc_code::already_exists, "is already running", said));
  try {
    (void)client->start_workflow("W", {.id = "order-1", .task_queue = "q"}).get();
    FAIL();
  } catch (const rondo::workflow_already_started& error) {
    EXPECT_EQ(error.workflow_id(), "order-1");
    EXPECT_EQ(error.run_id(), "run-0");
    EXPECT_EQ(error.first_execution_run_id(), "run-first");
    EXPECT_EQ(error.start_request_id(), "request-0");
    EXPECT_EQ(error.code(), rondo::rpc_code::already_exists);
    EXPECT_NE(std::string(error.what()).find("start workflow 'order-1': ALREADY_EXISTS: is already running; use"),
              std::string::npos);
  }
  EXPECT_EQ(calls("StartWorkflowExecution"), 1U);
}

TEST_F(ClientStart, GuardsOnlyTheChainItKnows) {
  response_type existing;
  existing.set_run_id("run-5");
  serve<request_type>("StartWorkflowExecution", existing);
  const auto attached =
      client->start_workflow("W", {.task_queue = "q", .conflict = rondo::id_conflict_policy::use_existing}).get();
  EXPECT_EQ(attached.run_id(), "run-5");
  EXPECT_EQ(attached.first_execution_run_id(), "");
  // Servers that do not say whether they started it: without use_existing they did.
  EXPECT_EQ(client->start_workflow("W", {.task_queue = "q"}).get().first_execution_run_id(), "run-5");
  existing.set_first_execution_run_id("run-1");
  serve<request_type>("StartWorkflowExecution", existing);
  EXPECT_EQ(client->start_workflow("W", {.task_queue = "q"}).get().first_execution_run_id(), "run-1");
}

TEST_F(ClientStart, SignalsWithStart) {
  service::SignalWithStartWorkflowExecutionResponse response;
  response.set_run_id("run-1");
  const auto seen =
      serve<service::SignalWithStartWorkflowExecutionRequest>("SignalWithStartWorkflowExecution", response);
  const auto handle = client
                          ->signal_with_start<order_workflow, &order_workflow::approve>({.id = "o", .task_queue = "q"},
                                                                                        std::tuple{"ada", 3}, five, 1.5)
                          .get();
  const auto& request = seen->front();
  EXPECT_EQ(request.signal_name(), "approve");
  EXPECT_EQ(texts(request.signal_input()), "\"ada\" 3");
  EXPECT_EQ(texts(request.input()), R"({"id":"o","cents":5} 1.5)");
  EXPECT_EQ(request.workflow_type().name(), "order_workflow");
  EXPECT_EQ(request.request_id().size(), 36U);
  EXPECT_EQ(header(headers, "temporal-resource-id"), "workflow:o");
  EXPECT_EQ(handle.run_id(), "run-1");
  EXPECT_EQ(handle.first_execution_run_id(), "");
}

TEST_F(ClientStart, SignalsWithStartByName) {
  service::SignalWithStartWorkflowExecutionResponse response;
  response.set_run_id("run-1");
  const auto seen =
      serve<service::SignalWithStartWorkflowExecutionRequest>("SignalWithStartWorkflowExecution", response);
  const rondo::start_workflow_options how{.id = "o", .task_queue = "q"};

  const auto foreign = client->signal_with_start<int>("Foreign", how, "approve", std::tuple{"ada", 3}, 7, "b").get();
  static_assert(std::is_same_v<decltype(foreign.result())::value_type, int>);
  EXPECT_EQ(foreign.run_id(), "run-1");
  EXPECT_EQ(seen->back().workflow_type().name(), "Foreign");
  EXPECT_EQ(seen->back().signal_name(), "approve");
  EXPECT_EQ(texts(seen->back().signal_input()), "\"ada\" 3");
  EXPECT_EQ(texts(seen->back().input()), "7 \"b\"");

  (void)client->signal_with_start<greet>(how, "louder", std::tuple<>(), "Ada").get();
  EXPECT_EQ(seen->back().workflow_type().name(), rondo::name_of<greet>);
  EXPECT_EQ(seen->back().signal_name(), "louder");
  EXPECT_EQ(seen->back().signal_input().payloads_size(), 0);
  EXPECT_EQ(texts(seen->back().input()), "\"Ada\"");

  const auto typed = client->signal_with_start<order_workflow>(how, "poke", std::tuple{1}, five, 1.5).get();
  static_assert(std::is_same_v<std::remove_const_t<decltype(typed)>, rondo::workflow_handle<order_workflow>>);
  EXPECT_EQ(seen->back().workflow_type().name(), "order_workflow");
  EXPECT_EQ(seen->back().signal_name(), "poke");
  EXPECT_EQ(texts(seen->back().signal_input()), "1");
  EXPECT_EQ(texts(seen->back().input()), R"({"id":"o","cents":5} 1.5)");
}

TEST_F(ClientStart, ExecutesToTheResult) {
  serve<request_type>("StartWorkflowExecution", started("run-1"));
  service::GetWorkflowExecutionHistoryResponse history;
  add_json(*history.mutable_history()
                ->add_events()
                ->mutable_workflow_execution_completed_event_attributes()
                ->mutable_result(),
           "42");
  const auto polls = serve<service::GetWorkflowExecutionHistoryRequest>("GetWorkflowExecutionHistory", history);
  EXPECT_EQ(client->execute_workflow<order_workflow>({.id = "o", .task_queue = "q"}, five, 1).get(), 42);
  EXPECT_EQ(polls->front().execution().run_id(), "run-1");
  EXPECT_EQ(client->execute_workflow<int>("Foreign", {.id = "o", .task_queue = "q"}).get(), 42);
  EXPECT_THROW((void)client->execute_workflow<greet>({.task_queue = "q"}, "x").get(), rondo::conversion_error);
}

}  // namespace client_start_test
