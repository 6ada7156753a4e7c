#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/event_types.hpp"

namespace rondo::detail::engine {

/// What one workflow task saw and did:
///
///     inbound events ... WorkflowTaskScheduled WorkflowTaskStarted | WorkflowTaskCompleted commands ...
///     '-------------------- what it saw --------------------------'  '--------- what it did --------'
///
/// Workflow tasks that failed or timed out do not count: their events belong to the next one. Valid until the next call
/// of `logical_tasks`.
struct logical_task {
  std::span<const HistoryEvent* const> inbound{};
  /// Null: the second part of a task whose first part was given before, when it was not completed yet.
  const HistoryEvent* started = nullptr;
  /// Null: the task is open, it is the one to work on now.
  const HistoryEvent* completed = nullptr;
  std::span<const HistoryEvent* const> commands{};
  /// Of the inbound events.
  event_roles roles{};
  /// Some of the commands left something that the code is told of before it runs, or that ends a local activity.
  bool records = false;
};

/// Cuts a history, which comes in pages, into logical tasks. Holds no more of it than the task that is incomplete.
class logical_tasks {
 public:
  enum class reading : std::uint8_t {
    task,          ///< one more task
    need_page,     ///< the rest of the next task is on a later page
    end,           ///< nothing is left but events that no task has seen
    inconsistent,  ///< the task that was given last as open did not count: the run that worked on it is of no use
  };

  /// Adds a page; events that were seen already are passed over. False when events are missing before or within it. The
  /// page must stay in memory until `keep` or the end.
  bool add(const google::protobuf::RepeatedPtrField<HistoryEvent>& page, bool last) {
    last_page_ = last;
    window_.reserve(window_.size() + static_cast<std::size_t>(page.size()));
    for (const auto& event : page) {
      if (event.event_id() < next_id_) continue;
      if (event.event_id() != next_id_) return false;
      ++next_id_;
      window_.push_back(&event);
    }
    return true;
  }

  /// `with_open`: the last task may be an open one. Without it, an open task is left alone, as for a query.
  reading next(logical_task& task, bool with_open) {
    if (open_ != 0) return rest_of_open(task);
    for (; scan_ < window_.size(); ++scan_) {
      if (const auto which = type(scan_); which != enums::EVENT_TYPE_WORKFLOW_TASK_STARTED) {
        roles_.add(role_of(which));
        continue;
      }
      if (scan_ + 1 == window_.size()) {
        if (!last_page_) return reading::need_page;
        return with_open ? open_task(task) : reading::end;
      }
      if (type(scan_ + 1) != enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED) continue;
      const std::size_t end = end_of_commands(scan_ + 2);
      if (end == window_.size() && !last_page_) return reading::need_page;
      task.started = window_[scan_];
      task.completed = window_[scan_ + 1];
      task.inbound = part(head_, scan_ + 1);
      task.commands = part(scan_ + 2, end);
      task.roles = roles_;
      task.records = records_;
      consume(end);
      return reading::task;
    }
    return last_page_ ? reading::end : reading::need_page;
  }

  /// Events that no task has seen, after `end`.
  std::span<const HistoryEvent* const> rest() const noexcept { return part(head_, window_.size()); }
  /// Id of the next event that a page must bring.
  std::int64_t next_id() const noexcept { return next_id_; }
  /// Id of the started event of the task that was given last as open; 0 when there is none.
  std::int64_t open_task_id() const noexcept { return open_; }

  /// Copies what is not consumed yet, so that the pages may go.
  void keep() {
    const std::size_t already = kept_.size() > head_ ? kept_.size() - head_ : 0;
    kept_.erase(kept_.begin(), kept_.end() - static_cast<std::ptrdiff_t>(already));
    window_.erase(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(head_));
    scan_ -= head_;
    head_ = 0;
    forget_commands();
    for (std::size_t i = already; i < window_.size(); ++i) {
      window_[i] = kept_.emplace_back(std::make_unique<HistoryEvent>(*window_[i])).get();
    }
  }
  /// Forgets what is not consumed: it will come again.
  void drop_rest() noexcept {
    next_id_ -= static_cast<std::int64_t>(window_.size() - head_);
    window_.clear();
    kept_.clear();
    consume(0);
  }
  /// The server has dropped the open task: its two events are not part of the history.
  void drop_open_task() noexcept {
    if (open_ == 0) return;
    next_id_ = open_scheduled_;
    open_ = 0;
  }

 private:
  enums::EventType type(std::size_t at) const noexcept { return window_[at]->event_type(); }
  std::span<const HistoryEvent* const> part(std::size_t from, std::size_t to) const noexcept {
    return std::span<const HistoryEvent* const>(window_).subspan(from, to - from);
  }
  void consume(std::size_t to) noexcept {
    head_ = scan_ = to;
    roles_ = {};
    forget_commands();
  }
  void forget_commands() noexcept {
    commands_end_ = 0;
    records_ = false;
  }
  std::size_t end_of_commands(std::size_t from) noexcept {
    std::size_t end = commands_end_ > from ? commands_end_ : from;
    for (; end < window_.size() && is_command_event(type(end)); ++end) records_ |= is_record(type(end));
    return commands_end_ = end;
  }
  reading open_task(logical_task& task) {
    task.started = window_[scan_];
    task.completed = nullptr;
    task.inbound = part(head_, scan_ + 1);
    task.commands = {};
    task.roles = roles_;
    task.records = false;
    open_ = task.started->event_id();
    open_scheduled_ = task.started->workflow_task_started_event_attributes().scheduled_event_id();
    consume(window_.size());
    return reading::task;
  }
  reading rest_of_open(logical_task& task) {
    if (head_ == window_.size()) return last_page_ ? reading::end : reading::need_page;
    const HistoryEvent& first = *window_[head_];
    if (first.event_type() != enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED ||
        first.workflow_task_completed_event_attributes().started_event_id() != open_) {
      return reading::inconsistent;
    }
    const std::size_t end = end_of_commands(head_ + 1);
    if (end == window_.size() && !last_page_) return reading::need_page;
    task.started = nullptr;
    task.completed = &first;
    task.inbound = {};
    task.commands = part(head_ + 1, end);
    task.roles = {};
    task.records = records_;
    open_ = 0;
    consume(end);
    return reading::task;
  }

  std::vector<const HistoryEvent*> window_;          // what is not consumed begins at head_
  std::vector<std::unique_ptr<HistoryEvent>> kept_;  // copies that the first entries of window_ point to
  std::size_t head_ = 0, scan_ = 0, commands_end_ = 0;
  event_roles roles_;     // of what was scanned
  bool records_ = false;  // among the commands up to commands_end_
  std::int64_t next_id_ = 1;
  std::int64_t open_ = 0, open_scheduled_ = 0;
  bool last_page_ = false;
};

}  // namespace rondo::detail::engine
