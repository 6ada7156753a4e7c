#pragma once

#include <temporal/api/enums/v1/failed_cause.pb.h>
#include <temporal/api/errordetails/v1/message.pb.h>

#include <string>
#include <utility>

#include "rondo/rpc_error.hpp"
#include "rondo/server/refusal.hpp"

// Statuses with the details that the clients of the field look for.
namespace rondo::server {

inline rpc_status not_found_status(std::string text) {
  return make_status(rpc_code::not_found, std::move(text), temporal::api::errordetails::v1::NotFoundFailure());
}

/// The workflow cannot serve the request in the state in which it is.
inline rpc_status not_ready_status(std::string text) {
  return make_status(rpc_code::failed_precondition, std::move(text),
                     temporal::api::errordetails::v1::WorkflowNotReadyFailure());
}

inline rpc_status exhausted_status(std::string text, temporal::api::enums::v1::ResourceExhaustedCause cause) {
  temporal::api::errordetails::v1::ResourceExhaustedFailure detail;
  detail.set_cause(cause);
  detail.set_scope(temporal::api::enums::v1::RESOURCE_EXHAUSTED_SCOPE_NAMESPACE);
  return make_status(rpc_code::resource_exhausted, std::move(text), detail);
}

}  // namespace rondo::server
