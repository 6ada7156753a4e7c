#pragma once

#include <chrono>

#include "rondo/server/queue_state.hpp"
#include "rondo/server/time.hpp"

namespace rondo::server {

/// How many polls a worker should have more or less, as the one that gets a task now will be told. In the way of
/// production servers: one less after a wait of a second; one more, at most ten times a second, while the oldest task
/// has waited for 200 ms or tasks come 1.2 times as quickly as they leave.
inline int suggested_poll_delta(queue_state& of, const waiting_poll& by, io::time_point now, instant server_now) {
  using namespace std::chrono_literals;
  if (now - by.began >= 1s) return -1;
  if (now - of.last_suggestion < 100ms) return 0;
  double added = 0;
  double dispatched = 0;
  for (auto& [priority, rates] : of.rates) {
    added += rates.first.per_second(now);
    dispatched += rates.second.per_second(now);
  }
  const bool old_backlog = !of.tasks.empty() && server_now - of.tasks.begin()->second.added > 200 * millisecond;
  if (!old_backlog && added <= 1.2 * dispatched) return 0;
  of.last_suggestion = now;
  return 1;
}

}  // namespace rondo::server
