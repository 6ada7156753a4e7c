#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

#include "fixture.hpp"
#include "rondo/activity.hpp"
#include "rondo/client/activities.hpp"

// Activities that no workflow calls, which the official servers have since 1.31.
namespace rondo::test::standalone_test {

using namespace std::chrono_literals;

std::string greet(std::string name) { return "hello " + name; }
std::string own_run() { return activity::info().activity_run_id; }
int refuse(std::string why) { throw application_failure(why, {.type = "Refused", .non_retryable = true}); }
std::string ends_elsewhere() { activity::complete_async(); }

/// Fails until somebody opens it.
class gate {
 public:
  std::string pass() {
    if (!open_) throw std::runtime_error("closed");
    return "through";
  }
  void open() { open_ = true; }

 private:
  std::atomic<bool> open_ = false;
};

class standalone : public stock_server_test {
 protected:
  gate the_gate;
  activity_client activities{client};
  const std::string id = "activity-" + detail::random_uuid();

  registry app() {
    registry all;
    all.activity<greet>().activity<own_run>().activity<refuse>().activity<&gate::pass>(the_gate);
    all.activity<ends_elsewhere>();
    return all;
  }
  start_activity_options start_with() const { return {.id = id, .task_queue = queue, .start_to_close_timeout = 20s}; }
  start_activity_options start_with(const retry_policy& retry) const {
    auto options = start_with();
    options.retry = retry;
    return options;
  }
  bool becomes(activity_status wanted) const {
    return eventually([&] { return activities.get(id).describe().get().status == wanted; });
  }
};

TEST_F(standalone, GiveTheirResult) {
  running_worker worker(app(), options());
  EXPECT_EQ(activities.execute<greet>(start_with(), "Ada").get(), "hello Ada");
  const auto found = activities.get(id).describe().get();
  EXPECT_EQ(found.type, "greet");
  EXPECT_EQ(found.status, activity_status::completed);
  EXPECT_EQ(found.attempt, 1);
  EXPECT_EQ(found.settings.task_queue, queue);
  EXPECT_EQ(found.settings.start_to_close_timeout, 20s);
  EXPECT_EQ(activities.get<std::string>(id).result().get(), "hello Ada");
}

TEST_F(standalone, KnowTheirRuns) {
  running_worker worker(app(), options());
  const auto told = activities.execute<own_run>(start_with()).get();
  EXPECT_FALSE(told.empty());
  EXPECT_EQ(told, activities.get(id).describe().get().run_id);
}

TEST_F(standalone, TellHowTheyFailed) {
  running_worker worker(app(), options());
  try {
    (void)activities.execute<refuse>(start_with(), "no").get();
    FAIL() << "nothing was thrown";
  } catch (const activity_failure& error) {
    EXPECT_EQ(error.activity_id(), id);
    try {
      std::rethrow_exception(error.cause());
    } catch (const application_failure& cause) {
      EXPECT_EQ(cause.type(), "Refused");
      EXPECT_STREQ(cause.what(), "no");
    }
  }
  EXPECT_TRUE(becomes(activity_status::failed));
}

TEST_F(standalone, AreCompletedByTheirIds) {
  running_worker worker(app(), options());
  const auto handle = activities.start<ends_elsewhere>(start_with()).get();
  const auto outside = client.activity_handle("", handle.run_id(), id);
  // The server knows of no attempt before the worker has taken it.
  const auto taken = [&outside] {
    try {
      outside.heartbeat("half").get();
      return true;
    } catch (const not_found&) {
      return false;
    }
  };
  ASSERT_TRUE(eventually(taken));
  outside.complete("from outside").get();
  EXPECT_EQ(handle.result().get(), "from outside");
}

TEST_F(standalone, AreNotStartedTwice) {
  const auto first = activities.start<greet>(start_with(), "Ada").get();
  try {
    (void)activities.start<greet>(start_with(), "Ada").get();
    FAIL() << "nothing was thrown";
  } catch (const activity_already_started& error) {
    EXPECT_EQ(error.run_id(), first.run_id());
  }
  auto same = start_with();
  same.conflict = activity_conflict_policy::use_existing;
  EXPECT_EQ(activities.start<greet>(same, "Ada").get().run_id(), first.run_id());
  first.terminate("over").get();
  EXPECT_TRUE(becomes(activity_status::terminated));
  EXPECT_THROW((void)first.result().get(), activity_failure);
}

TEST_F(standalone, AreCancelled) {
  const auto handle = activities.start<greet>(start_with(), "Ada").get();
  handle.cancel("enough").get();
  // No attempt runs that could refuse.
  EXPECT_TRUE(becomes(activity_status::cancelled));
  EXPECT_EQ(handle.describe().get().cancel_reason, "enough");
  try {
    (void)handle.result().get();
    FAIL() << "nothing was thrown";
  } catch (const activity_failure& error) {
    EXPECT_THROW(std::rethrow_exception(error.cause()), cancelled_failure);
  }
}

TEST_F(standalone, AreListedAndCounted) {
  const auto handle = activities.start<greet>(start_with(), "Ada").get();
  const std::string query = "TaskQueue = '" + queue + "'";
  EXPECT_TRUE(eventually([&] { return activities.count(query).get().total == 1; }));
  auto list = activities.list(query);
  const auto first = list.next().get();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->id, id);
  EXPECT_EQ(first->run_id, handle.run_id());
  EXPECT_EQ(first->status, activity_status::running);
  handle.terminate().get();
}

TEST_F(standalone, ArePausedAndReset) {
  running_worker worker(app(), options());
  const auto handle = activities.start<&gate::pass>(start_with({.initial_interval = 1h, .maximum_interval = 1h})).get();
  ASSERT_TRUE(eventually([&] { return handle.describe().get().attempt == 2; }));
  handle.pause("night").get();
  EXPECT_TRUE(becomes(activity_status::paused));
  const auto now = handle.update_options({.start_to_close_timeout = 7s}).get();
  EXPECT_EQ(now.start_to_close_timeout, 7s);
  handle.unpause({.reason = "morning"}).get();
  EXPECT_TRUE(becomes(activity_status::running));
  the_gate.open();
  handle.reset().get();
  EXPECT_EQ(handle.result().get(), "through");
}

TEST_F(standalone, SayWhatIsWrong) {
  const auto nobody = activities.get("no-such-activity");
  EXPECT_THROW((void)nobody.describe().get(), not_found);
  EXPECT_THROW(nobody.cancel().get(), not_found);
  EXPECT_THROW(nobody.result().get(), not_found);
}

}  // namespace rondo::test::standalone_test
