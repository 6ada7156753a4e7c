#pragma once
#include <zlib.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "rondo/codec.hpp"
#include "rondo/codecs/packing.hpp"
#include "rondo/detail/io/inflate.hpp"

// Needs zlib (package zlib1g-dev).
namespace rondo {

struct zlib_options {
  /// Also compresses what gets no smaller.
  bool always = false;
  /// Bytes; a compressed payload that becomes larger than that is an error.
  std::size_t max_size = std::size_t{128} * 1024 * 1024;
};

/// Compresses whole payloads; the form is that of Temporal's Go SDK: encoding binary/zlib.
class zlib_codec final : public packing_codec {
 public:
  static constexpr std::string_view encoding = "binary/zlib";

  explicit zlib_codec(zlib_options options = zlib_options())
      : packing_codec(encoding, options.always), options_(options) {}

 private:
  std::string pack(const std::string& plain) const override {
    uLongf size = compressBound(static_cast<uLong>(plain.size()));
    std::string out(size, '\0');
    const int result = compress(reinterpret_cast<Bytef*>(out.data()), &size,
                                reinterpret_cast<const Bytef*>(plain.data()), static_cast<uLong>(plain.size()));
    if (result != Z_OK) throw codec_error("a payload cannot be compressed");
    out.resize(size);
    return out;
  }

  std::string unpack(std::string_view packed) const override {
    using detail::io::inflated;
    std::string out;
    const auto result = detail::io::inflate_at_most(packed, detail::io::zlib_form, options_.max_size, out);
    if (result == inflated::too_large) throw too_large(options_.max_size);
    if (result == inflated::damaged) throw damaged();
    return out;
  }

  zlib_options options_;
};

}  // namespace rondo
