#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/base/random.hpp"
#include "rondo/detail/engine/signal_with_start.hpp"
#include "support/engine_driver.hpp"
#include "support/history_builder.hpp"

namespace rondo::test {

/// What a server and the world around a run may do next, chosen at random: answers to what the run began, messages,
/// workflow tasks that fail.
class random_world {
 public:
  /// `words`: of the vocabulary of that time, since a seed stands for the same world for ever.
  random_world(std::uint64_t seed, int words) : random_(seed), cancels_activities_(words > 1) {}

  /// Some events, and updates, before one workflow task.
  void happen(engine_driver& to) {
    for (auto count = random_.uniform(0, 4); count > 0; --count) one_event(to);
    if (random_.uniform(0, 5) == 0) ask(to);
  }
  /// What becomes of the local activity that has waited longest. It depends on nothing but its number, so that it is
  /// the same for a run that was rebuilt meanwhile.
  static void work_on_local(engine_driver& to, std::uint64_t seed) {
    const auto number = to.first_local();
    detail::deterministic_random fate(seed * 100 + number);
    const auto after = std::chrono::milliseconds(fate.uniform(0, 2) * 500);
    switch (fate.uniform(0, 9)) {
      case 0:
        to.fail_local(number, "declined");
        break;
      case 1:
        to.fail_local(number, "later", std::chrono::seconds(90));
        break;
      case 2:
        to.heartbeat();
        break;
      default:
        to.end_local(number, std::to_string(fate.uniform(0, 9)), after);
        break;
    }
  }
  /// True once in so many times.
  bool chance(std::int64_t times) { return random_.uniform(1, times) == 1; }
  std::int64_t number(std::int64_t most) { return random_.uniform(0, most); }

 private:
  enum class kind : std::uint8_t {
    activity,
    cancelled_activity,
    timer,
    child,
    started_child,
    signal,
    cancel,
    nexus,
    nexus_cancel
  };

  /// What the run began and the history does not close, by the id of its event.
  static std::vector<std::pair<std::int64_t, kind>> open_in(const History& history) {
    std::map<std::int64_t, kind> open;
    std::map<std::string, std::int64_t> timers;
    for (const auto& event : history.events()) {
      switch (event.event_type()) {
        case enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
          open[event.event_id()] = kind::activity;
          break;
        case enums::EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED: {
          const auto of = event.activity_task_cancel_requested_event_attributes().scheduled_event_id();
          if (open.contains(of)) open[of] = kind::cancelled_activity;
          break;
        }
        case enums::EVENT_TYPE_TIMER_STARTED:
          open[event.event_id()] = kind::timer;
          timers[event.timer_started_event_attributes().timer_id()] = event.event_id();
          break;
        case enums::EVENT_TYPE_TIMER_CANCELED:
          open.erase(timers[event.timer_canceled_event_attributes().timer_id()]);
          break;
        case enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
          open[event.event_id()] = kind::child;
          break;
        case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED:
          open[engine::initial_event_of(event)] = kind::started_child;
          break;
        case enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
          open[event.event_id()] = kind::signal;
          break;
        case enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
          open[event.event_id()] = kind::cancel;
          break;
        case enums::EVENT_TYPE_NEXUS_OPERATION_SCHEDULED:
          open[event.event_id()] = kind::nexus;
          break;
        case enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUESTED: {
          const auto of = event.nexus_operation_cancel_requested_event_attributes().scheduled_event_id();
          if (open.contains(of)) open[of] = kind::nexus_cancel;
          break;
        }
        case enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_COMPLETED:
        case enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_FAILED:
        case enums::EVENT_TYPE_NEXUS_OPERATION_STARTED:
          if (const auto of = engine::initial_event_of(event); open.contains(of)) open[of] = kind::nexus;
          break;
        case enums::EVENT_TYPE_ACTIVITY_TASK_STARTED:
          break;
        default:
          open.erase(engine::initial_event_of(event));
          break;
      }
    }
    return {open.begin(), open.end()};
  }

  void one_event(engine_driver& to) {
    auto& h = to.history;
    switch (random_.uniform(0, 11)) {
      case 0:
        h.signal("poke", {"1"});
        break;
      case 1:
        h.signal("do_more", {std::to_string(random_.uniform(1, 1000))});
        break;
      case 2:
        h.signal("unheard", {std::to_string(h.last_id())});
        break;
      case 3:
        if (chance(2)) h.failed_task();
        break;
      case 4:
        if (chance(2)) h.timed_out_task();
        break;
      case 5:
        if (chance(6)) h.cancel_requested("stop");
        break;
      case 6:
        if (chance(6)) {
          h.failed_task(enums::WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW, "run-" + std::to_string(h.last_id()));
          h.update_admitted("admitted-" + std::to_string(h.last_id()), "update",
                            {std::to_string(random_.uniform(1, 1000))});
        }
        break;
      default:
        answer(h);
        break;
    }
  }
  void answer(history_builder& h) {
    auto open = open_in(h.history());
    if (open.empty()) return;
    // Activities that end as cancelled would be rare among all that ends.
    if (cancels_activities_ && chance(2)) {
      const auto asked = [](const auto& each) { return each.second == kind::cancelled_activity; };
      const auto end = std::stable_partition(open.begin(), open.end(), asked);
      if (end != open.begin()) open.erase(end, open.end());
    }
    const auto [id, of] =
        open[static_cast<std::size_t>(random_.uniform(0, static_cast<std::int64_t>(open.size()) - 1))];
    switch (of) {
      case kind::activity:
      case kind::cancelled_activity:
        answer_activity(h, id, of);
        break;
      case kind::timer:
        h.timer_fired(id);
        break;
      case kind::child:
        chance(4) ? h.child_refused(id) : h.child_started(id);
        break;
      case kind::started_child:
        answer_child(h, id);
        break;
      case kind::signal:
        chance(4) ? h.signal_failed(id) : h.signal_delivered(id);
        break;
      case kind::cancel:
        chance(4) ? h.cancel_failed(id) : h.cancel_delivered(id);
        break;
      case kind::nexus_cancel:
        if (chance(2)) {
          chance(4) ? h.nexus_cancel_failed(id) : h.nexus_cancel_delivered(id);
          break;
        }
        answer_nexus(h, id);
        break;
      case kind::nexus:
        answer_nexus(h, id);
        break;
    }
  }
  void answer_activity(history_builder& h, std::int64_t id, kind of) {
    if (cancels_activities_) {
      const bool started = has_started(h, id, enums::EVENT_TYPE_ACTIVITY_TASK_STARTED);
      if (!started && chance(4)) {
        h.activity_started(id);
        return;
      }
      if (of == kind::cancelled_activity && chance(2)) {
        // One that no worker has taken yet is cancelled without having started.
        if (!started && chance(2)) h.activity_started(id);
        h.activity_cancelled(id);
        return;
      }
      if (!started) h.activity_started(id);
    } else {
      h.activity_started(id);
    }
    switch (random_.uniform(0, 4)) {
      case 0:
        h.activity_failed(id, "declined");
        break;
      case 1:
        h.activity_timed_out(id);
        break;
      default:
        h.activity_completed(id, std::to_string(random_.uniform(0, 9)));
        break;
    }
  }
  static bool has_started(const history_builder& h, std::int64_t id, enums::EventType by) {
    const auto& events = h.history().events();
    return std::any_of(events.begin(), events.end(), [id, by](const auto& each) {
      return each.event_type() == by && engine::initial_event_of(each) == id;
    });
  }
  void answer_nexus(history_builder& h, std::int64_t id) {
    if (chance(2) && !has_started(h, id, enums::EVENT_TYPE_NEXUS_OPERATION_STARTED)) {
      h.nexus_started(id, "t" + std::to_string(id));
      return;
    }
    switch (random_.uniform(0, 5)) {
      case 0:
        h.nexus_failed(id, "declined");
        break;
      case 1:
        h.nexus_timed_out(id);
        break;
      case 2:
        h.nexus_cancelled(id);
        break;
      default:
        complete_nexus(h, id);
        break;
    }
  }
  /// The server answers a signal with start by a message.
  void complete_nexus(history_builder& h, std::int64_t id) {
    const std::string number = std::to_string(random_.uniform(0, 9));
    h.nexus_completed(id, number);
    if (h.at(id).nexus_operation_scheduled_event_attributes().endpoint() != engine::system_endpoint) return;
    engine::service::SignalWithStartWorkflowExecutionResponse response;
    response.set_run_id(number);
    h.at(h.last_id())
        .mutable_nexus_operation_completed_event_attributes()
        ->mutable_result()
        ->set_data(response.SerializeAsString());
  }
  void answer_child(history_builder& h, std::int64_t id) {
    switch (random_.uniform(0, 6)) {
      case 0:
        h.child_failed(id, "declined");
        break;
      case 1:
        h.child_timed_out(id);
        break;
      case 2:
        h.child_terminated(id);
        break;
      case 3:
        h.child_cancelled(id);
        break;
      default:
        h.child_completed(id, std::to_string(random_.uniform(0, 9)));
        break;
    }
  }
  /// An update that follows the last event, or one in the middle of those that no task has seen.
  void ask(engine_driver& to) {
    const auto last = to.history.last_id();
    const auto seen = to.history.last(enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED);
    const auto after = chance(2) || last <= seen ? last : random_.uniform(seen, last);
    to.ask("update-" + std::to_string(last), "update", {std::to_string(random_.uniform(1, 1000))}, after);
  }

  detail::deterministic_random random_;
  bool cancels_activities_;
};

}  // namespace rondo::test
