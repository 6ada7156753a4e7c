#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>

#include "host/worker_fixture.hpp"
#include "rondo/activity.hpp"
#include "rondo/codec.hpp"
#include "support/history_builder.hpp"

// The time that codecs take to read a workflow task is part of the time that the server gives for it.
namespace rondo::test::codec_time_test {

using namespace std::chrono_literals;
using io::steady_clock;

/// Lets threads wait until the test says so.
class door {
 public:
  /// Lets one through that waits, or will.
  void let_one() {
    change([this] { ++places_; });
  }
  void open() {
    change([this] { open_ = true; });
  }
  bool is_waited_at() const {
    const std::lock_guard lock(mutex_);
    return waiting_ > 0;
  }
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.wait(lock, [this] { return open_ || places_ > 0; });
    --waiting_;
    if (!open_) --places_;
  }

 private:
  void change(const std::function<void()>& how) {
    const std::lock_guard lock(mutex_);
    how();
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int places_ = 0, waiting_ = 0;
  bool open_ = false;
};

struct shared_state {
  door before_decoding, before_result;
  int calls = 0;
};
/// What the activity shares with its test.
shared_state* shared = nullptr;

class slow_codec final : public codec {
 public:
  explicit slow_codec(std::shared_ptr<shared_state> with) : with_(std::move(with)) {}
  void encode(std::span<payload> /*payloads*/, const serialization_context& /*context*/) const override {}
  void decode(std::span<payload> /*payloads*/, const serialization_context& /*context*/) const override {
    with_->before_decoding.pass();
  }
  bool is_slow() const override { return true; }

 private:
  std::shared_ptr<shared_state> with_;
};

int waits_for_result(int value) {
  ++shared->calls;
  shared->before_result.pass();
  return value;
}

class adds_up {
 public:
  task<int> run(int value) {
    constexpr local_activity_options here{.start_to_close_timeout = 60s};
    const int found = co_await workflow::execute_local_activity<waits_for_result>(here, value);
    co_return found + more_;
  }
  void add(int more) { more_ += more; }
  static constexpr auto handlers = rondo::handlers(signal<&adds_up::add>);

 private:
  int more_ = 0;
};

task<int> doubled(int value) { co_return 2 * value; }

class codec_time : public worker_test {
 protected:
  explicit codec_time(std::shared_ptr<shared_state> with = std::make_shared<shared_state>())
      : worker_test(options_of(with)), state(std::move(with)) {
    shared = state.get();
  }
  void TearDown() override {
    state->before_decoding.open();
    state->before_result.open();
    worker_test::TearDown();
    shared = nullptr;
  }

  static client_options options_of(const std::shared_ptr<shared_state>& with) {
    client_options made;
    made.data.codecs = {std::make_shared<slow_codec>(with)};
    return made;
  }
  static registry app() { return registry().workflow<adds_up>().workflow<doubled>().activity<waits_for_result>(); }
  /// Warns of tasks that take as long as `decode_for` lets them take.
  static worker_options impatient() {
    auto how = options();
    how.workflow_task_duration_warning = 200ms;
    return how;
  }
  /// The next payloads are decoded, which takes at least this time.
  void decode_for(io::duration time) {
    ASSERT_TRUE(until([this] { return state->before_decoding.is_waited_at(); }));
    const auto end = steady_clock::now() + time;
    ASSERT_TRUE(until([end] { return steady_clock::now() > end; }));
    decoded = steady_clock::now();
    state->before_decoding.let_one();
    ASSERT_TRUE(until([this] { return !state->before_decoding.is_waited_at(); }));
  }

  std::shared_ptr<shared_state> state;
  io::time_point decoded;
};

TEST_F(codec_time, is_part_of_the_time_until_a_heartbeat_of_local_activities) {
  constexpr io::duration timeout = 2s;
  constexpr io::duration heartbeat = timeout * 4 / 5;
  start(app());
  history_builder begin("adds_up", {"40"});
  begin.at(1).mutable_workflow_execution_started_event_attributes()->mutable_workflow_task_timeout()->set_seconds(2);
  auto& run = add_run("run", std::move(begin));
  bool first = true;
  amend = [&](const completion& /*done*/, completion_answer& answer) {
    if (!std::exchange(first, false)) return;
    run.history.signal("add", {"2"});
    *answer.mutable_workflow_task() = run.open(run.previous_started() + 1);
  };
  run.offer();
  // The first task is the answer of a poll, the second comes with that of a completion.
  for (const std::size_t beats : {1U, 2U}) {
    ASSERT_NO_FATAL_FAILURE(decode_for(heartbeat));
    // One that is counted from here comes later than this.
    const auto too_late = decoded + heartbeat * 3 / 4;
    ASSERT_TRUE(until([&] { return completions() == beats || steady_clock::now() > too_late; }));
    ASSERT_EQ(completions(), beats) << "the server gives the task up before its heartbeat";
    EXPECT_TRUE(last_completion().force_create_new_workflow_task());
  }
  state->before_result.open();
  run.offer_sticky();
  ASSERT_TRUE(until([this] { return completions() == 3 && idle(); }));
  EXPECT_EQ(run.history.at(run.history.last_id()).event_type(), enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED);
  EXPECT_EQ(state->calls, 1) << "it was begun once";
}

TEST_F(codec_time, is_part_of_what_slow_tasks_are_warned_of) {
  start(app(), impatient());
  add_run("run", history_builder("doubled", {"4"})).offer();
  ASSERT_NO_FATAL_FAILURE(decode_for(200ms));
  ASSERT_TRUE(until([this] { return completions() == 1 && idle(); }));
  EXPECT_TRUE(log->contains("[TMPRL1104]"));
}

asio::awaitable<void> start_doubled(client through) {
  const start_workflow_options how{.id = "w", .task_queue = "queue", .eager_start = true};
  co_await through.start_workflow<doubled>(how, 4);
}

TEST_F(codec_time, of_an_eager_start_is_part_of_it_too) {
  server.answer<service::GetSystemInfoRequest, service::GetSystemInfoResponse>([](const auto&, auto& answer) {
    answer.mutable_capabilities()->set_sdk_metadata(true);
    answer.mutable_capabilities()->set_eager_workflow_start(true);
    return rpc_status();
  });
  server.answer<service::StartWorkflowExecutionRequest, service::StartWorkflowExecutionResponse>(
      [this](const auto& asked, auto& answer) {
        answer.set_run_id("run");
        answer.set_started(true);
        if (!asked.request_eager_execution()) return rpc_status();
        *answer.mutable_eager_workflow_task() = add_run("run", history_builder("doubled", {"4"})).open(1);
        return rpc_status();
      });
  auto how = impatient();
  ++how.max_concurrent_workflow_tasks;
  start(app(), how);
  bool started = false;
  asio::co_spawn(loop->executor(), start_doubled(client::over(server.connection)),
                 [&](const std::exception_ptr& thrown) {
                   EXPECT_FALSE(thrown);
                   started = true;
                 });
  ASSERT_NO_FATAL_FAILURE(decode_for(200ms));
  ASSERT_TRUE(until([&] { return started && completions() == 1 && idle(); }));
  EXPECT_TRUE(log->contains("[TMPRL1104]"));
}

}  // namespace rondo::test::codec_time_test
