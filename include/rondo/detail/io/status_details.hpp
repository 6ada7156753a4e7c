#pragma once

#include <google/protobuf/any.pb.h>
#include <google/rpc/status.pb.h>

#include <vector>

#include "rondo/rpc_error.hpp"

namespace rondo::detail::io {

/// The messages that the server attached to a status; none when it attached nothing that can be read.
inline std::vector<google::protobuf::Any> status_details(const rpc_status& status) {
  google::rpc::Status message;
  if (status.details.empty() || !message.ParseFromString(status.details)) return {};
  return {message.details().begin(), message.details().end()};
}

}  // namespace rondo::detail::io
