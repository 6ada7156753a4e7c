#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "rondo/change_policy.hpp"
#include "rondo/detail/base/random.hpp"
#include "rondo/registry.hpp"
#include "rondo/workflow.hpp"

// Workflows made up from a seed: everything that workflow code can do, in any nesting.
namespace rondo::test::random_programs {

using detail::deterministic_random;
namespace workflow = rondo::workflow;

int work(int amount);
task<int> other(int amount);
struct elsewhere {
  static constexpr std::string_view name = "elsewhere";
  static constexpr nexus_operation<int, int> work{"work"};
};

/// What side effects, and the worker's answers about changes, look at; a replay that looked again would see something
/// else.
inline int outside = 0;
inline int next_outside() { return ++outside; }

/// While this is true the code is broken: what a program comes to next throws what is no failure of the workflow, so it
/// fails the workflow task. It is no step of a program, and draws nothing, so programs are the same with it.
inline bool broken = false;
/// How often it has thrown.
inline std::size_t stumbles = 0;
inline void stumble_if_broken() {
  if (!broken) return;
  ++stumbles;
  throw std::runtime_error("this code is broken");
}

/// New code is switched on, and off again, as it comes.
inline const change_policy changes_at_random{
    .activate_patch = [](const workflow_info&, std::string_view) { return next_outside() % 2 == 0; },
    .preferred_version = [](const version_question& what) -> std::optional<int> {
      return what.oldest + next_outside() % (what.newest - what.oldest + 1);
    }};

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
  nexus,
  nexus_handle,
  signal_with_start,
  named_random,
  hear,
  grouped,
  deprecate,
  cancel_at_once,
  cancel_later_on,
  count_
};
constexpr bool has_parts(step_kind kind) noexcept {
  return (kind >= step_kind::cancel_scope && kind <= step_kind::any) || kind == step_kind::grouped;
}

/// What programs may be made of; a seed means the same program for ever with the vocabulary of its time. Words are only
/// added, in a vocabulary of their own.
struct vocabulary {
  std::vector<step_kind> leaves{}, blocks{};
  /// Programs may also continue as new, and end while handlers run.
  bool many_ends = false;
};
constexpr int newest_vocabulary = 2;
inline const vocabulary& words_of(int which) {
  static const std::vector<vocabulary> all = [] {
    std::vector<vocabulary> made(1);
    for (auto kind = step_kind::activity; kind <= step_kind::any;
         kind = static_cast<step_kind>(static_cast<int>(kind) + 1)) {
      (has_parts(kind) ? made[0].blocks : made[0].leaves).push_back(kind);
    }
    vocabulary next = made[0];
    for (const auto kind : {step_kind::nexus, step_kind::nexus_handle, step_kind::signal_with_start,
                            step_kind::named_random, step_kind::hear, step_kind::version}) {
      next.leaves.push_back(kind);
    }
    next.blocks.push_back(step_kind::grouped);
    made.push_back(next);
    for (const auto kind : {step_kind::deprecate, step_kind::cancel_at_once, step_kind::cancel_later_on,
                            step_kind::cancel_at_once, step_kind::cancel_later_on}) {
      next.leaves.push_back(kind);
    }
    next.many_ends = true;
    made.push_back(std::move(next));
    return made;
  }();
  return all.at(static_cast<std::size_t>(which));
}

/// One step of a program and what it consists of.
struct step {
  step_kind kind{};
  int number = 0;
  std::vector<step> parts{};
};

inline int pick(deterministic_random& from, int most) { return static_cast<int>(from.uniform(0, most)); }

/// A program of at most so many levels. Steps that need nothing from outside come up less often than others.
inline step make_step(deterministic_random& from, int depth, const vocabulary& words) {
  step made;
  made.number = pick(from, 3);
  const bool leaf = depth <= 0 || pick(from, 2) == 0;
  const std::size_t leaves = words.leaves.size(), choices = leaves + (leaf ? 0 : words.blocks.size());
  const auto chosen = static_cast<std::size_t>(pick(from, static_cast<int>(choices) - 1));
  made.kind = chosen < leaves ? words.leaves[chosen] : words.blocks[chosen - leaves];
  if (made.kind == step_kind::fail && pick(from, 3) != 0) made.kind = step_kind::activity;
  if (has_parts(made.kind)) {
    for (int parts = 1 + pick(from, 2); parts > 0; --parts) made.parts.push_back(make_step(from, depth - 1, words));
  }
  return made;
}

/// Runs a program. What it sees goes into its result, so that a difference anywhere shows.
class program {
 public:
  task<std::string> run(std::uint64_t seed, int words) {
    words_ = &words_of(words);
    deterministic_random from(seed);
    const int steps = 1 + pick(from, 3);
    for (int i = 0; i < steps; ++i) {
      const step next = make_step(from, 3, *words_);
      auto done = co_await workflow::as_result(execute(next));
      stumble_if_broken();
      note(done ? "." : "!");
      if (!done && workflow::cancel_requested()) done.rethrow();
    }
    const int end = words_->many_ends ? pick(from, 5) : 0;
    const bool waits = end % 2 == 0;
    if (waits) co_await workflow::wait_condition([] { return workflow::all_handlers_finished(); });
    if (end >= 4) workflow::continue_as_new<program>({}, seed + seen_.size(), words);
    co_return seen_;
  }
  void poke(int amount) { pokes_ += 1 + amount % 2; }
  task<> do_more(std::uint64_t seed) {
    deterministic_random from(seed);
    const step next = make_step(from, 1, *words_);
    auto done = co_await workflow::as_result(execute(next));
    stumble_if_broken();
    note(done ? "s" : "S");
  }
  task<int> update(std::uint64_t seed) {
    note("u");
    deterministic_random from(seed);
    const step next = make_step(from, 2, *words_);
    co_await execute(next);
    stumble_if_broken();
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
      case step_kind::nexus: {
        const int got = co_await service_.execute(elsewhere::work, nexus_options(what.number), what.number);
        note("n" + std::to_string(got));
        break;
      }
      case step_kind::nexus_handle: {
        auto begun = co_await service_.start(elsewhere::work, nexus_options(what.number), what.number);
        note("N" + begun.token());
        if (what.number == 2) begun.cancel();
        const int got = co_await begun.result();
        note(std::to_string(got));
        break;
      }
      case step_kind::signal_with_start: {
        const auto got = co_await workflow::signal_with_start("Other", {.id = "elsewhere"}, "poke", std::tuple<>());
        note("y" + got.run_id());
        break;
      }
      case step_kind::named_random:
        note("R" + std::to_string(workflow::random("dice").uniform(0, 9)));
        break;
      case step_kind::hear:
        workflow::set_signal_handler("unheard", [this](int amount) { note("H" + std::to_string(amount)); });
        break;
      case step_kind::grouped: {
        const workflow::event_group group("group");
        co_await group.run(in_sequence(std::move(what)));
        break;
      }
      case step_kind::deprecate:
        workflow::deprecate_patch("patch-" + std::to_string(what.number));
        note("d");
        break;
      case step_kind::cancel_at_once:
      case step_kind::cancel_later_on:
        co_await cancel_single(what);
        break;
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
  /// Cancels one operation and nothing else.
  task<void> cancel_single(step what) {
    const bool at_once = what.kind == step_kind::cancel_at_once;
    switch (what.number) {
      case 0:
        co_await begin_and_cancel(workflow::execute_activity<work>(patient, what.number).start(), at_once);
        break;
      case 1:
        co_await begin_and_cancel(workflow::sleep(std::chrono::seconds(4)).start(), at_once);
        break;
      case 2:
        co_await begin_and_cancel(workflow::execute_local_activity<work>(patient_here, what.number).start(), at_once);
        break;
      default: {
        child_workflow_options how;
        how.cancellation = cancellation_type::wait_cancellation_completed;
        co_await begin_and_cancel(workflow::execute_child<other>(how, what.number).start(), at_once);
        break;
      }
    }
  }
  template <class Started>
  task<void> begin_and_cancel(Started begun, bool at_once) {
    // What is cancelled in the task that began it was never asked for; the other way is in the next task that comes.
    const auto seen_so_far = workflow::info().history_length;
    if (!at_once) {
      co_await workflow::wait_condition([seen_so_far] { return workflow::info().history_length > seen_so_far; });
    }
    begun.cancel();
    const auto ended = co_await workflow::as_result(std::move(begun));
    note(ended ? "z" : "Z");
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

  static nexus_operation_options nexus_options(int number) {
    return {.cancellation = static_cast<cancellation_type>(number)};
  }

  static constexpr workflow::nexus_service<elsewhere> service_{"endpoint"};
  const vocabulary* words_ = &words_of(0);
  workflow::semaphore door_{2};
  std::string seen_;
  int pokes_ = 0;
};

}  // namespace rondo::test::random_programs
