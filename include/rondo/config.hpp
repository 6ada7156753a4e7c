#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "rondo/client_profile.hpp"
#include "rondo/connection_options.hpp"
#include "rondo/detail/config/private_file.hpp"
#include "rondo/detail/config/profile.hpp"
#include "rondo/detail/config/toml.hpp"
#include "rondo/detail/config/toml_writer.hpp"

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

/// What the parser has to say, without what it saw: that may be a part of a secret. It says "Error while parsing
/// key-value pair: ", and then what it expected and saw, or something with what it read in quotes.
inline std::string_view without_values(std::string_view said) {
  const auto begin = std::min(said.find(": "), said.size());
  const auto text = said.substr(begin);
  auto end = text.find(", saw ");
  // What is expected is in quotes, too, but is no secret.
  if (!text.starts_with(": expected ")) end = std::min(end, text.find('\''));
  said = said.substr(0, end == text.npos ? said.npos : begin + end);
  while (said.ends_with(' ') || said.ends_with(':')) said.remove_suffix(1);
  return said;
}

/// `path`: what to call it when it is not TOML.
inline toml::table parse_text(std::string_view text, const std::string& path) {
  try {
    return toml::parse(text, std::string_view(path));
  } catch (const toml::parse_error& error) {
    throw std::invalid_argument("rondo: " + path + ":" + std::to_string(error.source().begin.line) + ": " +
                                std::string(without_values(error.description())));
  }
}
inline toml::table parse_file(const std::string& path) { return parse_text(read_file(path, "the settings in"), path); }

/// The file that is named, or else the user's own; empty when nobody says where that would be.
inline std::string named_file(const config_source& from, const variables& environment) {
  if (!from.file.empty()) return from.file;
  const auto* path = find_variable(environment, "TEMPORAL_CONFIG_FILE");
  return path != nullptr ? *path : users_file(environment).string();
}
/// The same to read from: empty, too, when the user has no file.
inline std::string file_to_read(const config_source& from, const variables& environment) {
  std::string file = named_file(from, environment);
  std::error_code none;
  const bool is_own = from.file.empty() && find_variable(environment, "TEMPORAL_CONFIG_FILE") == nullptr;
  if (is_own && !std::filesystem::exists(file, none)) file.clear();
  return file;
}

inline client_profile read_profile(const config_source& from, const variables& environment) {
  client_profile result;
  const auto* named = find_variable(environment, "TEMPORAL_PROFILE");
  const std::string name = !from.profile.empty() ? from.profile : named != nullptr ? *named : "default";
  const std::string file = file_to_read(from, environment);
  const bool found = !file.empty() && toml_reader(file, from.strict).read(parse_file(file), name, result);
  if (!found && name != "default") {
    throw std::invalid_argument("rondo: there is no profile '" + name + "' in " +
                                (file.empty() ? "any file: no settings were found" : "'" + file + "'"));
  }
  return result;
}

inline std::string text_of(const data_source& from, const std::string& what) {
  return from.path.empty() ? from.data : read_file(from.path, what);
}

inline client_options to_options(const client_profile& from) {
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

inline variables variables_of(const config_source& from) {
  if (!from.use_environment) return {};
  return from.environment ? *from.environment : variables_of_process();
}

/// What file and environment say together.
inline client_profile load_profile(const config_source& from) {
  const variables environment = variables_of(from);
  client_profile found;
  if (from.use_file) found = read_profile(from, environment);
  if (from.use_environment) apply_variables(found, environment);
  return found;
}

}  // namespace detail::config

/// Client options from a temporal.toml and from environment variables, by the rules of Temporal's official SDKs:
/// address, namespace, API key, authority, TLS and headers. load_remote_codec() of rondo/codecs/config.hpp reads its
/// codec. Throws std::invalid_argument, naming file and line or variable, when something cannot be read or makes no
/// sense; also when config_source::file or TEMPORAL_CONFIG_FILE names a file that does not exist.
inline client_options load_client_options(const config_source& from = {}) {
  return detail::config::to_options(detail::config::load_profile(from));
}

/// The profile that load_client_options() makes options of.
inline client_profile load_client_profile(const config_source& from = {}) { return detail::config::load_profile(from); }

/// Reads the files that the profile names. Throws std::invalid_argument when one cannot be read.
inline client_options make_client_options(const client_profile& from) { return detail::config::to_options(from); }

/// The names of the profiles in the file, in the order of the alphabet; none when the user has no file. What is in the
/// profiles is not looked at. Throws std::invalid_argument when a file that is named does not exist, cannot be read or
/// is not TOML.
inline std::vector<std::string> list_profiles(const config_source& from = {}) {
  const std::string file = detail::config::file_to_read(from, detail::config::variables_of(from));
  if (!from.use_file || file.empty()) return {};
  return detail::config::toml_reader(file, from.strict).names(detail::config::parse_file(file));
}

/// All profiles of the text of a temporal.toml. Settings that nobody knows are errors, since to_toml() would lose them.
/// Throws std::invalid_argument, naming the line.
inline client_config parse_client_config(std::string_view text) {
  const std::string name = "the text";
  return detail::config::toml_reader(name, true).read_all(detail::config::parse_text(text, name));
}

/// All profiles of the file, to be changed and saved: without what the environment says, and as strict as
/// parse_client_config(). None when the file does not exist, even if it is named: save_client_config() makes it then.
/// Throws std::invalid_argument when it is there, but cannot be read or is not as it should be.
inline client_config load_client_config(const config_source& from = {}) {
  const std::string file = detail::config::named_file(from, detail::config::variables_of(from));
  if (!from.use_file || file.empty()) return {};
  std::error_code none;
  if (std::filesystem::status(file, none).type() == std::filesystem::file_type::not_found) return {};
  return detail::config::toml_reader(file, true).read_all(detail::config::parse_file(file));
}

/// The text of a temporal.toml with these profiles, API keys and private keys in plain text. Throws
/// std::invalid_argument when something cannot be written.
inline std::string to_toml(const client_config& config) { return detail::config::toml_writer().write(config); }

/// Replaces the file that `to` or the environment names, else the user's own; it is made when it is not there. Its
/// owner alone can read it. Comments of the old file are lost. Throws std::invalid_argument when something cannot be
/// written or no file is named, std::runtime_error when the file cannot be written; it is as before then.
inline void save_client_config(const client_config& config, const config_source& to = {}) {
  const std::string text = to_toml(config);
  const std::string path = detail::config::named_file(to, detail::config::variables_of(to));
  if (!to.use_file || path.empty()) {
    throw std::invalid_argument("rondo: no file to save the settings to: set config_source::file");
  }
  std::error_code none;
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, none);
  detail::config::private_file file(path);
  file.write(text);
  file.put_in_place();
}

}  // namespace rondo
