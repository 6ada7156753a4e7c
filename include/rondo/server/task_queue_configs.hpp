#pragma once

#include <temporal/api/enums/v1/task_queue.pb.h>
#include <temporal/api/taskqueue/v1/message.pb.h>

#include <map>
#include <string>
#include <tuple>

#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/task_queue.hpp"

namespace rondo::server {

class frontend;

/// What users have set for task queues: limits of their rate, and weights of fairness keys. It is in the store.
class task_queue_configs {
 public:
  using config = temporal::api::taskqueue::v1::TaskQueueConfig;
  /// Queues of Nexus tasks may have a configuration too.
  struct key {
    std::string namespace_id;
    std::string name;
    temporal::api::enums::v1::TaskQueueType type = temporal::api::enums::v1::TASK_QUEUE_TYPE_WORKFLOW;

    friend auto operator<=>(const key&, const key&) = default;
  };

  explicit task_queue_configs(core& owner) : owner_(&owner) {}
  task_queue_configs(const task_queue_configs&) = delete;
  task_queue_configs& operator=(const task_queue_configs&) = delete;

  void load();
  /// Null: nothing is set.
  const config* find(const key& which) const;
  const config* find(const queue_key& which) const;
  /// Stores it, and lets the queue obey.
  void set(const key& which, const config& to);
  /// Those of all queues of the namespace.
  void forget(const std::string& namespace_id);

 private:
  core* owner_;
  std::map<key, config> all_;
};

/// UpdateTaskQueueConfig.
void serve_task_queue_configs(frontend& at);

}  // namespace rondo::server
