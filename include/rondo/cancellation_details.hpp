#pragma once
#include <cstdint>

namespace rondo {

/// Why an activity should stop.
enum class cancel_reason : std::uint8_t {
  none,
  cancel_requested,  ///< the workflow, or somebody else, cancelled it
  not_found,         ///< the server does not know it any more: it timed out, or its workflow is over
  paused,
  reset,
  timed_out,        ///< its own timeout ran out
  worker_shutdown,  ///< the worker stops; the attempt counts as failed and is repeated elsewhere
};

/// All that was known of why an activity should stop when it was told to: several may hold at once. See
/// `cancel_reason`.
struct cancellation_details {
  bool cancel_requested = false, not_found = false, paused = false, reset = false, timed_out = false,
       worker_shutdown = false;
  friend bool operator==(const cancellation_details&, const cancellation_details&) = default;
};

}  // namespace rondo
