#pragma once
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/execution.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/detail/engine/stack_trace.hpp"
#include "rondo/json.hpp"

// Queries: those of the workflow, and those that every workflow answers.
namespace rondo::detail::engine {

inline constexpr std::string_view stack_trace_query = "__stack_trace";
inline constexpr std::string_view enhanced_stack_trace_query = "__enhanced_stack_trace";
inline constexpr std::string_view metadata_query = "__temporal_workflow_metadata";

/// What a workflow can be asked or told, as a user interface shows it.
struct handler_description {
  std::optional<std::string> name{};
  std::optional<std::string> description{};
};
using handler_descriptions = std::vector<handler_description>;

/// One without a name takes any message; the names of the others of its kind are not its own.
inline handler_descriptions descriptions_of(const run::handler_definitions& from) {
  handler_descriptions made;
  for (const auto& each : from) {
    auto& added = made.emplace_back();
    if (!each.name.empty()) added.name = each.name;
    if (!each.description.empty()) added.description = each.description;
  }
  return made;
}

/// The JSON of a temporal.api.sdk.v1.WorkflowMetadata. By hand, because protobuf's own needs the descriptors of all
/// messages, which small programs are without.
inline std::string metadata_json(const execution& of) {
  const auto& declared = of.definition();
  const run::message_handlers only_declared(declared);
  const auto& handlers = of.instance() == nullptr ? only_declared : of.instance()->handlers();
  auto queries = descriptions_of(run::message_handlers::described(handlers.queries, declared.queries));
  queries.push_back({.name = std::string(stack_trace_query), .description = "What the workflow waits for"});
  queries.push_back({.name = std::string(enhanced_stack_trace_query),
                     .description = "What the workflow waits for, for programs that show it"});
  const auto signals = descriptions_of(run::message_handlers::described(handlers.signals, declared.signals));
  const auto updates = descriptions_of(run::message_handlers::described(handlers.updates, declared.updates));
  std::string text = "{\"definition\":{\"type\":" + json::dump(declared.name);
  text += ",\"queryDefinitions\":" + json::dump(queries);
  if (!signals.empty()) text += ",\"signalDefinitions\":" + json::dump(signals);
  if (!updates.empty()) text += ",\"updateDefinitions\":" + json::dump(updates);
  text += '}';
  if (of.instance() != nullptr && !of.instance()->details().empty()) {
    text += ",\"currentDetails\":" + json::dump(of.instance()->details());
  }
  return text + '}';
}

inline void write_message(const char* type, std::string json, Payloads& to) {
  Payload& made = *to.add_payloads();
  (*made.mutable_metadata())["encoding"] = encoding::json_protobuf;
  (*made.mutable_metadata())["messageType"] = type;
  made.set_data(std::move(json));
}

/// Answers one query. An exception means that the query fails, nothing else.
inline void answer_query(execution& in, const temporal::api::query::v1::WorkflowQuery& query, Payloads& to) {
  if (query.query_type() == stack_trace_query) {
    write_json(stack_trace_text(in), *to.add_payloads());
  } else if (query.query_type() == metadata_query) {
    write_message("temporal.api.sdk.v1.WorkflowMetadata", metadata_json(in), to);
  } else if (query.query_type() == enhanced_stack_trace_query) {
    write_message("temporal.api.sdk.v1.EnhancedStackTrace", enhanced_stack_trace_json(in), to);
  } else {
    in.answer(query, to);
  }
}

/// Tells what failed, twice.
template <class Answer>
void write_failed_query(const std::exception_ptr& error, const failure_converter* by, Answer& to) {
  write_failure(error, *to.mutable_failure(), by);
  to.set_error_message(valid_utf8(by == nullptr ? message_of(error) : message_in(to.failure())));
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
    write_failed_query(std::current_exception(), in.failures(), to);
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
    write_failed_query(std::current_exception(), in.failures(), to);
  }
}

}  // namespace rondo::detail::engine
