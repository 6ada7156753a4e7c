#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "rondo/detail/engine/logical_tasks.hpp"
#include "support/history_builder.hpp"

using rondo::detail::engine::logical_task;
using rondo::detail::engine::logical_tasks;
using namespace rondo::test;

namespace logical_tasks_test {

using reading = logical_tasks::reading;

std::string ids(std::span<const HistoryEvent* const> events) {
  std::string text;
  for (const auto* each : events) text += (text.empty() ? "" : " ") + std::to_string(each->event_id());
  return text;
}
std::string text(const logical_task& task) {
  return "[" + ids(task.inbound) + "]" +
         (task.completed == nullptr ? "" : " " + std::to_string(task.completed->event_id())) + " {" +
         ids(task.commands) + "}";
}

/// What a task says of its events is what they are.
void expect_sets_of(const logical_task& task) {
  rondo::detail::engine::event_roles roles;
  for (const auto* each : task.inbound) roles.add(rondo::detail::engine::role_of(each->event_type()));
  EXPECT_EQ(task.roles, roles) << text(task);
  bool records = false;
  for (const auto* each : task.commands) records |= rondo::detail::engine::is_record(each->event_type());
  EXPECT_EQ(task.records, records) << text(task);
}

/// Reads a history whose pages end with the events `cuts`, with an empty page after each; pages die at once.
std::vector<std::string> read(const History& history, std::vector<int> cuts, bool with_open = true) {
  std::vector<std::string> all;
  logical_tasks tasks;
  int next = 0;
  cuts.push_back(history.events_size());
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    const bool last = i + 1 == cuts.size();
    auto page = std::make_unique<History>();
    for (; next < cuts[i]; ++next) *page->add_events() = history.events(next);
    EXPECT_TRUE(tasks.add(page->events(), last));
    logical_task task;
    auto got = tasks.next(task, with_open);
    for (; got == reading::task; got = tasks.next(task, with_open)) {
      expect_sets_of(task);
      all.push_back(text(task));
    }
    EXPECT_EQ(got, last ? reading::end : reading::need_page);
    tasks.keep();
    page.reset();
    if (last) continue;
    EXPECT_TRUE(tasks.add({}, false));
    got = tasks.next(task, with_open);
    EXPECT_EQ(got, reading::need_page);
    tasks.keep();
  }
  all.push_back("rest " + ids(tasks.rest()));
  return all;
}

history_builder rich() {
  history_builder h("w");
  h.failed_task().timed_out_task().task();  // 1, 2-4, 5-7, 8-10
  const auto activity = h.activity_scheduled("1", "a");
  h.timer_started("1");  // 11, 12
  h.signal("s").task();  // 13, 14-16
  h.activity_started(activity).activity_completed(activity, "1");
  h.open_task();               // 17, 18, 19-20
  h.complete_task();           // 21
  h.patch("p", false, false);  // 22
  h.completed("1");            // 23
  return h;
}

TEST(logical_tasks, cut_at_tasks_that_count) {
  const std::vector<std::string> expected = {"[1 2 3 4 5 6 7 8 9] 10 {11 12}", "[13 14 15] 16 {}",
                                             "[17 18 19 20] 21 {22 23}", "rest "};
  EXPECT_EQ(read(rich().history(), {}), expected);
}

TEST(logical_tasks, do_not_depend_on_pages) {
  const auto h = rich();
  const auto expected = read(h.history(), {});
  for (int i = 0; i <= h.last_id(); ++i) {
    for (int j = i; j <= h.last_id(); ++j) EXPECT_EQ(read(h.history(), {i, j}), expected) << i << " " << j;
  }
  std::vector<int> every;
  for (int i = 0; i < h.last_id(); ++i) every.push_back(i);
  EXPECT_EQ(read(h.history(), every), expected);
}

TEST(logical_tasks, end_with_an_open_task_or_leave_it_alone) {
  history_builder h("w");
  h.task().signal("s");
  h.open_task();
  EXPECT_EQ(read(h.history(), {}), (std::vector<std::string>{"[1 2 3] 4 {}", "[5 6 7] {}", "rest "}));
  EXPECT_EQ(read(h.history(), {}, false), (std::vector<std::string>{"[1 2 3] 4 {}", "rest 5 6 7"}));
}

TEST(logical_tasks, give_the_second_part_of_an_open_task_later) {
  history_builder h("w");
  h.open_task();
  logical_tasks tasks;
  logical_task task;
  const History first = h.history();
  ASSERT_TRUE(tasks.add(first.events(), true));
  ASSERT_EQ(tasks.next(task, true), reading::task);
  tasks.drop_rest();
  EXPECT_EQ(tasks.open_task_id(), 3);
  h.complete_task().timer_started("1");
  h.signal("s").open_task();
  const History all = h.history();
  ASSERT_TRUE(tasks.add(all.events(), true)) << "what was seen is passed over";
  ASSERT_EQ(tasks.next(task, true), reading::task);
  EXPECT_EQ(task.started, nullptr);
  EXPECT_EQ(text(task), "[] 4 {5}");
  ASSERT_EQ(tasks.next(task, true), reading::task);
  EXPECT_EQ(text(task), "[6 7 8] {}");
}

TEST(logical_tasks, notice_that_an_open_task_did_not_count) {
  history_builder h("w");
  h.open_task();
  logical_tasks tasks;
  logical_task task;
  const History first = h.history();
  ASSERT_TRUE(tasks.add(first.events(), true));
  ASSERT_EQ(tasks.next(task, true), reading::task);
  h.add(enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT);
  h.open_task();
  const History all = h.history();
  ASSERT_TRUE(tasks.add(all.events(), true));
  EXPECT_EQ(tasks.next(task, true), reading::inconsistent);
}

TEST(logical_tasks, refuse_gaps) {
  history_builder h("w");
  h.task();
  History broken = h.history();
  broken.mutable_events()->DeleteSubrange(1, 1);
  logical_tasks tasks;
  EXPECT_FALSE(tasks.add(broken.events(), true));
}

TEST(logical_tasks, take_back_a_task_that_the_server_dropped) {
  history_builder h("w");
  h.task();
  auto dropped = h;
  dropped.open_task();
  logical_tasks tasks;
  logical_task task;
  ASSERT_TRUE(tasks.add(dropped.history().events(), true));
  ASSERT_EQ(tasks.next(task, true), reading::task);
  ASSERT_EQ(tasks.next(task, true), reading::task);
  tasks.drop_rest();
  tasks.drop_open_task();
  EXPECT_EQ(tasks.open_task_id(), 0);
  h.signal("s").open_task();
  ASSERT_TRUE(tasks.add(h.history().events(), true));
  ASSERT_EQ(tasks.next(task, true), reading::task);
  EXPECT_EQ(text(task), "[5 6 7] {}");
}

}  // namespace logical_tasks_test
