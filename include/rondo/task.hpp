#pragma once
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <memory>
#include <source_location>  // without it there is no __builtin_source_location
#include <type_traits>
#include <utility>

#include "rondo/detail/base/run_arena.hpp"
#include "rondo/detail/base/signature.hpp"
#include "rondo/detail/run/scheduler.hpp"
#include "rondo/detail/run/scope.hpp"

namespace rondo {

template <class Result = void>
class task;

namespace detail::run {

/// What workflow code may await: Rondo's own tasks and operations. Each gives an awaiter for the coroutine that asks.
template <class Awaitable>
concept workflow_awaitable = requires { typename std::remove_cvref_t<Awaitable>::rondo_workflow_awaitable; };

class promise_base : public coroutine_node {
 public:
  class final_awaiter {
   public:
    final_awaiter() noexcept = default;
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> done) const noexcept {
      auto* parent = done.promise().continuation;
      if (parent != nullptr && !done.promise().branch) current->continue_with(*parent);
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  final_awaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { error_ = std::current_exception(); }

  template <class Awaitable>
  decltype(auto) await_transform(Awaitable&& awaitable, await_place at = __builtin_source_location()) {
    static_assert(workflow_awaitable<Awaitable>,
                  "a workflow may only co_await rondo::task and rondo::workflow operations; put I/O, real timers and "
                  "threads into an activity");
    awaits_at(at);
    if constexpr (workflow_awaitable<Awaitable>) {
      return std::forward<Awaitable>(awaitable).awaiter(*this);
    } else {
      return std::suspend_never{};
    }
  }

  [[gnu::always_inline]] static void* operator new(std::size_t size) {
    return run_arena::acquire(current == nullptr ? nullptr : current->memory(), size);
  }
  [[gnu::always_inline]] static void operator delete(void* frame, std::size_t size) noexcept {
    run_arena::release(frame, size);
  }

 protected:
  void rethrow() const {
    if (error_) [[unlikely]]
      throw_error();
  }

 private:
  // Not part of rethrow(), which every co_await of a task calls and which is inlined without it.
  [[noreturn, gnu::noinline]] void throw_error() const { std::rethrow_exception(error_); }

  std::exception_ptr error_;

 public:
  // Last, so that a small result shares their word.
  bool started = false;
  /// `continuation` only says for whom it works: its end is told by other means.
  bool branch = false;
};

template <class Result>
class promise : public promise_base {
 public:
  promise() noexcept {}  // NOLINT(modernize-use-equals-default): that would be deleted
  promise(const promise&) = delete;
  promise& operator=(const promise&) = delete;
  ~promise() {
    if (returned_) std::destroy_at(std::addressof(value_));
  }

  task<Result> get_return_object() noexcept;
  template <std::convertible_to<Result> Value>
  void return_value(Value&& value) {
    keep(std::forward<Value>(value));
  }
  void return_value(Result value)
    requires std::move_constructible<Result>
  {
    keep(std::move(value));
  }
  Result take() {
    rethrow();
    return std::move(value_);
  }

 private:
  template <class Value>
  void keep(Value&& value) {
    std::construct_at(std::addressof(value_), std::forward<Value>(value));
    returned_ = true;
  }

  // As in a std::optional, which would not share a word with the members of the base.
  bool returned_ = false;
  union {
    Result value_;  // NOLINT(readability-identifier-naming): private
  };
};

template <>
class promise<void> : public promise_base {
 public:
  task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() const { rethrow(); }
};

}  // namespace detail::run

/// A coroutine of a workflow. Awaiting it is a call: it runs now, and its awaiter goes on as soon as it ends; a failure
/// is thrown at the await. Moving lines of a workflow into a task never changes the order of its commands.
///
/// Parameters are kept in the coroutine: take them by value. A task that is never awaited never runs.
template <class Result>
class [[nodiscard("a task does nothing until it is awaited")]] task {
 public:
  using promise_type = detail::run::promise<Result>;
  using result_type = Result;
  using rondo_workflow_awaitable = void;

  task(task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  task& operator=(task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~task() {
    if (handle_) handle_.destroy();
  }

  bool done() const noexcept { return handle_.done(); }

  class task_awaiter {
   public:
    explicit task_awaiter(std::coroutine_handle<promise_type> callee) noexcept : callee_(callee) {}
    bool await_ready() const noexcept { return callee_.done(); }
    template <std::derived_from<detail::run::promise_base> Promise>
    void await_suspend(std::coroutine_handle<Promise> caller) const noexcept {
      detail::run::promise_base& node = callee_.promise();
      node.continuation = &caller.promise();
      if (node.started) return;
      node.started = true;
      if (node.cancellation == nullptr) node.cancellation = caller.promise().cancellation;
      detail::run::current->continue_with(node);
    }
    Result await_resume() const { return callee_.promise().take(); }

   private:
    std::coroutine_handle<promise_type> callee_;
  };

  /// For the promise of the coroutine that awaits.
  task_awaiter awaiter(detail::run::promise_base& /*caller*/) && noexcept { return task_awaiter(handle_); }

  /// For the library: lets it begin on its own, behind what is ready already.
  void schedule(detail::run::scheduler& in, detail::run::scope& cancellation) noexcept {
    detail::run::promise_base& node = handle_.promise();
    node.started = true;
    node.cancellation = &cancellation;
    in.post(node);
  }
  /// For the library: says on whose behalf it began on its own.
  void work_for(detail::run::coroutine_node& whole) noexcept {
    handle_.promise().continuation = &whole;
    handle_.promise().branch = true;
  }
  /// For the library: the scope its operations will belong to; before it begins.
  void bind(detail::run::scope& cancellation) noexcept { handle_.promise().cancellation = &cancellation; }
  explicit task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}

 private:
  std::coroutine_handle<promise_type> handle_;
};

namespace detail::run {

template <class Result>
task<Result> promise<Result>::get_return_object() noexcept {
  auto self = std::coroutine_handle<promise>::from_promise(*this);
  handle = self;
  return task<Result>(self);
}

inline task<void> promise<void>::get_return_object() noexcept {
  auto self = std::coroutine_handle<promise>::from_promise(*this);
  handle = self;
  return task<void>(self);
}

template <class>
inline constexpr bool is_task = false;
template <class Result>
inline constexpr bool is_task<task<Result>> = true;

}  // namespace detail::run

template <class Result>
struct detail::yielded<task<Result>> {
  using type = Result;
};
}  // namespace rondo
