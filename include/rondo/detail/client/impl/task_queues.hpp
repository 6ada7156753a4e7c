#pragma once
#include <temporal/api/deployment/v1/message.pb.h>
#include <temporal/api/enums/v1/task_queue.pb.h>
#include <temporal/api/taskqueue/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <string>
#include <string_view>

#include "rondo/client/task_queue_description.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/task_queues.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION enums::TaskQueueType wire_of(task_queue_kind kind) {
  switch (kind) {
    case task_queue_kind::workflow:
      return enums::TASK_QUEUE_TYPE_WORKFLOW;
    case task_queue_kind::activity:
      return enums::TASK_QUEUE_TYPE_ACTIVITY;
    case task_queue_kind::nexus:
      return enums::TASK_QUEUE_TYPE_NEXUS;
  }
  return enums::TASK_QUEUE_TYPE_UNSPECIFIED;
}

RONDO_FUNCTION task_queue_stats stats_of(const queue_api::TaskQueueStats& from) {
  return {.backlog_count = from.approximate_backlog_count(),
          .backlog_age = engine::duration_of(from.approximate_backlog_age()),
          .add_rate = from.tasks_add_rate(),
          .dispatch_rate = from.tasks_dispatch_rate(),
          .rate_limited = from.rate_limiting_active()};
}

RONDO_FUNCTION task_queue_rate_limit limit_of(const queue_api::RateLimitConfig& from) {
  task_queue_rate_limit to;
  if (from.has_rate_limit()) to.requests_per_second = from.rate_limit().requests_per_second();
  to.reason = from.metadata().reason();
  to.identity = from.metadata().update_identity();
  to.updated_time = time_if(from.metadata().has_update_time(), from.metadata().update_time());
  return to;
}

RONDO_FUNCTION task_queue_config config_of(const queue_api::TaskQueueConfig& from) {
  task_queue_config to;
  to.rate_limit = limit_of(from.queue_rate_limit());
  to.fairness_rate_limit = limit_of(from.fairness_keys_rate_limit_default());
  for (const auto& [key, weight] : from.fairness_weight_overrides()) to.fairness_weights[key] = weight;
  return to;
}

RONDO_FUNCTION rate_limit_source source_of(enums::RateLimitSource source) {
  switch (source) {
    case enums::RATE_LIMIT_SOURCE_API:
      return rate_limit_source::api;
    case enums::RATE_LIMIT_SOURCE_WORKER:
      return rate_limit_source::worker;
    case enums::RATE_LIMIT_SOURCE_SYSTEM:
      return rate_limit_source::system;
    default:
      return rate_limit_source::unspecified;
  }
}

RONDO_FUNCTION task_queue_description description_of(const service::DescribeTaskQueueResponse& from) {
  task_queue_description to;
  for (const auto& each : from.pollers()) {
    auto& poller = to.pollers.emplace_back();
    poller.identity = each.identity();
    poller.last_access_time = time_if(each.has_last_access_time(), each.last_access_time());
    poller.rate_per_second = each.rate_per_second();
    if (each.deployment_options().worker_versioning_mode() == enums::WORKER_VERSIONING_MODE_VERSIONED) {
      poller.version = version_of(each.deployment_options());
    }
  }
  if (from.has_stats()) to.stats = stats_of(from.stats());
  for (const auto& [key, stats] : from.stats_by_priority_key()) to.stats_by_priority[key] = stats_of(stats);
  const auto& versioning = from.versioning_info();
  to.current_version = version_of(versioning.current_deployment_version());
  to.ramping_version = version_of(versioning.ramping_deployment_version());
  to.ramping_percentage = versioning.ramping_version_percentage();
  if (from.has_config()) to.config = config_of(from.config());
  if (from.has_effective_rate_limit()) {
    to.effective_rate_limit = from.effective_rate_limit().requests_per_second();
    to.effective_rate_limit_source = source_of(from.effective_rate_limit().rate_limit_source());
  }
  return to;
}

RONDO_FUNCTION service_call<service::UpdateTaskQueueConfigRequest> make_config_change(
    const session& by, std::string_view name, task_queue_kind kind, const task_queue_config_change& change) {
  auto made = queue_call(by, new_request<service::UpdateTaskQueueConfigRequest>(by), "configure", name);
  auto& request = made.request;
  request.set_task_queue(std::string(name));
  request.set_task_queue_type(wire_of(kind));
  const auto write = [&](const rate_limit_change& from, service::UpdateTaskQueueConfigRequest::RateLimitUpdate& to) {
    to.set_reason(std::string(from.reason));
    if (!from.requests_per_second) return;
    if (!(*from.requests_per_second >= 0)) refuse(made.subject, "requests_per_second must not be negative");
    to.mutable_rate_limit()->set_requests_per_second(*from.requests_per_second);
  };
  if (change.rate_limit) write(*change.rate_limit, *request.mutable_update_queue_rate_limit());
  if (change.fairness_rate_limit) {
    write(*change.fairness_rate_limit, *request.mutable_update_fairness_key_rate_limit_default());
  }
  for (const auto& [key, weight] : change.set_fairness_weights) {
    if (!(weight > 0)) refuse(made.subject, "the weight of a fairness key must be positive");
    (*request.mutable_set_fairness_weight_overrides())[std::string(key)] = weight;
  }
  for (const auto key : change.unset_fairness_weights) {
    request.add_unset_fairness_weight_overrides(std::string(key));
  }
  return made;
}

}  // namespace rondo::detail::calls
