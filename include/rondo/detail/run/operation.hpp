#pragma once
#include <concepts>
#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "rondo/converter.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/scheduler.hpp"
#include "rondo/detail/run/scope.hpp"
#include "rondo/failure.hpp"
#include "rondo/task.hpp"

namespace rondo::detail::run {

/// Whose a result is, while it is awaited; takes no room where the type of the result does not ask for it.
template <class Result>
class result_owner {
 public:
  template <class Whose>
  void set(const Whose& /*whose*/) const noexcept {}
  Result decode_from(const payload_view& from) const { return decode<Result>(from); }
};
template <takes_serialization_context Result>
class result_owner<Result> {
 public:
  template <class Whose>
  void set(const Whose& whose) {
    known_ = whose();
  }
  Result decode_from(const payload_view& from) const { return decode<Result>(from, address_of(known_)); }

 private:
  std::optional<serialization_context> known_;
};

/// The result of an operation while nobody has taken it yet.
template <class Result>
class result_slot {
 public:
  /// `whose()` is asked now, before the operation begins.
  template <class Whose>
  void belongs_to(const Whose& whose) {
    owner_.set(whose);
  }
  void read(payload_span values) {
    value_.emplace(owner_.decode_from(values.empty() ? payload_view(encoding::null, {}) : values.front()));
  }
  Result take() { return std::move(*value_); }

 private:
  std::optional<Result> value_;
  [[no_unique_address]] result_owner<Result> owner_;
};
template <>
class result_slot<void> {
 public:
  template <class Whose>
  void belongs_to(const Whose& /*whose*/) const noexcept {}
  void read(payload_span /*values*/) const noexcept {}
  void take() const noexcept {}
};

/// Encodes the values of a tuple, which must live until the call that gets this returns.
template <class... Values>
encoder encode_tuple(const std::tuple<Values...>& values) {
  return encoder(&values, [](const void* from, payload_sink& sink) {
    std::apply([&sink](const auto&... each) { encode_all(sink, each...); },
               *static_cast<const std::tuple<Values...>*>(from));
  });
}

/// The same for values whose owner `whose()` tells; both must live as long.
template <class Whose, class... Values>
class owned_values {
 public:
  owned_values(const std::tuple<Values...>& values, const Whose& whose) noexcept : values_(values), whose_(whose) {}
  encoder input() const {
    if constexpr ((takes_serialization_context<Values> || ...)) {
      return encoder(this, [](const void* from, payload_sink& sink) {
        const auto& self = *static_cast<const owned_values*>(from);
        std::apply([&](const auto&... each) { encode_all_of(self.whose_, sink, each...); }, self.values_);
      });
    } else {
      return encode_tuple(values_);
    }
  }

 private:
  const std::tuple<Values...>& values_;
  const Whose& whose_;
};

/// What all operations share: begun in a scope, told when that is cancelled, resolved by the engine.
class operation_state : public completion, public cancel_node, public in_run_memory {
 public:
  operation_state() = default;
  /// Only what has not begun may move; the copy has not begun either.
  operation_state(operation_state&&) noexcept : operation_state() {}
  operation_state& operator=(operation_state&&) = delete;

  void begin_in(scope* in) {
    if (phase_ != phase::lazy) return;
    scheduler& run = require_current("starting an operation");
    if (run.tearing_down()) return;
    run.require_writable("starting an operation");
    run_ = &run;
    if (in != nullptr && in->cancelled()) return end_cancelled(*in);
    phase_ = phase::waiting;
    try {
      begin(run.engine());
    } catch (...) {
      phase_ = phase::done;
      error_ = std::current_exception();
    }
    if (phase_ == phase::waiting && in != nullptr) in->join(*this);
  }
  bool done() const noexcept { return phase_ == phase::done; }
  void set_waiter(coroutine_node& waiter) noexcept { waiter_ = &waiter; }
  /// The code asks for cancellation; what it then resolves with depends on the operation.
  void cancel(const char* what) {
    if (may_cancel(what)) cancel_begun();
  }

 protected:
  // Inlined, as it is when every await of an operation ends: its stores to the vtable pointers are seen to be dead.
  [[gnu::always_inline]] ~operation_state() override = default;
  /// Calls the engine, which may resolve at once; may call `finish` itself when there is nothing to wait for.
  virtual void begin(host& engine) = 0;
  /// Takes what it resolved with; valid only during the call.
  virtual void read(const outcome& result) = 0;
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }
  void finish() noexcept { phase_ = phase::done; }

 private:
  enum class phase : unsigned char { lazy, waiting, done };

  // Not part of begin_in(), which would need a larger stack for it each time.
  [[gnu::noinline]] void end_cancelled(const scope& in) {
    phase_ = phase::done;
    error_ = std::make_exception_ptr(cancelled_failure(in.reason().empty() ? "cancelled" : in.reason()));
  }

  void resolve(const outcome& result) final {
    scope_hook::unlink();
    phase_ = phase::done;
    if (result.error) {
      error_ = result.error;
    } else {
      try {
        read(result);
      } catch (...) {
        // A result that cannot be read is a fault of the program, not of the workflow's business: repeat the task.
        run_->engine().fail_task(std::current_exception());
        return;
      }
    }
    if (waiter_ != nullptr) run_->post(*std::exchange(waiter_, nullptr));
  }
  void on_cancel(const std::string& /*reason*/) final { cancel_begun(); }
  void cancel_begun() {
    if (phase_ == phase::waiting && source() != nullptr) source()->cancel();
  }
  const coroutine_node* waiting_code() const noexcept final { return waiter_; }

  phase phase_ = phase::lazy;
  scheduler* run_ = nullptr;
  coroutine_node* waiter_ = nullptr;
  std::exception_ptr error_;
};

/// Awaits an operation that lives elsewhere: in the same full expression, or in a `started`.
template <class Operation>
class operation_awaiter {
 public:
  operation_awaiter(Operation& operation, coroutine_node& caller) noexcept : operation_(&operation), caller_(&caller) {}
  bool await_ready() const {
    operation_->begin_in(caller_->cancellation);
    return operation_->done();
  }
  void await_suspend(std::coroutine_handle<> /*caller*/) const noexcept { operation_->set_waiter(*caller_); }
  typename Operation::result_type await_resume() const { return operation_->take(); }

 private:
  Operation* operation_;
  coroutine_node* caller_;
};

}  // namespace rondo::detail::run

namespace rondo::workflow {

/// An operation that has begun and can be awaited later, once.
template <class Operation>
class [[nodiscard]] started {
 public:
  using result_type = typename Operation::result_type;
  using rondo_workflow_awaitable = void;

  explicit started(Operation&& operation) : operation_(std::make_unique<Operation>(std::move(operation))) {
    auto* running = detail::run::require_current("start()").running();
    operation_->begin_in(running == nullptr ? nullptr : running->cancellation);
  }
  bool done() const noexcept { return operation_->done(); }
  /// Asks for its cancellation. Like the cancellation of a scope it does nothing while the run leaves the memory, so
  /// destructors may call it; not allowed in queries, validators and conditions.
  void cancel() { operation_->cancel("cancelling an operation"); }
  auto awaiter(detail::run::coroutine_node& caller) noexcept {
    return detail::run::operation_awaiter<Operation>(*operation_, caller);
  }

 private:
  std::unique_ptr<Operation> operation_;
};

}  // namespace rondo::workflow

namespace rondo::detail::run {

/// Base of every operation: lazy, so that compilers which evaluate arguments in another order give the same commands.
/// `co_await` starts it and gives its result; `start()` starts it now.
template <class Derived, class Result>
class operation : public operation_state {
 public:
  using result_type = Result;
  using rondo_workflow_awaitable = void;

  workflow::started<Derived> start() && { return workflow::started<Derived>(std::move(static_cast<Derived&>(*this))); }
  auto awaiter(coroutine_node& caller) noexcept {
    return operation_awaiter<Derived>(static_cast<Derived&>(*this), caller);
  }
  Result take() {
    rethrow();
    return slot_.take();
  }

 protected:
  void read(const outcome& result) final { slot_.read(result.values); }
  /// Whose the result will be; before it begins.
  template <class Whose>
  void result_belongs_to(const Whose& whose) {
    slot_.belongs_to(whose);
  }

 private:
  result_slot<Result> slot_;
};

}  // namespace rondo::detail::run
