#include <google/protobuf/any.pb.h>
#include <gtest/gtest.h>
#include <temporal/api/errordetails/v1/message.pb.h>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "client_fixture.hpp"
#include "rondo/client/nexus_operations.hpp"
#include "support/owned_text.hpp"

namespace rondo::test::client_nexus_operations_test {

using namespace client_test;
using namespace std::chrono_literals;
namespace enums = temporal::api::enums::v1;

using start_request = service::StartNexusOperationExecutionRequest;
using start_response = service::StartNexusOperationExecutionResponse;
using poll_request = service::PollNexusOperationExecutionRequest;
using poll_response = service::PollNexusOperationExecutionResponse;

struct greetings {
  static constexpr std::string_view name = "greetings";
  static constexpr nexus_operation<std::string, int> greet{"greet"};
  static constexpr nexus_operation<void, void> wave{"wave"};
  static constexpr nexus_operation<owned_text, owned_text> seal{"seal"};
};

class client_nexus_operations : public ClientTest {
 protected:
  nexus_operation_client operations() const { return nexus_operation_client(*client); }
  nexus_service_client<greetings> hall() const { return operations().service<greetings>("hall"); }
  std::shared_ptr<std::vector<start_request>> serve_start() {
    start_response response;
    response.set_run_id("run-1");
    response.set_started(true);
    return serve<start_request>("StartNexusOperationExecution", response);
  }
  template <class Function>
  static std::string refusal(Function function) {
    return message_of<invalid_argument>(function);
  }
};

TEST_F(client_nexus_operations, send_every_option) {
  const auto seen = serve_start();
  payload_map attributes;
  attributes["Shop"].data = "\"a\"";
  const nexus_header lines[] = {{"tenant", "t-7"}};
  const start_nexus_operation_options options{.id = "op-1",
                                              .schedule_to_close_timeout = 4s,
                                              .schedule_to_start_timeout = 3s,
                                              .start_to_close_timeout = 2s,
                                              .reuse = nexus_operation_reuse_policy::reject_duplicate,
                                              .conflict = nexus_operation_conflict_policy::use_existing,
                                              .headers = lines,
                                              .search_attributes = attributes,
                                              .summary = "s",
                                              .details = "d"};
  const auto handle = hall().start(greetings::greet, options, "ada").get();
  EXPECT_EQ(handle.id(), "op-1");
  EXPECT_EQ(handle.run_id(), "run-1");
  const auto& request = seen->front();
  EXPECT_EQ(request.namespace_(), "shop");
  EXPECT_EQ(request.identity(), "tester");
  EXPECT_EQ(request.request_id().size(), 36U);
  EXPECT_EQ(request.operation_id(), "op-1");
  EXPECT_EQ(request.endpoint(), "hall");
  EXPECT_EQ(request.service(), "greetings");
  EXPECT_EQ(request.operation(), "greet");
  EXPECT_EQ(request.input().data(), "\"ada\"");
  EXPECT_EQ(request.schedule_to_close_timeout().seconds(), 4);
  EXPECT_EQ(request.schedule_to_start_timeout().seconds(), 3);
  EXPECT_EQ(request.start_to_close_timeout().seconds(), 2);
  EXPECT_EQ(request.id_reuse_policy(), enums::NEXUS_OPERATION_ID_REUSE_POLICY_REJECT_DUPLICATE);
  EXPECT_EQ(request.id_conflict_policy(), enums::NEXUS_OPERATION_ID_CONFLICT_POLICY_USE_EXISTING);
  EXPECT_EQ(request.nexus_header().at("tenant"), "t-7");
  EXPECT_EQ(request.search_attributes().indexed_fields().at("Shop").data(), "\"a\"");
  EXPECT_EQ(request.user_metadata().summary().data(), "\"s\"");
  EXPECT_EQ(request.user_metadata().details().data(), "\"d\"");
  EXPECT_EQ(header(headers, "temporal-resource-id"), "nexus_operation:op-1");
}

TEST_F(client_nexus_operations, need_little) {
  const auto seen = serve_start();
  EXPECT_EQ(hall().start(greetings::wave, {}).get().id().size(), 36U);
  EXPECT_FALSE(seen->front().has_input());
  EXPECT_EQ(seen->front().id_reuse_policy(), enums::NEXUS_OPERATION_ID_REUSE_POLICY_ALLOW_DUPLICATE);
  EXPECT_EQ(seen->front().id_conflict_policy(), enums::NEXUS_OPERATION_ID_CONFLICT_POLICY_FAIL);
  (void)operations().start({.endpoint = "hall", .service = "other", .operation = "sing"}, {}, 5).get();
  EXPECT_EQ(seen->back().service(), "other");
  EXPECT_EQ(seen->back().input().data(), "5");
}

TEST_F(client_nexus_operations, say_what_to_do_with_ids_that_are_known) {
  const auto seen = serve_start();
  using enum nexus_operation_reuse_policy;
  for (const auto& [policy, wire] :
       {std::pair(allow_duplicate, enums::NEXUS_OPERATION_ID_REUSE_POLICY_ALLOW_DUPLICATE),
        std::pair(allow_duplicate_failed_only, enums::NEXUS_OPERATION_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY),
        std::pair(reject_duplicate, enums::NEXUS_OPERATION_ID_REUSE_POLICY_REJECT_DUPLICATE)}) {
    (void)hall().start(greetings::wave, {.reuse = policy}).get();
    EXPECT_EQ(seen->back().id_reuse_policy(), wire);
  }
}

/// Gives operations another input: the first time one, then none.
class other_input final : public client_interceptor {
 public:
  void outbound(client_call& call) override {
    seen += std::string(call.name) + "(" + (call.arguments.empty() ? "" : call.arguments[0].data) + ")";
    if (call.arguments.empty()) return;
    if (call.arguments[0].data == "1") {
      call.arguments[0].data = "2";
    } else {
      call.arguments.clear();
    }
  }
  std::string seen;
};

TEST_F(client_nexus_operations, are_seen_by_interceptors) {
  const auto interceptor = std::make_shared<other_input>();
  client_options with;
  with.interceptors = {interceptor};
  auto transport = std::make_unique<io::memory_transport>(*loop);
  server = transport.get();
  client.reset();
  connection = std::make_shared<io::connection>(with, std::move(transport));
  client = std::make_unique<rondo::client>(rondo::client::over(connection));
  const auto seen = serve_start();
  const workflow::nexus_target where{.endpoint = "hall", .service = "s", .operation = "o"};
  (void)operations().start(where, {}, 1).get();
  (void)operations().start(where, {}, 7).get();
  (void)operations().start(where, {}).get();
  EXPECT_EQ(interceptor->seen, "o(1)o(7)o()");
  EXPECT_EQ(seen->at(0).input().data(), "2");
  EXPECT_FALSE(seen->at(1).has_input());
  EXPECT_FALSE(seen->at(2).has_input());
}

TEST_F(client_nexus_operations, refuse_what_makes_no_sense) {
  const auto start = [this](const workflow::nexus_target& where, const start_nexus_operation_options& how) {
    return refusal([&] { (void)operations().start(where, how); });
  };
  EXPECT_EQ(start({.endpoint = "", .service = "s", .operation = "o"}, {.id = "x"}),
            "start Nexus operation 'x': INVALID_ARGUMENT: the endpoint is missing");
  EXPECT_EQ(start({.endpoint = "e", .service = "", .operation = "o"}, {.id = "x"}),
            "start Nexus operation 'x': INVALID_ARGUMENT: the service is missing");
  EXPECT_EQ(start({.endpoint = "e", .service = "s", .operation = ""}, {.id = "x"}),
            "start Nexus operation 'x': INVALID_ARGUMENT: the name of the operation is missing");
  EXPECT_EQ(start({.endpoint = "e", .service = "s", .operation = "o"}, {.id = "x", .start_to_close_timeout = -1s}),
            "start Nexus operation 'x': INVALID_ARGUMENT: start_to_close_timeout must not be negative");
}

TEST_F(client_nexus_operations, say_that_they_run) {
  temporal::api::errordetails::v1::NexusOperationExecutionAlreadyStartedFailure said;
  said.set_run_id("other");
  refuse("StartNexusOperationExecution", status_with(rpc_code::already_exists, "operation is running", said));
  try {
    (void)hall().start(greetings::wave, {.id = "op-1"}).get();
    FAIL() << "nothing was thrown";
  } catch (const nexus_operation_already_started& error) {
    EXPECT_EQ(error.run_id(), "other");
    EXPECT_TRUE(std::string(error.what())
                    .starts_with("start Nexus operation 'op-1': ALREADY_EXISTS: operation is running; use"))
        << error.what();
  }
}

TEST_F(client_nexus_operations, give_their_result) {
  serve_start();
  int polls = 0;
  const auto seen = serve<poll_request, poll_response>("PollNexusOperationExecution", [&](const poll_request&) {
    poll_response response;
    response.set_run_id("run-1");
    response.set_wait_stage(enums::NEXUS_OPERATION_WAIT_STAGE_STARTED);
    if (++polls > 1) {
      response.set_wait_stage(enums::NEXUS_OPERATION_WAIT_STAGE_CLOSED);
      auto& result = *response.mutable_result();
      (*result.mutable_metadata())["encoding"] = "json/plain";
      result.set_data("7");
    }
    return response;
  });
  server->fail(method_path("PollNexusOperationExecution"), rpc_status(rpc_code::deadline_exceeded, "late"));
  EXPECT_EQ(hall().execute(greetings::greet, {.id = "op-1"}, "ada").get(), 7);
  EXPECT_EQ(polls, 2);
  EXPECT_EQ(seen->back().operation_id(), "op-1");
  EXPECT_EQ(seen->back().run_id(), "run-1");
  EXPECT_EQ(seen->back().wait_stage(), enums::NEXUS_OPERATION_WAIT_STAGE_CLOSED);
  EXPECT_EQ(operations().execute<int>({.endpoint = "hall", .service = "s", .operation = "o"}, {}).get(), 7);
  EXPECT_EQ(operations().get<int>("op-2").result().get(), 7);
}

TEST_F(client_nexus_operations, know_whose_their_values_are) {
  const auto seen = serve_start();
  std::string owner = " for / nexus hall greetings.seal";
  serve<poll_request, poll_response>("PollNexusOperationExecution", [&](const poll_request&) {
    poll_response response;
    response.set_wait_stage(enums::NEXUS_OPERATION_WAIT_STAGE_CLOSED);
    (*response.mutable_result()->mutable_metadata())["encoding"] = "test/owned";
    response.mutable_result()->set_data("back" + owner);
    return response;
  });
  const owned_text word{"word"};
  EXPECT_EQ(hall().execute(greetings::seal, {}, word).get().text, "back");
  EXPECT_EQ(seen->back().input().data(), "word" + owner);
  owner = " for / nexus hall greetings.other";
  const workflow::nexus_target where{.endpoint = "hall", .service = "greetings", .operation = "other"};
  EXPECT_EQ(operations().execute<owned_text>(where, {}, word).get().text, "back");
  EXPECT_EQ(seen->back().input().data(), "word" + owner);
  owner = " for nobody";
  EXPECT_EQ(operations().get<owned_text>("op-1").result().get().text, "back") << "of an id alone nobody knows it";
}

TEST_F(client_nexus_operations, are_waited_for_in_the_run_that_answered_first) {
  int polls = 0;
  const auto seen = serve<poll_request, poll_response>("PollNexusOperationExecution", [&](const poll_request&) {
    poll_response response;
    response.set_run_id("run-" + std::to_string(++polls));
    response.set_wait_stage(enums::NEXUS_OPERATION_WAIT_STAGE_STARTED);
    if (polls == 2) {
      (*response.mutable_result()->mutable_metadata())["encoding"] = "json/plain";
      response.mutable_result()->set_data("7");
    }
    return response;
  });
  EXPECT_EQ(operations().get<int>("op-1").result().get(), 7);
  ASSERT_EQ(polls, 2);
  EXPECT_EQ(seen->front().run_id(), "");
  EXPECT_EQ(seen->back().run_id(), "run-1");
}

TEST_F(client_nexus_operations, that_fail_at_once_have_no_token) {
  poll_response response;
  response.mutable_failure()->set_message("no voice");
  serve<poll_request>("PollNexusOperationExecution", response);
  EXPECT_EQ(operations().get("op-1").wait_started().get(), "");
}

TEST_F(client_nexus_operations, tell_that_they_have_started) {
  poll_response response;
  response.set_wait_stage(enums::NEXUS_OPERATION_WAIT_STAGE_STARTED);
  response.set_operation_token("the token");
  const auto seen = serve<poll_request>("PollNexusOperationExecution", response);
  EXPECT_EQ(operations().get("op-1").wait_started().get(), "the token");
  EXPECT_EQ(seen->front().wait_stage(), enums::NEXUS_OPERATION_WAIT_STAGE_STARTED);
}

TEST_F(client_nexus_operations, tell_how_they_failed) {
  serve_start();
  poll_response response;
  response.set_wait_stage(enums::NEXUS_OPERATION_WAIT_STAGE_CLOSED);
  response.set_operation_token("the token");
  response.mutable_failure()->set_message("no voice");
  response.mutable_failure()->mutable_application_failure_info()->set_type("Hoarse");
  serve<poll_request>("PollNexusOperationExecution", response);
  try {
    (void)hall().execute(greetings::greet, {.id = "op-1"}, "ada").get();
    FAIL() << "nothing was thrown";
  } catch (const nexus_operation_failure& error) {
    EXPECT_STREQ(error.what(), "Nexus operation 'op-1' failed: no voice");
    EXPECT_EQ(error.endpoint(), "hall");
    EXPECT_EQ(error.service(), "greetings");
    EXPECT_EQ(error.operation(), "greet");
    EXPECT_EQ(error.operation_token(), "the token");
    EXPECT_THROW(std::rethrow_exception(error.cause()), application_failure);
  }
  response.mutable_failure()->mutable_nexus_operation_execution_failure_info()->set_operation("sing");
  serve<poll_request>("PollNexusOperationExecution", response);
  try {
    operations().get("op-1").result().get();
    FAIL() << "nothing was thrown";
  } catch (const nexus_operation_failure& error) {
    EXPECT_EQ(error.operation(), "sing") << "as the server says it";
  }
  refuse("PollNexusOperationExecution", rpc_status(rpc_code::not_found, "no such operation"));
  EXPECT_THROW(operations().get("op-1").result().get(), not_found);
}

TEST_F(client_nexus_operations, are_described) {
  service::DescribeNexusOperationExecutionResponse response;
  auto& info = *response.mutable_info();
  info.set_operation_id("op-1");
  info.set_run_id("run-1");
  info.set_endpoint("hall");
  info.set_service("greetings");
  info.set_operation("greet");
  info.set_status(enums::NEXUS_OPERATION_EXECUTION_STATUS_RUNNING);
  info.set_state(enums::PENDING_NEXUS_OPERATION_STATE_BACKING_OFF);
  info.mutable_schedule_to_close_timeout()->set_seconds(5);
  info.mutable_schedule_to_start_timeout()->set_seconds(4);
  info.mutable_start_to_close_timeout()->set_seconds(3);
  info.mutable_last_attempt_complete_time()->set_seconds(10);
  info.mutable_next_attempt_schedule_time()->set_seconds(11);
  info.mutable_expiration_time()->set_seconds(12);
  info.set_blocked_reason("the endpoint is gone");
  info.set_identity("ada");
  info.set_attempt(3);
  info.mutable_schedule_time()->set_seconds(9);
  info.mutable_last_attempt_failure()->set_message("oh");
  info.mutable_cancellation_info()->set_reason("enough");
  info.mutable_cancellation_info()->set_attempt(2);
  info.mutable_cancellation_info()->mutable_last_attempt_failure()->set_message("not now");
  info.mutable_cancellation_info()->set_blocked_reason("so is its way");
  info.mutable_cancellation_info()->mutable_requested_time()->set_seconds(13);
  info.set_operation_token("the token");
  (*info.mutable_nexus_header())["tenant"] = "t-7";
  info.mutable_user_metadata()->mutable_summary()->set_data("\"s\"");
  info.mutable_user_metadata()->mutable_details()->set_data("no text");
  const auto seen = serve<service::DescribeNexusOperationExecutionRequest>("DescribeNexusOperationExecution", response);
  const auto found = operations().get("op-1", "run-1").describe().get();
  EXPECT_EQ(seen->front().run_id(), "run-1");
  EXPECT_EQ(found.id, "op-1");
  EXPECT_EQ(found.endpoint, "hall");
  EXPECT_EQ(found.service, "greetings");
  EXPECT_EQ(found.operation, "greet");
  EXPECT_EQ(found.status, nexus_operation_status::running);
  EXPECT_EQ(found.state, pending_nexus_operation_state::backing_off);
  EXPECT_EQ(found.schedule_to_close_timeout, 5s);
  EXPECT_EQ(found.schedule_to_start_timeout, 4s);
  EXPECT_EQ(found.start_to_close_timeout, 3s);
  EXPECT_EQ(found.last_attempt_complete_time, server_time(10s));
  EXPECT_EQ(found.next_attempt_time, server_time(11s));
  EXPECT_EQ(found.expiration_time, server_time(12s));
  EXPECT_EQ(found.blocked_reason, "the endpoint is gone");
  EXPECT_EQ(found.identity, "ada");
  EXPECT_EQ(found.attempt, 3);
  EXPECT_EQ(found.scheduled_time, server_time(9s));
  EXPECT_EQ(found.close_time, std::nullopt);
  EXPECT_EQ(found.last_failure_message, "oh");
  ASSERT_TRUE(found.cancellation.has_value());
  EXPECT_EQ(found.cancellation->reason, "enough");
  EXPECT_EQ(found.cancellation->attempt, 2);
  EXPECT_EQ(found.cancellation->last_failure_message, "not now");
  EXPECT_EQ(found.cancellation->blocked_reason, "so is its way");
  EXPECT_EQ(found.cancellation->requested_time, server_time(13s));
  EXPECT_EQ(found.cancellation->next_attempt_time, std::nullopt);
  EXPECT_EQ(found.operation_token, "the token");
  EXPECT_EQ(found.headers.at("tenant"), "t-7");
  EXPECT_EQ(found.summary, "s");
  EXPECT_EQ(found.details, "");
}

TEST_F(client_nexus_operations, are_described_in_every_state) {
  service::DescribeNexusOperationExecutionResponse response;
  response.set_run_id("run-9");
  const auto described = [&] {
    serve<service::DescribeNexusOperationExecutionRequest>("DescribeNexusOperationExecution", response);
    return operations().get("op-1").describe().get();
  };
  EXPECT_EQ(described().run_id, "run-9") << "it stands outside";
  using status = nexus_operation_status;
  for (const auto& [wire, known] : {std::pair(enums::NEXUS_OPERATION_EXECUTION_STATUS_UNSPECIFIED, status::unspecified),
                                    std::pair(enums::NEXUS_OPERATION_EXECUTION_STATUS_RUNNING, status::running),
                                    std::pair(enums::NEXUS_OPERATION_EXECUTION_STATUS_COMPLETED, status::completed),
                                    std::pair(enums::NEXUS_OPERATION_EXECUTION_STATUS_FAILED, status::failed),
                                    std::pair(enums::NEXUS_OPERATION_EXECUTION_STATUS_CANCELED, status::cancelled),
                                    std::pair(enums::NEXUS_OPERATION_EXECUTION_STATUS_TERMINATED, status::terminated),
                                    std::pair(enums::NEXUS_OPERATION_EXECUTION_STATUS_TIMED_OUT, status::timed_out)}) {
    response.mutable_info()->set_status(wire);
    EXPECT_EQ(described().status, known);
  }
  using state = pending_nexus_operation_state;
  for (const auto& [wire, known] : {std::pair(enums::PENDING_NEXUS_OPERATION_STATE_SCHEDULED, state::scheduled),
                                    std::pair(enums::PENDING_NEXUS_OPERATION_STATE_BACKING_OFF, state::backing_off),
                                    std::pair(enums::PENDING_NEXUS_OPERATION_STATE_STARTED, state::started),
                                    std::pair(enums::PENDING_NEXUS_OPERATION_STATE_BLOCKED, state::blocked)}) {
    response.mutable_info()->set_state(wire);
    EXPECT_EQ(described().state, known);
  }
}

TEST_F(client_nexus_operations, are_described_with_what_goes_in_and_comes_out) {
  service::DescribeNexusOperationExecutionResponse response;
  response.mutable_input()->set_data("\"ada\"");
  response.mutable_result()->set_data("7");
  const auto seen = serve<service::DescribeNexusOperationExecutionRequest>("DescribeNexusOperationExecution", response);
  const auto found = operations().get("op-1").describe({.input = true, .outcome = true}).get();
  EXPECT_TRUE(seen->front().include_input());
  EXPECT_TRUE(seen->front().include_outcome());
  EXPECT_EQ(found.input.value().data, "\"ada\"");
  EXPECT_EQ(found.result.value().data, "7");
  EXPECT_EQ(found.error, nullptr);

  response.clear_input();
  response.mutable_failure()->set_message("out of voice");
  response.mutable_failure()->mutable_application_failure_info()->set_type("Hoarse");
  const auto later =
      serve<service::DescribeNexusOperationExecutionRequest>("DescribeNexusOperationExecution", response);
  const auto failed = operations().get("op-1").describe().get();
  EXPECT_FALSE(later->front().include_input() || later->front().include_outcome()) << "they may be large";
  EXPECT_FALSE(failed.input || failed.result);
  ASSERT_NE(failed.error, nullptr);
  try {
    std::rethrow_exception(failed.error);
  } catch (const application_failure& error) {
    EXPECT_EQ(error.type(), "Hoarse");
  }
}

TEST_F(client_nexus_operations, are_cancelled_terminated_and_deleted) {
  const auto handle = operations().get("op-1", "run-1");
  const auto cancelled =
      serve<service::RequestCancelNexusOperationExecutionRequest,
            service::RequestCancelNexusOperationExecutionResponse>("RequestCancelNexusOperationExecution");
  handle.cancel("why").get();
  EXPECT_EQ(cancelled->front().operation_id(), "op-1");
  EXPECT_EQ(cancelled->front().run_id(), "run-1");
  EXPECT_EQ(cancelled->front().reason(), "why");
  EXPECT_EQ(cancelled->front().request_id().size(), 36U);
  const auto terminated =
      serve<service::TerminateNexusOperationExecutionRequest, service::TerminateNexusOperationExecutionResponse>(
          "TerminateNexusOperationExecution");
  handle.terminate("over").get();
  EXPECT_EQ(terminated->front().reason(), "over");
  EXPECT_EQ(terminated->front().identity(), "tester");
  const auto deleted =
      serve<service::DeleteNexusOperationExecutionRequest, service::DeleteNexusOperationExecutionResponse>(
          "DeleteNexusOperationExecution");
  handle.remove().get();
  EXPECT_EQ(deleted->front().operation_id(), "op-1");
}

TEST_F(client_nexus_operations, are_listed_and_counted) {
  service::ListNexusOperationExecutionsResponse page;
  auto& info = *page.add_operations();
  info.set_operation_id("op-1");
  info.set_service("greetings");
  info.set_status(enums::NEXUS_OPERATION_EXECUTION_STATUS_TIMED_OUT);
  info.mutable_execution_duration()->set_seconds(2);
  const auto listed = serve<service::ListNexusOperationExecutionsRequest>("ListNexusOperationExecutions", page);
  auto list = operations().list("q", {.page_size = 3});
  const auto first = list.next().get();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->id, "op-1");
  EXPECT_EQ(first->service, "greetings");
  EXPECT_EQ(first->status, nexus_operation_status::timed_out);
  EXPECT_EQ(first->execution_duration, 2s);
  EXPECT_FALSE(list.next().get().has_value());
  EXPECT_EQ(listed->front().query(), "q");
  EXPECT_EQ(listed->front().page_size(), 3);
  service::CountNexusOperationExecutionsResponse count;
  count.set_count(4);
  count.add_groups()->set_count(3);
  serve<service::CountNexusOperationExecutionsRequest>("CountNexusOperationExecutions", count);
  const auto counted = operations().count("GROUP BY ExecutionStatus").get();
  EXPECT_EQ(counted.total, 4);
  EXPECT_EQ(counted.groups.at(0).count, 3);
}

}  // namespace rondo::test::client_nexus_operations_test
