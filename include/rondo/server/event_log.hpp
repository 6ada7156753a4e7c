#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <temporal/api/history/v1/message.pb.h>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::server {

using history_event = temporal::api::history::v1::HistoryEvent;

/// The events of a run, serialized once: any part of them is a serialized temporal.api.history.v1.History.
class event_log {
 public:
  /// Ids begin with 1 and leave no gap.
  std::int64_t next_id() const noexcept { return static_cast<std::int64_t>(offsets_.size()) + 1; }
  std::size_t bytes() const noexcept { return bytes_.size(); }

  /// The event's id is next_id().
  void append(const history_event& event) {
    assert(event.event_id() == next_id());
    append_serialized(event.SerializeAsString());
  }

  /// Serialized events of a run, one after the other as part() gives them.
  void append_part(std::string_view part) {
    google::protobuf::io::CodedInputStream input(reinterpret_cast<const std::uint8_t*>(part.data()),
                                                 static_cast<int>(part.size()));
    std::uint32_t size = 0;
    while (input.ReadTag() == event_tag && input.ReadVarint32(&size) && input.Skip(static_cast<int>(size))) {
      offsets_.push_back(bytes_.size());
      const auto end = static_cast<std::size_t>(input.CurrentPosition());
      bytes_.append(part.substr(read_, end - read_));
      read_ = end;
    }
    read_ = 0;
  }

  /// The events from `first` to `last`, both included, as a serialized History; empty when there are none.
  std::string_view part(std::int64_t first, std::int64_t last) const noexcept {
    if (first > last || first >= next_id()) return {};
    const std::size_t begin = offsets_[index(first)];
    const std::size_t end = last + 1 >= next_id() ? bytes_.size() : offsets_[index(last + 1)];
    return std::string_view(bytes_).substr(begin, end - begin);
  }

  history_event at(std::int64_t id) const {
    temporal::api::history::v1::History one;
    const auto bytes = part(id, id);
    one.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    assert(one.events_size() == 1);
    return std::move(*one.mutable_events(0));
  }

 private:
  static constexpr std::uint32_t event_tag = 1U << 3U | 2U;

  static std::size_t index(std::int64_t id) noexcept { return static_cast<std::size_t>(id - 1); }

  void append_serialized(const std::string& event) {
    offsets_.push_back(bytes_.size());
    std::uint8_t head[11];
    std::uint8_t* end = google::protobuf::io::CodedOutputStream::WriteTagToArray(event_tag, head);
    end = google::protobuf::io::CodedOutputStream::WriteVarint32ToArray(static_cast<std::uint32_t>(event.size()), end);
    bytes_.append(reinterpret_cast<const char*>(head), static_cast<std::size_t>(end - head));
    bytes_.append(event);
  }

  std::string bytes_;
  std::vector<std::size_t> offsets_;
  std::size_t read_ = 0;
};

/// Appends a length-delimited field to a serialized message: how a part of an event_log enters a response unparsed.
inline void append_field(std::string& message, int field, std::string_view bytes) {
  std::uint8_t head[16];
  std::uint8_t* end =
      google::protobuf::io::CodedOutputStream::WriteTagToArray(static_cast<std::uint32_t>(field) << 3U | 2U, head);
  end = google::protobuf::io::CodedOutputStream::WriteVarint32ToArray(static_cast<std::uint32_t>(bytes.size()), end);
  message.append(reinterpret_cast<const char*>(head), static_cast<std::size_t>(end - head));
  message.append(bytes);
}

}  // namespace rondo::server
