#pragma once
#include <string_view>

namespace rondo {

/// Version of the library.
inline constexpr std::string_view version_string = "0.1.0";

}  // namespace rondo
