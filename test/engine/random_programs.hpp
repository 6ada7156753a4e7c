#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/base/random.hpp"
#include "rondo/registry.hpp"
#include "rondo/workflow.hpp"

// Workflows made up from a seed: everything that workflow code can do, in any nesting.
namespace rondo::test::random_programs {

using detail::deterministic_random;
namespace workflow = rondo::workflow;

int work(int amount);
task<int> other(int amount);

/// What side effects look at; a replay that looked again would see something else.
inline int outside = 0;

enum class step_kind : std::uint8_t {
  activity,
  timer,
  child,
  child_handle,
  signal_other,
  cancel_other,
  wait,
  wait_with_timeout,
  patch,
  version,
  side_effect,
  mutable_side_effect,
  upsert,
  random,
  local_activity,
  fail,
  cancel_scope,
  shielded,
  locked,
  sequence,
  all,
  any,
  count_
};

/// One step of a program and what it consists of.
struct step {
  step_kind kind{};
  int number = 0;
  std::vector<step> parts{};
};

inline int pick(deterministic_random& from, int most) { return static_cast<int>(from.uniform(0, most)); }

/// A program of at most so many levels. Steps that need nothing from outside come up less often than others.
inline step make_step(deterministic_random& from, int depth) {
  step made;
  made.number = pick(from, 3);
  const bool leaf = depth <= 0 || pick(from, 2) == 0;
  made.kind = static_cast<step_kind>(pick(from, static_cast<int>(leaf ? step_kind::fail : step_kind::any)));
  if (made.kind == step_kind::fail && pick(from, 3) != 0) made.kind = step_kind::activity;
  if (made.kind > step_kind::fail) {
    for (int parts = 1 + pick(from, 2); parts > 0; --parts) made.parts.push_back(make_step(from, depth - 1));
  }
  return made;
}

/// Runs a program. What it sees goes into its result, so that a difference anywhere shows.
class program {
 public:
  task<std::string> run(std::uint64_t seed) {
    deterministic_random from(seed);
    const int steps = 1 + pick(from, 3);
    for (int i = 0; i < steps; ++i) {
      const step next = make_step(from, 3);
      auto done = co_await workflow::as_result(execute(next));
      note(done ? "." : "!");
      if (!done && workflow::cancel_requested()) done.rethrow();
    }
    co_await workflow::wait_condition([] { return workflow::all_handlers_finished(); });
    co_return seen_;
  }
  void poke(int amount) { pokes_ += 1 + amount % 2; }
  task<> do_more(std::uint64_t seed) {
    deterministic_random from(seed);
    const step next = make_step(from, 1);
    auto done = co_await workflow::as_result(execute(next));
    note(done ? "s" : "S");
  }
  task<int> update(std::uint64_t seed) {
    note("u");
    deterministic_random from(seed);
    const step next = make_step(from, 2);
    co_await execute(next);
    note("U");
    co_return static_cast<int>(seen_.size());
  }
  void check_update(std::uint64_t seed) const {
    if (seed % 3 == 0) throw application_failure("a third of all is rejected");
    if (seen_.size() > 400) throw application_failure("enough");
  }
  std::string seen() const { return seen_; }
  static constexpr auto handlers =
      rondo::handlers(signal<&program::poke>, signal<&program::do_more>,
                      rondo::update<&program::update, &program::check_update>, query<&program::seen>);

 private:
  static constexpr activity_options quick{.start_to_close_timeout = std::chrono::seconds(5)};
  static constexpr activity_options patient{.start_to_close_timeout = std::chrono::seconds(5),
                                            .cancellation = cancellation_type::wait_cancellation_completed};
  static constexpr activity_options careless{.start_to_close_timeout = std::chrono::seconds(5),
                                             .cancellation = cancellation_type::abandon};

  static constexpr local_activity_options quick_here{.start_to_close_timeout = std::chrono::seconds(5)};
  static constexpr local_activity_options patient_here{.start_to_close_timeout = std::chrono::seconds(5),
                                                       .cancellation = cancellation_type::wait_cancellation_completed};
  static constexpr local_activity_options careless_here{.start_to_close_timeout = std::chrono::seconds(5),
                                                        .cancellation = cancellation_type::abandon};

  void note(std::string_view what) { seen_ += what; }

  task<void> execute(step what) {
    switch (what.kind) {
      case step_kind::activity: {
        const auto& how = what.number == 0 ? patient : what.number == 1 ? careless : quick;
        const int got = co_await workflow::execute_activity<work>(how, what.number);
        note("a" + std::to_string(got));
        break;
      }
      case step_kind::timer:
        co_await workflow::sleep(std::chrono::seconds(1 + what.number));
        note("t");
        break;
      case step_kind::child: {
        child_workflow_options how;
        how.cancellation = static_cast<cancellation_type>(what.number);
        const int got = co_await workflow::execute_child<other>(how, what.number);
        note("c" + std::to_string(got));
        break;
      }
      case step_kind::child_handle: {
        child_workflow_options how;
        how.cancellation = static_cast<cancellation_type>(what.number);
        auto child = co_await workflow::start_child<other>(how, what.number);
        note("C");
        if (what.number == 2) child.cancel();
        if (what.number == 1) co_await child.signal("poke", 1);
        const int got = co_await child.result();
        note(std::to_string(got));
        break;
      }
      case step_kind::signal_other:
        co_await workflow::external("elsewhere").signal("poke", what.number);
        note("x");
        break;
      case step_kind::cancel_other:
        co_await workflow::external("elsewhere").cancel();
        note("X");
        break;
      case step_kind::wait: {
        const int wanted = pokes_ + what.number;
        co_await workflow::wait_condition([this, wanted] { return pokes_ >= wanted; });
        note("w");
        break;
      }
      case step_kind::wait_with_timeout: {
        const int wanted = pokes_ + what.number;
        const bool in_time =
            co_await workflow::wait_condition([this, wanted] { return pokes_ >= wanted; }, std::chrono::seconds(2));
        note(in_time ? "W" : "-");
        break;
      }
      case step_kind::patch:
        note(workflow::patched("patch-" + std::to_string(what.number)) ? "p" : "q");
        break;
      case step_kind::version:
        note("v" + std::to_string(workflow::get_version("change-" + std::to_string(what.number), -1, what.number)));
        break;
      case step_kind::side_effect:
        note("e" + std::to_string(workflow::side_effect([] { return next_outside(); })));
        break;
      case step_kind::mutable_side_effect:
        note("m" + std::to_string(workflow::mutable_side_effect("size", [] { return next_outside() / 3; })));
        break;
      case step_kind::upsert:
        workflow::upsert_memo(workflow::memo_changes().set("seen", seen_.size()));
        break;
      case step_kind::random:
        note("r" + std::to_string(workflow::random().uniform(0, 9)));
        break;
      case step_kind::local_activity: {
        const auto& how = what.number == 0 ? patient_here : what.number == 1 ? careless_here : quick_here;
        const auto before = workflow::now();
        const int got = co_await workflow::execute_local_activity<work>(how, what.number);
        note("l" + std::to_string(got) + (workflow::now() > before ? "+" : ""));
        break;
      }
      case step_kind::fail:
        throw application_failure("made up");
      case step_kind::cancel_scope: {
        workflow::cancellation_scope scope;
        auto inner = co_await workflow::as_result(scope_of(scope, std::move(what)));
        note(inner ? "k" : "K");
        break;
      }
      case step_kind::shielded:
        co_await workflow::shield(in_sequence(std::move(what)));
        note("h");
        break;
      case step_kind::locked: {
        const auto permit = co_await door_.acquire();
        note("[");
        co_await in_sequence(std::move(what));
        note("]");
        break;
      }
      case step_kind::all: {
        std::vector<task<void>> parts;
        for (auto& each : what.parts) parts.push_back(execute(std::move(each)));
        co_await workflow::when_all(std::move(parts));
        note("&");
        break;
      }
      case step_kind::any: {
        std::vector<task<void>> parts;
        for (auto& each : what.parts) parts.push_back(execute(std::move(each)));
        const auto first = co_await workflow::when_any(std::move(parts));
        note("|" + std::to_string(first.index));
        break;
      }
      default:
        co_await in_sequence(std::move(what));
        break;
    }
  }
  task<void> in_sequence(step what) {
    for (auto& each : what.parts) co_await execute(std::move(each));
  }
  /// Cancels a scope while something runs in it, after a moment or when it is poked.
  task<void> scope_of(workflow::cancellation_scope& scope, step what) {
    const int wanted = pokes_ + 1;
    auto cancels = cancel_later(scope, wanted);
    auto inside = scope.run(in_sequence(std::move(what)));
    co_await workflow::when_all(std::move(inside), std::move(cancels));
  }
  task<void> cancel_later(workflow::cancellation_scope& scope, int wanted) {
    co_await workflow::wait_condition([this, wanted] { return pokes_ >= wanted; }, std::chrono::seconds(3));
    scope.cancel();
  }

  static int next_outside() { return ++outside; }

  workflow::semaphore door_{2};
  std::string seen_;
  int pokes_ = 0;
};

}  // namespace rondo::test::random_programs
