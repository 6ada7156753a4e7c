#pragma once

#include <google/protobuf/map.h>
#include <temporal/api/common/v1/message.pb.h>

#include <string>

namespace rondo::server {

/// Named payloads: the fields of a memo or of search attributes.
using payload_fields = google::protobuf::Map<std::string, temporal::api::common::v1::Payload>;

/// A null or an empty list: the field is taken away.
inline bool removes_field(const temporal::api::common::v1::Payload& payload) {
  const auto encoding = payload.metadata().find("encoding");
  if (encoding == payload.metadata().end()) return payload.data().empty();
  if (encoding->second == "binary/null") return true;
  return encoding->second == "json/plain" && (payload.data() == "[]" || payload.data() == "null");
}

/// Applies an upsert.
inline void merge_fields(payload_fields& into, const payload_fields& changes) {
  for (const auto& [key, payload] : changes) {
    if (removes_field(payload)) {
      into.erase(key);
    } else {
      into[key] = payload;
    }
  }
}

}  // namespace rondo::server
