#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include "fixture.hpp"
#include "support/program.hpp"

namespace rondo::test {
namespace crash_test {

using namespace std::chrono_literals;

/// This program as a worker: see crash_worker below.
struct worker_process : running_program {
  worker_process(const std::string& queue, const std::string& address)
      : running_program(
            {"/proc/self/exe", "--gtest_filter=crash_worker.*"},
            {.environment = {"RONDO_CRASH_QUEUE=" + queue, "RONDO_TEST_ADDRESS=" + address}, .show_errors = true}) {}
};

/// Not a test by itself: runs a worker until the process is killed, when another test starts it for that.
TEST(crash_worker, works_until_it_is_killed) {
  const char* queue = std::getenv("RONDO_CRASH_QUEUE");
  if (queue == nullptr) return;
  worker_options options;
  options.task_queue = queue;
  options.sticky_schedule_to_start_timeout = 1s;
  rondo::worker(connect_to(server_address()), recorded_app(), options).run();
}

using crashes = server_test;

TEST_F(crashes, of_the_worker_lose_nothing) {
  worker_process first(queue, server_address());
  const auto handle = client.start_workflow<recorded::inbox>(start(), 3).get();
  handle.signal<&recorded::inbox::write>(std::string("one")).get();
  ASSERT_TRUE(eventually([&] { return handle.describe().get().history_length >= 4; }));
  handle.signal<&recorded::inbox::write_later>(std::string("two")).get();
  first.kill();
  handle.signal<&recorded::inbox::write>(std::string("three")).get();
  const worker_process second(queue, server_address());
  const auto lines = handle.result().get();
  EXPECT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines.front(), "one");
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "three"), 1);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "hello two"), 1);
}

TEST_F(crashes, of_the_worker_at_any_moment_give_the_same_result) {
  const auto handle = client.start_workflow<recorded::steps>({.task_queue = queue, .task_timeout = 1s}, 12).get();
  bool done = false;
  for (int round = 0; round < 4 && !done; ++round) {
    const worker_process worker(queue, server_address());
    const auto before = handle.describe().get().history_length;
    eventually([&] {
      const auto now = handle.describe().get();
      done = now.status != workflow_status::running;
      return done || now.history_length > before + 3;
    });
  }
  const worker_process last(queue, server_address());
  EXPECT_EQ(handle.result().get(), 67);
}

unsigned short free_port() {
  asio::io_context context;
  const asio::ip::tcp::acceptor any(context, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  return any.local_endpoint().port();
}

TEST(server_crash, is_survived_by_worker_and_client) {
  const char* program = std::getenv("RONDO_TEMPORAL");
  ASSERT_NE(program, nullptr) << "RONDO_TEMPORAL must name the program of the Temporal server";
  const auto folder = std::filesystem::temp_directory_path() / ("rondo-crash-" + detail::random_uuid());
  std::filesystem::create_directories(folder);
  const std::string port = std::to_string(free_port());
  const std::string address = "127.0.0.1:" + port;
  const words command = {program,       "server",    "start-dev",     "--headless",
                         "--ip",        "127.0.0.1", "--port",        port,
                         "--log-level", "never",     "--db-filename", (folder / "temporal.db").string()};
  const program_setup shown{.show_errors = true};
  auto server = std::make_unique<running_program>(command, shown);
  client_options options;
  options.target = address;
  options.lazy = true;
  const auto client = rondo::client::connect(options);
  const auto ready = [&] {
    try {
      client.count_workflows().get();
      return true;
    } catch (const rpc_error&) {
      return false;
    }
  };
  ASSERT_TRUE(eventually(ready, 60s));
  {
    worker_options work;
    work.task_queue = "crash";
    const running_worker worker(recorded_app(), work, address);
    const auto handle = client.start_workflow<recorded::inbox>({.task_queue = "crash"}, 2).get();
    handle.signal<&recorded::inbox::write>(std::string("before")).get();
    ASSERT_TRUE(eventually([&] { return handle.query<&recorded::inbox::count>().get() == 1; }));
    server->kill();
    server = std::make_unique<running_program>(command, shown);
    ASSERT_TRUE(eventually(ready, 60s));
    handle.signal<&recorded::inbox::write>(std::string("after")).get();
    EXPECT_EQ(handle.result().get(), (std::vector<std::string>{"before", "after", "timeout"}));
  }
  server.reset();
  std::filesystem::remove_all(folder);
}

}  // namespace crash_test
}  // namespace rondo::test
