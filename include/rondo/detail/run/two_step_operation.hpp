#pragma once
#include <memory>
#include <string>
#include <utility>

#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/operation.hpp"

// Operations with two results: that they have started, and what they ended with.
namespace rondo::detail::run {

/// The end of an operation whose start somebody awaits; begins together with that start.
template <class Result>
class end_state : public operation_state {
 public:
  using result_type = Result;

  /// Throws when it could not begin.
  void require_begun() const {
    if (done()) rethrow();
  }
  Result take() {
    rethrow();
    return slot_.take();
  }

 protected:
  ~end_state() override = default;
  /// Whose the result will be; before it begins.
  template <class Whose>
  void result_belongs_to(const Whose& whose) {
    slot_.belongs_to(whose);
  }

 private:
  void read(const outcome& result) final { slot_.read(result.values); }

  result_slot<Result> slot_;
};

/// Awaits the end of an operation that has started.
template <class End>
class [[nodiscard("a result does nothing until it is awaited")]] end_result {
 public:
  using result_type = typename End::result_type;
  using rondo_workflow_awaitable = void;

  explicit end_result(End& of) noexcept : of_(&of) {}
  auto awaiter(coroutine_node& caller) const noexcept { return operation_awaiter<End>(*of_, caller); }

 private:
  End* of_;
};

/// The start of an operation: gives a handle, which is made of the end and of the id that the start has resolved with.
template <class Derived, class Handle>
class start_state : public operation_state {
 public:
  using result_type = Handle;
  using rondo_workflow_awaitable = void;

  workflow::started<Derived> start() && { return workflow::started<Derived>(static_cast<Derived&&>(*this)); }
  auto awaiter(coroutine_node& caller) noexcept {
    return operation_awaiter<Derived>(static_cast<Derived&>(*this), caller);
  }
  Handle take() {
    rethrow();
    return Handle(std::move(end_), std::move(id_));
  }

 protected:
  ~start_state() override = default;
  /// Begins both. `call` is read before this returns.
  template <class Call>
  void begin_with(const Call& call) {
    end_ = std::make_unique<typename Handle::end>(call, *this);
    auto* running = current->running();
    end_->begin_in(running == nullptr ? nullptr : running->cancellation);
    end_->require_begun();
  }

 private:
  friend Derived;
  start_state() = default;
  /// Only what has not begun may move.
  start_state(start_state&&) noexcept = default;
  void read(const outcome& result) final { id_ = result.id; }

  std::unique_ptr<typename Handle::end> end_;
  std::string id_;
};

}  // namespace rondo::detail::run
