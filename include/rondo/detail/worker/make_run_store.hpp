#pragma once
#include <memory>
#include <string>
#include <utility>

#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/worker/held_sessions.hpp"
#include "rondo/detail/worker/intercepted_activity.hpp"
#include "rondo/detail/worker/run_store.hpp"
#include "rondo/registry.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::detail::worker {

/// The runs of a worker with these options, which have a sticky queue of their own at the server.
inline std::shared_ptr<run_store> make_run_store(registry app, const worker_options& options,
                                                 const std::string& identity) {
  const auto sessions = held_sessions::add_to(app, options);
  auto made = std::make_shared<run_store>(intercept_activities(std::move(app), options.interceptors), options.logger,
                                          options.max_cached_workflows, identity + "-" + random_uuid(),
                                          options.max_cached_bytes);
  if (sessions) {
    made->session_queue = sessions->task_queue();
    made->room_for_sessions = sessions->room();
  }
  made->interceptors = options.interceptors;
  made->propagated_headers = options.propagated_headers;
  made->changes = options.changes;
  return made;
}

}  // namespace rondo::detail::worker
