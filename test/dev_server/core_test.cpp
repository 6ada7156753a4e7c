#include "rondo/server/core.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/server/namespaces.hpp"
#include "rondo/server/runs.hpp"
#include "rondo/server/store.hpp"
#include "support/log_text.hpp"
#include "support/server_harness.hpp"

// Turns, and what they promise about the store.
namespace rondo::test {
namespace core_test {

using names = std::vector<std::string>;

/// A store that says that a batch is safe when the test tells it to.
class held_store final : public server::store {
 public:
  bool durable() const noexcept override { return true; }
  void write(server::store_batch batch, std::function<void(rpc_status)> written) override {
    if (!holding) return written(rpc_status());
    batches.push_back(std::move(batch));
    waiting_.push_back(std::move(written));
  }
  std::optional<server::stored_run> load(std::string_view, std::string_view) override { return std::nullopt; }
  std::optional<server::stored_key> latest(std::string_view, std::string_view) override { return std::nullopt; }
  void each_closed(std::string_view, server::instant, const std::function<bool(std::string_view)>&) override {}
  void each_open(const std::function<void(server::stored_run)>& visit) override {
    for (const auto& each : open) visit(each);
  }
  void each_value(std::string_view, const std::function<void(std::string_view, std::string_view)>&) override {}
  std::size_t expire(std::string_view, server::instant) override { return 0; }

  /// Ends the oldest write that waits.
  void end_write(rpc_status status = {}) {
    const auto written = std::move(waiting_.front());
    waiting_.pop_front();
    written(std::move(status));
  }

  bool holding = false;
  std::vector<server::stored_run> open;
  std::vector<server::store_batch> batches;

 private:
  std::deque<std::function<void(rpc_status)>> waiting_;
};

/// Of a request that ended: "OK" and the response, or the error.
std::string answer_of(const test_call& call) {
  if (!call.answer) return "none yet";
  const auto& [status, response] = *call.answer;
  return std::string(to_string(status.code)) + " " +
         (status.ok() ? std::string(response.view()) : std::string(status.message));
}

std::shared_ptr<test_call> make_call() { return std::make_shared<test_call>("/service/Method", ""); }

/// A core whose writes wait, but for those of its start.
class turns : public ::testing::Test {
 protected:
  turns() : turns(std::make_unique<held_store>()) {}
  explicit turns(std::unique_ptr<held_store> disk)
      : store(disk.get()),
        state(std::make_unique<server::core>(loop, settings(log), std::unique_ptr<server::store>(std::move(disk)))) {
    store->holding = true;
  }

  static server::options settings(std::shared_ptr<log_text> log) {
    auto made = server_harness::defaults();
    made.log = logger(std::move(log));
    return made;
  }
  /// A turn that changes something.
  void change(
      const std::string& name, const std::function<void()>& work = [] {}) {
    state->turn([&] {
      state->put_value(name, "value");
      work();
    });
  }
  void add_run(const std::string& id) { server::add_run(*state, *state->namespaces().find("default"), id, id); }
  /// Values and runs of a batch, by name.
  names written(std::size_t batch) const {
    names all;
    for (const auto& [name, value] : store->batches.at(batch).values) all.push_back(name);
    for (const auto& each : store->batches.at(batch).runs) {
      all.push_back(each.state.empty() ? "no " + each.key.run_id : each.key.run_id);
    }
    return all;
  }

  server::io::event_loop loop;
  std::shared_ptr<log_text> log = std::make_shared<log_text>();
  held_store* store;
  std::unique_ptr<server::core> state;
};

TEST_F(turns, answer_when_what_they_changed_is_safe) {
  const auto first = make_call();
  const auto second = make_call();
  change("a", [&] { state->answer(first, "one"); });
  change("b", [&] { state->answer(second, "two"); });
  EXPECT_EQ(written(0), names{"a"});
  EXPECT_EQ(written(1), names{"b"});
  EXPECT_EQ(answer_of(*first), "none yet");
  store->end_write();
  EXPECT_EQ(answer_of(*first), "OK one");
  EXPECT_EQ(answer_of(*second), "none yet");
  store->end_write();
  EXPECT_EQ(answer_of(*second), "OK two");
}

TEST_F(turns, that_only_read_answer_when_what_they_may_have_seen_is_safe) {
  change("a");
  const auto reading = make_call();
  const auto refused = make_call();
  state->turn([&] {
    state->answer(reading, "seen");
    state->refuse(refused, rpc_status(rpc_code::not_found, "nothing there"));
  });
  const auto outside = make_call();
  state->answer(outside, "out of turn");
  EXPECT_EQ(answer_of(*reading), "none yet");
  EXPECT_EQ(answer_of(*refused), "none yet");
  EXPECT_EQ(answer_of(*outside), "none yet");
  store->end_write();
  EXPECT_EQ(answer_of(*reading), "OK seen");
  EXPECT_EQ(answer_of(*refused), "NOT_FOUND nothing there");
  EXPECT_EQ(answer_of(*outside), "OK out of turn");
}

TEST_F(turns, answer_at_once_when_everything_is_safe) {
  const auto call = make_call();
  state->turn([&] {
    state->answer(call, "yes");
    EXPECT_EQ(answer_of(*call), "none yet") << "the turn may change something still";
  });
  EXPECT_EQ(answer_of(*call), "OK yes");
  EXPECT_TRUE(store->batches.empty());
}

TEST_F(turns, answer_at_their_end_when_the_store_is_fast) {
  store->holding = false;
  const auto call = make_call();
  change("a", [&] {
    state->answer(call, "yes");
    EXPECT_EQ(answer_of(*call), "none yet");
  });
  EXPECT_EQ(answer_of(*call), "OK yes");
}

TEST_F(turns, answer_nobody_who_has_gone) {
  const auto call = make_call();
  change("a", [&] { state->answer(call, "yes"); });
  call->go_away();
  store->end_write();
  EXPECT_EQ(answer_of(*call), "none yet");
}

TEST_F(turns, do_later_what_they_lead_to_in_order_and_write_it_as_one_batch) {
  names order;
  change("first", [&] {
    state->later([&] {
      order.emplace_back("effect 1");
      state->put_value("second", "value");
      state->later([&] {
        order.emplace_back("effect of an effect");
        add_run("run");
      });
    });
    state->later([&] { order.emplace_back("effect 2"); });
    order.emplace_back("work");
  });
  EXPECT_EQ(order, (names{"work", "effect 1", "effect 2", "effect of an effect"}));
  ASSERT_EQ(store->batches.size(), 1U);
  EXPECT_EQ(written(0), (names{"first", "second", "run"}));
}

TEST_F(turns, settle_again_what_settling_led_to) {
  change("a", [&] { add_run("run"); });
  auto& run = *state->namespaces().find("default")->runs.at("run");
  int looks = 0;
  run.watchers.emplace_back([&](server::run& of) {
    state->later([&] { state->touch(of); });
    return ++looks == 2;
  });
  state->turn([&] { state->touch(run); });
  EXPECT_EQ(looks, 2);
  EXPECT_TRUE(run.watchers.empty());
  EXPECT_FALSE(run.touched);
}

TEST_F(turns, inside_of_turns_are_part_of_them) {
  change("outer", [&] { change("inner"); });
  ASSERT_EQ(store->batches.size(), 1U);
  EXPECT_EQ(written(0), (names{"outer", "inner"}));
}

TEST_F(turns, are_not_hurt_by_an_effect_that_throws) {
  const auto call = make_call();
  bool after = false;
  change("a", [&] {
    add_run("run");
    state->later([] { throw std::runtime_error("the effect broke"); });
    state->later([&] { after = true; });
    state->answer(call, "yes");
  });
  EXPECT_TRUE(after);
  EXPECT_NE(log->text().find("the effect broke"), std::string::npos) << log->text();
  EXPECT_EQ(written(0), (names{"a", "run"}));
  EXPECT_FALSE(state->namespaces().find("default")->runs.at("run")->touched);
  store->end_write();
  EXPECT_EQ(answer_of(*call), "OK yes");
  change("b");
  EXPECT_EQ(written(1), names{"b"});
}

TEST_F(turns, let_out_what_their_work_throws_when_they_have_ended) {
  const auto call = make_call();
  bool effect = false;
  const auto failing = [&] {
    change("a", [&] {
      add_run("run");
      state->later([&] { effect = true; });
      state->answer(call, "yes");
      throw std::runtime_error("the work broke");
    });
  };
  EXPECT_THROW(failing(), std::runtime_error);
  EXPECT_TRUE(effect);
  EXPECT_EQ(written(0), (names{"a", "run"}));
  store->end_write();
  EXPECT_EQ(answer_of(*call), "OK yes");
  change("b");
  ASSERT_EQ(store->batches.size(), 2U) << "the turn that threw goes on";
  EXPECT_EQ(written(1), names{"b"});
}

TEST_F(turns, remove_a_run_and_know_it_until_the_store_does) {
  change("a", [&] { add_run("kept"); });
  store->end_write();
  const auto space = state->namespaces().find("default");
  state->turn([&] {
    add_run("short");
    state->touch(*space->runs.at("kept"));
    state->later([&] { server::remove_run(*state, *space->runs.at("kept")); });
    state->later([&] { server::remove_run(*state, *space->runs.at("short")); });
  });
  EXPECT_EQ(written(1), (names{"no kept", "no short"}));
  EXPECT_TRUE(state->is_removed("kept"));
  store->end_write();
  EXPECT_FALSE(state->is_removed("kept"));
}

/// What the store says when it has failed.
const rpc_status full(rpc_code::unavailable, "the disk is full");

TEST_F(turns, whose_write_failed_refuse_everybody_who_waits) {
  const auto first = make_call();
  const auto second = make_call();
  change("a", [&] { state->answer(first, "one"); });
  change("b", [&] { state->answer(second, "two"); });
  store->end_write(full);
  const std::string unsafe = "UNAVAILABLE the server's store failed, what was asked may not be done: the disk is full";
  EXPECT_EQ(answer_of(*first), unsafe);
  EXPECT_EQ(answer_of(*second), unsafe);
  EXPECT_NE(log->text().find("the disk is full"), std::string::npos) << log->text();
}

TEST_F(turns, whose_write_failed_leave_safe_answers_alone) {
  const auto before = make_call();
  change("a", [&] { state->answer(before, "one"); });
  change("b");
  store->end_write();
  store->end_write(full);
  EXPECT_EQ(answer_of(*before), "OK one");
}

TEST_F(turns, report_the_first_failure_once) {
  names told;
  state->on_failure = [&told](const rpc_status& status) { told.push_back(status.message); };
  change("a");
  change("b");
  EXPECT_TRUE(state->failure().ok());
  store->end_write(full);
  store->end_write(rpc_status(rpc_code::unavailable, "still full"));
  EXPECT_EQ(told, names{"the disk is full"});
  EXPECT_EQ(state->failure().message, "the disk is full");
}

TEST_F(turns, after_a_failure_write_nothing_and_refuse) {
  change("a");
  store->end_write(full);
  const auto call = make_call();
  std::optional<rpc_status> safe;
  change("b", [&] {
    add_run("run");
    state->answer(call, "yes");
  });
  state->when_safe([&safe](const rpc_status& status) { safe = status; });
  EXPECT_EQ(store->batches.size(), 1U);
  EXPECT_EQ(answer_of(*call),
            "UNAVAILABLE the server's store failed, what was asked may not be done: the disk is full");
  ASSERT_TRUE(safe.has_value());
  EXPECT_EQ(safe->code, rpc_code::unavailable);
}

TEST_F(turns, after_a_failure_are_not_made_for_requests) {
  server::frontend front(*state);
  bool handled = false;
  front.on_bytes("Look", [&handled](server::core&, std::string_view, const server::call_ptr&) { handled = true; });
  change("a");
  store->end_write(full);
  const auto call = std::make_shared<test_call>("/temporal.api.workflowservice.v1.WorkflowService/Look", "");
  front.handle(call);
  EXPECT_FALSE(handled);
  EXPECT_NE(answer_of(*call).find("UNAVAILABLE "), std::string::npos) << answer_of(*call);
}

TEST_F(turns, that_wait_when_the_server_goes_are_refused) {
  const auto call = make_call();
  change("a", [&] { state->answer(call, "yes"); });
  state.reset();
  EXPECT_EQ(answer_of(*call), "UNAVAILABLE the server stopped");
}

/// What a core says that starts with this stored run.
std::string start_with(const std::string& stored) {
  server::io::event_loop loop;
  auto disk = std::make_unique<held_store>();
  disk->open.push_back({stored, ""});
  try {
    const server::core made(loop, server_harness::defaults(), std::move(disk));
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "started";
}

TEST(core, does_not_start_with_a_run_that_it_cannot_read) {
  EXPECT_NE(start_with("\xff\xff").find("damaged or newer"), std::string::npos) << start_with("\xff\xff");
}

TEST(core, passes_over_runs_of_namespaces_that_are_gone) {
  server::state::Run stored;
  stored.set_namespace_id("gone");
  EXPECT_EQ(start_with(stored.SerializeAsString()), "started");
}

}  // namespace core_test
}  // namespace rondo::test
