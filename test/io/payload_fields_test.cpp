#include "rondo/detail/data/payload_fields.hpp"

#include <gtest/gtest.h>
#include <temporal/api/errordetails/v1/message.pb.h>
#include <temporal/api/update/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <algorithm>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/data/payload_walk.hpp"
#include "rondo/detail/data/pipeline.hpp"
#include "support/envelope_codec.hpp"

namespace rondo::test::payload_fields_test {

namespace data = rondo::detail::data;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using temporal::api::common::v1::Payload;

using field_path = std::vector<const FieldDescriptor*>;

/// The ways from a message to the payloads in it; a message holds itself once more at most, as failures do.
class path_finder {
 public:
  std::vector<field_path> from(const Descriptor* type) {
    found_.clear();
    look(type);
    return std::move(found_);
  }

 private:
  void look(const Descriptor* type) {
    if (type == Payload::descriptor()) {
      found_.push_back(path_);
      return;
    }
    if (std::count(above_.begin(), above_.end(), type) > 1 || !holds(type)) return;
    above_.push_back(type);
    for (int i = 0; i < type->field_count(); ++i) {
      if (type->field(i)->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
      path_.push_back(type->field(i));
      look(type->field(i)->message_type());
      path_.pop_back();
    }
    above_.pop_back();
  }

  static bool holds(const Descriptor* type) {
    std::set<const Descriptor*> seen;
    return reaches(type, seen);
  }
  static bool reaches(const Descriptor* type, std::set<const Descriptor*>& seen) {
    if (type == Payload::descriptor()) return true;
    if (!seen.insert(type).second) return false;
    for (int i = 0; i < type->field_count(); ++i) {
      const auto* field = type->field(i);
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && reaches(field->message_type(), seen)) return true;
    }
    return false;
  }

  std::vector<field_path> found_;
  field_path path_;
  std::vector<const Descriptor*> above_;
};

/// What the server reads, and headers, which are not encoded unless that is asked for.
bool stays_plain(const field_path& path) {
  return std::any_of(path.begin(), path.end(), [](const FieldDescriptor* field) {
    const std::string type = field->message_type()->full_name();
    return type == "temporal.api.common.v1.SearchAttributes" || type == "temporal.api.common.v1.Header" ||
           type.starts_with("temporal.api.compute.") || field->name() == "group_values";
  });
}

std::string text_of(const field_path& path) {
  std::string text = path.front()->containing_type()->name();
  for (const auto* field : path) text += "." + field->name();
  return text;
}

/// A message that holds nothing but one payload there.
std::unique_ptr<Message> message_with(const Descriptor* type, const field_path& path) {
  const auto* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(type);
  std::unique_ptr<Message> made(prototype->New());
  Message* at = made.get();
  for (const auto* field : path) {
    const auto* reflection = at->GetReflection();
    at = field->is_repeated() ? reflection->AddMessage(at, field) : reflection->MutableMessage(at, field);
  }
  auto& secret = dynamic_cast<Payload&>(*at);
  (*secret.mutable_metadata())["encoding"] = "json/plain";
  secret.set_data("secret");
  return made;
}

const Payload& payload_in(const Message& message, const field_path& path) {
  const Message* at = &message;
  for (const auto* field : path) {
    const auto* reflection = at->GetReflection();
    at = field->is_repeated() ? &reflection->GetRepeatedMessage(*at, field, 0) : &reflection->GetMessage(*at, field);
  }
  return dynamic_cast<const Payload&>(*at);
}

/// The number of payloads; fails for each that is not treated as it should be.
std::size_t check(const Descriptor* type, data::node node, const data::pipeline& pipeline) {
  const auto paths = path_finder().from(type);
  for (const auto& path : paths) {
    const auto message = message_with(type, path);
    serialization_context context;
    const std::string bytes = pipeline.encode(node, message->SerializeAsString(), context);
    const std::unique_ptr<Message> sent(message->New());
    EXPECT_TRUE(sent->ParseFromString(bytes)) << text_of(path);
    const std::string encoding = payload_in(*sent, path).metadata().at("encoding");
    EXPECT_EQ(encoding, stays_plain(path) ? "json/plain" : "sealed") << text_of(path);
    EXPECT_TRUE(sent->ParseFromString(pipeline.decode(node, bytes, context))) << text_of(path);
    EXPECT_EQ(sent->DebugString(), message->DebugString()) << text_of(path);
  }
  return paths.size();
}

TEST(payload_fields, every_payload_of_every_rpc_is_visited_once) {
  data_options options;
  options.codecs = {std::make_shared<envelope_codec>("sealed")};
  const data::pipeline pipeline(options);
  const auto* file = temporal::api::workflowservice::v1::StartWorkflowExecutionRequest::descriptor()->file();
  std::size_t payloads = 0;
  for (int i = 0; i < file->message_type_count(); ++i) {
    const auto* type = file->message_type(i);
    const std::string name = type->name();
    const bool is_request = name.ends_with("Request");
    if (!is_request && !name.ends_with("Response")) continue;
    const auto* method = data::find_method(name.substr(0, name.rfind(is_request ? "Request" : "Response")));
    const auto node = method == nullptr ? data::node::none : is_request ? method->request : method->response;
    payloads += check(type, node, pipeline);
  }
  EXPECT_GT(payloads, 1000U);
}

TEST(payload_fields, what_travels_in_any_is_visited_once) {
  data_options options;
  options.codecs = {std::make_shared<envelope_codec>("sealed")};
  const data::pipeline pipeline(options);
  const auto* updates = temporal::api::update::v1::Request::descriptor()->file();
  const auto* details = temporal::api::errordetails::v1::QueryFailedFailure::descriptor()->file();
  for (const auto& [name, node] : data::any_messages) {
    const auto* type = details->pool()->FindMessageTypeByName(std::string(name));
    ASSERT_NE(type, nullptr) << name;
    EXPECT_TRUE(type->file() == updates || type->file() == details) << name;
    check(type, node, pipeline);
  }
}

TEST(payload_fields, those_inside_of_payloads_for_the_server_are_visited_instead_of_these) {
  data_options options;
  options.codecs = {std::make_shared<envelope_codec>("sealed")};
  const data::pipeline pipeline(options);
  temporal::api::workflowservice::v1::SignalWithStartWorkflowExecutionRequest inner;
  inner.set_namespace_("default");
  inner.set_workflow_id("other");
  (*inner.mutable_signal_input()->add_payloads()->mutable_metadata())["encoding"] = "json/plain";
  temporal::api::workflowservice::v1::RespondWorkflowTaskCompletedRequest outer;
  auto& given = *outer.add_commands()->mutable_schedule_nexus_operation_command_attributes()->mutable_input();
  (*given.mutable_metadata())["encoding"] = "binary/protobuf";
  (*given.mutable_metadata())["messageType"] =
      "temporal.api.workflowservice.v1.SignalWithStartWorkflowExecutionRequest";
  (*given.mutable_metadata())["__temporal_system_payload"] = "true";
  given.set_data(inner.SerializeAsString());

  const auto node = data::node::rpc_RespondWorkflowTaskCompletedRequest;
  serialization_context context;
  const std::string bytes = pipeline.encode(node, outer.SerializeAsString(), context);
  temporal::api::workflowservice::v1::RespondWorkflowTaskCompletedRequest sent;
  ASSERT_TRUE(sent.ParseFromString(bytes));
  const auto& input = sent.commands(0).schedule_nexus_operation_command_attributes().input();
  EXPECT_EQ(input.metadata().at("encoding"), "binary/protobuf") << "the server reads it";
  ASSERT_TRUE(inner.ParseFromString(input.data()));
  EXPECT_EQ(inner.signal_input().payloads(0).metadata().at("encoding"), "sealed");
  EXPECT_EQ(inner.signal_input().payloads(0).metadata().at("owner"), "default/other");
  ASSERT_TRUE(sent.ParseFromString(pipeline.decode(node, bytes, context)));
  EXPECT_EQ(sent.DebugString(), outer.DebugString());

  (*given.mutable_metadata())["messageType"] = "of.something.Else";
  ASSERT_TRUE(sent.ParseFromString(pipeline.encode(node, outer.SerializeAsString(), context)));
  EXPECT_EQ(sent.commands(0).schedule_nexus_operation_command_attributes().input().metadata().at("encoding"), "sealed");
}

/// Locks payloads with a key that whose they are gives.
class locking_codec final : public codec {
 public:
  void encode(std::span<payload> payloads, const serialization_context& context) const override {
    for (auto& each : payloads) each.metadata["lock"] = key_of(context);
  }
  void decode(std::span<payload> payloads, const serialization_context& context) const override {
    for (auto& each : payloads) {
      const std::string lock(each.entry("lock"));
      if (lock != key_of(context)) throw codec_error("locked with " + lock + ", opened with " + key_of(context));
      each.metadata.erase("lock");
    }
  }

 private:
  static std::string key_of(const serialization_context& of) {
    if (of.nexus_service.empty()) return of.namespace_ + "/" + of.workflow_id;
    return of.nexus_endpoint + "/" + of.nexus_service + "/" + of.nexus_operation + of.workflow_id + of.workflow_type;
  }
};

class operation_inputs : public ::testing::Test {
 protected:
  using command_message = temporal::api::command::v1::Command;
  using completion_message = temporal::api::workflowservice::v1::RespondWorkflowTaskCompletedRequest;

  static data_options options() {
    data_options made;
    made.codecs = {std::make_shared<locking_codec>()};
    return made;
  }
  static void fill(Payload& to, const char* data) {
    (*to.mutable_metadata())["encoding"] = "json/plain";
    to.set_data(data);
  }
  template <class Named>
  static void name(Named& message, const char* endpoint = "bank") {
    message.set_endpoint(endpoint);
    message.set_service("vault");
    message.set_operation("keep");
  }
  static std::string lock_of(const Payload& locked) { return locked.metadata().at("lock"); }
  template <class Request>
  Request encoded(data::node node, const Request& what) const {
    serialization_context context{.workflow_id = "caller", .workflow_type = "calls"};
    Request sent;
    EXPECT_TRUE(sent.ParseFromString(pipeline.encode(node, what.SerializeAsString(), context)));
    return sent;
  }
  template <class Response>
  Response decoded(data::node node, const Response& what, const char* namespace_name) const {
    Response got;
    const serialization_context context{.namespace_ = namespace_name};
    EXPECT_TRUE(got.ParseFromString(pipeline.decode(node, what.SerializeAsString(), context)));
    return got;
  }
  /// What the workflow "caller" sends, which calls the operation and ends.
  completion_message called(const char* endpoint = "bank") const {
    completion_message completion;
    completion.set_namespace_("callers");
    auto& command = *completion.add_commands()->mutable_schedule_nexus_operation_command_attributes();
    name(command, endpoint);
    fill(*command.mutable_input(), "7");
    auto& next = *completion.add_commands()->mutable_complete_workflow_execution_command_attributes();
    fill(*next.mutable_result()->add_payloads(), "8");
    return encoded(data::node::rpc_RespondWorkflowTaskCompletedRequest, completion);
  }
  static const Payload& input_in(const completion_message& sent) {
    return sent.commands(0).schedule_nexus_operation_command_attributes().input();
  }

  const data::pipeline pipeline{options()};
};

TEST_F(operation_inputs, are_read_by_handlers_in_other_namespaces) {
  const auto sent = called();
  EXPECT_EQ(lock_of(input_in(sent)), "bank/vault/keep");
  const auto& result = sent.commands(1).complete_workflow_execution_command_attributes().result().payloads(0);
  EXPECT_EQ(lock_of(result), "callers/caller") << "all else is the workflow's";
  temporal::api::workflowservice::v1::PollNexusTaskQueueResponse task;
  task.mutable_request()->set_endpoint("bank");
  auto& start = *task.mutable_request()->mutable_start_operation();
  start.set_service("vault");
  start.set_operation("keep");
  *start.mutable_payload() = input_in(sent);
  const auto got = decoded(data::node::rpc_PollNexusTaskQueueResponse, task, "handlers");
  EXPECT_EQ(got.request().start_operation().payload().data(), "7");
}

TEST_F(operation_inputs, are_read_in_the_history_of_the_caller) {
  temporal::api::workflowservice::v1::GetWorkflowExecutionHistoryResponse response;
  auto& event = *response.mutable_history()->add_events()->mutable_nexus_operation_scheduled_event_attributes();
  name(event);
  *event.mutable_input() = input_in(called());
  const auto got = decoded(data::node::rpc_GetWorkflowExecutionHistoryResponse, response, "callers");
  EXPECT_EQ(got.history().events(0).nexus_operation_scheduled_event_attributes().input().data(), "7");
}

TEST_F(operation_inputs, are_read_in_descriptions_of_standalone_operations) {
  temporal::api::workflowservice::v1::StartNexusOperationExecutionRequest request;
  request.set_namespace_("callers");
  name(request);
  fill(*request.mutable_input(), "7");
  const auto sent = encoded(data::node::rpc_StartNexusOperationExecutionRequest, request);
  EXPECT_EQ(lock_of(sent.input()), "bank/vault/keep");
  temporal::api::workflowservice::v1::DescribeNexusOperationExecutionResponse response;
  name(*response.mutable_info());
  *response.mutable_input() = sent.input();
  const auto got = decoded(data::node::rpc_DescribeNexusOperationExecutionResponse, response, "callers");
  EXPECT_EQ(got.input().data(), "7");
}

TEST_F(operation_inputs, of_the_server_itself_are_those_of_the_workflow) {
  EXPECT_EQ(lock_of(input_in(called("__temporal_system"))), "callers/caller");
}

TEST(payload_fields, headers_are_encoded_when_that_is_asked_for) {
  data_options options;
  options.codecs = {std::make_shared<envelope_codec>("sealed")};
  options.encode_headers = header_encoding::all;
  const data::pipeline pipeline(options);
  temporal::api::workflowservice::v1::StartWorkflowExecutionRequest request;
  auto& field = (*request.mutable_header()->mutable_fields())["trace"];
  (*field.mutable_metadata())["encoding"] = "json/plain";
  serialization_context context;
  const auto node = data::node::rpc_StartWorkflowExecutionRequest;
  ASSERT_TRUE(request.ParseFromString(pipeline.encode(node, request.SerializeAsString(), context)));
  EXPECT_EQ(request.header().fields().at("trace").metadata().at("encoding"), "sealed");
}

/// Gives the header an entry.
void add_trace(temporal::api::common::v1::Header& to) {
  auto& field = (*to.mutable_fields())["trace"];
  (*field.mutable_metadata())["encoding"] = "json/plain";
}
std::string encoding_of(const temporal::api::common::v1::Header& header) {
  return header.fields().at("trace").metadata().at("encoding");
}
/// What encoding makes of a message.
template <class Message>
Message encoded(const data_options& options, data::node node, const Message& message) {
  serialization_context context;
  Message made;
  EXPECT_TRUE(made.ParseFromString(data::pipeline(options).encode(node, message.SerializeAsString(), context)));
  return made;
}

TEST(payload_fields, headers_of_workflow_tasks_alone_may_be_encoded) {
  namespace service = temporal::api::workflowservice::v1;
  data_options options;
  options.codecs = {std::make_shared<envelope_codec>("sealed")};
  options.encode_headers = header_encoding::workflow_tasks;

  service::RespondWorkflowTaskCompletedRequest completion;
  add_trace(*completion.add_commands()->mutable_schedule_activity_task_command_attributes()->mutable_header());
  completion = encoded(options, data::node::rpc_RespondWorkflowTaskCompletedRequest, completion);
  EXPECT_EQ(encoding_of(completion.commands(0).schedule_activity_task_command_attributes().header()), "sealed");

  service::StartWorkflowExecutionRequest start;
  add_trace(*start.mutable_header());
  start = encoded(options, data::node::rpc_StartWorkflowExecutionRequest, start);
  EXPECT_EQ(encoding_of(start.header()), "json/plain") << "a client's";

  // What comes back, made as with headers that all are encoded.
  service::RespondWorkflowTaskCompletedResponse answer;
  auto& event = *answer.mutable_workflow_task()->mutable_history()->add_events();
  add_trace(*event.mutable_workflow_execution_signaled_event_attributes()->mutable_header());
  add_trace(*answer.add_activity_tasks()->mutable_header());
  auto everybody = options;
  everybody.encode_headers = header_encoding::all;
  answer = encoded(everybody, data::node::rpc_RespondWorkflowTaskCompletedResponse, answer);
  const data::pipeline pipeline(options);
  ASSERT_TRUE(answer.ParseFromString(
      pipeline.decode(data::node::rpc_RespondWorkflowTaskCompletedResponse, answer.SerializeAsString(), {})));
  const auto& signal = answer.workflow_task().history().events(0).workflow_execution_signaled_event_attributes();
  EXPECT_EQ(encoding_of(signal.header()), "json/plain");
  EXPECT_EQ(encoding_of(answer.activity_tasks(0).header()), "sealed") << "an activity's";

  service::PollActivityTaskQueueResponse polled = answer.activity_tasks(0);
  ASSERT_TRUE(polled.ParseFromString(
      pipeline.decode(data::node::rpc_PollActivityTaskQueueResponse, polled.SerializeAsString(), {})));
  EXPECT_EQ(encoding_of(polled.header()), "sealed");

  service::StartWorkflowExecutionResponse started;
  auto& first = *started.mutable_eager_workflow_task()->mutable_history()->add_events();
  add_trace(*first.mutable_workflow_execution_started_event_attributes()->mutable_header());
  started = encoded(everybody, data::node::rpc_StartWorkflowExecutionResponse, started);
  ASSERT_TRUE(started.ParseFromString(
      pipeline.decode(data::node::rpc_StartWorkflowExecutionResponse, started.SerializeAsString(), {})));
  EXPECT_EQ(
      encoding_of(
          started.eager_workflow_task().history().events(0).workflow_execution_started_event_attributes().header()),
      "json/plain");
}

}  // namespace rondo::test::payload_fields_test
