#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "rondo/client.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/log.hpp"
#include "rondo/registry.hpp"
#include "rondo/worker.hpp"
#include "support/log_text.hpp"
#include "support/recorded_workflows.hpp"

namespace rondo::test {

/// Address of the Temporal server that the tests use.
inline std::string server_address() {
  const char* address = std::getenv("RONDO_TEST_ADDRESS");
  if (address == nullptr)
    throw std::runtime_error("RONDO_TEST_ADDRESS must name a running Temporal server (host:port)");
  return address;
}

/// Waits until something outside of the test's control has happened.
inline bool eventually(const std::function<bool()>& holds, std::chrono::seconds limit = std::chrono::seconds(30)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

/// The servers that the tests run beside, see scripts/with_server.sh.
enum class server_kind { real, stock, own };
inline server_kind server_under_test() {
  const char* which = std::getenv("RONDO_TEST_SERVER");
  if (which == nullptr || std::string_view(which) == "real") return server_kind::real;
  return std::string_view(which) == "stock" ? server_kind::stock : server_kind::own;
}

inline client connect_to(std::string target) {
  client_options options;
  options.target = std::move(target);
  return client::connect(std::move(options));
}

/// A worker on a loop and a thread of its own, until it dies.
class running_worker {
 public:
  running_worker(registry app, worker_options options, std::string address = server_address())
      : running_worker(std::move(app), std::move(options), connect_to(std::move(address))) {}
  running_worker(registry app, worker_options options, client through) : log_(std::make_shared<log_text>()) {
    options.logger = logger(log_, log_level::debug);
    worker_ = std::make_unique<worker>(std::move(through), std::move(app), std::move(options));
    thread_ = std::thread([this] {
      try {
        worker_->run();
      } catch (...) {
        error_ = std::current_exception();
      }
    });
  }
  ~running_worker() {
    stop();
    if (::testing::Test::HasFailure()) std::fputs(log_->text().c_str(), stderr);
  }

  void stop() {
    if (!thread_.joinable()) return;
    worker_->stop();
    thread_.join();
  }
  const log_text& log() const { return *log_; }
  /// What run() threw; after stop().
  std::exception_ptr error() const { return error_; }

 private:
  std::shared_ptr<log_text> log_;
  std::unique_ptr<worker> worker_;
  std::exception_ptr error_;
  std::thread thread_;
};

class server_test : public ::testing::Test {
 protected:
  std::string queue = "test-" + detail::random_uuid();
  rondo::client client = connect_to(server_address());

  worker_options options() const {
    worker_options made;
    made.task_queue = queue;
    return made;
  }
  start_workflow_options start() const { return {.task_queue = queue}; }

  /// The failure that a result() ends with; fails the test when there is none.
  template <class Call>
  workflow_failure failure_of(Call result) {
    try {
      static_cast<void>(std::move(result).get());
    } catch (const workflow_failure& failed) {
      return failed;
    }
    ADD_FAILURE() << "the workflow completed";
    return workflow_failure("none", {}, {}, workflow_status::unspecified);
  }
};

/// What only the official servers do so far.
class official_server_test : public server_test {
 protected:
  void SetUp() override {
    if (server_under_test() == server_kind::own) GTEST_SKIP() << "the embedded server does not do this yet";
  }
};

/// What servers of 1.32 do; the embedded one does it as well.
class newer_server_test : public server_test {
 protected:
  void SetUp() override {
    if (server_under_test() == server_kind::real) GTEST_SKIP() << "the official development server is too old for this";
  }
};

/// What only the newer of the official servers does.
class stock_server_test : public server_test {
 protected:
  void SetUp() override {
    if (server_under_test() != server_kind::stock) GTEST_SKIP() << "only the stock server is new enough for this";
  }
};

/// The activities that the recorded workflows call.
registry recorded_app();

}  // namespace rondo::test
