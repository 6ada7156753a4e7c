#pragma once

#include <google/protobuf/field_mask.pb.h>

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/server/request_checks.hpp"

namespace rondo::server {

/// A path of a field mask as the protocol spells it: clients also write "retryPolicy.maximumAttempts".
inline std::string field_path(std::string_view written) {
  std::string path;
  for (const char c : written) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper && !path.empty() && path.back() != '.') path += '_';
    path += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return path;
}

/// The fields that an update is to change. Refuses those that are not among the known ones of the message.
inline std::set<std::string> read_field_mask(const google::protobuf::FieldMask& mask,
                                             std::span<const std::string_view> known, const std::string& message) {
  std::set<std::string> paths;
  for (const auto& written : mask.paths()) {
    std::string path = field_path(written);
    if (std::find(known.begin(), known.end(), path) == known.end()) {
      refuse_argument("error parsing UpdateMask: invalid path \"" + written + "\" for message \"" + message + "\"");
    }
    paths.insert(std::move(path));
  }
  return paths;
}

}  // namespace rondo::server
