#pragma once
#include <concepts>
#include <coroutine>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rondo/detail/run/scheduler.hpp"
#include "rondo/detail/run/scope.hpp"
#include "rondo/failure.hpp"
#include "rondo/options.hpp"
#include "rondo/task.hpp"
#include "rondo/workflow/timer.hpp"
#include "rondo/workflow/when.hpp"

namespace rondo::detail::run {

/// Looks at a condition once, with changes of the run forbidden.
template <class Predicate>
bool holds_now(Predicate& predicate) {
  const scheduler::read_only_section reading(require_current("wait_condition"));
  return predicate();
}

}  // namespace rondo::detail::run

namespace rondo::detail {

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
template <class Closure>
inline constexpr bool safe_closure_in_await =
    std::is_lvalue_reference_v<Closure> || std::is_trivially_destructible_v<std::remove_cvref_t<Closure>>;
#else
template <class Closure>
inline constexpr bool safe_closure_in_await = true;
#endif

}  // namespace rondo::detail

namespace rondo::workflow {

/// Waits until a predicate over the workflow's own state holds.
template <std::predicate Predicate>
class [[nodiscard("a condition does nothing until it is awaited")]] condition final
    : public detail::run::condition_node,
      public detail::run::cancel_node {
 public:
  using result_type = void;
  using rondo_workflow_awaitable = void;

  explicit condition(Predicate predicate) : predicate_(std::move(predicate)) {}
  condition(condition&& other) noexcept : predicate_(std::move(other.predicate_)) {}
  condition& operator=(condition&&) = delete;

  class condition_awaiter {
   public:
    condition_awaiter(condition& waits, detail::run::coroutine_node& caller) noexcept
        : waits_(&waits), caller_(&caller) {}
    bool await_ready() const {
      auto& run = detail::run::require_current("wait_condition");
      if (run.tearing_down()) return false;
      run.require_writable("wait_condition");
      auto* scope = caller_->cancellation;
      if (scope != nullptr && scope->cancelled()) return waits_->interrupted_ = true;
      return detail::run::holds_now(waits_->predicate_);
    }
    void await_suspend(std::coroutine_handle<> /*caller*/) const noexcept {
      waits_->waiter = caller_;
      detail::run::current->wait_for(*waits_);
      if (auto* scope = caller_->cancellation) scope->join(*waits_);
    }
    void await_resume() const {
      waits_->scope_hook::unlink();
      if (waits_->interrupted_) throw cancelled_failure();
    }

   private:
    condition* waits_;
    detail::run::coroutine_node* caller_;
  };
  condition_awaiter awaiter(detail::run::coroutine_node& caller) noexcept { return condition_awaiter(*this, caller); }

 private:
  bool holds() override { return predicate_(); }
  void on_cancel(const std::string& /*reason*/) override {
    interrupted_ = true;
    waiting_hook::unlink();
    detail::run::current->post(*waiter);
  }

  Predicate predicate_;
  bool interrupted_ = false;
};

}  // namespace rondo::workflow

namespace rondo::detail::run {

template <class Predicate>
task<bool> wait_at_most(Predicate predicate, duration timeout, std::string_view summary) {
  if (timeout <= duration::zero()) co_return holds_now(predicate);
  auto first = co_await workflow::when_any(workflow::condition<Predicate>(std::move(predicate)),
                                           workflow::sleep(timeout, summary));
  co_return first.index() == 0;
}

}  // namespace rondo::detail::run

namespace rondo::workflow {

/// Waits until `predicate` holds. It is looked at whenever the workflow has nothing else to do, must only read, and
/// conditions are looked at in the order in which they were awaited. Throws cancelled_failure when the scope is
/// cancelled.
template <std::predicate Predicate>
auto wait_condition(Predicate&& predicate) {
  static_assert(
      detail::safe_closure_in_await<Predicate>,
      "gcc 12 destroys a lambda with owning captures twice inside a co_await expression: name it in a variable "
      "and pass that, or capture this or references");
  return condition<std::decay_t<Predicate>>(std::forward<Predicate>(predicate));
}

/// As above, for at most `timeout` of workflow time: true when the predicate holds, false when the time ran out first.
/// `summary` tells people what the timer is for; like that of a timer it is read when the wait begins.
template <std::predicate Predicate>
task<bool> wait_condition(Predicate&& predicate, duration timeout, std::string_view summary = {}) {
  static_assert(
      detail::safe_closure_in_await<Predicate>,
      "gcc 12 destroys a lambda with owning captures twice inside a co_await expression: name it in a variable "
      "and pass that, or capture this or references");
  return detail::run::wait_at_most(std::decay_t<Predicate>(std::forward<Predicate>(predicate)), timeout, summary);
}

}  // namespace rondo::workflow
