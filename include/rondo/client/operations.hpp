#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/client.hpp"
#include "rondo/client/operation_values.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/detail/client/operations.hpp"
#include "rondo/detail/client/requesting.hpp"

namespace rondo {

/// Namespaces, search attributes, Nexus endpoints and clusters of a server that one runs oneself. The client must live
/// while it is used.
class operations_client {
 public:
  explicit operations_client(const client& through) : session_(through.session()) {}

  /// Registers search attributes in the client's namespace; those that it has already are left as they are.
  call<void> add_search_attributes(const std::map<std::string, search_attribute_type>& attributes) const {
    auto request = detail::calls::new_request<detail::calls::operator_service::AddSearchAttributesRequest>(*session_);
    for (const auto& [name, type] : attributes) {
      (*request.mutable_search_attributes())[name] = detail::calls::wire_of(type);
    }
    return tell(std::move(request), "add search attributes");
  }
  /// Throws not_found when the namespace has none of that name.
  call<void> remove_search_attributes(std::span<const std::string_view> names) const {
    auto request =
        detail::calls::new_request<detail::calls::operator_service::RemoveSearchAttributesRequest>(*session_);
    for (const auto name : names) request.add_search_attributes(std::string(name));
    return tell(std::move(request), "remove search attributes");
  }
  call<search_attribute_list> list_search_attributes() const {
    auto request = detail::calls::new_request<detail::calls::operator_service::ListSearchAttributesRequest>(*session_);
    return read<search_attribute_list>(std::move(request), "list search attributes",
                                       [](const auto& response) { return detail::calls::attributes_of(response); });
  }

  /// Names a place where Nexus operations are handled. Gives it with its id and version.
  call<nexus_endpoint> create_nexus_endpoint(const nexus_endpoint_spec& spec) const {
    auto request = detail::calls::new_request<detail::calls::operator_service::CreateNexusEndpointRequest>(*session_);
    return read<nexus_endpoint>(with_spec(std::move(request), spec), "create Nexus endpoint '" + spec.name + "'",
                                endpoint_in);
  }
  /// Throws rpc_error with FAILED_PRECONDITION when the endpoint has another version by now.
  call<nexus_endpoint> update_nexus_endpoint(std::string_view id, std::int64_t version,
                                             const nexus_endpoint_spec& spec) const {
    auto request = detail::calls::new_request<detail::calls::operator_service::UpdateNexusEndpointRequest>(*session_);
    request.set_id(std::string(id));
    request.set_version(version);
    return read<nexus_endpoint>(with_spec(std::move(request), spec), "update Nexus endpoint '" + spec.name + "'",
                                endpoint_in);
  }
  call<nexus_endpoint> get_nexus_endpoint(std::string_view id) const {
    auto request = detail::calls::new_request<detail::calls::operator_service::GetNexusEndpointRequest>(*session_);
    request.set_id(std::string(id));
    return read<nexus_endpoint>(std::move(request), "get Nexus endpoint '" + std::string(id) + "'", endpoint_in);
  }
  call<void> remove_nexus_endpoint(std::string_view id, std::int64_t version) const {
    auto request = detail::calls::new_request<detail::calls::operator_service::DeleteNexusEndpointRequest>(*session_);
    request.set_id(std::string(id));
    request.set_version(version);
    return tell(std::move(request), "delete Nexus endpoint '" + std::string(id) + "'");
  }
  /// The one of that name; empty: all.
  paged_list<nexus_endpoint> list_nexus_endpoints(std::string_view name = {}, const list_options& options = {}) const {
    auto request = detail::calls::new_request<detail::calls::operator_service::ListNexusEndpointsRequest>(*session_);
    request.set_name(std::string(name));
    request.set_page_size(options.page_size);
    return detail::calls::list_with<nexus_endpoint>(session_, std::move(request), "list Nexus endpoints", options,
                                                    [](const auto& response) {
                                                      std::vector<nexus_endpoint> found;
                                                      for (const auto& each : response.endpoints())
                                                        found.push_back(detail::calls::endpoint_of(each));
                                                      return found;
                                                    });
  }

  /// All namespaces of the server, also those that are not the client's. Deleted ones are left out unless they are
  /// asked for. Throws permission_denied where clients may not see that.
  paged_list<namespace_summary> list_namespaces(const list_options& options = {}, bool include_deleted = false) const {
    auto request = detail::calls::new_request<detail::calls::service::ListNamespacesRequest>(*session_);
    request.set_page_size(options.page_size);
    if (include_deleted) request.mutable_namespace_filter()->set_include_deleted(true);
    return detail::calls::list_with<namespace_summary>(session_, std::move(request), "list namespaces", options,
                                                       [](const auto& response) {
                                                         std::vector<namespace_summary> found;
                                                         for (const auto& each : response.namespaces())
                                                           found.push_back(detail::calls::namespace_of(each));
                                                         return found;
                                                       });
  }

  paged_list<cluster_summary> list_clusters(const list_options& options = {}) const {
    auto request = detail::calls::new_request<detail::calls::operator_service::ListClustersRequest>(*session_);
    request.set_page_size(options.page_size);
    return detail::calls::list_with<cluster_summary>(session_, std::move(request), "list clusters", options,
                                                     [](const auto& response) {
                                                       std::vector<cluster_summary> found;
                                                       for (const auto& each : response.clusters())
                                                         found.push_back(detail::calls::cluster_of(each));
                                                       return found;
                                                     });
  }
  /// Makes a cluster known at an address, with or without a connection to it.
  call<void> add_remote_cluster(std::string_view address, bool connect = true, bool replicate = false) const {
    auto request =
        detail::calls::new_request<detail::calls::operator_service::AddOrUpdateRemoteClusterRequest>(*session_);
    request.set_frontend_address(std::string(address));
    request.set_enable_remote_cluster_connection(connect);
    request.set_enable_replication(replicate);
    return tell(std::move(request), "add the cluster at '" + std::string(address) + "'");
  }
  call<void> remove_remote_cluster(std::string_view name) const {
    auto request = detail::calls::new_request<detail::calls::operator_service::RemoveRemoteClusterRequest>(*session_);
    request.set_cluster_name(std::string(name));
    return tell(std::move(request), "remove cluster '" + std::string(name) + "'");
  }

 private:
  template <class Request>
  Request with_spec(Request request, const nexus_endpoint_spec& spec) const {
    detail::calls::write_endpoint(spec, session_->namespace_, *request.mutable_spec());
    return request;
  }
  template <class Request>
  call<void> tell(Request request, std::string action) const {
    return detail::calls::make_telling_call(session_,
                                            detail::calls::call_with(*session_, std::move(request), std::move(action)));
  }
  template <class Answer, class Request, class Read>
  call<Answer> read(Request request, std::string action, Read how) const {
    return detail::calls::make_reading_call(
        session_, detail::calls::call_with(*session_, std::move(request), std::move(action)), std::move(how));
  }

  static constexpr auto endpoint_in = [](const auto& response) {
    return detail::calls::endpoint_of(response.endpoint());
  };

  detail::calls::session_ptr session_;
};

}  // namespace rondo
