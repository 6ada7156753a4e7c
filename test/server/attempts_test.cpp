#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fixture.hpp"
#include "rondo/activity.hpp"
#include "rondo/client/workflow_commands.hpp"
#include "rondo/failure.hpp"
#include "rondo/slot_supplier.hpp"
#include "rondo/workflow.hpp"

// What attempts of activities are told, when the next one comes, and those that begin at once.
namespace rondo::test::attempts_test {

using namespace std::chrono_literals;

constexpr activity_options watched{.start_to_close_timeout = 60s,
                                   .heartbeat_timeout = 1s,
                                   .retry = retry_policy{.initial_interval = 10ms, .backoff_coefficient = 1},
                                   .activity_id = "it"};
/// The policy alone would never bring a second attempt.
constexpr activity_options patient{.start_to_close_timeout = 60s,
                                   .retry = retry_policy{.initial_interval = 1h, .maximum_interval = 1h}};
constexpr activity_options once{.start_to_close_timeout = 60s, .retry = retry_policy{.maximum_attempts = 1}};

class workshop {
 public:
  /// Goes on until it is told to stop, and after that it ends at once.
  std::string works() {
    const int attempt = activity::info().attempt;
    if (fails_first.exchange(false)) throw application_failure("not yet");
    if (seen) return std::to_string(attempt) + (activity::heartbeat_details<int>() ? " goes on" : " from the start");
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    const auto stopped = activity::stop_token();
    while (!stopped.stop_requested()) {
      activity::heartbeat(7);
      changed.wait_for(lock, stopped, 100ms, [] { return false; });
    }
    seen = activity::cancellation_details();
    told = true;
    activity::throw_if_cancelled();
    return "was not told to stop";
  }
  int comes_again() {
    const int attempt = activity::info().attempt;
    if (attempt == 1) throw application_failure("again", {.next_retry_delay = duration::zero()});
    return attempt;
  }
  void is_missing() {
    throw application_failure("it is not there", {.type = "Missing", .category = failure_category::benign});
  }

  std::atomic<bool> told = false, fails_first = false;
  std::optional<cancellation_details> seen;
};
int twice(int number) { return 2 * number; }

task<std::string> calls_works() { co_return co_await workflow::execute_activity<&workshop::works>(watched); }
task<int> calls_comes_again() { co_return co_await workflow::execute_activity<&workshop::comes_again>(patient); }
task<> calls_is_missing() { co_await workflow::execute_activity<&workshop::is_missing>(once); }
task<int> adds_up() {
  auto [one, two] = co_await workflow::when_all(workflow::execute_activity<twice>(once, 1),
                                                workflow::execute_activity<twice>(once, 2));
  co_return one + two;
}

class attempts : public server_test {
 protected:
  workshop shop;
  registry app() {
    return registry{}
        .workflow<calls_works>()
        .workflow<calls_comes_again>()
        .workflow<calls_is_missing>()
        .workflow<adds_up>()
        .activity<&workshop::works>(shop)
        .activity<&workshop::comes_again>(shop)
        .activity<&workshop::is_missing>(shop)
        .activity<twice>();
  }
  /// A run whose activity has sent a heartbeat.
  auto at_work() {
    const auto handle = client.start_workflow<calls_works>(start()).get();
    EXPECT_TRUE(eventually([&] {
      const auto pending = handle.describe().get().pending_activities;
      return !pending.empty() && !pending[0].heartbeat_details.empty();
    }));
    return handle;
  }
};

TEST_F(attempts, under_way_hear_of_a_reset_and_begin_anew) {
  for (const bool forgets : {false, true}) {
    shop.seen.reset();
    running_worker worker(app(), options());
    const auto handle = at_work();
    workflow_commands(client, handle)
        .reset_activity(activity_selector::by_id("it"), {.reset_heartbeat = forgets})
        .get();
    // Servers count the attempt that was under way as the first of the new ones.
    EXPECT_EQ(handle.result().get(), forgets ? "2 from the start" : "2 goes on");
    worker.stop();
    EXPECT_EQ(shop.seen, cancellation_details{.reset = true});
  }
}

TEST_F(attempts, but_the_first_are_lost_by_a_reset) {
  shop.fails_first = true;
  running_worker worker(app(), options());
  const auto handle = at_work();
  EXPECT_EQ(handle.describe().get().pending_activities.at(0).attempt, 2);
  workflow_commands(client, handle).reset_activity(activity_selector::by_id("it")).get();
  // The one that is lost counts as the first, and the next one comes when it has timed out.
  EXPECT_EQ(handle.result().get(), "2 goes on");
  worker.stop();
  EXPECT_EQ(shop.seen, cancellation_details{.not_found = true});
}

TEST_F(attempts, of_a_workflow_that_is_over_report_nothing) {
  running_worker worker(app(), options());
  const auto handle = at_work();
  handle.terminate("enough").get();
  ASSERT_TRUE(eventually([&] { return shop.told.load(); }));
  worker.stop();
  // Newer servers tell the worker that it is over before a heartbeat asks.
  EXPECT_TRUE(shop.seen->not_found || shop.seen->cancel_requested);
  EXPECT_NE(worker.log().contains("the server does not know the activity any more"), shop.seen->not_found);
  EXPECT_FALSE(worker.log().contains("the activity could not be reported"));
}

TEST_F(attempts, with_a_delay_of_zero_come_again_at_once) {
  const running_worker worker(app(), options());
  const auto handle = client.start_workflow<calls_comes_again>(start()).get();
  ASSERT_TRUE(eventually([&] { return handle.describe().get().status == workflow_status::completed; }, 10s));
  EXPECT_EQ(handle.result().get(), 2);
}

TEST_F(attempts, that_fail_without_harm_leave_the_log_alone) {
  running_worker worker(app(), options());
  const auto failed = failure_of(client.execute_workflow<calls_is_missing>(start()));
  const auto* cause = failed.cause_as<application_failure>();
  ASSERT_NE(cause, nullptr);
  EXPECT_EQ(cause->type(), "Missing");
  EXPECT_EQ(cause->category(), failure_category::benign);
  worker.stop();
  EXPECT_FALSE(worker.log().contains("it is not there"));
}

/// As many slots as a test says, and what becomes of those for eager activities.
class ledger final : public slot_supplier {
 public:
  explicit ledger(std::size_t most) : most_(most) {}
  bool try_reserve(const slot_request& request) override {
    const std::lock_guard lock(mutex_);
    if (request.held >= most_) return false;
    open_[request.id] = request.eager;
    if (request.eager) ++reserved_;
    return true;
  }
  void release(const slot_release& which) override {
    const std::lock_guard lock(mutex_);
    if (open_.at(which.id)) ++(which.used ? used_ : unused_);
    open_.erase(which.id);
  }
  /// Slots for eager activities: that ran, that were given back, that the worker still has.
  int used() const { return locked(used_); }
  int unused() const { return locked(unused_); }
  int left() const {
    const std::lock_guard lock(mutex_);
    return reserved_ - used_ - unused_;
  }
  std::size_t open() const {
    const std::lock_guard lock(mutex_);
    return open_.size();
  }

 private:
  int locked(const int& number) const {
    const std::lock_guard lock(mutex_);
    return number;
  }

  const std::size_t most_;
  mutable std::mutex mutex_;
  std::map<std::uint64_t, bool> open_;
  int reserved_ = 0, used_ = 0, unused_ = 0;
};

class eager_activities : public attempts {
 protected:
  std::shared_ptr<ledger> slots = std::make_shared<ledger>(5);
  worker_options how() const {
    auto made = options();
    made.activity_slots = slots;
    made.max_activity_pollers = 1;
    return made;
  }
};

TEST_F(eager_activities, run_and_give_back_the_slots_that_the_server_did_not_want) {
  running_worker worker(app(), how());
  // Each run asks for two activities, and holds three slots meanwhile; lost ones would soon be missing.
  for (int times = 0; times < 5; ++times) EXPECT_EQ(client.execute_workflow<adds_up>(start()).get(), 6);
  EXPECT_TRUE(eventually([&] { return slots->left() == 0; }));
  // The older official server starts none.
  EXPECT_EQ(slots->used(), server_under_test() == server_kind::real ? 0 : 10);
  worker.stop();
  EXPECT_EQ(slots->open(), 0U);
}

TEST_F(eager_activities, are_none_where_the_queue_has_a_limit) {
  auto limited = how();
  limited.max_task_queue_activities_per_second = 100;
  const running_worker worker(app(), limited);
  EXPECT_EQ(client.execute_workflow<adds_up>(start()).get(), 6);
  EXPECT_EQ(slots->used() + slots->unused() + slots->left(), 0);
}

}  // namespace rondo::test::attempts_test
