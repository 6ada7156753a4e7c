#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <temporal/api/history/v1/message.pb.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "fixture.hpp"
#include "support/program.hpp"

// The `rondo` command against a running server.
namespace rondo::test {
namespace command_test {

class command_test : public server_test {
 protected:
  /// Runs `rondo` with these words and the address of the server.
  static program_end rondo(words command, bool addressed = true) {
    if (addressed) command.insert(command.end(), {"--address", server_address()});
    return run_program(rondo_command(std::move(command)));
  }
  /// The output of a command that must succeed.
  static std::string rondo_out(words command) {
    const auto end = rondo(command);
    EXPECT_EQ(end.code, 0) << end.err;
    EXPECT_EQ(end.err, "");
    return end.out;
  }
  /// The error line of a command that must fail.
  static std::string rondo_error(words command, bool addressed = true) {
    const auto end = rondo(std::move(command), addressed);
    EXPECT_EQ(end.code, 1) << end.out;
    EXPECT_EQ(std::count(end.err.begin(), end.err.end(), '\n'), 1) << end.err;
    return end.err;
  }
  void start(const std::string& type, words more = {}) const {
    words command{"workflow", "start", "-w", id, "--type", type, "-t", queue};
    command.insert(command.end(), more.begin(), more.end());
    rondo_out(std::move(command));
  }
  /// The list reads from an index that may lag behind.
  static bool is_listed(const std::string& filter, const std::string& part) {
    return eventually([&] { return rondo_out({"workflow", "list", "-q", filter}).find(part) != std::string::npos; });
  }

  const std::string id = "command-" + detail::random_uuid();
};

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(command_test, a_workflow_without_a_worker) {
  const std::string started =
      rondo_out({"workflow", "start", "-w", id, "--type", "Order", "-t", queue, "-i", R"({"cents": 1200})", "-i", "[]",
                 "--memo", R"(note="fragile")", "-o", "json"});
  EXPECT_HAS(started, "\"workflowId\": \"" + id + "\"");
  EXPECT_HAS(started, "\"type\": \"Order\"");
  EXPECT_HAS(rondo_out({"workflow", "signal", "-w", id, "--name", "approve", "-i", "\"ada\""}), "succeeded");

  const std::string described = rondo_out({"workflow", "describe", "-w", id});
  EXPECT_HAS(described, "WorkflowId");
  EXPECT_HAS(described, "Running");
  EXPECT_HAS(described, R"({"note": "fragile"})");
  EXPECT_HAS(rondo_out({"workflow", "describe", "-w", id, "-o", "json"}), "\"note\": \"fragile\"");

  const std::string shown = rondo_out({"workflow", "show", "-w", id});
  EXPECT_HAS(shown, R"(WorkflowExecutionStarted        Order, id )" + id + R"(, input [{"cents":1200}, []])");
  EXPECT_HAS(shown, R"(WorkflowExecutionSignaled       approve, input "ada")");
  EXPECT_HAS(rondo_out({"workflow", "show", "-w", id, "--detailed"}), "\"signalName\": \"approve\"");

  EXPECT_TRUE(is_listed("WorkflowId = '" + id + "'", id));
  EXPECT_HAS(rondo_out({"workflow", "list", "-q", "WorkflowId = '" + id + "'", "-o", "jsonl"}), "{\"execution\":{");
  EXPECT_HAS(rondo_out({"task-queue", "describe", "-t", queue}), "ApproximateBacklogCount");

  EXPECT_HAS(rondo_out({"workflow", "cancel", "-w", id, "--reason", "late"}), "Canceled");
  EXPECT_HAS(rondo_out({"workflow", "terminate", "-w", id, "--reason", "enough"}), "terminated");
  const auto ended = rondo({"workflow", "result", "-w", id});
  EXPECT_EQ(ended.code, 1);
  EXPECT_HAS(ended.out, "TERMINATED");
  EXPECT_EQ(ended.err, "error: workflow '" + id + "' was terminated: enough\n");
  EXPECT_HAS(rondo_out({"workflow", "describe", "-w", id}), "Reason    enough");
  EXPECT_HAS(rondo_error({"workflow", "signal", "-w", id, "--name", "approve"}), "signal workflow '" + id + "': ");
}

TEST_F(command_test, a_history_that_is_printed_can_be_read_back) {
  start("Order", {"-i", R"({"cents": 1200})"});
  temporal::api::history::v1::History history;
  const std::string text = rondo_out({"workflow", "show", "-w", id, "-o", "json"});
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(text, &history).ok()) << text;
  ASSERT_GE(history.events_size(), 2);
  EXPECT_EQ(history.events(0).workflow_execution_started_event_attributes().input().payloads(0).data(),
            R"({"cents": 1200})");
  rondo_out({"workflow", "terminate", "-w", id});
}

TEST_F(command_test, list_stops_at_its_limit) {
  const std::string type = "Listed" + detail::random_uuid();
  const std::string filter = "WorkflowType = '" + type + "'";
  for (int i = 0; i < 3; ++i) rondo_out({"workflow", "start", "--type", type, "-t", queue});
  ASSERT_TRUE(eventually([&] {
    const auto all = rondo_out({"workflow", "list", "-q", filter, "-o", "jsonl", "--page-size", "1"});
    return std::count(all.begin(), all.end(), '\n') == 3;
  }));
  const auto two = rondo_out({"workflow", "list", "-q", filter, "-o", "jsonl", "--limit", "2"});
  EXPECT_EQ(std::count(two.begin(), two.end(), '\n'), 2);
  const auto paged = rondo_out({"workflow", "list", "-q", filter, "-o", "jsonl", "--limit", "2", "--page-size", "1"});
  EXPECT_EQ(std::count(paged.begin(), paged.end(), '\n'), 2);
  EXPECT_HAS(rondo_out({"workflow", "list", "-q", filter, "-o", "json", "--limit", "1"}), type);
}

TEST_F(command_test, a_workflow_with_a_worker) {
  running_worker worker(recorded_app(), options());
  start("inbox", {"-i", "2"});
  EXPECT_TRUE(eventually([&] {
    const auto end = rondo({"workflow", "query", "-w", id, "--name", "count"});
    return end.out == "Query result:\n  QueryResult  0\n";
  }));
  EXPECT_HAS(rondo_out({"task-queue", "describe", "-t", queue, "--task-queue-type", "workflow"}), "workflow");
  rondo_out({"workflow", "signal", "-w", id, "--name", "write", "-i", "\"one\""});
  rondo_out({"workflow", "signal", "-w", id, "--name", "write", "-i", "\"two\""});
  const std::string result = rondo_out({"workflow", "result", "-w", id});
  EXPECT_HAS(result, "Results:\n  Status  COMPLETED\n  Result  [");
  EXPECT_HAS(result, "one");
  EXPECT_HAS(rondo_out({"workflow", "result", "-w", id, "-o", "json"}), "\"status\": \"COMPLETED\"");
  EXPECT_HAS(rondo_out({"workflow", "show", "-f", "-w", id}), "Results:\n  Status  COMPLETED");
  EXPECT_HAS(rondo_error({"workflow", "query", "-w", id, "--name", "count", "--reject-condition", "not_open"}),
             "was rejected: the workflow's status is Completed");
  EXPECT_HAS(rondo_error({"workflow", "query", "-w", id, "--name", "nothing"}), "nothing");
}

TEST_F(command_test, a_workflow_that_fails) {
  running_worker worker(recorded_app(), options());
  start("stumbles", {"-i", "\"b\"", "-i", "false"});
  const auto end = rondo({"workflow", "result", "-w", id});
  EXPECT_EQ(end.code, 1);
  EXPECT_HAS(end.out, "FAILED");
  EXPECT_HAS(end.out, "caused by: never works (type Never");
  EXPECT_HAS(end.err, "error: workflow '" + id + "' failed: ");
}

TEST_F(command_test, results_follow_the_runs_of_a_workflow) {
  running_worker worker(recorded_app(), options());
  start("countdown", {"-i", "2"});
  EXPECT_HAS(rondo_out({"workflow", "result", "-w", id}), "Result  \"done\"");
}

TEST_F(command_test, failures_are_one_line_that_says_what_to_do) {
  EXPECT_HAS(rondo_error({"workflow", "describe", "-w", id}), "check the ids and --namespace");
  EXPECT_HAS(rondo_error({"workflow", "result", "-w", id}), "result of workflow '" + id + "'");
  EXPECT_HAS(rondo_error({"workflow", "list", "-n", "nowhere"}), "check --namespace");
  EXPECT_HAS(rondo_error({"workflow", "list", "-q", "foo bar"}), "list workflows: invalid query");
  EXPECT_HAS(rondo_error({"workflow", "start", "--type", "T", "-t", queue, "-i", "{bad"}), "line 1, column 2");
  start("T");
  EXPECT_HAS(rondo_error({"workflow", "start", "-w", id, "--type", "T", "-t", queue, "--id-conflict-policy", "Fail"}),
             "use another --workflow-id");
  EXPECT_HAS(rondo_error({"workflow", "result", "-w", id, "--command-timeout", "300ms"}),
             "not done within 300ms (--command-timeout)");
  rondo_out({"workflow", "terminate", "-w", id});
}

TEST_F(command_test, wrong_flags_are_named) {
  EXPECT_HAS(rondo_error({"workflow", "list", "--foo"}), "--foo; see 'rondo workflow list --help'");
  EXPECT_HAS(rondo_error({"workflow", "describe"}), "--workflow-id is required");
  EXPECT_EQ(rondo_error({"workflow"}, false), "error: a command is missing; see 'rondo workflow --help'\n");
  EXPECT_EQ(rondo_error({}, false), "error: a command is missing; see 'rondo --help'\n");
  EXPECT_HAS(rondo_error({"workflow", "lst"}, false), "lst; see 'rondo workflow --help'");
  EXPECT_HAS(rondo_error({"workflow", "list", "--limit", "-1"}), "--limit must not be negative");
  EXPECT_HAS(rondo_error({"workflow", "list", "-o", "xml"}), "--output: 'xml' is none of");
}

TEST_F(command_test, an_unreachable_server_is_reported) {
  EXPECT_HAS(rondo_error({"workflow", "list", "--address", "127.0.0.1:1"}, false),
             "cannot connect to 127.0.0.1:1 without TLS: nothing listens there");
  EXPECT_HAS(rondo_error({"workflow", "list", "--tls"}), "the server does not speak TLS; leave out the TLS flags");
}

TEST_F(command_test, help_and_version_succeed) {
  EXPECT_HAS(rondo({"--version"}, false).out, "rondo 0.");
  const auto help = rondo({"workflow", "start", "--help"}, false);
  EXPECT_EQ(help.code, 0);
  EXPECT_HAS(help.out, "Usage: rondo workflow start");
  EXPECT_HAS(help.out, "--id-conflict-policy");
}

}  // namespace command_test
}  // namespace rondo::test
