#pragma once

#include <toml++/toml.h>

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/client_profile.hpp"
#include "rondo/detail/config/profile.hpp"

namespace rondo::detail::config {

/// Reads a profile out of a parsed file, with the file's name for what has to be said.
class toml_reader {
 public:
  toml_reader(const std::string& file, bool strict) : file_(file), strict_(strict) {}

  /// The names of all profiles, in the order of the alphabet.
  std::vector<std::string> names(const toml::table& document) const {
    std::vector<std::string> found;
    if (const toml::node* all = document.get("profile")) {
      for (const auto& [name, node] : table_of(*all, "profile")) found.emplace_back(name.str());
    }
    return found;
  }
  client_config read_all(const toml::table& document) const {
    for (const auto& [name, node] : document) {
      if (name.str() != "profile") unknown(std::string(name.str()), node);
    }
    client_config all;
    for (const auto& name : names(document)) read(document, name, all[name]);
    return all;
  }
  /// False: the file has no such profile.
  bool read(const toml::table& document, const std::string& name, client_profile& into) const {
    const toml::node* all = document.get("profile");
    if (all == nullptr) return false;
    const toml::node* found = table_of(*all, "profile").get(name);
    if (found == nullptr) return false;
    read_profile(table_of(*found, "profile." + name), "profile." + name, into);
    return true;
  }

 private:
  [[noreturn]] void fail(const std::string& key, const std::string& why, const toml::node* at = nullptr) const {
    std::string place = file_;
    if (at != nullptr && at->source().begin.line > 0) place += ":" + std::to_string(at->source().begin.line);
    throw std::invalid_argument("rondo: " + place + ": '" + key + "' " + why);
  }
  const toml::table& table_of(const toml::node& node, const std::string& key) const {
    const toml::table* table = node.as_table();
    if (table == nullptr) fail(key, "must be a table", &node);
    return *table;
  }
  std::string text_of(const toml::node& node, const std::string& key) const {
    const auto text = node.value_exact<std::string>();
    if (!text) fail(key, "must be a text in quotes", &node);
    return *text;
  }
  bool flag_of(const toml::node& node, const std::string& key) const {
    const auto flag = node.value_exact<bool>();
    if (!flag) fail(key, "must be true or false, without quotes", &node);
    return *flag;
  }
  void unknown(const std::string& key, const toml::node& node) const {
    if (strict_) fail(key, "is not a setting", &node);
  }

  void read_profile(const toml::table& from, const std::string& where, client_profile& into) const {
    for (const auto& [name, node] : from) {
      const std::string_view key = name.str();
      const std::string full = where + "." + std::string(key);
      if (key == "tls") {
        read_tls(node, full, into);
      } else if (key == "grpc_meta") {
        for (const auto& [header, value] : table_of(node, full)) {
          const std::string place = full + "." + std::string(header.str());
          const auto [at, added] = into.metadata.insert_or_assign(header_name(header.str()), text_of(value, place));
          if (!added && strict_) fail(place, "is the same header as '" + at->first + "'", &value);
        }
      } else if (key == "codec") {
        for (const auto& [part, value] : table_of(node, full)) {
          const std::string place = full + "." + std::string(part.str());
          if (!read_text(codec_settings, part.str(), value, place, into)) unknown(place, value);
        }
      } else if (!read_text(text_settings, key, node, full, into)) {
        unknown(full, node);
      }
    }
  }
  bool read_text(std::span<const text_setting> known, std::string_view key, const toml::node& node,
                 const std::string& full, client_profile& into) const {
    for (const auto& setting : known) {
      if (setting.key != key) continue;
      into.*setting.place = text_of(node, full);
      return true;
    }
    return false;
  }

  void read_tls(const toml::node& node, const std::string& where, client_profile& into) const {
    // A bare `tls = true` is how some write an empty table.
    if (const auto flag = node.value_exact<bool>()) {
      into.tls.emplace().disabled = !*flag;
      return;
    }
    tls_profile& tls = into.tls.emplace();
    for (const auto& [name, value] : table_of(node, where)) {
      const std::string_view key = name.str();
      const std::string full = where + "." + std::string(key);
      if (key == "disabled") {
        tls.disabled = flag_of(value, full);
      } else if (key == "server_name") {
        tls.server_name = text_of(value, full);
      } else if (key == "disable_host_verification") {
        tls.disable_host_verification = flag_of(value, full);
      } else if (!read_material(key, value, full, tls)) {
        unknown(full, value);
      }
    }
    for (const auto& setting : material_settings) {
      const data_source& each = tls.*setting.place;
      if (each.path.empty() || each.data.empty()) continue;
      fail(where + "." + std::string(setting.key), "is given as _path and as _data; one of them is enough", &node);
    }
  }
  bool read_material(std::string_view key, const toml::node& node, const std::string& full, tls_profile& into) const {
    for (const auto& setting : material_settings) {
      if (!key.starts_with(setting.key)) continue;
      const std::string_view form = key.substr(setting.key.size());
      if (form == "_path") {
        (into.*setting.place).path = text_of(node, full);
        return true;
      }
      if (form == "_data") {
        (into.*setting.place).data = text_of(node, full);
        return true;
      }
    }
    return false;
  }

  const std::string& file_;
  bool strict_;
};

}  // namespace rondo::detail::config
