#pragma once

#include <temporal/api/worker/v1/message.pb.h>

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/io/timer_heap.hpp"
#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"

namespace rondo::server {

class frontend;

namespace io = rondo::detail::io;

/// The workers that tell the server how they are. Those that fall silent are forgotten after a while of real time, and
/// the one that has been silent for longest goes when there are too many. In memory alone: the workers of a server that
/// starts anew show up with their next heartbeats.
class workers {
 public:
  using heartbeat = temporal::api::worker::v1::WorkerHeartbeat;
  using condition = std::function<bool(const heartbeat&)>;

  explicit workers(core& owner) : owner_(&owner) {}
  workers(const workers&) = delete;
  workers& operator=(const workers&) = delete;

  /// The worker is as it says; one that has shut down is forgotten.
  void record(const std::string& namespace_id, heartbeat from);
  /// Null: it is not known.
  const heartbeat* find(const std::string& namespace_id, const std::string& instance_key);
  /// Workers of the namespace by their instance keys, from the first after `after`, until the function returns false.
  void each(const std::string& namespace_id, std::string_view after,
            const std::function<bool(const heartbeat&)>& visit);
  /// All workers of the namespace.
  void forget(const std::string& namespace_id);
  std::size_t size() const noexcept { return silent_longest_.size(); }

 private:
  using key = std::pair<std::string, std::string>;  // namespace id, instance key
  struct entry {
    key of;
    heartbeat last;
    io::time_point seen;
  };

  void forget_silent();
  void erase(std::list<entry>::iterator which);

  core* owner_;
  std::list<entry> silent_longest_;  // first
  std::map<key, std::list<entry>::iterator> by_key_;
};

/// What a query for workers asks for. Refuses (INVALID_ARGUMENT) what is no query, what workers do not have, and values
/// that are not of its type.
workers::condition make_worker_filter(std::string_view query);

/// RecordWorkerHeartbeat, ListWorkers, CountWorkers, DescribeWorker.
void serve_workers(frontend& at);

}  // namespace rondo::server
