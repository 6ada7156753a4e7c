#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rondo/options.hpp"

namespace rondo {

/// Points from one execution to another, such as from an operation to the workflow behind it.
struct nexus_link {
  std::string url, type;
  friend bool operator==(const nexus_link&, const nexus_link&) = default;
};

/// What an operation goes on as, read from its token.
struct nexus_backing {
  enum class kind_type : std::uint8_t { workflow, activity, update };
  kind_type kind{};
  /// Of the workflow, or of the one that was asked for the update.
  std::string workflow_id{};
  std::string activity_id{};
  std::string update_id{};
  /// Of the activity, or of the workflow that took the update; empty: the present one.
  std::string run_id{};
  friend bool operator==(const nexus_backing&, const nexus_backing&) = default;
};

/// Lines of the header of a Nexus request. Names are lower case.
using nexus_header_map = std::map<std::string, std::string, std::less<>>;

/// Facts about a request to start an operation, or to cancel it.
struct nexus_info {
  std::string namespace_{}, task_queue{};
  /// Empty when the server does not say it.
  std::string endpoint{};
  std::string service{}, operation{};
  /// The same for every attempt to start this operation; empty for a request to cancel it.
  std::string request_id{};
  nexus_header_map headers{};
  /// Where the request comes from.
  std::vector<nexus_link> links{};
  /// What is to be cancelled; unset for a request to start.
  std::optional<nexus_backing> cancels{};
  /// When the handler must have answered; the maximum when nothing limits it. The caller's server tries again later.
  std::chrono::sys_time<duration> deadline = std::chrono::sys_time<duration>::max();
};

}  // namespace rondo
