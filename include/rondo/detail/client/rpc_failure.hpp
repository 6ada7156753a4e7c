#pragma once
#include <google/protobuf/any.pb.h>
#include <temporal/api/errordetails/v1/message.pb.h>

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/client/errors.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/io/status_details.hpp"
#include "rondo/rpc_error.hpp"

// The exception that an answer of the server stands for.
namespace rondo::detail::calls {

/// What a call is about, for the text of its errors.
class call_subject {
 public:
  explicit call_subject(std::string what, std::string about_workflow = {}, std::string in_namespace = {})
      : action(std::move(what)), workflow_id(std::move(about_workflow)), namespace_(std::move(in_namespace)) {}

  /// "start workflow 'order-1'"
  std::string action;
  std::string workflow_id, namespace_;
};

namespace details = temporal::api::errordetails::v1;

/// The messages that a status carries.
class attached_messages {
 public:
  explicit attached_messages(const rpc_status& status) : all_(io::status_details(status)) {}

  /// True, and `to` filled, when there is one of its type.
  template <class Message>
  bool find(Message& to) const {
    for (const auto& each : all_) {
      if (each.Is<Message>() && each.UnpackTo(&to)) return true;
    }
    return false;
  }

 private:
  std::vector<google::protobuf::Any> all_;
};

std::string error_text(const call_subject& subject, const rpc_status& status, std::string_view advice);

[[noreturn]] inline void throw_already_started(const call_subject& subject, const rpc_status& status,
                                               const details::WorkflowExecutionAlreadyStartedFailure& said) {
  workflow_already_started error(
      error_text(
          subject, status,
          "use another id, or id_conflict_policy::use_existing for a running and id_reuse_policy for a closed one"),
      status);
  error.set_ids(subject.workflow_id, said.run_id(), said.first_execution_run_id(), said.start_request_id());
  throw error;
}

/// Returns when the status is about something else.
void throw_if_activity_started(const call_subject& subject, const rpc_status& status, const attached_messages& said);

/// Returns when the status is about something else.
void throw_if_operation_started(const call_subject& subject, const rpc_status& status, const attached_messages& said);

[[noreturn]] inline void throw_query_failed(const call_subject& subject, const rpc_status& status,
                                            const details::QueryFailedFailure& said, const failure_converter* by) {
  std::exception_ptr cause;
  if (said.has_failure()) cause = engine::exception_of(said.failure(), by);
  throw query_failed(subject.action + ": " + status.message, status, std::move(cause));
}

[[noreturn]] inline void throw_not_found(const call_subject& subject, const rpc_status& status,
                                         const attached_messages& said) {
  details::NamespaceNotFoundFailure of_namespace;
  if (said.find(of_namespace)) {
    throw namespace_not_found(
        error_text(subject, status, "register the namespace, or set client_options::namespace_ to one that exists"),
        status, of_namespace.namespace_().empty() ? subject.namespace_ : of_namespace.namespace_());
  }
  throw not_found(
      error_text(subject, status, "it has ended, was never there, or its retention period is over: check the ids"),
      status);
}

[[noreturn]] inline void throw_resource_exhausted(const call_subject& subject, const rpc_status& status,
                                                  const attached_messages& said) {
  details::ResourceExhaustedFailure limit;
  std::string cause;
  if (said.find(limit)) cause = temporal::api::enums::v1::ResourceExhaustedCause_Name(limit.cause());
  throw resource_exhausted(error_text(subject, status, "call again later, or less"), status, std::move(cause));
}

[[noreturn]] inline void throw_invalid_argument(const call_subject& subject, const rpc_status& status,
                                                const attached_messages& said, const failure_converter* by) {
  details::QueryFailedFailure query;
  if (said.find(query)) throw_query_failed(subject, status, query, by);
  throw invalid_argument(error_text(subject, status, {}), status);
}

/// Throws the exception that fits a status which is not OK. `by` says what the failure of a query is thrown as.
[[noreturn]] inline void throw_rpc_failure(const call_subject& subject, const rpc_status& status,
                                           const failure_converter* by = nullptr) {
  const attached_messages said(status);
  details::WorkflowExecutionAlreadyStartedFailure started;
  details::WorkflowNotReadyFailure not_ready;
  switch (status.code) {
    case rpc_code::already_exists:
      if (said.find(started)) throw_already_started(subject, status, started);
      throw_if_activity_started(subject, status, said);
      throw_if_operation_started(subject, status, said);
      break;
    case rpc_code::not_found:
      throw_not_found(subject, status, said);
    case rpc_code::invalid_argument:
      throw_invalid_argument(subject, status, said, by);
    case rpc_code::resource_exhausted:
      throw_resource_exhausted(subject, status, said);
    case rpc_code::permission_denied:
      throw permission_denied(error_text(subject, status, "ask for the right, or check the API key and the namespace"),
                              status);
    case rpc_code::unauthenticated:
      throw rpc_error(error_text(subject, status, "check the API key or the client certificate"), status);
    case rpc_code::failed_precondition:
      if (said.find(not_ready)) throw workflow_not_ready(error_text(subject, status, "try again"), status);
      break;
    case rpc_code::unimplemented:
      throw rpc_error(error_text(subject, status, "the server is too old for this call"), status);
    default:
      break;
  }
  throw rpc_error(error_text(subject, status, {}), status);
}

/// For what this side finds wrong before anything is sent.
[[noreturn]] inline void refuse(const call_subject& subject, const std::string& why) {
  const rpc_status status(rpc_code::invalid_argument, why, true);
  throw invalid_argument(error_text(subject, status, {}), status);
}

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/rpc_failure.hpp"
#endif
