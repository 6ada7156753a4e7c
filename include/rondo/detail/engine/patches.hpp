#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "rondo/detail/engine/patch_machine.hpp"
#include "rondo/json.hpp"

namespace rondo::detail::engine {

/// The patches of a run: which way it goes, and what is recorded about it.
class patches {
 public:
  explicit patches(machine_services& of) : run_(of) {}

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
  /// Before the code of a replayed task runs: it recorded this patch.
  void expect(std::string id) { expected_.insert(std::move(id)); }

  /// The answer for the code, always the same within a run.
  bool patched(std::string_view id, bool deprecated, bool replaying) {
    const auto known = answers_.find(id);
    if (known != answers_.end()) return known->second.patched || deprecated;
    const bool recorded = expected_.contains(id);
    const bool new_way = !replaying || recorded || seen_.contains(id);
    auto& entry = answers_[std::string(id)];
    entry.patched = new_way;
    if (!replaying || recorded) {
      entry.marker.emplace(run_, std::string(id));
      ask_for(*entry.marker, deprecated);
    }
    return new_way || deprecated;
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

  void ask_for(patch_machine& marker, bool deprecated) {
    std::string list;
    if (!listed_.contains(marker.id())) {
      auto longer = listed_;
      longer.insert(marker.id());
      list = json::dump(longer);
      if (list.size() >= longest_list) {
        list.clear();
      } else {
        listed_ = std::move(longer);
      }
    }
    marker.begin(deprecated, list.empty() ? nullptr : &list);
  }

  machine_services& run_;
  std::map<std::string, answer, std::less<>> answers_;
  std::set<std::string, std::less<>> expected_, seen_, listed_;
};

}  // namespace rondo::detail::engine
