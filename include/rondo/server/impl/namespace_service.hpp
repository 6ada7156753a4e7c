#pragma once

#include <temporal/api/errordetails/v1/message.pb.h>
#include <temporal/api/operatorservice/v1/request_response.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "rondo/server/core.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/search_attributes.hpp"
#include "rondo/server/system.hpp"

namespace rondo::server {

namespace detail_namespace_service {

namespace operator_service = temporal::api::operatorservice::v1;
namespace service = temporal::api::workflowservice::v1;

inline constexpr interval least_retention = hour;
inline constexpr int most_bad_binaries = 10;
/// Production servers keep their own runs there; here the name is only taken.
inline constexpr const char* system_namespace = "temporal-system";
inline constexpr const char* not_set = "Namespace not set on request.";

[[noreturn]] inline void refuse(std::string text) { throw refusal(rpc_code::invalid_argument, std::move(text)); }

[[noreturn]] inline void refuse_unknown(const std::string& name) {
  temporal::api::errordetails::v1::NamespaceNotFoundFailure detail;
  detail.set_namespace_(name);
  throw refusal(rpc_code::not_found, "Namespace " + name + " is not found.", detail);
}

inline name_space& named(core& in, const std::string& name) {
  if (name.empty()) refuse(not_set);
  return in.namespaces().get(name);
}

/// By exactly one of name and id.
inline name_space& found(core& in, const std::string& name, const std::string& id) {
  if (id.empty()) return named(in, name);
  if (!name.empty()) refuse("Only one of namespace name or Id should be set on request.");
  if (name_space* space = in.namespaces().find_by_id(id)) return *space;
  refuse_unknown(id);
}

inline void check_retention(const google::protobuf::Duration& period) {
  const bool mixed = (period.seconds() > 0 && period.nanos() < 0) || (period.seconds() < 0 && period.nanos() > 0);
  if (mixed || from_proto(period) < least_retention) refuse("A valid retention period is not set on request.");
}

inline void check_cluster(const std::string& name) {
  if (name != cluster_name) refuse("Invalid cluster name: " + name);
}

inline void check_clusters(
    const google::protobuf::RepeatedPtrField<temporal::api::replication::v1::ClusterReplicationConfig>& clusters) {
  for (const auto& each : clusters) check_cluster(each.cluster_name());
  if (clusters.size() > 1) refuse("Invalid local namespace clusters");
}

/// The parts that descriptions of all kinds have: DescribeNamespace, its list and the answer to an update.
template <class Response>
void describe(const core& in, const state::Namespace& of, Response& into) {
  auto& info = *into.mutable_namespace_info();
  info = of.info();
  auto& can = *info.mutable_capabilities();
  can.set_eager_workflow_start(true);
  can.set_sync_update(true);
  can.set_async_update(true);
  can.set_worker_heartbeats(true);
  can.set_workflow_pause(true);
  can.set_worker_commands(true);
  can.set_worker_poll_complete_on_shutdown(true);
  info.mutable_limits()->set_blob_size_limit_error(static_cast<std::int64_t>(in.limit().blob_size));
  info.mutable_limits()->set_memo_size_limit_error(static_cast<std::int64_t>(in.limit().memo_size));
  *into.mutable_config() = of.config();
  auto& replication = *into.mutable_replication_config();
  replication.set_active_cluster_name(of.active_cluster());
  replication.add_clusters()->set_cluster_name(of.active_cluster());
  replication.set_state(enums::REPLICATION_STATE_NORMAL);
  into.set_failover_version(of.failover_version());
  into.set_is_global_namespace(of.is_global());
}

inline service::RegisterNamespaceResponse register_namespace(core& in, service::RegisterNamespaceRequest& request) {
  const std::string& name = request.namespace_();
  if (name.empty()) refuse(not_set);
  if (name.size() > in.limit().id_length) refuse("Namespace length exceeds limit.");
  if (request.is_global_namespace()) refuse("Cannot register global namespace when not enabled");
  check_retention(request.workflow_execution_retention_period());
  if (name == system_namespace || in.namespaces().find(name) != nullptr) {
    throw refusal(rpc_code::already_exists, "Namespace \"" + name + "\" already exists",
                  temporal::api::errordetails::v1::NamespaceAlreadyExistsFailure());
  }
  if (!request.active_cluster_name().empty()) check_cluster(request.active_cluster_name());
  check_clusters(request.clusters());

  state::Namespace made = in.namespaces().make(name, from_proto(request.workflow_execution_retention_period()));
  made.mutable_info()->set_description(request.description());
  made.mutable_info()->set_owner_email(request.owner_email());
  *made.mutable_info()->mutable_data() = request.data();
  in.namespaces().add(std::move(made));
  return {};
}

inline service::ListNamespacesResponse list_namespaces(core& in, service::ListNamespacesRequest& request) {
  if (request.page_size() < 0) refuse("Invalid PageSize.");
  const int size = request.page_size() == 0 ? 100 : request.page_size();
  // The token is the last name that was shown.
  const std::string& after = request.next_page_token();
  service::ListNamespacesResponse response;
  std::string last;
  bool more = false;
  in.namespaces().each([&](name_space& space) {
    if (!after.empty() && space.name() <= after) return;
    if (response.namespaces_size() == size) {
      more = true;
      return;
    }
    describe(in, space.state, *response.add_namespaces());
    last = space.name();
  });
  if (more) response.set_next_page_token(last);
  return response;
}

inline void update_info(state::Namespace& of, const temporal::api::namespace_::v1::UpdateNamespaceInfo& change) {
  auto& info = *of.mutable_info();
  if (!change.description().empty()) info.set_description(change.description());
  if (!change.owner_email().empty()) info.set_owner_email(change.owner_email());
  for (const auto& [key, value] : change.data()) (*info.mutable_data())[key] = value;
  const auto wanted = change.state();
  if (wanted == enums::NAMESPACE_STATE_UNSPECIFIED || wanted == info.state()) return;
  const bool forward = wanted == enums::NAMESPACE_STATE_DELETED || (wanted == enums::NAMESPACE_STATE_DEPRECATED &&
                                                                    info.state() == enums::NAMESPACE_STATE_REGISTERED);
  if (!forward) refuse("Invalid namespace state update.");
  info.set_state(wanted);
}

inline void update_config(core& in, state::Namespace& of,
                          const temporal::api::namespace_::v1::NamespaceConfig& change) {
  auto& config = *of.mutable_config();
  if (change.has_workflow_execution_retention_ttl()) {
    check_retention(change.workflow_execution_retention_ttl());
    *config.mutable_workflow_execution_retention_ttl() = change.workflow_execution_retention_ttl();
  }
  auto& binaries = *config.mutable_bad_binaries()->mutable_binaries();
  for (const auto& [checksum, info] : change.bad_binaries().binaries()) {
    binaries[checksum] = info;
    to_proto(in.now(), *binaries[checksum].mutable_create_time());
  }
  if (binaries.size() > most_bad_binaries) {
    refuse("Total resetBinaries cannot exceed the max limit: " + std::to_string(most_bad_binaries));
  }
  std::vector<std::pair<std::string, std::string>> aliases(change.custom_search_attribute_aliases().begin(),
                                                           change.custom_search_attribute_aliases().end());
  std::sort(aliases.begin(), aliases.end());
  change_aliases(of, aliases);
}

inline service::UpdateNamespaceResponse update_namespace(core& in, service::UpdateNamespaceRequest& request) {
  name_space& space = named(in, request.namespace_());
  state::Namespace changed = space.state;
  if (request.has_update_info()) update_info(changed, request.update_info());
  if (request.has_config()) update_config(in, changed, request.config());
  if (const std::string& checksum = request.delete_bad_binary(); !checksum.empty()) {
    if (changed.mutable_config()->mutable_bad_binaries()->mutable_binaries()->erase(checksum) == 0) {
      refuse("Bad binary checksum " + checksum + " doesn't exists.");
    }
  }
  const auto& replication = request.replication_config();
  if (!replication.active_cluster_name().empty()) check_cluster(replication.active_cluster_name());
  check_clusters(replication.clusters());
  if (replication.state() == enums::REPLICATION_STATE_HANDOVER) {
    refuse("Handover can only be set for global namespace");
  }
  if (request.promote_namespace()) {
    refuse(
        "global namespace is not enabled on this cluster, cannot update global namespace or promote local "
        "namespace: " +
        request.namespace_());
  }
  space.state = std::move(changed);
  in.namespaces().save(space);
  service::UpdateNamespaceResponse response;
  describe(in, space.state, response);
  return response;
}

inline operator_service::DeleteNamespaceResponse delete_namespace(core& in,
                                                                  operator_service::DeleteNamespaceRequest& request) {
  name_space& space = found(in, request.namespace_(), request.namespace_id());
  operator_service::DeleteNamespaceResponse response;
  // The name under which a namespace lives on elsewhere until its runs are gone.
  response.set_deleted_namespace(space.name() + "-deleted-" + space.id().substr(0, 5));
  in.namespaces().remove(space);
  return response;
}

}  // namespace detail_namespace_service

RONDO_SERVER_FUNCTION void serve_namespaces(frontend& at) {
  using namespace detail_namespace_service;
  at.on<service::RegisterNamespaceRequest>("RegisterNamespace", register_namespace);
  at.on<service::ListNamespacesRequest>("ListNamespaces", list_namespaces);
  at.on<service::UpdateNamespaceRequest>("UpdateNamespace", update_namespace);
  at.on<service::DescribeNamespaceRequest>(
      "DescribeNamespace", [](core& in, service::DescribeNamespaceRequest& request) {
        service::DescribeNamespaceResponse response;
        describe(in, found(in, request.namespace_(), request.id()).state, response);
        return response;
      });
  at.on<service::DeprecateNamespaceRequest>("DeprecateNamespace",
                                            [](core& in, service::DeprecateNamespaceRequest& request) {
                                              name_space& space = named(in, request.namespace_());
                                              space.state.mutable_info()->set_state(enums::NAMESPACE_STATE_DEPRECATED);
                                              in.namespaces().save(space);
                                              return service::DeprecateNamespaceResponse();
                                            });
  at.on<operator_service::DeleteNamespaceRequest>("temporal.api.operatorservice.v1.OperatorService/DeleteNamespace",
                                                  delete_namespace);
  serve_system(at);
  serve_search_attributes(at);
}

}  // namespace rondo::server
