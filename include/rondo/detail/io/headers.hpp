#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "rondo/connection_options.hpp"
#include "rondo/detail/io/transport.hpp"
#include "rondo/version.hpp"

namespace rondo::detail::io {

/// How Rondo names itself to the server.
inline constexpr std::string_view client_name = "rondo";

/// The header's name as HTTP/2 wants it. Throws std::invalid_argument when it cannot be one.
inline std::string header_name(std::string_view name) {
  std::string result;
  for (const char c : name) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool fits = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') || lower == '-' ||
                      lower == '_' || lower == '.';
    if (!fits) {
      throw std::invalid_argument(
          "rondo: '" + std::string(name) +
          "' cannot be the name of a header: only letters, digits, '-', '_' and '.' may stand in it");
    }
    result += lower;
  }
  if (result.empty()) throw std::invalid_argument("rondo: the name of a header is empty");
  if (result.starts_with("grpc-")) {
    throw std::invalid_argument("rondo: headers named grpc-... belong to the protocol: '" + result + "'");
  }
  return result;
}

/// Throws std::invalid_argument when a header of this name cannot bear the value.
inline void check_header_value(std::string_view name, std::string_view value) {
  if (name.ends_with("-bin")) return;
  const bool printable = std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c <= 0x7E; });
  if (!printable) {
    throw std::invalid_argument("rondo: the value of header '" + std::string(name) +
                                "' is not printable ASCII; bytes go into headers named ...-bin");
  }
}

/// Adds the header unless one of this name is there.
inline void add_default_header(metadata_list& headers, std::string name, std::string value) {
  const auto same = [&](const auto& header) { return header.first == name; };
  if (std::any_of(headers.begin(), headers.end(), same)) return;
  headers.emplace_back(std::move(name), std::move(value));
}

/// Headers of every call: the user's, and ours where he did not set them. Throws std::invalid_argument.
inline std::shared_ptr<const metadata_list> common_headers(const client_options& options) {
  metadata_list headers;
  for (const auto& [name, value] : options.metadata) {
    headers.emplace_back(header_name(name), value);
    check_header_value(headers.back().first, value);
  }
  if (!options.api_key.empty() && !options.api_key_provider) {
    check_header_value("authorization (api_key)", options.api_key);
    add_default_header(headers, "authorization", "Bearer " + options.api_key);
  }
  add_default_header(headers, "client-name", std::string(client_name));
  add_default_header(headers, "client-version", std::string(version_string));
  return std::make_shared<const metadata_list>(std::move(headers));
}

/// True when the headers say already who calls.
inline bool has_authorization(const metadata_list& headers) {
  return std::any_of(headers.begin(), headers.end(), [](const auto& each) { return each.first == "authorization"; });
}

/// Says who calls, with a key that was just asked for. Throws std::invalid_argument when it cannot be sent.
inline void authorize(metadata_list& headers, const std::function<std::string()>& provider) {
  const std::string key = provider();
  check_header_value("authorization (api_key_provider)", key);
  add_default_header(headers, "authorization", "Bearer " + key);
}

/// Headers of one call; empty values are left out.
inline metadata_list call_headers(std::string_view namespace_name, std::string_view resource_id) {
  metadata_list headers;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    // A namespace or workflow id may hold any text, and a header that cannot be sent would only lose the routing hint.
    const bool printable = std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c <= 0x7E; });
    if (printable) headers.emplace_back(name, value);
  };
  add("temporal-namespace", namespace_name);
  add("temporal-resource-id", resource_id);
  return headers;
}

}  // namespace rondo::detail::io
