#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/engine/note_machine.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/json.hpp"

namespace rondo::detail::engine {

inline constexpr const char* side_effect_marker = "SideEffect";
inline constexpr const char* mutable_side_effect_marker = "MutableSideEffect";
inline constexpr const char* side_effect_id = "side-effect-id";
inline constexpr const char* side_effect_data = "data";

/// Values that a run made itself, of which the history keeps what they were.
class side_effects {
 public:
  side_effects(machine_services& of, note_machine::pool& notes) : run_(of), notes_(notes) {}

  /// On replay: the task recorded this.
  void expect(const HistoryEvent& event) {
    if (!is_marker(event, side_effect_marker) && !is_marker(event, mutable_side_effect_marker)) return;
    const auto& details = event.marker_recorded_event_attributes().details();
    const auto found = details.find(side_effect_data);
    expected_[std::string(marker_detail(event, side_effect_id))] = found == details.end() ? Payloads() : found->second;
  }
  void end_task() { expected_.clear(); }

  /// The value that was recorded, or that `make` makes now. Valid until the next call.
  payload_span once(const run::encoder& make, std::string_view summary) {
    const std::string key = std::to_string(++last_);
    // On replay without a record the code gets something to work with until the comparison says what is wrong.
    if (!take_expected(key, current_)) {
      Payloads made;
      message_sink sink(made);
      make(sink);
      current_ = std::move(made);
    }
    record(side_effect_marker, "side effect " + key, key, current_, summary);
    return run_.views.of(current_);
  }

  /// The value of this name that was recorded last; `change` may make another. Valid until the next call.
  payload_span latest(std::string_view id, run::changing_value& change, std::string_view summary) {
    auto& known = values_[std::string(id)];
    const bool first = known.calls++ == 0;
    const std::string key = json::dump(std::string(id) + "#" + std::to_string(known.calls));
    if (!take_expected(key, known.value)) {
      if (!run_.commands.live() && !first) return run_.views.of(known.value);
      Payloads made;
      message_sink sink(made);
      if (!change.make(first ? payload_span{} : run_.views.of(known.value), sink)) return run_.views.of(known.value);
      known.value = std::move(made);
    }
    record(mutable_side_effect_marker, "mutable side effect " + key, key, known.value, summary);
    return run_.views.of(known.value);
  }

 private:
  struct changing {
    Payloads value;
    std::uint64_t calls = 0;
  };
  bool take_expected(const std::string& key, Payloads& to) {
    const auto found = expected_.find(key);
    if (found == expected_.end()) return false;
    to = std::move(found->second);
    expected_.erase(found);
    return true;
  }
  void record(const char* marker, std::string what, const std::string& key, const Payloads& value,
              std::string_view summary) {
    Command* command = notes_.acquire(run_, notes_)
                           .begin(enums::COMMAND_TYPE_RECORD_MARKER, std::move(what), marker, side_effect_id, key);
    if (command == nullptr) return;
    auto& details = *command->mutable_record_marker_command_attributes()->mutable_details();
    auto& id = *details[side_effect_id].add_payloads();
    (*id.mutable_metadata())["encoding"] = encoding::json;
    id.set_data(key);
    details[side_effect_data] = value;
    if (!summary.empty()) write_json(summary, *command->mutable_user_metadata()->mutable_summary());
  }

  machine_services& run_;
  note_machine::pool& notes_;
  std::uint64_t last_ = 0;
  Payloads current_;
  /// By the JSON of the id of the marker.
  std::map<std::string, Payloads, std::less<>> expected_;
  std::map<std::string, changing, std::less<>> values_;
};

}  // namespace rondo::detail::engine
