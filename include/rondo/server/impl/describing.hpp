#pragma once

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "rondo/server/deployments.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/matching.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/task_queue_configs.hpp"

namespace rondo::server {

namespace detail_describing {

namespace service = temporal::api::workflowservice::v1;
namespace enums = temporal::api::enums::v1;
using temporal::api::taskqueue::v1::PollerInfo;
using temporal::api::taskqueue::v1::TaskQueueStats;

inline constexpr auto worker_memory = std::chrono::minutes(5);

inline void add_pollers(const queue_state& of, google::protobuf::RepeatedPtrField<PollerInfo>& into) {
  const auto now = io::steady_clock::now();
  for (const auto& [identity, worker] : of.workers) {
    if (now - worker.seen > worker_memory) continue;
    PollerInfo& info = *into.Add();
    to_proto(worker.last_access, *info.mutable_last_access_time());
    info.set_identity(identity);
    info.set_rate_per_second(worker.rate.value_or(queue_limits::system_rate));
    if (worker.options.ByteSizeLong() > 0) *info.mutable_deployment_options() = worker.options;
    if (!worker.options.build_id().empty()) {
      info.mutable_worker_version_capabilities()->set_build_id(worker.options.build_id());
    }
  }
}

inline queue_type type_of(enums::TaskQueueType type) {
  return type == enums::TASK_QUEUE_TYPE_ACTIVITY ? queue_type::activity : queue_type::workflow;
}

/// Of requests that name no type it is that of workflows.
inline enums::TaskQueueType config_type(const service::DescribeTaskQueueRequest& request) {
  const auto type = request.task_queue_type();
  return type == enums::TASK_QUEUE_TYPE_UNSPECIFIED ? enums::TASK_QUEUE_TYPE_WORKFLOW : type;
}

/// The old mode: one type of the queue, with all versions together.
inline void describe_type(core& in, const queue_key& key, const service::DescribeTaskQueueRequest& request,
                          service::DescribeTaskQueueResponse& response) {
  std::int64_t backlog = 0;
  in.matching().each_version(key, [&](queue_state& each) {
    add_pollers(each, *response.mutable_pollers());
    if (request.report_stats()) {
      add_stats(in, each, *response.mutable_stats(), response.mutable_stats_by_priority_key());
    }
    backlog += static_cast<std::int64_t>(each.tasks.size());
  });
  if (request.report_stats()) response.mutable_stats();
  if (const auto routing = in.deployments().describe_routing(key)) *response.mutable_versioning_info() = *routing;
  const auto [rate, source] = in.matching().rate_limit(key);
  response.mutable_effective_rate_limit()->set_requests_per_second(static_cast<float>(rate));
  response.mutable_effective_rate_limit()->set_rate_limit_source(source);
  if (request.report_config()) {
    const auto* config = in.task_queue_configs().find({key.namespace_id, key.name, config_type(request)});
    if (config != nullptr) *response.mutable_config() = *config;
  }
  if (!request.include_task_queue_status()) return;
  auto& status = *response.mutable_task_queue_status();
  status.set_backlog_count_hint(backlog);
  status.set_rate_per_second(rate);
  status.mutable_task_id_block()->set_start_id(1);
  status.mutable_task_id_block()->set_end_id(100'000);
}

inline bool wanted(const service::DescribeTaskQueueRequest& request, const queue_state& queue) {
  const auto& selection = request.versions();
  if (!request.has_versions()) return !queue.version;
  if (!queue.version) return selection.unversioned() || selection.all_active();
  if (selection.all_active()) return true;
  const std::string text = version_text(queue.version);
  return std::any_of(selection.build_ids().begin(), selection.build_ids().end(),
                     [&](const std::string& each) { return each == text || each == queue.version->build_id(); });
}

/// The enhanced mode: all types, by version.
inline void describe_versions(core& in, const name_space& space, const service::DescribeTaskQueueRequest& request,
                              service::DescribeTaskQueueResponse& response) {
  std::set<int> types(request.task_queue_types().begin(), request.task_queue_types().end());
  if (types.empty()) types = {enums::TASK_QUEUE_TYPE_WORKFLOW, enums::TASK_QUEUE_TYPE_ACTIVITY};
  std::set<std::string> names(request.versions().build_ids().begin(), request.versions().build_ids().end());
  if (!request.has_versions() || request.versions().unversioned() || request.versions().all_active()) names.insert("");
  for (const auto& name : names) {
    for (const int type : types) (*(*response.mutable_versions_info())[name].mutable_types_info())[type];
  }
  for (const int type : types) {
    const queue_key key{space.id(), request.task_queue().name(), type_of(static_cast<enums::TaskQueueType>(type))};
    in.matching().each_version(key, [&](queue_state& each) {
      if (!wanted(request, each)) return;
      std::string name = version_text(each.version);
      if (each.version && names.count(each.version->build_id()) != 0) name = each.version->build_id();
      auto& info = (*(*response.mutable_versions_info())[name].mutable_types_info())[type];
      if (request.report_pollers()) add_pollers(each, *info.mutable_pollers());
      if (request.report_stats()) add_stats(in, each, *info.mutable_stats(), nullptr);
    });
  }
  if (!request.report_stats()) return;
  for (auto& [name, version] : *response.mutable_versions_info()) {
    for (auto& [type, info] : *version.mutable_types_info()) info.mutable_stats()->mutable_approximate_backlog_age();
  }
}

inline service::DescribeTaskQueueResponse describe(core& in, const service::DescribeTaskQueueRequest& request) {
  const name_space& space = in.namespaces().get(request.namespace_());
  service::DescribeTaskQueueResponse response;
  check_task_queue(in, request.has_task_queue(), request.task_queue());
  if (request.api_mode() == enums::DESCRIBE_TASK_QUEUE_MODE_ENHANCED) {
    if (request.task_queue().kind() == enums::TASK_QUEUE_KIND_STICKY) {
      throw refusal(rpc_code::invalid_argument,
                    "Enhanced DescribeTaskQueue is not valid for a sticky queue, use api_mode=UNSPECIFIED or a normal "
                    "queue.");
    }
    describe_versions(in, space, request, response);
  } else {
    const queue_key key{space.id(), request.task_queue().name(), type_of(request.task_queue_type())};
    describe_type(in, key, request, response);
  }
  return response;
}

inline service::ListTaskQueuePartitionsResponse list_partitions(
    core& in, const service::ListTaskQueuePartitionsRequest& request) {
  in.namespaces().get(request.namespace_());
  check_task_queue(in, request.has_task_queue(), request.task_queue());
  service::ListTaskQueuePartitionsResponse response;
  for (auto* each : {response.add_activity_task_queue_partitions(), response.add_workflow_task_queue_partitions()}) {
    each->set_key(request.task_queue().name());
    each->set_owner_host_name("rondo");
  }
  return response;
}

inline void add_rates(const rate_window& added, const rate_window& dispatched, TaskQueueStats& into) {
  const auto now = io::steady_clock::now();
  into.set_tasks_add_rate(into.tasks_add_rate() + static_cast<float>(rate_window(added).per_second(now)));
  into.set_tasks_dispatch_rate(into.tasks_dispatch_rate() +
                               static_cast<float>(rate_window(dispatched).per_second(now)));
}

inline void add_backlog(instant oldest, std::int64_t count, instant now, TaskQueueStats& into) {
  into.set_approximate_backlog_count(into.approximate_backlog_count() + count);
  const interval age = std::max<interval>(0, now - oldest);
  if (age > from_proto(into.approximate_backlog_age())) to_proto(age, *into.mutable_approximate_backlog_age());
}

}  // namespace detail_describing

RONDO_SERVER_FUNCTION void add_stats(
    const core& in, queue_state& of, temporal::api::taskqueue::v1::TaskQueueStats& into,
    google::protobuf::Map<std::int32_t, temporal::api::taskqueue::v1::TaskQueueStats>* by_priority) {
  std::map<int, std::pair<instant, std::int64_t>> waiting;  // the oldest and how many, by priority
  for (const auto& [key, task] : of.tasks) {
    auto& each = waiting.try_emplace(key.priority, task.added, 0).first->second;
    each.first = std::min(each.first, task.added);
    ++each.second;
  }
  into.mutable_approximate_backlog_age();
  for (const auto& [priority, each] : waiting) {
    detail_describing::add_backlog(each.first, each.second, in.now(), into);
    if (by_priority != nullptr) {
      detail_describing::add_backlog(each.first, each.second, in.now(), (*by_priority)[priority]);
    }
  }
  for (const auto& [priority, rates] : of.rates) {
    detail_describing::add_rates(rates.first, rates.second, into);
    if (by_priority != nullptr) detail_describing::add_rates(rates.first, rates.second, (*by_priority)[priority]);
  }
  if (of.held_back.per_second(io::steady_clock::now()) <= 0) return;
  into.set_rate_limiting_active(true);
  if (by_priority == nullptr) return;
  for (auto& [priority, each] : *by_priority) each.set_rate_limiting_active(true);
}

RONDO_SERVER_FUNCTION void serve_describing(frontend& at) {
  namespace service = temporal::api::workflowservice::v1;
  at.on<service::DescribeTaskQueueRequest>("DescribeTaskQueue", detail_describing::describe);
  at.on<service::ListTaskQueuePartitionsRequest>("ListTaskQueuePartitions", detail_describing::list_partitions);
}

}  // namespace rondo::server
