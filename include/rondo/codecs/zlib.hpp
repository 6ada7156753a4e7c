#pragma once
#include <zlib.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/codec.hpp"
#include "rondo/detail/data/wire.hpp"
#include "rondo/detail/io/inflate.hpp"
#include "rondo/payload.hpp"

// Needs zlib (package zlib1g-dev).
namespace rondo {

struct zlib_options {
  /// Also compresses what gets no smaller.
  bool always = false;
  /// Bytes; a compressed payload that becomes larger than that is an error.
  std::size_t max_size = std::size_t{128} * 1024 * 1024;
};

/// Compresses whole payloads; the form is that of Temporal's Go SDK: encoding binary/zlib.
class zlib_codec final : public codec {
 public:
  static constexpr std::string_view encoding = "binary/zlib";

  explicit zlib_codec(zlib_options options = zlib_options()) : options_(options) {}

  void encode(std::span<payload> payloads, const serialization_context& /*context*/) const override {
    for (auto& each : payloads) {
      const std::string plain = detail::data::payload_bytes(each);
      std::string packed = pack(plain);
      if (packed.size() >= plain.size() && !options_.always) continue;
      each = payload();
      each.metadata["encoding"] = encoding;
      each.data = std::move(packed);
    }
  }

  void decode(std::span<payload> payloads, const serialization_context& /*context*/) const override {
    for (auto& each : payloads) {
      if (each.encoding() != encoding) continue;
      const std::string plain = unpack(each.data);
      each = detail::data::read_payload(plain);
    }
  }

 private:
  static std::string pack(const std::string& plain) {
    uLongf size = compressBound(static_cast<uLong>(plain.size()));
    std::string out(size, '\0');
    const int result = compress(reinterpret_cast<Bytef*>(out.data()), &size,
                                reinterpret_cast<const Bytef*>(plain.data()), static_cast<uLong>(plain.size()));
    if (result != Z_OK) throw codec_error("a payload cannot be compressed");
    out.resize(size);
    return out;
  }

  std::string unpack(std::string_view packed) const {
    using detail::io::inflated;
    std::string out;
    const auto result = detail::io::inflate_at_most(packed, detail::io::zlib_form, options_.max_size, out);
    if (result == inflated::too_large) {
      throw codec_error("a compressed payload has more than " + std::to_string(options_.max_size) + " bytes");
    }
    if (result == inflated::damaged) throw codec_error("a compressed payload is damaged");
    return out;
  }

  zlib_options options_;
};

}  // namespace rondo
