#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/base/base64.hpp"
#include "rondo/failure.hpp"
#include "rondo/json.hpp"

namespace rondo::detail::worker {

/// What is behind an operation that goes on: the JSON of its token. The format is shared by all SDKs.
struct nexus_operation_token {
  /// Unset, or 0: the only version so far.
  std::optional<int> v{};
  /// 1: a workflow.
  int t = 0;
  /// Namespace and workflow id.
  std::string ns{}, wid{};
};
inline constexpr int workflow_token_type = 1;

/// The token of an operation behind which a workflow is.
inline std::string workflow_token(std::string_view namespace_name, std::string_view workflow_id) {
  std::string text = R"({"t":1,"ns":)";
  json::write(text, namespace_name);
  text += R"(,"wid":)";
  json::write(text, workflow_id);
  text += '}';
  std::string token = base64_encode(text);
  while (token.ends_with('=')) token.pop_back();
  for (char& c : token) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return token;
}

/// Reads a token of a workflow in this namespace. Throws nexus_handler_failure for any other.
inline nexus_operation_token read_workflow_token(std::string_view token, std::string_view namespace_name) {
  const auto refuse = [](const std::string& why) {
    throw nexus_handler_failure("the operation token " + why, nexus_error::bad_request);
  };
  if (token.empty()) refuse("is missing");
  const auto text = base64_decode(token);
  if (!text) refuse("is not base64");
  nexus_operation_token read;
  try {
    read = json::parse<nexus_operation_token>(*text);
  } catch (const std::exception& failed) {
    refuse(std::string("cannot be read: ") + failed.what());
  }
  if (read.v.value_or(0) != 0) refuse("has version " + std::to_string(*read.v) + ", which is newer than this worker");
  if (read.t != workflow_token_type) refuse("is of type " + std::to_string(read.t) + ", not of a workflow");
  if (read.wid.empty()) refuse("does not name a workflow");
  if (read.ns != namespace_name) refuse("is of namespace '" + read.ns + "'");
  return read;
}

}  // namespace rondo::detail::worker
