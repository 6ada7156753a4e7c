#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "engine/script.hpp"
#include "rondo/workflow.hpp"

// Nexus operations: what a run asks for, and what becomes of it.
namespace rondo::test::nexus_test {

using namespace std::chrono_literals;
namespace workflow = rondo::workflow;
using lines = std::vector<std::string>;
using cancel_as = rondo::cancellation_type;
using inbound = std::vector<std::function<void(history_builder&)>>;

struct greetings {
  static constexpr std::string_view name = "greetings";
  static constexpr rondo::nexus_operation<std::string, std::string> greet{"greet"};
  static constexpr rondo::nexus_operation<void, void> wave{"wave"};
};
constexpr workflow::nexus_service<greetings> service("hall");

std::string texts_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const rondo::failure& known) {
    return known.message() + (known.cause() ? "; " + texts_of(known.cause()) : "");
  }
}

rondo::task<std::string> greets() {
  auto made = co_await workflow::as_result(service.execute(greetings::greet, {}, "ada"));
  if (made) co_return *made;
  co_return texts_of(made.error()) + (rondo::is_cancellation(made.error()) ? " (cancelled)" : "");
}
transcript play_greets(inbound events) {
  return play_everywhere({rondo::registry().workflow<greets>(), history_builder("greets"), std::move(events)});
}

TEST(nexus_operations, give_their_result_at_once) {
  EXPECT_EQ(play_greets({[](history_builder& h) { h.nexus_completed(5, R"("hello ada")"); }}),
            (transcript{{R"(nexus hall greetings.greet("ada"))"}, {R"(complete ("hello ada"))"}}));
}

TEST(nexus_operations, give_their_result_after_they_have_started) {
  EXPECT_EQ(play_greets({[](history_builder& h) { h.nexus_started(5); },
                         [](history_builder& h) { h.nexus_completed(5, R"("hello ada")"); }}),
            (transcript{{R"(nexus hall greetings.greet("ada"))"}, {}, {R"(complete ("hello ada"))"}}));
}

TEST(nexus_operations, fail_as_they_failed) {
  const auto end_of = [](const std::function<void(history_builder&)>& end) { return play_greets({end}).back().back(); };
  EXPECT_EQ(end_of([](history_builder& h) { h.nexus_failed(5, "broke"); }),
            R"(complete ("nexus operation completed unsuccessfully; broke"))");
  EXPECT_EQ(end_of([](history_builder& h) { h.nexus_timed_out(5); }),
            R"(complete ("nexus operation completed unsuccessfully; operation timed out"))");
  EXPECT_EQ(end_of([](history_builder& h) { h.nexus_started(5).nexus_cancelled(5); }),
            R"_(complete ("nexus operation completed unsuccessfully; operation cancelled (cancelled)"))_");
}

TEST(nexus_operations, fail_with_a_failure_that_stands_alone) {
  const auto got = play_greets({[](history_builder& h) {
    auto& attributes =
        *h.add(enums::EVENT_TYPE_NEXUS_OPERATION_FAILED).mutable_nexus_operation_failed_event_attributes();
    attributes.set_scheduled_event_id(5);
    attributes.mutable_failure()->set_message("not found");
    attributes.mutable_failure()->mutable_nexus_handler_failure_info()->set_type("NOT_FOUND");
  }});
  EXPECT_EQ(got.back(), lines{R"(complete ("Nexus operation failed; not found"))"});
}

rondo::task<std::string> starts() {
  auto handle = co_await service.start(greetings::greet, {}, "ada");
  const std::string token = handle.token();
  const std::string text = co_await handle.result();
  co_return token + "=" + text;
}
TEST(nexus_operations, have_handles_once_they_have_started) {
  const script of{rondo::registry().workflow<starts>(),
                  history_builder("starts"),
                  {[](history_builder& h) { h.nexus_started(5, "t-1"); },
                   [](history_builder& h) { h.nexus_completed(5, R"("hi")"); }}};
  EXPECT_EQ(play_everywhere(of),
            (transcript{{R"(nexus hall greetings.greet("ada"))"}, {}, {R"(complete ("t-1=hi"))"}}));
}
TEST(nexus_operations, that_end_at_once_have_handles_without_a_token) {
  const script of{rondo::registry().workflow<starts>(), history_builder("starts"), {[](history_builder& h) {
                    h.nexus_completed(5, R"("hi")");
                  }}};
  EXPECT_EQ(play_everywhere(of), (transcript{{R"(nexus hall greetings.greet("ada"))"}, {R"(complete ("=hi"))"}}));
}
TEST(nexus_operations, that_fail_at_once_do_not_start) {
  const script of{rondo::registry().workflow<starts>(), history_builder("starts"), {[](history_builder& h) {
                    h.nexus_failed(5, "broke");
                  }}};
  EXPECT_EQ(play_everywhere(of).back(), lines{"fail nexus operation completed unsuccessfully"});
}

rondo::task<> waves() {
  co_await service.execute(greetings::wave, {});
  co_await workflow::execute_nexus<void>({.endpoint = "other", .service = "s", .operation = "o"}, {}, 7);
}
TEST(nexus_operations, may_take_and_give_nothing_and_be_known_by_name_only) {
  const script of{rondo::registry().workflow<waves>(),
                  history_builder("waves"),
                  {[](history_builder& h) { h.nexus_completed(5, "null"); },
                   [](history_builder& h) { h.nexus_completed(10, "null"); }}};
  EXPECT_EQ(play_everywhere(of),
            (transcript{{"nexus hall greetings.wave()"}, {"nexus other s.o(7)"}, {"complete ()"}}));
}

template <rondo::cancellation_type How>
rondo::task<std::string> cancelled_operation() {
  auto made = co_await workflow::as_result(service.execute(greetings::greet, {.cancellation = How}, "ada"));
  if (made) co_return *made;
  co_return texts_of(made.error());
}
template <rondo::cancellation_type How>
transcript cancel(inbound events) {
  rondo::registry from;
  from.workflow<cancelled_operation<How>>("w");
  return play_everywhere({from, history_builder("w"), std::move(events)});
}
const std::string asked = R"(nexus hall greetings.greet("ada"))";
const std::string at_once = R"(complete ("Nexus operation cancelled; Nexus operation cancelled"))";
const std::string in_the_end = R"(complete ("nexus operation completed unsuccessfully; operation cancelled"))";
void start(history_builder& h) { h.nexus_started(5); }
void stop(history_builder& h) { h.cancel_requested("stop"); }

TEST(nexus_operations, are_asked_and_left) {
  EXPECT_EQ(cancel<cancel_as::try_cancel>({start, stop}), (transcript{{asked}, {}, {"cancel nexus 5", at_once}}));
}
TEST(nexus_operations, are_abandoned) {
  EXPECT_EQ(cancel<cancel_as::abandon>({start, stop}), (transcript{{asked}, {}, {at_once}}));
}
TEST(nexus_operations, are_waited_for_until_they_are_told) {
  EXPECT_EQ(cancel<cancel_as::wait_cancellation_requested>(
                {start, stop, [](history_builder& h) { h.nexus_cancel_delivered(5); }}),
            (transcript{{asked}, {}, {"cancel nexus 5"}, {at_once}}));
  EXPECT_EQ(
      cancel<cancel_as::wait_cancellation_requested>(
          {start, stop, [](history_builder& h) { h.nexus_cancel_failed(5); }}),
      (transcript{
          {asked}, {}, {"cancel nexus 5"}, {R"(complete ("Nexus operation could not be told to cancel; not now"))"}}));
}
TEST(nexus_operations, are_waited_for_until_they_have_ended) {
  EXPECT_EQ(cancel<cancel_as::wait_cancellation_completed>({start, stop,
                                                            [](history_builder& h) { h.nexus_cancel_delivered(5); },
                                                            [](history_builder& h) { h.nexus_cancelled(5); }}),
            (transcript{{asked}, {}, {"cancel nexus 5"}, {}, {in_the_end}}));
  EXPECT_EQ(cancel<cancel_as::wait_cancellation_completed>(
                {start, stop, [](history_builder& h) { h.nexus_cancel_failed(5).nexus_completed(5, R"("hi")"); }}),
            (transcript{{asked}, {}, {"cancel nexus 5"}, {R"(complete ("hi"))"}}))
      << "it may end otherwise";
}
TEST(nexus_operations, may_be_cancelled_before_they_have_started) {
  EXPECT_EQ(cancel<cancel_as::wait_cancellation_completed>(
                {stop, [](history_builder& h) { h.nexus_started(5).nexus_cancel_delivered(5).nexus_cancelled(5); }}),
            (transcript{{asked}, {"cancel nexus 5"}, {in_the_end}}));
  EXPECT_EQ(cancel<cancel_as::wait_cancellation_completed>({[](history_builder& h) {
              stop(h);
              h.nexus_completed(5, R"("hi")");
            }}),
            (transcript{{asked}, {R"(complete ("hi"))"}}))
      << "nothing is left to cancel";
}

rondo::task<std::string> goes_on() {
  workflow::cancellation_scope scope;
  auto first = service.execute(greetings::greet, {.cancellation = cancel_as::try_cancel}, "ada").start();
  auto second = service.execute(greetings::greet, {.cancellation = cancel_as::abandon}, "bob").start();
  co_await workflow::sleep(1s);
  first.cancel();
  second.cancel();
  co_await workflow::sleep(1s);
  co_return "done";
}
TEST(nexus_operations, may_end_when_nobody_waits_any_more) {
  const script of{rondo::registry().workflow<goes_on>(),
                  history_builder("goes_on"),
                  {[](history_builder& h) { h.timer_fired(7); },
                   [](history_builder& h) {
                     h.nexus_started(5).nexus_completed(5, R"("late")").nexus_cancel_delivered(5);
                     h.nexus_started(6).nexus_failed(6, "late");
                   },
                   [](history_builder& h) { h.timer_fired(h.last(enums::EVENT_TYPE_TIMER_STARTED)); }}};
  const auto got = play_everywhere(of);
  EXPECT_EQ(got, (transcript{{asked, R"(nexus hall greetings.greet("bob"))", "timer 1 1s"},
                             {"cancel nexus 5", "timer 2 1s"},
                             {},
                             {R"(complete ("done"))"}}));
}

rondo::task<std::string> tells_what_failed() {
  auto made =
      co_await workflow::as_result(service.execute(greetings::greet, {.cancellation = cancel_as::try_cancel}, "ada"));
  try {
    std::rethrow_exception(made.error());
  } catch (const rondo::nexus_operation_failure& failed) {
    co_return failed.endpoint() + " " + failed.service() + "." + failed.operation() + " " + failed.operation_token() +
        " " + std::to_string(failed.scheduled_event_id());
  }
}
TEST(nexus_operations, say_which_they_were_when_they_fail) {
  const script of{rondo::registry().workflow<tells_what_failed>(),
                  history_builder("tells_what_failed"),
                  {[](history_builder& h) { h.nexus_started(5, "t-1"); }, stop}};
  EXPECT_EQ(play_everywhere(of).back(), (lines{"cancel nexus 5", R"(complete ("hall greetings.greet t-1 5"))"}));
}

rondo::task<std::string> cancels_what_it_has_not_sent() {
  auto call = service.execute(greetings::greet, {}, "ada").start();
  call.cancel();
  auto made = co_await workflow::as_result(std::move(call));
  co_return texts_of(made.error());
}
TEST(nexus_operations, that_were_not_sent_leave_no_trace) {
  const script of{
      rondo::registry().workflow<cancels_what_it_has_not_sent>(), history_builder("cancels_what_it_has_not_sent"), {}};
  EXPECT_EQ(play_everywhere(of), (transcript{{at_once}}));
}

rondo::task<> asks_for_nonsense(int what) {
  constexpr rondo::nexus_header shouting[] = {{"Key", "value"}};
  if (what == 0) co_await service.execute(greetings::wave, {.schedule_to_close_timeout = -1s});
  if (what == 1) co_await service.execute(greetings::wave, {.headers = shouting});
  if (what == 2) co_await workflow::execute_nexus<void>({.endpoint = "", .service = "s", .operation = "o"}, {});
}
TEST(nexus_operations, refuse_options_that_cannot_be_carried_out) {
  const auto message_for = [](std::string_view what) {
    engine_driver driver(rondo::registry().workflow<asks_for_nonsense>(), history_builder("asks_for_nonsense", {what}));
    driver.history.open_task();
    driver.complete_task();
    return driver.last.failed == nullptr ? std::string("no failure") : driver.last.failed->failure().message();
  };
  EXPECT_EQ(message_for("0"), R"(Nexus operation "wave": schedule_to_close_timeout must not be negative)");
  EXPECT_EQ(message_for("1"), R"(Nexus operation "wave": names of headers must be lower case)");
  EXPECT_EQ(message_for("2"), R"(Nexus operation "o": the endpoint must have a name)");
}

rondo::task<> sends_all_options() {
  constexpr rondo::nexus_header headers[] = {{"tenant", "t-7"}};
  co_await service.execute(greetings::greet,
                           {.schedule_to_close_timeout = 9s,
                            .schedule_to_start_timeout = 2s,
                            .start_to_close_timeout = 5s,
                            .headers = headers,
                            .summary = "greeting"},
                           "ada");
}
TEST(nexus_operations, send_their_options) {
  engine_driver driver(rondo::registry().workflow<sends_all_options>(), history_builder("sends_all_options"));
  driver.history.open_task();
  const auto& step = driver.run_task();
  ASSERT_NE(step.completed, nullptr);
  ASSERT_EQ(step.completed->commands_size(), 1);
  const auto& command = step.completed->commands(0);
  const auto& sent = command.schedule_nexus_operation_command_attributes();
  EXPECT_EQ(sent.schedule_to_close_timeout().seconds(), 9);
  EXPECT_EQ(sent.schedule_to_start_timeout().seconds(), 2);
  EXPECT_EQ(sent.start_to_close_timeout().seconds(), 5);
  EXPECT_EQ(sent.nexus_header().at("tenant"), "t-7");
  EXPECT_EQ(sent.input().metadata().at("encoding"), "json/plain");
  EXPECT_EQ(command.user_metadata().summary().data(), R"("greeting")");
}

TEST(nexus_operations, are_compared_on_replay) {
  history_builder other("greets");
  other.task();
  other.nexus_scheduled("hall", "greetings", "insult");
  other.open_task();
  engine_driver driver(rondo::registry().workflow<greets>(), other);
  driver.evict();
  driver.complete_task();
  ASSERT_NE(driver.last.failed, nullptr);
  EXPECT_NE(driver.last.failed->failure().message().find(
                R"(of Nexus operation "greetings.insult" (endpoint "hall"), but the workflow code asked for )"
                R"(ScheduleNexusOperation of Nexus operation "greetings.greet" (endpoint "hall"))"),
            std::string::npos)
      << driver.last.failed->failure().message();
}

}  // namespace rondo::test::nexus_test
