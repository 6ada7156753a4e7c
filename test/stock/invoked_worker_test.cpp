#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "rondo/client.hpp"
#include "stock/fixture.hpp"
#include "stock/programs/visit.hpp"
#include "support/program.hpp"

// Serverless workers that the stock server invokes by itself, each where the server thinks that AWS is: an HTTP worker,
// and a Lambda function in the emulator.
namespace rondo::test::invoked {

namespace invoked_worker_test {

/// How the worker runs, and as what the server knows it.
enum class form { http_as_runtime, http_as_function, lambda };

void PrintTo(form of, std::ostream* to) {
  *to << (of == form::lambda ? "lambda" : of == form::http_as_runtime ? "http_as_runtime" : "http_as_function");
}

class invoked_workers : public stock_test, public ::testing::WithParamInterface<form> {
 protected:
  void SetUp() override {
    stock_test::SetUp();
    if (IsSkipped()) return;
    start_worker();
    set_up_version();
  }
  void TearDown() override {
    if (worker_ && HasFailure()) std::fputs(worker_->err().c_str(), stderr);
  }

  void start_worker() {
    const std::string address = provider_address();
    const std::string port = address.substr(address.rfind(':') + 1);
    words variables = worker_variables();
    if (GetParam() == form::lambda) {
      words command{
          "emulate", "--lambda",          program_beside("stock_worker"), "--port", port, "--function-name", "f", "-o",
          "json",    "--no-event-retries"};
      for (auto& each : variables) command.insert(command.end(), {"--env", each});
      worker_.emplace(rondo_command(std::move(command)));
      static_cast<void>(worker_->first_line());
      return;
    }
    variables.push_back("PORT=" + port);
    worker_.emplace(words{program_beside("stock_worker")}, program_setup{.environment = std::move(variables)});
    ASSERT_TRUE(eventually([this] { return logged("worker listens") == 1; }));
  }
  /// The server invokes the worker of a new version, so that its task queue is known.
  void set_up_version() {
    const auto created = deployment("create-version", GetParam() == form::http_as_runtime ? agentcore : lambda);
    ASSERT_EQ(created.code, 0) << created.err;
    ASSERT_TRUE(eventually([this] { return is_registered(); })) << "nobody is invoked for a new version";
    const auto chosen = deployment("set-current");
    ASSERT_EQ(chosen.code, 0) << chosen.err;
    ASSERT_TRUE(eventually([this] { return nobody_works(); }));
  }

  int logged(const std::string& text) const { return count_of(worker_->err(), text); }
  int invocations() const { return begun_in(worker_->err()); }
  bool nobody_works() const { return all_ended_in(worker_->err()); }
  /// Asks until somebody answers: the server takes a worker that has polled just now for one that is there.
  std::string ask(const workflow_handle<visit>& whom) const {
    client_options options;
    options.target = server_address();
    options.rpc_timeout = std::chrono::seconds(2);
    const auto impatient = rondo::client::connect(std::move(options));
    const auto handle = impatient.get_workflow_handle<visit>(whom.id());
    std::string answer;
    EXPECT_TRUE(eventually([&] {
      try {
        answer = handle.query<&visit::said>().get();
        return true;
      } catch (const rpc_error&) {
        return false;
      }
    }));
    return answer;
  }

  std::optional<running_program> worker_;
};

TEST_P(invoked_workers, come_when_they_are_needed_and_leave_in_between) {
  const auto handle = client.start_workflow<visit>(start(), std::string("ada"), 4'000).get();
  ASSERT_TRUE(eventually([&] { return course_of(handle).activities_completed == 1 && nobody_works(); }))
      << doctor().out;
  EXPECT_EQ(course_of(handle).timers_fired, 0) << "the run takes longer than the timer";
  // Nobody is there when the timer fires, and nobody was told to come then but by the server.
  ASSERT_TRUE(eventually([&] { return course_of(handle).activities_completed == 2 && nobody_works(); }))
      << doctor().out;
  const int before = invocations();
  EXPECT_EQ(ask(handle), "hello ada, hello again");
  EXPECT_GT(invocations(), before);
  handle.signal<&visit::leave>().get();
  EXPECT_EQ(handle.result().get(), "hello ada, hello again");
  ASSERT_TRUE(eventually([&] { return nobody_works(); }));
  const auto seen = course_of(handle);
  EXPECT_GE(seen.workers.size(), 2U);
  EXPECT_EQ(seen.sticky_timeouts, 0);
  EXPECT_EQ(seen.lost_tasks, 0);
  EXPECT_EQ(logged("\"lostPolls\":0"), invocations());
  EXPECT_EQ(doctor().code, 0) << doctor().out;
}

INSTANTIATE_TEST_SUITE_P(all, invoked_workers,
                         ::testing::Values(form::http_as_runtime, form::http_as_function, form::lambda),
                         ::testing::PrintToStringParamName());

}  // namespace invoked_worker_test
}  // namespace rondo::test::invoked
