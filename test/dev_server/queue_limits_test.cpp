#include "rondo/server/queue_limits.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "rondo/server/fair_order.hpp"

namespace rondo::test {
namespace queue_limits_test {

using server::queue_limits;
using server::queued_task;
using server::second;
using config = queue_limits::config;
namespace enums = temporal::api::enums::v1;

constexpr server::instant start = 1'577'836'800LL * second;

config with_rate(double rate) {
  config made;
  made.mutable_queue_rate_limit()->mutable_rate_limit()->set_requests_per_second(static_cast<float>(rate));
  return made;
}
config with_key_rate(double rate) {
  config made;
  made.mutable_fairness_keys_rate_limit_default()->mutable_rate_limit()->set_requests_per_second(
      static_cast<float>(rate));
  return made;
}
queued_task of_key(const std::string& key, double weight = 1) {
  queued_task task;
  task.fairness_key = key;
  task.fairness_weight = weight;
  return task;
}
/// How many leave at this time.
int burst(queue_limits& limits, server::instant now, const queued_task& task = {}) {
  int left = 0;
  while (left < 1000 && limits.next() <= now && limits.next_of(task.fairness_key) <= now) {
    limits.take(task, now);
    ++left;
  }
  return left;
}

TEST(queue_limits, let_everything_through_without_a_rate) {
  queue_limits limits;
  EXPECT_EQ(burst(limits, start), 1000);
  EXPECT_EQ(limits.rate(), queue_limits::system_rate);
  EXPECT_EQ(limits.source(), enums::RATE_LIMIT_SOURCE_SYSTEM);
}

TEST(queue_limits, let_through_what_the_rate_allows) {
  queue_limits limits;
  EXPECT_TRUE(limits.set_worker_rate(2, start));
  EXPECT_EQ(burst(limits, start), 3) << "what was saved up in a second, and the next";
  EXPECT_EQ(limits.next(), start + second / 2);
  EXPECT_EQ(burst(limits, start + second / 2), 1);
  EXPECT_EQ(burst(limits, start + 100 * second), 3);
  EXPECT_FALSE(limits.set_worker_rate(2, start + 100 * second));
}

TEST(queue_limits, stop_at_zero_and_go_on_soon_when_the_rate_rises) {
  queue_limits limits;
  limits.set_worker_rate(0.01, start);
  EXPECT_EQ(burst(limits, start), 1);
  EXPECT_EQ(limits.next(), start + 99 * second);
  limits.set_worker_rate(0, start);
  EXPECT_EQ(limits.next(), server::never);
  limits.set_worker_rate(10, start);
  EXPECT_EQ(limits.next(), start + second / 10);
  limits.set_worker_rate(std::nullopt, start);
  EXPECT_EQ(burst(limits, start), 1000);
}

TEST(queue_limits, are_those_of_the_configuration_before_those_of_workers) {
  queue_limits limits;
  limits.set_worker_rate(5, start);
  EXPECT_EQ(limits.rate(), 5);
  EXPECT_EQ(limits.source(), enums::RATE_LIMIT_SOURCE_WORKER);
  const config higher = with_rate(7);
  EXPECT_TRUE(limits.configure(&higher, start));
  EXPECT_FALSE(limits.configure(&higher, start));
  EXPECT_EQ(limits.rate(), 7);
  EXPECT_EQ(limits.source(), enums::RATE_LIMIT_SOURCE_API);
  EXPECT_TRUE(limits.configure(nullptr, start));
  EXPECT_EQ(limits.rate(), 5);
  const config more_than_there_is = with_rate(1e9);
  limits.configure(&more_than_there_is, start);
  EXPECT_EQ(limits.rate(), queue_limits::system_rate);
  EXPECT_EQ(limits.source(), enums::RATE_LIMIT_SOURCE_SYSTEM);
}

TEST(queue_limits, count_for_each_fairness_key_by_its_weight) {
  queue_limits limits;
  config wanted = with_key_rate(1);
  (*wanted.mutable_fairness_weight_overrides())["heavy"] = 4;
  limits.configure(&wanted, start);
  EXPECT_EQ(burst(limits, start, of_key("a")), 2);
  EXPECT_EQ(limits.next_of("a"), start + second);
  EXPECT_EQ(burst(limits, start, of_key("b", 2)), 3);
  EXPECT_EQ(burst(limits, start, of_key("heavy")), 5);
  const config stopped = with_key_rate(0);
  limits.configure(&stopped, start);
  EXPECT_EQ(limits.next_of("c"), server::never);
  limits.configure(nullptr, start);
  EXPECT_EQ(limits.next_of("a"), 0);
}

TEST(queue_limits, remember_a_number_of_fairness_keys) {
  queue_limits limits;
  const config wanted = with_key_rate(0.01);
  limits.configure(&wanted, start);
  for (int each = 0; each < 2000; ++each) limits.take(of_key(std::to_string(each)), start);
  EXPECT_GT(limits.next_of("7"), start);
  limits.take(of_key("one more"), start);
  EXPECT_EQ(limits.next_of("7"), 0);
  EXPECT_GT(limits.next_of("one more"), start);
}

TEST(queue_limits, know_the_weights_of_tasks) {
  queue_limits limits;
  EXPECT_EQ(limits.weight_of(of_key("a", 3)), 3);
  EXPECT_EQ(limits.weight_of(of_key("a", 0)), 1);
  EXPECT_EQ(limits.weight_of(of_key("a", -2)), 1);
  EXPECT_EQ(limits.weight_of(of_key("a", std::nan(""))), 1);
  EXPECT_EQ(limits.weight_of(of_key("a", 1e-9)), 0.001);
  config wanted;
  (*wanted.mutable_fairness_weight_overrides())["a"] = 2;
  EXPECT_FALSE(limits.configure(&wanted, start));
  EXPECT_EQ(limits.weight_of(of_key("a", 3)), 2);
}

TEST(fair_order, shares_the_turns_by_weight) {
  server::fair_order order;
  EXPECT_EQ(order.place("a", 1), 1000);
  EXPECT_EQ(order.place("a", 1), 2000);
  EXPECT_EQ(order.place("heavy", 4), 250);
  EXPECT_EQ(order.place("heavy", 4), 500);
  EXPECT_EQ(order.place("heavy", 1e9), 501);
}

TEST(fair_order, lets_new_keys_begin_where_the_others_are) {
  server::fair_order order;
  for (int each = 0; each < 5; ++each) order.place("a", 1);
  order.reach(3000);
  EXPECT_EQ(order.place("b", 1), 3000);
  EXPECT_EQ(order.place("b", 1), 4000);
  order.reach(10'000);
  EXPECT_EQ(order.place("a", 1), 10'000) << "nothing is saved up";
}

TEST(fair_order, forgets_keys_whose_tasks_have_left) {
  server::fair_order order;
  for (int each = 0; each < 10'000; ++each) order.reach(order.place(std::to_string(each), 1));
  EXPECT_LT(order.keys(), 200U);
}

}  // namespace queue_limits_test
}  // namespace rondo::test
