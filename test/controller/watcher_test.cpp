#include "rondo/controller/watcher.hpp"

#include <gtest/gtest.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <chrono>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/io/retry.hpp"
#include "rondo/dev_server.hpp"

namespace rondo::test {
namespace watcher_test {

namespace io = rondo::detail::io;
namespace service = temporal::api::workflowservice::v1;
namespace enums = temporal::api::enums::v1;

struct watching : ::testing::Test {
  controller::target_config unversioned() const {
    controller::target_config made;
    made.name = "t";
    made.task_queues = {"queue"};
    return made;
  }
  controller::target_config versioned(const std::string& build_id) const {
    auto made = unversioned();
    made.task_queues.clear();
    made.version = {"d", build_id};
    return made;
  }
  controller::observation look(const controller::target_config& at) {
    controller::watcher looks(over.connection(), at);
    return over.loop().block_on(looks.look());
  }

  template <class Response, class Request>
  static asio::awaitable<void> send(std::shared_ptr<io::connection> through, std::string_view method, Request request) {
    co_await io::call<Response>(*through, method, request, io::retry_options(io::rpc_class::unary));
  }
  /// A poll that is under way, or that went away again.
  void poll(const std::string& identity, const std::string& build_id, bool stays) {
    service::PollWorkflowTaskQueueRequest request;
    request.set_namespace_("default");
    request.mutable_task_queue()->set_name("queue");
    request.set_identity(identity);
    if (!build_id.empty()) {
      auto& options = *request.mutable_deployment_options();
      options.set_deployment_name("d");
      options.set_build_id(build_id);
      options.set_worker_versioning_mode(enums::WORKER_VERSIONING_MODE_VERSIONED);
    }
    const auto before = server.service().frontend().under_way();
    polling = true;
    asio::co_spawn(over.executor(),
                   send<service::PollWorkflowTaskQueueResponse>(over.connection(), "PollWorkflowTaskQueue", request),
                   asio::bind_cancellation_slot(signal.slot(), [this](std::exception_ptr) { polling = false; }));
    over.loop().run_until([&] { return server.service().frontend().under_way() > before; });
    if (!stays) end_poll();
  }
  void end_poll() {
    signal.emit(asio::cancellation_type::terminal);
    over.loop().run_until([this] { return !polling; });
  }
  void start(const std::string& id) { over.start_workflow("any", {.id = id, .task_queue = "queue"}).get(); }
  void set_current(const std::string& build_id) {
    service::SetWorkerDeploymentCurrentVersionRequest request;
    request.set_namespace_("default");
    request.set_deployment_name("d");
    request.set_build_id(build_id);
    over.loop().block_on(send<service::SetWorkerDeploymentCurrentVersionResponse>(
        over.connection(), "SetWorkerDeploymentCurrentVersion", request));
  }
  static std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }

  bool polling = false;
  dev_server server;
  rondo::client over = server.connect();
  asio::cancellation_signal signal;
};

TEST_F(watching, sees_what_waits_and_who_polls) {
  const auto nothing = look(unversioned());
  EXPECT_EQ(nothing.backlog(), 0);
  EXPECT_TRUE(nothing.registered);
  EXPECT_TRUE(nothing.polls.empty());
  start("a");
  start("b");
  const auto waiting = look(unversioned());
  EXPECT_EQ(waiting.backlog(), 2);
  EXPECT_EQ(waiting.rates.of(0)->backlog, 2);
  EXPECT_EQ(waiting.rates.of(1)->backlog, 0);
  EXPECT_FALSE(waiting.rates.of(2)) << "Nexus tasks were not looked for";
  EXPECT_GT(waiting.rates.total().arrival, 0);
  EXPECT_FALSE(waiting.rate_limited);
}

TEST_F(watching, dates_polls_by_the_servers_clock) {
  const auto before = now_ms();
  poll("someone", "", /*stays=*/true);
  const auto seen = look(unversioned());
  ASSERT_EQ(seen.polls.size(), 1U);
  EXPECT_GE(seen.polls[0], before - 1);
  EXPECT_LE(seen.polls[0], now_ms() + 1);
  EXPECT_EQ(seen.pollers_since(before - 1), 1);
}

TEST_F(watching, sees_the_queues_of_a_version_and_its_workers_alone) {
  EXPECT_FALSE(look(versioned("1")).registered);
  poll("worker-1", "1", /*stays=*/false);
  const auto known = look(versioned("1"));
  EXPECT_TRUE(known.registered);
  EXPECT_EQ(known.backlog(), 0);
  EXPECT_EQ(known.polls.size(), 1U);
  set_current("1");
  start("a");
  EXPECT_EQ(look(versioned("1")).backlog(), 1);
  EXPECT_FALSE(look(versioned("2")).registered);
  poll("worker-2", "2", /*stays=*/false);
  const auto other = look(versioned("2"));
  EXPECT_TRUE(other.registered);
  EXPECT_EQ(other.backlog(), 0);
  EXPECT_EQ(other.polls.size(), 1U) << "the worker of the other version polls the same queue";
  EXPECT_TRUE(look(unversioned()).polls.empty()) << "neither is a worker without a version";
}

TEST_F(watching, gives_the_statistics_to_be_compared) {
  start("a");
  const auto at = unversioned();
  controller::watcher looks(over.connection(), at);
  over.loop().block_on(looks.look());
  const auto first = looks.statistics_seen();
  EXPECT_FALSE(first.empty());
  start("b");
  over.loop().block_on(looks.look());
  EXPECT_NE(looks.statistics_seen(), first);
  EXPECT_LE(looks.statistics_seen().size(), 2 * first.size()) << "of one look alone";
}

TEST(statistics_memory, knows_since_when_they_are_the_same) {
  controller::statistics_memory memory;
  EXPECT_EQ(memory.unchanged_since("a", 1'000), 0);
  EXPECT_EQ(memory.unchanged_since("a", 2'000), 1'000);
  EXPECT_EQ(memory.unchanged_since("a", 3'000), 1'000);
  EXPECT_EQ(memory.unchanged_since("b", 4'000), 0);
  EXPECT_EQ(memory.unchanged_since("a", 5'000), 0);
}

TEST_F(watching, says_what_it_cannot_look_at) {
  auto nowhere = unversioned();
  nowhere.namespace_ = "nowhere";
  try {
    static_cast<void>(look(nowhere));
    FAIL();
  } catch (const rpc_error& failed) {
    EXPECT_NE(std::string(failed.what()).find("cannot look at target 't'"), std::string::npos) << failed.what();
  }
  nowhere.version = {"d", "1"};
  EXPECT_THROW(static_cast<void>(look(nowhere)), rpc_error);
}

}  // namespace watcher_test
}  // namespace rondo::test
