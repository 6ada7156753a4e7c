#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "rondo/client_profile.hpp"

// One profile of a temporal.toml, and what environment variables make of it. The names are those of Temporal's official
// SDKs and command: https://docs.temporal.io/develop/environment-configuration
namespace rondo::detail::config {

/// The profile's texts: their names in a file and in the environment.
struct text_setting {
  std::string_view key;
  std::string_view variable;
  std::string client_profile::*place;
};
inline constexpr text_setting text_settings[] = {
    {"address", "TEMPORAL_ADDRESS", &client_profile::address},
    {"namespace", "TEMPORAL_NAMESPACE", &client_profile::namespace_},
    {"api_key", "TEMPORAL_API_KEY", &client_profile::api_key},
    {"authority", "TEMPORAL_CLIENT_AUTHORITY", &client_profile::authority},
};
/// The same for its table "codec".
inline constexpr text_setting codec_settings[] = {
    {"endpoint", "TEMPORAL_CODEC_ENDPOINT", &client_profile::codec_endpoint},
    {"auth", "TEMPORAL_CODEC_AUTH", &client_profile::codec_auth},
};

/// The same for what TLS is made of; "_path" or "_data" comes behind the name.
struct material_setting {
  std::string_view key;
  std::string_view variable;
  data_source tls_profile::*place;
};
inline constexpr material_setting material_settings[] = {
    {"client_cert", "TEMPORAL_TLS_CLIENT_CERT", &tls_profile::client_certificate},
    {"client_key", "TEMPORAL_TLS_CLIENT_KEY", &tls_profile::client_key},
    {"server_ca_cert", "TEMPORAL_TLS_SERVER_CA_CERT", &tls_profile::server_ca},
};

inline bool parse_bool(std::string_view text, std::string_view name) {
  if (text == "1" || text == "true" || text == "TRUE" || text == "True") return true;
  if (text == "0" || text == "false" || text == "FALSE" || text == "False") return false;
  throw std::invalid_argument("rondo: " + std::string(name) + " must be true or false (or 1 or 0), but it is '" +
                              std::string(text) + "'");
}

/// Headers are written in lower case with hyphens.
inline std::string header_name(std::string_view text) {
  std::string name(text);
  for (char& c : name) {
    if (c == '_') c = '-';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

using variables = std::map<std::string, std::string, std::less<>>;

/// Null: it is not set, or empty.
inline const std::string* find_variable(const variables& in, std::string_view name) {
  const auto found = in.find(name);
  return found == in.end() || found->second.empty() ? nullptr : &found->second;
}

inline void apply_tls_variables(client_profile& to, const variables& from) {
  const auto tls = [&to]() -> tls_profile& { return to.tls ? *to.tls : to.tls.emplace(); };
  if (const auto* on = find_variable(from, "TEMPORAL_TLS")) tls().disabled = !parse_bool(*on, "TEMPORAL_TLS");
  for (const auto& setting : material_settings) {
    const std::string name(setting.variable);
    const auto* path = find_variable(from, name + "_PATH");
    const auto* data = find_variable(from, name + "_DATA");
    if (path != nullptr && data != nullptr) {
      throw std::invalid_argument("rondo: " + name + "_PATH and " + name + "_DATA exclude each other");
    }
    if (path != nullptr) tls().*setting.place = {.path = *path};
    if (data != nullptr) tls().*setting.place = {.data = *data};
  }
  if (const auto* name = find_variable(from, "TEMPORAL_TLS_SERVER_NAME")) tls().server_name = *name;
  constexpr std::string_view unverified = "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION";
  if (const auto* off = find_variable(from, unverified)) {
    tls().disable_host_verification = parse_bool(*off, unverified);
  }
}

/// Lets variables of the environment replace what the file says.
inline void apply_variables(client_profile& to, const variables& from) {
  for (const auto& setting : text_settings) {
    if (const auto* value = find_variable(from, setting.variable)) to.*setting.place = *value;
  }
  for (const auto& setting : codec_settings) {
    if (const auto* value = find_variable(from, setting.variable)) to.*setting.place = *value;
  }
  apply_tls_variables(to, from);
  constexpr std::string_view prefix = "TEMPORAL_GRPC_META_";
  for (auto each = from.lower_bound(prefix); each != from.end() && each->first.starts_with(prefix); ++each) {
    const std::string name = header_name(std::string_view(each->first).substr(prefix.size()));
    if (name.empty()) continue;
    if (each->second.empty()) {
      to.metadata.erase(name);
    } else {
      to.metadata[name] = each->second;
    }
  }
}

}  // namespace rondo::detail::config
