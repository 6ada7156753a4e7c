#pragma once
#include <cstdint>
#include <string>
#include <utility>

#include "rondo/detail/engine/machine.hpp"
#include "rondo/detail/engine/object_pool.hpp"

namespace rondo::detail::engine {

/// Details of a marker that are one JSON value.
template <class Value>
void write_marker_detail(const char* key, const Value& value,
                         temporal::api::command::v1::RecordMarkerCommandAttributes& to) {
  write_json(value, *(*to.mutable_details())[key].add_payloads());
}
/// The JSON of a detail of a marker; empty when there is none.
inline std::string_view marker_detail(const HistoryEvent& event, std::string_view key) {
  const auto& details = event.marker_recorded_event_attributes().details();
  const auto found = details.find(std::string(key));
  return found == details.end() || found->second.payloads().empty() ? std::string_view{}
                                                                    : found->second.payloads(0).data();
}
inline bool is_marker(const HistoryEvent& event, std::string_view name) {
  return event.event_type() == enums::EVENT_TYPE_MARKER_RECORDED &&
         event.marker_recorded_event_attributes().marker_name() == name;
}

enum class note_state : std::uint8_t { command, recorded, count_ };
enum class note_input : std::uint8_t { recorded, count_ };

/// Something that a run only puts into its history: a marker, or a change of its attributes. Nobody waits for it.
class note_machine final : public table_machine<note_machine, note_state, note_input> {
 public:
  using pool = object_pool<note_machine>;
  note_machine(machine_services& of, pool& home) : table_machine(of), home_(home) {}

  /// `what` is how people read it. A marker has a name, and the JSON of one detail by which it is told from others.
  /// Returns the command to fill; null on replay.
  Command* begin(enums::CommandType command, std::string what, std::string marker = {}, std::string key = {},
                 std::string json = {}) {
    reset();
    what_ = std::move(what);
    marker_ = std::move(marker);
    key_ = std::move(key);
    json_ = std::move(json);
    const auto place = run_.commands.add(command, *this);
    if (!run_.commands.live()) return nullptr;
    Command* message = run_.commands.message(place);
    if (!marker_.empty()) message->mutable_record_marker_command_attributes()->set_marker_name(marker_);
    return message;
  }

  static const auto& table() {
    static constexpr auto all = make_table<note_machine, note_state, note_input>({
        {note_state::command, note_input::recorded, note_state::recorded},
    });
    return all;
  }

  void cancel() override {}
  bool matches(const HistoryEvent& event) const override {
    return marker_.empty() || (is_marker(event, marker_) && marker_detail(event, key_) == json_);
  }
  bool apply(const HistoryEvent& event) override { return handle(note_input::recorded, &event); }
  std::string description() const override { return what_; }
  void recycle() override { home_.release(*this); }

 private:
  pool& home_;
  std::string what_, marker_, key_, json_;
};

}  // namespace rondo::detail::engine
