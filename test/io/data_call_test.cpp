#include "rondo/detail/io/data_call.hpp"

#include <google/rpc/status.pb.h>
#include <gtest/gtest.h>
#include <temporal/api/errordetails/v1/message.pb.h>
#include <temporal/api/update/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/codecs/history.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/memory_transport.hpp"
#include "rondo/payload_storage.hpp"
#include "support/envelope_codec.hpp"
#include "support/full_storage.hpp"

namespace rondo::test::data_call_test {

namespace service = temporal::api::workflowservice::v1;
namespace common = temporal::api::common::v1;
namespace data = rondo::detail::data;
namespace io = rondo::detail::io;
using envelope = envelope_codec;

void set_text(common::Payload& to, const std::string& text) {
  (*to.mutable_metadata())["encoding"] = "json/plain";
  to.set_data(text);
}
std::string encoding_of(const common::Payload& of) { return of.metadata().at("encoding"); }

data::pipeline sealing() {
  data_options options;
  options.codecs = {std::make_shared<envelope>("sealed")};
  return data::pipeline(options);
}

// ---- walks

TEST(payload_walk, a_child_has_its_own_context_and_the_parent_comes_back_after_it) {
  service::RespondWorkflowTaskCompletedRequest request;
  request.set_namespace_("shop");
  auto& activity = *request.add_commands()->mutable_schedule_activity_task_command_attributes();
  activity.set_activity_id("7");
  activity.mutable_activity_type()->set_name("charge");
  activity.mutable_task_queue()->set_name("cards");
  set_text(*activity.mutable_input()->add_payloads(), "1");
  auto& child = *request.add_commands()->mutable_start_child_workflow_execution_command_attributes();
  child.set_workflow_id("child");
  child.mutable_workflow_type()->set_name("ship");
  set_text(*child.mutable_input()->add_payloads(), "2");
  set_text(*request.add_commands()
                ->mutable_complete_workflow_execution_command_attributes()
                ->mutable_result()
                ->add_payloads(),
           "3");
  const std::string bytes = request.SerializeAsString();
  const serialization_context around{.workflow_id = "parent", .workflow_type = "order"};
  data::payload_walk walk(data::node::rpc_RespondWorkflowTaskCompletedRequest, bytes, {}, around);
  const auto found = walk.collect();
  ASSERT_EQ(found.payloads.size(), 3U);
  const auto context = [&](std::size_t i) { return found.contexts[found.context_of[i]]; };
  serialization_context wanted = around;
  wanted.namespace_ = "shop";
  EXPECT_EQ(context(2), wanted);
  EXPECT_EQ(found.whole, wanted);
  wanted.activity_id = "7";
  wanted.activity_type = "charge";
  wanted.task_queue = "cards";
  EXPECT_EQ(context(0), wanted);
  EXPECT_EQ(context(1), (serialization_context{.namespace_ = "shop", .workflow_id = "child", .workflow_type = "ship"}));
  EXPECT_EQ(walk.replaced({"", "", ""}).size() < bytes.size(), true);
}

TEST(payload_walk, messages_of_updates_are_found_inside_of_any) {
  service::RespondWorkflowTaskCompletedRequest request;
  temporal::api::update::v1::Response answer;
  set_text(*answer.mutable_outcome()->mutable_success()->add_payloads(), "secret");
  request.add_messages()->mutable_body()->PackFrom(answer);
  google::rpc::Status unknown;
  unknown.set_message("kept");
  request.add_messages()->mutable_body()->PackFrom(unknown);
  serialization_context context;
  const auto pipeline = sealing();
  const auto node = data::node::rpc_RespondWorkflowTaskCompletedRequest;
  const std::string bytes = pipeline.encode(node, request.SerializeAsString(), context);
  service::RespondWorkflowTaskCompletedRequest sent;
  ASSERT_TRUE(sent.ParseFromString(bytes));
  temporal::api::update::v1::Response inside;
  ASSERT_TRUE(sent.messages(0).body().UnpackTo(&inside));
  EXPECT_EQ(encoding_of(inside.outcome().success().payloads(0)), "sealed");
  EXPECT_EQ(sent.messages(1).DebugString(), request.messages(1).DebugString());
  ASSERT_TRUE(sent.ParseFromString(pipeline.decode(node, bytes, context)));
  ASSERT_TRUE(sent.messages(0).body().UnpackTo(&inside));
  EXPECT_EQ(inside.outcome().success().payloads(0).data(), "secret");
}

TEST(payload_walk, texts_of_failures_and_of_their_causes_are_hidden) {
  service::RespondActivityTaskFailedRequest request;
  request.mutable_failure()->set_message("card 4711 refused");
  request.mutable_failure()->set_stack_trace("at charge");
  request.mutable_failure()->set_source("rondo");
  request.mutable_failure()->mutable_cause()->set_message("4711 is \"blocked\"");
  data_options options;
  options.encode_failure_texts = true;
  const data::pipeline pipeline(options);
  serialization_context context;
  const auto node = data::node::rpc_RespondActivityTaskFailedRequest;
  service::RespondActivityTaskFailedRequest sent;
  ASSERT_TRUE(sent.ParseFromString(pipeline.encode(node, request.SerializeAsString(), context)));
  EXPECT_EQ(sent.failure().message(), "Encoded failure");
  EXPECT_EQ(sent.failure().stack_trace(), "");
  EXPECT_EQ(sent.failure().source(), "rondo");
  EXPECT_EQ(sent.failure().encoded_attributes().data(), R"({"message":"card 4711 refused","stack_trace":"at charge"})");
  EXPECT_EQ(sent.failure().cause().message(), "Encoded failure");
  EXPECT_EQ(sent.failure().cause().encoded_attributes().data(),
            R"({"message":"4711 is \"blocked\"","stack_trace":""})");
  // Sent on once more, nothing is wrapped again.
  service::RespondActivityTaskFailedRequest again;
  ASSERT_TRUE(again.ParseFromString(pipeline.encode(node, sent.SerializeAsString(), context)));
  EXPECT_EQ(again.DebugString(), sent.DebugString());
}

TEST(payload_walk, the_failure_of_a_task_may_stay_encoded_but_nothing_else) {
  service::GetWorkflowExecutionHistoryResponse response;
  auto& event = *response.mutable_history()->add_events()->mutable_workflow_task_failed_event_attributes();
  auto& texts = *event.mutable_failure()->mutable_encoded_attributes();
  (*texts.mutable_metadata())["encoding"] = "sealed";
  (*texts.mutable_metadata())["owner"] = "somebody else";
  auto& signal = *response.mutable_history()->add_events()->mutable_workflow_execution_signaled_event_attributes();
  set_text(*signal.mutable_input()->add_payloads(), "1");
  const auto node = data::node::rpc_GetWorkflowExecutionHistoryResponse;
  const auto pipeline = sealing();
  EXPECT_EQ(pipeline.decode(node, response.SerializeAsString(), {}).size(), response.ByteSizeLong());
  *signal.mutable_input()->mutable_payloads(0) = texts;
  EXPECT_THROW(static_cast<void>(pipeline.decode(node, response.SerializeAsString(), {})), codec_error);
}

TEST(payload_walk, what_could_not_be_decoded_stays_as_it_came) {
  service::GetWorkflowExecutionHistoryResponse response;
  auto& event = *response.mutable_history()->add_events()->mutable_workflow_task_failed_event_attributes();
  auto& texts = *event.mutable_failure()->mutable_encoded_attributes();
  payload inside;
  inside.metadata["encoding"] = "inner";
  inside.metadata["owner"] = "somebody else";
  (*texts.mutable_metadata())["encoding"] = "outer";
  (*texts.mutable_metadata())["owner"] = "/";
  texts.set_data(data::payload_bytes(inside));
  data_options options;
  options.codecs = {std::make_shared<envelope>("outer"), std::make_shared<envelope>("inner")};
  const data::pipeline pipeline(options);
  service::GetWorkflowExecutionHistoryResponse got;
  ASSERT_TRUE(got.ParseFromString(
      pipeline.decode(data::node::rpc_GetWorkflowExecutionHistoryResponse, response.SerializeAsString(), {})));
  EXPECT_EQ(got.DebugString(), response.DebugString()) << "the outer envelope alone was opened";
}

TEST(payload_walk, fields_of_payloads_that_codecs_do_not_know_stay) {
  service::StartWorkflowExecutionRequest request;
  auto& input = *request.mutable_input()->add_payloads();
  set_text(input, "1");
  input.add_external_payloads()->set_size_bytes(7);
  input.GetReflection()->MutableUnknownFields(&input)->AddVarint(1000, 5);
  const auto pipeline = sealing();
  const auto node = data::node::rpc_StartWorkflowExecutionRequest;
  serialization_context context;
  const std::string bytes = pipeline.encode(node, request.SerializeAsString(), context);
  service::StartWorkflowExecutionRequest sent;
  ASSERT_TRUE(sent.ParseFromString(bytes));
  EXPECT_EQ(encoding_of(sent.input().payloads(0)), "sealed");
  ASSERT_EQ(sent.input().payloads(0).external_payloads_size(), 1);
  EXPECT_EQ(sent.input().payloads(0).external_payloads(0).size_bytes(), 7);
  ASSERT_TRUE(sent.ParseFromString(pipeline.decode(node, bytes, context)));
  EXPECT_EQ(sent.DebugString(), request.DebugString());
}

TEST(payload_walk, an_entry_of_a_memo_that_shall_go_stays_readable_for_the_server) {
  service::RespondWorkflowTaskCompletedRequest request;
  auto& fields = *request.add_commands()
                      ->mutable_modify_workflow_properties_command_attributes()
                      ->mutable_upserted_memo()
                      ->mutable_fields();
  (*fields["gone"].mutable_metadata())["encoding"] = "binary/null";
  set_text(fields["kept"], "1");
  serialization_context context;
  service::RespondWorkflowTaskCompletedRequest sent;
  ASSERT_TRUE(sent.ParseFromString(
      sealing().encode(data::node::rpc_RespondWorkflowTaskCompletedRequest, request.SerializeAsString(), context)));
  const auto& memo = sent.commands(0).modify_workflow_properties_command_attributes().upserted_memo().fields();
  EXPECT_EQ(encoding_of(memo.at("gone")), "binary/null");
  EXPECT_EQ(encoding_of(memo.at("kept")), "sealed");
}

TEST(payload_walk, the_text_of_a_failed_query_is_hidden_with_its_failure) {
  data_options options;
  options.encode_failure_texts = true;
  const data::pipeline pipeline(options);
  service::RespondQueryTaskCompletedRequest request;
  request.set_error_message("secret");
  const auto node = data::node::rpc_RespondQueryTaskCompletedRequest;
  serialization_context context;
  service::RespondQueryTaskCompletedRequest sent;
  ASSERT_TRUE(sent.ParseFromString(pipeline.encode(node, request.SerializeAsString(), context)));
  EXPECT_EQ(sent.error_message(), "secret") << "without a failure nobody could read it any more";
  request.mutable_failure()->set_message("secret");
  ASSERT_TRUE(sent.ParseFromString(pipeline.encode(node, request.SerializeAsString(), context)));
  EXPECT_EQ(sent.error_message(), "Encoded failure");
}

TEST(payload_walk, broken_bytes_are_an_error) {
  const auto pipeline = sealing();
  const auto node = data::node::rpc_StartWorkflowExecutionRequest;
  serialization_context context;
  for (const std::string bytes : {"\x12\x7F", "\x07", "\x0B", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", "\x12"}) {
    EXPECT_THROW(static_cast<void>(pipeline.encode(node, bytes, context)), codec_error);
  }
  temporal::api::failure::v1::Failure deep;
  for (int i = 0; i < 150; ++i) {
    temporal::api::failure::v1::Failure outer;
    outer.mutable_cause()->Swap(&deep);
    deep.Swap(&outer);
  }
  EXPECT_THROW(static_cast<void>(pipeline.decode(data::node::failure_Failure, deep.SerializeAsString(), context)),
               codec_error);
}

// ---- calls

struct data_calls : ::testing::Test {
  std::shared_ptr<io::connection> make(data_options options) {
    client_options with;
    with.namespace_ = "shop";
    with.data = std::move(options);
    auto over = std::make_unique<io::memory_transport>(loop);
    server = over.get();
    auto made = std::make_shared<io::connection>(with, std::move(over));
    kept = made;
    return made;
  }
  static std::string path(const std::string& method) { return io::rpc_path(method); }

  std::shared_ptr<io::connection> kept;
  io::event_loop loop;
  io::memory_transport* server = nullptr;
};

void run_both_ways(data_calls& at, bool slow) {
  data_options options;
  options.codecs = {std::make_shared<envelope>("outer"), std::make_shared<envelope>("inner", slow)};
  const auto to = at.make(options);
  at.server->on_unary(io::rpc_path("QueryWorkflow"), [](const std::string& bytes) {
    service::QueryWorkflowRequest request;
    EXPECT_TRUE(request.ParseFromString(bytes));
    const auto& sent = request.query().query_args().payloads(0);
    EXPECT_EQ(encoding_of(sent), "outer");
    EXPECT_EQ(sent.metadata().at("owner"), "shop/w");
    EXPECT_EQ(encoding_of([&] {
                common::Payload inside;
                EXPECT_TRUE(inside.ParseFromString(sent.data()));
                return inside;
              }()),
              "inner");
    service::QueryWorkflowResponse response;
    *response.mutable_query_result()->add_payloads() = sent;
    return response.SerializeAsString();
  });
  service::QueryWorkflowRequest request;
  request.set_namespace_("shop");
  request.mutable_execution()->set_workflow_id("w");
  set_text(*request.mutable_query()->mutable_query_args()->add_payloads(), "1");
  const auto reply = at.loop.block_on(io::call<service::QueryWorkflowResponse>(*to, "QueryWorkflow", request));
  ASSERT_TRUE(reply.status.ok()) << reply.status.message;
  EXPECT_EQ(reply.response.query_result().payloads(0).DebugString(),
            request.query().query_args().payloads(0).DebugString());
}

TEST_F(data_calls, go_through_the_chain_from_the_last_to_the_first_and_back) { run_both_ways(*this, false); }
TEST_F(data_calls, go_through_slow_codecs_on_another_thread) { run_both_ways(*this, true); }

TEST_F(data_calls, without_codecs_a_small_message_is_not_looked_at) {
  const auto to = make({});
  EXPECT_FALSE(to->data()->concerns(2048));
  EXPECT_TRUE(to->data()->concerns(2049));
  data_options quiet;
  quiet.payload_warning_size = quiet.memo_warning_size = 0;
  EXPECT_FALSE(make(quiet)->data()->concerns(1U << 30U));
}

TEST_F(data_calls, a_response_that_cannot_be_decoded_is_kept) {
  data_options options;
  options.codecs = {std::make_shared<envelope>("sealed")};
  const auto to = make(options);
  service::QueryWorkflowResponse response;
  auto& sealed = *response.mutable_query_result()->add_payloads();
  (*sealed.mutable_metadata())["encoding"] = "sealed";
  (*sealed.mutable_metadata())["owner"] = "shop/other";
  server->on_unary(path("QueryWorkflow"), [&](const std::string&) { return response.SerializeAsString(); });
  service::QueryWorkflowRequest request;
  request.mutable_execution()->set_workflow_id("w");
  const auto result = loop.block_on(io::call_bytes(*to, "QueryWorkflow", request, io::retry_options()));
  EXPECT_TRUE(result.status.ok());
  EXPECT_EQ(result.response.problem(), "payloads could not be decoded: sealed by shop/other, opened by w");
  EXPECT_EQ(result.response.view(), response.SerializeAsString());
  const auto reply = loop.block_on(io::call<service::QueryWorkflowResponse>(*to, "QueryWorkflow", request));
  EXPECT_TRUE(io::is_decode_problem(reply.status));
}

TEST_F(data_calls, details_of_statuses_are_decoded) {
  data_options options;
  options.codecs = {std::make_shared<envelope>("sealed")};
  const auto to = make(options);
  temporal::api::errordetails::v1::QueryFailedFailure said;
  auto& sealed = *said.mutable_failure()->mutable_encoded_attributes();
  (*sealed.mutable_metadata())["encoding"] = "sealed";
  (*sealed.mutable_metadata())["owner"] = "shop/w";
  payload inside;
  inside.metadata["encoding"] = "json/plain";
  sealed.set_data(data::payload_bytes(inside));
  service::QueryWorkflowRequest request;
  request.set_namespace_("shop");
  request.mutable_execution()->set_workflow_id("w");
  const auto details_of_answer = [&](const std::string& message) {
    google::rpc::Status details;
    details.add_details()->PackFrom(said);
    rpc_status status(rpc_code::invalid_argument, "no");
    status.details = details.SerializeAsString();
    server->fail(path("QueryWorkflow"), status);
    const auto reply = loop.block_on(io::call<service::QueryWorkflowResponse>(*to, "QueryWorkflow", request));
    EXPECT_EQ(reply.status.message, message);
    EXPECT_TRUE(details.ParseFromString(reply.status.details));
    temporal::api::errordetails::v1::QueryFailedFailure got;
    EXPECT_TRUE(details.details(0).UnpackTo(&got));
    return encoding_of(got.failure().encoded_attributes());
  };
  EXPECT_EQ(details_of_answer("no"), "json/plain");
  (*sealed.mutable_metadata())["owner"] = "shop/other";
  EXPECT_EQ(details_of_answer("no (its details could not be decoded)"), "sealed");
}

TEST_F(data_calls, storage_that_fails_is_told_from_codecs_that_fail) {
  data_options options;
  options.storage = std::make_shared<payload_storage>(
      std::vector<std::shared_ptr<const storage_driver>>{std::make_shared<full_storage>()}, 100);
  const auto to = make(options);
  service::QueryWorkflowRequest request;
  set_text(*request.mutable_query()->mutable_query_args()->add_payloads(), std::string(100, 'x'));
  const auto unsent = loop.block_on(io::call<service::QueryWorkflowResponse>(*to, "QueryWorkflow", request));
  EXPECT_EQ(unsent.status.message, "payloads could not be stored: no room");
  EXPECT_TRUE(io::is_storage_problem(unsent.status));
  EXPECT_TRUE(io::is_encode_problem(unsent.status)) << "it was not sent";
  EXPECT_EQ(server->calls(path("QueryWorkflow")), 0U);
  service::QueryWorkflowResponse response;
  auto& reference = *response.mutable_query_result()->add_payloads();
  (*reference.mutable_metadata())["encoding"] = "json/protobuf";
  (*reference.mutable_metadata())["messageType"] = "temporal.api.sdk.v1.ExternalStorageReference";
  reference.set_data(R"({"driverName":"full","claimData":{}})");
  server->on_unary(path("QueryWorkflow"), [&](const std::string&) { return response.SerializeAsString(); });
  request.clear_query();
  const auto unread = loop.block_on(io::call<service::QueryWorkflowResponse>(*to, "QueryWorkflow", request));
  EXPECT_EQ(unread.status.message, "payloads could not be decoded: nothing is here");
  EXPECT_TRUE(io::is_decode_problem(unread.status));
  EXPECT_FALSE(io::is_storage_problem(unread.status));
}

TEST_F(data_calls, sizes_count_as_codecs_leave_them) {
  data_options options;
  options.codecs = {std::make_shared<envelope>("sealed")};
  const auto to = make(options);
  service::StartWorkflowExecutionRequest request;
  set_text(*request.mutable_input()->add_payloads(), std::string(3000, 'x'));
  to->data()->set_limits(request.input().ByteSizeLong(), 3000);
  const auto reply =
      loop.block_on(io::call<service::StartWorkflowExecutionResponse>(*to, "StartWorkflowExecution", request));
  EXPECT_TRUE(io::is_payload_too_large(reply.status)) << "it fitted before it was sealed";
  EXPECT_EQ(server->calls(path("StartWorkflowExecution")), 0U);
}

TEST(exported_histories, are_decoded_as_those_of_their_workflow) {
  temporal::api::history::v1::History history;
  auto& started = *history.add_events()->mutable_workflow_execution_started_event_attributes();
  set_text(*started.mutable_input()->add_payloads(), "1");
  data_options options;
  options.codecs = {std::make_shared<envelope>("sealed")};
  serialization_context whose{.namespace_ = "shop", .workflow_id = "w"};
  const workflow_history sealed(
      "w", data::pipeline(options).encode(data::node::history_History, history.SerializeAsString(), whose));
  const auto plain = decode_history(sealed, options, "shop");
  EXPECT_EQ(plain.workflow_id(), "w");
  EXPECT_EQ(plain.bytes(), history.SerializeAsString());
  EXPECT_THROW((void)decode_history(sealed, options, "bank"), codec_error);
}

TEST_F(data_calls, what_the_server_would_not_take_is_not_sent) {
  const auto to = make({});
  to->data()->set_limits(3000, 3000);
  service::StartWorkflowExecutionRequest request;
  set_text(*request.mutable_input()->add_payloads(), std::string(3000, 'x'));
  const auto reply =
      loop.block_on(io::call<service::StartWorkflowExecutionResponse>(*to, "StartWorkflowExecution", request));
  EXPECT_TRUE(io::is_payload_too_large(reply.status));
  EXPECT_EQ(reply.status.message,
            "[TMPRL1103] the arguments of the workflow: 3030 bytes, the server takes at most 3000; pass a reference to "
            "the data instead");
  EXPECT_EQ(server->calls(path("StartWorkflowExecution")), 0U);
}

}  // namespace rondo::test::data_call_test
