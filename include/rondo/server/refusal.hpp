#pragma once

#include <google/protobuf/message.h>
#include <google/rpc/status.pb.h>

#include <exception>
#include <string>
#include <utility>

#include "rondo/rpc_error.hpp"

namespace rondo::server {

/// Status with one typed detail, as the clients of the field expect them.
inline rpc_status make_status(rpc_code code, std::string text, const google::protobuf::Message& detail) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(code));
  status.set_message(text);
  status.add_details()->PackFrom(detail);
  rpc_status made(code, std::move(text));
  made.details = status.SerializeAsString();
  return made;
}

/// A request cannot be served. Thrown while a request is checked, before anything has changed; the caller gets its
/// status.
class refusal : public std::exception {
 public:
  explicit refusal(rpc_status status) : status_(std::move(status)) {}
  refusal(rpc_code code, std::string text) : status_(code, std::move(text)) {}
  refusal(rpc_code code, std::string text, const google::protobuf::Message& detail)
      : status_(make_status(code, std::move(text), detail)) {}

  const rpc_status& status() const noexcept { return status_; }
  const char* what() const noexcept override { return status_.message.c_str(); }

 private:
  rpc_status status_;
};

}  // namespace rondo::server
