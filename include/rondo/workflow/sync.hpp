#pragma once
#include <coroutine>
#include <cstddef>
#include <list>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "rondo/detail/base/intrusive_list.hpp"
#include "rondo/detail/run/scheduler.hpp"
#include "rondo/detail/run/scope.hpp"
#include "rondo/failure.hpp"
#include "rondo/task.hpp"
#include "rondo/workflow/condition.hpp"

// Coroutines of one workflow that share something: all of them run on one thread, but each await lets others in.
namespace rondo::workflow {

/// Lets so many coroutines of the workflow in at once; the others wait in line. A member of the workflow, or a local
/// that outlives those who use it.
class semaphore {
 public:
  class acquisition;

  /// The right that `acquire` gave; gives it back when it dies.
  class [[nodiscard]] permit {
   public:
    permit() = default;
    permit(permit&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    permit& operator=(permit&& other) noexcept {
      std::swap(of_, other.of_);
      return *this;
    }
    ~permit() { end(); }

    explicit operator bool() const noexcept { return of_ != nullptr; }
    /// Gives it back now.
    void release() {
      if (of_ == nullptr) return;
      if (detail::run::current != nullptr) detail::run::current->require_changeable("workflow::semaphore");
      end();
    }

   private:
    // Without a look at what the code may do: a destructor cannot refuse.
    void end() noexcept {
      if (of_ != nullptr) give_back(*std::exchange(of_, nullptr));
    }

    friend class semaphore;
    friend class acquisition;
    explicit permit(semaphore& of) noexcept : of_(&of) {}
    semaphore* of_ = nullptr;
  };

  /// Throws std::invalid_argument for none at all.
  explicit semaphore(std::size_t permits) : free_(permits) {
    if (permits == 0) throw std::invalid_argument("workflow::semaphore: nobody would ever get in without a permit");
  }
  semaphore(const semaphore&) = delete;
  semaphore& operator=(const semaphore&) = delete;

  /// Waits for its turn; `co_await` gives the permit. Throws cancelled_failure when the scope is cancelled before.
  inline acquisition acquire() noexcept;
  /// A permit if one is free and nobody waits; else an empty one.
  permit try_acquire() {
    detail::run::require_current("workflow::semaphore").require_writable("workflow::semaphore");
    return take() ? permit(*this) : permit();
  }
  std::size_t available() const noexcept { return free_; }

 private:
  class waiter : public detail::list_hook<waiter> {
   public:
    using line_hook = detail::list_hook<waiter>;
    virtual void let_in() noexcept = 0;

   protected:
    ~waiter() = default;
  };

  bool take() noexcept {
    if (free_ == 0 || line_.front() != nullptr) return false;
    --free_;
    return true;
  }
  /// While a run is destroyed `of` may be gone already.
  static void give_back(semaphore& of) noexcept {
    if (detail::run::current == nullptr || detail::run::current->tearing_down()) return;
    if (waiter* next = of.line_.front()) {
      next->line_hook::unlink();
      next->let_in();
      return;
    }
    ++of.free_;
  }

  std::size_t free_;
  detail::intrusive_list<waiter, waiter> line_;
};

/// The wait for a permit.
class [[nodiscard("a permit is not asked for until this is awaited")]] semaphore::acquisition final
    : private semaphore::waiter,
      private detail::run::cancel_node {
 public:
  using result_type = permit;
  using rondo_workflow_awaitable = void;

  explicit acquisition(semaphore& of) noexcept : of_(&of) {}
  /// Only what has not begun may move.
  acquisition(acquisition&& other) noexcept : of_(other.of_) {}
  acquisition& operator=(acquisition&&) = delete;
  /// It was let in, but nobody is left to come.
  ~acquisition() {
    if (state_ == state::in) semaphore::give_back(*of_);
  }

  class acquisition_awaiter {
   public:
    acquisition_awaiter(acquisition& of, detail::run::coroutine_node& caller) noexcept : of_(&of), caller_(&caller) {}
    bool await_ready() const { return of_->begin(*caller_); }
    void await_suspend(std::coroutine_handle<> /*caller*/) const noexcept { of_->wait(*caller_); }
    permit await_resume() const { return of_->end(); }

   private:
    acquisition* of_;
    detail::run::coroutine_node* caller_;
  };
  acquisition_awaiter awaiter(detail::run::coroutine_node& caller) noexcept {
    return acquisition_awaiter(*this, caller);
  }

 private:
  enum class state : unsigned char { outside, in, interrupted };

  bool begin(const detail::run::coroutine_node& caller) {
    auto& run = detail::run::require_current("workflow::semaphore");
    if (run.tearing_down()) return false;
    run.require_writable("workflow::semaphore");
    if (caller.cancellation != nullptr && caller.cancellation->cancelled()) {
      state_ = state::interrupted;
      return true;
    }
    if (!of_->take()) return false;
    state_ = state::in;
    return true;
  }
  void wait(detail::run::coroutine_node& caller) noexcept {
    caller_ = &caller;
    of_->line_.push_back(*this);
    if (caller.cancellation != nullptr) caller.cancellation->join(*this);
  }
  permit end() {
    scope_hook::unlink();
    if (state_ != state::in) throw cancelled_failure();
    state_ = state::outside;
    return permit(*of_);
  }
  void let_in() noexcept override {
    state_ = state::in;
    detail::run::current->post(*caller_);
  }
  void on_cancel(const std::string& /*reason*/) override {
    // Who was let in already comes in.
    if (state_ == state::in) return;
    state_ = state::interrupted;
    line_hook::unlink();
    detail::run::current->post(*caller_);
  }

  semaphore* of_;
  detail::run::coroutine_node* caller_ = nullptr;
  state state_ = state::outside;
};

inline semaphore::acquisition semaphore::acquire() noexcept { return acquisition(*this); }

/// Lets one coroutine of the workflow in at a time, in the order in which they came:
/// `const auto lock = co_await mutex.lock();`
class mutex {
 public:
  using guard = semaphore::permit;

  auto lock() noexcept { return one_.acquire(); }
  guard try_lock() { return one_.try_acquire(); }
  bool locked() const noexcept { return one_.available() == 0; }

 private:
  semaphore one_{1};
};

/// Values that some coroutines of a workflow pass on to others, in order. `capacity` of them wait before senders do.
/// With none the channel is unbuffered: each sender waits until its value was received.
template <class Value>
class channel {
 public:
  explicit channel(std::size_t capacity = 0) noexcept : capacity_(capacity) {}
  channel(const channel&) = delete;
  channel& operator=(const channel&) = delete;

  /// Waits until there is room; in an unbuffered channel until the value was received. Throws std::logic_error when the
  /// channel is or becomes closed, and cancelled_failure when the scope is cancelled: nobody receives the value then.
  /// A value that was received before the scope was cancelled is sent, and nothing is thrown. Of several sends in a
  /// `when_any` one is received; see `try_receive` for the exception.
  task<void> send(Value value) {
    if (capacity_ > 0) {
      co_await wait_condition([this] { return closed_ || values_.size() < capacity_; });
      require_open();
      values_.push_back({std::move(value)});
      co_return;
    }
    offer mine(*this, std::move(value));
    co_await mine;
  }
  /// False when there is no room, or it is closed. An unbuffered channel has room for as many values as coroutines wait
  /// in `receive`; when one of them is cancelled in the same turn, its value waits for the next.
  bool try_send(Value value) {
    detail::run::require_current("workflow::channel").require_writable("workflow::channel");
    if (closed_ || values_.size() >= (capacity_ > 0 ? capacity_ : receivers_)) return false;
    values_.push_back({std::move(value)});
    return true;
  }
  /// Waits for a value; empty once the channel is closed and all values are taken.
  task<std::optional<Value>> receive() {
    const receiver counted(*this);
    // An offer is taken only when nobody else is ready: its sender may have sent elsewhere, and is about to withdraw
    // it.
    bool others_went = false;
    co_await wait_condition([this, &others_went] {
      const bool may_take_offers = std::exchange(others_went, true);
      return closed_ || (!values_.empty() && (may_take_offers || values_.front().from == nullptr));
    });
    co_return try_receive();
  }
  /// A value if there is one, also that of a sender who waits until it is received. That sender learns of it when the
  /// caller awaits something: until then another `try_receive` may take what it offers to another channel in the same
  /// `when_any`, and both are sent.
  std::optional<Value> try_receive() {
    auto& run = detail::run::require_current("workflow::channel");
    run.require_writable("workflow::channel");
    // While a run is destroyed the senders may be gone already.
    if (values_.empty() || run.tearing_down()) return std::nullopt;
    std::optional<Value> first(std::move(values_.front().value));
    offer* const from = values_.front().from;
    values_.pop_front();
    if (from != nullptr) from->end_as(offer::state::received);
    return first;
  }
  /// Nothing is sent any more; what waits can still be received, but not what senders of an unbuffered channel hold.
  void close() {
    if (detail::run::current != nullptr) detail::run::current->require_changeable("workflow::channel");
    closed_ = true;
    values_.remove_if([](const waiting& each) {
      if (each.from != nullptr && is_there()) each.from->end_as(offer::state::refused);
      return each.from != nullptr;
    });
  }
  bool closed() const noexcept { return closed_; }
  /// How many values can be received now.
  std::size_t size() const noexcept { return values_.size(); }

 private:
  class offer;
  struct waiting {
    Value value;
    /// Of the sender who waits until it is received; null: nobody does.
    offer* from = nullptr;
  };

  /// While a run is destroyed the channel may be gone already.
  static bool is_there() noexcept { return detail::run::current != nullptr && !detail::run::current->tearing_down(); }
  void require_open() const {
    if (closed_) throw std::logic_error("workflow::channel: it is closed");
  }

  /// The wait of a sender until its value is received, who takes it back otherwise. The receiver wakes it, rather than
  /// a condition: it goes on before the next receiver does, and what it offers elsewhere is withdrawn in time.
  class offer final : private detail::run::cancel_node {
   public:
    using result_type = void;
    using rondo_workflow_awaitable = void;
    enum class state : unsigned char { outside, waits, received, refused, interrupted };

    offer(channel& in, Value value) : in_(&in) { value_.push_back({std::move(value), this}); }
    offer(const offer&) = delete;
    offer& operator=(const offer&) = delete;
    ~offer() {
      if (state_ == state::waits && is_there()) withdraw();
    }

    class offer_awaiter {
     public:
      offer_awaiter(offer& of, detail::run::coroutine_node& caller) noexcept : of_(&of), caller_(&caller) {}
      bool await_ready() const { return of_->begin(*caller_); }
      void await_suspend(std::coroutine_handle<> /*caller*/) const noexcept { of_->wait(*caller_); }
      void await_resume() const { of_->end(); }

     private:
      offer* of_;
      detail::run::coroutine_node* caller_;
    };
    offer_awaiter awaiter(detail::run::coroutine_node& caller) noexcept { return offer_awaiter(*this, caller); }

    /// Its value is not in the channel any more.
    void end_as(state how) noexcept {
      state_ = how;
      detail::run::current->post(*caller_);
    }

   private:
    bool begin(const detail::run::coroutine_node& caller) {
      auto& run = detail::run::require_current("workflow::channel");
      if (run.tearing_down()) return false;
      run.require_writable("workflow::channel");
      in_->require_open();
      if (caller.cancellation == nullptr || !caller.cancellation->cancelled()) return false;
      state_ = state::interrupted;
      return true;
    }
    void wait(detail::run::coroutine_node& caller) noexcept {
      if (!is_there()) return;
      caller_ = &caller;
      state_ = state::waits;
      in_->values_.splice(in_->values_.end(), value_);
      if (caller.cancellation != nullptr) caller.cancellation->join(*this);
    }
    void end() {
      scope_hook::unlink();
      if (state_ == state::interrupted) throw cancelled_failure();
      if (state_ == state::refused) in_->require_open();
    }
    void withdraw() noexcept {
      in_->values_.remove_if([this](const waiting& each) { return each.from == this; });
    }
    void on_cancel(const std::string& /*reason*/) override {
      // What was received is sent.
      if (state_ != state::waits) return;
      withdraw();
      end_as(state::interrupted);
    }

    channel* in_;
    /// The value until it is in the channel; it moves there with its place in the list, so nothing can fail then.
    std::list<waiting> value_;
    detail::run::coroutine_node* caller_ = nullptr;
    state state_ = state::outside;
  };
  /// Somebody who waits for a value.
  class receiver {
   public:
    explicit receiver(channel& of) noexcept : of_(&of) { ++of.receivers_; }
    receiver(const receiver&) = delete;
    receiver& operator=(const receiver&) = delete;
    ~receiver() {
      if (is_there()) --of_->receivers_;
    }

   private:
    channel* of_;
  };

  std::size_t capacity_;
  std::list<waiting> values_;
  std::size_t receivers_ = 0;
  bool closed_ = false;
};

}  // namespace rondo::workflow
