#include <gtest/gtest.h>
#include <temporal/api/history/v1/message.pb.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "fixture.hpp"
#include "rondo/activity.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/interceptor.hpp"
#include "rondo/workflow.hpp"

// What happens to a run while a workflow task of it is in work: the server refuses the completion, or the next task
// brings what contradicts it.
namespace rondo::test::meanwhile_test {

using namespace std::chrono_literals;
namespace enums = detail::engine::enums;

/// Holds workflow code at places, each once, until the test lets it go on.
class turnstile {
 public:
  explicit turnstile(std::set<std::string> places) : places_(std::move(places)) {}

  void hold_at(const std::string& place) {
    const std::lock_guard lock(mutex_);
    places_.insert(place);
  }
  void come(const std::string& place) {
    std::unique_lock lock(mutex_);
    if (places_.erase(place) == 0) return;
    here_ = place;
    changed_.notify_all();
    changed_.wait_for(lock, 20s, [&] { return here_ != place; });
  }
  bool holds_at(const std::string& place) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return here_ == place; });
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    here_.clear();
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> places_;
  std::string here_;
};

/// The places: the end of the code, the start of a timer or of a child, a signal by its name.
class held_run final : public workflow_interceptor {
 public:
  explicit held_run(std::shared_ptr<turnstile> at) : at_(std::move(at)) {}
  void inbound(workflow_message& message) override {
    if (message.kind == workflow_message_kind::signal) at_->come(std::string(message.name));
  }
  void outbound(workflow_call& call) override {
    if (call.kind == workflow_call_kind::child_workflow) at_->come("child");
  }
  void start_timer(workflow_timer& /*timer*/) override { at_->come("timer"); }
  void result(workflow_result& of) override {
    if (of.kind == workflow_message_kind::start) at_->come("end");
  }

 private:
  std::shared_ptr<turnstile> at_;
};
class held_runs final : public worker_interceptor {
 public:
  explicit held_runs(std::shared_ptr<turnstile> at) : at_(std::move(at)) {}
  std::unique_ptr<workflow_interceptor> intercept_workflow(const workflow_info& /*about*/) override {
    return std::make_unique<held_run>(at_);
  }

 private:
  std::shared_ptr<turnstile> at_;
};

constexpr activity_options soon{.start_to_close_timeout = 30s, .retry = retry_policy{.maximum_attempts = 1}};

/// Somebody else answers for it.
class desk {
 public:
  std::string asks() {
    token.set_value(activity::info().task_token);
    activity::complete_async();
  }
  std::promise<std::string> token;
};

/// Ends when it is closed, whatever else is under way then.
class collector {
 public:
  task<std::string> run(bool busy) {
    if (busy) {
      co_await workflow::when_any(workflow::execute_activity<&desk::asks>(soon), workflow::sleep(1h), until_closed());
    } else {
      co_await until_closed();
    }
    co_return text_;
  }
  void add(std::string more) { text_ += more; }
  void close() { closed_ = true; }
  static constexpr auto handlers = rondo::handlers(signal<&collector::add>, signal<&collector::close>);

 private:
  task<int> until_closed() {
    co_await workflow::wait_condition([this] { return closed_; });
    co_return 0;
  }

  std::string text_;
  bool closed_ = false;
};

/// Waits for a time, or until it is told to stop.
class kettle {
 public:
  task<std::string> run(int milliseconds) {
    workflow::cancellation_scope scope;
    auto boils = scope.run(workflow::sleep(std::chrono::milliseconds(milliseconds)));
    const auto stop = [this, &scope]() -> task<> {
      co_await workflow::wait_condition([this] { return stopped_; });
      scope.cancel();
    };
    auto [outcome, stopped] = co_await workflow::when_all(workflow::as_result(std::move(boils)), stop());
    co_return outcome ? "boiled" : "cancelled";
  }
  void hold() {}
  void stop() { stopped_ = true; }
  static constexpr auto handlers = rondo::handlers(signal<&kettle::hold>, signal<&kettle::stop>);

 private:
  bool stopped_ = false;
};

/// Runs until it is told to end.
class child {
 public:
  task<std::string> run() {
    co_await workflow::wait_condition([this] { return ended_; });
    co_return "grown up";
  }
  void end() { ended_ = true; }
  static constexpr auto handlers = rondo::handlers(signal<&child::end>);

 private:
  bool ended_ = false;
};

/// Has a child, and stops waiting for it when it is told so; ends when it is told that.
class parent {
 public:
  task<std::string> run(std::string child_id, int how) {
    workflow::cancellation_scope scope;
    const child_workflow_options options{.id = child_id, .cancellation = static_cast<cancellation_type>(how)};
    auto raised = scope.run(workflow::execute_child<child>(options));
    const auto leave = [this, &scope]() -> task<> {
      co_await workflow::wait_condition([this] { return left_; });
      scope.cancel();
    };
    auto [outcome, left] = co_await workflow::when_all(workflow::as_result(std::move(raised)), leave());
    gone_ = true;
    co_await workflow::wait_condition([this] { return ended_; });
    co_return outcome ? outcome.value() : is_cancellation(outcome.error()) ? "cancelled" : "failed";
  }
  void leave() { left_ = true; }
  void end() { ended_ = true; }
  bool gone() const { return gone_; }
  static constexpr auto handlers = rondo::handlers(signal<&parent::leave>, signal<&parent::end>, query<&parent::gone>);

 private:
  bool left_ = false, gone_ = false, ended_ = false;
};

class meanwhile : public server_test, public ::testing::WithParamInterface<std::size_t> {
 protected:
  std::shared_ptr<turnstile> code;
  desk counter;

  /// A worker whose code is held at these places.
  std::unique_ptr<running_worker> holding_at(std::set<std::string> places) {
    code = std::make_shared<turnstile>(std::move(places));
    auto how = options();
    how.max_cached_workflows = GetParam();
    how.deadlock_timeout = 0s;
    how.interceptors = {std::make_shared<held_runs>(code)};
    registry app;
    app.workflow<collector>().workflow<kettle>().workflow<parent>().workflow<child>();
    app.activity<&desk::asks>(counter);
    return std::make_unique<running_worker>(std::move(app), std::move(how));
  }
  static detail::engine::History events_of(const workflow_handle_base& handle) {
    detail::engine::History history;
    EXPECT_TRUE(history.ParseFromString(handle.history().get().bytes()));
    return history;
  }
  static long count(const detail::engine::History& in, enums::EventType type) {
    return std::count_if(in.events().begin(), in.events().end(),
                         [type](const auto& event) { return event.event_type() == type; });
  }
  /// How many workflow tasks were refused because something came before the end; none failed otherwise.
  static long refusals(const detail::engine::History& in) {
    for (const auto& event : in.events()) {
      if (!event.has_workflow_task_failed_event_attributes()) continue;
      EXPECT_EQ(event.workflow_task_failed_event_attributes().cause(),
                enums::WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND);
    }
    EXPECT_EQ(count(in, enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT), 0);
    return count(in, enums::EVENT_TYPE_WORKFLOW_TASK_FAILED);
  }
};

TEST_P(meanwhile, a_signal_that_comes_before_the_end_is_seen) {
  const auto worker = holding_at({"end"});
  const auto handle = client.start_workflow<collector>(start(), false).get();
  handle.signal<&collector::add>("early").get();
  handle.signal<&collector::close>().get();
  ASSERT_TRUE(code->holds_at("end"));
  handle.signal<&collector::add>(" late").get();
  code->let_go();
  EXPECT_EQ(handle.result().get(), "early late");
  EXPECT_EQ(refusals(events_of(handle)), 1);
}

TEST_P(meanwhile, an_end_that_cancels_the_rest_is_refused_once) {
  const auto worker = holding_at({"end"});
  const auto handle = client.start_workflow<collector>(start(), true).get();
  const auto token = counter.token.get_future().get();
  handle.signal<&collector::close>().get();
  ASSERT_TRUE(code->holds_at("end"));
  handle.signal<&collector::add>("late").get();
  code->let_go();
  EXPECT_EQ(handle.result().get(), "late");
  const auto history = events_of(handle);
  EXPECT_EQ(refusals(history), 1);
  EXPECT_EQ(count(history, enums::EVENT_TYPE_TIMER_CANCELED), 1);
  EXPECT_EQ(count(history, enums::EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED), 1);
}

TEST_P(meanwhile, an_end_does_not_cancel_what_has_ended_before_it) {
  const auto worker = holding_at({"end"});
  const auto handle = client.start_workflow<collector>(start(), true).get();
  const auto token = counter.token.get_future().get();
  handle.signal<&collector::close>().get();
  ASSERT_TRUE(code->holds_at("end"));
  client.activity_handle(token).complete(std::string("answer")).get();
  code->let_go();
  EXPECT_EQ(handle.result().get(), "");
  const auto history = events_of(handle);
  EXPECT_EQ(refusals(history), 1);
  EXPECT_EQ(count(history, enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED), 1);
  EXPECT_EQ(count(history, enums::EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED), 0);
}

TEST_P(meanwhile, a_timer_that_fired_is_not_cancelled) {
  const auto worker = holding_at({"timer", "hold"});
  const auto handle = client.start_workflow<kettle>(start(), 200).get();
  // The task that starts the timer is followed at once by one that is in work while the timer fires.
  ASSERT_TRUE(code->holds_at("timer"));
  handle.signal<&kettle::hold>().get();
  code->let_go();
  ASSERT_TRUE(code->holds_at("hold"));
  handle.signal<&kettle::stop>().get();
  // The official servers fire timers up to a second late.
  std::this_thread::sleep_for(server_under_test() == server_kind::own ? 700ms : 2s);
  code->let_go();
  const auto result = handle.result().get();
  const auto history = events_of(handle);
  EXPECT_EQ(refusals(history), 0);
  // A server that is still slower lets it cancel the timer.
  const bool cancelled = count(history, enums::EVENT_TYPE_TIMER_CANCELED) == 1;
  EXPECT_EQ(result, cancelled ? "cancelled" : "boiled");
}

TEST_P(meanwhile, a_child_is_cancelled_before_it_has_begun) {
  const auto worker = holding_at({});
  for (const auto how : {cancellation_type::try_cancel, cancellation_type::wait_cancellation_completed,
                         cancellation_type::abandon, cancellation_type::wait_cancellation_requested}) {
    code->hold_at("child");
    const std::string child_id = "child-" + detail::random_uuid();
    const auto handle = client.start_workflow<parent>(start(), child_id, static_cast<int>(how)).get();
    // The server has the signal before it has begun to start the child.
    ASSERT_TRUE(code->holds_at("child"));
    handle.signal<&parent::leave>().get();
    code->let_go();
    handle.signal<&parent::end>().get();
    EXPECT_EQ(handle.result().get(), "cancelled");
    const auto history = events_of(handle);
    EXPECT_EQ(count(history, enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED), 0)
        << "nobody is asked before there is somebody";
    // Each of those may come while the end is sent.
    EXPECT_LE(refusals(history), count(history, enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED) +
                                     count(history, enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED) +
                                     count(history, enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED));
  }
}

TEST_P(meanwhile, a_child_that_was_left_ends_after_all) {
  const auto worker = holding_at({});
  const std::string child_id = "child-" + detail::random_uuid();
  const auto how = static_cast<int>(cancellation_type::abandon);
  const auto handle = client.start_workflow<parent>(start(), child_id, how).get();
  const auto raised = client.get_workflow_handle<child>(child_id);
  ASSERT_TRUE(eventually([&] { return count(events_of(handle), enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED); }));
  handle.signal<&parent::leave>().get();
  ASSERT_TRUE(eventually([&] { return handle.query<&parent::gone>().get(); }));
  raised.signal<&child::end>().get();
  EXPECT_EQ(raised.result().get(), "grown up");
  ASSERT_TRUE(
      eventually([&] { return count(events_of(handle), enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED); }));
  EXPECT_TRUE(handle.query<&parent::gone>().get());
  handle.signal<&parent::end>().get();
  EXPECT_EQ(handle.result().get(), "cancelled");
  EXPECT_EQ(refusals(events_of(handle)), 0);
}

INSTANTIATE_TEST_SUITE_P(cached, meanwhile, ::testing::Values(0U, 1000U), ::testing::PrintToStringParamName());

}  // namespace rondo::test::meanwhile_test
