#pragma once
#include <string>

namespace rondo {

/// The update that a handler works on.
struct update_info {
  std::string id{}, name{};
};

}  // namespace rondo
