#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/json.hpp"
#include "rondo/log.hpp"
#include "rondo/log_sinks.hpp"
#include "rondo/server/options.hpp"
#include "tools/choices.hpp"
#include "tools/inputs.hpp"
#include "tools/json_text.hpp"
#include "tools/options.hpp"

// From the flags of `server start-dev` to the server's options.
namespace rondo::tools {

/// Flags as they are given.
struct server_flags {
  std::string ip = "127.0.0.1";
  int port = 7233;
  std::vector<std::string> namespaces{};
  std::string db_filename{};
  std::vector<std::string> sqlite_pragmas{}, search_attributes{}, dynamic_config{};
  std::string log_level = "warn", log_format = "text", output = "text";
  std::string task_poll_expiration = "60s", retention = "24h";
  std::string notify_url{}, notify_secret{};
  bool time_skipping = false;
  /// Time is skipped from the start, without a client that unlocks it.
  bool skipping_unlocked = false;
  /// Names of flags that were given and mean nothing here.
  std::vector<std::string> ignored{};
};

/// Writes on stderr; silent for the level "never". Throws command_error.
inline logger logger_of(const server_flags& flags) {
  constexpr choice<std::optional<log_level>> levels[] = {
      {"debug", log_level::debug}, {"info", log_level::info}, {"warn", log_level::warn},
      {"error", log_level::error}, {"never", std::nullopt},   {"trace", log_level::trace},
  };
  // Development kits for other languages ask for "pretty".
  constexpr choice<bool> formats[] = {{"text", false}, {"json", true}, {"pretty", false}};
  const auto level = choose("--log-level", levels, flags.log_level);
  const bool as_json = choose("--log-format", formats, flags.log_format);
  if (!level) return logger::silent();
  std::shared_ptr<log_sink> sink;
  if (as_json) {
    sink = std::make_shared<json_log_sink>();
  } else {
    sink = std::make_shared<text_log_sink>();
  }
  return logger(std::move(sink), *level);
}

/// NAME=Type, the type in its proper spelling. Throws command_error.
inline std::pair<std::string, std::string> search_attribute_of(const std::string& text) {
  constexpr choice<std::string_view> types[] = {
      {"Text", "Text"},         {"Keyword", "Keyword"},        {"Int", "Int"}, {"Double", "Double"}, {"Bool", "Bool"},
      {"Datetime", "Datetime"}, {"KeywordList", "KeywordList"}};
  auto [name, type] = split_pair("--search-attribute", text);
  return {std::move(name), std::string(choose("--search-attribute", types, type))};
}

/// "default" comes first and is always there.
inline std::vector<std::string> namespaces_of(const server_flags& flags) {
  std::vector<std::string> all{"default"};
  for (const auto& name : flags.namespaces) {
    if (name.empty()) throw command_error("--namespace: the name is empty");
    if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(name);
  }
  return all;
}

/// A duration that must be longer than zero.
inline nanoseconds positive_duration(std::string_view flag, const std::string& text) {
  const auto value = duration_of(flag, text);
  if (value <= nanoseconds(0)) throw command_error(std::string(flag) + " must be longer than 0");
  return value;
}

/// The secret from the environment when no flag gives it.
inline std::string notify_secret_of(const server_flags& flags) {
  if (!flags.notify_secret.empty()) return flags.notify_secret;
  const char* from_environment = std::getenv("RONDO_NOTIFY_SECRET");
  return from_environment ? from_environment : "";
}

/// Throws command_error that names the flag.
inline server::options server_options_of(const server_flags& flags) {
  if (flags.port < 0 || flags.port > 65535) throw command_error("--port must be from 0 to 65535");
  server::options made;
  made.namespaces = namespaces_of(flags);
  for (const auto& each : flags.search_attributes) made.search_attributes.push_back(search_attribute_of(each));
  made.db_filename = flags.db_filename;
  for (const auto& each : flags.sqlite_pragmas) {
    split_pair("--sqlite-pragma", each);
    made.sqlite_pragmas.push_back(each);
  }
  for (const auto& each : flags.dynamic_config) split_pair("--dynamic-config-value", each);
  made.retention = positive_duration("--retention", flags.retention).count();
  made.task_poll_expiration = positive_duration("--task-poll-expiration", flags.task_poll_expiration).count();
  made.time_skipping = flags.time_skipping || flags.skipping_unlocked;
  made.notify_url = flags.notify_url;
  if (!made.notify_url.empty() && !made.notify_url.starts_with("http://") && !made.notify_url.starts_with("https://")) {
    throw command_error("--task-notify-url: '" + made.notify_url + "' must begin with http:// or https://");
  }
  made.notify_secret = notify_secret_of(flags);
  made.log = logger_of(flags);
  return made;
}

/// "localhost" is the loopback of IPv4; IPv6 addresses stand in brackets.
inline std::string host_and_port(const std::string& ip, int port) {
  if (ip == "localhost") return "127.0.0.1:" + std::to_string(port);
  const bool bare_v6 = ip.find(':') != ip.npos && !ip.starts_with('[');
  return (bare_v6 ? "[" + ip + "]" : ip) + ":" + std::to_string(port);
}

/// {"address":"127.0.0.1:7233","namespaces":["default"]}
inline std::string listening_json(const std::string& address, const std::vector<std::string>& namespaces) {
  return "{\"address\":" + json::dump(address) + ",\"namespaces\":" + json::dump(namespaces) + "}";
}

inline std::string listening_text(const std::string& address, const std::vector<std::string>& namespaces) {
  std::string text =
      "Rondo development server, for development and tests only\n  Address     " + address + "\n  Namespaces";
  for (std::size_t i = 0; i < namespaces.size(); ++i) text += (i == 0 ? "  " : ", ") + namespaces[i];
  return text + "\n";
}

}  // namespace rondo::tools
