#pragma once
#include <temporal/api/common/v1/message.pb.h>

#include <map>
#include <string>
#include <string_view>

#include "tools/json_text.hpp"
#include "tools/proto_json.hpp"

// Payloads for people.
namespace rondo::tools {

/// The JSON in it, else the size and the encoding: "<12 bytes of binary/plain>".
inline std::string payload_text(const temporal::api::common::v1::Payload& payload) {
  const std::string_view encoding = metadata_of(payload, "encoding");
  if (encoding == "binary/null") return "null";
  if ((encoding == "json/plain" || encoding == "json/protobuf") && is_json(payload.data())) {
    return compact_json(payload.data());
  }
  std::string text = "<" + std::to_string(payload.data().size()) + " bytes";
  if (!encoding.empty()) text.append(" of ").append(encoding);
  return text + ">";
}

/// One value as itself, several as an array; empty when there are none.
inline std::string payloads_text(const temporal::api::common::v1::Payloads& payloads) {
  if (payloads.payloads_size() == 0) return {};
  if (payloads.payloads_size() == 1) return payload_text(payloads.payloads(0));
  std::string text;
  for (const auto& each : payloads.payloads()) {
    text += text.empty() ? "[" : ", ";
    text += payload_text(each);
  }
  return text + "]";
}

/// A map from names to payloads as JSON members: {"customer":"ada"}; empty when the map is.
template <class Map>
std::string payload_map_text(const Map& map) {
  std::string text;
  std::map<std::string, std::string> sorted;
  for (const auto& [name, payload] : map) sorted[name] = payload_text(payload);
  for (const auto& [name, value] : sorted) {
    text += text.empty() ? "{" : ", ";
    text += json::dump(name) + ": " + value;
  }
  return text.empty() ? text : text + "}";
}

}  // namespace rondo::tools
