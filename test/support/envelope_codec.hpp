#pragma once
#include <span>
#include <string>
#include <utility>

#include "rondo/codec.hpp"
#include "rondo/detail/data/wire.hpp"
#include "rondo/payload.hpp"

namespace rondo::test {

/// Puts a payload into an envelope that says whose it is; one that is opened in another's hands is an error.
class envelope_codec final : public codec {
 public:
  explicit envelope_codec(std::string mark, bool slow = false) : mark_(std::move(mark)), slow_(slow) {}

  void encode(std::span<payload> payloads, const serialization_context& context) const override {
    for (auto& each : payloads) {
      std::string inside = detail::data::payload_bytes(each);
      each = payload();
      each.metadata["encoding"] = mark_;
      each.metadata["owner"] = context.namespace_ + "/" + context.workflow_id;
      each.data = std::move(inside);
    }
  }
  void decode(std::span<payload> payloads, const serialization_context& context) const override {
    for (auto& each : payloads) {
      if (each.encoding() != mark_) continue;
      if (each.entry("owner") != context.namespace_ + "/" + context.workflow_id) {
        throw codec_error("sealed by " + std::string(each.entry("owner")) + ", opened by " + context.workflow_id);
      }
      const std::string inside = each.data;
      each = detail::data::read_payload(inside);
    }
  }
  bool is_slow() const override { return slow_; }

 private:
  std::string mark_;
  bool slow_;
};

}  // namespace rondo::test
