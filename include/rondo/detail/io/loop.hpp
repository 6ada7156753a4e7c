#pragma once

#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>

#include "rondo/detail/io/executor.hpp"
#include "rondo/detail/io/loop_core.hpp"
#include "rondo/detail/io/reactor.hpp"
#include "rondo/detail/io/timer_heap.hpp"

namespace rondo::detail::io {

/// The one thread of a Rondo program: waits in asio or its transport's reactor, fires timers, polls asio, runs posted
/// work. What has come in before the time of a timer is handled before the timer, also when the thread finds both late.
/// Whoever calls run(), run_until(), run_one(), poll() or block_on() drives it; at most one thread does so at a
/// time.
class event_loop {
 public:
  event_loop() = default;
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;

  /// Cancels what is outstanding, waits until the transport has let go of it, and destroys suspended coroutines without
  /// resuming them. No other thread may use the loop any more.
  ~event_loop();

  /// For asio sockets and timers. Post work through executor() or post(): posting here wakes the loop only where it
  /// waits in asio.
  asio::io_context& context() noexcept { return core_.context(); }
  loop_executor executor() noexcept { return loop_executor(core_); }

  /// Runs the function in a later turn of the loop. Any thread.
  template <class Function>
  void post(Function&& function) {
    core_.post(std::forward<Function>(function));
  }

  /// Drives the loop until stop(); waits for its turn while another thread drives it.
  void run();

  /// Ends run(): the present one, or the next one when none is running. Any thread.
  void stop();

  /// Drives the loop until the predicate holds; it is asked before every turn, on this thread.
  template <class Predicate>
  void run_until(Predicate&& done);

  /// Waits for something to do and does it.
  void run_one();

  /// Does what can be done without waiting.
  void poll();

  /// Runs the coroutine to its end and returns its result or throws what it threw. Drives the loop when nobody does,
  /// waits when another thread does; on the loop's own thread it throws std::logic_error.
  template <class T>
  T block_on(asio::awaitable<T> work);

  bool running_in_this_thread() const noexcept { return core_.in_loop_thread(); }
  bool driven_by_other_thread() const noexcept {
    const auto driver = core_.driver_.load();
    return driver != std::thread::id() && driver != std::this_thread::get_id();
  }

  /// Something waits to be run besides what runs now. Loop thread only.
  bool has_work() noexcept;

  /// True while the loop is being destroyed: operations discard their handlers instead of calling them.
  bool closing() const noexcept { return closing_; }

  /// Timers belong to the loop's thread.
  void arm(timer_node& node, time_point when) { timers_.arm(node, when); }
  void disarm(timer_node& node) noexcept { timers_.disarm(node); }

  /// The reactor of a transport; the first use installs it in the place where the thread waited in asio.
  /// Throws std::logic_error while another thread drives the loop.
  template <class Reactor>
  Reactor& use_reactor();

 private:
  enum class asio_state { idle, waiting, ready };
  class driver_role;
  template <class T>
  struct blocked;

  void turn(bool may_wait);
  time_point next_deadline() const;
  void wait(time_point deadline);
  void run_posted();
  void fire_timers();
  void catch_up();
  asio_state poll_asio();
  void drop_work() noexcept;
  void drop_timers() noexcept;
  static void refuse_nested();
  template <class T>
  static asio::awaitable<void> collect(asio::awaitable<T> work, std::shared_ptr<blocked<T>> state);

  loop_core core_;
  std::condition_variable driver_changed_;
  std::atomic<bool> stop_requested_{false};
  timer_heap timers_;
  work_queue batch_;
  asio_state asio_ = asio_state::waiting;
  /// Of the last look at it.
  bool asio_ran_ = false;
  bool closing_ = false;
};

/// The right to drive the loop.
class event_loop::driver_role {
 public:
  explicit driver_role(event_loop& loop) : loop_(loop) {
    if (loop.running_in_this_thread()) refuse_nested();
    std::unique_lock lock(loop.core_.mutex_);
    loop.driver_changed_.wait(lock, [this] { return is_free(loop_); });
    take();
  }

  /// Takes a free role; the caller holds the lock.
  driver_role(event_loop& loop, const std::unique_lock<std::mutex>&) : loop_(loop) { take(); }

  driver_role(const driver_role&) = delete;
  driver_role& operator=(const driver_role&) = delete;
  ~driver_role() {
    const std::lock_guard lock(loop_.core_.mutex_);
    loop_.batch_.append(loop_.core_.local_);
    loop_.batch_.append(loop_.core_.remote_);
    loop_.core_.remote_.append(loop_.batch_);
    loop_.core_.driver_.store(std::thread::id());
    loop_.driver_changed_.notify_all();
  }

  static bool is_free(const event_loop& loop) noexcept { return loop.core_.driver_.load() == std::thread::id(); }

 private:
  void take() noexcept {
    loop_.core_.driver_.store(std::this_thread::get_id());
    loop_.asio_ = asio_state::waiting;
  }

  event_loop& loop_;
};

template <class T>
struct event_loop::blocked {
  std::optional<std::conditional_t<std::is_void_v<T>, bool, T>> value;
  std::exception_ptr error;
  std::atomic<bool> done{false};
};

inline void event_loop::refuse_nested() {
  throw std::logic_error(
      "rondo: the event loop is already running on this thread, waiting here would block it for ever; use co_await");
}

template <class Predicate>
void event_loop::run_until(Predicate&& done) {
  const driver_role role(*this);
  while (!done()) turn(true);
}

inline void event_loop::run_one() {
  const driver_role role(*this);
  turn(true);
}

inline void event_loop::poll() {
  const driver_role role(*this);
  turn(false);
}

inline void event_loop::run() {
  run_until([this] { return stop_requested_.load(); });
  stop_requested_.store(false);
}

inline void event_loop::stop() {
  stop_requested_.store(true);
  post([] {});
}

inline void event_loop::turn(bool may_wait) {
  wait(may_wait ? next_deadline() : time_point::min());
  run_posted();
  fire_timers();
  asio_ = poll_asio();
}

inline time_point event_loop::next_deadline() const {
  // asio hides its own descriptor. A thread that waits elsewhere looks at asio's sockets and timers once in this
  // interval while there are any.
  constexpr std::chrono::milliseconds asio_poll_interval{1};
  if (!core_.local_.empty() || !batch_.empty() || asio_ == asio_state::ready) return time_point::min();
  if (asio_ == asio_state::idle || core_.reactor_->waits_in_asio()) return timers_.next();
  return std::min(timers_.next(), steady_clock::now() + asio_poll_interval);
}

inline void event_loop::wait(time_point deadline) {
  {
    const std::lock_guard lock(core_.mutex_);
    if (!core_.remote_.empty()) deadline = time_point::min();
    core_.waiting_ = deadline != time_point::min();
  }
  core_.reactor_->wait(deadline);
  const std::lock_guard lock(core_.mutex_);
  core_.waiting_ = false;
  core_.local_.append(core_.remote_);
}

inline bool event_loop::has_work() noexcept {
  if (!core_.local_.empty() || !batch_.empty() || asio_ == asio_state::ready) return true;
  const std::lock_guard lock(core_.mutex_);
  return !core_.remote_.empty();
}

inline void event_loop::run_posted() {
  // What the work posts meanwhile runs in the next turn, so that it cannot starve timers and the reactor.
  batch_.append(core_.local_);
  while (const auto node = batch_.pop()) node->run();
}

inline void event_loop::fire_timers() {
  if (timers_.empty()) return;
  const time_point now = steady_clock::now();
  // Timers of no time are cancellations.
  while (timer_node* node = timers_.pop_due(time_point::min())) node->on_timer();
  if (timers_.next() > now) return;
  catch_up();
  while (timer_node* node = timers_.pop_due(now)) node->on_timer();
}

inline void event_loop::catch_up() {
  // A thread that was kept from running, by a frozen process for example, finds answers and the deadlines that have
  // passed since they came at the same time: the answers were in time. There is a limit, as peers that never stop to
  // send must not keep timers from firing.
  constexpr int most_rounds = 64, events_per_round = 64;
  for (int round = 0; round < most_rounds; ++round) {
    int events = 0;
    while (events < events_per_round && core_.reactor_->poll()) ++events;
    asio_ = poll_asio();
    if (events == 0 && !asio_ran_) return;
    run_posted();
  }
}

inline event_loop::asio_state event_loop::poll_asio() {
  constexpr int handlers_per_turn = 128;
  auto& context = core_.context_;
  if (context.stopped()) context.restart();
  asio_ran_ = false;
  for (int i = 0; i < handlers_per_turn; ++i) {
    if (context.poll_one() == 0) return context.stopped() ? asio_state::idle : asio_state::waiting;
    asio_ran_ = true;
  }
  return asio_state::ready;
}

template <class T>
asio::awaitable<void> event_loop::collect(asio::awaitable<T> work, std::shared_ptr<blocked<T>> state) {
  if constexpr (std::is_void_v<T>) {
    co_await std::move(work);
  } else {
    state->value.emplace(co_await std::move(work));
  }
}

template <class T>
T event_loop::block_on(asio::awaitable<T> work) {
  if (running_in_this_thread()) refuse_nested();
  auto state = std::make_shared<blocked<T>>();
  asio::co_spawn(executor(), collect<T>(std::move(work), state), [this, state](std::exception_ptr error) {
    const std::lock_guard lock(core_.mutex_);
    state->error = std::move(error);
    state->done.store(true);
    driver_changed_.notify_all();
  });
  const auto done = [&state] { return state->done.load(); };
  std::unique_lock lock(core_.mutex_);
  driver_changed_.wait(lock, [&] { return done() || driver_role::is_free(*this); });
  if (!done()) {
    const driver_role role(*this, lock);
    lock.unlock();
    while (!done()) turn(true);
  } else {
    lock.unlock();
  }
  if (state->error) std::rethrow_exception(state->error);
  if constexpr (!std::is_void_v<T>) return std::move(*state->value);
}

template <class Reactor>
Reactor& event_loop::use_reactor() {
  if (driven_by_other_thread()) {
    throw std::logic_error("rondo: another thread runs the event loop; make its transport there");
  }
  if (!running_in_this_thread()) {
    const driver_role role(*this);
    return use_reactor<Reactor>();
  }
  if (auto* present = dynamic_cast<Reactor*>(core_.reactor_.get())) return *present;
  if (!core_.reactor_->waits_in_asio()) {
    throw std::logic_error("rondo: the event loop already waits in the reactor of another transport");
  }
  auto fresh = std::make_unique<Reactor>();
  Reactor& installed = *fresh;
  const std::lock_guard lock(core_.mutex_);
  core_.reactor_->shutdown();
  core_.reactor_ = std::move(fresh);
  return installed;
}

inline void event_loop::drop_work() noexcept {
  for (;;) {
    {
      const std::lock_guard lock(core_.mutex_);
      batch_.append(core_.remote_);
    }
    batch_.append(core_.local_);
    if (batch_.empty()) return;
    batch_.clear();
  }
}

inline void event_loop::drop_timers() noexcept {
  while (timer_node* node = timers_.pop_due(time_point::max())) node->on_discard();
}

inline event_loop::~event_loop() {
  closing_ = true;
  core_.driver_.store(std::this_thread::get_id());
  core_.reactor_->shutdown();
  drop_timers();
  drop_work();
  core_.context_.shutdown();
  drop_work();
  drop_timers();
  drop_work();
}

}  // namespace rondo::detail::io
