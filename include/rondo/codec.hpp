#pragma once
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "rondo/payload.hpp"
#include "rondo/serialization_context.hpp"

/// What is done to payloads between the converter and the server: encryption, compression.
namespace rondo {

/// A payload cannot be encoded or decoded: a key is missing, bytes were changed, a codec server refuses.
class codec_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Changes payloads on their way out, and back on their way in. Used by several threads at a time when it is slow.
class codec {
 public:
  codec() = default;
  codec(const codec&) = delete;
  codec& operator=(const codec&) = delete;
  virtual ~codec() = default;

  /// Replaces each payload by its encoded form. Throws codec_error.
  virtual void encode(std::span<payload> payloads, const serialization_context& context) const = 0;
  /// Replaces each payload that this codec has encoded by what it was; leaves others as they are, such as those from
  /// before the codec was used. Throws codec_error.
  virtual void decode(std::span<payload> payloads, const serialization_context& context) const = 0;
  /// True for a codec that waits for others: it is then called on another thread than that of the event loop.
  virtual bool is_slow() const { return false; }
};

/// Codecs one after the other: the last one encodes first, so the first is the outermost, and decodes first.
using codec_chain = std::vector<std::shared_ptr<const codec>>;

/// Lets every codec of the chain encode, from the last to the first.
inline void encode_with(const codec_chain& chain, std::span<payload> payloads, const serialization_context& context) {
  for (auto each = chain.rbegin(); each != chain.rend(); ++each) (*each)->encode(payloads, context);
}

/// Lets every codec of the chain decode, from the first to the last.
inline void decode_with(const codec_chain& chain, std::span<payload> payloads, const serialization_context& context) {
  for (const auto& each : chain) each->decode(payloads, context);
}

}  // namespace rondo
