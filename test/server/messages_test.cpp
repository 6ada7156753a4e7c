#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <tuple>

#include "fixture.hpp"

// Updates, children and messages between workflows, beside a server.
namespace rondo::test::messages_test {

using namespace std::chrono_literals;

int add_up(int left, int right) { return left + right; }
constexpr activity_options soon{.start_to_close_timeout = 10s};

class cart {
 public:
  task<int> run(int items) {
    items_ = items;
    begun_ = true;
    co_await workflow::wait_condition([this] { return closed_ && workflow::all_handlers_finished(); });
    co_return items_;
  }
  task<int> add(int items) {
    // One that comes with the start runs before the workflow.
    co_await workflow::wait_condition([this] { return begun_; });
    items_ = co_await workflow::execute_activity<add_up>(soon, items_, items);
    co_return items_;
  }
  void check_add(int items) const {
    if (items <= 0) throw application_failure("items must be positive", {.type = "Negative"});
  }
  void close() { closed_ = true; }
  int items() const { return items_; }
  static constexpr auto handlers =
      rondo::handlers(update<&cart::add, &cart::check_add>, signal<&cart::close>, query<&cart::items>);

 private:
  int items_ = 0;
  bool begun_ = false, closed_ = false;
};

/// Goes on as a new run as soon as an update tells it to.
class relay {
 public:
  task<int> run(int laps) {
    co_await workflow::wait_condition([this] { return passed_ || closed_; });
    if (closed_) co_return laps;
    workflow::continue_as_new<relay>({}, laps + 1);
  }
  int pass() {
    passed_ = true;
    return 7;
  }
  void close() { closed_ = true; }
  static constexpr auto handlers = rondo::handlers(update<&relay::pass>, signal<&relay::close>);

 private:
  bool passed_ = false, closed_ = false;
};

/// Runs carts, and tells them when to close.
class till {
 public:
  task<std::string> run(std::string id) {
    auto first = co_await workflow::start_child<cart>({.id = id}, 4);
    auto twice = co_await workflow::as_result(workflow::execute_child<cart>({.id = id}, 1));
    co_await first.signal<&cart::close>();
    const int items = co_await first.result();
    const auto* why = twice ? nullptr : failure_of(twice.error());
    co_return std::to_string(items) + " " + (why == nullptr ? "both ran" : why->type());
  }

 private:
  static const application_failure* failure_of(const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const child_workflow_failure& failed) {
      return failed.cause_as<application_failure>();
    }
  }
};

task<std::string> waits_for_ever() {
  co_await workflow::wait_condition([] { return false; });
  co_return "never";
}
/// Its child hears of the cancellation before it ends itself.
task<std::string> has_child() {
  auto ended = co_await workflow::as_result(workflow::execute_child<waits_for_ever>({}));
  co_return is_cancellation(ended.error()) ? "child cancelled" : "child ended";
}

task<std::string> meddles(std::string cart_id, std::string other_id) {
  co_await workflow::external<cart>(cart_id).signal<&cart::close>();
  co_await workflow::external(other_id).cancel("enough");
  auto lost = co_await workflow::as_result(workflow::external("nobody-" + cart_id).signal("close"));
  try {
    lost.rethrow();
  } catch (const application_failure& failed) {
    co_return failed.type();
  }
  co_return "reached";
}

class messages : public server_test {
 protected:
  running_worker worker{registry()
                            .workflow<cart>()
                            .workflow<relay>()
                            .workflow<till>()
                            .workflow<waits_for_ever>()
                            .workflow<has_child>()
                            .workflow<meddles>()
                            .activity<add_up>(),
                        options()};
};

TEST_F(messages, update_a_workflow) {
  const auto handle = client.start_workflow<cart>(start(), 1).get();
  EXPECT_EQ(handle.execute_update<&cart::add>(2).get(), 3);
  const auto begun = handle.start_update<&cart::add>({.id = "twice"}, 4).get();
  const auto same = handle.start_update<&cart::add>({.id = "twice"}, 4).get();
  EXPECT_EQ(begun.result().get(), 7);
  EXPECT_EQ(same.result().get(), 7) << "one id is one update";
  EXPECT_EQ(handle.get_update_handle<int>("twice").result().get(), 7);
  EXPECT_EQ(handle.query<&cart::items>().get(), 7);
  try {
    handle.execute_update<&cart::add>(-1).get();
    FAIL() << "it was not rejected";
  } catch (const update_failure& rejected) {
    ASSERT_NE(rejected.cause_as<application_failure>(), nullptr);
    EXPECT_EQ(rejected.cause_as<application_failure>()->type(), "Negative");
  }
  EXPECT_EQ(handle.execute_update<&cart::add>(1).get(), 8) << "after a task that the server dropped";
  handle.signal<&cart::close>().get();
  EXPECT_EQ(handle.result().get(), 8);
  EXPECT_THROW(handle.execute_update<&cart::add>(1).get(), not_found);
}

TEST_F(messages, start_a_workflow_with_an_update) {
  const std::string id = "cart-" + queue;
  const start_workflow_options how{.id = id, .task_queue = queue, .conflict = id_conflict_policy::use_existing};
  const auto add = [&](int items) {
    return client.start_update_with_start<cart, &cart::add>(how, {}, std::tuple{items}, 10).get();
  };
  const auto first = add(1);
  EXPECT_EQ(first.update.result().get(), 11);
  const auto second = add(2);
  EXPECT_EQ(second.update.result().get(), 13);
  EXPECT_EQ(second.workflow.run_id(), first.workflow.run_id());
  auto no_second = how;
  no_second.conflict = id_conflict_policy::fail;
  EXPECT_THROW((client.start_update_with_start<cart, &cart::add>(no_second, {}, std::tuple{1}, 10).get()),
               workflow_already_started);
  first.workflow.signal<&cart::close>().get();
  EXPECT_EQ(first.workflow.result().get(), 13);
}

TEST_F(messages, start_a_workflow_with_messages_by_name) {
  const std::string id = "cart-" + queue;
  const start_workflow_options how{.id = id, .task_queue = queue, .conflict = id_conflict_policy::use_existing};
  EXPECT_EQ(client.execute_update_with_start<int>("cart", how, "add", std::tuple{1}, 10).get(), 11);
  const auto handle = client.signal_with_start<int>("cart", how, "close", std::tuple<>(), 10).get();
  EXPECT_EQ(handle.result().get(), 11);
}

TEST_F(messages, an_update_is_answered_by_the_task_that_goes_on_as_a_new_run) {
  const auto handle = client.start_workflow<relay>(start(), 0).get();
  EXPECT_EQ(handle.execute_update<&relay::pass>().get(), 7);
  const auto newest = client.get_workflow_handle<relay>(handle.id());
  ASSERT_TRUE(eventually([&] { return newest.describe().get().run_id != handle.run_id(); }));
  EXPECT_EQ(newest.execute_update<&relay::pass>().get(), 7);
  newest.signal<&relay::close>().get();
  EXPECT_EQ(handle.result().get(), 2);
}

TEST_F(messages, go_to_children) {
  EXPECT_EQ(client.execute_workflow<till>(start(), "cart-" + queue).get(), "4 WorkflowExecutionAlreadyStarted");
}

TEST_F(messages, cancel_a_parent_with_its_child) {
  const auto handle = client.start_workflow<has_child>(start()).get();
  ASSERT_TRUE(eventually([&] { return handle.describe().get().history_length >= 6; }));
  handle.cancel().get();
  EXPECT_EQ(handle.result().get(), "child cancelled");
}

TEST_F(messages, go_to_other_workflows) {
  const auto kept = client.start_workflow<cart>(start(), 5).get();
  const auto ended = client.start_workflow<waits_for_ever>(start()).get();
  EXPECT_EQ(client.execute_workflow<meddles>(start(), kept.id(), ended.id()).get(),
            "ExternalWorkflowExecutionNotFound");
  EXPECT_EQ(kept.result().get(), 5);
  EXPECT_EQ(failure_of(ended.result()).status(), workflow_status::cancelled);
}

TEST_F(messages, find_their_way_without_a_cache) {
  worker.stop();
  auto how = options();
  how.max_cached_workflows = 0;
  const running_worker forgetful(registry().workflow<cart>().activity<add_up>(), how);
  const auto handle = client.start_workflow<cart>(start(), 1).get();
  for (int times = 1; times <= 4; ++times) EXPECT_EQ(handle.execute_update<&cart::add>(1).get(), 1 + times);
  handle.signal<&cart::close>().get();
  EXPECT_EQ(handle.result().get(), 5);
}

}  // namespace rondo::test::messages_test
