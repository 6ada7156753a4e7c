#pragma once
#include <google/protobuf/field_mask.pb.h>
#include <temporal/api/activity/v1/message.pb.h>

#include <optional>
#include <string>

#include "rondo/client/activity_changes.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/start.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"

// Changes of activities, to and from the wire.
namespace rondo::detail::calls {

using activity_options_message = temporal::api::activity::v1::ActivityOptions;

/// Writes the selector into a request that names activities by id, type, or all of them.
template <class Request>
void write_selector(const call_subject& subject, const activity_selector& from, Request& to) {
  if (from.kind != activity_selector::kind_type::all && from.name.empty()) {
    refuse(subject, "the id or type of the activity is missing");
  }
  switch (from.kind) {
    case activity_selector::kind_type::id:
      if constexpr (requires { to.set_id(std::string()); }) {
        to.set_id(std::string(from.name));
      } else {
        refuse(subject, "activities are named by type here, or all of them");
      }
      break;
    case activity_selector::kind_type::type:
      to.set_type(std::string(from.name));
      break;
    case activity_selector::kind_type::all:
      if constexpr (requires { to.set_match_all(true); }) {
        to.set_match_all(true);
      } else if constexpr (requires { to.set_unpause_all(true); }) {
        to.set_unpause_all(true);
      } else {
        refuse(subject, "activities are named by id or type here");
      }
  }
}

/// As texts name a selector: "activity 'a'", "activities of type 'T'", "all activities".
std::string text_of(const activity_selector& of);

/// Fills a request that changes options: the options, which of them, or that those of the start come back.
template <class Request>
void write_options_change(const call_subject& subject, const activity_options_change& from, Request& to) {
  auto& options = *to.mutable_activity_options();
  auto& mask = *to.mutable_update_mask();
  if (from.task_queue) {
    options.mutable_task_queue()->set_name(std::string(*from.task_queue));
    mask.add_paths("task_queue.name");
  }
  const auto write = [&](const char* path, const std::optional<duration>& value, auto target) {
    if (!value) return;
    if (*value < duration::zero()) refuse(subject, std::string(path) + " must not be negative");
    engine::write_duration(*value, *target());
    mask.add_paths(path);
  };
  write("schedule_to_close_timeout", from.schedule_to_close_timeout,
        [&] { return options.mutable_schedule_to_close_timeout(); });
  write("schedule_to_start_timeout", from.schedule_to_start_timeout,
        [&] { return options.mutable_schedule_to_start_timeout(); });
  write("start_to_close_timeout", from.start_to_close_timeout,
        [&] { return options.mutable_start_to_close_timeout(); });
  write("heartbeat_timeout", from.heartbeat_timeout, [&] { return options.mutable_heartbeat_timeout(); });
  if (from.retry) {
    set_retry(subject, *from.retry, *options.mutable_retry_policy());
    for (const char* each : {"initial_interval", "backoff_coefficient", "maximum_interval", "maximum_attempts"}) {
      mask.add_paths(std::string("retry_policy.") + each);
    }
  }
  if (from.priority) {
    set_priority(subject, *from.priority, *options.mutable_priority());
    for (const char* each : {"priority_key", "fairness_key", "fairness_weight"}) {
      mask.add_paths(std::string("priority.") + each);
    }
  }
  if (from.restore_original && mask.paths_size() > 0) {
    refuse(subject, "restore_original leaves no room for other changes");
  }
  if (!from.restore_original && mask.paths_size() == 0) refuse(subject, "nothing is to change");
  if (from.restore_original) {
    to.clear_activity_options();
    to.clear_update_mask();
  }
  to.set_restore_original(from.restore_original);
}

activity_settings settings_of(const activity_options_message& from);

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/activity_changes.hpp"
#endif
