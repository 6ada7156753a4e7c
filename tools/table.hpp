#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/base/utf8.hpp"

namespace rondo::tools {

/// The text in one line that cannot drive a terminal: control characters become blanks, bytes that are not UTF-8 '?'.
inline std::string one_line(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = rondo::detail::utf8_length(text, at);
    const auto byte = static_cast<unsigned char>(text[at]);
    const bool c1 = length == 2 && byte == 0xC2 && static_cast<unsigned char>(text[at + 1]) < 0xA0;
    if (length == 0) {
      line += '?';
    } else if (byte < 0x20 || byte == 0x7F || c1) {
      line += ' ';
    } else {
      line += text.substr(at, length);
    }
    at += std::max<std::size_t>(length, 1);
  }
  return line;
}

/// Characters of a UTF-8 text.
inline std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// At most `width` characters, the last of them an ellipsis when something is left out.
inline std::string shortened(std::string_view text, std::size_t width) {
  if (width_of(text) <= width) return std::string(text);
  std::size_t at = 0;
  for (std::size_t i = 0; i + 1 < width; ++i) at += std::max<std::size_t>(rondo::detail::utf8_length(text, at), 1);
  return std::string(text.substr(0, at)) + "\xE2\x80\xA6";
}

enum class align { left, right };

struct table_column {
  std::string name;
  align side = align::left;
  /// Characters, at least.
  std::size_t width = 0;
};

/// Rows in aligned columns, two blanks between them. Rows may be printed piece by piece: widths never shrink.
class table {
 public:
  explicit table(std::vector<table_column> columns) : columns_(std::move(columns)) {
    for (auto& column : columns_) column.width = std::max(column.width, width_of(column.name));
  }

  /// One cell for each column.
  void add(std::vector<std::string> cells) {
    cells.resize(columns_.size());
    for (std::size_t i = 0; i < cells.size(); ++i) {
      cells[i] = one_line(cells[i]);
      columns_[i].width = std::max(columns_[i].width, width_of(cells[i]));
    }
    rows_.push_back(std::move(cells));
  }
  bool empty() const noexcept { return rows_.empty(); }

  std::string header() const {
    std::vector<std::string> names;
    for (const auto& column : columns_) names.push_back(column.name);
    return line(names);
  }
  /// The lines of the rows added since the last call.
  std::string take_rows() {
    std::string text;
    for (const auto& row : rows_) text += line(row);
    rows_.clear();
    return text;
  }
  std::string take_all() {
    std::string text = header();
    return text += take_rows();
  }

 private:
  std::string line(const std::vector<std::string>& cells) const {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string blanks(columns_[i].width - std::min(columns_[i].width, width_of(cells[i])), ' ');
      text += "  ";
      text += columns_[i].side == align::right ? blanks + cells[i] : cells[i] + blanks;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text += '\n';
  }

  std::vector<table_column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// Names and values, one pair a line. Empty values are left out.
class property_list {
 public:
  void add(std::string name, std::string_view value) {
    if (!value.empty()) pairs_.emplace_back(std::move(name), one_line(value));
  }
  /// For values of several lines; those after the first are indented as the first.
  void add_lines(std::string name, const std::vector<std::string>& lines) {
    for (const auto& each : lines) pairs_.emplace_back(std::exchange(name, {}), one_line(each));
  }
  bool empty() const noexcept { return pairs_.empty(); }

  std::string text() const {
    std::size_t width = 0;
    for (const auto& pair : pairs_) width = std::max(width, width_of(pair.first));
    std::string all;
    for (const auto& [name, value] : pairs_) {
      std::string line = "  ";
      line.append(name).append(width - width_of(name) + 2, ' ').append(value);
      line.erase(line.find_last_not_of(' ') + 1);
      all.append(line).append("\n");
    }
    return all;
  }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

}  // namespace rondo::tools
