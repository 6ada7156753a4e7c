#pragma once
#include <temporal/api/deployment/v1/message.pb.h>
#include <temporal/api/enums/v1/task_queue.pb.h>
#include <temporal/api/taskqueue/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <string>
#include <string_view>
#include <utility>

#include "rondo/client/task_queue_description.hpp"
#include "rondo/deployment_version.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/rpc_failure.hpp"

// Task queues, to and from the wire.
namespace rondo::detail::calls {

namespace queue_api = temporal::api::taskqueue::v1;

enums::TaskQueueType wire_of(task_queue_kind kind);
inline task_queue_kind kind_of(enums::TaskQueueType type) {
  if (type == enums::TASK_QUEUE_TYPE_ACTIVITY) return task_queue_kind::activity;
  return type == enums::TASK_QUEUE_TYPE_NEXUS ? task_queue_kind::nexus : task_queue_kind::workflow;
}

/// Of versions and of what names one.
template <class Message>
worker_deployment_version version_of(const Message& from) {
  return {.deployment_name = from.deployment_name(), .build_id = from.build_id()};
}

task_queue_stats stats_of(const queue_api::TaskQueueStats& from);

task_queue_rate_limit limit_of(const queue_api::RateLimitConfig& from);

task_queue_config config_of(const queue_api::TaskQueueConfig& from);

rate_limit_source source_of(enums::RateLimitSource source);

task_queue_description description_of(const service::DescribeTaskQueueResponse& from);

template <class Request>
service_call<Request> queue_call(const session& by, Request request, std::string_view action, std::string_view name) {
  const std::string queue(name);
  auto made =
      call_with(by, std::move(request), std::string(action) + " task queue '" + queue + "'", "taskqueue:" + queue);
  if (queue.empty()) refuse(made.subject, "the name is missing");
  return made;
}

service_call<service::UpdateTaskQueueConfigRequest> make_config_change(const session& by, std::string_view name,
                                                                       task_queue_kind kind,
                                                                       const task_queue_config_change& change);

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/task_queues.hpp"
#endif
