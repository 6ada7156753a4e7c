#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "host/worker_fixture.hpp"
#include "rondo/detail/worker/session.hpp"

namespace eager_start_test {

using namespace std::chrono_literals;
using namespace rondo::test;
using rondo::rpc_code;
using rondo::rpc_status;

rondo::task<int> doubled(int number) { co_return 2 * number; }

class eager_start : public worker_test {
 protected:
  using request = service::StartWorkflowExecutionRequest;
  using response = service::StartWorkflowExecutionResponse;

  eager_start() {
    server.answer<service::GetSystemInfoRequest, service::GetSystemInfoResponse>([](const auto&, auto& answer) {
      answer.mutable_capabilities()->set_sdk_metadata(true);
      answer.mutable_capabilities()->set_eager_workflow_start(true);
      return rpc_status();
    });
    server.answer<request, response>([this](const request& asked, response& answer) {
      answer.set_run_id("run-1");
      answer.set_started(true);
      if (accepts && asked.request_eager_execution()) {
        auto& run = add_run("run-1", history_builder("doubled", {"4"}));
        *answer.mutable_eager_workflow_task() = run.open(1);
      }
      return refusal;
    });
  }

  /// `spare`: slots that no poll holds.
  static rondo::worker_options with_spare(std::size_t spare) {
    auto made = options();
    made.max_concurrent_workflow_tasks += spare;
    return made;
  }
  static rondo::registry app() { return rondo::registry().workflow<doubled>(); }

  /// Starts a workflow of the queue, and does not wait.
  void start_workflow(std::string queue = "queue") {
    start_ended = false;
    asio::co_spawn(loop->executor(), begin(through, std::move(queue)), [this](std::exception_ptr thrown) {
      start_error = std::move(thrown);
      start_ended = true;
    });
  }
  bool wait_start() {
    return until([this] { return start_ended; });
  }
  request last_start() const { return server.seen<request>().back(); }
  std::size_t slots_held() const { return worker->session().workflow_slots().held(); }

  /// What starts go over.
  std::shared_ptr<io::connection> through = server.connection;
  bool accepts = true;
  rpc_status refusal;
  bool start_ended = true;
  std::exception_ptr start_error;

 private:
  static asio::awaitable<void> begin(std::shared_ptr<io::connection> over, std::string queue) {
    const rondo::start_workflow_options how{.id = "w", .task_queue = queue, .eager_start = true};
    co_await rondo::client::over(over).start_workflow<doubled>(how, 4);
  }
};

TEST_F(eager_start, lets_the_worker_of_the_client_have_the_first_task) {
  start(app(), with_spare(1));
  start_workflow();
  ASSERT_TRUE(wait_start());
  EXPECT_FALSE(start_error);
  EXPECT_TRUE(last_start().request_eager_execution());
  ASSERT_TRUE(until([this] { return completions() == 1 && idle(); }));
  const auto done = last_completion();
  const auto& result = done.commands(0).complete_workflow_execution_command_attributes().result();
  ASSERT_EQ(result.payloads_size(), 1);
  EXPECT_EQ(result.payloads(0).data(), "8");
  EXPECT_EQ(slots_held(), 2U) << "those of the polls";
}

TEST_F(eager_start, names_the_build_of_the_worker) {
  auto how = with_spare(1);
  how.deployment.version = {"orders", "v2"};
  how.deployment.use_versioning = true;
  how.deployment.default_behavior = rondo::versioning_behavior::pinned;
  start(app(), how);
  start_workflow();
  ASSERT_TRUE(wait_start());
  const auto seen = last_start();
  const auto& told = seen.eager_worker_deployment_options();
  EXPECT_EQ(told.deployment_name() + "/" + told.build_id(), "orders/v2");
  EXPECT_EQ(told.worker_versioning_mode(), temporal::api::enums::v1::WORKER_VERSIONING_MODE_VERSIONED);
}

TEST_F(eager_start, is_not_asked_for_without_a_worker_that_has_room) {
  start_workflow();
  ASSERT_TRUE(wait_start());
  EXPECT_FALSE(last_start().request_eager_execution()) << "no worker";
  start(app(), with_spare(0));
  start_workflow();
  ASSERT_TRUE(wait_start());
  EXPECT_FALSE(last_start().request_eager_execution()) << "no slot";
  stop();
  start(app(), with_spare(1));
  start_workflow("another queue");
  ASSERT_TRUE(wait_start());
  EXPECT_FALSE(last_start().request_eager_execution()) << "another queue";
  stop();
  start_workflow();
  ASSERT_TRUE(wait_start());
  EXPECT_FALSE(last_start().request_eager_execution()) << "a worker that was stopped";
}

TEST_F(eager_start, is_not_asked_for_at_a_server_that_cannot) {
  server.answer<service::GetSystemInfoRequest, service::GetSystemInfoResponse>([](const auto&, auto& answer) {
    answer.mutable_capabilities()->set_sdk_metadata(true);
    return rpc_status();
  });
  start(app(), with_spare(1));
  start_workflow();
  ASSERT_TRUE(wait_start());
  EXPECT_FALSE(last_start().request_eager_execution());
}

TEST_F(eager_start, is_for_clients_of_the_connection_that_the_worker_has_now) {
  fake_server other(*loop);
  other.answer<service::GetSystemInfoRequest, service::GetSystemInfoResponse>([](const auto&, auto& answer) {
    answer.mutable_capabilities()->set_eager_workflow_start(true);
    return rpc_status();
  });
  bool loaded = false;
  asio::co_spawn(loop->executor(), other.connection->load_capabilities(),
                 [&](const std::exception_ptr&) { loaded = true; });
  ASSERT_TRUE(until([&] { return loaded; }));
  start(app(), with_spare(1));
  worker->replace_client(rondo::client::over(other.connection));
  settle();
  start_workflow();
  ASSERT_TRUE(wait_start());
  EXPECT_FALSE(last_start().request_eager_execution()) << "the worker has left it";
  through = other.connection;
  start_workflow();
  ASSERT_TRUE(wait_start());
  EXPECT_TRUE(other.seen<request>().back().request_eager_execution());
  server.end_polls();
  stop();
  worker.reset();
}

TEST_F(eager_start, gives_the_slot_back_when_no_task_comes) {
  accepts = false;
  start(app(), with_spare(1));
  server.hang<request>();
  start_workflow();
  ASSERT_TRUE(until_seen<request>());
  EXPECT_EQ(slots_held(), 3U);
  server.release<request>();
  ASSERT_TRUE(wait_start());
  EXPECT_FALSE(start_error);
  EXPECT_EQ(slots_held(), 2U);
  refusal = rpc_status(rpc_code::invalid_argument, "no");
  start_workflow();
  ASSERT_TRUE(wait_start());
  EXPECT_TRUE(start_error);
  EXPECT_EQ(slots_held(), 2U);
}

TEST_F(eager_start, does_not_lose_the_task_of_a_worker_that_stops_meanwhile) {
  auto how = with_spare(1);
  how.poll_drain_timeout = 1h;
  start(app(), how);
  server.hang<request>();
  start_workflow();
  ASSERT_TRUE(until_seen<request>());
  worker->stop();
  settle();
  server.end_polls();
  settle();
  EXPECT_FALSE(ended) << "it waits for the answer to the start";
  server.release<request>();
  ASSERT_TRUE(until([this] { return ended; }));
  EXPECT_EQ(completions(), 1U);
  EXPECT_TRUE(wait_start());
}

TEST_F(eager_start, leaves_the_task_to_others_when_the_worker_could_not_wait) {
  auto how = with_spare(1);
  how.poll_drain_timeout = 0ms;
  start(app(), how);
  server.hang<request>();
  start_workflow();
  ASSERT_TRUE(until_seen<request>());
  stop();
  worker.reset();
  server.release<request>();
  ASSERT_TRUE(wait_start());
  EXPECT_FALSE(start_error);
  settle();
  EXPECT_EQ(completions(), 0U) << "no code of the workflow runs when the worker has ended";
  EXPECT_TRUE(log->contains("left to others"));
}

// ---- the workers of a connection

struct bare_room final : io::eager_room {
  void describe(service::StartWorkflowExecutionRequest& /*request*/) const override {}
  void begin(service::PollWorkflowTaskQueueResponse /*task*/, io::time_point /*arrived*/) override {}
};
struct bare_host final : io::eager_host {
  std::unique_ptr<io::eager_room> reserve_eager(std::string_view /*name*/, std::string_view /*queue*/) override {
    if (!has_room) return nullptr;
    ++given;
    return std::make_unique<bare_room>();
  }
  bool has_room = true;
  int given = 0;
};

TEST(eager_hosts, are_asked_in_turn_and_passed_over_without_room) {
  io::eager_hosts all;
  EXPECT_EQ(all.reserve("shop", "queue"), nullptr);
  const auto first = std::make_shared<bare_host>(), second = std::make_shared<bare_host>();
  auto gone = std::make_shared<bare_host>();
  all.add(first);
  all.add(gone);
  all.add(second);
  gone.reset();
  for (int i = 0; i < 4; ++i) EXPECT_NE(all.reserve("shop", "queue"), nullptr);
  EXPECT_EQ(first->given, 2);
  EXPECT_EQ(second->given, 2);
  first->has_room = false;
  for (int i = 0; i < 3; ++i) EXPECT_NE(all.reserve("shop", "queue"), nullptr);
  EXPECT_EQ(second->given, 5);
  all.remove(*second);
  EXPECT_EQ(all.reserve("shop", "queue"), nullptr);
  first->has_room = true;
  EXPECT_NE(all.reserve("shop", "queue"), nullptr);
}

}  // namespace eager_start_test
