#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "rondo/activity.hpp"
#include "rondo/client.hpp"
#include "rondo/log.hpp"
#include "rondo/registry.hpp"
#include "rondo/rpc_error.hpp"
#include "rondo/worker.hpp"
#include "rondo/workflow.hpp"
#include "support/drive.hpp"
#include "support/fake_server.hpp"

namespace rondo::test::many_workers_test {

using namespace std::chrono_literals;
using completed = service::RespondActivityTaskCompletedRequest;
using goodbye = service::ShutdownWorkerRequest;

std::string where() { return activity::info().task_queue; }
asio::awaitable<int> twice(int value) { co_return 2 * value; }

struct doubling_workflow {
  task<int> run(int value) { co_return 2 * value; }
};

registry app() { return registry().workflow<doubling_workflow>().activity<where>().activity<twice>(); }

worker_options options(std::string queue) {
  worker_options made;
  made.task_queue = std::move(queue);
  made.max_concurrent_workflow_tasks = made.max_workflow_pollers = 2;
  made.max_concurrent_activities = made.max_activity_pollers = 1;
  made.poll_drain_timeout = 1ms;
  made.logger = logger();
  return made;
}

service::PollActivityTaskQueueResponse activity_task(const std::string& type, const std::string& argument = {}) {
  service::PollActivityTaskQueueResponse made;
  made.set_task_token("token");
  made.set_activity_id("1");
  made.mutable_activity_type()->set_name(type);
  made.set_attempt(1);
  if (!argument.empty()) {
    auto& added = *made.mutable_input()->add_payloads();
    (*added.mutable_metadata())["encoding"] = "json/plain";
    added.set_data(argument);
  }
  return made;
}

class workers_on_one_loop : public ::testing::Test {
 protected:
  // The connection outlives the loop, whose calls it carries.
  std::shared_ptr<io::connection> keep;
  std::unique_ptr<detail::io::event_loop> loop = std::make_unique<detail::io::event_loop>();
  fake_server server{*loop};
  client over = client::over(server.connection);
  workers_on_one_loop() { keep = server.connection; }
};

TEST_F(workers_on_one_loop, each_serves_its_own_queue_until_all_are_stopped) {
  worker orders(over, app(), options("orders")), payments(over, app(), options("payments"));
  server.give(queue::activity, activity_task("where"));
  server.give(queue::activity, activity_task("where"));
  std::set<std::string> answers;
  server.answer<completed, service::RespondActivityTaskCompletedResponse>([&](const completed& request, auto&) {
    answers.insert(request.result().payloads(0).data());
    if (answers.size() == 2) {
      orders.stop();
      payments.stop();
    }
    return rpc_status();
  });
  run_workers(orders, payments);
  EXPECT_EQ(answers, (std::set<std::string>{R"("orders")", R"("payments")"}));
  EXPECT_EQ(orders.health().state, worker_state::stopped);
  EXPECT_EQ(payments.health().state, worker_state::stopped);
  ASSERT_EQ(server.count<goodbye>(), 2U);
  const auto told = server.seen<goodbye>();
  EXPECT_NE(told[0].sticky_task_queue(), told[1].sticky_task_queue());
  EXPECT_NE(told[0].worker_instance_key(), told[1].worker_instance_key());
}

TEST_F(workers_on_one_loop, when_one_fails_the_others_stop_too) {
  worker one(over, app(), options("one")), other(over, app(), options("other"));
  server.connection->retries().numbers.fatal_grace = {};
  server.fail<service::PollActivityTaskQueueRequest>(rpc_code::invalid_argument, "refused");
  EXPECT_THROW(run_workers(one, other), rpc_error);
  const std::set<worker_state> states = {one.health().state, other.health().state};
  EXPECT_EQ(states, (std::set<worker_state>{worker_state::stopped, worker_state::failed}));
}

TEST_F(workers_on_one_loop, workers_of_different_loops_do_not_run_together) {
  detail::io::event_loop other_loop;
  fake_server other(other_loop);
  worker here(over, app(), options("here")), there(client::over(other.connection), app(), options("there"));
  EXPECT_THROW(run_workers(here, there), std::invalid_argument);
}

/// A program of its own on a thread: a loop, a server, a client and a worker, which do a number of tasks.
int do_tasks(int count, const registry& shared_app) {
  std::shared_ptr<io::connection> kept;
  detail::io::event_loop loop;
  fake_server server(loop);
  kept = server.connection;
  int sum = 0;
  worker own(client::over(kept), shared_app, options("queue"));
  server.answer<completed, service::RespondActivityTaskCompletedResponse>([&](const completed& request, auto&) {
    sum += std::stoi(request.result().payloads(0).data());
    if (--count == 0) own.stop();
    return rpc_status();
  });
  std::vector<std::unique_ptr<fake_run>> runs;
  server.answer<service::RespondWorkflowTaskCompletedRequest, service::RespondWorkflowTaskCompletedResponse>(
      [&](const auto& request, auto&) {
        const std::string token = request.task_token();
        auto& run = *runs.at(static_cast<std::size_t>(std::stoi(token.substr(0, token.find('/')))));
        if (!run.take(request)) return rpc_status(rpc_code::not_found, "no such workflow task");
        server.give(queue::activity, activity_task("twice", "5"));
        return rpc_status();
      });
  const int all = count;
  for (int index = 0; index < all; ++index) {
    runs.push_back(
        std::make_unique<fake_run>(server, std::to_string(index), history_builder("doubling_workflow", {"2"})));
    runs.back()->offer();
  }
  loop.block_on(own.async_run());
  return sum;
}

TEST(workers_on_several_loops, share_nothing) {
  const registry shared_app = app();
  std::vector<int> sums(4);
  std::vector<std::thread> threads;
  for (auto& sum : sums) threads.emplace_back([&sum, &shared_app] { sum = do_tasks(50, shared_app); });
  for (auto& each : threads) each.join();
  EXPECT_EQ(sums, (std::vector<int>{500, 500, 500, 500}));
}

}  // namespace rondo::test::many_workers_test
