#pragma once
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/connection_options.hpp"
#include "tools/choices.hpp"
#include "tools/duration.hpp"
#include "tools/inputs.hpp"
#include "tools/proto_json.hpp"
#include "tools/time_text.hpp"

// What the commands that talk to a server have in common.
namespace rondo::tools {

enum class output_format { text, json, json_lines, none };

/// Certificates and keys, each as a file or as PEM text.
struct tls_flags {
  bool on = false, off = false;
  std::string ca_path{}, ca_data{}, cert_path{}, cert_data{}, key_path{}, key_data{}, server_name{};
  bool skip_host_verification = false;
};

/// Flags as they are given; `connection_of` and the like make sense of them.
struct common_flags {
  std::string address = "127.0.0.1:7233";
  std::string namespace_ = "default";
  std::string api_key{};
  std::string identity{};
  std::vector<std::string> metadata{};
  tls_flags tls{};
  std::string output = "text";
  std::string time_format = "relative";
  std::string command_timeout{};
  std::string connect_timeout{};
  bool full_payloads = false;
};

inline output_format output_of(std::string_view word) {
  constexpr choice<output_format> choices[] = {{"text", output_format::text},
                                               {"json", output_format::json},
                                               {"jsonl", output_format::json_lines},
                                               {"none", output_format::none}};
  return choose("--output", choices, word);
}

inline time_format time_format_of(std::string_view word) {
  constexpr choice<time_format> choices[] = {
      {"relative", time_format::relative}, {"iso", time_format::iso}, {"raw", time_format::raw}};
  return choose("--time-format", choices, word);
}

/// Zero when nothing is given. Throws command_error.
inline nanoseconds duration_of(std::string_view flag, std::string_view text) {
  if (text.empty()) return nanoseconds(0);
  try {
    return parse_duration(text);
  } catch (const std::invalid_argument& wrong) {
    throw command_error(std::string(flag) + ": " + wrong.what());
  }
}

inline std::string pem_of(std::string_view flag, const std::string& path, const std::string& data) {
  if (!path.empty() && !data.empty()) {
    throw command_error(std::string(flag) + "-path and " + std::string(flag) + "-data cannot be given together");
  }
  return path.empty() ? data : file_text(std::string(flag) + "-path", path);
}

/// rondo:user@host
inline std::string command_identity() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host = {'u', 'n', 'k', 'n', 'o', 'w', 'n'};
  const passwd* user = getpwuid(geteuid());
  return "rondo:" + std::string(user ? user->pw_name : "unknown") + "@" + host.data();
}

inline void set_tls(const tls_flags& flags, client_options& to) {
  tls_options tls;
  tls.server_root_ca_certificate = pem_of("--tls-ca", flags.ca_path, flags.ca_data);
  tls.client_certificate = pem_of("--tls-cert", flags.cert_path, flags.cert_data);
  tls.client_private_key = pem_of("--tls-key", flags.key_path, flags.key_data);
  tls.server_name = flags.server_name;
  tls.verify_server = !flags.skip_host_verification;
  const bool given = !tls.server_root_ca_certificate.empty() || !tls.client_certificate.empty() ||
                     !tls.client_private_key.empty() || !tls.server_name.empty() || !tls.verify_server;
  if (given) to.tls = std::move(tls);
  if (flags.on) to.tls_usage = tls_mode::on;
  if (flags.off) to.tls_usage = tls_mode::off;
}

/// Throws command_error.
inline client_options connection_of(const common_flags& flags) {
  client_options made;
  made.target = flags.address;
  made.namespace_ = flags.namespace_;
  made.api_key = flags.api_key;
  made.identity = flags.identity.empty() ? command_identity() : flags.identity;
  for (const auto& each : flags.metadata) made.metadata.push_back(split_pair("--grpc-meta", each));
  set_tls(flags.tls, made);
  const auto timeout = duration_of("--client-connect-timeout", flags.connect_timeout);
  if (timeout > nanoseconds(0)) made.connect_timeout = std::chrono::ceil<std::chrono::milliseconds>(timeout);
  return made;
}

}  // namespace rondo::tools
