#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "rondo/connection_options.hpp"
#include "rondo/detail/config/profile.hpp"
#include "rondo/detail/config/toml.hpp"

extern "C" char** environ;

// Needs toml++ (package libtomlplusplus-dev).
namespace rondo {

/// Names and values of environment variables.
using environment_variables = detail::config::variables;

/// Where load_client_options() looks.
struct config_source {
  /// A file like Temporal's other SDKs and its command read. Empty: what TEMPORAL_CONFIG_FILE names, otherwise
  /// temporalio/temporal.toml in the user's folder for settings, if it is there.
  std::string file{};
  /// Empty: what TEMPORAL_PROFILE names, otherwise "default". Only that one may be missing from the file.
  std::string profile{};
  bool use_file = true;
  /// Variables take precedence over the file.
  bool use_environment = true;
  /// Settings that nobody knows are errors.
  bool strict = false;
  /// In place of the variables of this process.
  std::optional<environment_variables> environment{};
};

namespace detail::config {

inline variables variables_of_process() {
  variables all;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    const std::string_view text(*each);
    const auto equals = text.find('=');
    if (equals != text.npos) all.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return all;
}

/// The user's own file; empty when the environment does not say where users have theirs.
inline std::filesystem::path users_file(const variables& environment) {
#ifndef __APPLE__
  if (const auto* folder = find_variable(environment, "XDG_CONFIG_HOME")) {
    return std::filesystem::path(*folder) / "temporalio" / "temporal.toml";
  }
  constexpr std::string_view settings = ".config";
#else
  constexpr std::string_view settings = "Library/Application Support";
#endif
  const auto* home = find_variable(environment, "HOME");
  return home == nullptr ? std::filesystem::path()
                         : std::filesystem::path(*home) / settings / "temporalio" / "temporal.toml";
}

inline std::string read_file(const std::string& path, const std::string& what) {
  std::error_code none;
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open() || std::filesystem::is_directory(path, none)) {
    throw std::invalid_argument("rondo: cannot read " + what + " '" + path + "'");
  }
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline toml::table parse_file(const std::string& path) {
  const std::string text = read_file(path, "the settings in");
  try {
    return toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    throw std::invalid_argument("rondo: " + path + ":" + std::to_string(error.source().begin.line) + ": " +
                                std::string(error.description()));
  }
}

inline profile read_profile(const config_source& from, const variables& environment) {
  profile result;
  const auto* named = find_variable(environment, "TEMPORAL_PROFILE");
  const std::string name = !from.profile.empty() ? from.profile : named != nullptr ? *named : "default";
  std::string file = from.file;
  if (const auto* path = find_variable(environment, "TEMPORAL_CONFIG_FILE"); file.empty() && path != nullptr) {
    file = *path;
  }
  if (file.empty()) {
    const auto own = users_file(environment);
    std::error_code none;
    if (!own.empty() && std::filesystem::exists(own, none)) file = own.string();
  }
  const bool found = !file.empty() && toml_reader(file, from.strict).read(parse_file(file), name, result);
  if (!found && name != "default") {
    throw std::invalid_argument("rondo: there is no profile '" + name + "' in " +
                                (file.empty() ? "any file: no settings were found" : "'" + file + "'"));
  }
  return result;
}

inline std::string text_of(const material& from, const std::string& what) {
  return from.path.empty() ? from.data : read_file(from.path, what);
}

inline client_options to_options(const profile& from) {
  client_options options;
  if (!from.address.empty()) options.target = from.address;
  if (!from.namespace_.empty()) options.namespace_ = from.namespace_;
  options.api_key = from.api_key;
  options.authority = from.authority;
  for (const auto& header : from.metadata) options.metadata.push_back(header);
  if (!from.tls) return options;
  if (from.tls->disabled.value_or(false)) {
    options.tls_usage = tls_mode::off;
    return options;
  }
  options.tls_usage = tls_mode::on;
  tls_options& tls = options.tls.emplace();
  tls.client_certificate = text_of(from.tls->client_certificate, "the client's certificate");
  tls.client_private_key = text_of(from.tls->client_key, "the client's private key");
  tls.server_root_ca_certificate = text_of(from.tls->server_ca, "the certificates of the server's authorities");
  tls.server_name = from.tls->server_name;
  tls.verify_server = !from.tls->disable_host_verification;
  return options;
}

/// What file and environment say together.
inline profile load_profile(const config_source& from) {
  const variables environment = from.environment ? *from.environment : variables_of_process();
  profile found;
  if (from.use_file) found = read_profile(from, from.use_environment ? environment : variables{});
  if (from.use_environment) apply_variables(found, environment);
  return found;
}

}  // namespace detail::config

/// Client options from a temporal.toml and from environment variables, by the rules of Temporal's official SDKs:
/// address, namespace, API key, authority, TLS and headers. load_remote_codec() of rondo/codecs/config.hpp reads its
/// codec. Throws std::invalid_argument, naming file and line or variable, when something cannot be read or makes no
/// sense.
inline client_options load_client_options(const config_source& from = {}) {
  return detail::config::to_options(detail::config::load_profile(from));
}

}  // namespace rondo
