#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/base/uuid.hpp"
#include "rondo/json.hpp"
#include "support/program.hpp"

// `rondo server start-dev` as a program.
namespace rondo::test {
namespace {

struct listening {
  std::string address{};
  std::vector<std::string> namespaces{};
};

/// A development server with these flags on a free port.
class started_server {
 public:
  explicit started_server(words flags = {}) : program_(command(std::move(flags))) {
    told_ = json::parse<listening>(program_.first_line());
  }

  const listening& told() const { return told_; }
  running_program& program() { return program_; }
  /// The end of a command that talks to it.
  program_end rondo(words arguments) const {
    arguments.insert(arguments.end(), {"--address", told_.address});
    return run_program(rondo_command(std::move(arguments)));
  }

 private:
  static words command(words flags) {
    flags.insert(flags.begin(), {"server", "start-dev", "--port", "0", "-o", "json"});
    return rondo_command(std::move(flags));
  }

  running_program program_;
  listening told_;
};

TEST(start_dev, says_where_it_listens_serves_and_ends_cleanly) {
  started_server server({"-n", "orders", "--search-attribute", "Customer=Keyword"});
  EXPECT_EQ(server.told().address.rfind("127.0.0.1:", 0), 0U);
  EXPECT_EQ(server.told().namespaces, (std::vector<std::string>{"default", "orders"}));
  const auto started = server.rondo({"workflow", "start", "-n", "orders", "-w", "w", "--type", "T", "-t", "q",
                                     "--search-attribute", "Customer=\"ada\""});
  EXPECT_EQ(started.code, 0) << started.err;
  const auto listed = server.rondo({"workflow", "list", "-n", "orders", "-q", "Customer = 'ada'"});
  EXPECT_NE(listed.out.find("Running  w "), std::string::npos) << listed.out << listed.err;
  server.program().send(SIGTERM);
  const auto end = server.program().wait();
  EXPECT_EQ(end.code, 0);
  EXPECT_EQ(end.err, "");
  EXPECT_EQ(std::count(end.out.begin(), end.out.end(), '\n'), 1);
}

TEST(start_dev, ends_at_an_interrupt_while_a_poll_waits) {
  started_server server;
  const auto started = server.rondo({"workflow", "start", "-w", "w", "--type", "T", "-t", "q"});
  ASSERT_EQ(started.code, 0) << started.err;
  running_program waiting(rondo_command({"workflow", "result", "-w", "w", "--address", server.told().address}));
  server.program().send(SIGINT);
  EXPECT_EQ(server.program().wait().code, 0);
  waiting.send(SIGKILL);
}

TEST(start_dev, takes_the_flags_that_mean_nothing_here) {
  started_server server({"--headless",
                         "--ui-port",
                         "0",
                         "--ui-ip",
                         "127.0.0.1",
                         "--http-port",
                         "0",
                         "--metrics-port",
                         "0",
                         "--dynamic-config-value",
                         "frontend.x=true",
                         "--dynamic-config-value",
                         "y=[1,2]",
                         "--sqlite-pragma",
                         "journal_mode=WAL",
                         "--log-format",
                         "pretty",
                         "--log-level",
                         "debug",
                         "--ip",
                         "localhost"});
  server.program().send(SIGTERM);
  const auto end = server.program().wait();
  EXPECT_EQ(end.code, 0);
  EXPECT_NE(end.err.find("flag=--ui-port"), std::string::npos) << end.err;
  EXPECT_NE(end.err.find("flag=--dynamic-config-value"), std::string::npos) << end.err;
}

TEST(start_dev, keeps_workflows_in_a_file) {
  const std::string path = testing::TempDir() + "rondo-" + detail::random_uuid() + ".db";
  {
    started_server server({"--db-filename", path});
    ASSERT_EQ(server.rondo({"workflow", "start", "-w", "kept", "--type", "T", "-t", "q"}).code, 0);
    server.program().send(SIGKILL);
  }
  started_server again({"-f", path});
  const auto found = again.rondo({"workflow", "describe", "-w", "kept"});
  EXPECT_EQ(found.code, 0) << found.err;
  for (const char* suffix : {"", "-wal", "-shm"}) unlink((path + suffix).c_str());
}

TEST(start_dev, with_a_port_alone_is_a_test_server) {
  running_program server(rondo_command({"0", "--enable-time-skipping", "-o", "json"}));
  // Nothing else goes on, so the start delay is over at once.
  const words flags{"--address", json::parse<listening>(server.first_line()).address};
  words start{"workflow", "start", "-w", "w", "--type", "T", "-t", "q", "--start-delay", "24h"};
  words describe{"workflow", "describe", "-w", "w"};
  start.insert(start.end(), flags.begin(), flags.end());
  describe.insert(describe.end(), flags.begin(), flags.end());
  EXPECT_EQ(run_program(rondo_command(std::move(start))).code, 0);
  EXPECT_NE(run_program(rondo_command(std::move(describe))).out.find("Pending Workflow Task"), std::string::npos);
  server.send(SIGTERM);
  EXPECT_EQ(server.wait().code, 0);
}

TEST(start_dev, what_it_cannot_do_is_one_line) {
  started_server server;
  const std::string port = server.told().address.substr(server.told().address.find(':') + 1);
  const auto line_of = [](words flags) {
    flags.insert(flags.begin(), {"server", "start-dev"});
    const auto end = run_program(rondo_command(std::move(flags)));
    EXPECT_EQ(end.code, 1);
    EXPECT_EQ(std::count(end.err.begin(), end.err.end(), '\n'), 1) << end.err;
    EXPECT_EQ(end.err.rfind("error: ", 0), 0U) << end.err;
    return end.err;
  };
  EXPECT_NE(line_of({"--port", port}).find("in use"), std::string::npos);
  EXPECT_NE(line_of({"--port", "0", "--db-filename", "/no/such/folder/x.db"}).find("/no/such/folder/x.db"),
            std::string::npos);
  EXPECT_NE(line_of({"--port", "x"}).find("see 'rondo server start-dev --help'"), std::string::npos);
  EXPECT_NE(line_of({"--search-attribute", "A=B"}).find("--search-attribute"), std::string::npos);
  EXPECT_NE(line_of({"--unknown"}).find("--unknown"), std::string::npos);
}

}  // namespace
}  // namespace rondo::test
