#pragma once
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/detail/run/run_context.hpp"
#include "rondo/detail/run/scheduler.hpp"
#include "rondo/name_of.hpp"
#include "rondo/options.hpp"
#include "rondo/task.hpp"
#include "rondo/workflow/condition.hpp"
#include "rondo/workflow/continue_as_new.hpp"
#include "rondo/workflow/messages.hpp"
#include "rondo/workflow/traits.hpp"
#include "rondo/workflow/when.hpp"

// Work on many things within the limits of a history.
namespace rondo::workflow {

/// How to work on many things.
struct fan_out_options {
  /// So many are in work at once; at least 1. The server takes up to 2,000 open activities or children of a workflow.
  std::size_t at_once = 100;
  /// Begin no more once the server suggests to continue as new; false: go on.
  bool stop_for_history = true;
};

/// How far a fan_out came: the results of the first things, in order.
template <class Result>
struct fan_out_progress {
  std::vector<Result> results{};
  /// All of them were worked on; else the history is long and the rest begins at results.size().
  bool complete = true;
};

}  // namespace rondo::workflow

namespace rondo::detail::run {

/// What those who work on a fan_out share.
template <class Item, class Function, class Value>
struct fan_out_state {
  std::vector<Item>& items;
  Function& each;
  std::vector<Value>& results;
  bool stop_for_history;
  std::size_t next = 0;

  bool more() const {
    return next < items.size() && !(stop_for_history && next > 0 && current->engine().info().continue_as_new_suggested);
  }
};

/// Takes one thing after another.
template <class State>
task<void> work_through(State& all) {
  while (all.more()) {
    const std::size_t index = all.next++;
    auto work = all.each(std::move(all.items[index]));
    using result = typename std::remove_cvref_t<decltype(work)>::result_type;
    if constexpr (std::is_void_v<result>) {
      co_await std::move(work);
    } else {
      auto value = co_await std::move(work);
      all.results[index] = std::move(value);
    }
  }
}

}  // namespace rondo::detail::run

namespace rondo::workflow {

/// Calls `each` with every thing, at most `at_once` of them at a time, begun in order. It gives something to await: a
/// task, a call of an activity or of a child. When one fails the others are cancelled and the failure is thrown.
///
///   auto done = co_await workflow::fan_out(std::move(orders), {.at_once = 20}, ship);
///   if (!done.complete) workflow::continue_as_new<ship_all>({}, rest_of(orders, done.results.size()));
template <class Item, class Function>
task<fan_out_progress<detail::run::value_of<std::invoke_result_t<Function&, Item>>>> fan_out(std::vector<Item> items,
                                                                                             fan_out_options options,
                                                                                             Function each) {
  using value = detail::run::value_of<std::invoke_result_t<Function&, Item>>;
  static_assert(std::default_initializable<value>, "results of a fan_out need a default constructor");
  if (options.at_once == 0) throw std::invalid_argument("workflow::fan_out: at_once must be at least 1");
  fan_out_progress<value> progress;
  progress.results.resize(items.size());
  detail::run::fan_out_state<Item, Function, value> all{items, each, progress.results, options.stop_for_history};
  std::vector<task<void>> workers;
  for (std::size_t i = 0; i < std::min(options.at_once, items.size()); ++i) {
    workers.push_back(detail::run::work_through(all));
  }
  co_await when_all(std::move(workers));
  progress.complete = all.next == items.size();
  progress.results.resize(all.next);
  co_return progress;
}

/// Goes on in a new run, as continue_as_new does, if the server suggests it, once all handlers of signals and updates
/// have ended. Does nothing else. For loops: `co_await workflow::continue_as_new_if_suggested<poller>({}, state);`
template <class Workflow, class... Arguments>
  requires detail::workflow_class<Workflow>
task<void> continue_as_new_if_suggested(continue_as_new_options options, Arguments... arguments) {
  if (!detail::run::require_current("continue_as_new_if_suggested").engine().info().continue_as_new_suggested) {
    co_return;
  }
  co_await wait_condition([] { return all_handlers_finished(); });
  continue_as_new<Workflow>(options, std::move(arguments)...);
}
/// The same for a workflow that is a function.
template <auto Function, class... Arguments>
task<void> continue_as_new_if_suggested(continue_as_new_options options, Arguments... arguments) {
  if (!detail::run::require_current("continue_as_new_if_suggested").engine().info().continue_as_new_suggested) {
    co_return;
  }
  co_await wait_condition([] { return all_handlers_finished(); });
  continue_as_new<Function>(options, std::move(arguments)...);
}

}  // namespace rondo::workflow
