#pragma once

#include "rondo/server/workers.hpp"

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <chrono>
#include <cstdint>
#include <iterator>
#include <utility>

#include "rondo/server/frontend.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/refusal.hpp"

namespace rondo::server {

namespace detail_workers {

namespace service = temporal::api::workflowservice::v1;
using temporal::api::worker::v1::WorkerListInfo;

/// Queues that servers keep for workers of their own.
inline constexpr std::string_view system_prefix = "temporal-sys-";
/// Page tokens are the last key that was shown, behind this.
inline constexpr std::string_view token_prefix = "after ";

inline bool shown(const workers::heartbeat& which, bool with_system_workers) {
  return with_system_workers || !which.task_queue().starts_with(system_prefix);
}

inline void write(const workers::heartbeat& from, WorkerListInfo& to) {
  to.set_worker_instance_key(from.worker_instance_key());
  to.set_worker_identity(from.worker_identity());
  to.set_task_queue(from.task_queue());
  if (from.has_deployment_version()) *to.mutable_deployment_version() = from.deployment_version();
  to.set_sdk_name(from.sdk_name());
  to.set_sdk_version(from.sdk_version());
  to.set_status(from.status());
  if (from.has_start_time()) *to.mutable_start_time() = from.start_time();
  to.set_host_name(from.host_info().host_name());
  to.set_worker_grouping_key(from.host_info().worker_grouping_key());
  to.set_process_id(from.host_info().process_id());
  *to.mutable_plugins() = from.plugins();
  *to.mutable_drivers() = from.drivers();
}

inline service::RecordWorkerHeartbeatResponse record(core& in, service::RecordWorkerHeartbeatRequest& request) {
  const name_space& space = in.namespaces().get(request.namespace_());
  for (auto& each : *request.mutable_worker_heartbeat()) in.workers().record(space.id(), std::move(each));
  return {};
}

inline service::ListWorkersResponse list(core& in, const service::ListWorkersRequest& request) {
  const name_space& space = in.namespaces().get(request.namespace_());
  const auto wanted = make_worker_filter(request.query());
  std::string_view after = request.next_page_token();
  if (!after.empty()) {
    if (!after.starts_with(token_prefix)) throw refusal(rpc_code::invalid_argument, "invalid next_page_token");
    after.remove_prefix(token_prefix.size());
  }
  if (request.page_size() < 0) throw refusal(rpc_code::invalid_argument, "page_size can't be negative");
  service::ListWorkersResponse response;
  in.workers().each(space.id(), after, [&](const workers::heartbeat& each) {
    if (!shown(each, request.include_system_workers()) || !wanted(each)) return true;
    if (request.page_size() > 0 && response.workers_size() == request.page_size()) {
      const auto& last = response.workers(response.workers_size() - 1).worker_instance_key();
      response.set_next_page_token(std::string(token_prefix) + last);
      return false;
    }
    write(each, *response.add_workers());
    // For clients that know the old form alone.
    *response.add_workers_info()->mutable_worker_heartbeat() = each;
    return true;
  });
  return response;
}

inline service::CountWorkersResponse count(core& in, const service::CountWorkersRequest& request) {
  const name_space& space = in.namespaces().get(request.namespace_());
  const auto wanted = make_worker_filter(request.query());
  std::int64_t found = 0;
  in.workers().each(space.id(), {}, [&](const workers::heartbeat& each) {
    if (shown(each, request.include_system_workers()) && wanted(each)) ++found;
    return true;
  });
  service::CountWorkersResponse response;
  response.set_count(found);
  return response;
}

inline service::DescribeWorkerResponse describe(core& in, const service::DescribeWorkerRequest& request) {
  const name_space& space = in.namespaces().get(request.namespace_());
  const auto* found = in.workers().find(space.id(), request.worker_instance_key());
  if (found == nullptr) {
    throw refusal(rpc_code::not_found, "Worker " + request.worker_instance_key() + " not found");
  }
  service::DescribeWorkerResponse response;
  *response.mutable_worker_info()->mutable_worker_heartbeat() = *found;
  return response;
}

}  // namespace detail_workers

RONDO_SERVER_FUNCTION void workers::record(const std::string& namespace_id, heartbeat from) {
  forget_silent();
  const key of{namespace_id, from.worker_instance_key()};
  const auto known = by_key_.find(of);
  if (from.status() == temporal::api::enums::v1::WORKER_STATUS_SHUTDOWN) {
    if (known != by_key_.end()) erase(known->second);
    return;
  }
  const auto now = io::steady_clock::now();
  if (known != by_key_.end()) {
    entry& place = *known->second;
    place.last = std::move(from);
    place.seen = now;
    silent_longest_.splice(silent_longest_.end(), silent_longest_, known->second);
    return;
  }
  if (!silent_longest_.empty() && size() >= owner_->limit().workers) erase(silent_longest_.begin());
  silent_longest_.push_back({of, std::move(from), now});
  by_key_.emplace(of, std::prev(silent_longest_.end()));
}

RONDO_SERVER_FUNCTION const workers::heartbeat* workers::find(const std::string& namespace_id,
                                                              const std::string& instance_key) {
  forget_silent();
  const auto found = by_key_.find({namespace_id, instance_key});
  return found == by_key_.end() ? nullptr : &found->second->last;
}

RONDO_SERVER_FUNCTION void workers::each(const std::string& namespace_id, std::string_view after,
                                         const std::function<bool(const heartbeat&)>& visit) {
  forget_silent();
  const key from{namespace_id, std::string(after)};
  auto next = after.empty() ? by_key_.lower_bound(from) : by_key_.upper_bound(from);
  for (; next != by_key_.end() && next->first.first == namespace_id; ++next) {
    if (!visit(next->second->last)) return;
  }
}

RONDO_SERVER_FUNCTION void workers::forget(const std::string& namespace_id) {
  auto next = by_key_.lower_bound({namespace_id, {}});
  while (next != by_key_.end() && next->first.first == namespace_id) erase((next++)->second);
}

RONDO_SERVER_FUNCTION void workers::forget_silent() {
  const auto longest = std::chrono::nanoseconds(owner_->limit().worker_silence);
  const auto now = io::steady_clock::now();
  while (!silent_longest_.empty() && now - silent_longest_.front().seen > longest) erase(silent_longest_.begin());
}

RONDO_SERVER_FUNCTION void workers::erase(std::list<entry>::iterator which) {
  by_key_.erase(which->of);
  silent_longest_.erase(which);
}

RONDO_SERVER_FUNCTION void serve_workers(frontend& at) {
  namespace service = temporal::api::workflowservice::v1;
  at.on<service::RecordWorkerHeartbeatRequest>("RecordWorkerHeartbeat", detail_workers::record);
  at.on<service::ListWorkersRequest>("ListWorkers", detail_workers::list);
  at.on<service::CountWorkersRequest>("CountWorkers", detail_workers::count);
  at.on<service::DescribeWorkerRequest>("DescribeWorker", detail_workers::describe);
}

}  // namespace rondo::server
