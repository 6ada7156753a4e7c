#include "rondo/client/schedules.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "fixture.hpp"
#include "rondo/workflow.hpp"

namespace rondo::test::schedules_test {

using namespace std::chrono_literals;

class greeting {
 public:
  task<std::string> run(std::string name) { co_return "hello " + name; }
};

class schedules : public official_server_test {
 protected:
  std::string id = "schedule-" + detail::random_uuid();
  schedule_client server{client};

  /// Acts once in a long time, unless a test makes it act.
  schedule rarely() const {
    schedule made;
    made.spec.intervals = {{.every = 24h * 365}};
    made.action = start_workflow_action<greeting>({.id = id, .task_queue = queue}, "Ada");
    return made;
  }
  registry app() const {
    registry all;
    all.workflow<greeting>();
    return all;
  }
  /// Describes the schedule until the description is as wanted.
  template <class Predicate>
  schedule_description describe_until(Predicate holds) const {
    schedule_description found;
    EXPECT_TRUE(eventually([&] {
      found = server.get(id).describe().get();
      return holds(found);
    }));
    return found;
  }
};

TEST_F(schedules, LiveFromCreateToRemove) {
  running_worker worker(app(), options());
  payload_map memo;
  memo["colour"] = {.metadata = {{"encoding", "json/plain"}}, .data = "\"red\""};
  schedule what = rarely();
  what.policies.overlap = schedule_overlap::allow_all;
  what.state.note = "made by a test";
  const auto handle = server.create(id, what, {.memo = memo, .trigger_immediately = true}).get();
  EXPECT_THROW((void)server.create(id, what).get(), schedule_already_exists);

  auto found = describe_until([](const auto& now) { return now.recent_actions.size() == 1; });
  EXPECT_EQ(found.action_count, 1);
  EXPECT_EQ(found.schedule.state.note, "made by a test");
  EXPECT_EQ(found.schedule.policies.overlap, schedule_overlap::allow_all);
  EXPECT_EQ(found.schedule.spec.intervals, what.spec.intervals);
  EXPECT_EQ(found.schedule.action.workflow_type(), "greeting");
  EXPECT_EQ(found.memo.at("colour").data, "\"red\"");
  EXPECT_FALSE(found.next_action_times.empty());
  const auto& started = found.recent_actions.at(0).workflow;
  EXPECT_TRUE(started.workflow_id.starts_with(id + "-")) << started.workflow_id;
  EXPECT_EQ(client.get_workflow_handle<greeting>(started.workflow_id).result().get(), "hello Ada");

  handle.trigger().get();
  describe_until([](const auto& now) { return now.recent_actions.size() == 2; });

  handle.pause("holiday").get();
  found = describe_until([](const auto& now) { return now.schedule.state.paused; });
  EXPECT_EQ(found.schedule.state.note, "holiday");
  handle.unpause().get();
  found = describe_until([](const auto& now) { return !now.schedule.state.paused; });
  EXPECT_EQ(found.schedule.state.note, "unpaused by " + client.identity());

  handle.remove().get();
  EXPECT_TRUE(eventually([&] {
    try {
      (void)handle.describe().get();
      return false;
    } catch (const not_found&) {
      return true;
    }
  }));
}

TEST_F(schedules, FillsInThePast) {
  running_worker worker(app(), options());
  schedule what = rarely();
  what.spec.intervals = {{.every = 1min}};
  what.policies.overlap = schedule_overlap::allow_all;
  what.state.paused = true;
  const auto handle = server.create(id, what).get();
  const server_time noon = std::chrono::sys_days(std::chrono::year(2024) / 3 / 1) + 12h;
  EXPECT_EQ(handle.matching_times(noon, noon + 150s).get(), (std::vector<server_time>{noon + 1min, noon + 2min}));
  handle.backfill({.from = noon, .to = noon + 150s, .overlap = schedule_overlap::allow_all}).get();
  const auto found = describe_until([](const auto& now) { return now.recent_actions.size() >= 2; });
  std::vector<server_time> moments;
  for (const auto& each : found.recent_actions) moments.push_back(each.scheduled_time.value());
  EXPECT_NE(std::find(moments.begin(), moments.end(), noon + 1min), moments.end());
  EXPECT_NE(std::find(moments.begin(), moments.end(), noon + 2min), moments.end());
  handle.remove().get();
}

TEST_F(schedules, KeepWhatAnUpdateDoesNotChange) {
  running_worker worker(app(), options());
  schedule what = rarely();
  what.spec.intervals.clear();
  what.spec.cron = {"30 8 * * MON-FRI"};
  what.spec.timezone = "Europe/Berlin";
  const auto handle = server.create(id, what).get();
  handle
      .update([](schedule_description& now) {
        now.schedule.state.note = "changed";
        now.schedule.policies.overlap = schedule_overlap::buffer_one;
        return true;
      })
      .get();
  const auto found = describe_until([](const auto& now) { return now.schedule.state.note == "changed"; });
  EXPECT_EQ(found.schedule.policies.overlap, schedule_overlap::buffer_one);
  ASSERT_EQ(found.schedule.spec.calendars.size(), 1U);
  EXPECT_EQ(found.schedule.spec.calendars[0].hour, (std::vector<schedule_range>{{.start = 8, .end = 8, .step = 1}}));
  EXPECT_EQ(found.schedule.spec.timezone, "Europe/Berlin");
  EXPECT_EQ(found.schedule.action.arguments().at(0).data, "\"Ada\"");
  handle
      .update([](schedule_description& now) {
        now.schedule.action.set_arguments("Grace");
        return true;
      })
      .get();
  describe_until([](const auto& now) { return now.schedule.action.arguments().at(0).data == "\"Grace\""; });
  handle.trigger().get();
  const auto acted = describe_until([](const auto& now) { return !now.recent_actions.empty(); });
  EXPECT_EQ(client.get_workflow_handle<greeting>(acted.recent_actions[0].workflow.workflow_id).result().get(),
            "hello Grace");
  handle.remove().get();
}

TEST_F(schedules, AreListed) {
  const schedule what = rarely();
  const auto handle = server.create(id, what).get();
  const auto listed = [&] {
    for (const auto& each : server.list({}, {.page_size = 1})) {
      if (each.id == id) return each.workflow_type == "greeting";
    }
    return false;
  };
  EXPECT_TRUE(eventually(listed));
  handle.remove().get();
}

TEST_F(schedules, SayWhatIsWrong) {
  schedule bad = rarely();
  bad.spec.cron = {"no cron at all"};
  EXPECT_THROW((void)server.create(id, bad).get(), invalid_argument);
  EXPECT_THROW((void)server.get(id).describe().get(), not_found);
  EXPECT_THROW(server.get(id).trigger().get(), not_found);
}

}  // namespace rondo::test::schedules_test
