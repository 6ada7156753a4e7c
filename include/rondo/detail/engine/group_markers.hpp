#pragma once
#include <algorithm>
#include <vector>

#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/detail/run/event_groups.hpp"
#include "rondo/detail/run/scheduler.hpp"
#include "rondo/detail/run/scope.hpp"

namespace rondo::detail::engine {

/// The groups of the code that runs.
inline run::event_groups groups_of_code() {
  const auto* running = run::current == nullptr ? nullptr : run::current->running();
  if (running == nullptr || running->cancellation == nullptr) return {};
  return running->cancellation->groups();
}

/// Says on a command which groups it belongs to, the outermost first. The label of a group that was entered again is
/// that of the inner one.
inline void write_groups(const run::event_groups& groups, Command& to) {
  using kind = run::event_groups::kind;
  std::vector<const run::event_groups*> all;
  for (const auto* each = &groups; !each->empty(); each = &each->outer()) all.push_back(each);
  to.clear_event_group_markers();
  for (auto each = all.rbegin(); each != all.rend(); ++each) {
    const auto& group = **each;
    if (group.what() == kind::signal) {
      to.add_event_group_markers()->mutable_inbound_event()->set_inbound_event_id(group.event());
      continue;
    }
    if (group.what() == kind::update) {
      to.add_event_group_markers()->mutable_inbound_update()->set_inbound_update_id(group.id());
      continue;
    }
    auto& markers = *to.mutable_event_group_markers();
    auto place = std::find_if(markers.begin(), markers.end(), [&group](const auto& known) {
      return known.has_label() && known.label().id() == group.id();
    });
    auto& label = *(place == markers.end() ? markers.Add() : &*place)->mutable_label();
    label.clear_label();
    label.set_id(group.id());
    if (!group.label().empty()) write_json(group.label(), *label.mutable_label());
  }
}

}  // namespace rondo::detail::engine
