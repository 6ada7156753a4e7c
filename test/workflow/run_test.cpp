#include "rondo/workflow.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "rondo/registry.hpp"
#include "support/fake_host.hpp"

using namespace std::chrono_literals;
namespace workflow = rondo::workflow;
using rondo::test::lines;
using rondo::test::scripted_run;

namespace run_test {

int charge(std::string id, int cents);
bool reserve(std::string sku);
void release(std::string sku);
constexpr rondo::activity_options soon{.start_to_close_timeout = 5s};

class order {
 public:
  rondo::task<std::string> run(std::string id) {
    const bool reserved = co_await workflow::execute_activity<reserve>(soon, id);
    if (!reserved) co_return "out of stock";
    auto paid = co_await workflow::as_result(workflow::execute_activity<charge>(soon, id, 100));
    if (!paid) {
      co_await workflow::shield(workflow::execute_activity<release>(soon, id));
      paid.rethrow();
    }
    co_await workflow::wait_condition([this] { return approved_; });
    co_return "done by " + by_;
  }
  void approve(std::string by) {
    approved_ = true;
    by_ = std::move(by);
  }
  rondo::task<> approve_later(std::string by) {
    co_await workflow::sleep(3s);
    approve(by);
  }
  bool status() const { return approved_; }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&order::approve>, rondo::signal<&order::approve_later>,
                                                   rondo::query<&order::status>("order-status"));

 private:
  bool approved_ = false;
  std::string by_;
};

rondo::task<int> add_up(std::string id) {
  int sum = 0;
  for (int round = 0; round < 3; ++round) sum += co_await workflow::execute_activity<charge>(soon, id, round);
  co_return sum;
}

rondo::task<int> both(std::string id) {
  auto [first, second] = co_await workflow::when_all(workflow::execute_activity<charge>(soon, id, 1),
                                                     workflow::execute_activity<charge>(soon, id, 2));
  co_return first * 10 + second;
}

rondo::task<int> first_of_two(std::string id) {
  auto first = co_await workflow::when_any(workflow::execute_activity<charge>(soon, id, 1), workflow::sleep(60s));
  if (first.index() == 1) co_return -1;
  co_return std::get<0>(first);
}

rondo::task<bool> approval_in_time(std::string id) {
  const auto empty = [&id] { return id.empty(); };
  co_return co_await workflow::wait_condition(empty, 30s);
}

rondo::task<> many(std::string id) {
  std::vector<rondo::workflow::activity_call<int, std::string, int>> calls;
  for (int index = 0; index < 3; ++index) calls.push_back(workflow::execute_activity<charge>(soon, id, index));
  auto results = co_await workflow::when_all(std::move(calls));
  if (results != std::vector<int>{5, 6, 7}) throw std::runtime_error("wrong order");
}

rondo::registry app() {
  return rondo::registry{}
      .workflow<order>()
      .workflow<add_up>()
      .workflow<both>()
      .workflow<first_of_two>()
      .workflow<approval_in_time>()
      .workflow<many>();
}

TEST(run, goes_on_when_activities_resolve) {
  scripted_run run(app(), "add_up");
  run.start("\"o-1\"");
  EXPECT_EQ(run.commands(), (lines{"activity 1 charge(\"o-1\",0)"}));
  run.resolve(1, "10");
  run.resolve(2, "20");
  run.resolve(3, "12");
  EXPECT_EQ(run.commands(), (lines{"activity 1 charge(\"o-1\",0)", "activity 2 charge(\"o-1\",1)",
                                   "activity 3 charge(\"o-1\",2)", "complete 42"}));
}

TEST(run, a_signal_before_the_first_task_runs_before_main) {
  scripted_run run(app(), "order");
  EXPECT_TRUE(run.signal("approve", "\"ada\""));
  run.start("\"o-1\"");
  EXPECT_EQ(run.query("order-status"), "true");
  run.resolve(1, "true");
  run.resolve(2, "1");
  EXPECT_EQ(run.commands().back(), "complete \"done by ada\"");
}

TEST(run, a_signal_wakes_a_condition) {
  scripted_run run(app(), "order");
  run.start("\"o-1\"");
  run.resolve(1, "true");
  run.resolve(2, "1");
  EXPECT_EQ(run.query("order-status"), "false");
  run.signal("approve_later", "\"bob\"");
  run.run();
  EXPECT_EQ(run.commands().back(), "timer 3 3s");
  EXPECT_TRUE(run.instance().unfinished_handlers());
  run.fire(3);
  EXPECT_EQ(run.commands().back(), "complete \"done by bob\"");
  EXPECT_FALSE(run.instance().unfinished_handlers());
}

TEST(run, an_unknown_signal_is_refused_and_an_unknown_query_names_the_known) {
  scripted_run run(app(), "order");
  run.start("\"o-1\"");
  EXPECT_FALSE(run.signal("nobody"));
  try {
    run.query("nobody");
    FAIL() << "no exception";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "Query handler for 'nobody' expected but not found, known queries: [order-status]");
  }
}

TEST(run, a_failed_activity_is_thrown_and_compensated) {
  scripted_run run(app(), "order");
  run.start("\"o-1\"");
  run.resolve(1, "true");
  run.reject(2, std::make_exception_ptr(rondo::application_failure("declined")));
  EXPECT_EQ(run.commands().back(), "activity 3 release(\"o-1\")");
  run.fire(3);
  EXPECT_EQ(run.commands().back(), "fail declined");
}

TEST(run, cancellation_reaches_the_activity_and_shielded_work_goes_on) {
  scripted_run run(app(), "order");
  run.start("\"o-1\"");
  run.resolve(1, "true");
  run.cancel("customer left");
  EXPECT_EQ(run.commands(), (lines{"activity 1 reserve(\"o-1\")", "activity 2 charge(\"o-1\",100)", "cancel 2",
                                   "activity 3 release(\"o-1\")"}));
  run.fire(3);
  EXPECT_EQ(run.commands().back(), "cancelled");
}

TEST(run, cancellation_of_a_condition_throws_there) {
  scripted_run run(app(), "order");
  run.start("\"o-1\"");
  run.resolve(1, "true");
  run.resolve(2, "1");
  run.cancel();
  EXPECT_EQ(run.commands().back(), "cancelled");
}

TEST(when_all, starts_in_index_order_and_keeps_the_order_of_results) {
  scripted_run run(app(), "both");
  run.start("\"x\"");
  EXPECT_EQ(run.commands(), (lines{"activity 1 charge(\"x\",1)", "activity 2 charge(\"x\",2)"}));
  run.resolve(2, "2");
  run.resolve(1, "1");
  EXPECT_EQ(run.commands().back(), "complete 12");
}

TEST(when_all, cancels_the_rest_when_one_fails_and_throws_the_first_failure) {
  scripted_run run(app(), "both");
  run.start("\"x\"");
  run.reject(2, std::make_exception_ptr(rondo::application_failure("second failed")));
  EXPECT_EQ(run.commands(),
            (lines{"activity 1 charge(\"x\",1)", "activity 2 charge(\"x\",2)", "cancel 1", "fail second failed"}));
}

TEST(when_all, takes_a_vector) {
  scripted_run run(app(), "many");
  run.start("\"x\"");
  run.resolve(3, "7");
  run.resolve(2, "6");
  run.resolve(1, "5");
  EXPECT_EQ(run.commands().back(), "complete ");
}

TEST(when_any, the_first_wins_and_the_other_is_cancelled) {
  scripted_run run(app(), "first_of_two");
  run.start("\"x\"");
  run.resolve(1, "9");
  EXPECT_EQ(run.commands(), (lines{"activity 1 charge(\"x\",1)", "timer 2 60s", "cancel 2", "complete 9"}));
}

TEST(when_any, the_timer_may_win) {
  scripted_run run(app(), "first_of_two");
  run.start("\"x\"");
  run.fire(2);
  EXPECT_EQ(run.commands(), (lines{"activity 1 charge(\"x\",1)", "timer 2 60s", "cancel 1", "complete -1"}));
}

TEST(wait_condition, gives_false_when_time_runs_out) {
  scripted_run run(app(), "approval_in_time");
  run.start("\"x\"");
  EXPECT_EQ(run.commands(), (lines{"timer 1 30s"}));
  run.fire(1);
  EXPECT_EQ(run.commands().back(), "complete false");
}

TEST(wait_condition, starts_no_timer_when_it_holds_already) {
  scripted_run run(app(), "approval_in_time");
  run.start("\"\"");
  EXPECT_EQ(run.commands(), (lines{"complete true"}));
}

TEST(run, may_be_evicted_wherever_it_waits) {
  for (int steps = 0; steps < 4; ++steps) {
    scripted_run run(app(), "order");
    if (steps > 0) run.start("\"o-1\"");
    if (steps > 1) run.resolve(1, "true");
    if (steps > 2) run.resolve(2, "1");
    run.signal("approve_later", "\"x\"");
    if (steps % 2 == 0) run.run();
    run.evict();
  }
}

}  // namespace run_test
