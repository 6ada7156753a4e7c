#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "rondo/detail/engine/api.hpp"
#include "rondo/json.hpp"
#include "rondo/options.hpp"
#include "rondo/payload.hpp"

// Payloads, durations and times between the wire and the vocabulary types.
namespace rondo::detail::engine {

inline void copy_payload(const Payload& from, payload& to) {
  for (const auto& [key, value] : from.metadata()) to.metadata.emplace(key, value);
  to.data = from.data();
}

/// Whether a text is a literal; a comparison of so few bytes is inlined, unlike that of two texts.
template <std::size_t Size>
bool is_literal(const std::string& text, const char (&literal)[Size]) noexcept {
  return text.size() == Size - 1 && std::memcmp(text.data(), literal, Size - 1) == 0;
}

/// A view of a message, valid while the message is.
inline payload_view view_of(const Payload& from) {
  std::string_view encoding, message_type;
  // Most have one entry or two: going over them is quicker than two searches.
  for (const auto& [key, value] : from.metadata()) {
    if (is_literal(key, "encoding")) {
      encoding = value;
    } else if (is_literal(key, "messageType")) {
      message_type = value;
    }
  }
  return payload_view(encoding, message_type, from.data(), &from, [](const void* source, payload& out) {
    copy_payload(*static_cast<const Payload*>(source), out);
  });
}

/// Views of several payloads; keeps its memory, so that reading the next message allocates nothing.
class payload_views {
 public:
  /// Valid until the next call and while the message is.
  payload_span of(const Payloads& from) {
    views_.clear();
    for (const auto& each : from.payloads()) views_.push_back(view_of(each));
    return views_;
  }

 private:
  std::vector<payload_view> views_;
};

inline payload_list list_of(const Payloads& from) {
  payload_list list(static_cast<std::size_t>(from.payloads_size()));
  for (int i = 0; i < from.payloads_size(); ++i) copy_payload(from.payloads(i), list[static_cast<std::size_t>(i)]);
  return list;
}

inline void write_payload(const payload& from, Payload& to) {
  for (const auto& [key, value] : from.metadata) (*to.mutable_metadata())[key] = value;
  to.set_data(from.data);
}
inline void write_payloads(const payload_list& from, Payloads& to) {
  for (const auto& each : from) write_payload(each, *to.add_payloads());
}

/// Writes named payloads into the map of a memo or of search attributes.
template <class Map>
void write_payload_map(const payload_map& from, Map& to) {
  for (const auto& [name, value] : from) write_payload(value, to[name]);
}

template <class Map>
void read_payload_map(const Map& from, payload_map& to) {
  for (const auto& [name, value] : from) copy_payload(value, to[name]);
}

/// Writes encoded values into a message.
class message_sink final : public payload_sink {
 public:
  explicit message_sink(Payloads& to) : to_(to) {}
  std::string& add(std::string_view encoding) override {
    Payload& added = *to_.add_payloads();
    (*added.mutable_metadata())["encoding"] = encoding;
    return *added.mutable_data();
  }
  void set_metadata(std::string_view key, std::string_view value) override {
    Payload& last = *to_.mutable_payloads(to_.payloads_size() - 1);
    (*last.mutable_metadata())[std::string(key)] = value;
  }

 private:
  Payloads& to_;
};

/// Makes `to` the JSON of `value`.
template <class Value>
void write_json(const Value& value, Payload& to) {
  (*to.mutable_metadata())["encoding"] = encoding::json;
  to.mutable_data()->clear();
  json::write(*to.mutable_data(), value);
}

inline duration duration_of(const google::protobuf::Duration& from) {
  return std::chrono::seconds(from.seconds()) + std::chrono::nanoseconds(from.nanos());
}
inline void write_duration(duration from, google::protobuf::Duration& to) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(from);
  to.set_seconds(seconds.count());
  to.set_nanos(static_cast<std::int32_t>((from - seconds).count()));
}
inline std::chrono::sys_time<duration> time_of(const google::protobuf::Timestamp& from) {
  return std::chrono::sys_time<duration>(std::chrono::seconds(from.seconds()) + std::chrono::nanoseconds(from.nanos()));
}

}  // namespace rondo::detail::engine
