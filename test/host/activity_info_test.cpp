#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/activity_fixture.hpp"
#include "rondo/activity.hpp"
#include "support/history_builder.hpp"

// What activities know of themselves: of runs of their own, and of how they are repeated.
namespace rondo::test::activity_info_test {

using namespace std::chrono_literals;

std::optional<rondo::activity_info> seen;  // NOLINT: written by the activity of a test
int looks() {
  seen = activity::info();
  return 1;
}

constexpr std::array<std::string_view, 2> fatal = {"OutOfStock", "Invalid"};
rondo::task<int> calls_locally(bool with_policy) {
  local_activity_options how{.start_to_close_timeout = 10s};
  if (with_policy) {
    how.retry = retry_policy{.initial_interval = 2s,
                             .backoff_coefficient = 1.5,
                             .maximum_interval = 9s,
                             .maximum_attempts = 4,
                             .non_retryable_error_types = fatal};
  }
  co_return co_await workflow::execute_local_activity<looks>(how);
}

class activity_info_of : public activity_worker_test {
 protected:
  activity_info_of() { seen.reset(); }
  static registry app() { return registry().workflow<calls_locally>().activity<looks>(); }
  void run_workflow(const std::string& id, std::string_view argument) {
    const auto before = completions();
    add_run(id, history_builder("calls_locally", {argument})).offer();
    ASSERT_TRUE(until([&] { return completions() > before && idle(); }));
    ASSERT_TRUE(seen.has_value());
  }
};

TEST_F(activity_info_of, one_that_was_started_on_its_own_names_its_run) {
  start(app());
  auto given = make("looks");
  given.clear_workflow_execution();
  given.set_activity_run_id("run-7");
  report_of<completed>(given);
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->activity_run_id, "run-7");
  EXPECT_EQ(seen->run_id, "");
  EXPECT_FALSE(seen->retry.has_value());
}

TEST_F(activity_info_of, one_of_a_workflow_tells_all_of_its_retry_policy) {
  start(app());
  auto given = make("looks");
  auto& policy = *given.mutable_retry_policy();
  policy.mutable_initial_interval()->set_seconds(2);
  policy.mutable_maximum_interval()->set_seconds(200);
  policy.set_backoff_coefficient(1.5);
  policy.set_maximum_attempts(4);
  policy.add_non_retryable_error_types("OutOfStock");
  report_of<completed>(given);
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->activity_run_id, "");
  EXPECT_EQ(seen->run_id, "r");
  EXPECT_EQ(seen->maximum_attempts, 4);
  EXPECT_EQ(seen->retry, (owned_retry_policy{.initial_interval = 2s,
                                             .backoff_coefficient = 1.5,
                                             .maximum_interval = 200s,
                                             .maximum_attempts = 4,
                                             .non_retryable_error_types = {"OutOfStock"}}));
}

TEST_F(activity_info_of, a_local_one_tells_the_policy_of_its_call) {
  start(app());
  run_workflow("own", "true");
  EXPECT_TRUE(seen->is_local);
  EXPECT_EQ(seen->retry, (owned_retry_policy{.initial_interval = 2s,
                                             .backoff_coefficient = 1.5,
                                             .maximum_interval = 9s,
                                             .maximum_attempts = 4,
                                             .non_retryable_error_types = {"OutOfStock", "Invalid"}}));
}

TEST_F(activity_info_of, a_local_one_without_a_policy_tells_the_default) {
  start(app());
  run_workflow("default", "false");
  EXPECT_EQ(seen->retry,
            (owned_retry_policy{.initial_interval = 1s, .backoff_coefficient = 2, .maximum_interval = 100s}));
}

}  // namespace rondo::test::activity_info_test
