#pragma once
#include <cstdint>
#include <string>

// Worker Versioning: https://docs.temporal.io/worker-versioning
namespace rondo {

/// One build of a program that serves task queues: workflows can stay with it, or move on to the next one.
struct worker_deployment_version {
  /// What the builds of one program have in common.
  std::string deployment_name{};
  /// Names this build.
  std::string build_id{};

  bool operator==(const worker_deployment_version&) const = default;
  bool empty() const noexcept { return deployment_name.empty() && build_id.empty(); }
};

/// What happens to a workflow that runs when another version becomes the current one.
enum class versioning_behavior : std::uint8_t {
  unspecified,   ///< nothing is said; a versioned worker refuses to start with such a workflow
  pinned,        ///< it stays with the version it began on
  auto_upgrade,  ///< it goes on with the current version
};

}  // namespace rondo
