#pragma once
#include <temporal/api/worker/v1/message.pb.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/data_options.hpp"
#include "rondo/detail/base/system_load.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/flags.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/detail/worker/environment.hpp"
#include "rondo/detail/worker/poller.hpp"
#include "rondo/detail/worker/session_counts.hpp"
#include "rondo/detail/worker/slots.hpp"
#include "rondo/options.hpp"
#include "rondo/payload_storage.hpp"
#include "rondo/version.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::detail::worker {

namespace workers = temporal::api::worker::v1;

/// The types of the drivers of external storage, each once.
inline std::vector<std::string> driver_types(const data_options& of) {
  std::vector<std::string> types;
  if (of.storage == nullptr) return types;
  for (const auto& each : of.storage->drivers()) {
    std::string type = each->type();
    if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(std::move(type));
  }
  return types;
}

/// What of a worker its heartbeats tell.
struct heartbeat_facts {
  const worker_options& options;
  const session_counts& counts;
  const std::vector<std::shared_ptr<poller_group>>& pollers;
  /// Null: it runs none.
  const slot_line *workflow_slots, *activity_slots, *nexus_slots, *local_activity_slots;
  std::size_t cached_workflows;
  /// Names of the plugins of client and worker, and types of the drivers of external storage; each once.
  std::vector<std::string> plugins, drivers;
};

/// Writes the heartbeats of a worker: how it is, and what it has done since the one before.
class heartbeat_writer {
 public:
  using wall_clock = std::chrono::system_clock;

  /// `process`: names what the worker shares its host's process with.
  heartbeat_writer(std::string worker, std::string process)
      : instance_key_(std::move(worker)), process_key_(std::move(process)), started_(wall_clock::now()) {}

  /// Names the process, or what else stands for the workers of one connection.
  void set_process_key(std::string key) { process_key_ = std::move(key); }

  void write(const heartbeat_facts& of, engine::enums::WorkerStatus status, workers::WorkerHeartbeat& into) {
    const auto now = wall_clock::now();
    into.set_worker_instance_key(instance_key_);
    into.set_worker_identity(of.options.identity);
    into.set_task_queue(of.options.task_queue);
    into.set_sdk_name(engine::sdk_name);
    into.set_sdk_version(std::string(version_string));
    into.set_status(status);
    if (const auto& version = of.options.deployment.version; !version.empty()) {
      into.mutable_deployment_version()->set_deployment_name(version.deployment_name);
      into.mutable_deployment_version()->set_build_id(version.build_id);
    }
    write_time(started_, *into.mutable_start_time());
    write_time(now, *into.mutable_heartbeat_time());
    if (last_) engine::write_duration(now - *last_, *into.mutable_elapsed_since_last_heartbeat());
    last_ = now;
    write_host(*into.mutable_host_info());
    if (of.workflow_slots != nullptr) {
      write_slots(*of.workflow_slots, of.counts.workflow_tasks, of.counts.failed_workflow_tasks, workflows_,
                  *into.mutable_workflow_task_slots_info());
    }
    if (of.activity_slots != nullptr) {
      write_slots(*of.activity_slots, of.counts.activities, of.counts.failed_activities, activities_,
                  *into.mutable_activity_task_slots_info());
    }
    if (of.nexus_slots != nullptr) {
      write_slots(*of.nexus_slots, of.counts.nexus_tasks, of.counts.failed_nexus_tasks, nexus_tasks_,
                  *into.mutable_nexus_task_slots_info());
    }
    if (of.local_activity_slots != nullptr) {
      write_slots(*of.local_activity_slots, of.counts.local_activities, of.counts.failed_local_activities,
                  local_activities_, *into.mutable_local_activity_slots_info());
    }
    for (const auto& each : of.pollers) write_pollers(*each, into);
    into.set_total_sticky_cache_hit(small(of.counts.cache_hits));
    into.set_total_sticky_cache_miss(small(of.counts.cache_misses));
    into.set_current_sticky_cache_size(small(of.cached_workflows));
    for (const auto& each : of.plugins) into.add_plugins()->set_name(each);
    for (const auto& each : of.drivers) into.add_drivers()->set_type(each);
    if (of.options.heartbeat_environment) *into.mutable_environment() = environment_;
  }

 private:
  struct done {
    std::size_t processed = 0, failed = 0;
  };

  static std::int32_t small(std::size_t count) { return static_cast<std::int32_t>(count); }
  template <class Timestamp>
  static void write_time(wall_clock::time_point when, Timestamp& into) {
    const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch()).count();
    constexpr std::int64_t second = 1'000'000'000;
    into.set_seconds(since / second);
    into.set_nanos(static_cast<std::int32_t>(since % second));
  }
  void write_host(workers::WorkerHostInfo& into) {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) == 0) into.set_host_name(name.data());
    into.set_process_id(std::to_string(getpid()));
    into.set_worker_grouping_key(process_key_);
    const auto load = load_.sample(std::chrono::steady_clock::now());
    into.set_current_host_cpu_usage(static_cast<float>(load.cpu));
    into.set_current_host_mem_usage(static_cast<float>(load.memory));
  }
  static void write_slots(const slot_line& from, std::size_t processed, std::size_t failed, done& before,
                          workers::WorkerSlotsInfo& into) {
    if (const auto most = from.supplier().limit()) into.set_current_available_slots(small(*most - from.used()));
    into.set_current_used_slots(small(from.used()));
    into.set_slot_supplier_kind(std::string(from.supplier().name()));
    into.set_total_processed_tasks(small(processed));
    into.set_total_failed_tasks(small(failed));
    into.set_last_interval_processed_tasks(small(processed - before.processed));
    into.set_last_interval_failure_tasks(small(failed - before.failed));
    before = {processed, failed};
  }
  /// Null: heartbeats do not tell of such polls.
  static workers::WorkerPollerInfo* info_of(std::string_view kind, workers::WorkerHeartbeat& in) {
    if (kind == "activity") return in.mutable_activity_poller_info();
    if (kind == "workflow") return in.mutable_workflow_poller_info();
    if (kind == "sticky workflow") return in.mutable_workflow_sticky_poller_info();
    return kind == "nexus" ? in.mutable_nexus_poller_info() : nullptr;
  }
  static void write_pollers(const poller_group& from, workers::WorkerHeartbeat& into) {
    auto* found = info_of(from.kind, into);
    if (found == nullptr) return;
    found->set_current_pollers(small(from.running));
    found->set_is_autoscaling(from.scale.has_value());
    if (from.last_answer) write_time(*from.last_answer, *found->mutable_last_successful_poll_time());
  }

  std::string instance_key_, process_key_;
  wall_clock::time_point started_;
  std::optional<wall_clock::time_point> last_;
  done workflows_, activities_, nexus_tasks_, local_activities_;
  workers::EnvironmentInfo environment_ = environment_reader().read();
  system_load_reader load_;
};

}  // namespace rondo::detail::worker
