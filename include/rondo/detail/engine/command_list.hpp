#pragma once
#include <cstddef>
#include <vector>

#include <google/protobuf/arena.h>

#include "rondo/detail/base/run_arena.hpp"
#include "rondo/detail/engine/api.hpp"

namespace rondo::detail::engine {

class machine;

/// What the code asked for in one workflow task, in order. While the code runs live each entry has its message, on the
/// arena of the task; on replay there are only the entries, for comparison with the history.
class command_list {
 public:
  struct entry {
    enums::CommandType type{};
    machine* by = nullptr;
    Command* message = nullptr;
    bool withdrawn = false;
    /// Sent, but not looked for in the history.
    bool unchecked = false;
  };

  /// `memory`: null for the heap.
  explicit command_list(run_arena* memory = nullptr) : entries_(memory) {}

  /// Begins the list of a task. `arena` is null on replay.
  void begin(google::protobuf::Arena* arena, int eager_activities) {
    entries_.clear();
    end_ = {};
    has_end_ = false;
    cursor_ = 0;
    arena_ = arena;
    eager_left_ = eager_activities;
    eager_used_ = 0;
  }

  /// True when commands will be sent: only then are messages made.
  bool live() const noexcept { return arena_ != nullptr; }

  /// Null on replay, and after the task.
  google::protobuf::Arena* arena() const noexcept { return arena_; }

  /// Adds a command, in the event groups of its machine; returns its place in the list.
  template <class Machine>
  std::size_t add(enums::CommandType type, Machine& by, bool unchecked = false) {
    // Set in its place: copying what was just written piece by piece makes the processor wait.
    entry& added = entries_.emplace_back();
    added.type = type;
    added.by = &by;
    added.message = make(type);
    added.unchecked = unchecked;
    if (live()) by.write_groups_of(*added.message);
    return entries_.size() - 1;
  }
  /// The message of a command; null on replay.
  Command* message(std::size_t place) const noexcept { return entries_[place].message; }
  /// Sets the command that ends the run; it comes last, whatever is added later.
  Command* set_end(enums::CommandType type, machine& by) {
    end_ = {type, &by, make(type), false, false};
    has_end_ = true;
    return end_.message;
  }
  bool has_end() const noexcept { return has_end_; }
  /// Takes back a command of this task: it is neither sent nor looked for.
  void withdraw(std::size_t place) noexcept { entries_[place].withdrawn = true; }

  /// One of the activities that may be asked for eagerly, if any is left.
  bool take_eager() noexcept {
    if (eager_left_ == 0) return false;
    --eager_left_;
    ++eager_used_;
    return true;
  }
  void give_back_eager() noexcept { ++eager_left_, --eager_used_; }
  /// What is left of them is needed elsewhere.
  void forbid_eager() noexcept { eager_left_ = 0; }
  int eager_used() const noexcept { return eager_used_; }

  /// The next entry that was not compared yet; null when all were.
  const entry* front() noexcept {
    while (cursor_ < entries_.size() && (entries_[cursor_].withdrawn || entries_[cursor_].unchecked)) ++cursor_;
    if (cursor_ < entries_.size()) return &entries_[cursor_];
    return has_end_ ? &end_ : nullptr;
  }
  void pop() noexcept {
    if (cursor_ < entries_.size()) {
      ++cursor_;
    } else {
      has_end_ = false;
    }
  }

  /// Calls `function` with every entry that neither was compared nor withdrawn.
  template <class Function>
  void for_each_open(Function function) const {
    for (std::size_t i = cursor_; i < entries_.size(); ++i) {
      if (!entries_[i].withdrawn && !entries_[i].unchecked) function(entries_[i]);
    }
  }

  /// Puts all messages into a completion that lies on the same arena.
  void move_to(service::RespondWorkflowTaskCompletedRequest& to) {
    for (auto& each : entries_) {
      if (!each.withdrawn) to.mutable_commands()->UnsafeArenaAddAllocated(each.message);
    }
    if (has_end_) to.mutable_commands()->UnsafeArenaAddAllocated(end_.message);
    forget_messages();
  }
  /// After the task: entries stay for comparison, their messages are no longer ours.
  void forget_messages() noexcept {
    for (auto& each : entries_) each.message = nullptr;
    end_.message = nullptr;
    arena_ = nullptr;
  }

 private:
  Command* make(enums::CommandType type) {
    if (arena_ == nullptr) return nullptr;
    auto* message = google::protobuf::Arena::CreateMessage<Command>(arena_);
    message->set_command_type(type);
    return message;
  }

  std::vector<entry, arena_allocator<entry>> entries_;
  entry end_;
  bool has_end_ = false;
  std::size_t cursor_ = 0;
  google::protobuf::Arena* arena_ = nullptr;
  int eager_left_ = 0, eager_used_ = 0;
};

}  // namespace rondo::detail::engine
