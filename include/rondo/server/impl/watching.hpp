#pragma once

#include "rondo/server/watching.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "rondo/server/core.hpp"
#include "rondo/server/name_space.hpp"
#include "rondo/server/namespaces.hpp"

namespace rondo::server {

namespace detail_watching {

/// Belongs to the watcher in the run; the timer and the client's departure end it.
class watch final : public std::enable_shared_from_this<watch>, private io::timer_node {
 public:
  watch(run& of, call_ptr call, std::function<bool(run&)> ready, std::function<void(run&)> timed_out)
      : in_(of.owner),
        space_id_(of.state.namespace_id()),
        run_id_(of.state.run_id()),
        call_(std::move(call)),
        ready_(std::move(ready)),
        timed_out_(std::move(timed_out)) {}
  watch(const watch&) = delete;
  watch& operator=(const watch&) = delete;
  ~watch() { in_->loop().disarm(*this); }

  void begin(interval time) {
    constexpr auto margin = std::chrono::seconds(1);
    io::time_point end = io::later(io::steady_clock::now(), std::chrono::nanoseconds(time));
    if (call_->deadline() != io::time_point::max()) end = std::min(end, call_->deadline() - margin);
    in_->loop().arm(*this, end);
    call_->on_abandoned = [self = weak_from_this()] {
      if (const auto present = self.lock()) present->leave();
    };
  }

  /// For run::watchers.
  bool ask(run& of) {
    if (done_ || call_->abandoned()) return true;
    done_ = ready_(of);
    return done_;
  }

 private:
  void on_timer() override {
    const auto alive = shared_from_this();
    in_->turn([this] {
      run* of = find();
      if (of == nullptr || done_) return;
      done_ = true;
      timed_out_(*of);
      ask_watchers(*of);
    });
  }
  void leave() {
    const auto alive = shared_from_this();
    done_ = true;
    if (run* of = find()) ask_watchers(*of);
  }
  run* find() const {
    name_space* space = in_->namespaces().find_by_id(space_id_);
    if (space == nullptr) return nullptr;
    const auto found = space->runs.find(run_id_);
    return found == space->runs.end() ? nullptr : found->second.get();
  }

  core* in_;
  std::string space_id_;
  std::string run_id_;
  call_ptr call_;
  std::function<bool(run&)> ready_;
  std::function<void(run&)> timed_out_;
  bool done_ = false;
};

}  // namespace detail_watching

RONDO_SERVER_FUNCTION void watch_run(run& of, const call_ptr& call, interval time, std::function<bool(run&)> ready,
                                     std::function<void(run&)> timed_out) {
  const auto made = std::make_shared<detail_watching::watch>(of, call, std::move(ready), std::move(timed_out));
  of.watchers.push_back([made](run& changed) { return made->ask(changed); });
  made->begin(time);
}

RONDO_SERVER_FUNCTION void ask_watchers(run& of) {
  for (auto& watcher : std::exchange(of.watchers, {})) {
    if (!watcher(of)) of.watchers.push_back(std::move(watcher));
  }
}

}  // namespace rondo::server
