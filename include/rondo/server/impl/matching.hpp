#pragma once

#include "rondo/server/matching.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rondo/server/delivery.hpp"
#include "rondo/server/deployments.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/notifier.hpp"
#include "rondo/server/poller_scaling.hpp"
#include "rondo/server/run.hpp"
#include "rondo/server/task_queue_configs.hpp"

namespace rondo::server {

namespace detail_matching {

using namespace std::chrono_literals;

/// Workers that did not poll for so long are forgotten.
inline constexpr auto worker_memory = 5min;
/// Polls of a worker that shut down end at once for so long.
inline constexpr auto shutdown_memory = 30s;

inline run* run_of(core& in, const queued_task& task) {
  name_space* space = in.namespaces().find_by_id(task.queue.namespace_id);
  if (space == nullptr) return nullptr;
  const auto found = space->runs.find(task.run_id);
  return found == space->runs.end() ? nullptr : found->second.get();
}

inline bool deliver(core& in, const queued_task& task, const poller& to) {
  switch (task.kind) {
    case task_kind::workflow:
      return deliver_workflow_task(in, task, to);
    case task_kind::activity:
      return deliver_activity_task(in, task, to);
    case task_kind::query:
      return deliver_query_task(in, task, to);
  }
  return false;
}

}  // namespace detail_matching

struct matching::impl {
  using queue_id = std::pair<queue_key, std::string>;

  explicit impl(core& owner) : in(owner) {}
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;
  ~impl() {
    for (auto& [id, queue] : queues) {
      in.clock().disarm(queue->again);
      for (auto& poll : queue->polls) {
        in.loop().disarm(poll.end);
        poll.from.call->on_abandoned = nullptr;
      }
    }
  }

  static io::time_point real_now() noexcept { return io::steady_clock::now(); }

  queue_state* find(const queue_key& key, const std::optional<deployment_version>& version) const {
    const auto found = queues.find({key, version_text(version)});
    return found == queues.end() ? nullptr : found->second.get();
  }

  queue_state& get(const queue_key& key, const std::optional<deployment_version>& version, bool sticky) {
    forget_unused();
    auto& place = queues[{key, version_text(version)}];
    if (!place) {
      place = std::make_unique<queue_state>();
      place->key = key;
      place->version = version;
      place->sticky = sticky;
      place->limits = &limits_of(key);
      place->again.on_due = [this, queue = place.get()] { on_again(*queue); };
    }
    return *place;
  }

  queue_limits& limits_of(const queue_key& key) {
    const auto [found, added] = limits.try_emplace(key);
    if (added) found->second.configure(in.task_queue_configs().find(key), in.now());
    return found->second;
  }

  /// Called now and then, so that the number of queues stays in proportion to those in use.
  void forget_unused() {
    if (queues.size() < next_sweep) return;
    const auto now = real_now();
    for (auto each = queues.begin(); each != queues.end();) {
      queue_state& queue = *each->second;
      forget_workers(queue, now);
      const bool used = !queue.polls.empty() || !queue.tasks.empty() || !queue.workers.empty() || queue.match_pending ||
                        queue.matching_now;
      if (!used) in.clock().disarm(queue.again);
      each = used ? std::next(each) : queues.erase(each);
    }
    std::erase_if(limits, [this](const auto& each) {
      const auto first = queues.lower_bound({each.first, std::string()});
      return first == queues.end() || first->first.first != each.first;
    });
    next_sweep = std::max<std::size_t>(64, 2 * queues.size());
  }

  static void forget_workers(queue_state& queue, io::time_point now) {
    std::erase_if(queue.workers,
                  [now](const auto& each) { return now - each.second.seen > detail_matching::worker_memory; });
  }

  void see_worker(queue_state& queue, const poller& from, std::optional<double> rate) {
    const auto now = real_now();
    if (queue.workers.size() >= 1000) forget_workers(queue, now);
    known_worker& worker = queue.workers[from.identity];
    worker.seen = now;
    worker.last_access = in.now();
    if (rate) worker.rate = rate;
    worker.instance_key = from.instance_key;
    worker.options.Clear();
    if (from.version) {
      worker.options.set_deployment_name(from.version->deployment_name());
      worker.options.set_build_id(from.version->build_id());
    }
    worker.options.set_worker_versioning_mode(from.versioning_mode);
    queue.last_poll = now;
  }

  // Tasks.

  void put(std::uint64_t id, queued_task task) {
    queue_state& queue = get(task.queue, task.sticky ? std::nullopt : task.version, task.sticky);
    const std::int64_t place = queue.orders[task.priority].place(task.fairness_key, queue.limits->weight_of(task));
    const queue_state::task_key key{task.priority, place, id};
    places[id] = {&queue, key};
    queue.tasks.emplace(key, std::move(task));
    schedule(queue);
  }

  queued_task take_out(std::uint64_t id) {
    const auto [queue, key] = places.at(id);
    places.erase(id);
    const auto found = queue->tasks.find(key);
    queued_task task = std::move(found->second);
    queue->tasks.erase(found);
    const auto next = queue->tasks.lower_bound({key.priority, 0, 0});
    if (next == queue->tasks.end() || next->first.priority != key.priority) queue->orders.erase(key.priority);
    return task;
  }

  /// Looks at the queue when what is being done now is done.
  void schedule(queue_state& queue) {
    if (std::exchange(queue.match_pending, true)) return;
    in.turn([this, &queue] {
      in.later([this, id = queue_id(queue.key, version_text(queue.version))] {
        const auto found = queues.find(id);
        if (found != queues.end()) match(*found->second);
      });
    });
  }

  void match(queue_state& queue) {
    queue.match_pending = false;
    if (queue.matching_now) return;
    queue.matching_now = true;
    instant when = 0;
    while (!queue.tasks.empty() && !queue.polls.empty()) {
      const auto [next, ready] = choose(queue);
      if (ready > in.now()) {
        when = ready;
        break;
      }
      give(queue, next);
    }
    wait_for_rate(queue, when);
    queue.matching_now = false;
    look(queue);
  }

  /// The first task that may leave now; if none may, the one that may soonest, and when.
  std::pair<queue_state::task_key, instant> choose(const queue_state& queue) const {
    const auto& first = queue.tasks.begin()->first;
    if (queue.key.type != queue_type::activity) return {first, 0};
    const instant now = in.now();
    const instant of_queue = queue.limits->next();
    if (of_queue > now || !queue.limits->by_key()) return {first, of_queue};
    std::pair<queue_state::task_key, instant> soonest{first, never};
    for (const auto& [key, task] : queue.tasks) {
      const instant of_key = queue.limits->next_of(task.fairness_key);
      if (of_key <= now) return {key, of_key};
      if (of_key < soonest.second) soonest = {key, of_key};
    }
    return soonest;
  }

  void give(queue_state& queue, const queue_state::task_key& key) {
    const std::uint64_t id = key.number;
    const int priority = key.priority;
    const auto now = real_now();
    waiting_poll& poll = queue.polls.front();
    poll.from.scaling_suggestion = suggested_poll_delta(queue, poll, now, in.now());
    queue.orders[priority].reach(key.place);
    const queued_task task = take_out(id);
    // None for sticky queues: clients send all of their polls there while the last hint that they saw is above zero,
    // and with answers that overtake each other, that may be any. Tasks of the other queue would wait until the polls
    // end.
    if (!queue.sticky) poll.from.backlog_hint = static_cast<std::int64_t>(queue.tasks.size());
    const call_ptr call = poll.from.call;
    call->on_abandoned = nullptr;
    in.begin_step();
    bool taken = false;
    try {
      taken = detail_matching::deliver(in, task, poll.from);
    } catch (const std::exception& error) {
      in.log().error("a task could not be given to a worker",
                     {{"task queue", queue.key.name}, {"workflow", task.workflow_id}, {"error", error.what()}});
    }
    if (!taken) {
      watch(poll);
      return;
    }
    if (queue.key.type == queue_type::activity) queue.limits->take(task, in.now());
    see_worker(queue, poll.from, std::nullopt);
    queue.rates[priority].second.count(now);
    drop(poll);
  }

  /// All tasks have to wait until the time, though there are polls; 0: they have not. While they do, their runs leave
  /// the clock free to skip.
  void wait_for_rate(queue_state& queue, instant when) {
    if (when == 0 || when == never) {
      in.clock().disarm(queue.again);
    } else {
      in.clock().arm(queue.again, when);
    }
    const bool waits = when != 0;
    if (waits) queue.held_back.count(real_now());
    if (std::exchange(queue.waits_for_rate, waits) == waits || !in.clock().can_skip()) return;
    for (const auto& [key, task] : queue.tasks) {
      if (run* of = detail_matching::run_of(in, task)) in.update_hold(*of);
    }
  }

  void on_again(queue_state& queue) {
    if (!queue.tasks.empty() && !queue.polls.empty()) return schedule(queue);
    wait_for_rate(queue, 0);
  }

  /// The limits of the queue changed.
  void schedule_versions(const queue_key& key) {
    for (auto each = queues.lower_bound({key, std::string()}); each != queues.end(); ++each) {
      if (each->first.first != key) return;
      if (!each->second->tasks.empty()) schedule(*each->second);
    }
  }

  /// Tells of tasks that no poll waits for.
  void look(queue_state& queue) {
    if (queue.sticky || queue.tasks.empty() || !queue.polls.empty()) return;
    in.notifier().queue_needs_worker(queue.key, queue.version);
  }

  // Polls.

  void drop(waiting_poll& poll) {
    in.loop().disarm(poll.end);
    poll.from.call->on_abandoned = nullptr;
    polls.erase(poll.id);
    queue_state& queue = *poll.queue;
    queue.polls.remove_if([&poll](const waiting_poll& each) { return &each == &poll; });
  }

  /// The poll's client may go at any time.
  void watch(waiting_poll& poll) {
    poll.from.call->on_abandoned = [this, id = poll.id] { leave(id, false); };
  }

  /// Without a task: the time is over, or the client has gone.
  void leave(std::uint64_t id, bool answer) {
    const auto found = polls.find(id);
    if (found == polls.end()) return;
    waiting_poll& poll = *found->second;
    queue_state& queue = *poll.queue;
    const call_ptr call = poll.from.call;
    if (answer) see_worker(queue, poll.from, std::nullopt);
    drop(poll);
    if (queue.polls.empty() && queue.waits_for_rate) wait_for_rate(queue, 0);
    if (answer) in.answer(call, std::string());
    look(queue);
  }

  bool is_shut_down(const poller& from) {
    if (from.instance_key.empty()) return false;
    const auto found = shut_down.find({from.queue.namespace_id, from.instance_key});
    return found != shut_down.end() && found->second > real_now();
  }

  /// Tasks of a sticky queue go to the one that all workers share, under the same numbers.
  void release(queue_state& queue) {
    std::vector<std::uint64_t> ids;
    for (const auto& [key, task] : queue.tasks) ids.push_back(key.number);
    const bool before = std::exchange(queue.matching_now, true);  // it stays while it is emptied
    for (const auto id : ids) leave_sticky(id);
    queue.matching_now = before;
  }

  void leave_sticky(std::uint64_t id) {
    const std::string normal_name = places.at(id).first->normal_name;
    queued_task task = take_out(id);
    run* of = detail_matching::run_of(in, task);
    if (of == nullptr) return;
    task.sticky = false;
    task.queue.name = normal_name.empty() ? of->state.task_queue() : normal_name;
    task.version = in.deployments().target(*of, task.queue);
    if (task.kind == task_kind::workflow && of->state.has_workflow_task() &&
        of->state.workflow_task().scheduled_event_id() == task.scheduled_event_id) {
      in.turn([&] {
        of->state.mutable_workflow_task()->set_sticky(false);
        of->state.mutable_workflow_task()->set_task_queue(task.queue.name);
        of->state.clear_sticky_task_queue();
        of->state.clear_sticky_timeout();
        in.revisit(*of);
      });
    }
    put(id, std::move(task));
  }

  void reroute(std::uint64_t id) {
    const auto [queue, key] = places.at(id);
    const queued_task& task = queue->tasks.at(key);
    run* of = detail_matching::run_of(in, task);
    if (of == nullptr) return;
    queue_key normal = task.queue;
    if (task.sticky) normal.name = queue->normal_name.empty() ? of->state.task_queue() : queue->normal_name;
    const auto target = in.deployments().target(*of, normal);
    if (task.sticky) {
      if (version_text(target) != version_text(queue->worker_version)) leave_sticky(id);
      return;
    }
    if (version_text(target) == version_text(task.version)) return;
    queued_task moved = take_out(id);
    moved.version = target;
    put(id, std::move(moved));
  }

  core& in;
  std::map<queue_id, std::unique_ptr<queue_state>> queues;
  std::map<queue_key, queue_limits> limits;
  std::unordered_map<std::uint64_t, std::pair<queue_state*, queue_state::task_key>> places;  // of tasks
  std::unordered_map<std::uint64_t, waiting_poll*> polls;
  std::map<std::pair<std::string, std::string>, io::time_point> shut_down;  // namespace and instance, until when
  std::uint64_t next_task = 1;
  std::uint64_t next_poll = 1;
  std::size_t next_sweep = 64;
};

RONDO_SERVER_FUNCTION matching::matching(core& owner) : impl_(std::make_unique<impl>(owner)) {}
RONDO_SERVER_FUNCTION matching::~matching() = default;

RONDO_SERVER_FUNCTION std::uint64_t matching::add(queued_task task) {
  const std::uint64_t id = impl_->next_task++;
  if (task.added == 0) task.added = impl_->in.now();
  const int priority = task.priority;
  impl_->put(id, std::move(task));
  impl_->places.at(id).first->rates[priority].first.count(impl::real_now());
  return id;
}

RONDO_SERVER_FUNCTION void matching::remove(std::uint64_t task) noexcept {
  if (impl_->places.find(task) != impl_->places.end()) impl_->take_out(task);
}

RONDO_SERVER_FUNCTION void matching::poll(poller from, std::optional<double> rate, io::time_point end) {
  core& in = impl_->in;
  if (from.call->abandoned()) return;
  if (impl_->is_shut_down(from)) return in.answer(from.call, std::string());
  const auto version = from.sticky ? std::nullopt : from.version;
  queue_state& queue = impl_->get(from.queue, version, from.sticky);
  const auto now = impl::real_now();
  if (from.sticky) {
    queue.normal_name = from.normal_name;
    queue.worker_version = from.version;
  }
  if (!from.sticky && queue.limits->set_worker_rate(rate, in.now())) impl_->schedule_versions(queue.key);
  impl_->see_worker(queue, from, rate);
  if (from.version && !from.sticky) in.deployments().on_poll(from);
  waiting_poll& poll = queue.polls.emplace_back();
  poll.id = impl_->next_poll++;
  poll.from = std::move(from);
  poll.queue = &queue;
  poll.began = now;
  poll.end.on_due = [internals = impl_.get(), id = poll.id] { internals->leave(id, true); };
  impl_->polls[poll.id] = &poll;
  impl_->watch(poll);
  in.loop().arm(poll.end, end);
  if (!queue.tasks.empty()) impl_->schedule(queue);
}

RONDO_SERVER_FUNCTION void matching::shut_down_worker(const std::string& namespace_id,
                                                      const std::string& instance_key) {
  const auto now = impl::real_now();
  std::erase_if(impl_->shut_down, [now](const auto& each) { return each.second <= now; });
  impl_->shut_down[{namespace_id, instance_key}] = now + detail_matching::shutdown_memory;
  std::vector<std::uint64_t> ended;
  for (auto& [id, queue] : impl_->queues) {
    if (id.first.namespace_id != namespace_id) continue;
    for (const auto& poll : queue->polls) {
      if (poll.from.instance_key == instance_key) ended.push_back(poll.id);
    }
  }
  for (const auto id : ended) impl_->leave(id, true);
  for (auto& [id, queue] : impl_->queues) {
    if (id.first.namespace_id != namespace_id) continue;
    std::erase_if(queue->workers, [&](const auto& each) { return each.second.instance_key == instance_key; });
  }
}

RONDO_SERVER_FUNCTION void matching::drop_sticky(const queue_key& sticky) {
  queue_state* queue = impl_->find(sticky, std::nullopt);
  if (queue == nullptr || !queue->sticky) return;
  while (!queue->polls.empty()) impl_->leave(queue->polls.front().id, true);
  impl_->release(*queue);
  impl_->in.clock().disarm(queue->again);
  impl_->queues.erase({sticky, std::string()});
  impl_->limits.erase(sticky);
}

RONDO_SERVER_FUNCTION void matching::reroute(const std::string& namespace_id, const std::string& run_id) {
  std::vector<std::uint64_t> ids;
  if (run_id.empty()) {
    for (const auto& [id, place] : impl_->places) {
      if (place.first->key.namespace_id == namespace_id) ids.push_back(id);
    }
    std::sort(ids.begin(), ids.end());
  } else if (name_space* space = impl_->in.namespaces().find_by_id(namespace_id)) {
    const auto of = space->runs.find(run_id);
    if (of == space->runs.end()) return;
    for (const auto& [event_id, id] : of->second->queued_tasks) {
      if (impl_->places.find(id) != impl_->places.end()) ids.push_back(id);
    }
  }
  for (const auto id : ids) impl_->reroute(id);
}

RONDO_SERVER_FUNCTION void matching::reconfigure(const queue_key& queue) {
  const auto found = impl_->limits.find(queue);
  if (found == impl_->limits.end()) return;
  const bool affected = found->second.configure(impl_->in.task_queue_configs().find(queue), impl_->in.now());
  if (affected) impl_->schedule_versions(queue);
}

RONDO_SERVER_FUNCTION std::pair<double, queue_limits::rate_source> matching::rate_limit(const queue_key& queue) const {
  if (const auto found = impl_->limits.find(queue); found != impl_->limits.end()) {
    return {found->second.rate(), found->second.source()};
  }
  queue_limits unused;
  unused.configure(impl_->in.task_queue_configs().find(queue), impl_->in.now());
  return {unused.rate(), unused.source()};
}

RONDO_SERVER_FUNCTION bool matching::waits_for_rate(std::uint64_t task) const {
  const auto found = impl_->places.find(task);
  return found != impl_->places.end() && found->second.first->waits_for_rate;
}

RONDO_SERVER_FUNCTION bool matching::sticky_available(const queue_key& sticky) const {
  const queue_state* queue = impl_->find(sticky, std::nullopt);
  if (queue == nullptr || !queue->sticky) return false;
  const auto window = std::chrono::nanoseconds(impl_->in.limit().sticky_poller_window);
  return !queue->polls.empty() || impl::real_now() - queue->last_poll < window;
}

RONDO_SERVER_FUNCTION bool matching::has_poller(const queue_key& queue) const {
  bool found = false;
  each_version(queue, [&found](const queue_state& each) { found = found || !each.polls.empty(); });
  return found;
}

RONDO_SERVER_FUNCTION bool matching::has_poller(const queue_key& queue,
                                                const std::optional<deployment_version>& version) const {
  const queue_state* found = impl_->find(queue, version);
  return found != nullptr && !found->polls.empty();
}

RONDO_SERVER_FUNCTION std::int64_t matching::backlog(const queue_key& queue,
                                                     const std::optional<deployment_version>& version) const {
  const queue_state* found = impl_->find(queue, version);
  return found == nullptr ? 0 : static_cast<std::int64_t>(found->tasks.size());
}

RONDO_SERVER_FUNCTION bool matching::polled_since(const queue_key& queue,
                                                  const std::optional<deployment_version>& version,
                                                  io::time_point time) const {
  const queue_state* found = impl_->find(queue, version);
  return found != nullptr && (found->last_poll >= time || !found->polls.empty());
}

RONDO_SERVER_FUNCTION std::size_t matching::queue_count() const noexcept { return impl_->queues.size(); }

RONDO_SERVER_FUNCTION void matching::each_version(const queue_key& queue,
                                                  const std::function<void(queue_state&)>& visit) const {
  for (auto each = impl_->queues.lower_bound({queue, std::string()}); each != impl_->queues.end(); ++each) {
    if (each->first.first != queue) return;
    visit(*each->second);
  }
}

}  // namespace rondo::server
