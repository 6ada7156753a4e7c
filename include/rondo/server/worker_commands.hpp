#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "rondo/server/call.hpp"
#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"

namespace rondo::server {

class frontend;

/// What the server asks of workers that poll for it, as Nexus tasks of a queue that workers of one process share. So
/// workers hear of cancelled activities that send no heartbeats.
///
/// A command is an offer: it is in memory alone, and after a few attempts it is dropped.
class worker_commands {
 public:
  explicit worker_commands(core& owner);
  worker_commands(const worker_commands&) = delete;
  worker_commands& operator=(const worker_commands&) = delete;
  ~worker_commands();

  /// Asks the workers of the queue to cancel the activity, together with all that are cancelled in this turn. Part of a
  /// turn.
  void cancel_activity(const std::string& namespace_id, const std::string& queue, std::string task_token);
  /// A process waits for commands; ends empty at the given time.
  void poll(const std::string& namespace_id, const std::string& queue, const call_ptr& call, io::time_point end);
  /// The commands of the task were carried out, or cannot be. False: there is no such task.
  bool finish(const std::string& namespace_id, const std::string& task_token);
  /// Tasks that nobody has finished.
  std::size_t size() const noexcept;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// PollNexusTaskQueue, RespondNexusTaskCompleted and RespondNexusTaskFailed, for these commands alone.
void serve_worker_commands(frontend& at);

}  // namespace rondo::server
