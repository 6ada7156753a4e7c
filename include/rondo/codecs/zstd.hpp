#pragma once
#include <zstd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "rondo/codec.hpp"
#include "rondo/codecs/packing.hpp"

// Needs libzstd (package libzstd-dev).
namespace rondo {

struct zstd_options {
  /// As libzstd counts: negative ones are faster, those up to 22 pack better.
  int level = 3;
  /// Also compresses what gets no smaller.
  bool always = false;
  /// Bytes; a compressed payload that becomes larger than that is an error.
  std::size_t max_size = std::size_t{128} * 1024 * 1024;
};

/// Compresses whole payloads with Zstandard: encoding binary/zstd over the serialised payload, as zlib_codec does with
/// binary/zlib.
class zstd_codec final : public packing_codec {
 public:
  static constexpr std::string_view encoding = "binary/zstd";

  explicit zstd_codec(zstd_options options = zstd_options())
      : packing_codec(encoding, options.always), options_(options) {}

 private:
  struct deleter {
    void operator()(ZSTD_DStream* stream) const noexcept { ZSTD_freeDStream(stream); }
  };

  std::string pack(const std::string& plain) const override {
    std::string out(ZSTD_compressBound(plain.size()), '\0');
    const std::size_t size = ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), options_.level);
    if (ZSTD_isError(size) != 0) throw codec_error("a payload cannot be compressed");
    out.resize(size);
    return out;
  }

  /// Bit by bit: the size that the bytes announce is not trusted.
  std::string unpack(std::string_view packed) const override {
    const std::unique_ptr<ZSTD_DStream, deleter> stream(ZSTD_createDStream());
    if (!stream) throw codec_error("libzstd cannot be used");
    const std::size_t most = std::min(options_.max_size, SIZE_MAX - 1);
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    std::string out;
    std::size_t left = 1;
    bool is_full = true;
    while (left != 0 && (in.pos < in.size || is_full)) {
      const std::size_t filled = out.size();
      // One byte more than allowed shows that it is too much.
      const std::size_t wanted = std::clamp<std::size_t>(packed.size() * 4, 4096, std::size_t{16} * 1024 * 1024);
      const std::size_t room = std::min(wanted, most - filled + 1);
      out.resize(filled + room);
      ZSTD_outBuffer to{out.data() + filled, room, 0};
      left = ZSTD_decompressStream(stream.get(), &to, &in);
      out.resize(filled + to.pos);
      is_full = to.pos == room;
      if (ZSTD_isError(left) != 0) throw damaged();
      if (out.size() > most) throw too_large(options_.max_size);
    }
    if (left != 0 || in.pos < in.size) throw damaged();
    return out;
  }

  zstd_options options_;
};

}  // namespace rondo
