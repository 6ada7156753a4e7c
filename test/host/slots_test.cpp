#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/activity_fixture.hpp"
#include "rondo/detail/worker/session_room.hpp"
#include "rondo/detail/worker/slots.hpp"
#include "rondo/slot_supplier.hpp"
#include "rondo/workflow.hpp"
#include "support/drive.hpp"
#include "support/log_text.hpp"

namespace rondo::test::slots_test {

using namespace std::chrono_literals;
using detail::worker::slot;
using detail::worker::slot_line;

/// Gives as many as the test allows, and keeps a ledger.
class ledger final : public slot_supplier {
 public:
  explicit ledger(std::size_t most) : allowed(most) {}
  bool try_reserve(const slot_request& request) override {
    ++asked;
    if (throws) throw std::runtime_error("no idea");
    if (request.held >= allowed || (request.eager && refuses_eager)) return false;
    EXPECT_EQ(request.task_queue, "queue");
    EXPECT_TRUE(open.try_emplace(request.id, "").second) << "given twice";
    return true;
  }
  void mark_used(const slot_use& use) override {
    EXPECT_EQ(open.at(use.id), "");
    open[use.id] = std::string(use.type);
    types.emplace_back(use.type);
    if (throws_later) throw std::runtime_error("not now");
  }
  void release(const slot_release& which) override {
    EXPECT_EQ(which.used, !open.at(which.id).empty());
    open.erase(which.id);
    ++(which.used ? used : unused);
    if (throws_later) throw std::runtime_error("not now");
  }
  duration retry_interval() const override { return retry; }

  duration retry = 1ms;
  std::size_t allowed, asked = 0, used = 0, unused = 0;
  bool throws = false, throws_later = false, refuses_eager = false;
  std::map<std::uint64_t, std::string> open;
  std::vector<std::string> types;
};

class slots_of_a_line : public ::testing::Test {
 protected:
  slots_of_a_line() { line->serve_both(); }
  /// Takes a slot into `got` as soon as there is one.
  void wait_for_slot(const std::string& who, bool sticky = false) {
    const auto wait = [](slots_of_a_line& self, std::string name, bool of_own_queue) -> asio::awaitable<void> {
      slot mine = co_await self.line->take(of_own_queue);
      self.got.emplace(name, std::move(mine));
    };
    asio::co_spawn(loop.executor(), wait(*this, who, sticky), asio::detached);
    loop.poll();
  }
  void settle() {
    for (int turn = 0; turn < 20; ++turn) loop.poll();
  }

  detail::io::event_loop loop;
  std::shared_ptr<log_text> log = std::make_shared<log_text>();
  std::shared_ptr<ledger> from = std::make_shared<ledger>(2);
  std::unique_ptr<slot_line> line =
      std::make_unique<slot_line>(loop, slot_kind::workflow, from, "queue", logger(log, log_level::debug));
  std::map<std::string, slot> got;
};

TEST_F(slots_of_a_line, are_asked_for_again_though_none_came_back) {
  from->allowed = 0;
  wait_for_slot("a");
  settle();
  EXPECT_TRUE(got.empty());
  from->allowed = 1;
  ASSERT_TRUE(drive_until(loop, [&] { return got.size() == 1; }));
  EXPECT_TRUE(got.at("a"));
  got.clear();
  EXPECT_EQ(from->unused, 1U);
  EXPECT_TRUE(from->open.empty());
}

TEST_F(slots_of_a_line, come_when_a_session_that_was_opened_again_ends) {
  const auto room = std::make_shared<detail::worker::session_room>(1);
  line = std::make_unique<slot_line>(loop, slot_kind::activity, room);
  room->when_room([this] { line->ask_again(); });
  room->open_again();
  wait_for_slot("new");
  settle();
  EXPECT_TRUE(got.empty());
  // Nothing is asked by the clock.
  EXPECT_EQ(room->retry_interval(), duration::max());
  room->end_again();
  settle();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_TRUE(got.at("new"));
  wait_for_slot("next");
  settle();
  EXPECT_EQ(got.size(), 1U);
  got.clear();
  settle();
  EXPECT_EQ(got.size(), 1U);
  got.clear();
  room->when_room({});
  room->open_again();
  room->end_again();
}

TEST_F(slots_of_a_line, one_is_used_once_and_released_once) {
  slot mine = line->try_take();
  EXPECT_EQ(line->held(), 1U);
  EXPECT_EQ(line->used(), 0U);
  mine.mark_used("order");
  mine.mark_used("order");
  EXPECT_EQ(line->used(), 1U);
  slot moved = std::move(mine);
  slot& itself = moved;
  moved = std::move(itself);
  mine = slot();
  EXPECT_EQ(line->used(), 1U);
  moved = slot();
  EXPECT_EQ(line->used() + line->held(), 0U);
  EXPECT_EQ(from->types, (std::vector<std::string>{"order"}));
  EXPECT_EQ(from->used, 1U);
  EXPECT_EQ(from->unused, 0U);
}

TEST_F(slots_of_a_line, neither_kind_of_polls_takes_the_last_one_from_the_other) {
  wait_for_slot("sticky 1", true);
  slot busy = line->try_take();
  busy.mark_used("order");
  wait_for_slot("sticky 2", true);
  wait_for_slot("normal");
  EXPECT_EQ(got.size(), 1U);
  // The other sticky poll has waited longer, but no normal one is under way.
  busy = slot();
  settle();
  ASSERT_EQ(got.size(), 2U);
  EXPECT_TRUE(got.contains("normal"));
  got.at("normal").mark_used("order");
  got.erase("normal");
  settle();
  EXPECT_EQ(got.size(), 1U);
  from->allowed = 3;
  wait_for_slot("normal again");
  ASSERT_TRUE(drive_until(loop, [&] { return got.size() == 3; }));
  EXPECT_TRUE(got.contains("sticky 2"));
}

TEST_F(slots_of_a_line, a_newcomer_lets_the_other_kind_go_on) {
  from->allowed = 3;
  from->retry = duration::max();
  line = std::make_unique<slot_line>(loop, slot_kind::workflow, from, "queue");
  line->serve_both();
  wait_for_slot("sticky 1", true);
  wait_for_slot("sticky 2", true);
  EXPECT_EQ(got.size(), 1U);
  wait_for_slot("normal");
  settle();
  EXPECT_EQ(got.size(), 3U);
  got.clear();
}

TEST_F(slots_of_a_line, the_first_kind_leaves_one_to_the_other_from_the_start) {
  wait_for_slot("normal 1");
  wait_for_slot("normal 2");
  EXPECT_EQ(got.size(), 1U);
  wait_for_slot("sticky", true);
  ASSERT_EQ(got.size(), 2U);
  EXPECT_TRUE(got.contains("sticky"));
  from->allowed = 3;
  ASSERT_TRUE(drive_until(loop, [&] { return got.size() == 3; }));
}

TEST_F(slots_of_a_line, a_newcomer_does_not_overtake_the_kind_that_starves) {
  from->allowed = 1;
  wait_for_slot("sticky 1", true);
  wait_for_slot("normal");
  from->allowed = 2;
  wait_for_slot("sticky 2", true);
  EXPECT_EQ(got.size(), 1U);
  ASSERT_TRUE(drive_until(loop, [&] { return got.size() == 2; }));
  EXPECT_TRUE(got.contains("normal"));
  line->close();
  settle();
  ASSERT_EQ(got.size(), 3U);
  EXPECT_FALSE(got.at("sticky 2"));
}

TEST_F(slots_of_a_line, a_supplier_that_throws_refuses_and_is_asked_again) {
  from->throws = true;
  EXPECT_FALSE(line->try_take());
  wait_for_slot("a");
  EXPECT_TRUE(log->contains("no idea"));
  from->throws = false;
  ASSERT_TRUE(drive_until(loop, [&] { return got.size() == 1; }));
  from->throws_later = true;
  got.at("a").mark_used("order");
  got.clear();
  EXPECT_EQ(line->held(), 0U);
  EXPECT_TRUE(log->contains("function=release"));
}

TEST_F(slots_of_a_line, closing_asks_the_supplier_no_more) {
  from->allowed = 0;
  wait_for_slot("a");
  line->close();
  settle();
  EXPECT_FALSE(got.at("a"));
  const auto asked = from->asked;
  EXPECT_FALSE(line->try_take());
  settle();
  EXPECT_EQ(from->asked, asked);
}

// In a worker

int twice(int value) { return 2 * value; }

struct order_workflow {
  task<int> run(int value) { co_return value; }
};

class supplied_worker : public activity_worker_test {
 protected:
  static registry app() { return registry().workflow<order_workflow>().activity<twice>(); }
  worker_options supplied() {
    auto how = options();
    how.workflow_slots = workflows;
    how.activity_slots = activities;
    return how;
  }
  void TearDown() override {
    activity_worker_test::TearDown();
    EXPECT_TRUE(workflows->open.empty()) << "slots were not given back";
    EXPECT_TRUE(activities->open.empty()) << "slots were not given back";
  }
  std::shared_ptr<ledger> workflows = std::make_shared<ledger>(2), activities = std::make_shared<ledger>(2);
};

TEST_F(supplied_worker, tells_the_supplier_what_its_slots_are_used_for) {
  start(app(), supplied());
  EXPECT_EQ(activities->open.size(), 2U);
  EXPECT_EQ(report_of<completed>(make("twice", {"4"})).result().payloads(0).data(), "8");
  EXPECT_EQ(activities->types, (std::vector<std::string>{"twice"}));
  EXPECT_EQ(activities->used, 1U);
  EXPECT_TRUE(workflows->types.empty());
}

TEST_F(supplied_worker, gives_slots_back_whatever_happens_to_a_poll_or_a_task) {
  start(app(), supplied());
  server.end_polls();
  ASSERT_TRUE(until([this] { return idle(); }));
  const auto unused = activities->unused;
  EXPECT_GE(unused, 2U);
  server.fail<service::PollActivityTaskQueueRequest>(rpc_code::unavailable, "later", 3);
  server.end_polls();
  ASSERT_TRUE(until([&] { return activities->unused >= unused + 5 && idle(); }));
  report_of<failed>(make("nobody knows"));
  server.fail<completed>(rpc_code::not_found);
  report_of<completed>(make("twice", {"4"}));
  EXPECT_EQ(activities->used, 2U);
  EXPECT_EQ(activities->open.size(), 2U);
  EXPECT_EQ(workflows->open.size(), 2U);
}

TEST_F(supplied_worker, polls_only_while_it_is_given_slots) {
  activities->allowed = 0;
  begin(app(), supplied());
  ASSERT_TRUE(until([this] { return server.waiting() == 2; }));
  EXPECT_EQ(server.waiting(queue::activity), 0U);
  activities->allowed = 2;
  ASSERT_TRUE(until([this] { return idle(); }));
  EXPECT_EQ(server.waiting(queue::activity), 2U);
}

TEST_F(supplied_worker, with_a_limit_that_is_too_low_is_refused) {
  auto how = options();
  how.workflow_slots = std::make_shared<fixed_slots>(1);
  EXPECT_THROW(rondo::worker(client::over(server.connection), app(), how), std::invalid_argument);
  how = options();
  how.activity_slots = std::make_shared<fixed_slots>(0);
  EXPECT_THROW(rondo::worker(client::over(server.connection), app(), how), std::invalid_argument);
  how.activity_slots = std::make_shared<fixed_slots>(1);
  EXPECT_NO_THROW(rondo::worker(client::over(server.connection), app(), how));
}

}  // namespace rondo::test::slots_test
