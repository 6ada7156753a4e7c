#pragma once

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <memory>
#include <optional>
#include <string>

#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/run.hpp"
#include "rondo/server/task_queue.hpp"

namespace rondo::server {

class frontend;

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
  /// The versioning of a run that continues another: what is pinned is inherited where the field's rules say so.
  void inherit(run& to, const run& from) const;
  /// An override that came with a start or a change of options. Refuses what is not well-formed.
  void set_override(run& of, const temporal::api::workflow::v1::VersioningOverride& wanted) const;
  /// A run opened, closed or changed its version: for drainage.
  void on_run_changed(const run& which);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// The worker deployment methods, and UpdateWorkflowExecutionOptions.
void serve_deployments(frontend& at);

}  // namespace rondo::server
