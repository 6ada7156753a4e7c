#pragma once
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rondo/detail/run/run_context.hpp"
#include "rondo/detail/run/scheduler.hpp"
#include "rondo/detail/run/scope.hpp"
#include "rondo/task.hpp"
#include "rondo/workflow/when.hpp"

namespace rondo::workflow {

/// A part of a workflow that can be cancelled on its own. It is cancelled with the coroutine's scope that made it.
class cancellation_scope {
 public:
  cancellation_scope() : scope_(parent()) {}
  cancellation_scope(const cancellation_scope&) = delete;
  cancellation_scope& operator=(const cancellation_scope&) = delete;

  /// Runs `work` inside the scope and gives its result.
  template <class Awaitable>
  task<typename std::remove_cvref_t<Awaitable>::result_type> run(Awaitable work) {
    auto inner = detail::run::as_task(std::move(work));
    inner.bind(scope_);
    if constexpr (std::is_void_v<typename Awaitable::result_type>) {
      co_await std::move(inner);
    } else {
      co_return co_await std::move(inner);
    }
  }
  /// Cancels what runs inside, in the order in which it started; once. Not allowed in queries, validators and
  /// conditions.
  void cancel(std::string_view reason = "cancelled") {
    if (detail::run::may_cancel("cancelling a scope")) scope_.cancel(std::string(reason));
  }
  bool cancelled() const noexcept { return scope_.cancelled(); }

 private:
  static detail::run::scope* parent() {
    auto* running = detail::run::require_current("cancellation_scope").running();
    return running == nullptr ? nullptr : running->cancellation;
  }

  detail::run::scope scope_;
};

/// Runs `work` out of reach of cancellation: for giving back what a cancelled workflow holds.
template <class Awaitable>
task<typename std::remove_cvref_t<Awaitable>::result_type> shield(Awaitable work) {
  detail::run::scope detached;
  if (const auto* outer = detail::run::running_scope("shield")) {
    detached.set_update(outer->update());
    detached.set_groups(outer->groups());
  }
  auto inner = detail::run::as_task(std::move(work));
  inner.bind(detached);
  if constexpr (std::is_void_v<typename Awaitable::result_type>) {
    co_await std::move(inner);
  } else {
    co_return co_await std::move(inner);
  }
}

/// True when the scope of the running coroutine has been cancelled; inside `shield` that is always false.
inline bool cancelled() {
  auto* running = detail::run::require_current("workflow::cancelled").running();
  return running != nullptr && running->cancellation != nullptr && running->cancellation->cancelled();
}

/// True when somebody asked for cancellation of the whole workflow.
inline bool cancel_requested() { return detail::run::require_run("workflow::cancel_requested").root().cancelled(); }

/// The reason that was given with it; empty when none was.
inline const std::string& cancel_reason() {
  return detail::run::require_run("workflow::cancel_reason").root().reason();
}

}  // namespace rondo::workflow
