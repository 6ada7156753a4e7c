#pragma once
#include <algorithm>
#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/heartbeat_writer.hpp"
#include "rondo/detail/worker/worker_group.hpp"
#include "rondo/options.hpp"

namespace rondo::detail::worker {

/// What a worker has to do with the others of its group, from its start until nothing of it is in work any more.
class membership final : public group_member {
 public:
  /// Cancels an activity that the worker runs; the token may be another's.
  using cancel_function = std::function<void(const std::string& task_token)>;

  /// `cancel`: empty when the worker takes no commands. The functions live as long as the membership.
  membership(std::shared_ptr<worker_group> group, std::string instance_key, std::function<heartbeat_facts()> facts,
             cancel_function cancel)
      : group_(std::move(group)),
        writer_(std::move(instance_key), group_->grouping_key()),
        facts_(std::move(facts)),
        cancel_(std::move(cancel)) {
    group_->join(*this);
  }
  membership(const membership&) = delete;
  membership& operator=(const membership&) = delete;
  ~membership() { group_->leave(*this); }

  void begin_heartbeats(duration interval) {
    interval_ = interval;
    has_beaten_ = true;
    group_->begin_heartbeats();
  }
  /// No heartbeat that says that it runs arrives after its end, as far as that is up to this side.
  void end_heartbeats() {
    interval_ = duration::zero();
    if (!left_) group_->tell_anew();
  }
  /// True when the server wants to hear of its end as well.
  bool has_beaten() const noexcept { return has_beaten_; }
  void write_last_heartbeat(temporal::api::worker::v1::WorkerHeartbeat& into) {
    writer_.write(facts_(), engine::enums::WORKER_STATUS_SHUTTING_DOWN, into);
  }
  /// Where the server leaves commands for this worker; empty: it takes none.
  std::string_view command_queue() const noexcept {
    return cancel_ && !left_ ? group_->command_queue() : std::string_view();
  }
  /// Becomes one of another group, that of another connection.
  void move_to(std::shared_ptr<worker_group> group) {
    if (left_ || group == group_) return;
    group_->leave(*this);
    group_ = std::move(group);
    writer_.set_process_key(group_->grouping_key());
    group_->join(*this);
    if (interval_ > duration::zero()) group_->begin_heartbeats();
  }
  /// Leaves the group, which outlives this only if others are in it. What is said to the server meanwhile may take a
  /// moment, not beyond `latest`.
  asio::awaitable<void> leave(io::time_point latest) {
    left_ = true;
    const auto group = group_;
    group->leave(*this);
    constexpr auto to_answer = std::chrono::milliseconds(200);
    const auto until = std::min(latest, io::later(io::steady_clock::now(), to_answer));
    co_await worker_group::wait_ended(group, until);
  }

 private:
  duration heartbeat_interval() const override { return interval_; }
  void write_heartbeat(temporal::api::worker::v1::WorkerHeartbeat& into) override {
    writer_.write(facts_(), engine::enums::WORKER_STATUS_RUNNING, into);
  }
  bool takes_commands() const override { return cancel_ != nullptr; }
  void cancel_activity(const std::string& task_token) override {
    if (cancel_) cancel_(task_token);
  }

  std::shared_ptr<worker_group> group_;
  heartbeat_writer writer_;
  const std::function<heartbeat_facts()> facts_;
  const cancel_function cancel_;
  duration interval_ = duration::zero();
  bool has_beaten_ = false, left_ = false;
};

}  // namespace rondo::detail::worker
