#pragma once
#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "rondo/connection_options.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/io/headers.hpp"
#include "rondo/detail/io/transport.hpp"
#include "rondo/version.hpp"

namespace rondo::detail::io {

RONDO_FUNCTION std::string header_name(std::string_view name) {
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

RONDO_FUNCTION void check_header_value(std::string_view name, std::string_view value) {
  if (name.ends_with("-bin")) return;
  const bool printable = std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c <= 0x7E; });
  if (!printable) {
    throw std::invalid_argument("rondo: the value of header '" + std::string(name) +
                                "' is not printable ASCII; bytes go into headers named ...-bin");
  }
}

RONDO_FUNCTION std::shared_ptr<const metadata_list> common_headers(const client_options& options) {
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

RONDO_FUNCTION metadata_list call_headers(std::string_view namespace_name, std::string_view resource_id) {
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
