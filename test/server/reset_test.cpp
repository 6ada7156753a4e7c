#include <gtest/gtest.h>
#include <temporal/api/history/v1/message.pb.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "fixture.hpp"
#include "rondo/activity.hpp"
#include "rondo/client/workflow_commands.hpp"
#include "rondo/workflow.hpp"

// Resets of a run with updates and signals, which the new run gets again unless they are left out.
namespace rondo::test::reset_test {

using namespace std::chrono_literals;

int length_of(std::string text) { return static_cast<int>(text.size()); }

class ledger {
 public:
  task<std::string> run() {
    co_await workflow::wait_condition([this] { return closed_ && workflow::all_handlers_finished(); });
    co_return text_;
  }
  task<int> enter(std::string what) {
    text_ += what;
    const int length = co_await workflow::execute_activity<length_of>({.start_to_close_timeout = 10s}, text_);
    co_return length;
  }
  void note(std::string what) { text_ += what; }
  void close() { closed_ = true; }
  static constexpr auto handlers =
      rondo::handlers(update<&ledger::enter>, signal<&ledger::note>, signal<&ledger::close>);

 private:
  std::string text_;
  bool closed_ = false;
};

/// With a cache of this size.
class reset_runs : public server_test, public ::testing::WithParamInterface<std::size_t> {
 protected:
  static worker_options with_cache(worker_options how) {
    how.max_cached_workflows = GetParam();
    return how;
  }
  running_worker worker{registry().workflow<ledger>().activity<length_of>(), with_cache(options())};

  /// A run that has completed two updates, with a signal between them.
  workflow_handle<ledger> closed_ledger() {
    const auto handle = client.start_workflow<ledger>(start()).get();
    // What comes before the end of the first workflow task stays with it.
    EXPECT_TRUE(eventually([&] { return handle.describe().get().history_length >= 4; }));
    EXPECT_EQ(handle.start_update<&ledger::enter>({.id = "first"}, "a").get().result().get(), 1);
    handle.signal<&ledger::note>("b").get();
    EXPECT_EQ(handle.start_update<&ledger::enter>({.id = "second"}, "c").get().result().get(), 3);
    handle.signal<&ledger::close>().get();
    EXPECT_EQ(handle.result().get(), "abc");
    return handle;
  }
  workflow_handle<ledger> reset(const workflow_handle<ledger>& of, const reset_options& how) {
    return client.get_workflow_handle<ledger>(of.id(), workflow_commands(client, of).reset(how).get());
  }
  /// The end of the last workflow task before the signal that notes something.
  static std::int64_t task_before_note(const workflow_handle<ledger>& of) {
    temporal::api::history::v1::History history;
    EXPECT_TRUE(history.ParseFromString(of.history().get().bytes()));
    std::int64_t last = 0;
    for (const auto& event : history.events()) {
      if (event.has_workflow_task_completed_event_attributes()) last = event.event_id();
      if (event.workflow_execution_signaled_event_attributes().signal_name() == "note") break;
    }
    return last;
  }
};

TEST_P(reset_runs, get_updates_and_signals_again_in_their_order) {
  const auto before = closed_ledger();
  const auto again = reset(before, {.to = reset_point::first_workflow_task()});
  EXPECT_EQ(again.result().get(), "abc");
  EXPECT_EQ(again.get_update_handle<int>("first").result().get(), 1);
  EXPECT_EQ(again.get_update_handle<int>("second").result().get(), 3);
}

TEST_P(reset_runs, leave_out_updates) {
  const auto before = closed_ledger();
  const auto again = reset(before, {.to = reset_point::first_workflow_task(), .leave_out_updates = true});
  EXPECT_EQ(again.result().get(), "b");
  EXPECT_THROW((void)again.get_update_handle<int>("first").result().get(), not_found);
}

TEST_P(reset_runs, leave_out_signals) {
  const auto before = closed_ledger();
  const auto again = reset(before, {.to = reset_point::first_workflow_task(), .leave_out_signals = true});
  EXPECT_EQ(again.get_update_handle<int>("second").result().get(), 2);
  EXPECT_EQ(again.describe().get().status, workflow_status::running);
  again.signal<&ledger::close>().get();
  EXPECT_EQ(again.result().get(), "ac");
}

TEST_P(reset_runs, leave_out_all_and_take_updates_with_the_same_ids) {
  const auto before = closed_ledger();
  const auto again =
      reset(before, {.to = reset_point::first_workflow_task(), .leave_out_signals = true, .leave_out_updates = true});
  EXPECT_EQ(again.start_update<&ledger::enter>({.id = "first"}, "xyz").get().result().get(), 3);
  again.signal<&ledger::close>().get();
  EXPECT_EQ(again.result().get(), "xyz");
}

TEST_P(reset_runs, keep_the_updates_from_before_the_point) {
  const auto before = closed_ledger();
  const auto point = reset_point::event(task_before_note(before));
  EXPECT_EQ(reset(before, {.to = point, .leave_out_updates = true}).result().get(), "ab");
  EXPECT_EQ(reset(before, {.to = point}).result().get(), "abc");
}

INSTANTIATE_TEST_SUITE_P(cached, reset_runs, ::testing::Values(0U, 1000U), ::testing::PrintToStringParamName());

}  // namespace rondo::test::reset_test
