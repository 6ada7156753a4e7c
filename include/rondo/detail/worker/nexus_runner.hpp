#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/nexus_requests.hpp"
#include "rondo/detail/worker/nexus_services.hpp"
#include "rondo/detail/worker/nexus_task.hpp"
#include "rondo/detail/worker/session_counts.hpp"
#include "rondo/detail/worker/slots.hpp"
#include "rondo/registry.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::detail::worker {

/// The requests of Nexus callers that are in work.
class nexus_runner {
 public:
  nexus_runner(const registry& app, io::event_loop& loop, const std::shared_ptr<io::connection>& connection,
               const worker_options& options, std::string namespace_name, bool updates_call_back,
               session_counts& counted)
      : registry_(app), services_(loop, connection, options, std::move(namespace_name), updates_call_back, counted) {
    services_.on_ended = [this](nexus_task& task) {
      running_.erase(task.shared_from_this());
      tell();
    };
    services_.on_answered = [this] { tell(); };
  }
  nexus_runner(const nexus_runner&) = delete;
  nexus_runner& operator=(const nexus_runner&) = delete;
  /// Handlers that still run are left behind; what they give is dropped.
  ~nexus_runner() {
    services_.gate->close();
    for (const auto& each : running_) {
      if (each->occupies_thread()) services_.pool.abandon();
      each->leave_behind();
    }
  }

  /// `problem`: why its payloads cannot be read; another worker may be able to.
  void start(std::unique_ptr<nexus_poll> task, slot permit, const std::string& problem = {}) {
    auto about = facts_of(*task, services_.namespace_, services_.options.task_queue);
    permit.mark_used(about.service + "." + about.operation);
    set_deadline(about);
    auto log = services_.options.logger.with({{"namespace", about.namespace_},
                                              {"task_queue", about.task_queue},
                                              {"nexus_service", about.service},
                                              {"nexus_operation", about.operation}});
    const auto* service = registry_.find_nexus_service(about.service);
    const auto made =
        std::make_shared<nexus_task>(services_, std::move(task), std::move(permit), std::move(about), std::move(log));
    running_.insert(made);
    ++services_.counts.nexus_tasks;
    if (problem.empty()) {
      made->start(service);
    } else {
      made->refuse(problem);
    }
    if (cancelled_) made->cancel();
  }

  std::size_t in_flight() const noexcept { return running_.size(); }
  /// When the request came that is in work longest; time_point::max() when there is none.
  io::time_point oldest() const noexcept {
    auto first = io::time_point::max();
    for (const auto& each : running_) first = std::min(first, each->began());
    return first;
  }
  /// Asks the handlers to stop, also those that begin later.
  void cancel_all() {
    cancelled_ = true;
    for (const auto& each : std::set(running_)) each->cancel();
  }
  /// Lets the server repeat what is not answered yet elsewhere.
  void hand_back_all() {
    for (const auto& each : std::set(running_)) each->hand_back();
  }
  /// True when nothing is left to answer, though handlers may still occupy threads.
  bool all_answered() const {
    return std::all_of(running_.begin(), running_.end(), [](const auto& each) { return each->answer_taken(); });
  }
  /// Calls that begin from now on go there.
  void replace_connection(const std::shared_ptr<io::connection>& to) {
    services_.calls->replace_connection(to);
    services_.client = rondo::client::over(to);
  }
  void break_off() { services_.calls->cancel(); }
  /// Called whenever a request has been answered.
  std::function<void()> on_change = [] {};

 private:
  /// What cannot be read is refused by the task.
  static void set_deadline(nexus_info& about) {
    try {
      if (const auto timeout = request_timeout(about.headers)) {
        about.deadline = std::chrono::time_point_cast<duration>(std::chrono::system_clock::now()) + *timeout;
      }
    } catch (const nexus_handler_failure&) {
      about.deadline = std::chrono::sys_time<duration>::max();
    }
  }
  void tell() {
    services_.loop.post([this, alive = std::weak_ptr(alive_)] {
      if (!alive.expired()) on_change();
    });
  }

  const registry& registry_;
  nexus_services services_;
  std::set<std::shared_ptr<nexus_task>> running_;
  bool cancelled_ = false;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace rondo::detail::worker
