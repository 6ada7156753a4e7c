#pragma once

#include <temporal/api/errordetails/v1/message.pb.h>

#include <string>
#include <utility>

#include "rondo/server/deployments.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/versioning.hpp"

// What the worker deployment methods refuse, in the words of the field.
namespace rondo::server::detail_deployment_checks {

using version_info = deployment_state::version_info;

[[noreturn]] inline void refuse(std::string text) { throw refusal(rpc_code::invalid_argument, std::move(text)); }

inline void check_name(const core& in, const char* field, const std::string& name) {
  if (name.size() > (in.limit().id_length - 39) / 2) {
    refuse(std::string("size of ") + field + " larger than the maximum allowed");
  }
  if (name.rfind("__", 0) == 0) refuse(std::string(field) + " cannot start with '__'");
}

inline void check_deployment_name(const core& in, const std::string& name) {
  if (name.empty()) refuse("deployment name cannot be empty");
  if (name.find('.') != std::string::npos) refuse("worker deployment name cannot contain '.'");
  if (name.find(':') != std::string::npos) refuse("worker deployment name cannot contain ':'");
  check_name(in, "WorkerDeploymentName", name);
}

inline void check_version(const core& in, const deployment_version& version) {
  check_deployment_name(in, version.deployment_name());
  if (version.build_id().empty()) refuse("build ID cannot be empty");
  check_name(in, "BuildID", version.build_id());
}

/// Of the present or of the older field.
template <class Request>
deployment_version requested_version(const core& in, const Request& request) {
  deployment_version version = request.deployment_version();
  if (!request.has_deployment_version()) {
    if (request.version().empty()) refuse("deployment version cannot be empty");
    version = parse_version(request.version()).value_or(deployment_version());
  }
  check_version(in, version);
  return version;
}

inline version_info& find_version(deployment_state& of, const std::string& build_id) {
  const auto found = of.versions.find(build_id);
  if (found != of.versions.end()) return found->second;
  throw refusal(rpc_code::not_found, "build ID '" + build_id + "' not found in Worker Deployment '" + of.name() + "'",
                temporal::api::errordetails::v1::NotFoundFailure());
}

inline void check_token(const deployment_state& of, const std::string& token) {
  if (token.empty() || token == of.shown.conflict_token()) return;
  throw refusal(rpc_code::failed_precondition, "conflict token mismatch");
}

inline void check_manager(const deployment_state& of, const std::string& identity) {
  const std::string& manager = of.shown.worker_deployment_info().manager_identity();
  if (manager.empty() || manager == identity) return;
  throw refusal(rpc_code::failed_precondition,
                "ManagerIdentity '" + manager + "' is set and does not match user identity '" + identity +
                    "'; to proceed, set your own identity as the ManagerIdentity, remove the ManagerIdentity, or wait "
                    "for the other client to do so");
}

inline queue_key key_of(const std::string& namespace_id, const version_info::VersionTaskQueueInfo& queue) {
  return {namespace_id, queue.name(),
          queue.type() == enums::TASK_QUEUE_TYPE_ACTIVITY ? queue_type::activity : queue_type::workflow};
}

}  // namespace rondo::server::detail_deployment_checks
