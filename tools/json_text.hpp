#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "rondo/json.hpp"
#include "tools/command_error.hpp"

namespace rondo::tools {

/// "line 2, column 7" of a byte in a text; both count from 1.
inline std::string place_in(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t last = before.rfind('\n');
  const std::size_t column = 1 + (last == before.npos ? before.size() : before.size() - last - 1);
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

/// Throws command_error with the place unless the text is one JSON value. `subject` names the text: "--input 2".
inline void require_json(const std::string& subject, std::string_view text) {
  try {
    json::check(text);
  } catch (const json::error& wrong) {
    std::string said = subject + " is not JSON: " + wrong.reason();
    if (wrong.offset() != json::error::no_offset) said += " at " + place_in(text, wrong.offset());
    throw command_error(said + "; text needs quotes: '\"text\"'");
  }
}

inline bool is_json(std::string_view text) {
  try {
    json::check(text);
    return true;
  } catch (const json::error&) {
    return false;
  }
}

/// JSON text with other white space: `indent` blanks for each level, everything in one line when it is zero.
class json_layout {
 public:
  explicit json_layout(std::size_t indent) : indent_(indent) {}

  /// The text must be JSON.
  std::string apply(std::string_view text) {
    out_.clear();
    out_.reserve(text.size() * (indent_ == 0 ? 1 : 2));
    for (std::size_t at = 0; at < text.size();) at = step(text, at);
    return std::move(out_);
  }

 private:
  std::size_t step(std::string_view text, std::size_t at) {
    const char c = text[at];
    if (c == '"') return string(text, at);
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') return at + 1;
    if (c == '{' || c == '[') {
      open(c);
    } else if (c == '}' || c == ']') {
      close(c);
    } else if (c == ',') {
      out_ += c;
      new_line();
    } else if (c == ':') {
      out_ += indent_ == 0 ? ":" : ": ";
    } else {
      fill();
      out_ += c;
    }
    return at + 1;
  }
  std::size_t string(std::string_view text, std::size_t at) {
    fill();
    std::size_t end = at + 1;
    while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
    end = std::min(end + 1, text.size());
    out_ += text.substr(at, end - at);
    return end;
  }
  void open(char c) {
    fill();
    out_ += c;
    ++depth_;
    empty_ = true;
  }
  void close(char c) {
    --depth_;
    if (!empty_) new_line();
    empty_ = false;
    out_ += c;
  }
  /// Something stands in the innermost brackets.
  void fill() {
    if (!empty_) return;
    empty_ = false;
    new_line();
  }
  void new_line() {
    if (indent_ != 0) out_.append("\n").append(depth_ * indent_, ' ');
  }

  std::size_t indent_;
  std::string out_;
  std::size_t depth_ = 0;
  bool empty_ = false;
};

inline std::string indented_json(std::string_view text) { return json_layout(2).apply(text); }
inline std::string compact_json(std::string_view text) { return json_layout(0).apply(text); }

}  // namespace rondo::tools
