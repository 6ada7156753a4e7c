#include "rondo/controller/scaling.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace scaling_test {

using namespace rondo::controller;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t start = 1'000'000;

sample rates(double backlog, double arrival = 0, double dispatch = 0) {
  sample made;
  made.kinds[0] = task_rates{backlog, arrival, dispatch};
  return made;
}

observation seen(double backlog, std::vector<std::int64_t> polls = {}) {
  observation made;
  made.rates = rates(backlog);
  made.polls = std::move(polls);
  return made;
}

/// The words of the refusal; empty when there is none.
template <class Read>
std::string refusal(Read read, const settings& from) {
  try {
    static_cast<void>(read(from));
    return {};
  } catch (const setting_error& wrong) {
    return wrong.what();
  }
}

TEST(sample, leaves_out_what_is_no_measurement) {
  sample mixed;
  mixed.kinds[0] = task_rates{1, 2, 3};
  mixed.kinds[1] = task_rates{10, nan, 10};
  mixed.kinds[2] = task_rates{10, 10, -1};
  EXPECT_EQ(mixed.total(), (task_rates{1, 2, 3}));
  mixed.kinds[1] = task_rates{infinity, 1, 1};
  mixed.kinds[2] = task_rates{4, 5, 6};
  EXPECT_EQ(mixed.total(), (task_rates{5, 7, 9}));
}

TEST(no_sync, invokes_once_per_cooloff_when_tasks_are_added) {
  const no_sync::config by;
  no_sync::state of;
  EXPECT_EQ(no_sync::on_task_add(by, of, /*matched=*/true, start), 0);
  EXPECT_EQ(no_sync::on_task_add(by, of, false, start), 1);
  EXPECT_EQ(no_sync::on_task_add(by, of, false, start + 99), 0);
  EXPECT_EQ(of.throttled, 1);
  EXPECT_EQ(no_sync::on_task_add(by, of, false, start + 100), 1) << "the cooloff is over exactly now";
  EXPECT_EQ(of.throttled, 1);
}

TEST(no_sync, polls_invoke_once_above_the_threshold) {
  no_sync::config by;
  by.scale_up_backlog_threshold = 5;
  by.max_worker_lifetime_ms = 0;
  no_sync::state of;
  EXPECT_EQ(no_sync::on_poll(by, of, rates(5), start), 0);
  sample both = rates(6);
  both.kinds[1] = task_rates{600, 0, 0};
  EXPECT_EQ(no_sync::on_poll(by, of, both, start), 1) << "one for all kinds together";
  EXPECT_EQ(no_sync::on_poll(by, of, both, start + 99), 0);
  EXPECT_EQ(no_sync::on_poll(by, of, both, start + 100), 1);
}

TEST(no_sync, polls_replace_workers_that_outlived_their_time) {
  no_sync::config by;
  by.scale_up_backlog_threshold = 100;
  by.max_worker_lifetime_ms = 1'000;
  no_sync::state of;
  of.last_scale_up_time_ms = start;
  EXPECT_EQ(no_sync::on_poll(by, of, rates(1), start + 999), 0);
  EXPECT_EQ(no_sync::on_poll(by, of, rates(0), start + 1'000), 0);
  EXPECT_EQ(no_sync::on_poll(by, of, rates(1), start + 1'000), 1);
  by.max_worker_lifetime_ms = 0;
  EXPECT_EQ(no_sync::on_poll(by, of, rates(1), start + 900'000), 0);
}

TEST(no_sync, a_steady_dispatch_rate_keeps_polls_from_scaling_up) {
  no_sync::config by;
  by.scale_up_dispatch_rate_epsilon = 0.5;
  no_sync::state of;
  EXPECT_EQ(no_sync::on_poll(by, of, rates(9, 0, 2.0), start), 1) << "there is no rate to compare with";
  EXPECT_EQ(no_sync::on_poll(by, of, rates(9, 0, 2.5), start + 1'000), 0) << "exactly epsilon is steady";
  EXPECT_EQ(no_sync::on_poll(by, of, rates(9, 0, 3.25), start + 2'000), 1);
  EXPECT_EQ(no_sync::on_poll(by, of, rates(9, 0, 2.5), start + 3'000), 1) << "down is a change too";
  by.scale_up_dispatch_rate_epsilon = 0;
  EXPECT_EQ(no_sync::on_poll(by, of, rates(9, 0, 2.5), start + 4'000), 1);
}

TEST(no_sync, a_kind_without_rates_keeps_its_last_one) {
  no_sync::config by;
  by.scale_up_dispatch_rate_epsilon = 0.5;
  no_sync::state of;
  EXPECT_EQ(no_sync::on_poll(by, of, rates(9, 0, 2.0), start), 1);
  EXPECT_EQ(no_sync::on_poll(by, of, rates(9, 0, nan), start + 1'000), 0);
  EXPECT_EQ(no_sync::on_poll(by, of, rates(9, 0, 2.0), start + 2'000), 0);
}

TEST(no_sync, checks_its_settings) {
  EXPECT_EQ(no_sync::read({}).scale_up_cooloff_ms, 100);
  EXPECT_EQ(no_sync::read({{"scale_up_cooloff_ms", std::string("250")}}).scale_up_cooloff_ms, 250);
  EXPECT_EQ(no_sync::read({{"scale_up_backlog_threshold", 3.0}}).scale_up_backlog_threshold, 3);
  EXPECT_EQ(refusal(no_sync::read, {{"metrics_poll_interval_ms", std::int64_t(9'999)}}),
            "scaler 'no-sync': 'metrics_poll_interval_ms' must be at least 10000, but it is 9999");
  EXPECT_EQ(refusal(no_sync::read, {{"scale_up_cooloff_ms", std::int64_t(60'001)}}),
            "scaler 'no-sync': 'metrics_poll_interval_ms' must not be less than scale_up_cooloff_ms");
  EXPECT_EQ(refusal(no_sync::read, {{"scale_up_cooloff_ms", std::int64_t(60'000)}}), "");
  EXPECT_EQ(refusal(no_sync::read, {{"scale_up_backlog_threshold", std::int64_t(-1)}}),
            "scaler 'no-sync': 'scale_up_backlog_threshold' must be at least 0, but it is -1");
  EXPECT_EQ(refusal(no_sync::read, {{"scale_up_backlog_threshold", 1.5}}),
            "scaler 'no-sync': 'scale_up_backlog_threshold' must be a whole number, but it is 1.5");
  EXPECT_EQ(refusal(no_sync::read, {{"scale_up_cooloff_ms", std::string("soon")}}),
            "scaler 'no-sync': 'scale_up_cooloff_ms' must be a number, but it is 'soon'");
  EXPECT_NE(refusal(no_sync::read, {{"max_instances", std::int64_t(3)}})
                .find("'max_instances' is not a setting; there are: max_worker_lifetime_ms, metrics_poll_interval_ms"),
            std::string::npos);
}

TEST(rate_based, asks_for_what_its_formula_says) {
  rate_based::config by;
  rate_based::state of;
  const auto desired = [&](double arrival, double backlog) {
    of.arrival = arrival;
    return rate_based::desired_count(by, of, backlog);
  };
  EXPECT_EQ(desired(0, 0), 0);
  EXPECT_EQ(desired(0, 1), 2) << "drain 2/s: load 1, ceil(1 / 0.8) = 2 and ceil(1 + 0.5) = 2";
  EXPECT_EQ(desired(3.2, 0), 3) << "load 1.6: ceil(2) = 2, but ceil(1.6 + 0.5 * 1.265) = 3";
  EXPECT_EQ(desired(32, 0), 20) << "load 16: ceil(20) = 20, ceil(16 + 0.5 * 4) = 18";
  EXPECT_EQ(desired(32.1, 0), 21);
  EXPECT_EQ(desired(30, 1), 20) << "30 + 2 for the drain";
  EXPECT_EQ(desired(1e300, 0), 30);
  by.min_count = 4;
  EXPECT_EQ(desired(0, 0), 4);
  of.capacity = 8;
  EXPECT_EQ(desired(32, 0), 5) << "load 4: ceil(5) = 5, ceil(4 + 1) = 5";
}

TEST(rate_based, averages_the_rates_and_forgets_them_when_all_is_quiet) {
  rate_based::config by;
  by.ewma_alpha = 0.5;
  rate_based::state of;
  rate_based::on_poll(by, of, rates(0, 8, 4), start);
  EXPECT_DOUBLE_EQ(*of.arrival, 8);
  EXPECT_DOUBLE_EQ(*of.dispatch, 4);
  rate_based::on_poll(by, of, rates(0, 4, 8), start + 1);
  EXPECT_DOUBLE_EQ(*of.arrival, 6);
  EXPECT_DOUBLE_EQ(*of.dispatch, 6);
  rate_based::on_poll(by, of, rates(1, 0, 0), start + 2);
  EXPECT_DOUBLE_EQ(*of.arrival, 3) << "a backlog is not quiet";
  rate_based::on_poll(by, of, rates(0, 0, 0), start + 3);
  EXPECT_DOUBLE_EQ(*of.arrival, 0);
  EXPECT_DOUBLE_EQ(*of.dispatch, 0);
}

TEST(rate_based, learns_the_capacity_from_busy_workers_only) {
  rate_based::config by;
  rate_based::state of;
  of.last_up_ms = of.last_down_ms = of.last_no_sync_ms = start;
  rate_based::on_poll(by, of, rates(50, 0, 6), start);
  EXPECT_FALSE(of.capacity) << "nobody works";
  of.count = 3;
  rate_based::on_poll(by, of, rates(49, 0, 6), start);
  EXPECT_FALSE(of.capacity);
  rate_based::on_poll(by, of, rates(50, 0, 0), start);
  EXPECT_FALSE(of.capacity);
  rate_based::on_poll(by, of, rates(50, 0, 6), start);
  EXPECT_DOUBLE_EQ(of.capacity.value(), 2);
  rate_based::on_poll(by, of, rates(50, 0, 12), start);
  EXPECT_DOUBLE_EQ(*of.capacity, 0.45 * 4 + 0.55 * 2);
  rate_based::on_deferred(by, of, rates(0, 0, 3));
  EXPECT_DOUBLE_EQ(*of.capacity, 0.45 * 1 + 0.55 * 2.9);
}

TEST(rate_based, grows_by_steps_after_the_cooldown) {
  rate_based::config by;
  by.max_count = 6;
  rate_based::state of;
  rate_based::on_poll(by, of, rates(0, 100, 0), start);
  EXPECT_EQ(of.count, 4);
  rate_based::on_poll(by, of, rates(0, 100, 0), start + 1'999);
  EXPECT_EQ(of.count, 4);
  rate_based::on_poll(by, of, rates(0, 100, 0), start + 2'000);
  EXPECT_EQ(of.count, 6) << "the maximum, less than a step";
}

TEST(rate_based, shrinks_by_one_after_quiet_and_cooldown) {
  rate_based::config by;
  by.min_count = 1;
  by.initial_count = 1;
  rate_based::state of;
  of.count = 3;
  of.last_no_sync_ms = start;
  of.last_down_ms = start + 40'000;
  rate_based::on_poll(by, of, rates(0), start + 89'999);
  EXPECT_EQ(of.count, 3);
  rate_based::on_poll(by, of, rates(0), start + 90'000);
  EXPECT_EQ(of.count, 3) << "50 s after the last step";
  rate_based::on_poll(by, of, rates(0), start + 100'000);
  EXPECT_EQ(of.count, 2);
  rate_based::on_poll(by, of, rates(0), start + 160'000);
  EXPECT_EQ(of.count, 1);
  rate_based::on_poll(by, of, rates(0), start + 220'000);
  EXPECT_EQ(of.count, 1);
}

TEST(rate_based, adds_one_worker_for_a_task_that_nobody_took) {
  rate_based::config by;
  by.max_count = 2;
  rate_based::state of;
  rate_based::on_no_sync(by, of, start);
  EXPECT_EQ(of.count, 1);
  rate_based::on_no_sync(by, of, start + 1'999);
  EXPECT_EQ(of.count, 1);
  EXPECT_EQ(of.last_no_sync_ms, start + 1'999);
  rate_based::on_no_sync(by, of, start + 2'000);
  EXPECT_EQ(of.count, 2);
  rate_based::on_no_sync(by, of, start + 9'000);
  EXPECT_EQ(of.count, 2);
  EXPECT_EQ(rate_based::registration_count(by, of), 2);
  of.count = 0;
  EXPECT_EQ(rate_based::registration_count(by, of), 1);
}

TEST(rate_based, checks_its_settings) {
  using rate_based::read;
  const auto one = [](const char* key, setting value) { return settings{{key, std::move(value)}}; };
  EXPECT_EQ(rate_based::begin(read({{"initial_count", std::int64_t(3)}})).count, 3);
  EXPECT_EQ(read(one("utilization_target", std::string("0.5"))).utilization_target, 0.5);
  EXPECT_EQ(refusal(read, one("utilization_target", 1.0)), "");
  const std::vector<std::pair<std::string, setting>> wrong = {{"min_count", std::int64_t(-1)},
                                                              {"max_count", std::int64_t(0)},
                                                              {"max_count", std::int64_t(1) << 40},
                                                              {"ewma_alpha", 0.0},
                                                              {"ewma_alpha", 1.01},
                                                              {"utilization_target", 0.0},
                                                              {"utilization_target", 1.01},
                                                              {"initial_per_consumer_capacity", 0.0},
                                                              {"material_backlog_threshold", 0.5},
                                                              {"max_scale_up_step", std::int64_t(0)},
                                                              {"metrics_poll_interval_ms", std::int64_t(29'999)},
                                                              {"scale_up_cooldown_ms", std::int64_t(60'001)},
                                                              {"scale_down_cooldown_ms", std::int64_t(60'001)},
                                                              {"min_count", std::int64_t(1)},
                                                              {"initial_count", std::int64_t(31)},
                                                              {"max_countt", std::int64_t(1)}};
  for (const auto& [key, value] : wrong) {
    EXPECT_NE(refusal(read, {{key, value}}).find("'" + key + "'"), std::string::npos) << key;
  }
  EXPECT_EQ(refusal(read, one("min_count", std::int64_t(1))),
            "scaler 'rate-based': 'min_count' must not be more than initial_count");
}

TEST(scaler, suits_the_provider_or_is_refused) {
  EXPECT_EQ(read_scaler("demand", launch_strategy::set_size, {}).type, scaler_type::demand);
  EXPECT_THROW(read_scaler("no-sync", launch_strategy::set_size, {}), std::invalid_argument);
  EXPECT_THROW(read_scaler("rate-based", launch_strategy::invoke, {}), std::invalid_argument);
  EXPECT_THROW(read_scaler("magic", launch_strategy::invoke, {}), std::invalid_argument);
}

/// A target as the controller keeps it, driven by hand.
struct target {
  explicit target(std::string_view type = "demand", const settings& with = {},
                  launch_strategy strategy = launch_strategy::invoke)
      : by(read_scaler(type, strategy, with)), of(begin(by)) {}

  /// A look, and as many invocations as it leads to.
  int look(const observation& what, std::int64_t at) {
    const auto made = decide(by, of, what, size, at, 0.5);
    for (int each = 0; each < made.invoke; ++each) {
      const int alive = of.workers.alive(by.fleet, what, at, false);
      of.workers.began({.id = std::to_string(++invoked), .began_ms = at, .backlog = what.backlog(), .rank = alive + 1});
    }
    if (made.size) size = made.size;
    return made.invoke;
  }

  scaler_config by;
  scaler_state of;
  std::optional<std::int32_t> size;
  int invoked = 0;
};

TEST(demand, invokes_one_worker_for_one_reason) {
  target of;
  EXPECT_EQ(of.look(seen(0), start), 0);
  EXPECT_EQ(of.look(seen(3), start), 1);
  EXPECT_EQ(of.look(seen(3), start + 1), 0);
  EXPECT_EQ(of.look(seen(100), start + 2), 0) << "one worker is good for a hundred";
  EXPECT_EQ(of.look(seen(101), start + 3), 1);
  EXPECT_EQ(of.look(seen(1'000'000), start + 4), 8) << "ten at most";
  EXPECT_EQ(of.look(seen(1'000'000), start + 29'999), 0);
}

TEST(demand, looks_again_when_an_invocation_ends) {
  target of;
  EXPECT_EQ(of.look(seen(3), start), 1);
  EXPECT_TRUE(of.of.workers.ended("1", start + 5'000));
  EXPECT_FALSE(of.of.workers.ended("1", start + 5'000));
  EXPECT_EQ(of.look(seen(2, {start + 4'999}), start + 5'000), 1) << "who polled before it ended is gone";
  EXPECT_TRUE(of.of.workers.ended("2", start + 9'000));
  EXPECT_EQ(of.look(seen(0, {start + 8'000}), start + 9'000), 0);
  EXPECT_EQ(of.of.workers.in_vain, 0);
}

TEST(demand, leaves_work_to_those_who_poll) {
  target of;
  EXPECT_EQ(of.look(seen(5, {start - 4'999}), start), 0);
  EXPECT_EQ(of.look(seen(5, {start - 5'000}), start), 1);
}

TEST(demand, pauses_longer_and_longer_after_failures) {
  target of;
  std::int64_t now = start;
  for (const std::int64_t pause : {100, 200, 400, 800, 1'600, 3'200, 6'400, 10'000, 10'000}) {
    ASSERT_EQ(of.look(seen(1), now), 1);
    ASSERT_TRUE(of.of.workers.failed(std::to_string(of.invoked), now, 0.5));
    EXPECT_EQ(of.look(seen(1), now + pause - 1), 0) << pause;
    now += pause;
  }
  ASSERT_EQ(of.look(seen(1), now), 1);
  ASSERT_TRUE(of.of.workers.ended(std::to_string(of.invoked), now));
  ASSERT_EQ(of.look(seen(0), now), 0);
  ASSERT_EQ(of.look(seen(1), now), 1);
  ASSERT_TRUE(of.of.workers.failed(std::to_string(of.invoked), now, 0.5));
  EXPECT_EQ(of.of.workers.not_before_ms, now + 100) << "a success begins anew";
}

TEST(demand, jitter_is_a_fifth_either_way) {
  EXPECT_EQ(with_jitter(100, 0), 80);
  EXPECT_EQ(with_jitter(100, 0.5), 100);
  EXPECT_EQ(with_jitter(10'000, 1), 12'000);
}

TEST(demand, waits_as_long_as_the_provider_asks_within_bounds) {
  target of;
  ASSERT_EQ(of.look(seen(1), start), 1);
  ASSERT_TRUE(of.of.workers.failed("1", start, 0.5, 7'000));
  EXPECT_EQ(of.of.workers.not_before_ms, start + 7'000);
  ASSERT_EQ(of.look(seen(1), start + 7'000), 1);
  ASSERT_TRUE(of.of.workers.failed("2", start + 7'000, 0.5, 9'999'999));
  EXPECT_EQ(of.of.workers.not_before_ms, start + 67'000);
}

TEST(demand, pauses_when_invocations_bring_nobody) {
  target of;
  std::int64_t now = start;
  for (const std::int64_t pause : {500, 1'000, 2'000, 4'000, 8'000, 10'000}) {
    ASSERT_EQ(of.look(seen(1), now), 1);
    ASSERT_TRUE(of.of.workers.ended(std::to_string(of.invoked), now));
    EXPECT_EQ(of.look(seen(1), now), 0);
    EXPECT_EQ(of.look(seen(1), now + pause - 1), 0);
    now += pause;
  }
  EXPECT_EQ(of.of.workers.in_vain, 6);
  ASSERT_EQ(of.look(seen(1), now), 1);
  ASSERT_TRUE(of.of.workers.ended(std::to_string(of.invoked), now + 10));
  EXPECT_EQ(of.look(seen(1, {now + 5}), now + 10), 1) << "somebody came, and there is more to do";
  EXPECT_EQ(of.of.workers.in_vain, 0);
}

TEST(demand, waits_for_those_whose_end_nobody_tells) {
  target of;
  ASSERT_EQ(of.look(seen(1), start), 1);
  of.of.workers.accepted("1", start + 20);
  EXPECT_EQ(of.look(seen(1), start + 10'019), 0);
  EXPECT_EQ(of.look(seen(1), start + 10'020), 0) << "nobody came: a pause";
  EXPECT_EQ(of.of.workers.in_vain, 1);
  EXPECT_EQ(of.look(seen(1), start + 10'520), 1);
  of.of.workers.accepted("2", start + 10'600);
  EXPECT_EQ(of.look(seen(1, {start + 11'000}), start + 11'000), 0);
  EXPECT_EQ(of.look(seen(1, {start + 11'000}), start + 16'000), 1) << "it came and went, within its ten seconds";
  EXPECT_EQ(of.of.workers.in_vain, 0);
}

TEST(demand, counts_who_polls_and_who_was_sent_against_the_maximum) {
  target of("demand", {{"max_instances", std::int64_t(3)}, {"tasks_per_instance", std::int64_t(1)}});
  EXPECT_EQ(of.look(seen(9, {start, start}), start), 1);
  of.of.workers.accepted("1", start);
  EXPECT_EQ(of.look(seen(9, {start, start}), start + 1), 0) << "two poll and one is on its way";
  EXPECT_EQ(of.look(seen(9, {start + 5, start + 5, start + 5}), start + 5), 0);
}

TEST(demand, replaces_an_invocation_that_does_nothing_within_the_maximum) {
  target two("demand", {{"max_instances", std::int64_t(2)}});
  ASSERT_EQ(two.look(seen(1), start), 1);
  EXPECT_EQ(two.look(seen(1), start + 29'999), 0);
  EXPECT_EQ(two.look(seen(1), start + 30'000), 1);
  EXPECT_EQ(two.look(seen(1), start + 90'000), 0) << "two are the most, whatever became of them";
  target one("demand", {{"max_instances", std::int64_t(1)}});
  ASSERT_EQ(one.look(seen(1), start), 1);
  EXPECT_EQ(one.look(seen(1), start + 90'000), 0);
  ASSERT_TRUE(one.of.workers.lost("1", start + 90'000));
  EXPECT_EQ(one.look(seen(1), start + 90'000), 1);
}

TEST(demand, keeps_the_minimum) {
  target of("demand", {{"min_instances", std::int64_t(2)}});
  EXPECT_EQ(of.look(seen(0), start), 2);
  EXPECT_EQ(of.look(seen(0), start + 1), 0);
  ASSERT_TRUE(of.of.workers.ended("2", start + 9));
  EXPECT_EQ(of.look(seen(0), start + 10), 1);
  EXPECT_THROW(demand::read({{"min_instances", std::int64_t(3)}, {"max_instances", std::int64_t(2)}}), setting_error);
  EXPECT_THROW(demand::read({{"tasks_per_instance", std::int64_t(0)}}), setting_error);
  EXPECT_THROW(demand::read({{"max_instances", std::int64_t(0)}}), setting_error);
}

TEST(demand, a_rate_limit_is_no_lack_of_workers) {
  target of;
  auto limited = seen(500, {start});
  limited.rate_limited = true;
  EXPECT_EQ(of.look(limited, start), 0);
  limited.polls.clear();
  EXPECT_EQ(of.look(limited, start), 5) << "but with nobody there somebody must come";
}

TEST(demand, one_worker_registers_an_unknown_version) {
  target of;
  observation unknown;
  unknown.registered = false;
  EXPECT_EQ(of.look(unknown, start), 1);
  EXPECT_EQ(of.look(unknown, start + 1), 0);
  ASSERT_TRUE(of.of.workers.ended("1", start + 2));
  EXPECT_EQ(of.look(unknown, start + 2), 0);
  EXPECT_EQ(of.of.workers.in_vain, 1);
  EXPECT_EQ(of.look(unknown, start + 502), 1);
}

TEST(demand, resizes_a_set_of_workers) {
  target of("demand", {{"max_instances", std::int64_t(4)}, {"tasks_per_instance", std::int64_t(10)}},
            launch_strategy::set_size);
  of.look(seen(0), start);
  EXPECT_EQ(of.size, 0);
  of.look(seen(11), start + 1);
  EXPECT_EQ(of.size, 2);
  of.look(seen(999), start + 2);
  EXPECT_EQ(of.size, 4);
  of.look(seen(0), start + 60'001);
  EXPECT_EQ(of.size, 4);
  auto quiet = seen(0);
  quiet.last_busy_ms = start + 30'000;
  of.look(quiet, start + 60'002);
  EXPECT_EQ(of.size, 4) << "it was busy between two looks that were reported";
  of.look(quiet, start + 89'999);
  EXPECT_EQ(of.size, 4);
  of.look(quiet, start + 90'000);
  EXPECT_EQ(of.size, 0);
}

TEST(scaler, no_sync_takes_waiting_tasks_for_a_reason_once) {
  target of("no-sync", {{"scale_up_backlog_threshold", std::int64_t(1'000)}});
  EXPECT_EQ(of.look(seen(3), start), 1);
  EXPECT_EQ(of.look(seen(3), start + 1'000), 0);
  EXPECT_EQ(of.look(seen(4), start + 2'000), 1) << "tasks were added";
  EXPECT_EQ(of.look(seen(5, {start + 3'000}), start + 3'000), 0) << "somebody polls";
  ASSERT_TRUE(of.of.workers.ended("1", start + 4'000));
  ASSERT_TRUE(of.of.workers.ended("2", start + 4'000));
  EXPECT_EQ(of.look(seen(2, {start + 3'000}), start + 4'000), 1) << "all have left work behind";
}

TEST(scaler, takes_what_was_counted_before_a_worker_left_for_no_reason) {
  for (const auto* type : {"demand", "no-sync"}) {
    target of(type);
    EXPECT_EQ(of.look(seen(3), start), 1);
    ASSERT_TRUE(of.of.workers.ended("1", start + 2'000));
    auto old = seen(3, {start + 1'900});
    old.unchanged_since_ms = start + 1'000;
    EXPECT_EQ(of.look(old, start + 2'000), 0) << type;
    EXPECT_EQ(of.look(old, start + 6'999), 0) << type;
    target with_news = of;
    EXPECT_EQ(with_news.look(seen(3, {start + 1'900}), start + 6'999), 1) << type;
    EXPECT_EQ(of.look(old, start + 7'000), 1) << type << ": no server repeats it for longer";
  }
}

TEST(scaler, old_statistics_count_when_nobody_came) {
  target of;
  EXPECT_EQ(of.look(seen(3), start), 1);
  ASSERT_TRUE(of.of.workers.failed("1", start + 100, 0.5));
  auto old = seen(3);
  old.unchanged_since_ms = start;
  EXPECT_EQ(of.look(old, start + 200), 1);
  ASSERT_TRUE(of.of.workers.ended("2", start + 300));
  EXPECT_EQ(of.look(old, start + 300), 0);
  EXPECT_EQ(of.of.workers.in_vain, 1);
  EXPECT_EQ(of.look(old, start + 800), 1);
}

TEST(scaler, decides_nothing_in_a_pause_and_forgets_nothing) {
  target of("no-sync");
  of.of.workers.pause_after_failure(start, 0.5, 1'000);
  EXPECT_EQ(of.look(seen(3), start + 999), 0);
  EXPECT_EQ(of.of.last_poll_ms, 0);
  EXPECT_EQ(of.look(seen(3), start + 1'000), 1);
}

TEST(scaler, reports_what_leads_to_a_decision) {
  target of;
  static_cast<void>(of.look(seen(0), start));
  const auto worth = [&of](const observation& what, std::int64_t at) {
    return is_worth_reporting(of.by, of.of, what, of.size, at);
  };
  EXPECT_FALSE(worth(seen(0), start + 1));
  EXPECT_TRUE(worth(seen(1), start + 1));
  EXPECT_FALSE(worth(seen(0), start + 59'999));
  EXPECT_TRUE(worth(seen(0), start + 60'000));
  ASSERT_EQ(of.look(seen(1), start + 2), 1);
  EXPECT_FALSE(worth(seen(1), start + 3));
  ASSERT_TRUE(of.of.workers.ended("1", start + 4));
  EXPECT_TRUE(worth(seen(1), start + 4)) << "what became of it is not known yet";
}

}  // namespace scaling_test
