#pragma once
#include <google/protobuf/field_mask.pb.h>
#include <temporal/api/activity/v1/message.pb.h>

#include <string>

#include "rondo/client/activity_changes.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/client/activity_changes.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION std::string text_of(const activity_selector& of) {
  switch (of.kind) {
    case activity_selector::kind_type::id:
      return "activity '" + std::string(of.name) + "'";
    case activity_selector::kind_type::type:
      return "activities of type '" + std::string(of.name) + "'";
    case activity_selector::kind_type::all:
      break;
  }
  return "all activities";
}

RONDO_FUNCTION activity_settings settings_of(const activity_options_message& from) {
  activity_settings to;
  to.task_queue = from.task_queue().name();
  to.schedule_to_close_timeout = engine::duration_of(from.schedule_to_close_timeout());
  to.schedule_to_start_timeout = engine::duration_of(from.schedule_to_start_timeout());
  to.start_to_close_timeout = engine::duration_of(from.start_to_close_timeout());
  to.heartbeat_timeout = engine::duration_of(from.heartbeat_timeout());
  const auto& retry = from.retry_policy();
  to.retry_initial_interval = engine::duration_of(retry.initial_interval());
  to.retry_maximum_interval = engine::duration_of(retry.maximum_interval());
  to.retry_backoff_coefficient = retry.backoff_coefficient();
  to.retry_maximum_attempts = retry.maximum_attempts();
  for (const auto& each : retry.non_retryable_error_types()) to.non_retryable_error_types.push_back(each);
  to.priority_key = from.priority().priority_key();
  to.fairness_key = from.priority().fairness_key();
  to.fairness_weight = from.priority().fairness_weight();
  return to;
}

}  // namespace rondo::detail::calls
