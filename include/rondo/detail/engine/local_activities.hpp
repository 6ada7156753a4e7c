#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/engine/local_activity.hpp"
#include "rondo/detail/engine/local_activity_machine.hpp"
#include "rondo/detail/engine/note_machine.hpp"
#include "rondo/detail/engine/object_pool.hpp"
#include "rondo/detail/run/host.hpp"

namespace rondo::detail::engine {

/// The local activities of a run: what the worker shall run, and whose end the code waits for.
class local_activities final : public local_activity_home {
 public:
  local_activities(machine_services& of, note_machine::pool& notes, run::host& code)
      : run_(of), notes_(notes), code_(code), pool_(of.memory) {}

  run::pending& schedule(const run::local_activity_call& call, run::completion& waiter) {
    local_activity_home& self = *this;
    auto& made = pool_.acquire(run_, self);
    made.begin(call, waiter);
    return made;
  }
  /// The code has come to its next wait.
  void code_waits() noexcept { fresh_from_ = last_ + 1; }

  /// True when the worker has something to run for it.
  bool outstanding() const noexcept { return !open_.empty(); }
  /// Null when nobody waits for it any more.
  local_activity_machine* find(std::uint64_t number) const {
    const auto found = open_.find(number);
    return found == open_.end() ? nullptr : found->second;
  }
  /// What the worker is asked for since the last time. Valid until the next call.
  const std::vector<local_activity_start>& starts() {
    starts_.clear();
    for (const auto& [number, each] : open_) {
      local_activity_start next;
      if (each->take_start(next)) starts_.push_back(std::move(next));
    }
    return starts_;
  }
  /// Those whose code shall stop, since the last time. Valid until the next call.
  const std::vector<std::uint64_t>& stops() {
    stops_.clear();
    std::swap(stops_, next_stops_);
    return stops_;
  }
  template <class Function>
  void for_each(Function function) const {
    for (const auto& [number, each] : open_) function(*each);
  }

 private:
  std::uint64_t open(local_activity_machine& by) override {
    open_.emplace(++last_, &by);
    return last_;
  }
  void close(std::uint64_t number) override { open_.erase(number); }
  void ask_to_stop(std::uint64_t number) override { next_stops_.push_back(number); }
  bool is_fresh(std::uint64_t number) const override { return number >= fresh_from_; }
  Command* record(std::string what, const std::string& data) override {
    return notes_.acquire(run_, notes_)
        .begin(enums::COMMAND_TYPE_RECORD_MARKER, std::move(what), local_activity_marker, local_activity_data, data);
  }
  run::host& host() override { return code_; }
  void recycle(local_activity_machine& done) override { pool_.release(done); }

  machine_services& run_;
  note_machine::pool& notes_;
  run::host& code_;
  object_pool<local_activity_machine> pool_;
  /// Those that the worker runs, or shall run.
  std::map<std::uint64_t, local_activity_machine*> open_;
  std::uint64_t last_ = 0, fresh_from_ = 1;
  std::vector<local_activity_start> starts_;
  std::vector<std::uint64_t> stops_, next_stops_;
};

}  // namespace rondo::detail::engine
