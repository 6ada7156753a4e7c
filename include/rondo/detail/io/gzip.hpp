#pragma once

#include <zlib.h>

#include <climits>
#include <cstddef>
#include <string>
#include <string_view>

#include "rondo/detail/io/inflate.hpp"

// Needs zlib (package zlib1g-dev).
namespace rondo::detail::io {

/// Messages below this many bytes travel as they are: little is won, and they are most.
inline constexpr std::size_t least_gzip_size = 512;

/// The bytes as gzip; empty when they get no smaller.
inline std::string gzip_packed(std::string_view plain) {
  if (plain.size() > UINT_MAX) return {};
  z_stream stream{};
  constexpr int memory_level = 8;
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_form, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
    return {};
  }
  std::string packed(plain.size(), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const bool fits = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  packed.resize(fits ? packed.size() - stream.avail_out : 0);
  deflateEnd(&stream);
  return packed;
}

}  // namespace rondo::detail::io
