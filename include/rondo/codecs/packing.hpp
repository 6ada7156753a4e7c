#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/codec.hpp"
#include "rondo/detail/data/wire.hpp"
#include "rondo/payload.hpp"

namespace rondo {

/// For codecs that compress: packs whole serialised payloads, marked by an encoding of their own, as Temporal's Go SDK
/// does with zlib. Leaves those alone that get no smaller.
class packing_codec : public codec {
 public:
  void encode(std::span<payload> payloads, const serialization_context& /*context*/) const final {
    for (auto& each : payloads) {
      const std::string plain = detail::data::payload_bytes(each);
      std::string packed = pack(plain);
      if (packed.size() >= plain.size() && !always_) continue;
      each = payload();
      each.metadata["encoding"] = encoding_;
      each.data = std::move(packed);
    }
  }

  void decode(std::span<payload> payloads, const serialization_context& /*context*/) const final {
    for (auto& each : payloads) {
      if (each.encoding() != encoding_) continue;
      const std::string plain = unpack(each.data);
      each = detail::data::read_payload(plain);
    }
  }

 protected:
  /// `encoding` outlives the codec. `always`: packs also what gets no smaller.
  packing_codec(std::string_view encoding, bool always) : encoding_(encoding), always_(always) {}

  /// Both throw codec_error.
  virtual std::string pack(const std::string& plain) const = 0;
  virtual std::string unpack(std::string_view packed) const = 0;

  static codec_error damaged() { return codec_error("a compressed payload is damaged"); }
  static codec_error too_large(std::size_t most) {
    return codec_error("a compressed payload has more than " + std::to_string(most) + " bytes");
  }

 private:
  std::string_view encoding_;
  bool always_;
};

}  // namespace rondo
