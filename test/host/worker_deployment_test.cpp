#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "host/worker_fixture.hpp"
#include "rondo/activity.hpp"

namespace worker_deployment_test {

using namespace rondo::test;
namespace workflow = rondo::workflow;
using rondo::versioning_behavior;
using poll = service::PollWorkflowTaskQueueRequest;
using activity_poll = service::PollActivityTaskQueueRequest;

class stays {
 public:
  static constexpr auto versioning_behavior = rondo::versioning_behavior::pinned;
  rondo::task<> run() { co_return; }
};
class moves_on {
 public:
  static constexpr auto versioning_behavior = rondo::versioning_behavior::auto_upgrade;
  rondo::task<> run() { co_return; }
};
class says_nothing {
 public:
  rondo::task<> run() { co_return; }
};
rondo::task<> silent_function() { co_return; }
rondo::task<> throws_up() {
  throw std::runtime_error("a bug");
  co_return;
}
int works() { return 1; }
void breaks() { throw std::runtime_error("broken"); }
void until_cancelled() {
  rondo::activity::heartbeat();
  while (!rondo::activity::stop_token().stop_requested()) std::this_thread::yield();
  rondo::activity::throw_if_cancelled();
}

class worker_deployment : public worker_test {
 protected:
  static rondo::worker_options versioned(versioning_behavior behavior = versioning_behavior::unspecified) {
    auto made = options();
    made.deployment = {.version = {"shop", "v2"}, .default_behavior = behavior};
    return made;
  }
  /// What a run of the type says of itself with its first completion.
  completion first_completion(const std::string& type) {
    const auto before = completions();
    add_run(type, history_builder(type)).offer();
    EXPECT_TRUE(until([&] { return completions() == before + 1 && idle(); }));
    return last_completion();
  }
  static service::PollActivityTaskQueueResponse activity_task(const std::string& type) {
    service::PollActivityTaskQueueResponse made;
    made.set_task_token("token-" + type);
    made.mutable_activity_type()->set_name(type);
    made.mutable_workflow_execution()->set_workflow_id("w");
    return made;
  }
  /// Runs the activity to its report, which must be of this kind.
  template <class Report>
  Report report_of(const std::string& type) {
    server.give(queue::activity, activity_task(type));
    EXPECT_TRUE(until([&] { return server.count<Report>() > 0 && idle(); }));
    const auto seen = server.seen<Report>();
    return seen.empty() ? Report() : seen.back();
  }
  template <class Message>
  static void expect_version(const Message& message) {
    const auto& told = message.deployment_options();
    EXPECT_EQ(told.deployment_name(), "shop") << message.GetTypeName();
    EXPECT_EQ(told.build_id(), "v2") << message.GetTypeName();
    EXPECT_EQ(told.worker_versioning_mode(), enums::WORKER_VERSIONING_MODE_VERSIONED) << message.GetTypeName();
  }
  /// The text with which a worker refuses to be made; empty when it is made.
  std::string refusal_of(const rondo::registry& app, rondo::worker_options how) {
    try {
      const rondo::worker made(rondo::client::over(server.connection), app, std::move(how));
    } catch (const std::invalid_argument& refused) {
      return refused.what();
    }
    return {};
  }
  void expect_refused(const rondo::registry& app, rondo::worker_options how, const std::string& part) {
    const auto text = refusal_of(app, std::move(how));
    EXPECT_NE(text.find(part), text.npos) << text;
  }
};

TEST_F(worker_deployment, every_poll_says_the_version) {
  rondo::registry app;
  start(app.workflow<stays>().activity<works>(), versioned());
  EXPECT_EQ(server.count<poll>(), 2U);
  for (const auto& each : server.seen<poll>()) expect_version(each);
  EXPECT_EQ(server.count<activity_poll>(), 2U);
  for (const auto& each : server.seen<activity_poll>()) expect_version(each);
}

TEST_F(worker_deployment, completions_say_the_version_and_what_becomes_of_the_run) {
  rondo::registry app;
  app.workflow<stays>().workflow<moves_on>().workflow<says_nothing>().workflow<silent_function>();
  app.workflow<stays>({.name = "renamed", .versioning_behavior = versioning_behavior::auto_upgrade});
  app.workflow<silent_function>({.name = "told", .versioning_behavior = versioning_behavior::pinned});
  start(app, versioned(versioning_behavior::auto_upgrade));
  const auto behavior_of = [&](const std::string& type) {
    const auto done = first_completion(type);
    expect_version(done);
    return done.versioning_behavior();
  };
  EXPECT_EQ(behavior_of("stays"), enums::VERSIONING_BEHAVIOR_PINNED);
  EXPECT_EQ(behavior_of("moves_on"), enums::VERSIONING_BEHAVIOR_AUTO_UPGRADE);
  EXPECT_EQ(behavior_of("says_nothing"), enums::VERSIONING_BEHAVIOR_AUTO_UPGRADE);
  EXPECT_EQ(behavior_of("silent_function"), enums::VERSIONING_BEHAVIOR_AUTO_UPGRADE);
  EXPECT_EQ(behavior_of("renamed"), enums::VERSIONING_BEHAVIOR_AUTO_UPGRADE) << "what the registry says wins";
  EXPECT_EQ(behavior_of("told"), enums::VERSIONING_BEHAVIOR_PINNED);
}

rondo::task<std::string> any_type(std::string type, rondo::payload_list /*arguments*/) { co_return type; }
rondo::dynamic_workflow_settings by_type(std::string_view type) noexcept {
  if (type.starts_with("Long")) return {.versioning_behavior = rondo::versioning_behavior::auto_upgrade};
  return {};
}

TEST_F(worker_deployment, a_workflow_for_any_type_may_decide_by_the_type) {
  rondo::registry app;
  app.workflow<stays>().dynamic_workflow<any_type>(
      {.versioning_behavior = rondo::versioning_behavior::pinned, .settings = by_type});
  start(app, versioned());
  EXPECT_EQ(first_completion("LongOrder").versioning_behavior(), enums::VERSIONING_BEHAVIOR_AUTO_UPGRADE);
  EXPECT_EQ(first_completion("Order").versioning_behavior(), enums::VERSIONING_BEHAVIOR_PINNED);
}

TEST_F(worker_deployment, types_that_nobody_decides_for_are_not_run) {
  rondo::registry app;
  start(app.workflow<stays>().dynamic_workflow<any_type>({.settings = by_type}), versioned());
  EXPECT_EQ(first_completion("LongOrder").versioning_behavior(), enums::VERSIONING_BEHAVIOR_AUTO_UPGRADE);
  auto& run = add_run("undecided", history_builder("Order"));
  run.offer();
  ASSERT_TRUE(until([this] { return failed_tasks() == 1; }));
  EXPECT_NE(last_failed().failure().message().find("'Order' does not say"), std::string::npos);
}

TEST_F(worker_deployment, failed_tasks_and_reports_of_activities_say_the_version) {
  rondo::registry app;
  app.workflow<throws_up>().activity<works>().activity<breaks>().activity<until_cancelled>();
  using beat = service::RecordActivityTaskHeartbeatRequest;
  server.answer<beat, service::RecordActivityTaskHeartbeatResponse>([](const beat&, auto& answer) {
    answer.set_cancel_requested(true);
    return rondo::rpc_status();
  });
  start(app, versioned(versioning_behavior::pinned));
  add_run("a", history_builder("throws_up")).offer();
  ASSERT_TRUE(until([&] { return failed_tasks() == 1 && idle(); }));
  expect_version(last_failed());
  expect_version(report_of<service::RespondActivityTaskCompletedRequest>("works"));
  expect_version(report_of<service::RespondActivityTaskFailedRequest>("breaks"));
  expect_version(report_of<service::RespondActivityTaskCanceledRequest>("until_cancelled"));
}

TEST_F(worker_deployment, a_worker_that_does_not_use_versions_only_names_its_own) {
  auto how = versioned();
  how.deployment.use_versioning = false;
  rondo::registry app;
  start(app.workflow<says_nothing>().workflow<stays>(), how);
  const auto done = first_completion("stays");
  EXPECT_EQ(done.versioning_behavior(), enums::VERSIONING_BEHAVIOR_UNSPECIFIED);
  EXPECT_EQ(done.deployment_options().deployment_name(), "shop");
  EXPECT_EQ(done.deployment_options().worker_versioning_mode(), enums::WORKER_VERSIONING_MODE_UNVERSIONED);
  EXPECT_EQ(server.seen<poll>().front().deployment_options().worker_versioning_mode(),
            enums::WORKER_VERSIONING_MODE_UNVERSIONED);
}

TEST_F(worker_deployment, a_build_id_alone_is_no_version) {
  auto how = options();
  how.build_id = "b7";
  rondo::registry app;
  start(app.workflow<stays>(), how);
  const auto done = first_completion("stays");
  EXPECT_EQ(done.versioning_behavior(), enums::VERSIONING_BEHAVIOR_UNSPECIFIED);
  for (const auto& told : {done.deployment_options(), server.seen<poll>().front().deployment_options()}) {
    EXPECT_EQ(told.build_id(), "b7");
    EXPECT_EQ(told.deployment_name(), "");
    EXPECT_EQ(told.worker_versioning_mode(), enums::WORKER_VERSIONING_MODE_UNSPECIFIED);
  }
  stop();
  start(app, options());
  EXPECT_FALSE(server.seen<poll>().back().has_deployment_options());
}

TEST_F(worker_deployment, names_the_workflows_that_do_not_say_what_becomes_of_their_runs) {
  rondo::registry app;
  app.workflow<says_nothing>().workflow<stays>().workflow<silent_function>().activity<works>();
  expect_refused(app, versioned(), "move on: says_nothing, silent_function; ");
  EXPECT_EQ(refusal_of(app, versioned(versioning_behavior::pinned)), "");
  auto activities_alone = versioned();
  activities_alone.activity_only = true;
  EXPECT_EQ(refusal_of(app, activities_alone), "");
}

TEST_F(worker_deployment, refuses_versions_that_cannot_be) {
  rondo::registry app;
  app.workflow<stays>();
  auto how = versioned();
  how.deployment.version.build_id.clear();
  expect_refused(app, how, "needs both deployment_name and build_id; given are 'shop' and ''");
  how.deployment.version = {"", "v2"};
  expect_refused(app, how, "needs both");
  how.deployment.version = {"shop.eu", "v2"};
  expect_refused(app, how, "deployment_name 'shop.eu' contains '.'");
  how.deployment.version = {"shop:eu", "v2"};
  expect_refused(app, how, "contains ':'");
  how = versioned();
  how.build_id = "other";
  expect_refused(app, how, "build_id 'other' and deployment.version.build_id 'v2' differ");
  how = options();
  how.deployment.default_behavior = versioning_behavior::pinned;
  expect_refused(app, how, "default_behavior needs a deployment.version");
}

}  // namespace worker_deployment_test
