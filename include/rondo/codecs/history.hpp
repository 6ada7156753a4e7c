#pragma once
#include <string>
#include <utility>

#include "rondo/client/history.hpp"
#include "rondo/codec.hpp"
#include "rondo/data_options.hpp"
#include "rondo/detail/data/payload_fields.hpp"
#include "rondo/detail/data/pipeline.hpp"

namespace rondo {

/// A history that others have exported, with its payloads as they were before they were encoded: to look at, to replay.
/// What a client with codecs has fetched is decoded already. Throws codec_error.
inline workflow_history decode_history(const workflow_history& encoded, data_options options,
                                       std::string namespace_name = "default") {
  const detail::data::pipeline through(std::move(options));
  const serialization_context context{.namespace_ = std::move(namespace_name), .workflow_id = encoded.workflow_id()};
  return workflow_history(encoded.workflow_id(),
                          through.decode(detail::data::node::history_History, encoded.bytes(), context));
}

}  // namespace rondo
