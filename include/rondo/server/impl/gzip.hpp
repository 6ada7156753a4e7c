#pragma once

#include "rondo/server/gzip.hpp"

#include <zlib.h>

#include <algorithm>

namespace rondo::server {

RONDO_SERVER_FUNCTION bool gunzip(std::string_view packed, std::size_t most, std::string& into) {
  constexpr int gzip_only = 16 + MAX_WBITS;
  z_stream stream{};
  if (inflateInit2(&stream, gzip_only) != Z_OK) return false;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  into.clear();
  int result = Z_OK;
  while (result == Z_OK) {
    const std::size_t filled = into.size();
    // One byte more than allowed shows that it is too much.
    const std::size_t room = std::min(std::max<std::size_t>(packed.size() * 4, 4096), most + 1 - filled);
    if (room == 0) break;
    into.resize(filled + room);
    stream.next_out = reinterpret_cast<Bytef*>(into.data() + filled);
    stream.avail_out = static_cast<uInt>(room);
    result = inflate(&stream, Z_NO_FLUSH);
    into.resize(filled + room - stream.avail_out);
    if (stream.avail_in == 0 && stream.avail_out > 0 && result == Z_OK) result = Z_BUF_ERROR;
  }
  inflateEnd(&stream);
  return result == Z_STREAM_END && stream.avail_in == 0 && into.size() <= most;
}

}  // namespace rondo::server
