#include "rondo/server/cron.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "rondo/server/refusal.hpp"
#include "rondo/server/retries.hpp"
#include "rondo/server/time_zone.hpp"

namespace rondo::server {
namespace cron_test {

namespace enums = temporal::api::enums::v1;
using temporal::api::common::v1::RetryPolicy;
using temporal::api::failure::v1::Failure;

struct known_times {
  std::string schedule;
  instant start;
  std::vector<std::int64_t> seconds;
};

constexpr instant march = 1'772'886'896'789'000'000;     // 2026-03-07T12:34:56.789Z, a day before summer in New York
constexpr instant october = 1'793'491'199'000'000'000;   // 2026-10-31T23:59:59Z, two hours before winter there
constexpr instant november = 1'541'239'200'000'000'000;  // 2018-11-03T10:00Z, a day before summer in Sao Paulo
constexpr instant spring = 1'806'177'600'000'000'000;    // 2027-03-27T20:00Z, a night before summer in Europe

TEST(cron, comes_at_the_times_of_other_implementations) {
  const std::vector<known_times> all{
      {"* * * * *", march, {1772886900, 1772886960, 1772887020}},
      {"  */15 * * * * ", march, {1772887500, 1772888400, 1772889300}},
      {"5/20 ? * * *", march, {1772887500, 1772888700, 1772889900, 1772891100}},
      {"0 9 * * mon-FRI", march, {1773046800, 1773133200, 1773219600, 1773306000}},
      {"30 4 1,15 * 5", march, {1773376200, 1773549000, 1773981000, 1774585800}},
      {"0 0 */2 * sun", march, {1772928000, 1773014400, 1773187200, 1773360000}},
      {"0 0 29 2 *", march, {1835395200, 1961625600, 2087856000, 2214086400}},
      {"0 22-23,1-3/2 * * *", march, {1772920800, 1772924400, 1772931600, 1772938800}},
      {"@hourly", march, {1772888400, 1772892000}},
      {"@weekly", march, {1772928000, 1773532800}},
      {"@monthly", march, {1775001600, 1777593600}},
      {"@daily", march, {1772928000, 1773014400}},
      {"@yearly", march, {1798761600}},
      {"@every 90s", march, {1772886986, 1772887076, 1772887166}},
      {"@every 1h30m", march, {1772892296, 1772897696}},
      {"@every 500ms", march, {1772886897, 1772886898}},
      {"@every 1.5h", march, {1772892296}},
  };
  for (const auto& each : all) {
    instant from = each.start;
    for (const auto expected : each.seconds) {
      const auto next = next_cron(each.schedule, from, from);
      ASSERT_TRUE(next) << each.schedule;
      EXPECT_GE(*next, expected * second) << each.schedule;
      EXPECT_LT(*next, (expected + 1) * second) << each.schedule;
      from = expected * second;
    }
  }
}

TEST(cron, follows_the_clocks_of_its_time_zone) {
  ASSERT_TRUE(time_zone::find("America/New_York")) << "there is no time zone database; install tzdata";
  const std::vector<known_times> all{
      {"CRON_TZ=America/New_York 30 2 * * *", march, {1773037800, 1773124200, 1773210600}},
      {"CRON_TZ=America/New_York 30 1 * * *", march, {1772951400, 1773034200, 1773120600}},
      {"CRON_TZ=America/New_York 30 1 * * *", october, {1793511000, 1793514600, 1793601000}},
      {"CRON_TZ=America/Sao_Paulo 0 0 * * *", november, {1541383200, 1541469600}},
      {"CRON_TZ=America/Sao_Paulo 0 0 * * *", march, {1772938800, 1773025200}},
      {"TZ=Europe/Berlin 0 0 * * *", spring, {1806188400, 1806271200, 1806357600}},
      {"CRON_TZ=Asia/Kolkata 0 12 * jan,jul *", march, {1782887400, 1782973800}},
      {"CRON_TZ=Australia/Lord_Howe 45 1 * * *", march, {1772894700, 1772981100}},
      {"CRON_TZ=Europe/Dublin 30 0 * * sun", spring, {1806193800, 1806795000, 1807399800}},
  };
  for (const auto& each : all) {
    instant from = each.start;
    for (const auto expected : each.seconds) {
      const auto next = next_cron(each.schedule, from, from);
      ASSERT_TRUE(next) << each.schedule;
      EXPECT_EQ((*next - expected * second) / second, 0) << each.schedule;
      from = expected * second;
    }
  }
}

TEST(cron, skips_what_passed_while_a_run_was_open_and_rounds_up) {
  const instant noon = 1'577'880'000LL * second;
  EXPECT_EQ(next_cron("0 * * * *", noon, noon + 3 * hour + minute), noon + 4 * hour);
  EXPECT_EQ(next_cron("@every 1h", noon, noon + 3 * hour + minute), noon + 4 * hour);
  EXPECT_EQ(next_cron("0 * * * *", noon, noon + minute + 1), noon + hour + 1);
  // A run that ended before its own time came comes again then.
  EXPECT_EQ(next_cron("0 * * * *", noon, noon - minute), noon);
}

TEST(cron, refuses_what_it_cannot_read) {
  for (const std::string bad : {"* * * *",
                                "60 * * * *",
                                "* 24 * * *",
                                "* * 0 * *",
                                "* * * 13 *",
                                "* * * * 7",
                                "a * * * *",
                                "@every x",
                                "@every",
                                "@every 5",
                                "CRON_TZ=Nowhere/City * * * * *",
                                "CRON_TZ=../passwd * * * * *",
                                "TZ=UTC",
                                "5-1 * * * *",
                                "*/0 * * * *",
                                "1-2-3 * * * *",
                                "1/2/3 * * * *",
                                "@never",
                                "* * * * * *",
                                "99999 * * * *",
                                ", * * * *"}) {
    try {
      check_cron(bad, march);
      ADD_FAILURE() << bad;
    } catch (const refusal& fault) {
      EXPECT_EQ(fault.status().code, rpc_code::invalid_argument) << bad;
      EXPECT_STREQ(fault.what(), "invalid CronSchedule.") << bad;
    }
  }
  try {
    check_cron("0 0 31 2 *", march);
    ADD_FAILURE();
  } catch (const refusal& fault) {
    EXPECT_STREQ(fault.what(), "invalid CronSchedule, no time can be found to satisfy the schedule");
  }
  check_cron("", march);
  EXPECT_FALSE(next_cron("0 0 31 2 *", march, march));
}

RetryPolicy make_policy(int attempts = 0) {
  RetryPolicy policy;
  policy.set_maximum_attempts(attempts);
  complete_retry_policy(policy);
  return policy;
}

Failure make_failure(const std::string& type, bool non_retryable = false) {
  Failure failure;
  failure.mutable_application_failure_info()->set_type(type);
  failure.mutable_application_failure_info()->set_non_retryable(non_retryable);
  return failure;
}

TEST(retry, has_the_defaults_of_the_field) {
  const auto policy = make_policy();
  EXPECT_EQ(policy.initial_interval().seconds(), 1);
  EXPECT_EQ(policy.maximum_interval().seconds(), 100);
  EXPECT_DOUBLE_EQ(policy.backoff_coefficient(), 2);
  EXPECT_EQ(policy.maximum_attempts(), 0);
}

TEST(retry, waits_longer_after_each_attempt_up_to_the_maximum) {
  const auto policy = make_policy();
  const auto failure = make_failure("any");
  EXPECT_EQ(next_retry(policy, 1, march, 0, failure), second);
  EXPECT_EQ(next_retry(policy, 2, march, 0, failure), 2 * second);
  EXPECT_EQ(next_retry(policy, 7, march, 0, failure), 64 * second);
  EXPECT_EQ(next_retry(policy, 8, march, 0, failure), 100 * second);
  EXPECT_EQ(next_retry(policy, 5000, march, 0, failure), 100 * second);
  EXPECT_EQ(next_retry(policy, 0, march, 0, failure), second);
}

TEST(retry, says_why_there_is_no_next_attempt) {
  auto policy = make_policy(3);
  policy.add_non_retryable_error_types("fatal");
  policy.add_non_retryable_error_types("TemporalTimeout:Heartbeat");
  const auto verdict = [&](int attempt, instant deadline, const Failure& failure) {
    return decide_retry(policy, attempt, march, deadline, &failure).state;
  };
  const auto plain = make_failure("any");
  EXPECT_EQ(verdict(2, 0, plain), enums::RETRY_STATE_IN_PROGRESS);
  EXPECT_EQ(verdict(3, 0, plain), enums::RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED);
  EXPECT_EQ(verdict(1, march + second, plain), enums::RETRY_STATE_IN_PROGRESS);
  EXPECT_EQ(verdict(1, march + second - 1, plain), enums::RETRY_STATE_TIMEOUT);
  EXPECT_EQ(verdict(1, 0, make_failure("fatal")), enums::RETRY_STATE_NON_RETRYABLE_FAILURE);
  EXPECT_EQ(verdict(1, 0, make_failure("any", true)), enums::RETRY_STATE_NON_RETRYABLE_FAILURE);

  const auto timeout = [&](enums::TimeoutType type) {
    Failure failure;
    failure.mutable_timeout_failure_info()->set_timeout_type(type);
    return verdict(1, 0, failure);
  };
  EXPECT_EQ(timeout(enums::TIMEOUT_TYPE_START_TO_CLOSE), enums::RETRY_STATE_IN_PROGRESS);
  EXPECT_EQ(timeout(enums::TIMEOUT_TYPE_HEARTBEAT), enums::RETRY_STATE_NON_RETRYABLE_FAILURE);
  EXPECT_EQ(timeout(enums::TIMEOUT_TYPE_SCHEDULE_TO_START), enums::RETRY_STATE_NON_RETRYABLE_FAILURE);
  EXPECT_EQ(timeout(enums::TIMEOUT_TYPE_SCHEDULE_TO_CLOSE), enums::RETRY_STATE_NON_RETRYABLE_FAILURE);

  Failure other;
  other.mutable_server_failure_info()->set_non_retryable(true);
  EXPECT_EQ(verdict(1, 0, other), enums::RETRY_STATE_NON_RETRYABLE_FAILURE);
  other.mutable_server_failure_info()->set_non_retryable(false);
  EXPECT_EQ(verdict(1, 0, other), enums::RETRY_STATE_IN_PROGRESS);
  other.mutable_canceled_failure_info();
  EXPECT_EQ(verdict(1, 0, other), enums::RETRY_STATE_NON_RETRYABLE_FAILURE);
  other.mutable_terminated_failure_info();
  EXPECT_EQ(verdict(1, 0, other), enums::RETRY_STATE_NON_RETRYABLE_FAILURE);
}

TEST(retry, takes_the_delay_that_the_failure_wishes) {
  const auto policy = make_policy();
  auto failure = make_failure("any");
  to_proto(30 * second, *failure.mutable_application_failure_info()->mutable_next_retry_delay());
  EXPECT_EQ(next_retry(policy, 1, march, 0, failure), 30 * second);
  to_proto(hour, *failure.mutable_application_failure_info()->mutable_next_retry_delay());
  EXPECT_EQ(next_retry(policy, 1, march, 0, failure), 100 * second);
  EXPECT_EQ(decide_retry(policy, 1, march, 0, &failure, true).pause, hour);
  to_proto(interval{0}, *failure.mutable_application_failure_info()->mutable_next_retry_delay());
  EXPECT_EQ(decide_retry(policy, 1, march, 0, &failure, true).pause, 0);
  EXPECT_TRUE(decide_retry(policy, 1, march, 0, &failure, true).again());
}

TEST(retry, refuses_policies_that_make_no_sense) {
  const auto fault = [](const std::function<void(RetryPolicy&)>& change) -> std::string {
    RetryPolicy policy;
    change(policy);
    try {
      complete_retry_policy(policy);
    } catch (const refusal& refused) {
      return refused.what();
    }
    return {};
  };
  EXPECT_EQ(fault([](RetryPolicy& p) { p.mutable_initial_interval()->set_seconds(-1); }),
            "invalid InitialInterval set on retry policy: negative duration");
  EXPECT_EQ(fault([](RetryPolicy& p) { p.set_backoff_coefficient(0.5); }),
            "BackoffCoefficient cannot be less than 1 on retry policy.");
  EXPECT_EQ(fault([](RetryPolicy& p) { p.mutable_maximum_interval()->set_seconds(-1); }),
            "invalid MaximumInterval set on retry policy: negative duration");
  EXPECT_EQ(fault([](RetryPolicy& p) {
              p.mutable_initial_interval()->set_seconds(10);
              p.mutable_maximum_interval()->set_seconds(9);
            }),
            "MaximumInterval cannot be less than InitialInterval on retry policy.");
  EXPECT_EQ(fault([](RetryPolicy& p) { p.set_maximum_attempts(-1); }),
            "MaximumAttempts cannot be negative on retry policy.");
  EXPECT_EQ(fault([](RetryPolicy& p) { p.add_non_retryable_error_types("TemporalTimeout:Never"); }),
            "Invalid timeout type value: Never.");
  EXPECT_EQ(fault([](RetryPolicy& p) { p.add_non_retryable_error_types("TemporalTimeout:StartToClose"); }), "");
  EXPECT_EQ(fault([](RetryPolicy& p) {
              p.set_maximum_attempts(1);
              p.set_backoff_coefficient(0.5);
            }),
            "");
}

}  // namespace cron_test
}  // namespace rondo::server
