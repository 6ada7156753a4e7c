#pragma once
#include <cstdint>
#include <string_view>

namespace rondo {

/// What has become of a workflow run.
enum class workflow_status : std::uint8_t {
  unspecified,
  running,
  completed,
  failed,
  cancelled,
  terminated,
  continued_as_new,
  timed_out,
  paused,
};

/// The status as lists of workflows show it, "TimedOut".
constexpr std::string_view to_string(workflow_status status) noexcept {
  switch (status) {
    case workflow_status::unspecified:
      return "Unspecified";
    case workflow_status::running:
      return "Running";
    case workflow_status::completed:
      return "Completed";
    case workflow_status::failed:
      return "Failed";
    case workflow_status::cancelled:
      return "Canceled";
    case workflow_status::terminated:
      return "Terminated";
    case workflow_status::continued_as_new:
      return "ContinuedAsNew";
    case workflow_status::timed_out:
      return "TimedOut";
    case workflow_status::paused:
      return "Paused";
  }
  return "Unspecified";
}

}  // namespace rondo
