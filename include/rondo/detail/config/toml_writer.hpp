#pragma once

#include <algorithm>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client_profile.hpp"
#include "rondo/detail/base/utf8.hpp"
#include "rondo/detail/config/profile.hpp"

namespace rondo::detail::config {

/// Writes profiles as toml_reader reads them. Values stand in no message of an error, since they may be secret.
class toml_writer {
 public:
  std::string write(const client_config& config) {
    for (const auto& [name, each] : config) {
      if (name.empty()) throw std::invalid_argument("rondo: a profile without a name cannot be written");
      write_profile("profile." + key_of(name, "the name of a profile"), each);
    }
    return std::move(out_);
  }

 private:
  void write_profile(const std::string& where, const client_profile& from) {
    begin(where);
    write_texts(text_settings, where, from);
    if (from.tls) write_tls(where + ".tls", *from.tls);
    if (std::ranges::any_of(codec_settings, [&](const auto& each) { return !(from.*each.place).empty(); })) {
      begin(where + ".codec");
      write_texts(codec_settings, where + ".codec", from);
    }
    if (from.metadata.empty()) return;
    const std::string headers = where + ".grpc_meta";
    begin(headers);
    std::set<std::string> written;
    for (const auto& [name, value] : from.metadata) {
      const std::string key = header_name(name);
      if (!written.insert(key).second) {
        throw std::invalid_argument("rondo: " + headers + " has the header '" + key +
                                    "' twice: names mean the same with - and _, and in any case");
      }
      line(key_of(key, "the name of a header in " + headers), quoted(value, headers + "." + key));
    }
  }
  void write_texts(std::span<const text_setting> known, const std::string& where, const client_profile& from) {
    for (const auto& setting : known) write_text(setting.key, where, from.*setting.place);
  }
  void write_tls(const std::string& where, const tls_profile& from) {
    begin(where);
    if (from.disabled) line("disabled", *from.disabled ? "true" : "false");
    for (const auto& setting : material_settings) {
      const data_source& each = from.*setting.place;
      const std::string key(setting.key);
      if (!each.path.empty() && !each.data.empty()) {
        throw std::invalid_argument("rondo: " + where + "." + key + " is given as path and as data; one is enough");
      }
      write_text(key + "_path", where, each.path);
      write_text(key + "_data", where, each.data);
    }
    write_text("server_name", where, from.server_name);
    if (from.disable_host_verification) line("disable_host_verification", "true");
  }

  void begin(const std::string& table) {
    if (!out_.empty()) out_ += '\n';
    out_ += "[" + table + "]\n";
  }
  void write_text(std::string_view key, const std::string& where, const std::string& value) {
    if (!value.empty()) line(key, quoted(value, where + "." + std::string(key)));
  }
  void line(std::string_view key, std::string_view value) {
    out_ += key;
    out_ += " = ";
    out_ += value;
    out_ += '\n';
  }

  static std::string key_of(const std::string& name, const std::string& what) {
    const auto is_bare = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    return !name.empty() && std::ranges::all_of(name, is_bare) ? name : quoted(name, what);
  }
  static std::string quoted(std::string_view text, const std::string& what) {
    if (find_invalid_utf8(text) != text.npos) {
      throw std::invalid_argument("rondo: " + what + " is not UTF-8, so it cannot be written as TOML");
    }
    std::string made = "\"";
    for (const char c : text) append_escaped(c, made);
    return made + '"';
  }
  static void append_escaped(char c, std::string& to) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      to += '\\';
      to += c;
    } else if (c == '\n') {
      to += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      to += "\\u00";
      to += digits[byte >> 4U];
      to += digits[byte & 0xFU];
    } else {
      to += c;
    }
  }

  std::string out_;
};

}  // namespace rondo::detail::config
