#pragma once

#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rondo/client.hpp"
#include "rondo/client/errors.hpp"
#include "rondo/controller/messages.hpp"
#include "rondo/controller/provider.hpp"
#include "rondo/controller/state_workflow.hpp"
#include "rondo/controller/target.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/sleep.hpp"
#include "rondo/detail/worker/change_signal.hpp"
#include "rondo/log.hpp"

namespace rondo::controller {

/// The invocations that this process has under way. Each ends with a signal to its target's workflow, and is known here
/// until the server has that signal.
class invocation_table : public std::enable_shared_from_this<invocation_table> {
 public:
  invocation_table(const rondo::client& over, rondo::logger log)
      : client_(over), log_(std::move(log)), changes_(client_.loop()) {}

  /// Begins one, unless it is under way.
  void begin(provider& by, invocation_request what) {
    if (!under_way_.try_emplace(what.id, entry{what.target, &by}).second) return;
    log_.info("invocation", {{"target", what.target}, {"invocation", what.id}, {"backlog", what.backlog}});
    asio::co_spawn(client_.executor(), run(shared_from_this(), by, std::move(what)), [](std::exception_ptr) {});
  }

  std::vector<std::string> of_target(const std::string& target) const {
    std::vector<std::string> ids;
    for (const auto& [id, each] : under_way_) {
      if (each.target == target) ids.push_back(id);
    }
    return ids;
  }
  std::size_t size() const noexcept { return under_way_.size(); }

  /// Waits until what its providers end by themselves has ended.
  asio::awaitable<void> wait_stopped(detail::io::time_point deadline) {
    const auto none_left = [this] {
      return std::none_of(under_way_.begin(), under_way_.end(),
                          [](const auto& each) { return each.second.by->ends_when_stopped(); });
    };
    co_await changes_.wait_until(none_left, deadline);
  }
  /// Ends that cannot be told are not tried again.
  void stop() { stopping_ = true; }

 private:
  struct entry {
    std::string target;
    provider* by;
  };

  static asio::awaitable<void> run(std::shared_ptr<invocation_table> self, provider& by, invocation_request what) {
    const auto began = std::chrono::steady_clock::now();
    const std::string id = what.id;
    const std::string target = what.target;
    invocation_ended message{id, {}};
    std::string problem;
    try {
      message.outcome = co_await by.invoke(std::move(what));
    } catch (const std::exception& failed) {
      problem = failed.what();
    }
    if (!problem.empty()) message.outcome = provider_outcome::failed(failure_class::internal, problem);
    self->report(target, message, std::chrono::steady_clock::now() - began);
    co_await tell(self, target, std::move(message));
    self->under_way_.erase(id);
    self->changes_.notify();
  }

  void report(const std::string& target, const invocation_ended& of, std::chrono::nanoseconds took) const {
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
    if (of.outcome.ok()) {
      log_.info(of.outcome.ended ? "invocation ended" : "invocation accepted",
                {{"target", target}, {"invocation", of.id}, {"ms", milliseconds}});
      return;
    }
    log_.warn("invocation failed", {{"target", target},
                                    {"invocation", of.id},
                                    {"ms", milliseconds},
                                    {"failure", name_of(of.outcome.failure)},
                                    {"error", of.outcome.message}});
  }

  static asio::awaitable<void> tell(std::shared_ptr<invocation_table> self, std::string target,
                                    invocation_ended message) {
    const auto handle = self->client_.get_workflow_handle<target_workflow>(workflow_id_of(target));
    for (bool told = false; !told;) {
      bool again = false;
      try {
        co_await handle.signal<&target_workflow::ended>(message);
        told = true;
      } catch (const not_found&) {
        told = true;  // nobody wants to know
      } catch (const std::exception& failed) {
        self->log_.warn("the end of an invocation cannot be told",
                        {{"target", target}, {"invocation", message.id}, {"error", std::string_view(failed.what())}});
        again = true;
      }
      if (again && self->stopping_) break;
      if (again) co_await detail::io::sleep_for(self->client_.loop(), std::chrono::seconds(1));
    }
  }

  rondo::client client_;
  rondo::logger log_;
  detail::worker::change_signal changes_;
  std::map<std::string, entry> under_way_;
  bool stopping_ = false;
};

}  // namespace rondo::controller
