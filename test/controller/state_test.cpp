#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "controller/fake_process.hpp"
#include "rondo/controller/state_workflow.hpp"
#include "rondo/controller/target.hpp"
#include "rondo/dev_server.hpp"
#include "rondo/worker.hpp"

namespace rondo::test {
namespace state_test {

using namespace std::chrono_literals;
using controller::failure_class;
using controller::provider_outcome;
using controller::target_workflow;

/// A target's workflow on a server whose clock stands still unless the test moves it.
struct target_state : ::testing::Test {
  static server::options virtual_time() {
    server::options made;
    made.time_skipping = true;
    made.start_time = 1'577'836'800LL * server::second;
    made.seed = 1;
    return made;
  }
  target_state() { server.service().clock().lock_skipping(); }

  void begin_process() {
    registry app;
    controller::target_activities& activities = process;
    app.workflow<target_workflow>();
    app.activity<&controller::target_activities::watch>(activities);
    app.activity<&controller::target_activities::begin>(activities);
    app.activity<&controller::target_activities::resize>(activities);
    worker_options options{.task_queue = "controller"};
    options.logger = logger::silent();
    options.deadlock_timeout = duration::zero();
    worker.emplace(client, std::move(app), options);
    asio::co_spawn(client.executor(), worker->async_run(), [](std::exception_ptr) {});
  }
  /// Starts the workflow as a controller does.
  void begin(const controller::scaler_config& by = {}) {
    const controller::target_start with{"orders", by, std::nullopt, std::nullopt, 0, process.name};
    const controller::process_started who{process.name, by};
    client
        .signal_with_start<target_workflow, &target_workflow::started>(
            {.id = "rondo-controller:orders", .task_queue = "controller"}, std::tuple(who), with)
        .get();
  }
  workflow_handle<target_workflow> handle() const {
    return client.get_workflow_handle<target_workflow>("rondo-controller:orders");
  }
  controller::target_status status() { return handle().query<&target_workflow::status>().get(); }

  template <class Predicate>
  void until(Predicate holds) {
    client.loop().run_until(holds);
  }
  /// Asks again and again, which drives the loop.
  void until_failures(int wanted) {
    for (int asked = 0; asked < 10'000 && status().state.workers.failures != wanted; ++asked) continue;
    ASSERT_EQ(status().state.workers.failures, wanted);
  }
  void until_it_looks() {
    until([this] { return process.looking(); });
  }
  /// Shows it and waits for the next look.
  void show(const controller::observation& what) {
    until_it_looks();
    const auto before = process.requests.size();
    process.show(what);
    until([&] { return process.requests.size() > before && process.looking(); });
  }
  void end(const std::string& id, provider_outcome outcome = {}) {
    std::erase(process.under_way, id);
    const controller::invocation_ended what{id, std::move(outcome)};
    handle().signal<&target_workflow::ended>(what).get();
  }
  void pass(std::chrono::milliseconds time) {
    auto& clock = server.service().clock();
    clock.skip_to(clock.now() + std::chrono::nanoseconds(time).count());
  }
  std::int64_t now_ms() { return server.service().clock().now() / 1'000'000; }

  static controller::observation waiting(double backlog, std::vector<std::int64_t> polls = {}) {
    controller::observation made;
    made.rates.kinds[0] = controller::task_rates{backlog, 0, 0};
    made.polls = std::move(polls);
    return made;
  }

  dev_server server{virtual_time()};
  rondo::client client = server.connect();
  fake_process process{client.loop()};
  std::optional<rondo::worker> worker;
};

TEST_F(target_state, one_invocation_for_one_reason) {
  begin_process();
  begin();
  show(waiting(3));
  ASSERT_EQ(process.begun.size(), 1U);
  EXPECT_EQ(process.begun[0].target, "orders");
  EXPECT_EQ(process.begun[0].backlog, 3);
  show(waiting(3));
  show(waiting(100));
  EXPECT_EQ(process.begun.size(), 1U);
  show(waiting(101));
  ASSERT_EQ(process.begun.size(), 2U);
  EXPECT_NE(process.begun[0].id, process.begun[1].id);
  EXPECT_EQ(status().invocations, 2);
  EXPECT_EQ(status().state.workers.instances.size(), 2U);
}

TEST_F(target_state, an_end_is_looked_at_at_once_and_leads_to_the_next) {
  begin_process();
  begin();
  show(waiting(3));
  const auto looks = process.requests.size();
  pass(5s);
  end(process.begun.at(0).id);
  until([&] { return process.requests.size() > looks && process.looking(); });
  EXPECT_EQ(process.requests.back().state.workers.instances.size(), 0U);
  EXPECT_FALSE(process.requests.back().rest);
  show(waiting(2, {now_ms() - 10}));
  EXPECT_EQ(process.begun.size(), 2U);
  end(process.begun.at(1).id);
  end(process.begun.at(1).id);
  until([&] { return process.requests.size() > looks + 2; });
  show(waiting(0));
  EXPECT_EQ(process.begun.size(), 2U);
}

TEST_F(target_state, a_failure_is_followed_by_a_pause_and_another_try) {
  begin_process();
  begin();
  show(waiting(1));
  auto refused = provider_outcome::failed(failure_class::throttled, "status 429");
  refused.retry_after_ms = 3'000;
  const auto looks = process.requests.size();
  end(process.begun.at(0).id, refused);
  EXPECT_EQ(status().last_failure, "throttled: status 429");
  EXPECT_EQ(status().state.workers.failures, 1);
  until([&] { return server.service().clock().has_next(); });
  pass(2'999ms);
  EXPECT_EQ(status().state.workers.instances.size(), 0U);
  EXPECT_EQ(process.requests.size(), looks) << "it does not even look";
  pass(1ms);
  until([&] { return process.requests.size() > looks; });
  show(waiting(1));
  EXPECT_EQ(process.begun.size(), 2U);
  end(process.begun.at(1).id);
  EXPECT_EQ(status().state.workers.failures, 0);
}

TEST_F(target_state, an_invocation_that_does_not_begin_is_tried_again) {
  begin_process();
  begin();
  process.refuses_to_begin = true;
  until_it_looks();
  const auto looks = process.requests.size();
  process.show(waiting(1));
  until_failures(1);
  EXPECT_NE(status().last_failure.find("not configured"), std::string::npos) << status().last_failure;
  process.refuses_to_begin = false;
  until([&] { return server.service().clock().has_next(); });
  pass(121ms);
  until([&] { return process.requests.size() > looks; });
  show(waiting(1));
  EXPECT_EQ(process.begun.size(), 1U);
  EXPECT_EQ(status().state.workers.instances.size(), 1U);
}

TEST_F(target_state, a_new_process_goes_on_where_the_old_one_died) {
  begin_process();
  begin();
  show(waiting(3));
  ASSERT_EQ(process.begun.size(), 1U);
  // The old process is gone with its invocations; the look that it had begun is answered by nobody.
  process.name = "process-2";
  process.under_way.clear();
  const auto looks = process.requests.size();
  begin();
  until([&] { return process.requests.size() > looks && process.looking(); });
  EXPECT_EQ(status().state.workers.instances.size(), 0U);
  show(waiting(3, {now_ms() + 1}));
  EXPECT_EQ(process.begun.size(), 1U) << "the worker that it had invoked still polls";
  pass(10s);
  show(waiting(3));
  EXPECT_EQ(process.begun.size(), 2U) << "and now it does not";
  EXPECT_EQ(status().invocations, 2);
}

TEST_F(target_state, what_its_process_does_not_know_any_more_is_lost) {
  begin_process();
  begin();
  show(waiting(3));
  process.under_way.clear();
  show(waiting(3));
  ASSERT_EQ(process.begun.size(), 2U);
  EXPECT_EQ(status().state.workers.instances.size(), 1U);
}

TEST_F(target_state, an_accepted_invocation_has_its_time_to_come) {
  begin_process();
  begin();
  show(waiting(3));
  const auto looks = process.requests.size();
  end(process.begun.at(0).id, provider_outcome::accepted());
  until([&] { return process.requests.size() > looks; });
  show(waiting(3));
  EXPECT_EQ(process.begun.size(), 1U);
  pass(10s);
  show(waiting(2, {now_ms()}));
  EXPECT_EQ(process.begun.size(), 1U);
  pass(5s);
  show(waiting(2, {now_ms() - 5'000}));
  EXPECT_EQ(process.begun.size(), 2U);
}

TEST_F(target_state, sizes_are_set_once_and_again_after_failures) {
  begin_process();
  auto by = controller::read_scaler("demand", controller::launch_strategy::set_size,
                                    {{"tasks_per_instance", std::int64_t(10)}});
  begin(by);
  show(waiting(0));
  show(waiting(15));
  show(waiting(15));
  EXPECT_EQ(process.sizes, (std::vector<int>{0, 2}));
  process.resize_outcome = provider_outcome::failed(failure_class::unavailable, "status 503");
  until_it_looks();
  const auto looks = process.requests.size();
  process.show(waiting(45));
  until_failures(1);
  EXPECT_EQ(status().last_failure, "unavailable: status 503");
  EXPECT_EQ(status().size, 2);
  process.resize_outcome = {};
  until([&] { return server.service().clock().has_next(); });
  pass(121ms);
  until([&] { return process.requests.size() > looks; });
  show(waiting(45));
  EXPECT_EQ(process.sizes, (std::vector<int>{0, 2, 5, 5}));
  EXPECT_EQ(status().size, 5);
  // A new process makes sure of it.
  const auto before = process.requests.size();
  begin(by);
  until([&] { return process.requests.size() > before; });
  show(waiting(45));
  EXPECT_EQ(process.sizes.size(), 5U);
}

TEST_F(target_state, goes_on_as_new_with_all_that_it_knows) {
  begin_process();
  begin();
  show(waiting(3));
  const std::string run = handle().describe().get().run_id;
  for (int each = 0; each < 1'500 && handle().describe().get().run_id == run; ++each) show(waiting(3));
  ASSERT_NE(handle().describe().get().run_id, run) << "the history has become long";
  until_it_looks();
  EXPECT_EQ(process.begun.size(), 1U);
  EXPECT_EQ(status().state.workers.instances.size(), 1U);
  EXPECT_EQ(status().invocations, 1);
  const auto looks = process.requests.size();
  end(process.begun[0].id);
  until([&] { return process.requests.size() > looks; });
  show(waiting(2));
  ASSERT_EQ(process.begun.size(), 2U);
  EXPECT_NE(process.begun[0].id, process.begun[1].id);
}

TEST_F(target_state, ends_when_its_target_is_no_more) {
  begin_process();
  begin();
  until_it_looks();
  handle().signal<&target_workflow::retire>().get();
  handle().result().get();
}

}  // namespace state_test
}  // namespace rondo::test
