#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/codec.hpp"
#include "rondo/json.hpp"
#include "rondo/payload.hpp"

// Payloads in JSON, as the protocol of codec servers has them: bytes are base64.
// https://docs.temporal.io/codec-server
namespace rondo::detail::data {

using json_bytes = std::vector<std::byte>;

struct payload_json {
  std::map<std::string, json_bytes> metadata{};
  std::optional<json_bytes> data{};
};

struct payloads_json {
  std::vector<payload_json> payloads{};
};

inline json_bytes to_json_bytes(std::string_view text) {
  const auto* const begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}
inline std::string from_json_bytes(const json_bytes& from) {
  return {reinterpret_cast<const char*>(from.data()), from.size()};
}

template <class Range>
std::string payloads_to_json(const Range& from) {
  payloads_json out;
  for (const payload& each : from) {
    auto& added = out.payloads.emplace_back();
    for (const auto& [key, value] : each.metadata) added.metadata[key] = to_json_bytes(value);
    added.data = to_json_bytes(each.data);
  }
  return json::dump(out);
}

/// Throws codec_error, which says what is wrong.
inline payload_list payloads_from_json(std::string_view text) {
  payloads_json read;
  try {
    read = json::parse<payloads_json>(text);
  } catch (const json::error& failed) {
    throw codec_error(std::string("these are no payloads: ") + failed.what());
  }
  payload_list out;
  for (const auto& each : read.payloads) {
    auto& added = out.emplace_back();
    for (const auto& [key, value] : each.metadata) added.metadata[key] = from_json_bytes(value);
    if (each.data) added.data = from_json_bytes(*each.data);
  }
  return out;
}

}  // namespace rondo::detail::data
