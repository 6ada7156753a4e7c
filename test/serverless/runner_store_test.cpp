#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "rondo/interceptor.hpp"
#include "serverless/runner_fixture.hpp"

// Runs stay in memory from one invocation to the next, with all that they refer to.
namespace runner_store_test {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace workflow = rondo::workflow;

int bill(int cents) { return cents; }
rondo::task<int> bills() {
  auto inbox = std::make_shared<std::vector<int>>();
  workflow::set_signal_handler("bill", [inbox](int cents) { inbox->push_back(cents); });
  for (std::size_t done = 0;; ++done) {
    co_await workflow::wait_condition([&] { return inbox->size() > done; });
    auto running = workflow::execute_activity<bill>({.start_to_close_timeout = 5s}, int{inbox->at(done)}).start();
    co_await workflow::sleep(1h);
  }
}

/// Notes what reaches runs.
class notes_signals final : public rondo::worker_interceptor {
 public:
  explicit notes_signals(std::vector<std::string>& to) : to_(to) {}
  std::unique_ptr<rondo::workflow_interceptor> intercept_workflow(const rondo::workflow_info& /*about*/) override {
    return std::make_unique<of_run>(to_);
  }

 private:
  class of_run final : public rondo::workflow_interceptor {
   public:
    explicit of_run(std::vector<std::string>& to) : to_(to) {}
    void inbound(rondo::workflow_message& message) override { to_.emplace_back(message.name); }

   private:
    std::vector<std::string>& to_;
  };
  std::vector<std::string>& to_;
};

class invocations_with_a_store : public runner_test {
 protected:
  /// The tenant that the last completion gives its activity; empty: it starts none.
  std::string last_tenant() {
    const auto all = server.seen<completion>();
    for (const auto& command : all.back().commands()) {
      if (!command.has_schedule_activity_task_command_attributes()) continue;
      return command.schedule_activity_task_command_attributes().header().fields().at("tenant").data();
    }
    return {};
  }
};

TEST_F(invocations_with_a_store, keep_interceptors_and_headers_of_the_runs_that_they_find) {
  std::vector<std::string> seen;
  auto how = quick(rondo::registry().workflow<bills>().activity<bill>());
  how.worker.interceptors = {std::make_shared<notes_signals>(seen)};
  how.worker.propagated_headers = {"tenant"};
  how.worker.eager_activities = false;
  use(how);
  server.answer<service::GetWorkflowExecutionHistoryRequest, service::GetWorkflowExecutionHistoryResponse>(
      [this](const auto& request, auto& response) {
        response = run->fetch(request);
        return rondo::rpc_status();
      });
  auto& known = add_run("bills");
  auto& start = *known.history.at(1).mutable_workflow_execution_started_event_attributes();
  (*start.mutable_header()->mutable_fields())["tenant"].set_data("\"blue\"");
  known.offer();
  invoke();
  EXPECT_EQ(seen, std::vector<std::string>{"bills"});

  // The worker of the first invocation is gone, and with it its options.
  known.history.signal("bill", {"5"});
  known.offer_sticky();
  invoke();
  EXPECT_EQ(server.count<service::GetWorkflowExecutionHistoryRequest>(), 0U);
  EXPECT_EQ(seen, (std::vector<std::string>{"bills", "bill"}));
  EXPECT_EQ(last_tenant(), "\"blue\"");

  // What it has in memory does not fit any more: the run begins anew, and is intercepted again.
  known.history.signal("bill", {"6"});
  server.give(queue::sticky, known.open(known.previous_started() + 3));
  invoke();
  EXPECT_EQ(server.count<service::GetWorkflowExecutionHistoryRequest>(), 1U);
  EXPECT_EQ(seen, (std::vector<std::string>{"bills", "bill", "bills", "bill", "bill"}));
  EXPECT_EQ(server.count<completion>(), 3U);
}

}  // namespace runner_store_test
