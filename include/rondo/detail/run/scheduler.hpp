#pragma once
#include <bit>
#include <cassert>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <source_location>
#include <stdexcept>
#include <string>
#include <utility>

#include "rondo/detail/base/intrusive_list.hpp"
#include "rondo/detail/base/run_arena.hpp"
#include "rondo/detail/run/host.hpp"

namespace rondo::detail::run {

class scheduler;
class scope;

/// The run whose code is executing on this thread; null outside of workflow code. It exists because workflow functions
/// such as now() take no context argument, as in every SDK.
inline constinit thread_local scheduler* current = nullptr;

/// What a std::source_location holds, as a plain pointer: gcc 12 keeps a temporary of a class in the frame of the
/// coroutine, and its default argument too, in pieces of their own for every co_await.
using await_place = const void*;
static_assert(sizeof(std::source_location) == sizeof(await_place));

/// What the scheduler needs to know of a coroutine.
class coroutine_node {
 public:
  coroutine_node() = default;
  coroutine_node(const coroutine_node&) = delete;
  coroutine_node& operator=(const coroutine_node&) = delete;
  inline ~coroutine_node();

  std::coroutine_handle<> handle{};
  /// Who awaits this coroutine.
  coroutine_node* continuation = nullptr;
  /// Operations that this coroutine starts belong to this scope.
  scope* cancellation = nullptr;

  /// Remembers the co_await that it is about to wait at; only the running coroutine does so.
  void awaits_at(await_place place) noexcept {
    assert(queued_in_ == nullptr);
    place_ = place;
  }
  /// Its last co_await; nothing while it is in the queue, where it does not wait any more.
  std::source_location awaits() const noexcept {
    return queued_in_ == nullptr ? std::bit_cast<std::source_location>(place_) : std::source_location();
  }

 private:
  friend class scheduler;
  // Frames are many and small: who is in the queue waits nowhere.
  union {
    await_place place_ = nullptr;  // NOLINT(readability-identifier-naming): private
    coroutine_node* next_;         // NOLINT(readability-identifier-naming): private
  };
  scheduler* queued_in_ = nullptr;
};

/// A coroutine that waits until something holds.
class condition_node : public list_hook<condition_node> {
 public:
  using waiting_hook = list_hook<condition_node>;
  virtual bool holds() = 0;
  coroutine_node* waiter = nullptr;

 protected:
  ~condition_node() = default;
};

/// Code that must not change the run (a query, a validator, a condition) tried to.
class read_only_error : public std::logic_error {
 public:
  explicit read_only_error(const std::string& what)
      : std::logic_error(what +
                         " is not allowed in a query, in the validator of an update, in the condition of "
                         "wait_condition, in a side effect or in a constructor: they must not change the workflow") {}
};

/// What the code that runs may do.
enum class access : unsigned char {
  all,
  own_values,  ///< no commands: the workflow object is made
  none,        ///< look only
};

/// Resumes the coroutines of one run, one at a time and always in the same order: first come, first served; when nobody
/// is ready, the first waiting condition that holds. Coroutines are resumed from here only (a trampoline), so that long
/// chains of awaits need no stack.
class scheduler {
 public:
  scheduler(host& to, run_arena* memory) : host_(to), memory_(memory) {}
  scheduler(const scheduler&) = delete;
  scheduler& operator=(const scheduler&) = delete;

  host& engine() noexcept { return host_; }
  run_arena* memory() noexcept { return memory_; }

  /// Resumes `node` after everything that is ready already.
  void post(coroutine_node& node) noexcept {
    node.queued_in_ = this;
    node.next_ = nullptr;
    (last_ == nullptr ? first_ : last_->next_) = &node;
    last_ = &node;
  }
  /// Resumes `node` as soon as the running coroutine suspends: how a child is called and how it returns.
  void continue_with(coroutine_node& node) noexcept { next_ = &node; }
  void wait_for(condition_node& condition) noexcept { conditions_.push_back(condition); }
  /// Calls `function` with every coroutine that waits for a condition.
  template <class Function>
  void for_each_condition(Function function) const {
    for (const auto& each : conditions_) function(*each.waiter);
  }

  /// Runs until every coroutine waits.
  void run_until_blocked() {
    const activation running(*this);
    do {
      drain();
    } while (wake_first_condition());
  }

  /// Runs what is in the queue, and leaves conditions alone.
  void run_queue() {
    const activation running(*this);
    drain();
  }

  coroutine_node* running() const noexcept { return running_; }
  /// Throws when the code that runs must not change the run.
  void require_writable(const char* what) const {
    if (access_ != access::all) throw_read_only(what);
  }
  /// The same for what makes no command by itself: a constructor may do it.
  void require_changeable(const char* what) const {
    if (access_ == access::none) throw_read_only(what);
  }
  /// While a cached run is destroyed: operations that destructors start do nothing.
  bool tearing_down() const noexcept { return tearing_down_; }
  void tear_down() noexcept { tearing_down_ = true; }

  /// Makes this the current run for a block of code.
  class activation {
   public:
    explicit activation(scheduler& active) noexcept : saved_(std::exchange(current, &active)) {}
    activation(const activation&) = delete;
    activation& operator=(const activation&) = delete;
    ~activation() { current = saved_; }

   private:
    scheduler* saved_;
  };
  /// Forbids changes for a block of code.
  class read_only_section {
   public:
    explicit read_only_section(scheduler& of, access left = access::none) noexcept
        : of_(of), saved_(std::exchange(of.access_, left)) {}
    read_only_section(const read_only_section&) = delete;
    read_only_section& operator=(const read_only_section&) = delete;
    ~read_only_section() { of_.access_ = saved_; }

   private:
    scheduler& of_;
    access saved_;
  };

 private:
  friend class coroutine_node;

  [[noreturn, gnu::noinline]] static void throw_read_only(const char* what) { throw read_only_error(what); }

  void drain() {
    while (coroutine_node* node = take()) {
      running_ = node;
      node->handle.resume();
    }
    running_ = nullptr;
  }
  coroutine_node* take() noexcept {
    if (next_ != nullptr) return std::exchange(next_, nullptr);
    auto* node = first_;
    if (node == nullptr) return nullptr;
    first_ = node->next_;
    if (first_ == nullptr) last_ = nullptr;
    node->queued_in_ = nullptr;
    node->place_ = nullptr;
    return node;
  }
  bool wake_first_condition() {
    for (auto& condition : conditions_) {
      if (!holds(condition)) continue;
      auto* waiter = condition.waiter;
      condition.unlink();
      post(*waiter);
      return true;
    }
    return false;
  }
  bool holds(condition_node& condition) {
    const read_only_section reading(*this);
    try {
      return condition.holds();
    } catch (...) {
      host_.fail_task(std::current_exception());
      return false;
    }
  }
  void forget(coroutine_node& node) noexcept {
    coroutine_node* before = nullptr;
    for (auto* each = first_; each != nullptr; before = each, each = each->next_) {
      if (each != &node) continue;
      (before == nullptr ? first_ : before->next_) = node.next_;
      if (last_ == &node) last_ = before;
      return;
    }
  }

  host& host_;
  run_arena* memory_;
  coroutine_node* first_ = nullptr;
  coroutine_node* last_ = nullptr;
  coroutine_node* next_ = nullptr;
  coroutine_node* running_ = nullptr;
  intrusive_list<condition_node, condition_node> conditions_;
  access access_ = access::all;
  bool tearing_down_ = false;
};

inline coroutine_node::~coroutine_node() {
  if (queued_in_ != nullptr) queued_in_->forget(*this);
}

/// Base of what lies in the memory of the run that makes it; outside of a run, on the heap.
class in_run_memory {
 public:
  static void* operator new(std::size_t size) {
    return run_arena::acquire(current == nullptr ? nullptr : current->memory(), size);
  }
  static void operator delete(void* memory, std::size_t size) noexcept { run_arena::release(memory, size); }
  // What needs more than the ordinary alignment is rare.
  static void* operator new(std::size_t size, std::align_val_t alignment) { return ::operator new(size, alignment); }
  static void operator delete(void* memory, std::size_t /*size*/, std::align_val_t alignment) noexcept {
    ::operator delete(memory, alignment);
  }
  static void* operator new(std::size_t /*size*/, void* place) noexcept { return place; }
  static void operator delete(void* /*memory*/, void* /*place*/) noexcept {}

 protected:
  in_run_memory() = default;
  ~in_run_memory() = default;
};

[[noreturn, gnu::noinline]] inline void throw_no_current(const char* what) {
  throw std::logic_error(std::string(what) + " may be called only by workflow code, while the worker runs it");
}
/// The current run, or an error that says who needs one.
inline scheduler& require_current(const char* what) {
  if (current == nullptr) throw_no_current(what);
  return *current;
}
/// Asked before something is cancelled: throws where the run must not be changed. False: there is nothing left to
/// cancel, as a destructor asks that runs while, or after, the run is destroyed.
inline bool may_cancel(const char* what) {
  if (current == nullptr || current->tearing_down()) return false;
  current->require_changeable(what);
  return true;
}

}  // namespace rondo::detail::run
