#include "rondo/controller/config.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/curl/http_client.hpp"
#include "rondo/detail/io/loop.hpp"
#include "support/scratch.hpp"

namespace rondo::test {
namespace config_test {

using controller::parse_controller_config;

std::string no_variables(const char* /*name*/) { return {}; }

controller::controller_config parsed(const std::string& text, const controller::variable_lookup& with = no_variables) {
  return parse_controller_config(text, "c.toml", "ns", with);
}

/// The file is refused with these words, when it is read or when its providers are made.
std::string refusal(const std::string& text, const controller::variable_lookup& with = no_variables) {
  try {
    const auto config = parsed(text, with);
    detail::io::event_loop loop;
    detail::curl::http_client client(loop);
    static_cast<void>(controller::make_targets(config, loop, client));
    return {};
  } catch (const std::invalid_argument& wrong) {
    return wrong.what();
  }
}

constexpr const char* http_target =
    "[[target]]\nname = 'a'\ntask_queues = ['q']\n[target.provider]\ntype = 'http'\nurl = 'http://127.0.0.1:1/run'\n";

TEST(controller_config, has_defaults) {
  const auto config = parsed(http_target);
  EXPECT_EQ(config.task_queue, "rondo-controller");
  ASSERT_EQ(config.targets.size(), 1U);
  const auto& target = config.targets[0].config;
  EXPECT_EQ(target.namespace_, "ns");
  EXPECT_TRUE(target.version.empty());
  EXPECT_EQ(target.interval, std::chrono::seconds(1));
  EXPECT_EQ(target.scaler.type, controller::scaler_type::demand);
  EXPECT_EQ(target.scaler.by_demand.max_instances, 10);
  EXPECT_EQ(refusal(http_target), "");
}

TEST(controller_config, reads_everything) {
  const auto config = parsed(R"(
[controller]
task_queue = "own"
stop_timeout = "3s"
allowed_hosts = ["127.0.0.1:1", "10.0.0.1:6443"]
[[target]]
name = "orders"
namespace = "shop"
deployment = "orders"
build_id = "v1"
task_queues = ["orders", "payments"]
nexus = true
interval = "250ms"
poller_window = "7s"
start_grace = "8s"
stall = "1m"
[target.provider]
type = "subprocess"
command = "worker"
args = ["--x", "y"]
timeout = "5m"
grace = "2s"
environment = { A = "b" }
[target.scaler]
type = "demand"
min_instances = 1
max_instances = "4"
tasks_per_instance = 2.5
[[target]]
name = "plain"
task_queues = ["q"]
[target.provider]
type = "aws-lambda"
arn = "arn:aws:lambda:eu-west-1:1:function:f"
[target.scaler]
type = "no-sync"
scale_up_cooloff_ms = 200
)");
  EXPECT_EQ(config.task_queue, "own");
  EXPECT_EQ(config.stop_timeout, std::chrono::seconds(3));
  const auto& target = config.targets.at(0).config;
  EXPECT_EQ(target.namespace_, "shop");
  EXPECT_EQ(target.version.build_id, "v1");
  EXPECT_EQ(target.task_queues, (std::vector<std::string>{"orders", "payments"}));
  EXPECT_TRUE(target.nexus);
  EXPECT_EQ(target.interval, std::chrono::milliseconds(250));
  EXPECT_EQ(target.scaler.fleet.poller_window_ms, 7'000);
  EXPECT_EQ(target.scaler.fleet.start_grace_ms, 8'000);
  EXPECT_EQ(target.scaler.fleet.stall_ms, 60'000);
  EXPECT_EQ(target.scaler.by_demand.min_instances, 1);
  EXPECT_EQ(target.scaler.by_demand.max_instances, 4);
  EXPECT_EQ(target.scaler.by_demand.tasks_per_instance, 2.5);
  EXPECT_EQ(config.targets.at(1).config.scaler.by_no_sync.scale_up_cooloff_ms, 200);
  detail::io::event_loop loop;
  detail::curl::http_client client(loop);
  EXPECT_NO_THROW(config.targets[0].make_provider(loop, client));
  EXPECT_THROW(config.targets[1].make_provider(loop, client), std::invalid_argument) << "AWS is not allowed";
}

TEST(controller_config, says_where_it_is_wrong) {
  const std::string target = http_target;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "c.toml:1: 'target' is missing: write [[target]] for each one"},
      {"a = ", "c.toml:1: "},
      {target + "urll = 'x'\n", "c.toml:7: 'target.provider.urll' is not a setting"},
      {target + "timeout = 3\n", "c.toml:7: 'target.provider.timeout' must be a text in quotes"},
      {target + "timeout = '3 s'\n", "c.toml:7: 'target.provider.timeout' must be a time such as"},
      {target + "[target.scaler]\nmax_instances = 0\n",
       "c.toml:8: scaler 'demand': 'max_instances' must be at least 1"},
      {target + "[target.scaler]\nmax_instance = 3\n", "c.toml:8: scaler 'demand': 'max_instance' is not a setting"},
      {target + "[target.scaler]\ntype = 'rate-based'\n", "c.toml:8: scaler 'rate-based' sets the size of a set"},
      {target + "[target.scaler]\ntype = 'magic'\n", "c.toml:8: there is no scaler 'magic'"},
      {target + target, "c.toml:8: 'target.name' is 'a', as another target's"},
      {"x = 1\n" + target, "c.toml:1: 'x' is not a setting"},
      {"[[target]]\nname = 'a'\n", "c.toml:1: 'target.task_queues' is missing"},
      {"[[target]]\nname = 'a'\ndeployment = 'd'\n", "c.toml:1: 'target.build_id' and 'deployment' belong together"},
      {"[[target]]\nname = 'a'\ntask_queues = 'q'\n", "c.toml:3: 'target.task_queues' must be a list of texts"},
      {"[[target]]\nname = 'a'\ntask_queues = ['q']\n", "c.toml:1: 'target.provider' is missing"},
      {"[[target]]\nname = 'a'\ntask_queues = ['q']\n[target.provider]\ntype = 'fax'\n",
       "c.toml:5: 'target.provider.type' is 'fax', but there are only http"},
      {"[[target]]\nname = 'a'\ntask_queues = ['q']\n[target.provider]\ntype = 'http'\nurl = 'ftp://x'\n",
       "c.toml:4: the URL cannot be used"},
      {"[[target]]\nname = 'a'\ntask_queues = ['q']\n[target.provider]\ntype = 'k8s'\ndeployment = 'd'\n",
       "c.toml:4: this does not run in a Kubernetes cluster"},
      {"[controller]\nallowed_hosts = ['other']\n" + target,
       "c.toml:6: the host '127.0.0.1:1' is not among 'controller.allowed_hosts'"},
  };
  for (const auto& [text, wanted] : cases) {
    const auto words = refusal(text);
    EXPECT_EQ(words.substr(0, wanted.size()), wanted) << text;
  }
}

TEST(controller_config, takes_secrets_from_elsewhere) {
  const std::string target = http_target;
  const auto variables = [](const char* name) { return std::string(name) == "KEY" ? "hunter2" : ""; };
  EXPECT_EQ(refusal(target + "secret_env = 'KEY'\n", variables), "");
  EXPECT_EQ(refusal(target + "secret_env = 'NONE'\n", variables),
            "c.toml:7: 'target.provider.secret_env' names the variable 'NONE', which is not set");
  const auto twice = refusal(target + "secret = 'hunter2'\nsecret_env = 'KEY'\n", variables);
  EXPECT_NE(twice.find("exclude each other"), std::string::npos);
  EXPECT_EQ(twice.find("hunter2"), std::string::npos) << twice;
  scratch own;
  std::ofstream(own.file("key")) << "hunter2\n";
  EXPECT_EQ(refusal(target + "bearer_token_file = '" + own.file("key") + "'\n"), "");
  EXPECT_NE(refusal(target + "bearer_token_file = '/nowhere/key'\n").find("cannot be read"), std::string::npos);
}

TEST(controller_config, its_example_is_right) {
  std::ifstream in("docs/controller.md");
  ASSERT_TRUE(in);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  int examples = 0;
  for (std::size_t at = 0; (at = text.find("```toml\n", at)) != std::string::npos; ++examples) {
    at += 8;
    const auto config = parsed(text.substr(at, text.find("```", at) - at), [](const char*) { return "x"; });
    EXPECT_GE(config.targets.size(), 1U);
  }
  EXPECT_GE(examples, 1);
}

}  // namespace config_test
}  // namespace rondo::test
