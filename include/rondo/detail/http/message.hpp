#pragma once
#include <algorithm>
#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rondo::detail::http {

/// Equal but for the case of ASCII letters.
constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// True when a list such as "a, B ,c" has the word.
constexpr bool has_word(std::string_view list, std::string_view word) noexcept {
  for (;;) {
    const auto comma = list.find(',');
    auto part = list.substr(0, comma);
    while (!part.empty() && (part.front() == ' ' || part.front() == '\t')) part.remove_prefix(1);
    while (!part.empty() && (part.back() == ' ' || part.back() == '\t')) part.remove_suffix(1);
    if (equal_ignoring_case(part, word)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

/// Letters, digits and a few signs: the characters of names of headers and methods.
constexpr bool is_token(std::string_view text) noexcept {
  constexpr std::string_view signs = "!#$%&'*+-.^_`|~";
  for (const char c : text) {
    const bool is_alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!is_alnum && signs.find(c) == std::string_view::npos) return false;
  }
  return !text.empty();
}

struct header {
  std::string name{};
  std::string value{};
};

/// The headers of a message in their order. Names are looked up whatever their case is.
class header_list {
 public:
  auto begin() const noexcept { return all_.begin(); }
  auto end() const noexcept { return all_.end(); }
  std::size_t size() const noexcept { return all_.size(); }
  bool empty() const noexcept { return all_.empty(); }

  void add(std::string name, std::string value) { all_.push_back({std::move(name), std::move(value)}); }

  /// In place of all that have this name.
  void set(std::string_view name, std::string value) {
    remove(name);
    add(std::string(name), std::move(value));
  }

  void remove(std::string_view name) {
    std::erase_if(all_, [name](const header& each) { return equal_ignoring_case(each.name, name); });
  }

  /// The first one's value; null when there is none. Valid until the list changes.
  const std::string* find(std::string_view name) const noexcept {
    for (const auto& each : all_) {
      if (equal_ignoring_case(each.name, name)) return &each.value;
    }
    return nullptr;
  }

  /// The first one's value; empty when there is none.
  std::string_view get(std::string_view name) const noexcept {
    const auto* value = find(name);
    return value == nullptr ? std::string_view() : std::string_view(*value);
  }

  bool has(std::string_view name) const noexcept { return find(name) != nullptr; }

  std::size_t count(std::string_view name) const noexcept {
    return static_cast<std::size_t>(std::count_if(
        all_.begin(), all_.end(), [name](const header& each) { return equal_ignoring_case(each.name, name); }));
  }

 private:
  std::vector<header> all_;
};

/// What a client asks for. It has constructors because gcc 12 destroys temporaries without them twice in co_await.
struct request {
  request() {}  // NOLINT(modernize-use-equals-default)
  explicit request(std::string with_method, std::string for_target, std::string with_body = {})
      : method(std::move(with_method)), target(std::move(for_target)), body(std::move(with_body)) {}

  /// The target without its query.
  std::string_view path() const noexcept { return std::string_view(target).substr(0, target.find('?')); }
  /// What follows the question mark.
  std::string_view query() const noexcept {
    const auto at = target.find('?');
    return at == std::string::npos ? std::string_view() : std::string_view(target).substr(at + 1);
  }

  std::string method = "GET";
  std::string target = "/";
  header_list headers{};
  std::string body{};
  /// Set by a server: requested when the client has gone, or the server stops in a hurry.
  std::stop_token stop{};
};

struct response {
  response() {}  // NOLINT(modernize-use-equals-default)
  explicit response(int with_status) : status(with_status) {}
  response(int with_status, std::string with_body, std::string content_type = "application/json")
      : status(with_status), body(std::move(with_body)) {
    headers.add("Content-Type", std::move(content_type));
  }

  bool ok() const noexcept { return status >= 200 && status < 300; }

  int status = 200;
  header_list headers{};
  std::string body{};
};

}  // namespace rondo::detail::http
