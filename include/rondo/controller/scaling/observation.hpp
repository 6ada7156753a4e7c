#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "rondo/controller/scaling/sample.hpp"

namespace rondo::controller {

/// What one look at a target's task queues showed.
struct observation {
  sample rates{};
  /// When each worker that the server knows of polled last.
  std::vector<milliseconds_since_epoch> polls{};
  /// False: the server knows no task queue of the deployment version yet.
  bool registered = true;
  /// Tasks wait because of a rate limit, and not for workers.
  bool rate_limited = false;
  /// Since when looks have shown the very same statistics, as servers that count only now and then do; 0: they are new.
  milliseconds_since_epoch unchanged_since_ms = 0;
  /// When tasks came, went or waited for the last time, as far as who looks remembers.
  milliseconds_since_epoch last_busy_ms = 0;

  double backlog() const { return rates.total().backlog; }
  /// Workers that polled after that moment.
  int pollers_since(milliseconds_since_epoch after) const {
    return static_cast<int>(std::count_if(polls.begin(), polls.end(), [after](auto when) { return when > after; }));
  }
};

}  // namespace rondo::controller
