#pragma once
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/client/deployment_description.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/deployment_version.hpp"
#include "rondo/detail/client/deployments.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"

namespace rondo {

/// Worker deployments: which versions of workers there are, and which get new workflows. The client must live while it
/// is used. Calls throw not_found when there is no such deployment or version; changes throw rpc_error with
/// FAILED_PRECONDITION when the deployment is not as the conflict token says, or when workers of the version are
/// missing.
class deployment_client {
 public:
  explicit deployment_client(const client& through) : session_(through.session()) {}

  paged_list<deployment_summary> list(const list_options& options = {}) const {
    return detail::calls::list_deployments(session_, options);
  }
  call<deployment_description> describe(std::string_view name) const {
    return reading_description<deployment_description>(
        detail::calls::named_call<detail::calls::service::DescribeWorkerDeploymentRequest>(*session_, name,
                                                                                           "describe"));
  }
  /// With statistics: how much work waits in the task queues of the version.
  call<deployment_version_description> describe_version(const worker_deployment_version& which,
                                                        bool statistics = false) const {
    auto what = detail::calls::version_call<detail::calls::service::DescribeWorkerDeploymentVersionRequest>(
        *session_, which, "describe");
    what.request.set_report_task_queue_stats(statistics);
    return reading_description<deployment_version_description>(std::move(what));
  }

  /// New workflows, and those that follow along, go to workers of this build; gives the new conflict token. Empty: to
  /// workers without a version.
  call<std::string> set_current_version(std::string_view name, std::string_view build_id,
                                        const deployment_change_options& options = {}) const {
    auto what = detail::calls::routing_call<detail::calls::service::SetWorkerDeploymentCurrentVersionRequest>(
        *session_, name, build_id, "current", options);
    return reading_token(std::move(what));
  }
  /// That part of them, 0 to 100, goes to workers of this build; gives the new conflict token. An empty build and 0:
  /// nothing ramps any more; an empty build and more: to workers without a version.
  call<std::string> set_ramping_version(std::string_view name, std::string_view build_id, float percentage,
                                        const deployment_change_options& options = {}) const {
    auto what = detail::calls::routing_call<detail::calls::service::SetWorkerDeploymentRampingVersionRequest>(
        *session_, name, build_id, "ramping", options);
    if (!(percentage >= 0 && percentage <= 100)) detail::calls::refuse(what.subject, "percentage lies from 0 to 100");
    what.request.set_percentage(percentage);
    return reading_token(std::move(what));
  }
  /// Sets and removes what people note of a version; gives all notes.
  call<payload_map> update_metadata(const worker_deployment_version& which, payload_map_view set,
                                    std::span<const std::string_view> remove = {}) const {
    auto what = detail::calls::version_call<detail::calls::service::UpdateWorkerDeploymentVersionMetadataRequest>(
        *session_, which, "update the metadata of");
    if (set.get()) detail::engine::write_payload_map(*set.get(), *what.request.mutable_upsert_entries());
    for (const auto each : remove) what.request.add_remove_entries(std::string(each));
    return detail::calls::make_reading_call(session_, std::move(what), [](const auto& response) {
      return detail::calls::map_of(response.metadata().entries());
    });
  }
  /// Only who has this identity may change the routing from now on; empty: everyone. Gives the new conflict token.
  call<std::string> set_manager(std::string_view name, std::string_view identity,
                                std::string_view conflict_token = {}) const {
    auto what = detail::calls::named_call<detail::calls::service::SetWorkerDeploymentManagerRequest>(
        *session_, name, "set the manager of");
    what.request.set_manager_identity(std::string(identity));
    what.request.set_conflict_token(std::string(conflict_token));
    return reading_token(std::move(what));
  }
  /// The same with the identity of this client.
  call<std::string> become_manager(std::string_view name, std::string_view conflict_token = {}) const {
    auto what = detail::calls::named_call<detail::calls::service::SetWorkerDeploymentManagerRequest>(
        *session_, name, "become manager of");
    what.request.set_self(true);
    what.request.set_conflict_token(std::string(conflict_token));
    return reading_token(std::move(what));
  }

  /// Makes a deployment before its workers come. Needs a server of 1.32 or later.
  call<void> create(std::string_view name) const {
    return detail::calls::make_telling_call(
        session_,
        detail::calls::named_call<detail::calls::service::CreateWorkerDeploymentRequest>(*session_, name, "create"));
  }
  /// Makes a version before its workers come. Needs a server of 1.32 or later.
  call<void> create_version(const worker_deployment_version& which) const {
    return detail::calls::make_telling_call(
        session_, detail::calls::version_call<detail::calls::service::CreateWorkerDeploymentVersionRequest>(
                      *session_, which, "create"));
  }
  /// Forgets a version that is neither current nor ramping, that no worker polls for, and that is drained or need not
  /// be.
  call<void> remove_version(const worker_deployment_version& which, bool skip_drainage = false) const {
    auto what = detail::calls::version_call<detail::calls::service::DeleteWorkerDeploymentVersionRequest>(
        *session_, which, "delete");
    what.request.set_skip_drainage(skip_drainage);
    return detail::calls::make_telling_call(session_, std::move(what));
  }
  /// Forgets a deployment that has no versions.
  call<void> remove(std::string_view name) const {
    return detail::calls::make_telling_call(
        session_,
        detail::calls::named_call<detail::calls::service::DeleteWorkerDeploymentRequest>(*session_, name, "delete"));
  }

 private:
  template <class Description, class Request>
  call<Description> reading_description(detail::calls::service_call<Request> what) const {
    return detail::calls::make_reading_call(
        session_, std::move(what), [](const auto& response) { return detail::calls::description_of(response); });
  }
  template <class Request>
  call<std::string> reading_token(detail::calls::service_call<Request> what) const {
    return detail::calls::make_reading_call(session_, std::move(what),
                                            [](const auto& response) { return response.conflict_token(); });
  }

  detail::calls::session_ptr session_;
};

}  // namespace rondo
