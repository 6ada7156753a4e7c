#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "rondo/server/config.hpp"
#include "rondo/server/frontend.hpp"

namespace rondo::server {

/// One stream of server reflection: requests in, answers out, one by one.
class reflection_stream {
 public:
  virtual ~reflection_stream() = default;
  virtual std::string answer(std::string_view request) = 0;
};

/// Null when the path is none of server reflection, of which there are two versions.
std::unique_ptr<reflection_stream> open_reflection(std::string_view path, const frontend& of);

}  // namespace rondo::server
