#include "rondo/testing/activity_environment.hpp"

#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "rondo/activity.hpp"
#include "rondo/failure.hpp"
#include "support/log_text.hpp"
#include "support/owned_text.hpp"

// Activities that are tried without a worker.
namespace rondo::test::activity_environment_test {

using namespace std::chrono_literals;
using rondo::testing::activity_environment;
using rondo::testing::activity_goes_on;

struct item {
  std::string sku;
  double price = 0;
};

double total(const std::vector<item>& all, double discount) {
  double sum = 0;
  for (const auto& each : all) sum += each.price;
  return sum - discount;
}
asio::awaitable<std::string> greet(std::string name) {
  asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
  co_await timer.async_wait(asio::use_awaitable);
  co_return "hello " + name + " of " + activity::info().workflow_id;
}
void refuses() { throw application_failure("sold out", {.type = "SoldOut"}); }
asio::awaitable<void> refuses_later() {
  co_await asio::this_coro::executor;
  throw application_failure("sold out", {.type = "SoldOut"});
}
class stock {
 public:
  int take(int count) { return left_ -= count; }
  asio::awaitable<int> left() { co_return left_; }

 private:
  int left_ = 10;
};
std::string who_am_i() {
  const auto& about = activity::info();
  activity::logger().info("asked");
  return about.activity_type + " " + std::to_string(about.attempt) + " " + about.workflow_id;
}
std::string reads_its_details() {
  const auto text = activity::heartbeat_details<std::string>(0).value_or("none");
  return text + " " + activity::heartbeat_details<owned_text>(1).value_or(owned_text()).owner;
}
/// Beats until it shall stop.
int counts(int most) {
  int done = activity::heartbeat_details<int>().value_or(0);
  while (done < most && !activity::cancelled()) activity::heartbeat(++done, "of", most);
  return done;
}
asio::awaitable<void> waits() {
  asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
  activity::heartbeat();
  co_await timer.async_wait(asio::use_awaitable);
}
std::string why_stopped() {
  if (activity::cancel_reason() == cancel_reason::none) return "not at all";
  const auto all = activity::cancellation_details().value_or(cancellation_details());
  return std::string(activity::cancel_reason() == cancel_reason::paused ? "paused" : "other") +
         (all.reset ? " and reset" : "") + (activity::stop_token().stop_requested() ? "" : " without a token");
}
int until_it_drains(int done) {
  while (!activity::draining()) activity::heartbeat(++done);
  activity::hand_back(done);
  return done;
}
/// Beats once more when it is told to stop.
int beats_at_the_end() {
  const std::stop_callback told(activity::stop_token(), [] { activity::heartbeat("the end"); });
  activity::heartbeat("begun");
  return 1;
}
int later() { activity::complete_async(); }
std::string anything(std::string type, payload_list arguments) { return type + " " + arguments.at(0).data; }

asio::awaitable<cancel_reason> ends_at_once() { co_return activity::cancel_reason(); }
asio::awaitable<void> breaks_its_loop() {
  const auto executor = co_await asio::this_coro::executor;
  asio::post(executor, [] { throw std::out_of_range("a handler"); });
  asio::steady_timer timer(executor, 1h);
  co_await timer.async_wait(asio::use_awaitable);
}
/// Runs `waits`, which ends as asio ends it.
bool is_interrupted(activity_environment& env) {
  try {
    env.run<waits>();
    return false;
  } catch (const std::system_error& error) {
    return error.code() == asio::error::operation_aborted;
  }
}

TEST(tried_activities, are_functions_whose_values_go_through_the_converter) {
  activity_environment env;
  EXPECT_EQ(env.run<total>(std::vector<item>{{"a", 2.5}, {"b", 4}}, 1), 5.5);
}

TEST(tried_activities, are_coroutines) {
  activity_environment env;
  EXPECT_EQ(env.run<greet>("ada"), "hello ada of test");
  EXPECT_EQ(env.run<greet>("bob"), "hello bob of test");
}

TEST(tried_activities, are_members_of_objects) {
  activity_environment env;
  stock mine;
  EXPECT_EQ(env.run<&stock::take>(mine, 3), 7);
  EXPECT_EQ(env.run<&stock::left>(mine), 7);
}

TEST(tried_activities, throw_what_their_code_throws) {
  activity_environment env;
  EXPECT_THROW(env.run<refuses>(), application_failure);
  EXPECT_THROW(env.run<refuses_later>(), application_failure);
  EXPECT_THROW(activity::info(), std::logic_error) << "no attempt is left behind";
}

TEST(tried_activities, know_what_they_are_told_of_themselves) {
  activity_environment env;
  EXPECT_EQ(env.run<who_am_i>(), "who_am_i 1 test");
  const auto text = std::make_shared<log_text>();
  env.info.attempt = 3;
  env.info.workflow_id = "order-7";
  env.info.activity_type = "Who";
  env.logger = logger(text, log_level::info);
  EXPECT_EQ(env.run<who_am_i>(), "Who 3 order-7");
  EXPECT_TRUE(text->contains("asked"));
}

TEST(tried_activities, leave_their_heartbeats_to_the_test) {
  activity_environment env;
  EXPECT_EQ(env.run<counts>(3), 3);
  ASSERT_EQ(env.heartbeats(), 3U);
  EXPECT_EQ(env.heartbeat<int>(2), 3);
  EXPECT_EQ(env.heartbeat<std::string>(2, 1), "of");
  EXPECT_FALSE(env.heartbeat<int>(3).has_value());
  EXPECT_FALSE(env.heartbeat<int>(0, 3).has_value());
  env.set_heartbeat_details(2);
  EXPECT_EQ(env.run<counts>(3), 3);
  EXPECT_EQ(env.heartbeats(), 1U) << "those of the last attempt";
}

TEST(tried_activities, read_details_that_were_left_for_their_type) {
  activity_environment env;
  std::string told = "page";
  env.set_heartbeat_details(std::string_view(told), owned_text{.text = "seven"});
  told = "gone";
  EXPECT_EQ(env.run<reads_its_details>(), "page default/test test.reads_its_details@test");
  env.info.workflow_id = "order-7";
  EXPECT_EQ(env.run<reads_its_details>(), "page default/order-7 test.reads_its_details@test");
  env.set_heartbeat_details();
  EXPECT_EQ(env.run<reads_its_details>(), "none ");
}

TEST(tried_activities, are_cancelled_while_they_run) {
  activity_environment env;
  env.on_heartbeat = [&env] {
    if (env.heartbeats() == 2) env.cancel();
  };
  EXPECT_EQ(env.run<counts>(1000), 2);
  activity_environment other;
  other.on_heartbeat = [&other] { other.cancel(); };
  EXPECT_TRUE(is_interrupted(other)) << "asio aborts what the coroutine waits for";
  EXPECT_EQ(other.heartbeats(), 1U);
}

TEST(tried_activities, are_not_interrupted_for_one_before) {
  activity_environment env;
  env.cancel();
  EXPECT_EQ(env.run<counts>(1000), 0);
  EXPECT_EQ(env.run<greet>(std::string("ada")).substr(0, 9), "hello ada");
  env.cancel();
  EXPECT_EQ(env.run<ends_at_once>(), cancel_reason::cancel_requested);
  EXPECT_EQ(env.run<greet>(std::string("bob")).substr(0, 9), "hello bob");
}

TEST(tried_activities, end_with_what_a_handler_of_theirs_throws) {
  activity_environment env;
  EXPECT_THROW(env.run<breaks_its_loop>(), std::out_of_range);
  EXPECT_EQ(env.run<greet>(std::string("ada")).substr(0, 9), "hello ada");
}

TEST(tried_activities, may_beat_when_they_are_told_to_stop) {
  activity_environment env;
  env.on_heartbeat = [&env] {
    if (env.heartbeats() == 1) env.cancel();
  };
  EXPECT_EQ(env.run<beats_at_the_end>(), 1);
  EXPECT_EQ(env.heartbeat<std::string>(1), "the end");
}

TEST(tried_activities, are_cancelled_by_other_threads) {
  activity_environment env;
  std::thread other;
  env.on_heartbeat = [&] {
    if (!other.joinable()) other = std::thread([&env] { env.cancel(); });
  };
  EXPECT_TRUE(is_interrupted(env));
  other.join();
}

TEST(tried_activities, are_cancelled_before_they_begin) {
  activity_environment env;
  env.cancel();
  EXPECT_EQ(env.run<counts>(1000), 0);
  env.cancel();
  EXPECT_TRUE(is_interrupted(env));
  EXPECT_EQ(env.heartbeats(), 1U) << "it began";
  EXPECT_EQ(env.run<counts>(5), 5) << "the next one is not";
}

TEST(tried_activities, learn_why_they_shall_stop) {
  activity_environment env;
  EXPECT_EQ(env.run<why_stopped>(), "not at all");
  env.cancel(cancel_reason::paused, {.reset = true});
  EXPECT_EQ(env.run<why_stopped>(), "paused and reset");
  env.cancel(cancel_reason::worker_shutdown);
  EXPECT_EQ(env.run<why_stopped>(), "other");
}

TEST(tried_activities, hand_back_what_is_left_when_the_worker_stops) {
  activity_environment env;
  env.on_heartbeat = [&env] {
    if (env.heartbeats() == 4) env.drain();
  };
  try {
    env.run<until_it_drains>(10);
    FAIL() << "it was not handed back";
  } catch (const activity_goes_on& left) {
    EXPECT_TRUE(left.handed_back());
    EXPECT_EQ(left.progress<int>(), 14);
    EXPECT_FALSE(left.progress<int>(1).has_value());
  }
  env.info.maximum_attempts = 1;
  env.drain();
  EXPECT_EQ(env.run<until_it_drains>(10), 10) << "there is no other attempt";
}

TEST(tried_activities, may_be_completed_from_elsewhere) {
  activity_environment env;
  try {
    env.run<later>();
    FAIL() << "it has no result";
  } catch (const activity_goes_on& left) {
    EXPECT_FALSE(left.handed_back());
  }
}

TEST(tried_activities, come_from_registries_by_their_names) {
  activity_environment env;
  registry app;
  app.dynamic_activity<anything>().activity<greet>("Greet");
  EXPECT_EQ(env.run<std::string>(app, "Greet", "ada"), "hello ada of test");
  EXPECT_EQ(env.run<std::string>(app, "Other", 7), "Other 7");
  EXPECT_THROW(env.run(registry(), "Other"), std::invalid_argument);
}

}  // namespace rondo::test::activity_environment_test
