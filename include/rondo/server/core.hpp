#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "rondo/detail/base/random.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/log.hpp"
#include "rondo/server/call.hpp"
#include "rondo/server/clock.hpp"
#include "rondo/server/config.hpp"
#include "rondo/server/options.hpp"
#include "rondo/server/store.hpp"

namespace rondo::server {

class deployments;
class matching;
class namespaces;
class notifier;
class task_queue_configs;
class visibility;
class worker_commands;
class workers;
struct run;

/// The state of a server and the order in which it changes.
///
/// Everything happens in turns on one loop: a request or a batch of due timers is handled, what it caused in other runs
/// is done (later()), every run that was touched is settled, and what changed goes to the store as one batch. Answers
/// leave when their batch is safe.
class core {
 public:
  /// Reads what the store has, so that every timer and task goes on.
  core(io::event_loop& loop, options settings, std::unique_ptr<store> disk);
  core(const core&) = delete;
  core& operator=(const core&) = delete;
  ~core();

  io::event_loop& loop() noexcept { return *loop_; }
  const options& settings() const noexcept { return options_; }
  limits& limit() noexcept { return options_.limits; }
  const limits& limit() const noexcept { return options_.limits; }
  const logger& log() const noexcept { return options_.log; }
  instant now() const noexcept { return clock_.now(); }
  server::clock& clock() noexcept { return clock_; }
  server::store& store() noexcept { return *store_; }
  server::namespaces& namespaces() noexcept { return *namespaces_; }
  server::matching& matching() noexcept { return *matching_; }
  server::task_queue_configs& task_queue_configs() noexcept { return *task_queue_configs_; }
  server::deployments& deployments() noexcept { return *deployments_; }
  server::visibility& visibility() noexcept { return *visibility_; }
  server::notifier& notifier() noexcept { return *notifier_; }
  server::workers& workers() noexcept { return *workers_; }
  server::worker_commands& worker_commands() noexcept { return *worker_commands_; }

  std::string new_uuid();
  /// For jitter and the like, from 0 to 1.
  double random() noexcept { return random_.uniform_real(); }

  /// Handles something that came from outside as one turn. Everything that changes state outside of a request (a timer,
  /// a client that went away) goes through it; inside of a turn it simply calls the function. What the function throws
  /// comes out when the turn is over.
  void turn(const std::function<void()>& work);
  /// Does something after what is being done now, in this same turn: how one run affects another. Capture ids, not
  /// runs.
  void later(std::function<void()> work) { effects_.push_back(std::move(work)); }
  /// The run changed in this turn. All changes of a step are one transition of its state.
  void touch(run& which);
  /// Nothing changed that counts, but the run has to be settled.
  void revisit(run& which);
  /// Whether the run holds the clock may have changed, and nothing else of it.
  void update_hold(run& which);
  /// What comes now is a step of its own; turns and what is done later() in them are so anyway.
  void begin_step() noexcept { ++step_; }
  /// A value of the server itself changed; an empty one is removed.
  void put_value(std::string name, std::string value);
  /// Answers a call once everything that has happened is safe. Answering a client that went away does nothing.
  void answer(const call_ptr& call, std::string response);
  void answer(const call_ptr& call, const google::protobuf::Message& response);
  void refuse(const call_ptr& call, rpc_status status);
  /// Does something once everything that has happened is safe; with the error if it cannot become safe.
  void when_safe(std::function<void(const rpc_status&)> then);

  /// Closed runs that are in memory, the longest unused first.
  std::deque<std::pair<std::string, std::string>>& closed_runs() noexcept { return closed_runs_; }
  /// Everything up to this turn is in the store: what was written with the number or before.
  std::uint64_t safe() const noexcept { return safe_; }
  /// The run was removed, but the store may still show it.
  bool is_removed(const std::string& run_id) const { return removed_.count(run_id) != 0; }
  /// Takes the run out of the store.
  void erase(run& which);

  /// The store failed: nothing is accepted any more. Set by the first failed write.
  const rpc_status& failure() const noexcept { return failure_; }
  std::function<void(const rpc_status&)> on_failure;

 private:
  void end_turn();
  void run_effect(const std::function<void()>& effect);
  void settle_touched();
  void settle(run& which);
  void arm(run& which);
  void save(run& which);
  void commit();
  void release();
  void on_written(std::uint64_t batch, const rpc_status& status);
  void load();

  io::event_loop* loop_;
  options options_;
  std::unique_ptr<server::store> store_;
  server::clock clock_;
  rondo::detail::deterministic_random random_;
  std::unique_ptr<server::namespaces> namespaces_;
  std::unique_ptr<server::deployments> deployments_;
  std::unique_ptr<server::notifier> notifier_;
  std::unique_ptr<server::task_queue_configs> task_queue_configs_;
  std::unique_ptr<server::matching> matching_;
  std::unique_ptr<server::visibility> visibility_;
  std::unique_ptr<server::workers> workers_;
  std::unique_ptr<server::worker_commands> worker_commands_;

  bool in_turn_ = false;
  std::uint64_t step_ = 0;
  std::deque<std::function<void()>> effects_;
  std::vector<std::pair<std::string, std::string>> touched_;  // namespace id and run id: a run may go meanwhile
  std::deque<std::pair<std::string, std::string>> closed_runs_;
  std::unordered_set<std::string> removed_;
  store_batch batch_;
  struct held {
    std::uint64_t batch;
    std::function<void(const rpc_status&)> then;
  };
  std::deque<held> held_;
  std::uint64_t written_ = 0;
  std::uint64_t safe_ = 0;
  rpc_status failure_;
};

}  // namespace rondo::server
