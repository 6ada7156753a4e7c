#pragma once
#include <asio/execution/blocking.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <memory>
#include <type_traits>
#include <utility>

#include "rondo/activity.hpp"
#include "rondo/detail/io/executor.hpp"

namespace rondo::detail::worker {

/// The loop's executor for the coroutine of one activity: whenever that runs, activity::info() and its like know which
/// attempt they speak of.
class activity_executor {
 public:
  activity_executor(io::loop_executor on, std::shared_ptr<activity_context> attempt) noexcept
      : on_(on), attempt_(std::move(attempt)) {}

  asio::execution_context& query(asio::execution::context_t property) const noexcept { return on_.query(property); }
  asio::execution::blocking_t query(asio::execution::blocking_t property) const noexcept { return on_.query(property); }
  activity_executor require(asio::execution::blocking_t::never_t property) const noexcept {
    return {on_.require(property), attempt_};
  }
  activity_executor require(asio::execution::blocking_t::possibly_t property) const noexcept {
    return {on_.require(property), attempt_};
  }

  template <class Function>
  void execute(Function&& function) const {
    on_.execute([attempt = attempt_, work = std::decay_t<Function>(std::forward<Function>(function))]() mutable {
      const activity_activation active(*attempt);
      std::move(work)();
    });
  }

  friend bool operator==(const activity_executor&, const activity_executor&) noexcept = default;

 private:
  io::loop_executor on_;
  std::shared_ptr<activity_context> attempt_;
};

}  // namespace rondo::detail::worker
