#pragma once
#include <temporal/api/enums/v1/common.pb.h>
#include <temporal/api/worker/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <string>
#include <utility>
#include <vector>

#include "rondo/client/paged_list.hpp"
#include "rondo/client/worker_description.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"

// Workers, as the server tells of them.
namespace rondo::detail::calls {

namespace worker_api = temporal::api::worker::v1;

inline worker_status status_of(enums::WorkerStatus status) {
  switch (status) {
    case enums::WORKER_STATUS_RUNNING:
      return worker_status::running;
    case enums::WORKER_STATUS_SHUTTING_DOWN:
      return worker_status::shutting_down;
    case enums::WORKER_STATUS_SHUTDOWN:
      return worker_status::shutdown;
    default:
      return worker_status::unspecified;
  }
}

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
}

inline worker_slots slots_of(const worker_api::WorkerSlotsInfo& from) {
  return {.available = from.current_available_slots(),
          .used = from.current_used_slots(),
          .supplier_kind = from.slot_supplier_kind(),
          .processed_tasks = from.total_processed_tasks(),
          .failed_tasks = from.total_failed_tasks(),
          .last_interval_processed_tasks = from.last_interval_processed_tasks(),
          .last_interval_failed_tasks = from.last_interval_failure_tasks()};
}
inline worker_pollers pollers_of(const worker_api::WorkerPollerInfo& from) {
  return {.count = from.current_pollers(),
          .last_successful_poll_time = time_if(from.has_last_successful_poll_time(), from.last_successful_poll_time()),
          .autoscaling = from.is_autoscaling()};
}

inline worker_description description_of(const worker_api::WorkerHeartbeat& from) {
  worker_description to;
  read_worker(from, from.host_info(), to);
  to.heartbeat_time = time_if(from.has_heartbeat_time(), from.heartbeat_time());
  to.since_last_heartbeat = engine::duration_of(from.elapsed_since_last_heartbeat());
  to.host_cpu_usage = from.host_info().current_host_cpu_usage();
  to.host_memory_usage = from.host_info().current_host_mem_usage();
  to.workflow_slots = slots_of(from.workflow_task_slots_info());
  to.activity_slots = slots_of(from.activity_task_slots_info());
  to.nexus_slots = slots_of(from.nexus_task_slots_info());
  to.local_activity_slots = slots_of(from.local_activity_slots_info());
  to.workflow_pollers = pollers_of(from.workflow_poller_info());
  to.sticky_pollers = pollers_of(from.workflow_sticky_poller_info());
  to.activity_pollers = pollers_of(from.activity_poller_info());
  to.nexus_pollers = pollers_of(from.nexus_poller_info());
  to.sticky_cache_hits = from.total_sticky_cache_hit();
  to.sticky_cache_misses = from.total_sticky_cache_miss();
  to.sticky_cache_size = from.current_sticky_cache_size();
  return to;
}

inline paged_list<worker_summary> list_workers(const session_ptr& through, std::string query,
                                               const list_options& options) {
  auto request = new_request<service::ListWorkersRequest>(*through);
  request.set_query(std::move(query));
  request.set_page_size(options.page_size);
  return list_with<worker_summary>(through, std::move(request), "list workers", options, [](const auto& response) {
    std::vector<worker_summary> found;
    for (const auto& each : response.workers()) read_worker(each, each, found.emplace_back());
    if (!found.empty()) return found;
    // Servers before 1.32 list whole heartbeats.
    for (const auto& each : response.workers_info()) {
      read_worker(each.worker_heartbeat(), each.worker_heartbeat().host_info(), found.emplace_back());
    }
    return found;
  });
}

}  // namespace rondo::detail::calls
