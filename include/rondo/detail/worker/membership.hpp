#pragma once
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
  void end_heartbeats() noexcept { interval_ = duration::zero(); }
  /// True when the server wants to hear of its end as well.
  bool has_beaten() const noexcept { return has_beaten_; }
  void write_last_heartbeat(temporal::api::worker::v1::WorkerHeartbeat& into) {
    writer_.write(facts_(), engine::enums::WORKER_STATUS_SHUTTING_DOWN, into);
  }
  /// Where the server leaves commands for this worker; empty: it takes none.
  std::string_view command_queue() const noexcept {
    return cancel_ && !left_ ? group_->command_queue() : std::string_view();
  }
  void replace_connection(std::shared_ptr<io::connection> to) { group_->replace_connection(std::move(to)); }
  /// Leaves the group, which outlives this only if others are in it.
  asio::awaitable<void> leave() {
    left_ = true;
    const auto group = group_;
    group->leave(*this);
    constexpr auto to_answer = std::chrono::milliseconds(200);
    co_await worker_group::wait_ended(group, io::later(io::steady_clock::now(), to_answer));
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
