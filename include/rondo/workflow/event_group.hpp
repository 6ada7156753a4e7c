#pragma once
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "rondo/detail/run/scheduler.hpp"
#include "rondo/detail/run/scope.hpp"
#include "rondo/task.hpp"
#include "rondo/workflow/when.hpp"

namespace rondo::workflow {

/// What belongs together in the history, for people who look at it: user interfaces show the events that a group caused
/// as one thing. It changes nothing else. Handlers of signals and updates have groups without asking.
///
///     const workflow::event_group packing("packing", "Packs the order");
///     co_await packing.run(workflow::execute_activity<wrap>(options, order));
class event_group {
 public:
  /// Groups of the same id are one. The id goes into the history as it is; `label`, what people read instead, is
  /// encoded as values are, and none when empty. Throws std::invalid_argument when the id is empty.
  explicit event_group(std::string id, std::string label = {}) : id_(std::move(id)), label_(std::move(label)) {
    if (id_.empty()) throw std::invalid_argument("an event group needs an id");
  }

  const std::string& id() const noexcept { return id_; }
  const std::string& label() const noexcept { return label_; }

  /// Runs `work` and gives its result; all that it asks of the server belongs to this group, and to those around it. A
  /// `cancellation_scope` belongs to the groups of the place where it was made.
  template <class Awaitable>
  auto run(Awaitable work) const {
    return run_in(*this, detail::run::as_task(std::move(work)));
  }

 private:
  template <class Result>
  static task<Result> run_in(event_group group, task<Result> work) {
    auto* outer = detail::run::running_scope("event_group::run");
    detail::run::scope inner(outer);
    inner.set_groups(inner.groups().with(group.id_, group.label_));
    work.bind(inner);
    if constexpr (std::is_void_v<Result>) {
      co_await std::move(work);
    } else {
      co_return co_await std::move(work);
    }
  }

  std::string id_, label_;
};

}  // namespace rondo::workflow
