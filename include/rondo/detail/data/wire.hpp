#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/codec.hpp"
#include "rondo/payload.hpp"

// The wire format of protocol buffers, as far as messages have to be taken apart without knowing their types.
// https://protobuf.dev/programming-guides/encoding
namespace rondo::detail::data {

/// One field as it lies in a message.
struct wire_field {
  std::uint32_t number = 0;
  /// Has a length: a text, bytes or a message.
  bool delimited = false;
  /// Without tag and length.
  std::string_view content{};
  /// All of it.
  std::string_view raw{};
};

/// Takes a message apart. Throws codec_error when the bytes are none.
class wire_reader {
 public:
  explicit wire_reader(std::string_view bytes) : left_(bytes) {}

  /// Nothing at the end.
  std::optional<wire_field> next() {
    if (left_.empty()) return std::nullopt;
    const std::string_view begin = left_;
    const std::uint64_t tag = varint();
    wire_field found;
    found.number = static_cast<std::uint32_t>(tag >> 3U);
    if (found.number == 0 || (tag >> 32U) != 0) fail();
    switch (tag & 7U) {
      case 0: {
        const std::string_view value = left_;
        varint();
        found.content = value.substr(0, value.size() - left_.size());
        break;
      }
      case 1:
        found.content = take(8);
        break;
      case 2:
        found.delimited = true;
        found.content = take(varint());
        break;
      case 5:
        found.content = take(4);
        break;
      default:
        fail();
    }
    found.raw = begin.substr(0, begin.size() - left_.size());
    return found;
  }

 private:
  [[noreturn]] static void fail() { throw codec_error("a message cannot be read: its bytes are not a protobuf"); }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      if (left_.empty()) fail();
      const auto byte = static_cast<unsigned char>(left_.front());
      left_.remove_prefix(1);
      if (shift < 64) value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if ((byte & 0x80U) == 0) return value;
    }
    fail();
  }
  std::string_view take(std::uint64_t size) {
    if (size > left_.size()) fail();
    const std::string_view taken = left_.substr(0, static_cast<std::size_t>(size));
    left_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view left_;
};

inline void append_varint(std::string& to, std::uint64_t value) {
  for (; value >= 0x80U; value >>= 7U) to += static_cast<char>((value & 0x7FU) | 0x80U);
  to += static_cast<char>(value);
}

inline void append_field(std::string& to, std::uint32_t number, std::string_view content) {
  append_varint(to, std::uint64_t{number} << 3U | 2U);
  append_varint(to, content.size());
  to += content;
}

/// The content of the last field of this number; empty without one.
inline std::string_view find_field(std::string_view message, std::uint32_t number) {
  std::string_view found;
  wire_reader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == number && field->delimited) found = field->content;
  }
  return found;
}

/// temporal.api.common.v1.Payload: metadata is field 1, data field 2. Other fields go into `others` as they lie there.
inline payload read_payload(std::string_view message, std::string* others = nullptr) {
  payload out;
  wire_reader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == 1 && field->delimited) {
      out.metadata[std::string(find_field(field->content, 1))] = find_field(field->content, 2);
    } else if (field->number == 2 && field->delimited) {
      out.data = field->content;
    } else if (others != nullptr) {
      *others += field->raw;
    }
  }
  return out;
}

/// The entries of the metadata in the order of their keys, so the same payload gives the same bytes.
inline std::string payload_bytes(const payload& from) {
  std::string out;
  for (const auto& [key, value] : from.metadata) {
    std::string entry;
    append_field(entry, 1, key);
    append_field(entry, 2, value);
    append_field(out, 1, entry);
  }
  if (!from.data.empty()) append_field(out, 2, from.data);
  return out;
}

}  // namespace rondo::detail::data
