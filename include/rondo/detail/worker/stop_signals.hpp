#pragma once
#include <asio/error_code.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <functional>
#include <thread>
#include <utility>

namespace rondo::detail::worker {

/// Calls back, on a thread of its own, when the process is asked to end by SIGINT or SIGTERM; once. A second one then
/// ends the process as usual.
class stop_signals {
 public:
  explicit stop_signals(std::function<void(int signal)> call) : signals_(context_, SIGINT, SIGTERM) {
    signals_.async_wait([this, call = std::move(call)](const asio::error_code& error, int signal) {
      if (error) return;
      signals_.clear();
      call(signal);
    });
    thread_ = std::thread([this] { context_.run(); });
  }
  stop_signals(const stop_signals&) = delete;
  stop_signals& operator=(const stop_signals&) = delete;
  ~stop_signals() {
    context_.stop();
    thread_.join();
  }

 private:
  asio::io_context context_;
  asio::signal_set signals_;
  std::thread thread_;
};

}  // namespace rondo::detail::worker
