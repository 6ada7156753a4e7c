#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "tools/compute_settings.hpp"
#include "tools/doctor_checks.hpp"
#include "tools/doctor_text.hpp"

namespace rondo::tools {
namespace doctor_test {

using namespace std::chrono_literals;
namespace enums = temporal::api::enums::v1;
using ids = std::vector<std::string>;

constexpr auto now = std::chrono::system_clock::time_point(std::chrono::hours(500000));

temporal::api::taskqueue::v1::PollerInfo poller(const std::string& build_id, std::chrono::seconds ago = 1s) {
  temporal::api::taskqueue::v1::PollerInfo made;
  made.set_identity("worker-" + build_id);
  const auto seen = std::chrono::floor<std::chrono::seconds>(now - ago).time_since_epoch();
  made.mutable_last_access_time()->set_seconds(seen.count());
  if (build_id.empty()) return made;
  made.mutable_deployment_options()->set_deployment_name("shop");
  made.mutable_deployment_options()->set_build_id(build_id);
  made.mutable_deployment_options()->set_worker_versioning_mode(enums::WORKER_VERSIONING_MODE_VERSIONED);
  return made;
}

seen_version version(const std::string& build_id, bool with_compute = true) {
  seen_version made;
  made.summary.mutable_deployment_version()->set_deployment_name("shop");
  made.summary.mutable_deployment_version()->set_build_id(build_id);
  made.summary.set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_INACTIVE);
  made.queues.push_back({.name = "orders"});
  if (with_compute) (*made.compute.mutable_scaling_groups())["default"].mutable_provider()->set_type("aws-lambda");
  return made;
}

/// Deployment "shop" on a server that starts workers: v1 is current, a function, and has nothing to do.
class the_doctor : public ::testing::Test {
 protected:
  the_doctor() {
    facts.server_version = "1.32.0";
    facts.server_scales = true;
    facts.now = now;
    facts.deployment = "shop";
    facts.info.emplace();
    facts.versions.push_back(version("v1"));
    make_current("v1");
  }
  void make_current(const std::string& build_id) {
    facts.info->mutable_routing_config()->mutable_current_deployment_version()->set_build_id(build_id);
    for (auto& each : facts.versions) {
      if (each.build_id() == build_id) each.summary.set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT);
    }
  }
  seen_version& v1() { return facts.versions.front(); }
  seen_queue& orders() { return v1().queues.front(); }

  std::vector<finding> findings() const { return doctor(facts).examine(); }
  ids found() const {
    ids all;
    for (const auto& each : findings()) all.push_back((each.problem ? "problem " : "warning ") + each.id);
    return all;
  }
  finding only() const {
    const auto all = findings();
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? finding() : all.front();
  }

  doctor_facts facts;
};

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(the_doctor, finds_nothing_where_nothing_is_wrong) {
  EXPECT_EQ(found(), ids{});
  orders().backlog = 3;
  orders().pollers.push_back(poller("v1"));
  EXPECT_EQ(found(), ids{});
  v1() = version("v1", false);
  orders().pollers.push_back(poller("v1"));
  EXPECT_EQ(found(), ids{});
}

TEST_F(the_doctor, misses_a_deployment_or_its_versions) {
  facts.versions.clear();
  EXPECT_EQ(found(), ids{"problem no_versions"});
  facts.info.reset();
  EXPECT_EQ(found(), ids{"problem no_deployment"});
  facts.build_id = "v7";
  EXPECT_HAS(only().mend, "rondo worker deployment create-version -d shop --build-id v7");
}

TEST_F(the_doctor, misses_a_current_version) {
  facts.versions.push_back(version("v2"));
  facts.versions.back().summary.mutable_create_time()->set_seconds(99);
  make_current("");
  EXPECT_EQ(only().mend, "rondo worker deployment set-current -d shop --build-id v2");
  facts.build_id = "v1";
  EXPECT_EQ(only().mend, "rondo worker deployment set-current -d shop --build-id v1");
  EXPECT_EQ(only().id, "no_current_version");
  facts.build_id = "v9";
  EXPECT_EQ(found(), (ids{"problem no_current_version", "problem unknown_version"}));
  EXPECT_EQ(findings().front().mend, "rondo worker deployment set-current -d shop --build-id v2");
}

TEST_F(the_doctor, compares_the_worker_s_build_id_with_what_the_server_knows) {
  facts.build_id = "v9";
  EXPECT_EQ(found(), ids{"problem unknown_version"});
  facts.versions.push_back(version("v9"));
  EXPECT_EQ(found(), ids{"warning not_current"});
  facts.info->mutable_routing_config()->mutable_ramping_deployment_version()->set_build_id("v9");
  EXPECT_EQ(found(), ids{"warning not_current"});
  facts.info->mutable_routing_config()->set_ramping_version_percentage(5);
  EXPECT_EQ(found(), ids{});
}

TEST_F(the_doctor, misses_task_queues) {
  v1().queues.clear();
  EXPECT_EQ(found(), ids{"problem version_without_queues"});
  EXPECT_HAS(only().mend, "that invokes it again");
  v1() = version("v1", false);
  v1().queues.clear();
  EXPECT_EQ(found(), ids{"problem version_without_queues"});
  EXPECT_EQ(only().mend, "start a worker of this version");
}

TEST_F(the_doctor, misses_whoever_starts_workers) {
  v1() = version("v1", false);
  EXPECT_EQ(found(), ids{"problem nobody_starts_workers"});
  orders().pollers.push_back(poller("v1", 5min));
  EXPECT_EQ(found(), ids{"problem nobody_starts_workers"}) << "it has left";
}

TEST_F(the_doctor, tells_what_server_cannot_start_workers) {
  facts.server_scales = false;
  facts.server_version = "1.29.1";
  EXPECT_EQ(found(), ids{"problem server_starts_no_workers"});
  EXPECT_HAS(only().what, "1.29.1");
  EXPECT_HAS(only().mend, "rondo controller");
}

TEST_F(the_doctor, tells_what_the_provider_said) {
  v1().validation_error = "default: Could not instantiate compute provider with type 'aws-lambda'";
  EXPECT_EQ(found(), ids{"problem provider_not_enabled"});
  EXPECT_HAS(only().mend, "workercontroller.compute_providers.enabled");
  v1().validation_error = "default: AccessDenied";
  EXPECT_EQ(found(), ids{"problem compute_failed"});
  EXPECT_HAS(only().what, "AccessDenied");
  v1().validation_error.clear();
  v1().summary.mutable_compute_status()->mutable_provider_validation()->set_error_message("throttled");
  EXPECT_EQ(found(), ids{"warning compute_failed_before"});
  EXPECT_HAS(only().what, "throttled");
}

TEST_F(the_doctor, finds_work_that_nobody_takes) {
  orders().backlog = 1;
  EXPECT_EQ(found(), ids{"problem workers_not_started"});
  EXPECT_HAS(only().what, "work for version 'shop:v1' waits in task queue 'orders' (1 task), and no worker polls");
  EXPECT_HAS(only().mend, "workercontroller.enabled");
  v1().validation_error = "AccessDenied";
  EXPECT_EQ(found(), (ids{"problem compute_failed", "problem backlog_without_worker"}));
}

TEST_F(the_doctor, warns_of_work_that_waits_beside_workers) {
  orders().backlog = 4;
  orders().backlog_age = 9s;
  orders().pollers.push_back(poller("v1"));
  EXPECT_EQ(found(), ids{});
  orders().backlog_age = 31500ms;
  EXPECT_EQ(found(), ids{"warning work_waits_long"});
  EXPECT_HAS(only().what, "waits in task queue 'orders' for 31s, although workers poll it");
  orders().pollers = {poller("v1", 5min)};
  EXPECT_EQ(found(), ids{"problem workers_not_started"});
}

TEST_F(the_doctor, finds_workers_that_are_another_version) {
  orders().pollers.push_back(poller("v0"));
  EXPECT_EQ(found(), ids{"problem build_id_mismatch"});
  EXPECT_HAS(only().what, "is polled by a worker of 'shop:v0' (worker-v0)");
  orders().pollers = {poller("")};
  EXPECT_EQ(found(), ids{"problem build_id_mismatch"});
  EXPECT_HAS(only().what, "an unversioned worker");
  orders().pollers = {poller("v0"), poller("v1")};
  EXPECT_EQ(found(), ids{}) << "the right one is there too";
  orders().pollers = {poller("v0", 5min)};
  EXPECT_EQ(found(), ids{}) << "the other one has left";
  auto draining = version("v0");
  draining.summary.set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING);
  draining.queues.front().pollers = {poller("v0")};
  facts.versions.push_back(draining);
  orders().pollers = {poller("v0")};
  EXPECT_EQ(found(), ids{}) << "it works on workflows of its own";
}

TEST_F(the_doctor, warns_of_workflows_that_stay_behind) {
  auto draining = version("v0", false);
  draining.summary.set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING);
  facts.versions.push_back(draining);
  EXPECT_EQ(found(), ids{"warning draining_without_worker"});
  facts.versions.back().queues.front().pollers.push_back(poller("v0"));
  EXPECT_EQ(found(), ids{});
  facts.versions.back() = version("v0", false);
  EXPECT_EQ(found(), ids{}) << "versions that were never used need nobody";
}

TEST_F(the_doctor, looks_at_queues_without_versions) {
  facts.deployment.clear();
  facts.info.reset();
  facts.versions.clear();
  facts.queues.push_back({.name = "plain", .type = enums::TASK_QUEUE_TYPE_ACTIVITY, .backlog = 2});
  EXPECT_EQ(found(), ids{"problem backlog_without_worker"});
  facts.queues.front().pollers.push_back(poller("", 2min));
  EXPECT_EQ(found(), ids{"problem backlog_without_worker"});
  facts.queues.front().pollers.push_back(poller(""));
  EXPECT_EQ(found(), ids{});
  facts.queues.front().backlog_age = 10s;
  EXPECT_EQ(found(), ids{"warning work_waits_long"});
}

TEST_F(the_doctor, says_nothing_twice) {
  orders().backlog = 1;
  facts.queues.push_back(orders());
  EXPECT_EQ(found(), ids{"problem workers_not_started"});
  facts.queues.back().type = enums::TASK_QUEUE_TYPE_ACTIVITY;
  EXPECT_EQ(found(), (ids{"problem workers_not_started", "problem backlog_without_worker"}));
}

TEST_F(the_doctor, checks_the_times_of_a_function) {
  const auto with = [this](told_facts told) {
    facts.told = told;
    return found();
  };
  EXPECT_EQ(with({.timeout = 60s}), ids{});
  EXPECT_EQ(with({.timeout = 3s}), ids{"problem timeout_too_short"});
  EXPECT_EQ(with({.timeout = 8s}), ids{"problem timeout_too_short"});
  EXPECT_EQ(with({.timeout = 8001ms}), ids{"warning timeout_is_short"});
  EXPECT_EQ(with({.timeout = 12s}), ids{});
  EXPECT_EQ(with({.timeout = 12s, .shutdown_buffer = 11s}), ids{"problem timeout_too_short"});
  EXPECT_EQ(with({.timeout = 15min}), ids{});
  EXPECT_EQ(with({.timeout = 16min}), ids{"problem timeout_too_long"});
  EXPECT_EQ(with({.timeout = 60s, .stop_timeout = 10s, .shutdown_buffer = 9s}), ids{"problem limits_contradict"});
  EXPECT_EQ(with({.longest_activity = 5s}), ids{});
  EXPECT_EQ(with({.longest_activity = 6s}), ids{"warning activities_outlive_stop"});
  EXPECT_EQ(with({.timeout = 60s, .longest_activity = 53s}),
            (ids{"problem activity_outlives_timeout", "warning activities_outlive_stop"}));
  facts.told = {.timeout = 3s};
  EXPECT_HAS(only().what, "of a timeout of 3s, 7s are kept for the end: 0s are left for work");
  EXPECT_HAS(only().mend, "--timeout 67");
}

TEST_F(the_doctor, warns_of_repeated_invocations) {
  facts.told.retry_attempts = 2;
  EXPECT_EQ(found(), ids{"warning function_is_repeated"});
  facts.told.retry_attempts = 0;
  EXPECT_EQ(found(), ids{});
}

TEST_F(the_doctor, compares_clocks) {
  facts.clock = clock_reading{4s, 0s};
  EXPECT_EQ(found(), ids{});
  facts.clock = clock_reading{-6s, 100ms};
  EXPECT_EQ(found(), ids{"warning clocks_differ"});
  EXPECT_HAS(only().what, "the clock here is 6s ahead of the server's");
  facts.clock = clock_reading{6s, 2s};
  EXPECT_EQ(found(), ids{}) << "it may be the way to the server";
  facts.clock = clock_reading{5min, 100ms};
  EXPECT_EQ(found(), ids{"problem clocks_differ"});
  EXPECT_HAS(only().what, "5m0s behind the server's");
}

TEST_F(the_doctor, writes_what_it_found) {
  facts.server_scales = false;
  EXPECT_HAS(findings_text(facts, findings()), "PROBLEM  version 'shop:v1' has a compute provider");
  EXPECT_HAS(findings_text(facts, findings()), "\n    why:  nobody calls");
  EXPECT_HAS(findings_text(facts, findings()),
             "Looked at server 1.32.0, deployment 'shop', 1 version, 1 task queue: 1 problem, 0 warnings\n");
  EXPECT_HAS(findings_json(facts, findings()), R"({"ok":false,"examined":"server 1.32.0, )");
  EXPECT_HAS(findings_json(facts, findings()), R"("severity":"problem","id":"server_starts_no_workers")");
  EXPECT_HAS(findings_json(facts, {}), R"({"ok":true,)");
  EXPECT_HAS(findings_text(facts, {}), "all is well");
}

TEST_F(the_doctor, names_things_as_a_shell_takes_them) {
  EXPECT_EQ(shell_word("orders-1.2"), "orders-1.2");
  EXPECT_EQ(shell_word("my orders"), "'my orders'");
  EXPECT_EQ(shell_word("it's; rm"), R"('it'\''s; rm')");
  EXPECT_EQ(shell_word(""), "''");
  facts.deployment = "a b\n$(x)";
  make_current("");
  EXPECT_EQ(only().mend, "rondo worker deployment set-current -d 'a b\n$(x)' --build-id v1");
  EXPECT_EQ(findings_text(facts, findings()).find("\n$(x)"), std::string::npos) << "one line each";
}

}  // namespace doctor_test
}  // namespace rondo::tools
