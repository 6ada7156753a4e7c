#include "rondo/client/workflow_commands.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>

#include "fixture.hpp"
#include "rondo/workflow.hpp"

namespace rondo::test::commands_test {

using namespace std::chrono_literals;

/// Fails until somebody makes it succeed.
class stubborn {
 public:
  std::string knock() {
    if (!open_) throw std::runtime_error("closed");
    return "in";
  }
  void open() { open_ = true; }

 private:
  std::atomic<bool> open_ = false;
};

class visitor {
 public:
  task<std::string> run() {
    co_return co_await workflow::execute_activity<&stubborn::knock>(
        {.start_to_close_timeout = 30s,
         .retry = retry_policy{.initial_interval = 1h, .maximum_interval = 1h},
         .activity_id = "door"});
  }
};

class counter {
 public:
  task<int> run() {
    co_await workflow::wait_condition([this] { return total_ >= 3; });
    co_return total_;
  }
  void add(int more) { total_ += more; }
  static constexpr auto handlers = rondo::handlers(signal<&counter::add>);

 private:
  int total_ = 0;
};

class commands : public server_test {
 protected:
  stubborn door;

  registry app() {
    registry all;
    all.workflow<visitor>().workflow<counter>().activity<&stubborn::knock>(door);
    return all;
  }
  /// The activity of a visitor, once it is as wanted.
  template <class Predicate>
  bool door_is(const workflow_handle<visitor>& of, Predicate holds) {
    return eventually([&] {
      const auto found = of.describe().get();
      return found.pending_activities.size() == 1 && holds(found.pending_activities[0]);
    });
  }
};

TEST_F(commands, ResetKeepsSignalsUnlessTold) {
  running_worker worker(app(), options());
  auto handle = client.start_workflow<counter>(start()).get();
  // What comes before the end of the first workflow task stays with it.
  ASSERT_TRUE(eventually([&] { return handle.describe().get().history_length >= 4; }));
  handle.signal<&counter::add>(1).get();
  handle.signal<&counter::add>(2).get();
  EXPECT_EQ(handle.result().get(), 3);
  const auto kept = workflow_commands(client, handle).reset({.to = reset_point::first_workflow_task()}).get();
  EXPECT_NE(kept, handle.run_id());
  EXPECT_EQ(client.get_workflow_handle<counter>(handle.id(), kept).result().get(), 3);

  const auto left_out =
      workflow_commands(client, handle)
          .reset({.to = reset_point::first_workflow_task(), .reason = "test", .leave_out_signals = true})
          .get();
  const auto again = client.get_workflow_handle<counter>(handle.id(), left_out);
  EXPECT_EQ(again.describe().get().status, workflow_status::running);
  again.signal<&counter::add>(7).get();
  EXPECT_EQ(again.result().get(), 7);
}

TEST_F(commands, DeleteAWorkflow) {
  running_worker worker(app(), options());
  const auto handle = client.start_workflow<counter>(start()).get();
  workflow_commands(client, handle).remove().get();
  EXPECT_TRUE(eventually([&] {
    try {
      (void)handle.describe().get();
      return false;
    } catch (const not_found&) {
      return true;
    }
  }));
}

TEST_F(commands, PauseAndUnpauseAnActivity) {
  running_worker worker(app(), options());
  const auto handle = client.start_workflow<visitor>(start()).get();
  ASSERT_TRUE(door_is(handle, [](const auto& activity) { return activity.attempt == 2; }));
  const workflow_commands operate(client, handle);
  operate.pause_activity(activity_selector::by_id("door"), "night").get();
  EXPECT_TRUE(door_is(handle, [](const auto& activity) { return activity.paused; }));
  door.open();
  operate.unpause_activity(activity_selector::by_id("door"), {.reset_attempts = true}).get();
  EXPECT_EQ(handle.result().get(), "in");
}

TEST_F(commands, ResetAnActivity) {
  running_worker worker(app(), options());
  const auto handle = client.start_workflow<visitor>(start()).get();
  ASSERT_TRUE(door_is(handle, [](const auto& activity) { return activity.attempt == 2; }));
  door.open();
  workflow_commands(client, handle).reset_activity(activity_selector::by_id("door")).get();
  EXPECT_EQ(handle.result().get(), "in");
}

TEST_F(commands, ChangeTheOptionsOfAnActivity) {
  running_worker worker(app(), options());
  const auto handle = client.start_workflow<visitor>(start()).get();
  ASSERT_TRUE(door_is(handle, [](const auto& activity) { return activity.attempt == 2; }));
  const auto now =
      workflow_commands(client, handle)
          .update_activity_options(
              activity_selector::by_id("door"),
              {.start_to_close_timeout = 20s, .retry = retry_policy{.initial_interval = 10ms, .maximum_attempts = 7}})
          .get();
  EXPECT_EQ(now.start_to_close_timeout, 20s);
  EXPECT_EQ(now.retry_initial_interval, 10ms);
  EXPECT_EQ(now.retry_maximum_attempts, 7);
  EXPECT_EQ(now.task_queue, queue);
  EXPECT_EQ(failure_of(handle.result()).status(), workflow_status::failed);
}

TEST_F(commands, ChangeTheOptionsOfAWorkflow) {
  const auto handle = client.start_workflow<counter>(start()).get();
  const workflow_commands operate(client, handle);
  const auto pinned = operate.update_options({.versioning = versioning_override::auto_upgrade()}).get();
  EXPECT_EQ(pinned.versioning, versioning_override::kind_type::auto_upgrade);
  const auto freed = operate.update_options({.versioning = versioning_override{}}).get();
  EXPECT_EQ(freed.versioning, versioning_override::kind_type::none);
  handle.terminate().get();
  EXPECT_THROW((void)operate.update_options({.versioning = versioning_override::auto_upgrade()}).get(), rpc_error);
}

TEST_F(commands, SayWhatIsWrong) {
  const workflow_commands nobody(client, "no-such-workflow");
  EXPECT_THROW(nobody.remove().get(), not_found);
  EXPECT_THROW((void)nobody.reset().get(), not_found);
  EXPECT_THROW(nobody.pause_activity(activity_selector::by_id("a")).get(), not_found);
}

/// What servers of 1.32 allow.
class newer_commands : public newer_server_test {};

TEST_F(newer_commands, PauseAWorkflow) {
  registry app;
  app.workflow<counter>();
  running_worker worker(std::move(app), options());
  const auto handle = client.start_workflow<counter>(start()).get();
  const workflow_commands operate(client, handle);
  operate.pause("audit").get();
  EXPECT_TRUE(eventually([&] { return handle.describe().get().status == workflow_status::paused; }));
  operate.unpause("done").get();
  EXPECT_TRUE(eventually([&] { return handle.describe().get().status == workflow_status::running; }));
  handle.signal<&counter::add>(3).get();
  EXPECT_EQ(handle.result().get(), 3);
}

TEST_F(newer_commands, ChangeThePriority) {
  const auto handle = client.start_workflow<counter>(start()).get();
  const auto now = workflow_commands(client, handle)
                       .update_options({.priority = priority{.key = 2, .fairness_key = "tenant", .fairness_weight = 3}})
                       .get();
  EXPECT_EQ(now.priority_key, 2);
  EXPECT_EQ(now.fairness_key, "tenant");
  EXPECT_EQ(now.fairness_weight, 3);
  handle.terminate().get();
}

}  // namespace rondo::test::commands_test
