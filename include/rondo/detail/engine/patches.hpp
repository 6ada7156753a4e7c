#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "rondo/detail/engine/note_machine.hpp"
#include "rondo/detail/engine/patch_machine.hpp"
#include "rondo/json.hpp"

namespace rondo::detail::engine {

inline constexpr const char* version_marker = "Version";
inline constexpr const char* version_change = "change-id";
inline constexpr const char* version_number = "version";
/// The version of runs that passed a change before it had versions.
inline constexpr int no_version = -1;

/// The patches of a run and the versions of its changes: which way it goes, and what is recorded about it.
class patches {
 public:
  patches(machine_services& of, note_machine::pool& notes) : run_(of), notes_(notes) {}

  /// The run starts with the list it took over from the run before it, if any.
  void start(const temporal::api::common::v1::SearchAttributes& attributes) {
    const auto found = attributes.indexed_fields().find(patch_search_attribute);
    if (found == attributes.indexed_fields().end()) return;
    try {
      listed_ = json::parse<std::set<std::string, std::less<>>>(found->second.data());
    } catch (const std::exception&) {
      // Written by other means: the list starts anew.
    }
  }
  /// Before the code of a replayed task runs: it recorded this.
  void expect(const HistoryEvent& event) {
    if (auto patch = patch_of(event)) expected_.insert(std::move(patch->id));
    if (!is_marker(event, version_marker)) return;
    try {
      versions_[json::parse<std::string>(marker_detail(event, version_change))].recorded =
          json::parse<int>(marker_detail(event, version_number));
    } catch (const std::exception&) {
      // Comparison will say that the code asked for another marker.
    }
  }

  /// The answer for the code, always the same within a run. `activate` is asked when the history does not decide.
  template <class Activate>
  bool patched(std::string_view id, bool deprecated, bool replaying, Activate activate) {
    const auto known = answers_.find(id);
    if (known != answers_.end()) return known->second.patched || deprecated;
    const bool recorded = expected_.contains(id);
    bool new_way = !replaying || recorded || seen_.contains(id);
    if (!replaying && !deprecated && !recorded && !seen_.contains(id)) new_way = activate();
    auto& entry = answers_[std::string(id)];
    entry.patched = new_way;
    if (new_way && (!replaying || recorded)) {
      entry.marker.emplace(run_, std::string(id));
      ask_for(*entry.marker, deprecated);
    }
    return new_way || deprecated;
  }

  /// The version of a change for the code, always the same within a run. `choose` is asked when the history does not
  /// say.
  template <class Choose>
  int version(std::string_view change, bool replaying, Choose choose) {
    auto& known = versions_[std::string(change)];
    if (known.answer) return *known.answer;
    const bool is_new = !replaying || known.recorded;
    known.answer = known.recorded ? *known.recorded : (replaying ? no_version : choose());
    if (!is_new) return *known.answer;
    const std::string id = json::dump(change);
    auto& marker = notes_.acquire(run_, notes_);
    Command* command =
        marker.begin(enums::COMMAND_TYPE_RECORD_MARKER, "version of change " + id, version_marker, version_change, id);
    const std::string list = list_with(std::string(change) + "-" + std::to_string(*known.answer));
    if (command == nullptr) return *known.answer;
    auto& attributes = *command->mutable_record_marker_command_attributes();
    write_marker_detail(version_change, change, attributes);
    write_marker_detail(version_number, *known.answer, attributes);
    if (!list.empty()) add_patch_list(run_, marker, list);
    return *known.answer;
  }

  /// A deprecated marker that the code no longer asks for: it is as good as known.
  void skip(const std::string& id) {
    seen_.insert(id);
    listed_.insert(id);
  }
  /// After the commands of a task were compared.
  void end_task() {
    if (expected_.empty()) return;
    seen_.merge(expected_);
    expected_.clear();
  }

 private:
  struct answer {
    bool patched = false;
    std::optional<patch_machine> marker{};
  };
  /// Longer lists are not recorded: search attributes have a limit.
  static constexpr std::size_t longest_list = 2048;

  struct change_version {
    std::optional<int> recorded{}, answer{};
  };

  void ask_for(patch_machine& marker, bool deprecated) {
    const std::string list = list_with(marker.id());
    marker.begin(deprecated, list.empty() ? nullptr : &list);
  }
  /// The list with one more entry, as JSON; empty when there is nothing to record.
  std::string list_with(const std::string& entry) {
    if (listed_.contains(entry)) return {};
    auto longer = listed_;
    longer.insert(entry);
    std::string list = json::dump(longer);
    if (list.size() >= longest_list) return {};
    listed_ = std::move(longer);
    return list;
  }

  machine_services& run_;
  note_machine::pool& notes_;
  std::map<std::string, change_version, std::less<>> versions_;
  std::map<std::string, answer, std::less<>> answers_;
  std::set<std::string, std::less<>> expected_, seen_, listed_;
};

}  // namespace rondo::detail::engine
