#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "rondo/connection_options.hpp"
#include "rondo/detail/io/transport.hpp"

namespace rondo::detail::io {

/// How Rondo names itself to the server.
inline constexpr std::string_view client_name = "rondo";

/// The header's name as HTTP/2 wants it. Throws std::invalid_argument when it cannot be one.
std::string header_name(std::string_view name);

/// Throws std::invalid_argument when a header of this name cannot bear the value.
void check_header_value(std::string_view name, std::string_view value);

inline bool has_header(const metadata_list& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [name](const auto& each) { return each.first == name; });
}

/// Adds the header unless one of this name is there.
inline void add_default_header(metadata_list& headers, std::string name, std::string value) {
  if (has_header(headers, name)) return;
  headers.emplace_back(std::move(name), std::move(value));
}

/// Headers of every call: the user's, and ours where he did not set them. Throws std::invalid_argument.
std::shared_ptr<const metadata_list> common_headers(const client_options& options);

/// Says who calls, with a key that was just asked for. Throws std::invalid_argument when it cannot be sent.
inline void authorize(metadata_list& headers, const std::function<std::string()>& provider) {
  const std::string key = provider();
  check_header_value("authorization (api_key_provider)", key);
  add_default_header(headers, "authorization", "Bearer " + key);
}

/// Headers of one call; empty values are left out.
metadata_list call_headers(std::string_view namespace_name, std::string_view resource_id);

}  // namespace rondo::detail::io

#ifndef RONDO_COMPILED
#include "rondo/detail/io/impl/headers.hpp"
#endif
