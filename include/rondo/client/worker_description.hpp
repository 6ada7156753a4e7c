#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rondo/client/description.hpp"
#include "rondo/deployment_version.hpp"
#include "rondo/options.hpp"

namespace rondo {

enum class worker_status : std::uint8_t { unspecified, running, shutting_down, shutdown };

/// Something that a worker uses, and which one; either may be empty.
struct named_version {
  std::string name{}, version{};
  friend bool operator==(const named_version&, const named_version&) = default;
};

/// A worker as lists show it.
struct worker_summary {
  std::string instance_key{}, identity{}, task_queue{};
  /// Empty for workers that are not versioned.
  worker_deployment_version version{};
  std::string sdk_name{}, sdk_version{};
  worker_status status = worker_status::unspecified;
  std::optional<server_time> start_time{};
  std::string host_name{}, process_id{}, grouping_key{};
  std::vector<named_version> plugins{};
  /// Types of the drivers with which it keeps payloads in external storage, such as "aws.s3driver".
  std::vector<std::string> storage_drivers{};
};

/// How busy a worker is with tasks of one kind.
struct worker_slots {
  int available = 0, used = 0;
  /// "Fixed", "ResourceBased", ...
  std::string supplier_kind{};
  int processed_tasks = 0, failed_tasks = 0;
  /// Since the heartbeat before.
  int last_interval_processed_tasks = 0, last_interval_failed_tasks = 0;
};

/// How a worker asks for tasks of one kind.
struct worker_pollers {
  int count = 0;
  std::optional<server_time> last_successful_poll_time{};
  bool autoscaling = false;
};

/// Where a worker runs, in small letters. What it did not tell is empty.
struct worker_environment {
  /// What runs its code: "native", "go", "jvm", ...
  std::vector<named_version> runtimes{};
  /// "docker", "k8s", "aws_lambda", "google_cloud_run", ...
  std::vector<named_version> hosting{};
  /// "linux", "macos" or "windows", and the version of its kernel.
  named_version platform{};
  /// "amd64" or "arm64".
  std::string architecture{};
  /// The C library: "glibc", "musl", "ucrt", ...
  std::string libc{};
};

/// A worker in full, as its last heartbeat told.
struct worker_description : worker_summary {
  std::optional<server_time> heartbeat_time{};
  duration since_last_heartbeat{};
  /// 0 to 1.
  float host_cpu_usage = 0, host_memory_usage = 0;
  worker_slots workflow_slots{}, activity_slots{}, nexus_slots{}, local_activity_slots{};
  worker_pollers workflow_pollers{}, sticky_pollers{}, activity_pollers{}, nexus_pollers{};
  int sticky_cache_hits = 0, sticky_cache_misses = 0, sticky_cache_size = 0;
  worker_environment environment{};
};

}  // namespace rondo
