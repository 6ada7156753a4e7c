#pragma once
#include <coroutine>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "rondo/detail/run/scheduler.hpp"
#include "rondo/detail/run/scope.hpp"
#include "rondo/result.hpp"
#include "rondo/task.hpp"

namespace rondo::detail::run {

template <class Awaitable>
using result_type_of = typename std::remove_cvref_t<Awaitable>::result_type;

/// The result of an awaitable as something that a tuple can hold.
template <class Awaitable>
using value_of =
    std::conditional_t<std::is_void_v<result_type_of<Awaitable>>, std::monostate, result_type_of<Awaitable>>;

/// The awaitable as a task of the same result.
template <class Awaitable>
task<result_type_of<Awaitable>> as_task(Awaitable awaitable) {
  if constexpr (std::is_void_v<result_type_of<Awaitable>>) {
    co_await std::move(awaitable);
  } else {
    co_return co_await std::move(awaitable);
  }
}

/// Several tasks of which somebody awaits the end: each runs in a scope of its own below the awaiter's.
class branches {
 public:
  static constexpr std::size_t nobody = static_cast<std::size_t>(-1);

  explicit branches(std::size_t count) : left_(count) {}
  branches(const branches&) = delete;
  branches& operator=(const branches&) = delete;

  void start(task<void> branch, scope* parent) {
    auto& place = *scopes_.emplace_back(std::make_unique<scope>(parent));
    tasks_.push_back(std::move(branch));
    tasks_.back().schedule(*current, place);
  }
  /// A branch says that it has ended; the last one wakes the awaiter.
  void ended() {
    if (--left_ == 0 && waiter_ != nullptr) current->post(*std::exchange(waiter_, nullptr));
  }
  /// The first branch to say so decides what the whole gives; the others are cancelled, in order.
  bool decide(std::size_t index) {
    if (decided_ != nobody) return false;
    decided_ = index;
    for (std::size_t each = 0; each < scopes_.size(); ++each) {
      if (each != index) scopes_[each]->cancel("another branch decided");
    }
    return true;
  }
  std::size_t decided() const noexcept { return decided_; }
  void set_error(std::exception_ptr error) noexcept { error_ = std::move(error); }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

  class end_awaiter {
   public:
    end_awaiter(branches& of, coroutine_node& caller) noexcept : of_(&of), caller_(&caller) {}
    bool await_ready() const noexcept { return of_->left_ == 0; }
    void await_suspend(std::coroutine_handle<> /*caller*/) const noexcept {
      of_->waiter_ = caller_;
      for (auto& each : of_->tasks_) each.work_for(*caller_);
    }
    void await_resume() const noexcept {}

   private:
    branches* of_;
    coroutine_node* caller_;
  };
  /// Awaits the end of all of them.
  class end {
   public:
    using result_type = void;
    using rondo_workflow_awaitable = void;
    explicit end(branches& of) noexcept : of_(&of) {}
    end_awaiter awaiter(coroutine_node& caller) const noexcept { return end_awaiter(*of_, caller); }

   private:
    branches* of_;
  };

 private:
  std::size_t left_;
  std::size_t decided_ = nobody;
  coroutine_node* waiter_ = nullptr;
  std::exception_ptr error_;
  std::vector<std::unique_ptr<scope>> scopes_;
  std::vector<task<void>> tasks_;
};

/// One branch of when_all: keeps the value; the first failure decides and cancels the rest.
template <class Awaitable>
task<void> collect(Awaitable work, std::size_t index, std::optional<value_of<Awaitable>>* out, branches* all) {
  std::exception_ptr error;
  try {
    if constexpr (std::is_void_v<result_type_of<Awaitable>>) {
      co_await std::move(work);
      out->emplace();
    } else {
      out->emplace(co_await std::move(work));
    }
  } catch (...) {
    error = std::current_exception();
  }
  if (error && all->decide(index)) all->set_error(std::move(error));
  all->ended();
}

/// One branch of when_any: the first to end, with a value or a failure, decides and cancels the rest.
template <class Awaitable>
task<void> race(Awaitable work, std::size_t index, std::optional<value_of<Awaitable>>* out, branches* all) {
  std::exception_ptr error;
  std::optional<value_of<Awaitable>> value;
  try {
    if constexpr (std::is_void_v<result_type_of<Awaitable>>) {
      co_await std::move(work);
      value.emplace();
    } else {
      value.emplace(co_await std::move(work));
    }
  } catch (...) {
    error = std::current_exception();
  }
  if (all->decide(index)) {
    if (error) all->set_error(std::move(error));
    *out = std::move(value);
  }
  all->ended();
}

inline scope* running_scope(const char* what) {
  auto* running = require_current(what).running();
  return running == nullptr ? nullptr : running->cancellation;
}

}  // namespace rondo::detail::run

namespace rondo::workflow {

/// Runs all at once, started in the order of the arguments, and gives their results in that order (std::monostate for
/// void). When one fails the others are cancelled and awaited, and the first failure is thrown. Wrap one in `as_result`
/// to have its failure as a value instead.
template <class... Awaitables>
task<std::tuple<detail::run::value_of<Awaitables>...>> when_all(Awaitables... work) {
  detail::run::branches all(sizeof...(Awaitables));
  std::tuple<std::optional<detail::run::value_of<Awaitables>>...> results;
  auto* parent = detail::run::running_scope("when_all");
  [&]<std::size_t... Index>(std::index_sequence<Index...>) {
    (all.start(detail::run::collect(std::move(work), Index, &std::get<Index>(results), &all), parent), ...);
  }(std::index_sequence_for<Awaitables...>{});
  co_await detail::run::branches::end(all);
  all.rethrow();
  co_return std::apply(
      [](auto&... each) { return std::tuple<detail::run::value_of<Awaitables>...>(std::move(*each)...); }, results);
}

/// As above for any number of the same kind; the results are in the order of `work`.
template <class Awaitable>
task<std::vector<detail::run::value_of<Awaitable>>> when_all(std::vector<Awaitable> work) {
  detail::run::branches all(work.size());
  std::vector<std::optional<detail::run::value_of<Awaitable>>> results(work.size());
  auto* parent = detail::run::running_scope("when_all");
  for (std::size_t index = 0; index < work.size(); ++index) {
    all.start(detail::run::collect(std::move(work[index]), index, &results[index], &all), parent);
  }
  co_await detail::run::branches::end(all);
  all.rethrow();
  std::vector<detail::run::value_of<Awaitable>> values;
  values.reserve(results.size());
  for (auto& each : results) values.push_back(std::move(*each));
  co_return values;
}

/// Runs all at once; the first to end decides: its value comes back, at its index, or its failure is thrown. The others
/// are cancelled and awaited, so nothing outlives the call.
template <class... Awaitables>
  requires(sizeof...(Awaitables) > 0)
task<std::variant<detail::run::value_of<Awaitables>...>> when_any(Awaitables... work) {
  detail::run::branches all(sizeof...(Awaitables));
  std::tuple<std::optional<detail::run::value_of<Awaitables>>...> results;
  auto* parent = detail::run::running_scope("when_any");
  [&]<std::size_t... Index>(std::index_sequence<Index...>) {
    (all.start(detail::run::race(std::move(work), Index, &std::get<Index>(results), &all), parent), ...);
  }(std::index_sequence_for<Awaitables...>{});
  co_await detail::run::branches::end(all);
  all.rethrow();
  std::optional<std::variant<detail::run::value_of<Awaitables>...>> winner;
  [&]<std::size_t... Index>(std::index_sequence<Index...>) {
    const auto pick = [&]<std::size_t At>(std::integral_constant<std::size_t, At>) {
      if (all.decided() == At) winner.emplace(std::in_place_index<At>, std::move(*std::get<At>(results)));
    };
    (pick(std::integral_constant<std::size_t, Index>{}), ...);
  }(std::index_sequence_for<Awaitables...>{});
  co_return std::move(*winner);
}

/// Which branch of a when_any over a vector decided, and with what.
template <class Value>
struct first_of {
  std::size_t index = 0;
  Value value;
};

/// As above for any number of the same kind, at least one.
template <class Awaitable>
task<first_of<detail::run::value_of<Awaitable>>> when_any(std::vector<Awaitable> work) {
  if (work.empty()) throw std::invalid_argument("when_any needs something to wait for: the vector is empty");
  detail::run::branches all(work.size());
  std::vector<std::optional<detail::run::value_of<Awaitable>>> results(work.size());
  auto* parent = detail::run::running_scope("when_any");
  for (std::size_t index = 0; index < work.size(); ++index) {
    all.start(detail::run::race(std::move(work[index]), index, &results[index], &all), parent);
  }
  co_await detail::run::branches::end(all);
  all.rethrow();
  first_of<detail::run::value_of<Awaitable>> winner{all.decided(), std::move(*results[all.decided()])};
  co_return winner;
}

/// Gives the result, or the failure, as a value: `co_await` is not allowed in a catch block, code after this is free.
template <class Awaitable>
task<result<detail::run::result_type_of<Awaitable>>> as_result(Awaitable work) {
  using outcome = result<detail::run::result_type_of<Awaitable>>;
  std::exception_ptr error;
  std::optional<detail::run::value_of<Awaitable>> value;
  try {
    if constexpr (std::is_void_v<detail::run::result_type_of<Awaitable>>) {
      co_await std::move(work);
      value.emplace();
    } else {
      value.emplace(co_await std::move(work));
    }
  } catch (...) {
    error = std::current_exception();
  }
  if (error) co_return outcome(std::move(error));
  if constexpr (std::is_void_v<detail::run::result_type_of<Awaitable>>) {
    co_return outcome();
  } else {
    co_return outcome(std::move(*value));
  }
}

}  // namespace rondo::workflow
