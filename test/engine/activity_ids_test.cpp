#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/meddlers.hpp"
#include "engine/script.hpp"
#include "rondo/interceptor.hpp"
#include "rondo/workflow.hpp"

using lines = std::vector<std::string>;

// Ids of activities that code gives itself, beside those that a run counts up.
namespace activity_ids_test {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace workflow = rondo::workflow;
using rondo::activity_options;
using rondo::cancellation_type;

int charge(int cents);
constexpr activity_options automatic{.start_to_close_timeout = 5s};
constexpr activity_options two{.start_to_close_timeout = 5s, .activity_id = "2"};
constexpr activity_options one_named{.start_to_close_timeout = 5s, .activity_id = "1"};
constexpr activity_options left_behind{
    .start_to_close_timeout = 5s, .cancellation = cancellation_type::abandon, .activity_id = "2"};

/// What a call says that is refused.
template <const activity_options& Options>
rondo::task<std::string> refusal_of_call() {
  try {
    co_await workflow::execute_activity<charge>(Options, 0);
  } catch (const std::invalid_argument& error) {
    co_return error.what();
  }
  co_return "taken";
}
const std::string refused = R"(activity "charge": activity "charge" (id "2") is still open, and no two open )"
                            "activities may have the same id";

rondo::task<> automatic_meets_given() {
  auto first = workflow::execute_activity<charge>(two, 1).start();
  co_await workflow::execute_activity<charge>(automatic, 2);
}
rondo::task<std::string> catches() {
  auto first = workflow::execute_activity<charge>(two, 1).start();
  const std::string counted = co_await refusal_of_call<automatic>();
  const std::string given = co_await refusal_of_call<two>();
  const int paid = co_await std::move(first);
  const int next = co_await workflow::execute_activity<charge>(automatic, paid);
  const int last = co_await workflow::execute_activity<charge>(two, next);
  co_return counted + "; " + given + "; " + std::to_string(last);
}
rondo::task<std::string> given_meets_automatic() {
  auto first = workflow::execute_activity<charge>(automatic, 1).start();
  const std::string told = co_await refusal_of_call<one_named>();
  co_await std::move(first);
  co_return told;
}
/// Nobody waits for the first any more, but the server still knows it.
template <const activity_options& Options>
rondo::task<std::string> cancelled_is_open() {
  auto first = workflow::execute_activity<charge>(Options, 1).start();
  co_await workflow::sleep(1s);
  first.cancel();
  const std::string told = co_await refusal_of_call<two>();
  const auto ended = co_await workflow::as_result(std::move(first));
  co_await workflow::sleep(1s);
  co_return ended ? "not cancelled" : told;
}
rondo::task<> never_sent_is_not_open() {
  auto first = workflow::execute_activity<charge>(two, 1).start();
  first.cancel();
  const auto ended = co_await workflow::as_result(std::move(first));
  if (!ended) co_await workflow::execute_activity<charge>(two, 2);
}

rondo::registry app() {
  rondo::registry made;
  made.workflow<automatic_meets_given>().workflow<catches>().workflow<given_meets_automatic>();
  made.workflow<cancelled_is_open<two>>("cancelled").workflow<cancelled_is_open<left_behind>>("abandoned");
  made.workflow<never_sent_is_not_open>();
  return made;
}
history_builder& end(history_builder& h, std::string_view value) {
  const auto scheduled = h.last(enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED);
  return h.activity_started(scheduled).activity_completed(scheduled, value);
}

TEST(activity_ids, of_open_activities_do_not_clash) {
  engine_driver driver(app(), history_builder("automatic_meets_given"));
  EXPECT_EQ(driver.task(), lines{"not completed: " + refused + ": a call without one gets the next number of the run"});
  EXPECT_EQ(driver.last.kind, engine::step_kind::failed) << "the task, so that the code can be mended";
}

TEST(activity_ids, that_clash_are_refused_in_every_replay) {
  const auto got =
      play_everywhere({app(),
                       history_builder("catches"),
                       {[](auto& h) { end(h, "10"); }, [](auto& h) { end(h, "20"); }, [](auto& h) { end(h, "30"); }}});
  EXPECT_EQ(got,
            (transcript{{"activity 2 charge(1)"},
                        {"activity 2 charge(10)"},
                        {"activity 2 charge(20)"},
                        {"complete (\"" + std::string(R"(activity \"charge\": activity \"charge\" (id \"2\") is )") +
                         "still open, and no two open activities may have the same id: a call without one gets "
                         R"(the next number of the run; activity \"charge\": activity \"charge\" (id \"2\") is )"
                         "still open, and no two open activities may have the same id; 30\")"}}));
}

TEST(activity_ids, may_be_given_again_only_when_they_are_free) {
  for (const char* which : {"given_meets_automatic", "cancelled", "abandoned"}) {
    engine_driver driver(app(), history_builder(which));
    driver.task();
    const bool cancels = which != std::string_view("given_meets_automatic");
    if (cancels) {
      driver.history.timer_fired(driver.history.last(enums::EVENT_TYPE_TIMER_STARTED));
      driver.task();
      driver.history.timer_fired(driver.history.last(enums::EVENT_TYPE_TIMER_STARTED));
    } else {
      end(driver.history, "1");
    }
    const auto last = driver.task();
    ASSERT_EQ(last.size(), 1U) << which;
    EXPECT_NE(last.at(0).find("is still open"), std::string::npos) << which << " " << last.at(0);
  }
  const auto got = play_everywhere({app(), history_builder("never_sent_is_not_open"), {[](auto& h) { end(h, "1"); }}});
  EXPECT_EQ(got, (transcript{{"activity 2 charge(2)"}, {"complete ()"}}));
}

// The server may have known of the end of the first one already when it took the second.
TEST(activity_ids, that_clash_in_a_history_of_before_are_taken) {
  engine_driver driver(app(), history_builder("automatic_meets_given"));
  driver.run_options.server_keeps_flags = false;
  EXPECT_EQ(driver.task(), (lines{"activity 2 charge(1)", "activity 2 charge(2)"}));
  end(driver.history, "1");
  driver.run_options.server_keeps_flags = true;
  driver.evict();
  EXPECT_EQ(driver.task(), lines{"complete ()"});
}

class activity_ids_seen : public intercepted_runs {};

TEST_F(activity_ids_seen, are_looked_at_as_interceptors_leave_them) {
  lines answered;
  outer.call = [](rondo::workflow_call& call) { call.activity->activity_id = "2"; };
  outer.answer = [&](rondo::workflow_answer& answer) { answered.emplace_back(answer.name); };
  drive(app(), history_builder("given_meets_automatic"));
  EXPECT_EQ(next(), lines{"activity 2 charge(1)"});
  complete_activity("1");
  EXPECT_EQ(next().size(), 1U);
  EXPECT_EQ(answered, lines{"charge"}) << "the refused one has no end";
}

}  // namespace activity_ids_test
