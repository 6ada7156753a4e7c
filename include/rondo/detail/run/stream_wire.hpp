#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/detail/base/base64.hpp"
#include "rondo/detail/data/wire.hpp"
#include "rondo/payload.hpp"

// What workflow streams and their readers and publishers say to each other: the protocol of temporalio's
// contrib.workflow_streams and of its counterparts in other languages. An item travels as the base64 text of a
// serialized Payload, since payloads cannot be fields of JSON; codecs work on the message around it.
namespace rondo::detail::stream_wire {

inline constexpr std::string_view publish_signal = "__temporal_workflow_stream_publish";
/// An update that waits for items, and a query that does not.
inline constexpr std::string_view poll_name = "__temporal_workflow_stream_poll";
inline constexpr std::string_view offset_query = "__temporal_workflow_stream_offset";

/// Types of the failures by which the stream refuses a poll.
inline constexpr std::string_view draining_type = "StreamDraining";
inline constexpr std::string_view truncated_type = "TruncatedOffset";

/// Bytes of the items in one message; a larger one stands alone.
inline constexpr std::size_t most_bytes = 1'000'000;

struct entry {
  std::string topic{}, data{};
};

/// What a publisher sends. One with an id is taken once: only when its sequence number is above the last one.
struct batch {
  std::vector<entry> items{};
  std::string publisher_id{};
  std::int64_t sequence = 0;
};

struct question {
  /// Empty: all.
  std::vector<std::string> topics{};
  std::int64_t from_offset = 0;
};

struct item {
  std::string topic{}, data{};
  std::int64_t offset = 0;
};

struct answer {
  std::vector<item> items{};
  std::int64_t next_offset = 0;
  /// There was no room for all.
  bool more_ready = false;
};

inline std::size_t size_of(const std::string& topic, const std::string& data) { return topic.size() + data.size(); }

inline std::string pack(const payload& value) { return base64_encode(data::payload_bytes(value)); }
/// Throws codec_error.
inline payload unpack(std::string_view text) {
  const auto bytes = base64_decode(text);
  if (!bytes) throw codec_error("an item of a stream cannot be read: it is not base64");
  return data::read_payload(*bytes);
}

}  // namespace rondo::detail::stream_wire
