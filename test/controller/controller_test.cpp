#include "rondo/controller/controller.hpp"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <chrono>
#include <exception>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "controller/provider_fixture.hpp"
#include "rondo/controller/http.hpp"
#include "rondo/controller/process.hpp"
#include "rondo/dev_server.hpp"
#include "rondo/workflow.hpp"
#include "support/http_receiver.hpp"
#include "support/log_text.hpp"

namespace rondo::test {
namespace controller_test {

using namespace std::chrono_literals;

/// What the invoked workers do.
struct greeting {
  rondo::task<std::string> run(std::string who) { co_return "hello " + who; }
};

/// A server, a controller and an endpoint whose requests are answered by workers, all on one loop, in real time.
struct controlled : ::testing::Test {
  controlled() {
    endpoint.on_post = [this](http_receiver::post& got) { on_post(got); };
  }
  ~controlled() override {
    for (auto& each : workers) each.work.stop();
  }

  controller::controlled_target target() {
    controller::controlled_target made;
    made.config.name = "greetings";
    made.config.task_queues = {"greetings"};
    made.config.interval = 10ms;
    made.config.scaler = controller::read_scaler("demand", controller::launch_strategy::invoke, {});
    made.by =
        std::make_shared<controller::http_provider>(client, controller::http_provider_config{.url = endpoint.url()});
    return made;
  }
  void begin_controller(std::vector<controller::controlled_target> targets) {
    controller::controller_options options;
    options.logger = logger(logs);
    running = std::make_unique<controller::controller>(over, std::move(targets), options);
    asio::co_spawn(over.executor(), running->async_run(), [this](std::exception_ptr error) { ended.emplace(error); });
  }
  void begin_controller() {
    std::vector<controller::controlled_target> targets;
    targets.push_back(target());
    begin_controller(std::move(targets));
  }

  /// The endpoint's part: a worker that lives until the test, or the number of greetings, ends it.
  struct invoked {
    rondo::worker work;
    http_receiver::post request;
    bool over = false;
  };
  void on_post(http_receiver::post& got) {
    if (!answers.empty()) {
      const int status = answers.front();
      answers.erase(answers.begin());
      if (status > 0) got.answer(status);
      if (status >= 0) return;
    }
    worker_options options{.task_queue = "greetings"};
    options.logger = logger::silent();
    workers.push_back({rondo::worker(over, registry{}.workflow<greeting>(), options), got});
    auto& made = workers.back();
    asio::co_spawn(over.executor(), made.work.async_run(), [&made](std::exception_ptr) {
      made.over = true;
      made.request.answer(200);
    });
  }
  void end_workers() {
    for (auto& each : workers) each.work.stop();
    loop.run_until(
        [this] { return std::all_of(workers.begin(), workers.end(), [](const auto& each) { return each.over; }); });
  }

  std::string greet(const std::string& who) {
    return over.execute_workflow<greeting>({.task_queue = "greetings"}, who).get();
  }
  controller::target_status status() {
    return over.get_workflow_handle<controller::target_workflow>("rondo-controller:greetings")
        .query<&controller::target_workflow::status>()
        .get();
  }
  template <class Predicate>
  void until_status(Predicate holds) {
    for (int asked = 0; asked < 20'000 && !holds(status()); ++asked) continue;
    ASSERT_TRUE(holds(status())) << json::dump(status());
  }

  detail::io::event_loop loop;
  http_receiver endpoint{loop.context()};
  dev_server server{server::options{}, loop};
  rondo::client over = server.connect();
  detail::curl::http_client client{loop};
  std::shared_ptr<log_text> logs = std::make_shared<log_text>();
  std::vector<int> answers;
  std::list<invoked> workers;
  std::unique_ptr<controller::controller> running;
  std::optional<std::exception_ptr> ended;
};

TEST_F(controlled, nobody_is_invoked_when_there_is_nothing_to_do) {
  begin_controller();
  until_status([](const auto& of) { return of.state.last_poll_ms > 0; });
  EXPECT_TRUE(endpoint.posts.empty());
}

TEST_F(controlled, work_without_a_worker_brings_one) {
  begin_controller();
  EXPECT_EQ(greet("ada"), "hello ada");
  EXPECT_EQ(greet("bob"), "hello bob");
  EXPECT_EQ(endpoint.posts.size(), 1U) << "it is still there for the second";
  end_workers();
  EXPECT_EQ(greet("eve"), "hello eve");
  EXPECT_EQ(endpoint.posts.size(), 2U);
  EXPECT_EQ(endpoint.most_open, 1);
  until_status([](const auto& of) { return of.state.workers.instances.size() == 1; });
}

TEST_F(controlled, what_fails_is_tried_again) {
  answers = {500, 429, 503};
  begin_controller();
  EXPECT_EQ(greet("ada"), "hello ada");
  EXPECT_EQ(endpoint.posts.size(), 4U);
  EXPECT_EQ(endpoint.most_open, 1);
  EXPECT_EQ(status().state.workers.failures, 3);
  EXPECT_NE(status().last_failure.find("503"), std::string::npos);
  end_workers();
  until_status([](const auto& of) { return of.state.workers.failures == 0; });
}

TEST_F(controlled, an_endpoint_that_forgets_is_reminded) {
  answers = {200, 200};
  begin_controller();
  EXPECT_EQ(greet("ada"), "hello ada");
  EXPECT_EQ(endpoint.posts.size(), 3U);
  EXPECT_NE(logs->text().find("brought nobody who polls"), std::string::npos) << logs->text();
}

TEST_F(controlled, an_endpoint_that_hangs_is_given_up) {
  answers = {0};
  auto with = target();
  with.by = std::make_shared<controller::http_provider>(
      client, controller::http_provider_config{.url = endpoint.url(), .timeout = 100ms});
  std::vector<controller::controlled_target> targets;
  targets.push_back(std::move(with));
  begin_controller(std::move(targets));
  over.start_workflow<greeting>({.task_queue = "greetings"}, std::string("ada")).get();
  loop.run_until([this] { return endpoint.posts.size() >= 2; });
  until_status([](const auto& of) { return of.state.workers.failures >= 1; });
}

TEST_F(controlled, an_endpoint_may_come_up_later) {
  const auto port = free_port();
  auto with = target();
  with.by = std::make_shared<controller::http_provider>(
      client, controller::http_provider_config{.url = "http://127.0.0.1:" + std::to_string(port)});
  std::vector<controller::controlled_target> targets;
  targets.push_back(std::move(with));
  begin_controller(std::move(targets));
  auto handle = over.start_workflow<greeting>({.task_queue = "greetings"}, std::string("ada")).get();
  until_status([](const auto& of) { return of.state.workers.failures >= 2; });
  http_receiver late(loop.context(), port);
  late.on_post = [this](http_receiver::post& got) { on_post(got); };
  EXPECT_EQ(handle.result().get(), "hello ada");
}

TEST_F(controlled, a_controller_that_is_replaced_invokes_nobody_twice) {
  begin_controller();
  EXPECT_EQ(greet("ada"), "hello ada");
  const std::string first = running->process();
  // It goes away while its invocation is under way.
  running->stop();
  loop.run_until([this] { return ended.has_value(); });
  running.reset();
  begin_controller();
  until_status([&](const auto& of) { return of.process != first && of.state.workers.instances.empty(); });
  EXPECT_EQ(greet("bob"), "hello bob");
  EXPECT_EQ(endpoint.posts.size(), 1U);
  end_workers();
  EXPECT_EQ(greet("eve"), "hello eve");
  EXPECT_EQ(endpoint.posts.size(), 2U);
}

TEST_F(controlled, stops_in_order) {
  begin_controller();
  EXPECT_EQ(greet("ada"), "hello ada");
  running->stop();
  loop.run_until([this] { return ended.has_value(); });
  EXPECT_EQ(*ended, nullptr);
  EXPECT_NE(logs->text().find("controller stopped"), std::string::npos);
  end_workers();
}

TEST_F(controlled, refuses_targets_that_cannot_be) {
  EXPECT_THROW(begin_controller({}), std::invalid_argument);
  std::vector<controller::controlled_target> same;
  same.push_back(target());
  same.push_back(target());
  EXPECT_THROW(begin_controller(std::move(same)), std::invalid_argument);
  std::vector<controller::controlled_target> unsuited;
  unsuited.push_back(target());
  unsuited.back().config.scaler = controller::read_scaler("rate-based", controller::launch_strategy::set_size, {});
  EXPECT_THROW(begin_controller(std::move(unsuited)), std::invalid_argument);
}

}  // namespace controller_test
}  // namespace rondo::test
