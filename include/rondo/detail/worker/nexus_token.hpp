#pragma once
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/base/base64.hpp"
#include "rondo/failure.hpp"
#include "rondo/json.hpp"
#include "rondo/nexus_info.hpp"

// Tokens of operations that go on. The format is shared by all SDKs: base64 of JSON.
namespace rondo::detail::worker {

/// The JSON of a token.
struct nexus_operation_token {
  /// Unset, or 0: the only version so far.
  std::optional<int> v{};
  /// 1: a workflow, 2: an activity, 3: an update.
  int t = 0;
  /// Namespace, and the ids of workflow, activity, run and update.
  std::string ns{}, wid{}, aid{}, rid{}, uid{};
};

inline int token_type(nexus_backing::kind_type kind) noexcept {
  switch (kind) {
    case nexus_backing::kind_type::workflow:
      return 1;
    case nexus_backing::kind_type::activity:
      return 2;
    case nexus_backing::kind_type::update:
      return 3;
  }
  return 0;
}

/// The token of an operation behind which this is.
inline std::string operation_token(std::string_view namespace_name, const nexus_backing& what) {
  std::string text = R"({"t":)" + std::to_string(token_type(what.kind)) + R"(,"ns":)";
  json::write(text, namespace_name);
  const auto add = [&text](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    text += ",\"" + std::string(name) + "\":";
    json::write(text, value);
  };
  add("wid", what.workflow_id);
  add("aid", what.activity_id);
  add("rid", what.run_id);
  add("uid", what.update_id);
  text += '}';
  std::string token = base64_encode(text);
  while (token.ends_with('=')) token.pop_back();
  for (char& c : token) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return token;
}

/// The token of an operation behind which a workflow is, whichever its present run is.
inline std::string workflow_token(std::string_view namespace_name, std::string workflow_id) {
  return operation_token(namespace_name, {.workflow_id = std::move(workflow_id)});
}

/// Reads a token of this namespace. Throws nexus_handler_failure for any other.
inline nexus_backing read_operation_token(std::string_view token, std::string_view namespace_name) {
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
  nexus_backing found;
  if (read.t == token_type(nexus_backing::kind_type::workflow)) {
    if (read.wid.empty()) refuse("does not name a workflow");
    found.kind = nexus_backing::kind_type::workflow;
  } else if (read.t == token_type(nexus_backing::kind_type::activity)) {
    if (read.aid.empty()) refuse("does not name an activity");
    found.kind = nexus_backing::kind_type::activity;
  } else if (read.t == token_type(nexus_backing::kind_type::update)) {
    if (read.wid.empty() || read.uid.empty()) refuse("does not name an update of a workflow");
    found.kind = nexus_backing::kind_type::update;
  } else {
    refuse("is of type " + std::to_string(read.t) + ", which this worker does not know");
  }
  if (read.ns != namespace_name) refuse("is of namespace '" + read.ns + "'");
  found.workflow_id = std::move(read.wid);
  found.activity_id = std::move(read.aid);
  found.run_id = std::move(read.rid);
  found.update_id = std::move(read.uid);
  return found;
}

}  // namespace rondo::detail::worker
