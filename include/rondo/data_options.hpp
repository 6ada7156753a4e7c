#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

#include "rondo/codec.hpp"
#include "rondo/log.hpp"

namespace rondo {

class failure_converter;
class payload_storage;

/// Whose headers go through the codecs.
enum class header_encoding : std::uint8_t {
  /// Nobody's.
  none,
  /// Those of starts, messages and schedules of clients, of workflow tasks and of activities.
  all,
  /// Those that reach workflows and those that workflows send. Neither clients encode theirs, nor activities see them
  /// decoded: for programs whose clients and activities handle headers themselves.
  workflow_tasks,
};

/// What a connection does with payloads on their way between converter and server. It is done exactly once for each
/// payload: arguments, results, details and encoded attributes of failures, heartbeats, memos, markers, updates,
/// queries and user metadata. Search attributes are left alone, as the server reads them.
struct data_options {
  /// The first one is the outermost: it encodes last and decodes first.
  codec_chain codecs{};
  /// Which payloads of headers they are for too; the same at both ends.
  header_encoding encode_headers = header_encoding::none;
  /// Moves message and stack trace of failures into their encoded attributes, so that codecs hide them.
  bool encode_failure_texts = false;
  /// What exceptions travel as, and what is thrown for failures (rondo/failure_converter.hpp); null: the types of
  /// rondo/failure.hpp. Codecs see what it has made.
  std::shared_ptr<const failure_converter> failures{};
  /// Keeps large payloads outside of the server; null: nothing does.
  std::shared_ptr<const payload_storage> storage{};
  /// Bytes; a warning is written for payloads and memos that are larger. Zero: none is.
  std::size_t payload_warning_size = 512 * 1024;
  std::size_t memo_warning_size = 2 * 1024;
  /// Lets payloads pass that are larger than the server takes: something on the way makes them smaller.
  bool disable_payload_error_limit = false;
  /// Takes the warnings; a worker gives its own logger to a connection that has none.
  logger log{};
};

}  // namespace rondo
