#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <optional>

#include "rondo/detail/io/reactor.hpp"

namespace rondo::detail::io {

/// The thread waits in asio itself: sockets, timers and wake() end the wait.
class asio_reactor final : public reactor {
 public:
  /// Only the address is used before the first wait.
  explicit asio_reactor(asio::io_context& context) noexcept : context_(&context) {}

  void wait(time_point deadline) override {
    // The loop looks at asio after every wait, so there is nothing to do here when it may not wait.
    if (deadline == time_point::min()) return;
    // Without work asio would not wait.
    if (!work_) work_.emplace(context_->get_executor());
    if (context_->stopped()) context_->restart();
    if (deadline == time_point::max()) {
      context_->run_one();
    } else {
      context_->run_one_until(deadline);
    }
  }

  /// The loop looks at asio itself.
  bool poll() override { return false; }

  void wake() noexcept override {
    asio::post(*context_, [] {});
  }

  void shutdown() noexcept override { work_.reset(); }

  bool waits_in_asio() const noexcept override { return true; }

 private:
  asio::io_context* context_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
};

}  // namespace rondo::detail::io
