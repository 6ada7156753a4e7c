#include <gtest/gtest.h>
#include <signal.h>

#include <asio/co_spawn.hpp>
#include <chrono>
#include <exception>
#include <fstream>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "rondo/controller/state_workflow.hpp"
#include "rondo/dev_server.hpp"
#include "rondo/worker.hpp"
#include "rondo/workflow.hpp"
#include "support/http_receiver.hpp"
#include "support/program.hpp"
#include "support/scratch.hpp"

namespace rondo::test {
namespace command_test {

struct greeting {
  rondo::task<std::string> run(std::string who) { co_return "hello " + who; }
};

/// The command as a process of its own, beside a server and an endpoint in this one.
struct controller_command : ::testing::Test {
  controller_command() {
    endpoint.on_post = [this](http_receiver::post& got) { invoke(got); };
    std::ofstream(own.file("c.toml")) << "[[target]]\nname = 'greetings'\ntask_queues = ['greetings']\n"
                                         "interval = '100ms'\n[target.provider]\ntype = 'http'\nurl = '" +
                                             endpoint.url() + "'\nsecret = 'hunter2'\nbearer_token = 'swordfish'\n";
  }
  std::unique_ptr<running_program> start(words more = {}) {
    words arguments{"controller", "--address", address, "--config", own.file("c.toml")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return std::make_unique<running_program>(rondo_command(arguments));
  }
  void invoke(http_receiver::post& got) {
    worker_options options{.task_queue = "greetings"};
    options.logger = logger::silent();
    auto& made = workers.emplace_back(over, registry{}.workflow<greeting>(), options);
    asio::co_spawn(over.executor(), made.async_run(), [got](std::exception_ptr) { got.answer(200); });
  }
  std::string greet(const std::string& who) {
    return over.execute_workflow<greeting>({.task_queue = "greetings"}, who).get();
  }
  void end_workers() {
    for (auto& each : workers) each.stop();
    loop.run_until([this] { return endpoint.open == 0; });
    workers.clear();
  }
  /// Asks the target's workflow until it answers what is wanted.
  template <class Predicate>
  void until_status(Predicate holds) {
    for (int asked = 0; asked < 100'000; ++asked) {
      try {
        if (holds(over.get_workflow_handle<controller::target_workflow>("rondo-controller:greetings")
                      .query<&controller::target_workflow::status>()
                      .get())) {
          return;
        }
      } catch (const rpc_error&) {
        continue;  // it does not exist yet, or has no worker at the moment
      }
    }
    FAIL();
  }

  scratch own;
  detail::io::event_loop loop;
  http_receiver endpoint{loop.context()};
  dev_server server{server::options{}, loop};
  std::string address = server.listen();
  rondo::client over = server.connect();
  std::list<rondo::worker> workers;
};

TEST_F(controller_command, survives_being_killed_in_the_middle_of_an_invocation) {
  auto first = start();
  EXPECT_EQ(greet("ada"), "hello ada");
  ASSERT_EQ(endpoint.posts.size(), 1U);
  std::string process;
  until_status([&](const auto& of) {
    process = of.process;
    return of.state.workers.instances.size() == 1;
  });
  first->kill();
  EXPECT_EQ(greet("bob"), "hello bob");
  auto second = start();
  until_status([&](const auto& of) { return of.process != process && of.state.workers.instances.empty(); });
  EXPECT_EQ(greet("eve"), "hello eve");
  EXPECT_EQ(endpoint.posts.size(), 1U) << "the worker of the killed controller's invocation is still there";
  end_workers();
  EXPECT_EQ(greet("dan"), "hello dan");
  EXPECT_EQ(endpoint.posts.size(), 2U);
  end_workers();
}

TEST_F(controller_command, does_what_was_left_to_do_when_it_comes_back) {
  auto first = start();
  until_status([](const auto& of) { return of.state.last_poll_ms > 0; });
  first->kill();
  auto handle = over.start_workflow<greeting>({.task_queue = "greetings"}, std::string("ada")).get();
  auto second = start();
  EXPECT_EQ(handle.result().get(), "hello ada");
  EXPECT_EQ(endpoint.posts.size(), 1U);
  end_workers();
}

TEST_F(controller_command, ends_in_order_and_logs_json_without_secrets) {
  auto running = start({"--log-level", "debug"});
  EXPECT_EQ(greet("ada"), "hello ada");
  EXPECT_EQ(endpoint.posts.at(0).headers["authorization"], "Bearer swordfish");
  end_workers();
  running->send(SIGTERM);
  // The server is on this thread, and the command needs it to stop.
  loop.run_until([&] { return running->err().find("controller stopped") != std::string::npos; });
  const auto end = running->wait();
  EXPECT_EQ(end.code, 0) << end.err;
  EXPECT_EQ(end.err.find("hunter2"), std::string::npos);
  EXPECT_EQ(end.err.find("swordfish"), std::string::npos);
  EXPECT_NE(end.err.find(R"("message":"invocation","target":"greetings","invocation":)"), std::string::npos) << end.err;
  std::size_t lines = 0;
  for (std::size_t at = 0; at < end.err.size(); ++lines) {
    const auto next = end.err.find('\n', at);
    EXPECT_NO_THROW(json::check(end.err.substr(at, next - at))) << end.err.substr(at, next - at);
    at = next + 1;
  }
  EXPECT_GE(lines, 3U);
}

TEST_F(controller_command, shows_what_it_would_do) {
  over.start_workflow<greeting>({.task_queue = "greetings"}, std::string("ada")).get();
  auto running = start({"--once"});
  std::thread waits;
  std::string line;
  bool over_now = false;
  waits = std::thread([&] {
    line = running->wait().out;
    loop.post([&] { over_now = true; });
  });
  loop.run_until([&] { return over_now; });
  waits.join();
  EXPECT_EQ(line, R"({"target":"greetings","registered":true,"backlog":1,"pollers":0,"rate_limited":false,"invoke":1})"
                  "\n");
  EXPECT_TRUE(endpoint.posts.empty());
}

TEST_F(controller_command, refuses_a_file_in_one_line) {
  std::ofstream(own.file("c.toml")) << "[[target]]\nname = 3\n";
  const auto end = start()->wait();
  EXPECT_EQ(end.code, 1);
  EXPECT_EQ(end.err, "error: " + own.file("c.toml") + ":2: 'target.name' must be a text in quotes\n");
}

}  // namespace command_test
}  // namespace rondo::test
