#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>

#include "fixture.hpp"
#include "rondo/exception_types.hpp"
#include "rondo/failure.hpp"
#include "rondo/workflow.hpp"

namespace rondo::test::failure_exceptions_cases {

using namespace std::chrono_literals;

/// What a replay reads although it must not.
std::atomic<bool> changed = false;

task<> throws_what_is_listed() {
  co_await workflow::sleep(10ms);
  throw std::invalid_argument("not so");
}
task<> changes_its_code() {
  constexpr activity_options soon{.start_to_close_timeout = 1s};
  const bool as_before = !changed.exchange(true);
  if (!as_before) co_await workflow::execute_activity<int>("nobody_has_this", soon);
  co_await workflow::sleep(10ms);
}

class failure_exceptions : public server_test {
 protected:
  static registry app() { return registry{}.workflow<throws_what_is_listed>().workflow<changes_its_code>(); }
};

TEST_F(failure_exceptions, fail_the_workflow) {
  auto strict = options();
  strict.failure_exceptions = exception_types<std::invalid_argument>;
  const running_worker worker(app(), strict);
  const auto handle = client.start_workflow<throws_what_is_listed>(start()).get();
  const auto failed = failure_of(handle.result());
  const auto* cause = failed.cause_as<application_failure>();
  ASSERT_NE(cause, nullptr);
  EXPECT_EQ(cause->message(), "not so");
  EXPECT_EQ(cause->type(), "std::invalid_argument");
}

TEST_F(failure_exceptions, fail_the_workflow_whose_code_has_changed) {
  changed = false;
  auto strict = options();
  strict.failure_exceptions = exception_types<nondeterminism_error>;
  strict.max_cached_workflows = 0;
  const running_worker worker(app(), strict);
  const auto handle = client.start_workflow<changes_its_code>(start()).get();
  const auto failed = failure_of(handle.result());
  const auto* cause = failed.cause_as<application_failure>();
  ASSERT_NE(cause, nullptr);
  EXPECT_EQ(cause->type(), "NondeterminismError");
  EXPECT_TRUE(cause->message().starts_with("[TMPRL1100]")) << cause->message();
}

}  // namespace rondo::test::failure_exceptions_cases
