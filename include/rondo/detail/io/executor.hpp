#pragma once

#include <asio/execution/blocking.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <type_traits>
#include <utility>

#include "rondo/detail/io/loop_core.hpp"

namespace rondo::detail::io {

/// asio executor of an event loop. It does not track outstanding work, so a suspended coroutine is not asio I/O.
class loop_executor {
 public:
  explicit loop_executor(loop_core& core) noexcept : core_(&core) {}

  asio::execution_context& query(asio::execution::context_t) const noexcept { return core_->context(); }

  asio::execution::blocking_t query(asio::execution::blocking_t) const noexcept {
    if (may_block_) return asio::execution::blocking.possibly;
    return asio::execution::blocking.never;
  }

  loop_executor require(asio::execution::blocking_t::never_t) const noexcept { return {*core_, false}; }
  loop_executor require(asio::execution::blocking_t::possibly_t) const noexcept { return {*core_, true}; }

  /// Runs the function at once when that is allowed and this is the loop's thread; in a later turn otherwise.
  template <class Function>
  void execute(Function&& function) const {
    if (may_block_ && core_->in_loop_thread()) {
      std::decay_t<Function> local(std::forward<Function>(function));
      std::move(local)();
    } else {
      core_->post(std::forward<Function>(function));
    }
  }

  friend bool operator==(const loop_executor&, const loop_executor&) noexcept = default;

 private:
  loop_executor(loop_core& core, bool may_block) noexcept : core_(&core), may_block_(may_block) {}

  loop_core* core_;
  bool may_block_ = true;
};

}  // namespace rondo::detail::io
