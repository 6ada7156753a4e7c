#pragma once

#include <toml++/toml.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/controller/aws_credentials.hpp"
#include "rondo/controller/settings.hpp"

namespace rondo::controller {

/// Throws std::invalid_argument that names the line.
inline toml::table parse_toml(const std::string& text, const std::string& file) {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    throw std::invalid_argument(file + ":" + std::to_string(error.source().begin.line) + ": " +
                                std::string(error.description()));
  }
}

/// A table of a TOML file whose settings are read one by one; what nobody has read is refused in the end.
class toml_section {
 public:
  toml_section(const toml::table& table, std::string file, std::string path)
      : table_(&table), file_(std::move(file)), path_(std::move(path)) {}

  /// "controller.toml:12"
  std::string place() const { return place_of(table_); }
  [[noreturn]] void fail(const std::string& key, const std::string& why) const {
    fail_at(key, "'" + full(key) + "' " + why);
  }
  /// In words of their own, at the setting's line.
  [[noreturn]] void fail_at(const std::string& key, const std::string& text) const {
    const toml::node* node = table_->get(key);
    throw std::invalid_argument(place_of(node == nullptr ? static_cast<const toml::node*>(table_) : node) + ": " +
                                text);
  }
  void finish() const {
    for (const auto& [key, node] : *table_) {
      const std::string name(key.str());
      if (!known_.contains(name)) fail(name, "is not a setting");
    }
  }

  bool has(const std::string& key) const { return table_->contains(key); }
  /// Must be there and not empty.
  std::string text(const std::string& key) {
    const auto found = find_text(key);
    if (!found) fail(key, "is missing");
    if (found->empty()) fail(key, "is empty");
    return *found;
  }
  std::string text(const std::string& key, const std::string& otherwise) { return find_text(key).value_or(otherwise); }
  bool flag(const std::string& key, bool otherwise) {
    const auto* node = take(key);
    if (node == nullptr) return otherwise;
    const auto value = node->value_exact<bool>();
    if (!value) fail(key, "must be true or false, without quotes");
    return *value;
  }
  std::vector<std::string> texts(const std::string& key) {
    std::vector<std::string> all;
    const auto* node = take(key);
    if (node == nullptr) return all;
    const auto* list = node->as_array();
    if (list == nullptr) fail(key, "must be a list of texts: [\"...\"]");
    for (const auto& each : *list) {
      const auto value = each.value_exact<std::string>();
      if (!value) fail(key, "must be a list of texts: [\"...\"]");
      all.push_back(*value);
    }
    return all;
  }
  /// "500ms", "10s", "5m" or "1h".
  std::chrono::milliseconds duration(const std::string& key, std::chrono::milliseconds otherwise,
                                     std::chrono::milliseconds least = std::chrono::milliseconds(1)) {
    const auto found = find_text(key);
    if (!found) return otherwise;
    const auto value = parse_duration(*found);
    if (!value) fail(key, "must be a time such as \"500ms\", \"10s\", \"5m\" or \"1h\", but it is '" + *found + "'");
    if (*value < least) fail(key, "must be at least " + std::to_string(least.count()) + "ms");
    return *value;
  }
  /// A text that is given here, or in the file KEY_file, or in the variable KEY_env; empty: it is not given.
  std::string secret(const std::string& key, const variable_lookup& environment) {
    const auto here = find_text(key);
    const auto variable = find_text(key + "_env");
    const auto path = find_text(key + "_file");
    if ((here ? 1 : 0) + (variable ? 1 : 0) + (path ? 1 : 0) > 1) {
      fail(key, "is given in more than one way; '" + key + "', '" + key + "_env' and '" + key +
                    "_file' exclude "
                    "each other");
    }
    std::string value = here.value_or("");
    if (variable) {
      value = environment(variable->c_str());
      if (value.empty()) fail(key + "_env", "names the variable '" + *variable + "', which is not set");
    }
    if (path) {
      std::ifstream in(*path);
      if (!in || !std::getline(in, value) || value.empty()) fail(key + "_file", "cannot be read or is empty");
    }
    return value;
  }

  std::optional<toml_section> section(const std::string& key) {
    const auto* node = take(key);
    if (node == nullptr) return std::nullopt;
    if (node->as_table() == nullptr) fail(key, "must be a table");
    return toml_section(*node->as_table(), file_, full(key));
  }
  std::vector<toml_section> sections(const std::string& key) {
    std::vector<toml_section> all;
    const auto* node = take(key);
    if (node == nullptr) return all;
    const auto* list = node->as_array();
    if (list == nullptr) fail(key, "must be written [[" + key + "]]");
    for (const auto& each : *list) {
      if (each.as_table() == nullptr) fail(key, "must be written [[" + key + "]]");
      all.emplace_back(*each.as_table(), file_, full(key));
    }
    return all;
  }

  /// All of the table, which must be texts.
  std::map<std::string, std::string> all_texts() {
    std::map<std::string, std::string> all;
    for (const auto& [key, node] : *table_) all[std::string(key.str())] = text(std::string(key.str()), "");
    return all;
  }
  /// What nobody has read, which must be numbers or numbers in quotes.
  settings numbers() {
    settings all;
    for (const auto& [key, node] : *table_) {
      const std::string name(key.str());
      if (!known_.insert(name).second) continue;
      if (const auto whole = node.value_exact<std::int64_t>()) {
        all[name] = *whole;
      } else if (const auto real = node.value_exact<double>()) {
        all[name] = *real;
      } else if (auto words = node.value_exact<std::string>()) {
        all[name] = std::move(*words);
      } else {
        fail(name, "must be a number");
      }
    }
    return all;
  }

 private:
  std::string place_of(const toml::node* node) const {
    return file_ + (node->source().begin.line > 0 ? ":" + std::to_string(node->source().begin.line) : "");
  }
  std::string full(const std::string& key) const { return path_.empty() ? key : path_ + "." + key; }
  const toml::node* take(const std::string& key) {
    known_.insert(key);
    return table_->get(key);
  }
  std::optional<std::string> find_text(const std::string& key) {
    const auto* node = take(key);
    if (node == nullptr) return std::nullopt;
    auto value = node->value_exact<std::string>();
    if (!value) fail(key, "must be a text in quotes");
    return value;
  }

  static std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    std::int64_t number = 0;
    const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    constexpr std::int64_t most = 1'000'000'000;
    if (problem != std::errc() || number < 0 || number > most) return std::nullopt;
    const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
    if (unit == "ms") return std::chrono::milliseconds(number);
    if (unit == "s") return std::chrono::seconds(number);
    if (unit == "m") return std::chrono::minutes(number);
    if (unit == "h") return std::chrono::hours(number);
    return std::nullopt;
  }

  const toml::table* table_;
  std::string file_;
  std::string path_;
  std::set<std::string> known_;
};

}  // namespace rondo::controller
