#pragma once
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/base/run_arena.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/command_list.hpp"
#include "rondo/detail/engine/event_index.hpp"
#include "rondo/detail/engine/group_markers.hpp"
#include "rondo/detail/engine/object_pool.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/detail/engine/transition_table.hpp"
#include "rondo/detail/run/event_groups.hpp"
#include "rondo/detail/run/host.hpp"

namespace rondo {
class failure_converter;
}

namespace rondo::detail::engine {

/// What the machines of a run share.
struct machine_services {
  /// `memory_of_run`: null for the heap.
  explicit machine_services(run_arena* memory_of_run = nullptr)
      : memory(memory_of_run), commands(memory_of_run), by_event(memory_of_run), finished(memory_of_run) {}

  run_arena* memory;
  command_list commands;
  event_index by_event;
  payload_views views;
  /// Machines that are done; they go back to their pools when the code has run.
  std::vector<machine*, arena_allocator<machine*>> finished;
  /// The first error of an encoder: the workflow task must fail.
  std::exception_ptr encoding_error;
  /// Task queue and namespace of the workflow, whose run keeps the texts.
  std::string_view task_queue, namespace_;
  /// May be null; the options of the run keep it.
  const failure_converter* failures = nullptr;

  /// The machine that asks for commands on its own; null: the code does.
  const run::event_groups* groups_of_asker = nullptr;
  run::event_groups groups() const { return groups_of_asker == nullptr ? groups_of_code() : *groups_of_asker; }

  /// Writes what `input` holds into the message that `payloads` makes, when there is one.
  template <class Payloads>
  void encode(const run::encoder& input, Payloads&& payloads) {
    try {
      message_sink sink(*payloads());
      input(sink);
    } catch (...) {
      if (!encoding_error) encoding_error = std::current_exception();
    }
  }
};

/// The state machine of one thing that a run began. It makes commands, compares them with the history, and turns events
/// into results.
class machine : public run::pending, public pooled_object {
 public:
  explicit machine(machine_services& of) : run_(of) {}
  machine(const machine&) = delete;
  machine& operator=(const machine&) = delete;
  virtual ~machine() = default;

  /// Compares the event that a command became with what the code asked for now: false when it is another thing.
  virtual bool matches(const HistoryEvent& event) const = 0;
  /// Takes in an event; false when nothing like that can happen in this state.
  virtual bool apply(const HistoryEvent& event) = 0;
  /// Like `activity "charge" (id "7")`.
  virtual std::string description() const = 0;
  /// Goes back to its pool.
  virtual void recycle() {}

  /// Puts its commands into the event groups of the code that began it.
  void write_groups_of(Command& command) const {
    if (!groups_.empty()) write_groups(groups_, command);
  }

 protected:
  void join_groups() { groups_ = run_.groups(); }
  /// Others that this one begins meanwhile belong to its groups.
  class asking {
   public:
    explicit asking(const machine& by) noexcept : run_(by.run_), outer_(run_.groups_of_asker) {
      run_.groups_of_asker = &by.groups_;
    }
    asking(const asking&) = delete;
    asking& operator=(const asking&) = delete;
    ~asking() { run_.groups_of_asker = outer_; }

   private:
    machine_services& run_;
    const run::event_groups* outer_;
  };

  machine_services& run_;

 private:
  run::event_groups groups_;
};

/// A machine that is driven by a table: `Derived::table()`.
template <class Derived, class State, class Input>
class table_machine : public machine {
 public:
  using state_type = State;
  using input_type = Input;
  using machine::machine;

  State state() const noexcept { return state_; }
  bool done() const { return Derived::table().is_final(state_); }

  /// One step; false, and nothing happens, when the table has no row for it.
  bool handle(Input input, const HistoryEvent* event) {
    const auto* row = Derived::table().find(state_, input);
    if (row == nullptr) return false;
    const bool was_done = done();
    state_ = row->to;
    if (row->action != nullptr) (static_cast<Derived&>(*this).*row->action)(event);
    if (!was_done && done()) finish();
    return true;
  }

 protected:
  void reset() {
    state_ = State{};
    initial_event_ = 0;
    join_groups();
  }
  /// From here on events find the machine by the one that began it.
  void begin_at(const HistoryEvent& event) {
    initial_event_ = event.event_id();
    run_.by_event.add(initial_event_, *this);
  }
  std::int64_t initial_event() const noexcept { return initial_event_; }

 private:
  void finish() {
    if (initial_event_ != 0) run_.by_event.erase(initial_event_);
    run_.finished.push_back(this);
  }

  State state_{};
  std::int64_t initial_event_ = 0;
};

}  // namespace rondo::detail::engine
