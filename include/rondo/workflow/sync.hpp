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
    ~permit() { release(); }

    explicit operator bool() const noexcept { return of_ != nullptr; }
    /// Gives it back now.
    void release() {
      if (of_ != nullptr) give_back(*std::exchange(of_, nullptr));
    }

   private:
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
    virtual void let_in() = 0;

   protected:
    ~waiter() = default;
  };

  bool take() noexcept {
    if (free_ == 0 || line_.front() != nullptr) return false;
    --free_;
    return true;
  }
  /// While a run is destroyed `of` may be gone already.
  static void give_back(semaphore& of) {
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
  void let_in() override {
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
  /// A value that was received before the scope was cancelled is sent, and nothing is thrown. So a `when_any` may give
  /// another branch that ended in the same turn, though the value was received.
  task<void> send(Value value) {
    if (capacity_ > 0) {
      co_await wait_condition([this] { return closed_ || values_.size() < capacity_; });
      require_open();
      values_.push_back({std::move(value)});
      co_return;
    }
    detail::run::require_current("workflow::channel").require_writable("workflow::channel");
    require_open();
    bool received = false;
    const offer mine(*this, std::move(value), received);
    bool interrupted = false;
    try {
      co_await wait_condition([this, &received] { return closed_ || received; });
    } catch (const cancelled_failure&) {
      interrupted = true;
    }
    if (received) co_return;
    if (interrupted) throw cancelled_failure();
    require_open();
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
    co_await wait_condition([this] { return closed_ || !values_.empty(); });
    co_return try_receive();
  }
  /// A value if there is one, also that of a sender who waits until it is received.
  std::optional<Value> try_receive() {
    detail::run::require_current("workflow::channel").require_writable("workflow::channel");
    if (values_.empty()) return std::nullopt;
    std::optional<Value> first(std::move(values_.front().value));
    if (bool* received = values_.front().received) *received = true;
    values_.pop_front();
    return first;
  }
  /// Nothing is sent any more; what waits can still be received, but not what senders of an unbuffered channel hold.
  void close() noexcept {
    closed_ = true;
    values_.remove_if([](const waiting& each) { return each.received != nullptr; });
  }
  bool closed() const noexcept { return closed_; }
  /// How many values can be received now.
  std::size_t size() const noexcept { return values_.size(); }

 private:
  struct waiting {
    Value value;
    /// Of the sender who waits for it; null: nobody does.
    bool* received = nullptr;
  };

  /// While a run is destroyed the channel may be gone already.
  static bool is_there() noexcept { return detail::run::current != nullptr && !detail::run::current->tearing_down(); }
  void require_open() const {
    if (closed_) throw std::logic_error("workflow::channel: it is closed");
  }

  /// A value that its sender takes back unless it was received.
  class offer {
   public:
    offer(channel& in, Value value, bool& received) : in_(&in), received_(&received) {
      in.values_.push_back({std::move(value), &received});
    }
    offer(const offer&) = delete;
    offer& operator=(const offer&) = delete;
    ~offer() {
      if (is_there()) in_->values_.remove_if([this](const waiting& each) { return each.received == received_; });
    }

   private:
    channel* in_;
    bool* received_;
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
