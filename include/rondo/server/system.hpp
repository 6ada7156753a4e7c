#pragma once

#include <string_view>

#include "rondo/server/config.hpp"

namespace rondo::server {

class frontend;

/// The version of the Temporal server whose behaviour this one has; clients decide by it what they may ask for.
inline constexpr std::string_view compatible_version = "1.29.1";
/// The one cluster that there is.
inline constexpr std::string_view cluster_name = "active";

/// GetSystemInfo, GetClusterInfo, ListClusters of the OperatorService.
void serve_system(frontend& at);

}  // namespace rondo::server
