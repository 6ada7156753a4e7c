#include <gtest/gtest.h>
#include <temporal/api/errordetails/v1/message.pb.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <string>
#include <vector>

#include "tools/arguments.hpp"
#include "tools/cli.hpp"
#include "tools/server_flags.hpp"
#include "tools/session.hpp"
#include "tools/workflow_requests.hpp"

namespace rondo::tools {
namespace flags_test {

using namespace std::chrono_literals;

std::vector<std::string> inputs_of(std::vector<std::string> arguments) {
  CLI::App app;
  input_options input;
  add_input_flags(app, input);
  app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  return input.values;
}

common_flags common_of(std::vector<std::string> arguments) {
  CLI::App app;
  common_flags flags;
  add_common_flags(app, flags);
  app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  return flags;
}

template <class Function>
std::string error_of(Function&& function) {
  try {
    function();
  } catch (const command_error& wrong) {
    return wrong.what();
  }
  return "accepted";
}

TEST(input_flags, leave_values_as_they_are) {
  const std::vector<std::string> values{"{}", "[1,2]", "[]", "-5", "\"a b\"", "", "%%", "{\"a\":[1,2]}"};
  std::vector<std::string> arguments;
  for (const auto& value : values) arguments.insert(arguments.end(), {"--input", value});
  EXPECT_EQ(inputs_of(arguments), values);
  EXPECT_EQ(inputs_of({"-i", "1", "--input=2"}), (std::vector<std::string>{"1", "2"}));
  EXPECT_THROW(inputs_of({"-i", "1", "2"}), CLI::ParseError);
}

TEST(common_flags, have_names_and_meanings_of_the_official_command) {
  const auto flags = common_of({"--address", "host:1", "-n", "orders", "-o", "json", "--command-timeout", "3s",
                                "--grpc-meta", "a=b=c", "--tls=false", "--identity", "me"});
  const auto options = connection_of(flags);
  EXPECT_EQ(options.target, "host:1");
  EXPECT_EQ(options.namespace_, "orders");
  EXPECT_EQ(options.identity, "me");
  EXPECT_EQ(options.tls_usage, tls_mode::off);
  EXPECT_FALSE(options.tls.has_value());
  EXPECT_EQ(options.metadata, (std::vector<std::pair<std::string, std::string>>{{"a", "b=c"}}));
  EXPECT_EQ(output_of(flags.output), output_format::json);
  EXPECT_EQ(connection_of(common_of({})).target, "127.0.0.1:7233");
  EXPECT_NE(connection_of(common_of({})).identity.find("rondo:"), std::string::npos);
  EXPECT_EQ(connection_of(common_of({"--tls"})).tls_usage, tls_mode::on);
}

TEST(common_flags, come_from_the_environment_too) {
  setenv("TEMPORAL_ADDRESS", "env:2", 1);
  setenv("TEMPORAL_NAMESPACE", "from-env", 1);
  setenv("TEMPORAL_API_KEY", "secret", 1);
  const auto from_environment = common_of({});
  const auto from_flag = common_of({"--address", "flag:3"});
  unsetenv("TEMPORAL_ADDRESS");
  unsetenv("TEMPORAL_NAMESPACE");
  unsetenv("TEMPORAL_API_KEY");
  EXPECT_EQ(from_environment.address, "env:2");
  EXPECT_EQ(from_environment.namespace_, "from-env");
  EXPECT_EQ(from_environment.api_key, "secret");
  EXPECT_EQ(from_flag.address, "flag:3");
}

TEST(common_flags, certificates_are_files_or_texts) {
  const auto options = connection_of(common_of({"--tls-ca-data", "PEM", "--tls-server-name", "name"}));
  ASSERT_TRUE(options.tls.has_value());
  EXPECT_EQ(options.tls->server_root_ca_certificate, "PEM");
  EXPECT_EQ(options.tls->server_name, "name");
  EXPECT_EQ(error_of([] {
              connection_of(common_of({"--tls-ca-data", "x", "--tls-ca-path", "y"}));
            }),
            "--tls-ca-path and --tls-ca-data cannot be given together");
  EXPECT_EQ(error_of([] {
              connection_of(common_of({"--tls-key-path", "/no/such"}));
            }),
            "--tls-key-path: cannot read '/no/such': No such file or directory");
  EXPECT_EQ(error_of([] { connection_of(common_of({"--grpc-meta", "a"})); }), "--grpc-meta: 'a' is not KEY=VALUE");
  EXPECT_FALSE(connection_of(common_of({"--tls-disable-host-verification"})).tls->verify_server);
}

start_flags order() {
  start_flags flags;
  flags.workflow_id = "order-1";
  flags.type = "Order";
  flags.task_queue = "orders";
  return flags;
}

TEST(start_request, has_what_the_flags_say) {
  auto flags = order();
  flags.input.values = {"1"};
  flags.id_reuse_policy = "RejectDuplicate";
  flags.id_conflict_policy = "use-existing";
  flags.execution_timeout = "1h";
  flags.run_timeout = "30m";
  flags.task_timeout = "5s";
  flags.start_delay = "1500ms";
  flags.cron = "0 12 * * *";
  flags.search_attributes = {"Customer=\"ada\""};
  flags.memo = {"note={\"a\":1}"};
  flags.static_summary = "An order";
  flags.static_details = "More";
  flags.priority_key = 2;
  const auto request = start_request(flags);
  EXPECT_EQ(request.workflow_id(), "order-1");
  EXPECT_EQ(request.workflow_type().name(), "Order");
  EXPECT_EQ(request.task_queue().name(), "orders");
  EXPECT_EQ(request.input().payloads(0).data(), "1");
  EXPECT_EQ(request.workflow_id_reuse_policy(), enums::WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE);
  EXPECT_EQ(request.workflow_id_conflict_policy(), enums::WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING);
  EXPECT_EQ(request.workflow_execution_timeout().seconds(), 3600);
  EXPECT_EQ(request.workflow_run_timeout().seconds(), 1800);
  EXPECT_EQ(request.workflow_task_timeout().seconds(), 5);
  EXPECT_EQ(request.workflow_start_delay().nanos(), 500000000);
  EXPECT_EQ(request.cron_schedule(), "0 12 * * *");
  EXPECT_EQ(request.search_attributes().indexed_fields().at("Customer").data(), "\"ada\"");
  EXPECT_EQ(request.memo().fields().at("note").data(), "{\"a\":1}");
  EXPECT_EQ(request.user_metadata().summary().data(), "\"An order\"");
  EXPECT_EQ(request.user_metadata().details().data(), "\"More\"");
  EXPECT_EQ(request.priority().priority_key(), 2);
  EXPECT_FALSE(request.request_id().empty());
}

TEST(start_request, leaves_unset_what_is_not_given) {
  auto flags = order();
  flags.workflow_id.clear();
  const auto request = start_request(flags);
  EXPECT_EQ(request.workflow_id().size(), 36U);
  EXPECT_FALSE(request.has_input());
  EXPECT_FALSE(request.has_workflow_execution_timeout());
  EXPECT_FALSE(request.has_memo());
  EXPECT_FALSE(request.has_search_attributes());
  EXPECT_FALSE(request.has_user_metadata());
  EXPECT_FALSE(request.has_priority());
  flags.fail_existing = true;
  EXPECT_EQ(start_request(flags).workflow_id_conflict_policy(), enums::WORKFLOW_ID_CONFLICT_POLICY_FAIL);
}

TEST(start_request, names_the_flag_that_is_wrong) {
  auto flags = order();
  flags.run_timeout = "5";
  EXPECT_EQ(error_of([&] { start_request(flags); }),
            "--run-timeout: '5' is not a duration: the unit is missing; write it like 500ms, 3s, 1m30s or 24h");
  flags = order();
  flags.memo = {"a"};
  EXPECT_EQ(error_of([&] { start_request(flags); }), "--memo: 'a' is not KEY=VALUE");
  flags = order();
  flags.search_attributes = {"a=b"};
  EXPECT_EQ(error_of([&] { start_request(flags); }).rfind("--search-attribute a is not JSON", 0), 0U);
  flags = order();
  flags.id_reuse_policy = "Never";
  EXPECT_EQ(error_of([&] { start_request(flags); }),
            "--id-reuse-policy: 'Never' is none of AllowDuplicate, AllowDuplicateFailedOnly, RejectDuplicate, "
            "TerminateIfRunning");
}

TEST(query_request, takes_a_reject_condition) {
  EXPECT_EQ(query_request({"w", "r"}, {"q", "not_completed_cleanly", {}}).query_reject_condition(),
            enums::QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY);
  EXPECT_EQ(query_request({"w", "r"}, {"q", "", {}}).query_reject_condition(), enums::QUERY_REJECT_CONDITION_NONE);
  EXPECT_EQ(query_request({"w", "r"}, {"q", "", {}}).execution().run_id(), "r");
}

TEST(call_failures, say_what_to_do) {
  EXPECT_EQ(failure_of_call("describe workflow 'a'", rpc_status(rpc_code::not_found, "workflow not found for ID: a.")),
            "describe workflow 'a': workflow not found for ID: a; check the ids and --namespace");
  EXPECT_EQ(failure_of_call("cancel", rpc_status(rpc_code::not_found, "workflow execution already completed")),
            "cancel: workflow execution already completed");
  EXPECT_EQ(failure_of_call("x", rpc_status(rpc_code::unavailable, "")), "x: UNAVAILABLE");
  google::rpc::Status said;
  said.add_details()->PackFrom(temporal::api::errordetails::v1::NamespaceNotFoundFailure());
  rpc_status of_namespace(rpc_code::not_found, "Namespace n is not found.");
  of_namespace.details = said.SerializeAsString();
  EXPECT_EQ(failure_of_call("list", of_namespace), "list: Namespace n is not found; check --namespace");
  EXPECT_EQ(in_flags("rondo: cannot connect; switch tls_usage off, or set tls or api_key"),
            "cannot connect; leave out the TLS flags, or give --tls or --api-key");
}

TEST(server_flags, become_options_of_the_server) {
  server_flags flags;
  flags.namespaces = {"orders", "default", "orders"};
  flags.search_attributes = {"Customer=keyword", "Total=DOUBLE"};
  flags.db_filename = "x.db";
  flags.sqlite_pragmas = {"journal_mode=WAL"};
  flags.dynamic_config = {"frontend.x=true"};
  flags.task_poll_expiration = "1m30s";
  flags.retention = "2d";
  flags.notify_url = "http://127.0.0.1:9/x";
  flags.notify_secret = "s";
  flags.time_skipping = true;
  const auto options = server_options_of(flags);
  EXPECT_EQ(options.namespaces, (std::vector<std::string>{"default", "orders"}));
  EXPECT_EQ(options.search_attributes,
            (std::vector<std::pair<std::string, std::string>>{{"Customer", "Keyword"}, {"Total", "Double"}}));
  EXPECT_EQ(options.db_filename, "x.db");
  EXPECT_EQ(options.sqlite_pragmas, std::vector<std::string>{"journal_mode=WAL"});
  EXPECT_EQ(options.task_poll_expiration, 90 * server::second);
  EXPECT_EQ(options.retention, 2 * server::day);
  EXPECT_EQ(options.notify_url, "http://127.0.0.1:9/x");
  EXPECT_EQ(options.notify_secret, "s");
  EXPECT_TRUE(options.time_skipping);
  EXPECT_FALSE(server_options_of({}).time_skipping);
  server_flags unlocked;
  unlocked.skipping_unlocked = true;
  EXPECT_TRUE(server_options_of(unlocked).time_skipping);
  EXPECT_EQ(server_options_of({}).task_poll_expiration, 60 * server::second);
}

TEST(arguments, a_port_alone_is_a_test_server) {
  EXPECT_EQ(
      full_arguments({"7777", "--enable-time-skipping"}),
      (std::vector<std::string>{"server", "start-dev", "--time-skipping", "--port", "7777", "--enable-time-skipping"}));
  EXPECT_EQ(full_arguments({"workflow", "7777"}), (std::vector<std::string>{"workflow", "7777"}));
  EXPECT_EQ(full_arguments({""}), std::vector<std::string>{""});
  EXPECT_TRUE(full_arguments({}).empty());
}

TEST(server_flags, take_the_secret_from_the_environment) {
  setenv("RONDO_NOTIFY_SECRET", "hidden", 1);
  EXPECT_EQ(notify_secret_of({}), "hidden");
  server_flags flags;
  flags.notify_secret = "given";
  EXPECT_EQ(notify_secret_of(flags), "given");
  unsetenv("RONDO_NOTIFY_SECRET");
  EXPECT_EQ(notify_secret_of({}), "");
}

TEST(server_flags, say_which_one_is_wrong) {
  const auto error = [](auto change) {
    server_flags flags;
    change(flags);
    return error_of([&] { server_options_of(flags); });
  };
  EXPECT_EQ(error([](auto& f) { f.port = 65536; }), "--port must be from 0 to 65535");
  EXPECT_EQ(error([](auto& f) { f.namespaces = {""}; }), "--namespace: the name is empty");
  EXPECT_EQ(error([](auto& f) { f.search_attributes = {"A"}; }), "--search-attribute: 'A' is not KEY=VALUE");
  EXPECT_EQ(error([](auto& f) { f.search_attributes = {"A=Number"}; }),
            "--search-attribute: 'Number' is none of Text, Keyword, Int, Double, Bool, Datetime, KeywordList");
  EXPECT_EQ(error([](auto& f) { f.task_poll_expiration = "0"; }), "--task-poll-expiration must be longer than 0");
  EXPECT_EQ(error([](auto& f) { f.retention = "x"; }).rfind("--retention: 'x' is not a duration", 0), 0U);
  EXPECT_EQ(error([](auto& f) { f.notify_url = "ftp://x"; }),
            "--task-notify-url: 'ftp://x' must begin with http:// or https://");
  EXPECT_EQ(error([](auto& f) { f.log_level = "loud"; }),
            "--log-level: 'loud' is none of debug, info, warn, error, never, trace");
  EXPECT_EQ(error([](auto& f) { f.log_format = "xml"; }), "--log-format: 'xml' is none of text, json, pretty");
  EXPECT_EQ(error([](auto& f) { f.dynamic_config = {"x"}; }), "--dynamic-config-value: 'x' is not KEY=VALUE");
  EXPECT_EQ(error([](auto& f) { f.sqlite_pragmas = {"x"}; }), "--sqlite-pragma: 'x' is not KEY=VALUE");
}

TEST(server_flags, what_it_listens_on_is_json_or_text) {
  EXPECT_EQ(host_and_port("127.0.0.1", 80), "127.0.0.1:80");
  EXPECT_EQ(host_and_port("::1", 80), "[::1]:80");
  EXPECT_EQ(host_and_port("[::1]", 80), "[::1]:80");
  EXPECT_EQ(host_and_port("localhost", 80), "127.0.0.1:80");
  EXPECT_EQ(listening_json("127.0.0.1:1", {"default", "a\"b"}),
            R"({"address":"127.0.0.1:1","namespaces":["default","a\"b"]})");
  EXPECT_EQ(listening_text("127.0.0.1:1", {"default", "b"}),
            "Rondo development server, for development and tests only\n  Address     127.0.0.1:1\n"
            "  Namespaces  default, b\n");
}

}  // namespace flags_test
}  // namespace rondo::tools
