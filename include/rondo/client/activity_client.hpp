#pragma once
#include <stdexcept>

#include "rondo/activity.hpp"
#include "rondo/client.hpp"

namespace rondo::activity {

/// A client on the connection of the worker that runs the activity: `.get()` its calls in functions, `co_await` them in
/// coroutines. Throws std::logic_error outside of activities, and where the worker has gone or has no client. A thread
/// that a stopped worker left behind must not go on to use one.
inline rondo::client client() {
  const auto of_worker = detail::require_activity("activity::client").client();
  if (of_worker == nullptr) throw std::logic_error("activity::client: nobody lends this activity a client");
  return *of_worker;
}

}  // namespace rondo::activity
