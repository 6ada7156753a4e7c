#pragma once

#include <temporal/api/deployment/v1/message.pb.h>
#include <temporal/api/taskqueue/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/run.hpp"
#include "rondo/server/task_queue.hpp"

namespace rondo::server {

class frontend;

/// A worker deployment with its versions, by build id.
struct deployment_state {
  using version_info = temporal::api::deployment::v1::WorkerDeploymentVersionInfo;

  std::string namespace_id;
  /// Without the summaries of the versions.
  temporal::api::workflowservice::v1::DescribeWorkerDeploymentResponse shown;
  std::map<std::string, version_info> versions;

  const std::string& name() const noexcept { return shown.worker_deployment_info().name(); }
  temporal::api::deployment::v1::WorkerDeploymentInfo& info() { return *shown.mutable_worker_deployment_info(); }
  const temporal::api::deployment::v1::RoutingConfig& routing() const noexcept {
    return shown.worker_deployment_info().routing_config();
  }
};

/// Worker deployments and their versions, and which version a task is for.
class deployments {
 public:
  explicit deployments(core& owner);
  deployments(const deployments&) = delete;
  deployments& operator=(const deployments&) = delete;
  ~deployments();

  void load();

  /// A versioned worker polls: its deployment and version exist from now on, and the version has the task queue.
  void on_poll(const poller& from);

  /// The version whose workers get the run's next workflow task, or an activity of it on the queue; none: unversioned
  /// workers. New and auto-upgraded runs follow the current or the ramping version of the queue's deployment, chosen by
  /// a hash of the workflow id; pinned ones and overrides stay.
  std::optional<deployment_version> target(const run& of, const queue_key& queue) const;
  /// The version of the worker that a workflow task went to: begins the transition of an auto-upgraded run.
  void on_task_started(run& of, const poller& by);
  /// Takes behaviour and version of a completed workflow task into the run.
  void on_task_completed(run& of, const temporal::api::workflowservice::v1::RespondWorkflowTaskCompletedRequest& by);
  /// The versioning of a run that continues another: what is pinned is inherited when the new run's task queue belongs
  /// to the version, unless a continue-as-new asked for something else.
  void inherit(run& to, const run& from) const;
  /// An override that came with a start or a change of options. Refuses what is not well-formed.
  void set_override(run& of, const temporal::api::workflow::v1::VersioningOverride& wanted) const;
  /// Refuses an override that is not well-formed, or whose version does not know the task queue.
  void check_override(const std::string& namespace_id, const std::string& task_queue,
                      const temporal::api::workflow::v1::VersioningOverride& wanted) const;
  /// A run opened or changed its version: a version that was drained may be in use again. That runs end is seen when
  /// somebody asks.
  void on_run_changed(const run& which);

  /// What clients see of the versions that a task queue's tasks go to; none: it is not in use by versioned workers.
  std::optional<temporal::api::taskqueue::v1::TaskQueueVersioningInfo> describe_routing(const queue_key& queue) const;

  // For the methods.

  deployment_state* find(const std::string& namespace_id, const std::string& name) noexcept;
  /// Refuses with NOT_FOUND when there is none.
  deployment_state& get(const std::string& namespace_id, const std::string& name);
  /// The deployment of the name, made when it is missing.
  deployment_state& make(const std::string& namespace_id, const std::string& name);
  deployment_state::version_info& make_version_of(deployment_state& in, const std::string& build_id);
  /// Stores what changed in the deployment or in one of its versions, with a new conflict token.
  void save(deployment_state& which);
  void save_version(deployment_state& in, const std::string& build_id);
  void remove_version(deployment_state& in, const std::string& build_id);
  void remove(deployment_state& which);
  void each(const std::string& namespace_id, const std::function<void(deployment_state&)>& visit);
  /// Counts the runs that keep versions of the deployment from being drained.
  void refresh_drainage(deployment_state& which);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// Writes what the run's versioning is into its search attributes. `stamp` is what an unversioned worker said of
/// itself.
void show_versioning(run& of, const temporal::api::common::v1::WorkerVersionStamp* stamp);

/// The worker deployment methods, and UpdateWorkflowExecutionOptions.
void serve_deployments(frontend& at);
/// Parts of them.
void serve_deployment_routing(frontend& at);
void serve_compute_config(frontend& at);
void serve_execution_options(frontend& at);

}  // namespace rondo::server
