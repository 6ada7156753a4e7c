#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/task_queue.hpp"

namespace rondo::server {

/// What a notification says of a queue.
struct notification {
  std::string namespace_name;
  std::string task_queue;
  queue_type type = queue_type::workflow;
  std::optional<deployment_version> version;
  std::int64_t backlog = 0;
  /// Nanoseconds since 1970.
  instant time = 0;
};

/// The JSON body of a notification:
/// {"namespace", "task_queue", "kind": "workflow" | "activity", "deployment": {"name", "build_id"} | null, "backlog",
/// "time": RFC 3339}.
std::string notification_body(const notification& of);

/// Hexadecimal HMAC-SHA256 of "<timestamp>.<body>" under the secret.
std::string notification_signature(const std::string& secret, const std::string& timestamp, const std::string& body);

/// Tells an HTTP endpoint of task queues that have work and no poller, so that it starts workers. Queries count as
/// work.
///
/// A notification is a POST of notification_body(). With a secret it carries the headers X-Rondo-Timestamp (seconds
/// since 1970) and X-Rondo-Signature (notification_signature() of them), so that the endpoint can refuse what others
/// send or send again. The endpoint may answer at once, or when its worker has nothing left to do: at most one request
/// is under way for a queue and version. When it ends, the queue is looked at again, so that nothing is forgotten.
/// A request that fails is repeated after 100 ms, then after growing pauses up to 10 s, with 20 % jitter; likewise one
/// after which no worker polls, beginning with 500 ms.
class notifier {
 public:
  /// Throws std::invalid_argument when the URL of the options cannot be posted to.
  explicit notifier(core& owner);
  notifier(const notifier&) = delete;
  notifier& operator=(const notifier&) = delete;
  ~notifier();

  bool enabled() const noexcept;
  /// The queue has tasks and no poll waits.
  void queue_needs_worker(const queue_key& queue, const std::optional<deployment_version>& version);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace rondo::server
