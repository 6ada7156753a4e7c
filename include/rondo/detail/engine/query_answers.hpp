#pragma once
#include <exception>
#include <string>
#include <string_view>

#include <google/protobuf/util/json_util.h>
#include <temporal/api/sdk/v1/workflow_metadata.pb.h>

#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/execution.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"

// Queries: those of the workflow, and those that every workflow answers.
namespace rondo::detail::engine {

inline constexpr std::string_view stack_trace_query = "__stack_trace";
inline constexpr std::string_view metadata_query = "__temporal_workflow_metadata";

/// What a user interface may show about a workflow: its type and what it can be asked and told.
inline temporal::api::sdk::v1::WorkflowMetadata metadata_of(const run::workflow_definition& of) {
  temporal::api::sdk::v1::WorkflowMetadata made;
  auto& definition = *made.mutable_definition();
  definition.set_type(of.name);
  for (const auto& each : of.queries) definition.add_query_definitions()->set_name(each);
  auto* trace = definition.add_query_definitions();
  trace->set_name(std::string(stack_trace_query));
  trace->set_description("What the workflow waits for");
  for (const auto& each : of.signals) definition.add_signal_definitions()->set_name(each);
  return made;
}

inline void write_metadata(const run::workflow_definition& of, Payloads& to) {
  const auto metadata = metadata_of(of);
  Payload& made = *to.add_payloads();
  (*made.mutable_metadata())["encoding"] = encoding::json_protobuf;
  (*made.mutable_metadata())["messageType"] = metadata.GetTypeName();
  const auto status = google::protobuf::util::MessageToJsonString(metadata, made.mutable_data());
  if (!status.ok()) throw std::runtime_error("cannot write the metadata of workflow '" + of.name + "' as JSON");
}

/// Answers one query. An exception means that the query fails, nothing else.
inline void answer_query(execution& in, const temporal::api::query::v1::WorkflowQuery& query, Payloads& to) {
  if (query.query_type() == stack_trace_query) {
    write_json(in.waits(), *to.add_payloads());
  } else if (query.query_type() == metadata_query) {
    write_metadata(in.definition(), to);
  } else {
    in.answer(query.query_type(), query.query_args(), to);
  }
}

/// As part of the completion of a workflow task.
inline void answer_query(execution& in, const temporal::api::query::v1::WorkflowQuery& query,
                         temporal::api::query::v1::WorkflowQueryResult& to) {
  try {
    answer_query(in, query, *to.mutable_answer());
    to.set_result_type(enums::QUERY_RESULT_TYPE_ANSWERED);
  } catch (...) {
    to.clear_answer();
    to.set_result_type(enums::QUERY_RESULT_TYPE_FAILED);
    to.set_error_message(valid_utf8(message_of(std::current_exception())));
    write_failure(std::current_exception(), *to.mutable_failure());
  }
}

/// As the answer to a task that is nothing but a query.
inline void answer_query(execution& in, const temporal::api::query::v1::WorkflowQuery& query,
                         service::RespondQueryTaskCompletedRequest& to) {
  try {
    answer_query(in, query, *to.mutable_query_result());
    to.set_completed_type(enums::QUERY_RESULT_TYPE_ANSWERED);
  } catch (...) {
    to.clear_query_result();
    to.set_completed_type(enums::QUERY_RESULT_TYPE_FAILED);
    to.set_error_message(valid_utf8(message_of(std::current_exception())));
    write_failure(std::current_exception(), *to.mutable_failure());
  }
}

}  // namespace rondo::detail::engine
