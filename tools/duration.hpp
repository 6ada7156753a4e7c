#pragma once
#include <chrono>

#include "rondo/detail/base/duration_text.hpp"

namespace rondo::tools {

using rondo::detail::duration_text;
using rondo::detail::parse_duration;
using std::chrono::nanoseconds;

}  // namespace rondo::tools
