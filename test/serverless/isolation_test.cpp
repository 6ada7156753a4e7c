#include <gtest/gtest.h>
#include <signal.h>

#include <asio/co_spawn.hpp>
#include <chrono>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "io/grpc_test_server.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/registry.hpp"
#include "rondo/serverless/options.hpp"
#include "rondo/serverless/runner.hpp"

// What invocations leave to each other and to the process that runs them.
namespace rondo::test::isolation_test {

namespace isolation_test {

int quick_one() { return 1; }

/// A server that has nothing to do, and notes from where it is called.
class invocations_of_a_process : public ::testing::Test {
 protected:
  invocations_of_a_process()
      : server_([this](const grpc::GenericCallbackServerContext& call, const std::string& /*request*/) {
          const std::lock_guard lock(mutex_);
          peers_.insert(call.peer());
          ++calls_[call.method().substr(call.method().rfind('/') + 1)];
          return grpc_answer{};
        }) {}

  serverless::options one_that_ends_at_once() const {
    auto made = serverless::defaults_of(serverless::profile::http);
    made.registry.activity<quick_one>();
    made.task_queue = "queue";
    made.idle_timeout = duration::zero();
    made.client.target = server_.target();
    return made;
  }
  /// The connections that so many invocations make.
  std::size_t connections_of(serverless::options how, int times) {
    detail::io::event_loop loop;
    serverless::runner host(loop, std::move(how));
    for (int time = 0; time < times; ++time) {
      std::optional<serverless::report> report;
      asio::co_spawn(loop.executor(), host.run({}),
                     [&](const std::exception_ptr&, serverless::report made) { report = std::move(made); });
      loop.run_until([&] { return report.has_value(); });
      EXPECT_EQ(report->reason, serverless::end_reason::idle) << report->error;
    }
    const std::lock_guard lock(mutex_);
    return peers_.size();
  }
  int calls(const std::string& method) {
    const std::lock_guard lock(mutex_);
    return calls_[method];
  }

 private:
  std::mutex mutex_;
  std::set<std::string> peers_;
  std::map<std::string, int> calls_;
  grpc_test_server server_;
};

TEST_F(invocations_of_a_process, share_a_connection) {
  EXPECT_EQ(connections_of(one_that_ends_at_once(), 3), 1U);
  EXPECT_EQ(calls("ShutdownWorker"), 3);
}

TEST_F(invocations_of_a_process, have_a_connection_each_when_they_are_told_to) {
  auto how = one_that_ends_at_once();
  how.reuse_connection = false;
  EXPECT_EQ(connections_of(std::move(how), 3), 3U);
  EXPECT_EQ(calls("ShutdownWorker"), 3);
}

/// What the process does at each signal.
std::map<int, decltype(sigaction::sa_handler)> dispositions() {
  std::map<int, decltype(sigaction::sa_handler)> all;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD, SIGALRM}) {
    struct sigaction now = {};
    ::sigaction(signal, nullptr, &now);
    all[signal] = now.sa_handler;
  }
  return all;
}

TEST_F(invocations_of_a_process, leave_its_signals_alone) {
  const auto before = dispositions();
  auto how = one_that_ends_at_once();
  std::optional<decltype(dispositions())> during;
  how.on_shutdown([&during] { during = dispositions(); });
  EXPECT_EQ(serverless::run_once(std::move(how), {}).reason, serverless::end_reason::idle);
  ASSERT_TRUE(during);
  EXPECT_EQ(*during, before);
  EXPECT_EQ(dispositions(), before);
}

}  // namespace isolation_test

}  // namespace rondo::test::isolation_test
