#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <utility>

#include "host/worker_fixture.hpp"
#include "rondo/activity.hpp"
#include "support/history_builder.hpp"

// A server that lost a completion gives the task before it again, to a worker that has gone on.
namespace rondo::test::local_rebuild_test {

using namespace std::chrono_literals;

struct shared_state {
  std::promise<void> gates[2];
  std::atomic<int> calls{0}, ends{0};
};
/// What the activity shares with its test.
shared_state* shared = nullptr;

/// The first and the second call wait each at a gate of their own.
int waits_its_turn(int value) {
  const auto call = static_cast<std::size_t>(shared->calls++);
  shared->gates[call].get_future().wait();
  ++shared->ends;
  return value;
}

class tells_what_it_found {
 public:
  task<int> run(int value) {
    constexpr local_activity_options here{.start_to_close_timeout = 60s};
    co_return co_await workflow::execute_local_activity<waits_its_turn>(here, value + more_);
  }
  void add(int more) { more_ += more; }
  static constexpr auto handlers = rondo::handlers(signal<&tells_what_it_found::add>);

 private:
  int more_ = 0;
};

class local_activities_of_a_rebuilt_run : public worker_test {
 protected:
  local_activities_of_a_rebuilt_run() { shared = &state; }
  void TearDown() override {
    worker_test::TearDown();
    shared = nullptr;
  }
  static history_builder begun(int task_timeout) {
    history_builder made("tells_what_it_found", {"40"});
    auto& started = *made.at(1).mutable_workflow_execution_started_event_attributes();
    started.mutable_workflow_task_timeout()->set_seconds(task_timeout);
    return made;
  }

  shared_state state;
};

TEST_F(local_activities_of_a_rebuilt_run, are_not_those_of_the_run_before) {
  start(registry().workflow<tells_what_it_found>().activity<waits_its_turn>());
  bool first = true;
  amend = [&](const completion& /*done*/, completion_answer& answer) {
    if (!std::exchange(first, false)) return;
    // The heartbeat is lost after all, and a signal came before its task.
    auto again = begun(60);
    again.signal("add", {"2"});
    *answer.mutable_workflow_task() = add_run("run", std::move(again)).open(1);
  };
  add_run("run", begun(1)).offer();
  ASSERT_TRUE(until([this] { return state.calls == 2; }));
  state.gates[0].set_value();
  ASSERT_TRUE(until([this] { return state.ends == 1; }));
  settle();
  state.gates[1].set_value();
  ASSERT_TRUE(until([this] { return completions() == 2; }));
  const auto done = last_completion();
  ASSERT_EQ(done.commands_size(), 2) << "the marker and the end";
  const auto& result = done.commands(1).complete_workflow_execution_command_attributes().result();
  EXPECT_EQ(result.payloads(0).data(), "42");
}

}  // namespace rondo::test::local_rebuild_test
