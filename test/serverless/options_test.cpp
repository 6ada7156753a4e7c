#include "rondo/serverless/options.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "rondo/log.hpp"
#include "rondo/serverless/environment.hpp"
#include "rondo/workflow.hpp"
#include "support/scratch.hpp"

namespace options_test {

using namespace std::chrono_literals;
namespace serverless = rondo::serverless;
using rondo::environment_variables;
using rondo::versioning_behavior;
using rondo::worker_deployment_version;
using serverless::options;
using serverless::profile;

int work() { return 1; }
rondo::task<int> order() { co_return 1; }

options prepared(const environment_variables& environment = {{"TEMPORAL_TASK_QUEUE", "q"}},
                 worker_deployment_version version = {"shop", "v1"}, profile kind = profile::lambda) {
  return serverless::prepare(
      kind, [](options& config) { config.registry.workflow<order>().activity<work>(); }, true, environment, version);
}
template <class Configure>
std::string refusal(Configure&& configure, const environment_variables& environment = {{"TEMPORAL_TASK_QUEUE", "q"}},
                    worker_deployment_version version = {"shop", "v1"}) {
  try {
    serverless::prepare(
        profile::lambda,
        [&](options& config) {
          config.registry.workflow<order>().activity<work>();
          configure(config);
        },
        true, environment, version);
    return "";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}
void nothing(options& /*config*/) {}

TEST(serverless_options, have_the_defaults_of_their_host) {
  const auto lambda = prepared();
  EXPECT_EQ(lambda.idle_timeout, 5s);
  EXPECT_EQ(lambda.limits.buffer(), 7s);
  EXPECT_EQ(lambda.worker.max_cached_workflows, 100U);
  EXPECT_EQ(lambda.worker.sticky_schedule_to_start_timeout, 2s);
  EXPECT_EQ(lambda.default_versioning_behavior, versioning_behavior::pinned);
  const auto http = serverless::defaults_of(profile::http);
  EXPECT_EQ(http.idle_timeout, 3s);
  for (const auto& each : {lambda.worker, http.worker}) {
    EXPECT_EQ(each.max_concurrent_activities, 100U);
    EXPECT_EQ(each.max_concurrent_workflow_tasks, 50U);
    EXPECT_EQ(each.max_concurrent_local_activities, 100U);
    EXPECT_EQ(each.max_concurrent_nexus_tasks, 50U);
    EXPECT_EQ(each.max_workflow_pollers, 4U);
    EXPECT_EQ(each.max_activity_pollers, 4U);
    EXPECT_EQ(each.max_nexus_pollers, 1U);
  }
  const auto go = serverless::defaults_of(profile::go_compat);
  EXPECT_EQ(go.idle_timeout, std::nullopt);
  EXPECT_EQ(go.worker.max_concurrent_activities, 2U);
  EXPECT_EQ(go.worker.max_concurrent_workflow_tasks, 10U);
  EXPECT_EQ(go.worker.max_concurrent_local_activities, 2U);
  EXPECT_EQ(go.worker.max_concurrent_nexus_tasks, 5U);
  EXPECT_EQ(go.worker.max_activity_pollers, 1U);
  EXPECT_EQ(go.worker.max_workflow_pollers, 2U);
  EXPECT_EQ(go.worker.max_nexus_pollers, 1U);
  EXPECT_EQ(go.limits.buffer(), 7s);
  EXPECT_FALSE(go.reuse_connection);
}

TEST(serverless_options, are_the_programs_own_where_it_says_so) {
  const auto made = serverless::prepare(
      profile::lambda,
      [](options& config) {
        EXPECT_EQ(config.task_queue, "from the environment");
        EXPECT_EQ(config.client.namespace_, "space") << "what the environment says is visible here";
        config.task_queue = "mine";
        config.worker.max_concurrent_activities = 7;
        config.worker.logger = rondo::logger();
        config.registry.activity<work>();
      },
      true, {{"TEMPORAL_TASK_QUEUE", "from the environment"}, {"TEMPORAL_NAMESPACE", "space"}}, {"shop", "v1"});
  EXPECT_EQ(made.task_queue, "mine");
  EXPECT_EQ(made.worker.max_concurrent_activities, 7U);
  EXPECT_FALSE(made.worker.logger.enabled(rondo::log_level::error));
}

TEST(serverless_options, make_a_worker_of_the_version_without_eager_activities) {
  auto how = prepared();
  how.worker.eager_activities = true;
  how.worker.deployment.version = {"other", "v9"};
  const auto worker = serverless::worker_options_of(how, {});
  EXPECT_EQ(worker.task_queue, "q");
  EXPECT_FALSE(worker.eager_activities);
  EXPECT_EQ(worker.deployment.version, (worker_deployment_version{"shop", "v1"}));
  EXPECT_EQ(worker.deployment.default_behavior, versioning_behavior::pinned);
}

TEST(serverless_options, keep_the_version_that_the_program_was_built_as) {
  const auto made =
      serverless::prepare(profile::lambda,
                          [](options& config) {
                            config.version = {"other", "v2"};
                            config.registry.activity<work>();
                          },
                          true, {{"TEMPORAL_TASK_QUEUE", "q"}, {"TEMPORAL_WORKER_BUILD_ID", "v3"}}, {"shop", "v1"});
  EXPECT_EQ(made.version, (worker_deployment_version{"shop", "v1"}));
  const auto from_environment = prepared(
      {{"TEMPORAL_TASK_QUEUE", "q"}, {"TEMPORAL_DEPLOYMENT_NAME", "d"}, {"TEMPORAL_WORKER_BUILD_ID", "b"}}, {});
  EXPECT_EQ(from_environment.version, (worker_deployment_version{"d", "b"}));
}

TEST(serverless_options, name_the_worker_after_the_invocation) {
  auto how = prepared();
  const auto identity = [&](std::string id, std::string resource) {
    serverless::invocation what;
    what.request_id = std::move(id);
    what.resource = std::move(resource);
    return serverless::worker_options_of(how, what).identity;
  };
  EXPECT_EQ(identity("id", "arn"), "id@arn");
  EXPECT_EQ(identity("", "arn"), "unknown@arn");
  EXPECT_EQ(identity("id", ""), "id@unknown");
  EXPECT_EQ(identity("", ""), "");
  how.client.identity = "me";
  EXPECT_EQ(identity("id", "arn"), "") << "the client's identity is used";
  how.worker.identity = "I";
  EXPECT_EQ(identity("id", "arn"), "I");
}

TEST(serverless_options, need_a_task_queue_and_a_version) {
  EXPECT_EQ(refusal(nothing), "");
  EXPECT_NE(refusal(nothing, {}).find("TEMPORAL_TASK_QUEUE"), std::string::npos);
  EXPECT_NE(refusal(nothing, {{"TEMPORAL_TASK_QUEUE", "q"}}, {}).find("version is required"), std::string::npos);
  for (const auto& half : {worker_deployment_version{"shop", ""}, worker_deployment_version{"", "v1"}}) {
    EXPECT_NE(refusal(nothing, {{"TEMPORAL_TASK_QUEUE", "q"}}, half).find("both parts"), std::string::npos);
  }
  EXPECT_EQ(refusal([](options& config) { config.task_queue = "q"; }, {}), "");
}

TEST(serverless_options, refuse_what_cannot_work) {
  EXPECT_NE(refusal([](options& config) { config.idle_timeout = 1s; }).find("idle_timeout must be at least 1200 ms"),
            std::string::npos);
  EXPECT_EQ(refusal([](options& config) { config.idle_timeout = 0s; }), "");
  EXPECT_NE(refusal([](options& config) { config.poll_cap = 1s; }).find("poll_cap"), std::string::npos);
  EXPECT_NE(refusal([](options& config) { config.limits.shutdown_buffer = 4s; }).find("shutdown_buffer (4000 ms)"),
            std::string::npos);
  EXPECT_NE(refusal([](options& config) { config.max_sessions = 0; }).find("max_sessions"), std::string::npos);
  EXPECT_NE(refusal([](options& config) { config.worker.max_workflow_pollers = 1; }).find("max_workflow_pollers"),
            std::string::npos);
  EXPECT_NE(refusal([](options& config) { config.registry = {}; }).find("nothing to run"), std::string::npos);
  EXPECT_NE(refusal([](options& config) {
              config.default_versioning_behavior = versioning_behavior::unspecified;
            }).find("order"),
            std::string::npos)
      << "workflows must say what becomes of their runs";
  EXPECT_EQ(refusal([](options& /*config*/) { throw std::invalid_argument("no secret"); }), "no secret");
}

TEST(serverless_options, compute_the_buffer_anew_unless_it_is_given) {
  auto how = prepared();
  how.limits.stop_timeout = 20s;
  EXPECT_EQ(how.limits.buffer(), 22s);
  how.limits.shutdown_buffer = 30s;
  EXPECT_EQ(how.limits.buffer(), 30s);
}

TEST(serverless_options, take_times_and_level_from_the_environment) {
  const auto made = prepared({{"TEMPORAL_TASK_QUEUE", "q"},
                              {"TEMPORAL_SERVERLESS_IDLE_TIMEOUT", "1500ms"},
                              {"TEMPORAL_SERVERLESS_STOP_TIMEOUT", "10s"},
                              {"TEMPORAL_SERVERLESS_SHUTDOWN_BUFFER", "1m"},
                              {"AWS_LAMBDA_LOG_LEVEL", "WARN"}});
  EXPECT_EQ(made.idle_timeout, 1500ms);
  EXPECT_EQ(made.limits.stop_timeout, 10s);
  EXPECT_EQ(made.limits.buffer(), 60s);
  EXPECT_TRUE(made.worker.logger.enabled(rondo::log_level::warn));
  EXPECT_FALSE(made.worker.logger.enabled(rondo::log_level::info));
  const auto with = [](const char* name, const char* value) {
    return refusal(nothing, {{"TEMPORAL_TASK_QUEUE", "q"}, {name, value}});
  };
  EXPECT_NE(with("TEMPORAL_SERVERLESS_IDLE_TIMEOUT", "soon").find("TEMPORAL_SERVERLESS_IDLE_TIMEOUT"),
            std::string::npos);
  EXPECT_NE(with("AWS_LAMBDA_LOG_LEVEL", "loud").find("AWS_LAMBDA_LOG_LEVEL"), std::string::npos);
}

TEST(serverless_options, come_from_the_first_file_that_can_be_read) {
  const rondo::test::scratch folder;
  const auto write = [&](const std::string& name, const std::string& address) {
    const auto path = (folder.folder() / name).string();
    std::ofstream(path) << "[profile.default]\naddress = \"" << address << "\"\n";
    return path;
  };
  const std::string root = folder.folder().string();
  EXPECT_EQ(serverless::config_file({{"LAMBDA_TASK_ROOT", root}}), "") << "there is none yet";
  const auto in_root = write("temporal.toml", "root:1");
  const auto named = write("named.toml", "named:1");
  EXPECT_EQ(serverless::config_file({{"LAMBDA_TASK_ROOT", root}}), in_root);
  EXPECT_EQ(serverless::config_file({{"LAMBDA_TASK_ROOT", root}, {"TEMPORAL_CONFIG_FILE", named}}), named);
  EXPECT_EQ(prepared({{"TEMPORAL_TASK_QUEUE", "q"}, {"LAMBDA_TASK_ROOT", root}}).client.target, "root:1");
  EXPECT_EQ(
      prepared({{"TEMPORAL_TASK_QUEUE", "q"}, {"LAMBDA_TASK_ROOT", root}, {"TEMPORAL_ADDRESS", "env:1"}}).client.target,
      "env:1");
  const auto missing = (folder.folder() / "missing.toml").string();
  EXPECT_NE(refusal(nothing, {{"TEMPORAL_TASK_QUEUE", "q"}, {"TEMPORAL_CONFIG_FILE", missing}}).find(missing),
            std::string::npos);
}

TEST(serverless_options, are_copies_independent_of_each_other) {
  const auto made = prepared();
  auto changed = made;
  changed.on_shutdown([] {});
  changed.task_queue = "other";
  EXPECT_TRUE(made.shutdown_hooks.empty());
  EXPECT_EQ(made.task_queue, "q");
}

TEST(invocation, has_its_deadline_on_the_steady_clock) {
  const serverless::time_point now(100s);
  const std::chrono::system_clock::time_point wall(1'000s);
  EXPECT_EQ(serverless::steady_deadline(1'010'000ms, now, wall), now + 10s);
  EXPECT_EQ(serverless::steady_deadline(990'000ms, now, wall), now - 10s);
  // Nonsense stays a time that can be computed with.
  EXPECT_LT(serverless::steady_deadline(std::chrono::milliseconds::max(), now, wall), serverless::time_point::max());
}

}  // namespace options_test
