#pragma once

#include <zlib.h>

#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Needs zlib (package zlib1g-dev).
namespace rondo::detail::io {

/// What zlib calls the form of its own, and that of gzip.
inline constexpr int zlib_form = MAX_WBITS;
inline constexpr int gzip_form = 16 + MAX_WBITS;

enum class inflated { complete, damaged, too_large };

/// Unpacks what is in the form, at most `most` bytes. Nothing may lie behind gzip; what does behind zlib's form is
/// left.
inline inflated inflate_at_most(std::string_view packed, int form, std::size_t most, std::string& into) {
  into.clear();
  if (packed.size() > UINT_MAX) return inflated::too_large;
  z_stream stream{};
  if (inflateInit2(&stream, form) != Z_OK) return inflated::damaged;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  most = std::min(most, SIZE_MAX - 1);
  int result = Z_OK;
  while (result == Z_OK && into.size() <= most) {
    const std::size_t filled = into.size();
    // One byte more than allowed shows that it is too much.
    const std::size_t wanted = std::clamp<std::size_t>(packed.size() * 4, 4096, std::size_t{16} * 1024 * 1024);
    const std::size_t room = std::min(wanted, most - filled + 1);
    into.resize(filled + room);
    stream.next_out = reinterpret_cast<Bytef*>(into.data() + filled);
    stream.avail_out = static_cast<uInt>(room);
    result = inflate(&stream, Z_NO_FLUSH);
    into.resize(filled + room - stream.avail_out);
    if (result == Z_OK && stream.avail_in == 0 && stream.avail_out > 0) result = Z_BUF_ERROR;
  }
  inflateEnd(&stream);
  if (into.size() > most) return inflated::too_large;
  const bool is_whole = result == Z_STREAM_END && (form != gzip_form || stream.avail_in == 0);
  return is_whole ? inflated::complete : inflated::damaged;
}

}  // namespace rondo::detail::io
