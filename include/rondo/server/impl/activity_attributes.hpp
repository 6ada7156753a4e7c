#pragma once

#include "rondo/server/activity_attributes.hpp"

#include <algorithm>
#include <string>

#include "rondo/server/refusal.hpp"
#include "rondo/server/request_checks.hpp"
#include "rondo/server/retries.hpp"

namespace rondo::server {

namespace detail_activity_attributes {

inline std::string names(const activity_attributes& of) {
  return "ActivityId=" + of.activity_id() + " ActivityType=" + of.activity_type().name();
}

inline void check_timeout(const activity_attributes& of, const google::protobuf::Duration& given,
                          const std::string& name) {
  google::protobuf::Duration timeout = given;
  const auto fault = duration_fault(timeout);
  if (fault.empty()) return;
  refuse_argument("Invalid " + name + " for ScheduleActivityTaskCommand: " + fault + ". " + names(of));
}

inline void check_names(const activity_attributes& of, const limits& allowed) {
  if (of.activity_id().empty()) {
    refuse_argument("ActivityId is not set on ScheduleActivityTaskCommand. ActivityType=" + of.activity_type().name());
  }
  if (of.activity_type().name().empty()) {
    refuse_argument("ActivityType is not set on ScheduleActivityTaskCommand. ActivityID=" + of.activity_id());
  }
  const auto check = [&](const std::string& value, const std::string& name) {
    if (value.size() <= allowed.id_length) return;
    refuse_argument(name + " on ScheduleActivityTaskCommand exceeds length limit. " + names(of) +
                    " Length=" + std::to_string(value.size()) + " Limit=" + std::to_string(allowed.id_length));
  };
  check(of.activity_id(), "ActivityId");
  check(of.activity_type().name(), "ActivityType");
}

inline void check_queue_and_policy(const activity_attributes& of, const limits& allowed) {
  try {
    auto queue = of.task_queue();
    if (!of.has_task_queue()) refuse_argument("taskQueue is not set");
    check_task_queue(queue, {}, allowed);
  } catch (const refusal& fault) {
    refuse_argument("invalid TaskQueue on ScheduleActivityTaskCommand: " + std::string(fault.what()) + ". " +
                    names(of));
  }
  try {
    auto policy = of.retry_policy();
    complete_retry_policy(policy);
  } catch (const refusal& fault) {
    refuse_argument("invalid ActivityRetryPolicy on SechduleActivityTaskCommand: " + std::string(fault.what()) + ". " +
                    names(of));
  }
  check_priority(of.priority());
}

inline void check_timeouts(const activity_attributes& of) {
  check_timeout(of, of.schedule_to_close_timeout(), "ScheduleToCloseTimeout");
  check_timeout(of, of.schedule_to_start_timeout(), "ScheduleToStartTimeout");
  check_timeout(of, of.start_to_close_timeout(), "StartToCloseTimeout");
  check_timeout(of, of.heartbeat_timeout(), "HeartbeatTimeout");
  if (from_proto(of.schedule_to_close_timeout()) <= 0 && from_proto(of.start_to_close_timeout()) <= 0) {
    refuse_argument("A valid StartToClose or ScheduleToCloseTimeout is not set on ScheduleActivityTaskCommand. " +
                    names(of));
  }
}

}  // namespace detail_activity_attributes

RONDO_SERVER_FUNCTION activity_timeouts derive_timeouts(const activity_attributes& from,
                                                        interval run_timeout) noexcept {
  activity_timeouts made{from_proto(from.schedule_to_close_timeout()), from_proto(from.schedule_to_start_timeout()),
                         from_proto(from.start_to_close_timeout()), from_proto(from.heartbeat_timeout())};
  if (made.schedule_to_close > 0) {
    const interval whole = made.schedule_to_close;
    made.schedule_to_start = made.schedule_to_start > 0 ? std::min(made.schedule_to_start, whole) : whole;
    made.start_to_close = made.start_to_close > 0 ? std::min(made.start_to_close, whole) : whole;
  } else {
    made.schedule_to_close = run_timeout;
    if (made.schedule_to_start == 0) made.schedule_to_start = run_timeout;
  }
  if (run_timeout > 0) {
    for (interval* each : {&made.schedule_to_close, &made.schedule_to_start, &made.start_to_close, &made.heartbeat}) {
      *each = std::min(*each, run_timeout);
    }
  }
  made.heartbeat = std::min(made.heartbeat, made.start_to_close);
  return made;
}

RONDO_SERVER_FUNCTION void check_activity_attributes(const activity_attributes& of, const limits& allowed) {
  detail_activity_attributes::check_names(of, allowed);
  detail_activity_attributes::check_queue_and_policy(of, allowed);
  detail_activity_attributes::check_timeouts(of);
}

}  // namespace rondo::server
