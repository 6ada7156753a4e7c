#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rondo/detail/engine/machine.hpp"
#include "rondo/json.hpp"

namespace rondo::detail::engine {

/// The marker that records a patch, and the search attribute that lists all patches of a run.
inline constexpr std::string_view patch_marker = "core_patch";
inline constexpr std::string_view patch_marker_data = "patch-data";
inline constexpr std::string_view patch_search_attribute = "TemporalChangeVersion";

/// What a patch marker says.
struct patch_record {
  std::string id{};
  bool deprecated = false;
};

/// Empty when the event is no patch marker, or cannot be read.
inline std::optional<patch_record> patch_of(const HistoryEvent& event) {
  if (event.event_type() != enums::EVENT_TYPE_MARKER_RECORDED) return {};
  const auto& attributes = event.marker_recorded_event_attributes();
  if (attributes.marker_name() != patch_marker) return {};
  const auto found = attributes.details().find(patch_marker_data);
  if (found == attributes.details().end() || found->second.payloads_size() != 1) return {};
  try {
    return json::parse<patch_record>(found->second.payloads(0).data());
  } catch (const std::exception&) {
    return {};
  }
}

/// True for the event that a patch's search attribute becomes: it follows the marker and belongs to it.
inline bool is_patch_upsert(const HistoryEvent& event) {
  if (event.event_type() != enums::EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES) return false;
  const auto& fields = event.upsert_workflow_search_attributes_event_attributes().search_attributes().indexed_fields();
  return fields.size() == 1 && fields.contains(patch_search_attribute);
}

/// Adds the command that sets the list of patches; it belongs to the marker before it and is not looked for alone.
inline void add_patch_list(machine_services& in, machine& by, const std::string& list) {
  const auto place = in.commands.add(enums::COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES, by, true);
  if (!in.commands.live()) return;
  auto& fields = *in.commands.message(place)
                      ->mutable_upsert_workflow_search_attributes_command_attributes()
                      ->mutable_search_attributes()
                      ->mutable_indexed_fields();
  Payload& to = fields[std::string(patch_search_attribute)];
  (*to.mutable_metadata())["encoding"] = encoding::json;
  (*to.mutable_metadata())["type"] = "KeywordList";
  to.set_data(list);
}

enum class patch_state : std::uint8_t { marker_command, recorded, count_ };
enum class patch_input : std::uint8_t { recorded, count_ };

/// The marker of one patch.
class patch_machine final : public table_machine<patch_machine, patch_state, patch_input> {
 public:
  patch_machine(machine_services& of, std::string id) : table_machine(of), id_(std::move(id)) {}

  /// Asks for the marker and, when `upsert` is not null, for the search attribute with this JSON list after it.
  void begin(bool deprecated, const std::string* upsert) {
    join_groups();
    const auto marker = run_.commands.add(enums::COMMAND_TYPE_RECORD_MARKER, *this);
    if (!run_.commands.live()) return;
    auto& attributes = *run_.commands.message(marker)->mutable_record_marker_command_attributes();
    attributes.set_marker_name(std::string(patch_marker));
    auto& details = (*attributes.mutable_details())[std::string(patch_marker_data)];
    write_json(patch_record{.id = id_, .deprecated = deprecated}, *details.add_payloads());
    if (upsert == nullptr) return;
    add_patch_list(run_, *this, *upsert);
  }

  static const auto& table() {
    static constexpr auto all = make_table<patch_machine, patch_state, patch_input>({
        {patch_state::marker_command, patch_input::recorded, patch_state::recorded},
    });
    return all;
  }

  const std::string& id() const noexcept { return id_; }
  void cancel() override {}
  bool matches(const HistoryEvent& event) const override {
    const auto record = patch_of(event);
    return record && record->id == id_;
  }
  bool apply(const HistoryEvent& event) override {
    return event.event_type() == enums::EVENT_TYPE_MARKER_RECORDED && handle(patch_input::recorded, &event);
  }
  std::string description() const override { return "patch (id \"" + id_ + "\")"; }

 private:
  std::string id_;
};

}  // namespace rondo::detail::engine
