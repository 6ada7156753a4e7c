#include <gtest/gtest.h>
#include <signal.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "rondo/connection_options.hpp"
#include "rondo/detail/io/grpc_transport.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/json.hpp"
#include "rondo/rpc_error.hpp"
#include "support/program.hpp"
#include "support/scratch.hpp"

// `rondo server start-dev` as a program.
namespace rondo::test {
namespace start_dev_test {

namespace io = rondo::detail::io;
namespace service = temporal::api::workflowservice::v1;

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
  const scratch dir;
  {
    started_server server({"--db-filename", dir.file()});
    ASSERT_EQ(server.rondo({"workflow", "start", "-w", "kept", "--type", "T", "-t", "q"}).code, 0);
    server.program().send(SIGKILL);
  }
  started_server again({"-f", dir.file()});
  const auto found = again.rondo({"workflow", "describe", "-w", "kept"});
  EXPECT_EQ(found.code, 0) << found.err;
}

/// Calls of a server without retries, so that its own errors show.
class plain_client {
 public:
  explicit plain_client(std::string address) : options_{.target = std::move(address)}, transport_(loop_, options_) {}

  /// Starts workflows with large inputs, several at a time, until each of them was refused once.
  void start_many() {
    constexpr int lanes = 8;
    int active = lanes;
    for (int lane = 0; lane < lanes; ++lane) {
      asio::co_spawn(loop_.executor(), start_until_refused(std::to_string(lane)),
                     [&active](const std::exception_ptr&) { --active; });
    }
    loop_.run_until([&active] { return active == 0; });
  }
  rpc_status start(const std::string& id) { return loop_.block_on(try_to_start(id)); }
  rpc_status describe(const std::string& id) {
    service::DescribeWorkflowExecutionRequest request;
    request.set_namespace_("default");
    request.mutable_execution()->set_workflow_id(id);
    return loop_.block_on(call("DescribeWorkflowExecution", request.SerializeAsString()));
  }

  std::vector<std::string> acknowledged;
  std::vector<rpc_status> refused;

 private:
  asio::awaitable<rpc_status> call(std::string method, std::string request) {
    const std::string path = "/temporal.api.workflowservice.v1.WorkflowService/" + method;
    const auto result = co_await io::unary(transport_, path, request, io::call_options());
    co_return result.status;
  }
  asio::awaitable<rpc_status> try_to_start(std::string id) {
    service::StartWorkflowExecutionRequest request;
    request.set_namespace_("default");
    request.set_workflow_id(id);
    request.set_request_id(id);
    request.mutable_workflow_type()->set_name("T");
    request.mutable_task_queue()->set_name("q");
    request.mutable_input()->add_payloads()->set_data(std::string(10'000, 'x'));
    return call("StartWorkflowExecution", request.SerializeAsString());
  }
  asio::awaitable<void> start_until_refused(std::string lane) {
    for (int number = 0;; ++number) {
      const std::string id = lane + "-" + std::to_string(number);
      const rpc_status status = co_await try_to_start(id);
      if (!status.ok()) {
        refused.push_back(status);
        co_return;
      }
      acknowledged.push_back(id);
    }
  }

  io::event_loop loop_;
  client_options options_;
  io::grpc_transport transport_;
};

TEST(start_dev, ends_when_the_disk_is_full_and_loses_nothing_that_it_acknowledged) {
  const scratch dir;
  std::vector<std::string> acknowledged;
  {
    started_server server({"--db-filename", dir.file(), "--sqlite-pragma", "max_page_count=300"});
    plain_client client(server.told().address);
    client.start_many();
    acknowledged = client.acknowledged;
    // Who calls again after the failure may find the server on its way out, or nobody.
    EXPECT_TRUE(std::any_of(client.refused.begin(), client.refused.end(), [](const rpc_status& each) {
      return each.code == rpc_code::unavailable && each.message.find("the server's store failed") != std::string::npos;
    })) << client.refused.front().message;
    const auto end = server.program().wait();
    EXPECT_EQ(end.code, 1);
    EXPECT_NE(end.err.find("error: the server's store failed: the database cannot be written"), std::string::npos)
        << end.err;
    EXPECT_NE(end.err.find("full; make room on the disk and start the server again"), std::string::npos) << end.err;
  }
  EXPECT_GT(acknowledged.size(), 10U);
  started_server again({"--db-filename", dir.file()});
  plain_client client(again.told().address);
  for (const auto& id : acknowledged) EXPECT_TRUE(client.describe(id).ok()) << id;
  EXPECT_TRUE(client.start("new").ok());
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

}  // namespace start_dev_test
}  // namespace rondo::test
