#pragma once

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "rondo/server/frontend.hpp"
#include "rondo/server/matching.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/workers.hpp"

namespace rondo::server {

namespace detail_polling {

namespace service = temporal::api::workflowservice::v1;
using namespace std::chrono_literals;

/// Calls with less time than this make no sense as long polls.
inline constexpr auto least_time = 2s;
/// An empty answer leaves so long before the caller's deadline.
inline constexpr auto head_start = 1s;

inline void check_worker_name(const std::string& deployment, const std::string& build_id) {
  if (deployment.empty()) throw refusal(rpc_code::invalid_argument, "versioned worker must have deployment name");
  if (build_id.empty()) throw refusal(rpc_code::invalid_argument, "versioned worker must have build id");
  if (deployment.find_first_of(":.") != std::string::npos) {
    throw refusal(rpc_code::invalid_argument, "deployment name cannot contain ':' or '.'");
  }
}

inline std::optional<deployment_version> version_named(const std::string& deployment, const std::string& build_id) {
  deployment_version version;
  version.set_deployment_name(deployment);
  version.set_build_id(build_id);
  return version;
}

template <class Request>
void check_versioning(const Request& request) {
  const auto& old = request.worker_version_capabilities();
  const auto& queue = request.task_queue();
  const bool named = old.use_versioning() || request.deployment_options().worker_versioning_mode() ==
                                                 temporal::api::enums::v1::WORKER_VERSIONING_MODE_VERSIONED;
  if (named && queue.kind() == temporal::api::enums::v1::TASK_QUEUE_KIND_STICKY && queue.normal_name().empty()) {
    throw refusal(rpc_code::invalid_argument,
                  "NormalName must be set on sticky queue when UseVersioning is true or DeploymentOptions are set.");
  }
  if (old.use_versioning() && old.build_id().empty()) {
    throw refusal(rpc_code::invalid_argument, "WorkerVersionStamp must be present if UseVersioning is true.");
  }
  if (std::max(old.build_id().size(), request.deployment_options().build_id().size()) > 255) {
    throw refusal(rpc_code::invalid_argument,
                  "Build ID exceeds configured limit.workerBuildIdSize, use a shorter build ID.");
  }
}

template <class Request>
std::optional<deployment_version> version_of(const Request& request) {
  const auto& options = request.deployment_options();
  if (options.worker_versioning_mode() == temporal::api::enums::v1::WORKER_VERSIONING_MODE_VERSIONED) {
    check_worker_name(options.deployment_name(), options.build_id());
    return version_named(options.deployment_name(), options.build_id());
  }
  const auto& old = request.worker_version_capabilities();
  if (!old.use_versioning() || old.deployment_series_name().empty()) return std::nullopt;
  return version_named(old.deployment_series_name(), old.build_id());
}

template <class Request>
poller read_poll(core& in, const Request& request, const call_ptr& call, queue_type type) {
  const name_space& space = in.namespaces().get(request.namespace_());
  if (request.identity().size() > in.limit().id_length) {
    throw refusal(rpc_code::invalid_argument, "Identity length exceeds limit.");
  }
  check_versioning(request);
  check_task_queue(in, request.has_task_queue(), request.task_queue());
  poller from;
  from.call = call;
  from.queue = {space.id(), request.task_queue().name(), type};
  from.sticky = request.task_queue().kind() == temporal::api::enums::v1::TASK_QUEUE_KIND_STICKY;
  from.normal_name = request.task_queue().normal_name();
  from.identity = request.identity();
  from.instance_key = request.worker_instance_key();
  from.version = version_of(request);
  from.versioning_mode = request.deployment_options().worker_versioning_mode();
  from.since = in.now();
  return from;
}

inline void poll_workflow_tasks(core& in, const service::PollWorkflowTaskQueueRequest& request, const call_ptr& call) {
  const auto end = end_of_poll(in, *call);
  in.matching().poll(read_poll(in, request, call, queue_type::workflow), std::nullopt, end);
}

inline void poll_activity_tasks(core& in, const service::PollActivityTaskQueueRequest& request, const call_ptr& call) {
  const auto end = end_of_poll(in, *call);
  std::optional<double> rate;
  if (request.task_queue_metadata().has_max_tasks_per_second()) {
    rate = request.task_queue_metadata().max_tasks_per_second().value();
  }
  poller from = read_poll(in, request, call, queue_type::activity);
  from.control_queue = request.worker_control_task_queue();
  in.matching().poll(std::move(from), rate, end);
}

inline service::ShutdownWorkerResponse shut_down(core& in, service::ShutdownWorkerRequest& request) {
  const name_space& space = in.namespaces().get(request.namespace_());
  if (!request.worker_instance_key().empty()) {
    in.matching().shut_down_worker(space.id(), request.worker_instance_key());
  }
  if (!request.sticky_task_queue().empty()) {
    in.matching().drop_sticky({space.id(), request.sticky_task_queue(), queue_type::workflow});
  }
  if (request.has_worker_heartbeat()) {
    in.workers().record(space.id(), std::move(*request.mutable_worker_heartbeat()));
  }
  return {};
}

}  // namespace detail_polling

RONDO_SERVER_FUNCTION io::time_point end_of_poll(const core& in, const incoming_call& call) {
  const auto now = io::steady_clock::now();
  const auto end = io::later(now, std::chrono::nanoseconds(in.settings().task_poll_expiration));
  if (call.deadline() == io::time_point::max()) return end;
  if (call.deadline() - now < detail_polling::least_time) {
    throw refusal(rpc_code::failed_precondition, "Context timeout is too short.");
  }
  return std::min(end, call.deadline() - detail_polling::head_start);
}

RONDO_SERVER_FUNCTION void check_task_queue(const core& in, bool present,
                                            const temporal::api::taskqueue::v1::TaskQueue& queue) {
  const auto refuse = [](const char* text) { throw refusal(rpc_code::invalid_argument, text); };
  if (!present) refuse("taskQueue is not set");
  if (queue.name().empty()) refuse("missing task queue name");
  if (std::max(queue.name().size(), queue.normal_name().size()) > in.limit().id_length) {
    refuse("taskQueue length exceeds limit");
  }
  if (queue.name().rfind("/_sys/", 0) == 0) refuse("task queue name cannot start with reserved prefix /_sys/");
}

RONDO_SERVER_FUNCTION void serve_matching(frontend& at) {
  namespace service = temporal::api::workflowservice::v1;
  at.on_call<service::PollWorkflowTaskQueueRequest>("PollWorkflowTaskQueue", detail_polling::poll_workflow_tasks);
  at.on_call<service::PollActivityTaskQueueRequest>("PollActivityTaskQueue", detail_polling::poll_activity_tasks);
  at.on<service::ShutdownWorkerRequest>("ShutdownWorker", detail_polling::shut_down);
  serve_describing(at);
}

}  // namespace rondo::server
