#pragma once
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "rondo/payload.hpp"

/// What is done to payloads between the converter and the server: encryption, compression.
namespace rondo {

/// Whose payload it is, as far as the message tells that it travels in; what is not known is empty. Namespace and
/// workflow id are the same on both ends of every payload of a workflow, so keys may be derived from them. A child or
/// a workflow that is signalled has its own id, not that of the sender.
struct serialization_context {
  std::string namespace_{}, workflow_id{}, workflow_type{};
  /// Of the input, result, heartbeats and failure of an activity, where it runs. The history knows its result as the
  /// workflow's, and that of a local activity is the workflow's everywhere.
  std::string activity_id{}, activity_type{}, task_queue{};
  /// Of the workflow or activity that a worker runs; clients do not know it when they start one. It differs between the
  /// two ends, so it is for names of places, not for keys.
  std::string run_id{};

  friend bool operator==(const serialization_context&, const serialization_context&) = default;
};

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
