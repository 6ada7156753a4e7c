#pragma once
#include <cstdint>
#include <exception>
#include <iterator>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/interception.hpp"
#include "rondo/detail/run/scheduler.hpp"
#include "rondo/interceptor.hpp"
#include "rondo/payload.hpp"

namespace rondo::detail::engine {

/// Calls under way of which interceptors shall see the end. Each stands between a machine and the code that waits for
/// it: for the machine it is the one that waits, for the code the one that is waited for.
///
///     machine (pending) <──> seen call <──> operation (completion)
class seen_calls {
 public:
  seen_calls(const run::interception& by, run::scheduler& code) : by_(by), code_(code) {}
  seen_calls(const seen_calls&) = delete;
  seen_calls& operator=(const seen_calls&) = delete;

  /// What the machine resolves in place of `waiter`. Gone when the machine has ended.
  class one final : public run::pending, public run::completion {
   public:
    one(seen_calls& home, const workflow_call& what, run::completion& waiter)
        : home_(home), kind_(what.kind), number_(what.number), name_(what.name) {
      bind(waiter);
    }
    void cancel() override {
      if (auto* machine = source()) machine->cancel();
    }

   private:
    friend class seen_calls;
    void resolve(const run::outcome& result) override {
      // Otherwise it was given up.
      if (has_waiter()) tell(result);
      // Last, for it is gone then.
      home_.open_.erase(place_);
    }
    void tell(const run::outcome& result) {
      payload_list values;
      for (const auto& each : result.values) values.push_back(each.copy());
      std::exception_ptr error = result.error;
      workflow_answer answer{.kind = kind_, .name = name_, .number = number_, .result = values, .error = error};
      home_.show(answer);
      if (error) return run::pending::resolve({.error = error, .id = result.id});
      const std::vector<payload_view> views(values.begin(), values.end());
      run::pending::resolve({.values = views, .id = result.id});
    }
    const run::coroutine_node* waiting_code() const noexcept override { return awaited_by(); }

    seen_calls& home_;
    workflow_call_kind kind_;
    std::uint64_t number_;
    std::string name_;
    std::list<one>::iterator place_{};
  };

  one& add(const workflow_call& what, run::completion& waiter) {
    auto& made = open_.emplace_back(*this, what, waiter);
    made.place_ = std::prev(open_.end());
    return made;
  }

 private:
  /// The engine tells it, not the code: they can look around in the run, but begin nothing.
  void show(workflow_answer& answer) const {
    const run::scheduler::activation running(code_);
    const run::scheduler::read_only_section reading(code_);
    by_.answered(answer);
  }

  const run::interception& by_;
  run::scheduler& code_;
  std::list<one> open_;
};

}  // namespace rondo::detail::engine
