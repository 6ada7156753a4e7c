#pragma once
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "rondo/detail/base/json_types.hpp"
#include "rondo/detail/base/utf8.hpp"

namespace rondo::json::detail {

/// Takes the tokens of a JSON text one after the other; strict RFC 8259, UTF-8 only.
class scanner {
 public:
  explicit scanner(std::string_view text) : text_(text) {}

  std::size_t position() const noexcept { return at_; }
  std::string_view between(std::size_t begin, std::size_t end) const { return text_.substr(begin, end - begin); }

  [[noreturn]] void fail(std::string reason) const { fail_at(std::move(reason), at_); }
  [[noreturn]] void fail_at(std::string reason, std::size_t position) const {
    throw error(std::move(reason), position);
  }
  [[noreturn]] void fail_expected(std::string_view wanted) const {
    fail("expected " + std::string(wanted) + ", found " + describe_next());
  }

  void skip_space() noexcept {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
  }
  /// The next character after white space, which stays; 0 at the end.
  char peek() noexcept {
    skip_space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) noexcept {
    if (peek() != c || at_ == text_.size()) return false;
    ++at_;
    return true;
  }
  /// Takes `word` if it comes next as a whole word.
  bool take_word(std::string_view word) noexcept {
    skip_space();
    const auto rest = text_.substr(at_);
    if (!rest.starts_with(word) || (rest.size() > word.size() && is_word(rest[word.size()]))) return false;
    at_ += word.size();
    return true;
  }
  void finish() {
    skip_space();
    if (at_ != text_.size()) fail("text after the value");
  }

  /// A number as it is written.
  std::string_view number() {
    skip_space();
    const std::size_t begin = at_;
    std::size_t end = at_;
    if (at(end) == '-') ++end;
    if (!is_digit(at(end))) fail_expected("a number");
    if (at(end) == '0') {
      ++end;
    } else {
      while (is_digit(at(end))) ++end;
    }
    if (at(end) == '.') {
      if (!is_digit(at(++end))) fail_at("expected a digit after the decimal point", end);
      while (is_digit(at(end))) ++end;
    }
    if (at(end) == 'e' || at(end) == 'E') {
      ++end;
      if (at(end) == '+' || at(end) == '-') ++end;
      if (!is_digit(at(end))) fail_at("expected a digit in the exponent", end);
      while (is_digit(at(end))) ++end;
    }
    if (is_word(at(end))) fail_at("malformed number", end);
    at_ = end;
    return between(begin, end);
  }

  /// A string without quotes and escapes: part of the text, or `scratch` when there are escapes.
  std::string_view string(std::string& scratch) {
    if (peek() != '"') fail_expected("a string");
    std::size_t from = ++at_;
    bool escaped = false;
    for (;;) {
      skip_plain();
      if (at_ >= text_.size()) fail("unterminated string");
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') break;
      if (c == '\\') {
        if (!escaped) scratch.clear();
        escaped = true;
        scratch.append(text_, from, at_ - from);
        unescape(scratch);
        from = at_;
      } else if (c < 0x20) {
        fail("control character in a string");
      } else {
        const std::size_t length = rondo::detail::utf8_length(text_, at_);
        if (length == 0) fail("invalid UTF-8 in a string");
        at_ += length;
      }
    }
    const std::size_t end = at_++;
    if (!escaped) return between(from, end);
    scratch.append(text_, from, end - from);
    return scratch;
  }

  /// "a string", "a number", "the end of the text", ... for error messages.
  std::string describe_next() const {
    if (at_ >= text_.size()) return "the end of the text";
    const char c = text_[at_];
    if (c == '"') return "a string";
    if (c == '{') return "an object";
    if (c == '[') return "an array";
    if (c == '-' || is_digit(c)) return "a number";
    for (const std::string_view word : {"true", "false", "null"}) {
      if (text_.substr(at_).starts_with(word)) return std::string(word);
    }
    const std::size_t length = rondo::detail::utf8_length(text_, at_);
    return length == 0 || (static_cast<unsigned char>(c) < 0x20) ? "an unprintable byte"
                                                                 : "'" + std::string(text_.substr(at_, length)) + "'";
  }

 private:
  static constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static constexpr bool is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '-' ||
           c == '+';
  }
  /// Skips ASCII characters that stand for themselves in a string.
  void skip_plain() noexcept {
    std::size_t at = at_;
    while (at < text_.size() && rondo::detail::is_plain_in_json(text_[at])) ++at;
    at_ = at;
  }
  char at(std::size_t position) const noexcept { return position < text_.size() ? text_[position] : '\0'; }

  void unescape(std::string& out) {
    const std::size_t start = at_++;
    const char c = at(at_);
    if (at_ < text_.size()) ++at_;
    switch (c) {
      case '"':
      case '\\':
      case '/':
        out += c;
        break;
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case 'r':
        out += '\r';
        break;
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'u':
        rondo::detail::append_utf8(out, escaped_point(start));
        break;
      default:
        fail_at("unknown escape", start);
    }
  }

  char32_t escaped_point(std::size_t start) {
    const char32_t first = hex4(start);
    if (first >= 0xDC00 && first < 0xE000) fail_at("half of a surrogate pair", start);
    if (first < 0xD800 || first >= 0xDC00) return first;
    if (text_.substr(at_, 2) != "\\u") fail_at("half of a surrogate pair", start);
    at_ += 2;
    const char32_t second = hex4(start);
    if (second < 0xDC00 || second >= 0xE000) fail_at("half of a surrogate pair", start);
    return 0x10000U + ((first - 0xD800U) << 10U) + (second - 0xDC00U);
  }

  char32_t hex4(std::size_t start) {
    const auto digits = text_.substr(at_, 4);
    unsigned value = 0;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != 4 || end.ptr != digits.data() + 4) fail_at("expected four hexadecimal digits", start);
    at_ += 4;
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace rondo::json::detail
