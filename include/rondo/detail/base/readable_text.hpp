#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "rondo/detail/base/utf8.hpp"

namespace rondo::detail {

/// At most so many bytes of the text, with U+FFFD for every byte that is not UTF-8.
inline std::string readable_text(std::string_view text, std::size_t most) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    if (out.size() + (length == 0 ? 3 : length) > most) break;
    if (length == 0) {
      append_utf8(out, U'\uFFFD');
      ++at;
    } else {
      out.append(text.substr(at, length));
      at += length;
    }
  }
  return out;
}

/// The same JSON with an escape for every character that is not printable ASCII. The text is valid UTF-8.
inline std::string ascii_json(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  const auto escape = [&](unsigned unit) {
    out += "\\u";
    for (unsigned shift = 16; shift > 0;) {
      shift -= 4;
      out += digits[(unit >> shift) & 15U];
    }
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
    if (length <= 1) {
      if (byte(0) < 0x7F) {
        out += text[at];
      } else {
        escape(byte(0));
      }
      ++at;
      continue;
    }
    unsigned point = byte(0) & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) point = (point << 6U) | (byte(i) & 63U);
    if (point >= 0x10000) {
      escape(0xD800U + ((point - 0x10000U) >> 10U));
      escape(0xDC00U + ((point - 0x10000U) & 0x3FFU));
    } else {
      escape(point);
    }
    at += length;
  }
  return out;
}

}  // namespace rondo::detail
