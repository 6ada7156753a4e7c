#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "client_fixture.hpp"
#include "rondo/client/interceptor.hpp"
#include "rondo/client/schedules.hpp"
#include "rondo/detail/data/wire.hpp"
#include "support/envelope_codec.hpp"

// What becomes of the payloads of headers that a client sends and receives.
namespace rondo::test::client_headers_test {

using namespace client_test;
namespace common = temporal::api::common::v1;
using update_schedule_request = service::UpdateScheduleRequest;

/// Adds a header to every call; keeps the one that a schedule had.
class tracing final : public client_interceptor {
 public:
  void outbound(client_call& call) override {
    if (const auto had = call.headers.find("trace"); had != call.headers.end()) found = had->second.data;
    payload& trace = call.headers["trace"];
    trace = payload();
    trace.metadata["encoding"] = encoding::json;
    trace.data = "\"t\"";
  }
  std::string found;
};

class ClientHeaders : public ClientTest {
 protected:
  explicit ClientHeaders(bool encoded = true) : ClientHeaders(encoded, std::make_shared<tracing>()) {}
  ClientHeaders(bool encoded, std::shared_ptr<tracing> adds)
      : ClientTest(options_with(encoded, adds)), tracer(std::move(adds)) {}

  static client_options options_with(bool encoded, std::shared_ptr<tracing> adds) {
    client_options options;
    options.data.codecs = {std::make_shared<envelope_codec>("sealed")};
    options.data.encode_headers = encoded ? header_encoding::all : header_encoding::none;
    options.interceptors.push_back(std::move(adds));
    return options;
  }
  /// What is in the envelope around the header, which has nothing in it but the plain header; "plain" without one.
  static std::string inside(const common::Header& of) {
    const common::Payload& sent = of.fields().at("trace");
    if (sent.metadata().at("encoding") == "json/plain") return "plain " + sent.data();
    EXPECT_EQ(sent.metadata().at("encoding"), "sealed");
    const payload opened = detail::data::read_payload(sent.data());
    EXPECT_EQ(opened.encoding(), encoding::json) << "encoded once";
    return opened.data;
  }

  std::shared_ptr<tracing> tracer;
};

class PlainClientHeaders : public ClientHeaders {
 protected:
  PlainClientHeaders() : ClientHeaders(false) {}
};

TEST_F(ClientHeaders, OfStartsAndMessagesAreEncodedOnce) {
  service::StartWorkflowExecutionResponse started;
  started.set_run_id("run-1");
  const auto starts = serve<service::StartWorkflowExecutionRequest>("StartWorkflowExecution", started);
  const auto signals = serve<service::SignalWorkflowExecutionRequest, service::SignalWorkflowExecutionResponse>(
      "SignalWorkflowExecution");
  const auto both =
      serve<service::SignalWithStartWorkflowExecutionRequest, service::SignalWithStartWorkflowExecutionResponse>(
          "SignalWithStartWorkflowExecution");
  service::QueryWorkflowResponse answer;
  add_json(*answer.mutable_query_result(), "1");
  const auto queries = serve<service::QueryWorkflowRequest>("QueryWorkflow", answer);
  service::UpdateWorkflowExecutionResponse ended;
  ended.set_stage(temporal::api::enums::v1::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED);
  add_json(*ended.mutable_outcome()->mutable_success(), "2");
  const auto updates = serve<service::UpdateWorkflowExecutionRequest>("UpdateWorkflowExecution", ended);

  service::ExecuteMultiOperationResponse together;
  *together.add_responses()->mutable_start_workflow() = started;
  *together.add_responses()->mutable_update_workflow() = ended;
  const auto pairs = serve<service::ExecuteMultiOperationRequest>("ExecuteMultiOperation", together);

  const auto handle = client->start_workflow("W", {.id = "w", .task_queue = "q"}, 5).get();
  handle.signal("s", 1).get();
  client->signal_with_start("W", {.id = "w", .task_queue = "q"}, "s", std::tuple<>()).get();
  EXPECT_EQ(handle.query<int>("q").get(), 1);
  EXPECT_EQ(handle.execute_update<int>("u").get(), 2);
  const start_workflow_options joined{.id = "w", .task_queue = "q", .conflict = id_conflict_policy::use_existing};
  EXPECT_EQ(client->execute_update_with_start<int>("W", joined, "u", std::tuple(6), 5).get(), 2);

  EXPECT_EQ(inside(starts->front().header()), "\"t\"");
  EXPECT_EQ(starts->front().input().payloads(0).metadata().at("encoding"), "sealed");
  EXPECT_EQ(inside(signals->front().header()), "\"t\"");
  EXPECT_EQ(inside(both->front().header()), "\"t\"");
  EXPECT_EQ(inside(queries->front().query().header()), "\"t\"");
  EXPECT_EQ(inside(updates->front().request().input().header()), "\"t\"");
  const auto& start = pairs->front().operations(0).start_workflow();
  const auto& update = pairs->front().operations(1).update_workflow().request().input();
  EXPECT_EQ(inside(start.header()), "\"t\"");
  EXPECT_EQ(start.input().payloads(0).metadata().at("encoding"), "sealed");
  EXPECT_EQ(inside(update.header()), "\"t\"");
  EXPECT_EQ(update.args().payloads(0).metadata().at("encoding"), "sealed");
}

/// What a server has of a schedule: the header as the codec leaves it.
service::DescribeScheduleResponse scheduled() {
  payload trace;
  trace.metadata["encoding"] = encoding::json;
  trace.data = "\"old\"";
  common::Payload sealed;
  (*sealed.mutable_metadata())["encoding"] = "sealed";
  (*sealed.mutable_metadata())["owner"] = "shop/daily";
  sealed.set_data(detail::data::payload_bytes(trace));
  service::DescribeScheduleResponse response;
  auto& action = *response.mutable_schedule()->mutable_action()->mutable_start_workflow();
  action.set_workflow_id("daily");
  action.mutable_workflow_type()->set_name("Daily");
  (*action.mutable_header()->mutable_fields())["trace"] = sealed;
  return response;
}

TEST_F(ClientHeaders, OfSchedulesAreDecodedAndEncodedAgain) {
  serve<service::DescribeScheduleRequest>("DescribeSchedule", scheduled());
  const auto seen = serve<update_schedule_request, service::UpdateScheduleResponse>("UpdateSchedule");
  schedule_client(*client).get("s").update([](schedule_description&) { return true; }).get();
  EXPECT_EQ(tracer->found, "\"old\"");
  EXPECT_EQ(inside(seen->front().schedule().action().start_workflow().header()), "\"t\"");
}

TEST_F(PlainClientHeaders, AreLeftAsTheyAreUnlessToldOtherwise) {
  service::StartWorkflowExecutionResponse started;
  started.set_run_id("run-1");
  const auto starts = serve<service::StartWorkflowExecutionRequest>("StartWorkflowExecution", started);
  (void)client->start_workflow("W", {.id = "w", .task_queue = "q"}, 5).get();
  EXPECT_EQ(inside(starts->front().header()), "plain \"t\"");
  EXPECT_EQ(starts->front().input().payloads(0).metadata().at("encoding"), "sealed");
}

}  // namespace rondo::test::client_headers_test
