#pragma once

#include <temporal/api/command/v1/message.pb.h>

#include "rondo/server/config.hpp"
#include "rondo/server/options.hpp"
#include "rondo/server/time.hpp"

// What an activity is scheduled with.
namespace rondo::server {

using activity_attributes = temporal::api::command::v1::ScheduleActivityTaskCommandAttributes;

struct activity_timeouts {
  interval schedule_to_close = 0;
  interval schedule_to_start = 0;
  interval start_to_close = 0;
  interval heartbeat = 0;
};

/// The timeouts after each was derived from the others; none is longer than the run may be (0: there is no limit).
activity_timeouts derive_timeouts(const activity_attributes& from, interval run_timeout) noexcept;

/// Refuses names, queues, retry policies and timeouts that make no sense, in the words of the field.
void check_activity_attributes(const activity_attributes& of, const limits& allowed);

}  // namespace rondo::server
