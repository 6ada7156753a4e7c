#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "rondo/detail/base/base64.hpp"
#include "rondo/detail/worker/failure_json.hpp"
#include "rondo/detail/worker/nexus_answer.hpp"
#include "rondo/detail/worker/nexus_links.hpp"
#include "rondo/detail/worker/nexus_requests.hpp"
#include "rondo/detail/worker/nexus_token.hpp"
#include "support/shop_failures.hpp"

// The parts of the serving of Nexus: links, tokens, headers, failures.
namespace rondo::test::nexus_parts_test {

using namespace detail::worker;
namespace enums = detail::engine::enums;

// ---- links

nexus_link event_link(std::string url) { return {.url = std::move(url), .type = std::string(event_link_type)}; }

TEST(nexus_links, lead_to_events) {
  const auto link = event_link(
      "temporal:///namespaces/my%20space/workflows/order%2F7/run-1/"
      "history?eventID=5&eventType=NexusOperationScheduled&referenceType=EventReference");
  const auto read = execution_link_of(link);
  ASSERT_TRUE(read);
  const auto& event = read->workflow_event();
  EXPECT_EQ(event.namespace_(), "my space");
  EXPECT_EQ(event.workflow_id(), "order/7");
  EXPECT_EQ(event.run_id(), "run-1");
  EXPECT_EQ(event.event_ref().event_id(), 5);
  EXPECT_EQ(event.event_ref().event_type(), enums::EVENT_TYPE_NEXUS_OPERATION_SCHEDULED);
  EXPECT_EQ(nexus_link_of(*read), link);
}

TEST(nexus_links, lead_to_what_a_request_made) {
  const auto link = event_link(
      "temporal:///namespaces/n/workflows/w/r/"
      "history?eventType=WorkflowExecutionOptionsUpdated&referenceType=RequestIdReference&requestID=a%2Bb");
  const auto read = execution_link_of(link);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->workflow_event().request_id_ref().request_id(), "a+b");
  EXPECT_EQ(read->workflow_event().request_id_ref().event_type(), enums::EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED);
  EXPECT_EQ(nexus_link_of(*read), link);
}

TEST(nexus_links, need_no_number_of_an_event) {
  const auto link = event_link(
      "temporal:///namespaces/n/workflows/w/r/"
      "history?eventType=WorkflowExecutionStarted&referenceType=EventReference");
  const auto read = execution_link_of(link);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->workflow_event().event_ref().event_id(), 0);
  EXPECT_EQ(nexus_link_of(*read), link);
}

TEST(nexus_links, are_those_that_the_server_gives) {
  namespace service = detail::engine::service;
  service::StartWorkflowExecutionResponse workflow;
  workflow.mutable_link()->mutable_workflow_event()->set_workflow_id("other");
  EXPECT_EQ(link_to(service::StartWorkflowExecutionRequest(), workflow), nexus_link_of(workflow.link()));
  service::StartActivityExecutionResponse activity;
  activity.mutable_link()->mutable_activity()->set_activity_id("other");
  EXPECT_EQ(link_to(service::StartActivityExecutionRequest(), activity), nexus_link_of(activity.link()));
}

TEST(nexus_links, know_both_spellings_of_events_and_pluses_in_queries) {
  const auto read = execution_link_of(event_link(
      "temporal:///namespaces/n/workflows/a+b/r/"
      "history?eventType=EVENT_TYPE_WORKFLOW_EXECUTION_STARTED&requestID=a+b&referenceType=RequestIdReference"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->workflow_event().workflow_id(), "a+b");
  EXPECT_EQ(read->workflow_event().request_id_ref().request_id(), "a b");
  EXPECT_EQ(read->workflow_event().request_id_ref().event_type(), enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED);
}

TEST(nexus_links, lead_to_other_executions) {
  for (const auto& [url, type] : {
           std::pair("temporal:///namespaces/n/workflows/w/r", workflow_link_type),
           std::pair("temporal:///namespaces/n/workflows/w/r?reason=a%20query", workflow_link_type),
           std::pair("temporal:///namespaces/n/activities/a/r/details", activity_link_type),
           std::pair("temporal:///namespaces/n/nexus-operations/o/r/details", operation_link_type),
       }) {
    const nexus_link link{.url = url, .type = std::string(type)};
    const auto read = execution_link_of(link);
    ASSERT_TRUE(read) << url;
    EXPECT_EQ(nexus_link_of(*read), link);
  }
}

TEST(nexus_links, that_cannot_be_read_lead_nowhere) {
  const std::string query = "?eventType=WorkflowExecutionStarted&referenceType=EventReference";
  for (const auto& url : {
           std::string("https://example.com"),
           std::string("temporal:///namespaces/n/workflows/w"),
           "temporal:///namespaces/n/workflows/w/r/events" + query,
           "temporal:///namespaces/n/activities/w/r/history" + query,
           "temporal:///namespaces/n/workflows/%4/r/history" + query,
           "temporal:///namespaces/n/workflows/%zz/r/history" + query,
           "temporal:///namespaces/n/workflows/w/r/history" + query + "&eventID=x",
           "temporal:///namespaces/n/workflows/w/r/history" + query + "&eventID=-1",
           std::string("temporal:///namespaces/n/workflows/w/r/history?eventType=WorkflowExecutionStarted"),
       }) {
    EXPECT_FALSE(execution_link_of(event_link(url))) << url;
  }
  EXPECT_FALSE(execution_link_of({.url = "temporal:///namespaces/n/workflows/w/r", .type = "other"}));
}

// ---- tokens

std::string refusal_of(std::string_view token) {
  try {
    (void)read_operation_token(token, "default");
  } catch (const nexus_handler_failure& refused) {
    return refused.type() + " " + refused.message();
  }
  return "taken";
}
std::string token_of(std::string_view json) { return detail::base64_encode(json); }

TEST(nexus_tokens, name_workflows) {
  const auto token = workflow_token("default", "order \xC3\xA4?>");
  EXPECT_EQ(token.find_first_of("+/="), std::string::npos) << token;
  EXPECT_EQ(detail::base64_decode(token), R"({"t":1,"ns":"default","wid":"order )"
                                          "\xC3\xA4"
                                          R"(?>"})");
  EXPECT_EQ(read_operation_token(token, "default").workflow_id, "order \xC3\xA4?>");
  EXPECT_EQ(refusal_of(token_of(R"({"v":0,"t":1,"ns":"default","wid":"w","more":[1]})")), "taken");
}

TEST(nexus_tokens, name_activities_and_updates) {
  const nexus_backing activity{.kind = nexus_backing::kind_type::activity, .activity_id = "charge", .run_id = "run-1"};
  const auto of_activity = operation_token("default", activity);
  EXPECT_EQ(detail::base64_decode(of_activity), R"({"t":2,"ns":"default","aid":"charge","rid":"run-1"})");
  EXPECT_EQ(read_operation_token(of_activity, "default"), activity);
  const nexus_backing update{
      .kind = nexus_backing::kind_type::update, .workflow_id = "order", .update_id = "add", .run_id = "run-2"};
  const auto of_update = operation_token("default", update);
  EXPECT_EQ(detail::base64_decode(of_update), R"({"t":3,"ns":"default","wid":"order","rid":"run-2","uid":"add"})");
  EXPECT_EQ(read_operation_token(of_update, "default"), update);
}

TEST(nexus_tokens, that_are_not_ours_are_refused) {
  EXPECT_EQ(refusal_of(""), "BAD_REQUEST the operation token is missing");
  EXPECT_EQ(refusal_of("a*"), "BAD_REQUEST the operation token is not base64");
  EXPECT_TRUE(refusal_of(token_of("{")).starts_with("BAD_REQUEST the operation token cannot be read: "));
  EXPECT_EQ(refusal_of(token_of(R"({"t":1,"ns":"default","wid":""})")),
            "BAD_REQUEST the operation token does not name a workflow");
  EXPECT_EQ(refusal_of(token_of(R"({"t":2,"ns":"default","wid":"w"})")),
            "BAD_REQUEST the operation token does not name an activity");
  for (const auto* half : {R"({"t":3,"ns":"default","wid":"w"})", R"({"t":3,"ns":"default","uid":"u"})"}) {
    EXPECT_EQ(refusal_of(token_of(half)), "BAD_REQUEST the operation token does not name an update of a workflow");
  }
  EXPECT_EQ(refusal_of(token_of(R"({"t":4,"ns":"default","wid":"w"})")),
            "BAD_REQUEST the operation token is of type 4, which this worker does not know");
  EXPECT_EQ(refusal_of(token_of(R"({"v":1,"t":1,"ns":"default","wid":"w"})")),
            "BAD_REQUEST the operation token has version 1, which is newer than this worker");
  EXPECT_EQ(refusal_of(token_of(R"({"t":1,"ns":"other","wid":"w"})")),
            "BAD_REQUEST the operation token is of namespace 'other'");
}

// ---- requests

TEST(nexus_requests, say_how_long_their_callers_wait) {
  std::map<std::string, std::string, std::less<>> headers;
  EXPECT_FALSE(request_timeout(headers));
  headers["request-timeout"] = "1m1.5s";
  EXPECT_EQ(request_timeout(headers), std::chrono::milliseconds(61'500));
  headers["request-timeout"] = "soon";
  EXPECT_THROW((void)request_timeout(headers), nexus_handler_failure);
}

TEST(nexus_requests, have_headers_in_lower_case) {
  nexus_poll task;
  (*task.mutable_request()->mutable_header())["Request-Timeout"] = "5s";
  task.mutable_request()->set_endpoint("hall");
  task.mutable_request()->mutable_start_operation()->set_request_id("r");
  task.mutable_request()->mutable_start_operation()->add_links()->set_url("https://orders");
  const auto about = facts_of(task, "n", "q");
  EXPECT_EQ(about.headers.at("request-timeout"), "5s");
  EXPECT_EQ(about.request_id, "r");
  EXPECT_EQ(about.endpoint, "hall");
  ASSERT_EQ(about.links.size(), 1U);
  EXPECT_EQ(about.links[0].url, "https://orders");
}

TEST(nexus_requests, give_workflows_what_they_answer_with) {
  temporal::api::nexus::v1::StartOperationRequest operation;
  operation.set_request_id("request");
  operation.set_callback("http://caller/callback");
  (*operation.mutable_callback_header())["Token"] = "secret";
  (*operation.mutable_callback_header())["Nexus-Operation-Token"] = "of somebody else";
  auto& link = *operation.add_links();
  link.set_url("temporal:///namespaces/n/workflows/w/r");
  link.set_type(std::string(workflow_link_type));
  operation.add_links()->set_url("https://example.com");
  detail::engine::service::StartWorkflowExecutionRequest made;
  made.set_namespace_("default");
  made.set_workflow_id("order");
  nexus_origin(operation).attach(made);
  EXPECT_EQ(made.request_id(), "request");
  EXPECT_TRUE(made.on_conflict_options().attach_request_id());
  EXPECT_TRUE(made.on_conflict_options().attach_completion_callbacks());
  EXPECT_TRUE(made.on_conflict_options().attach_links());
  ASSERT_EQ(made.links_size(), 1);
  EXPECT_EQ(made.links(0).workflow().workflow_id(), "w");
  ASSERT_EQ(made.completion_callbacks_size(), 1);
  const auto& callback = made.completion_callbacks(0);
  EXPECT_EQ(callback.nexus().url(), "http://caller/callback");
  EXPECT_EQ(callback.nexus().header().at("token"), "secret");
  EXPECT_EQ(callback.nexus().header().at("nexus-operation-token"), workflow_token("default", "order"));
  EXPECT_EQ(callback.links_size(), 1);
}

// ---- failures

std::exception_ptr ended(bool cancelled, bool with_cause) {
  const auto cause = std::make_exception_ptr(application_failure("no parts", {.type = "Stock"}));
  if (cancelled) {
    nexus_operation_cancelled error("closed");
    if (with_cause) error.set_cause(cause);
    return std::make_exception_ptr(error);
  }
  nexus_operation_error error("out of stock");
  if (with_cause) error.set_cause(cause);
  return std::make_exception_ptr(error);
}

TEST(nexus_failures, of_operations_are_those_of_temporal) {
  temporal::api::nexus::v1::StartOperationResponse to;
  ASSERT_TRUE(write_operation_error(answer_of(ended(false, true), false), to));
  EXPECT_EQ(to.failure().message(), "out of stock");
  EXPECT_EQ(to.failure().application_failure_info().type(), "OperationError");
  EXPECT_TRUE(to.failure().application_failure_info().non_retryable());
  EXPECT_EQ(to.failure().cause().application_failure_info().type(), "Stock");
  to.Clear();
  ASSERT_TRUE(write_operation_error(answer_of(ended(true, false), false), to));
  EXPECT_TRUE(to.failure().has_canceled_failure_info());
}

TEST(nexus_failures, of_operations_are_those_of_nexus_for_older_servers) {
  detail::engine::service::RespondNexusTaskCompletedRequest answer;
  auto& to = *answer.mutable_response()->mutable_start_operation();
  EXPECT_FALSE(has_failure(answer));
  ASSERT_TRUE(write_operation_error(answer_of(ended(false, true), false), to));
  EXPECT_TRUE(has_failure(answer));
  tell_older_server(answer);
  EXPECT_FALSE(has_failure(answer));
  EXPECT_EQ(to.operation_error().operation_state(), "failed");
  EXPECT_EQ(to.operation_error().failure().message(), "out of stock");
  EXPECT_EQ(to.operation_error().failure().metadata().at("type"), "temporal.api.failure.v1.Failure");
  EXPECT_EQ(to.operation_error().failure().details(),
            R"({"source":"rondo","applicationFailureInfo":{"type":"OperationError","nonRetryable":true},"cause":)"
            R"({"source":"rondo","message":"no parts","applicationFailureInfo":{"type":"Stock"}}})");
  to.Clear();
  ASSERT_TRUE(write_operation_error(answer_of(ended(true, false), false), to));
  tell_older_server(answer);
  EXPECT_EQ(to.operation_error().operation_state(), "canceled");
  EXPECT_EQ(to.operation_error().failure().message(), "closed");
  EXPECT_EQ(to.operation_error().failure().details(), R"({"source":"rondo","canceledFailureInfo":{}})");
}

std::string told(const std::exception_ptr& thrown) {
  detail::engine::service::RespondNexusTaskFailedRequest to;
  write_handler_failure(answer_of(thrown, false), to);
  const auto& info = to.failure().nexus_handler_failure_info();
  return info.type() + " " + std::to_string(info.retry_behavior()) + " " + to.failure().message();
}
std::string told(rpc_code code) { return told(std::make_exception_ptr(rpc_error(rpc_status(code, "m")))); }

TEST(nexus_failures, of_requests_to_cancel_end_nothing) {
  detail::engine::service::RespondNexusTaskFailedRequest to;
  write_handler_failure(answer_of(ended(false, false), true), to);
  EXPECT_EQ(to.failure().nexus_handler_failure_info().type(), "INTERNAL");
  EXPECT_EQ(to.failure().message(), "out of stock");
}

TEST(nexus_failures, of_requests_say_whether_they_are_repeated) {
  EXPECT_EQ(told(std::make_exception_ptr(nexus_handler_failure("no", nexus_error::conflict, nexus_retry::retryable))),
            "CONFLICT 1 no");
  EXPECT_EQ(told(std::make_exception_ptr(application_failure("a"))), "INTERNAL 0 a");
  EXPECT_EQ(told(std::make_exception_ptr(application_failure("a", {.non_retryable = true}))), "INTERNAL 2 a");
  EXPECT_EQ(told(std::make_exception_ptr(std::runtime_error("r"))), "INTERNAL 0 r");
  EXPECT_EQ(told(rpc_code::invalid_argument), "BAD_REQUEST 0 INVALID_ARGUMENT: m");
  EXPECT_EQ(told(rpc_code::already_exists), "INTERNAL 2 ALREADY_EXISTS: m");
  EXPECT_EQ(told(rpc_code::unavailable), "UNAVAILABLE 0 UNAVAILABLE: m");
  EXPECT_EQ(told(rpc_code::aborted), "UNAVAILABLE 0 ABORTED: m");
  EXPECT_EQ(told(rpc_code::out_of_range), "INTERNAL 2 OUT_OF_RANGE: m");
  EXPECT_EQ(told(rpc_code::permission_denied), "INTERNAL 0 PERMISSION_DENIED: m");
  EXPECT_EQ(told(rpc_code::not_found), "NOT_FOUND 0 NOT_FOUND: m");
  EXPECT_EQ(told(rpc_code::resource_exhausted), "RESOURCE_EXHAUSTED 0 RESOURCE_EXHAUSTED: m");
  EXPECT_EQ(told(rpc_code::unimplemented), "NOT_IMPLEMENTED 0 UNIMPLEMENTED: m");
  EXPECT_EQ(told(rpc_code::deadline_exceeded), "UPSTREAM_TIMEOUT 0 DEADLINE_EXCEEDED: m");
}

TEST(nexus_failures, are_what_a_converter_makes_of_them) {
  const shop_failures shop;
  const auto thrown = std::make_exception_ptr(out_of_stock("A1"));
  const auto made = detail::engine::converted(thrown, &shop);
  detail::engine::service::RespondNexusTaskFailedRequest to;
  write_handler_failure(answer_of(thrown, false, made.error), to, &shop);
  EXPECT_EQ(to.failure().message(), "none left");
  EXPECT_EQ(to.failure().nexus_handler_failure_info().retry_behavior(),
            enums::NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_NON_RETRYABLE);
  EXPECT_EQ(to.failure().cause().application_failure_info().type(), "OutOfStock");
  EXPECT_FALSE(to.failure().cause().has_cause());

  nexus_operation_error ended("operation failed");
  ended.set_cause(thrown);
  temporal::api::nexus::v1::StartOperationResponse start;
  ASSERT_TRUE(write_operation_error(answer_of(std::make_exception_ptr(ended), false), start, &shop));
  EXPECT_EQ(start.failure().cause().application_failure_info().type(), "OutOfStock");
}

/// Makes failures of Nexus whose cause is what was thrown.
class nexus_shop_failures final : public failure_converter {
 public:
  std::exception_ptr to_failure(const std::exception_ptr& error) const override {
    try {
      std::rethrow_exception(error);
    } catch (const out_of_stock& known) {
      if (known.sku() == "ends") return with(error, nexus_operation_error("ended"));
      return with(error, nexus_handler_failure("nothing here", nexus_error::not_found));
    } catch (...) {
      return nullptr;
    }
  }

 private:
  template <class Made>
  static std::exception_ptr with(const std::exception_ptr& cause, Made made) {
    made.set_cause(cause);
    return std::make_exception_ptr(std::move(made));
  }
};

TEST(nexus_failures, are_converted_once_though_they_are_the_cause_of_what_they_become) {
  const nexus_shop_failures shop;
  const auto thrown = std::make_exception_ptr(out_of_stock("A1"));
  const auto made = detail::engine::converted(thrown, &shop);
  detail::engine::service::RespondNexusTaskFailedRequest to;
  write_handler_failure(answer_of(thrown, false, made.error), to, &shop, &thrown);
  EXPECT_EQ(to.failure().nexus_handler_failure_info().type(), "NOT_FOUND");
  EXPECT_EQ(to.failure().cause().message(), "out of stock: A1");
  EXPECT_FALSE(to.failure().cause().has_cause());

  const auto ends = std::make_exception_ptr(out_of_stock("ends"));
  const auto end = detail::engine::converted(ends, &shop);
  temporal::api::nexus::v1::StartOperationResponse start;
  ASSERT_TRUE(write_operation_error(answer_of(ends, false, end.error), start, &shop, &ends));
  EXPECT_EQ(start.failure().message(), "ended");
  EXPECT_EQ(start.failure().cause().message(), "out of stock: ends");
  EXPECT_FALSE(start.failure().cause().has_cause());
}

detail::engine::service::RespondNexusTaskFailedRequest told_to_older_server(const std::exception_ptr& thrown) {
  detail::engine::service::RespondNexusTaskFailedRequest to;
  EXPECT_FALSE(has_failure(to));
  write_handler_failure(answer_of(thrown, false), to);
  EXPECT_TRUE(has_failure(to));
  tell_older_server(to);
  EXPECT_FALSE(has_failure(to));
  return to;
}

TEST(nexus_failures, of_requests_are_those_of_nexus_for_older_servers) {
  application_failure broken("broken", {.type = "Broken", .non_retryable = true});
  broken.set_details({{.metadata = {{"encoding", "json/plain"}}, .data = "1"}});
  auto to = told_to_older_server(std::make_exception_ptr(broken));
  EXPECT_EQ(to.error().error_type(), "INTERNAL");
  EXPECT_EQ(to.error().retry_behavior(), enums::NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_NON_RETRYABLE);
  EXPECT_EQ(to.error().failure().message(), "broken");
  EXPECT_EQ(to.error().failure().details(),
            R"({"source":"rondo","applicationFailureInfo":{"type":"Broken","nonRetryable":true,"details":)"
            R"({"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"MQ=="}]}}})");
  broken.set_details({{.metadata = {{"a", "1"}, {"b", "2"}}, .data = "1"}, {.metadata = {}, .data = "2"}});
  to = told_to_older_server(std::make_exception_ptr(broken));
  const auto& details = to.error().failure().details();
  // The entries have no order.
  EXPECT_NE(details.find(R"({"a":"MQ==","b":"Mg=="})") == details.npos,
            details.find(R"({"b":"Mg==","a":"MQ=="})") == details.npos)
      << details;
  EXPECT_NE(details.find(R"(,"data":"MQ=="},{"metadata":{},"data":"Mg=="}])"), details.npos) << details;
  to = told_to_older_server(std::make_exception_ptr(nexus_handler_failure("what?", nexus_error::bad_request)));
  EXPECT_EQ(to.error().error_type(), "BAD_REQUEST");
  EXPECT_EQ(to.error().failure().message(), "what?");
  EXPECT_EQ(to.error().failure().details(), "");
}

/// One cause in the other: a failure of every kind, with everything that it may have.
detail::engine::Failure all_kinds() {
  detail::engine::Failure made;
  auto* last = &made;
  const auto next = [&last] {
    last = last->mutable_cause();
    last->set_message("a \"cause\"");
    return last;
  };
  const auto write = [](detail::engine::Payload& to) {
    (*to.mutable_metadata())["encoding"] = std::string("\xFF\0", 2);
    to.set_data("data");
    to.add_external_payloads()->set_size_bytes(1LL << 40);
    to.add_external_payloads()->set_size_bytes(2);
  };
  made.set_source("rondo");
  made.set_stack_trace("here\nthere");
  write(*made.mutable_encoded_attributes());
  auto& application = *made.mutable_application_failure_info();
  application.set_type("Broken");
  application.set_non_retryable(true);
  application.mutable_next_retry_delay()->set_seconds(3);
  application.mutable_next_retry_delay()->set_nanos(4'000);
  application.set_category(enums::APPLICATION_ERROR_CATEGORY_BENIGN);
  write(*application.mutable_details()->add_payloads());
  write(*application.mutable_details()->add_payloads());
  auto& timeout = *next()->mutable_timeout_failure_info();
  timeout.set_timeout_type(enums::TIMEOUT_TYPE_HEARTBEAT);
  write(*timeout.mutable_last_heartbeat_details()->add_payloads());
  auto& cancelled = *next()->mutable_canceled_failure_info();
  cancelled.set_identity("somebody");
  write(*cancelled.mutable_details()->add_payloads());
  next()->mutable_terminated_failure_info()->set_identity("somebody");
  next()->mutable_server_failure_info()->set_non_retryable(true);
  write(*next()->mutable_reset_workflow_failure_info()->mutable_last_heartbeat_details()->add_payloads());
  auto& activity = *next()->mutable_activity_failure_info();
  activity.set_scheduled_event_id(5);
  activity.set_started_event_id(6);
  activity.set_identity("worker");
  activity.mutable_activity_type()->set_name("pack");
  activity.set_activity_id("7");
  activity.set_retry_state(enums::RETRY_STATE_TIMEOUT);
  auto& child = *next()->mutable_child_workflow_execution_failure_info();
  child.set_namespace_("shop");
  child.mutable_workflow_execution()->set_workflow_id("w");
  child.mutable_workflow_execution()->set_run_id("r");
  child.mutable_workflow_type()->set_name("packs");
  child.set_initiated_event_id(8);
  child.set_started_event_id(9);
  child.set_retry_state(enums::RETRY_STATE_IN_PROGRESS);
  auto& operation = *next()->mutable_nexus_operation_execution_failure_info();
  operation.set_scheduled_event_id(10);
  operation.set_endpoint("bank");
  operation.set_service("safe");
  operation.set_operation("open");
  operation.set_operation_token("token");
  auto& handler = *next()->mutable_nexus_handler_failure_info();
  handler.set_type("INTERNAL");
  handler.set_retry_behavior(enums::NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_RETRYABLE);
  next();
  return made;
}

TEST(nexus_failures, of_every_kind_are_read_as_they_were) {
  const auto failure = all_kinds();
  std::string json;
  failure_json(json).write(failure, true);
  detail::engine::Failure read;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &read);
  ASSERT_TRUE(status.ok()) << status.message() << '\n' << json;
  EXPECT_EQ(read.DebugString(), failure.DebugString());
}

}  // namespace rondo::test::nexus_parts_test
