#pragma once
#include <temporal/api/enums/v1/common.pb.h>
#include <temporal/api/worker/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <string>

#include "rondo/client/paged_list.hpp"
#include "rondo/client/worker_description.hpp"
#include "rondo/detail/client/describe.hpp"

// Workers, as the server tells of them.
namespace rondo::detail::calls {

namespace worker_api = temporal::api::worker::v1;

worker_status status_of(enums::WorkerStatus status);

/// What the lists of servers and heartbeats have in common; where a worker runs stands in one of two places.
template <class Worker, class Host>
void read_worker(const Worker& from, const Host& host, worker_summary& to) {
  to.instance_key = from.worker_instance_key();
  to.identity = from.worker_identity();
  to.task_queue = from.task_queue();
  to.version = {.deployment_name = from.deployment_version().deployment_name(),
                .build_id = from.deployment_version().build_id()};
  to.sdk_name = from.sdk_name();
  to.sdk_version = from.sdk_version();
  to.status = status_of(from.status());
  to.start_time = time_if(from.has_start_time(), from.start_time());
  to.host_name = host.host_name();
  to.process_id = host.process_id();
  to.grouping_key = host.worker_grouping_key();
  for (const auto& each : from.plugins()) to.plugins.push_back({.name = each.name(), .version = each.version()});
  for (const auto& each : from.drivers()) to.storage_drivers.push_back(each.type());
}

worker_environment environment_of(const worker_api::EnvironmentInfo& from);
worker_slots slots_of(const worker_api::WorkerSlotsInfo& from);
inline worker_pollers pollers_of(const worker_api::WorkerPollerInfo& from) {
  return {.count = from.current_pollers(),
          .last_successful_poll_time = time_if(from.has_last_successful_poll_time(), from.last_successful_poll_time()),
          .autoscaling = from.is_autoscaling()};
}

worker_description description_of(const worker_api::WorkerHeartbeat& from);

paged_list<worker_summary> list_workers(const session_ptr& through, std::string query, const list_options& options);

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/workers.hpp"
#endif
