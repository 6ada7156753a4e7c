#pragma once
#include <temporal/api/enums/v1/common.pb.h>
#include <temporal/api/worker/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/client/paged_list.hpp"
#include "rondo/client/worker_description.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/workers.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION worker_status status_of(enums::WorkerStatus status) {
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

/// "aws_lambda" of HOSTING_ENVIRONMENT_TYPE_AWS_LAMBDA; empty for what is not specified.
RONDO_FUNCTION std::string short_name(std::string_view full, std::string_view prefix) {
  if (full.substr(0, prefix.size()) == prefix) full.remove_prefix(prefix.size());
  if (full == "UNSPECIFIED") return {};
  std::string name(full);
  for (char& each : name) {
    if (each >= 'A' && each <= 'Z') each = static_cast<char>(each - 'A' + 'a');
  }
  return name;
}

RONDO_FUNCTION worker_environment environment_of(const worker_api::EnvironmentInfo& from) {
  using info = worker_api::EnvironmentInfo;
  worker_environment to;
  for (const auto& each : from.runtimes()) {
    to.runtimes.push_back(
        {.name = short_name(info::Runtime::RuntimeType_Name(each.type()), "RUNTIME_TYPE_"), .version = each.version()});
  }
  for (const auto& each : from.hosting_environments()) {
    const auto& name = info::HostingEnvironment::HostingEnvironmentType_Name(each.type());
    to.hosting.push_back({.name = short_name(name, "HOSTING_ENVIRONMENT_TYPE_"), .version = each.version()});
  }
  const auto read = [&to](const char* name, const auto& about) {
    to.platform = {.name = name, .version = about.version()};
    to.architecture = short_name(info::Architecture_Name(about.architecture()), "ARCHITECTURE_");
  };
  if (from.platform().has_linux()) {
    // A copy, as gcc's dialect has a macro of the name of the getter.
    auto platform = from.platform();
    const auto& about = *platform.mutable_linux();
    read("linux", about);
    to.libc = short_name(info::LinuxPlatform::Libc_Name(about.libc()), "LIBC_");
  } else if (from.platform().has_macos()) {
    read("macos", from.platform().macos());
  } else if (from.platform().has_windows()) {
    read("windows", from.platform().windows());
    to.libc = short_name(info::WindowsPlatform::Crt_Name(from.platform().windows().crt()), "CRT_");
  }
  return to;
}

RONDO_FUNCTION worker_slots slots_of(const worker_api::WorkerSlotsInfo& from) {
  return {.available = from.current_available_slots(),
          .used = from.current_used_slots(),
          .supplier_kind = from.slot_supplier_kind(),
          .processed_tasks = from.total_processed_tasks(),
          .failed_tasks = from.total_failed_tasks(),
          .last_interval_processed_tasks = from.last_interval_processed_tasks(),
          .last_interval_failed_tasks = from.last_interval_failure_tasks()};
}

RONDO_FUNCTION worker_description description_of(const worker_api::WorkerHeartbeat& from) {
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
  to.environment = environment_of(from.environment());
  return to;
}

RONDO_FUNCTION paged_list<worker_summary> list_workers(const session_ptr& through, std::string query,
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
