#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

#include "rondo/rpc_error.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::detail::worker {

/// How many polls of a queue should be under way, as the server's answers ask for.
class poller_scale {
 public:
  using clock = std::chrono::steady_clock;

  /// `server_decides`: it is known that the server says how many it wants, though it has not done so yet.
  poller_scale(const poller_autoscaling& how, bool server_decides, clock::time_point now)
      : how_(how), target_(how.initial), server_decides_(server_decides), window_(now) {}

  std::size_t target() const noexcept { return target_; }

  /// A poll was answered. `wanted`: the server's decision; `task`: it brought one.
  void answered(bool task, std::optional<int> wanted, clock::time_point now) {
    turn_window(now);
    if (task) ++tasks_;
    if (wanted) {
      server_decides_ = true;
      // More polls are of use only as long as they bring more tasks.
      if (*wanted < 0 || may_grow_) change(*wanted);
    } else if (!task && server_decides_) {
      change(-1);
    }
  }
  /// The server did not answer in time: it had no task.
  void expired(clock::time_point now) { answered(false, std::nullopt, now); }
  void failed(rpc_code code) {
    if (code == rpc_code::resource_exhausted) {
      target_ = std::max(how_.minimum, target_ / 2);
    } else {
      change(-1);
    }
  }

 private:
  void change(int by) {
    const auto most = static_cast<long long>(how_.maximum), least = static_cast<long long>(how_.minimum);
    target_ = static_cast<std::size_t>(std::clamp(static_cast<long long>(target_) + by, least, most));
  }
  /// Ten times a second the tasks that came are compared with those of the time before.
  void turn_window(clock::time_point now) {
    constexpr auto length = std::chrono::milliseconds(100);
    constexpr double growth = 1.1;
    const auto passed = (now - window_) / length;
    if (passed <= 0) return;
    const std::size_t before = passed == 1 ? std::exchange(last_tasks_, tasks_) : std::exchange(last_tasks_, 0);
    may_grow_ = passed > 1 || static_cast<double>(tasks_) >= growth * static_cast<double>(before);
    tasks_ = 0;
    window_ += passed * length;
  }

  poller_autoscaling how_;
  std::size_t target_;
  bool server_decides_, may_grow_ = true;
  clock::time_point window_;
  std::size_t tasks_ = 0, last_tasks_ = 0;
};

/// How the polls of one kind scale: as the options say, else by the server if they leave the number to it and the
/// namespace wants that; nothing: there are always as many.
inline std::optional<poller_autoscaling> scaling_of(const std::optional<poller_autoscaling>& chosen,
                                                    bool number_is_default, bool may_enroll) {
  if (chosen) return chosen;
  return number_is_default && may_enroll ? std::optional(poller_autoscaling()) : std::nullopt;
}
/// Of the polls for workflow tasks. `enrolls`: the namespace wants workers that leave the number to the server.
inline std::optional<poller_autoscaling> workflow_scaling(const worker_options& options, bool enrolls) {
  return scaling_of(options.workflow_poller_scaling,
                    options.max_workflow_pollers == worker_options().max_workflow_pollers,
                    options.auto_enroll_poller_scaling && enrolls);
}
/// The same for activity tasks.
inline std::optional<poller_autoscaling> activity_scaling(const worker_options& options, bool enrolls) {
  return scaling_of(options.activity_poller_scaling,
                    options.max_activity_pollers == worker_options().max_activity_pollers,
                    options.auto_enroll_poller_scaling && enrolls);
}
/// The same for requests of Nexus callers.
inline std::optional<poller_autoscaling> nexus_scaling(const worker_options& options, bool enrolls) {
  return scaling_of(options.nexus_poller_scaling, options.max_nexus_pollers == worker_options().max_nexus_pollers,
                    options.auto_enroll_poller_scaling && enrolls);
}

}  // namespace rondo::detail::worker
