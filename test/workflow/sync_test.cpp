#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rondo/registry.hpp"
#include "rondo/workflow.hpp"
#include "support/fake_host.hpp"

using namespace std::chrono_literals;
namespace workflow = rondo::workflow;
using rondo::test::lines;
using rondo::test::scripted_run;

// Coroutines of one workflow that share something, and work on many things.
namespace sync_test {

int work(std::string name);
constexpr rondo::activity_options soon{.start_to_close_timeout = 5s};

/// Everybody works twice behind the lock; who is cancelled leaves the line.
class shares {
 public:
  rondo::task<std::string> run() {
    auto a = visit("a"), b = visit("b"), c = visit("c");
    co_await workflow::when_all(std::move(a), std::move(b), std::move(c));
    co_return text_ + (mutex_.locked() ? " locked" : " free");
  }
  rondo::task<> visit(std::string name) {
    const auto lock = co_await mutex_.lock();
    text_ += "<" + name;
    co_await workflow::execute_activity<work>(soon, name);
    text_ += ">";
  }

 private:
  workflow::mutex mutex_;
  std::string text_;
};

TEST(mutex, lets_one_in_at_a_time_in_the_order_in_which_they_came) {
  scripted_run run(rondo::registry().workflow<shares>(), "shares");
  run.start();
  EXPECT_EQ(run.commands(), lines{"activity 1 work(\"a\")"});
  run.resolve(1, "1");
  run.resolve(2, "1");
  run.resolve(3, "1");
  EXPECT_EQ(run.commands().back(), R"(complete "<a><b><c> free")");
}

rondo::task<std::string> gives_up() {
  workflow::mutex mutex;
  std::string text;
  auto held = co_await mutex.lock();
  auto impatient = [&]() -> rondo::task<> {
    const auto lock = co_await mutex.lock();
    text += "impatient";
  };
  auto patient = [&]() -> rondo::task<> {
    const auto lock = co_await mutex.lock();
    text += "patient";
  };
  auto first = co_await workflow::when_any(impatient(), workflow::sleep(1s));
  text += first.index() == 1 ? "timed out " : "got in ";
  auto waits = patient();
  auto releases = [&]() -> rondo::task<> {
    held.release();
    co_return;
  };
  auto gone = releases();
  co_await workflow::when_all(std::move(waits), std::move(gone));
  co_return text + (mutex.try_lock() ? " free" : " locked");
}

TEST(mutex, is_not_waited_for_by_who_was_cancelled) {
  scripted_run run(rondo::registry().workflow<gives_up>(), "gives_up");
  run.start();
  run.fire(1);
  EXPECT_EQ(run.commands().back(), R"(complete "timed out patient free")");
}

rondo::task<int> crowds(int permits) {
  workflow::semaphore door(static_cast<std::size_t>(permits));
  int inside = 0, most = 0;
  const auto visit = [&](int number) -> rondo::task<> {
    const auto permit = co_await door.acquire();
    most = std::max(most, ++inside);
    co_await workflow::execute_activity<work>(soon, std::to_string(number));
    --inside;
  };
  std::vector<rondo::task<>> all;
  for (int i = 0; i < 5; ++i) all.push_back(visit(i));
  co_await workflow::when_all(std::move(all));
  co_return most;
}

TEST(semaphore, lets_so_many_in) {
  scripted_run run(rondo::registry().workflow<crowds>(), "crowds");
  run.start("2");
  EXPECT_EQ(run.commands().size(), 2U);
  for (int i = 1; i <= 5; ++i) run.resolve(i, "1");
  EXPECT_EQ(run.commands().back(), "complete 2");

  scripted_run evicted(rondo::registry().workflow<crowds>(), "crowds");
  evicted.start("2");
  evicted.evict();

  scripted_run nobody(rondo::registry().workflow<crowds>(), "crowds");
  nobody.start("0");
  EXPECT_TRUE(nobody.host.task_error);
}

rondo::task<std::string> passes_on() {
  workflow::channel<int> pipe(2);
  std::string text;
  const auto sends = [&]() -> rondo::task<> {
    for (int i = 1; i <= 4; ++i) {
      co_await pipe.send(i);
      text += "s" + std::to_string(i);
    }
    pipe.close();
  };
  const auto receives = [&]() -> rondo::task<> {
    for (;;) {
      const auto next = co_await pipe.receive();
      if (!next) break;
      text += "r" + std::to_string(*next);
    }
    text += "end";
  };
  auto from = sends();
  auto to = receives();
  co_await workflow::when_all(std::move(from), std::move(to));
  if (pipe.try_send(5)) text += "late";
  co_return text;
}

TEST(channel, passes_values_on_in_order) {
  scripted_run run(rondo::registry().workflow<passes_on>(), "passes_on");
  run.start();
  EXPECT_EQ(run.commands().back(), R"(complete "s1s2r1r2s3s4r3r4end")");
}

/// Both sides say when they go on: the sender of an unbuffered channel when its value was received.
rondo::task<std::string> meets() {
  workflow::channel<int> pipe;
  std::string text;
  if (pipe.try_send(0)) text += "early";
  const auto sends = [&]() -> rondo::task<> {
    for (int i = 1; i <= 2; ++i) {
      text += "o" + std::to_string(i);
      co_await pipe.send(i);
      text += "s" + std::to_string(i);
    }
  };
  auto from = sends();
  const auto receives = [&]() -> rondo::task<> {
    for (int i = 1; i <= 2; ++i) {
      co_await workflow::execute_activity<work>(soon, "x");
      const auto got = co_await pipe.receive();
      text += "r" + std::to_string(got.value_or(0));
    }
  };
  auto to = receives();
  co_await workflow::when_all(std::move(from), std::move(to));
  co_return text + std::to_string(pipe.size());
}

TEST(channel, that_is_unbuffered_lets_senders_wait_for_receivers) {
  scripted_run run(rondo::registry().workflow<meets>(), "meets");
  run.start();
  EXPECT_EQ(run.commands(), lines{R"(activity 1 work("x"))"});
  run.resolve(1, "1");
  run.resolve(2, "1");
  EXPECT_EQ(run.commands().back(), R"(complete "o1r1s1o2r2s20")");
}

rondo::task<std::string> tries_to_meet() {
  workflow::channel<std::string> pipe;
  std::string text;
  const auto receives = [&](std::string name) -> rondo::task<> {
    const auto got = co_await pipe.receive();
    text += name + got.value_or("end");
  };
  const auto tries = [&]() -> rondo::task<> {
    for (const char* each : {"1", "2", "3"}) text += pipe.try_send(each) ? "+" : "-";
    co_await workflow::execute_activity<work>(soon, "x");
    text += pipe.try_send("4") ? "+" : "-";
  };
  auto a = receives("a"), b = receives("b");
  auto c = tries();
  co_await workflow::when_all(std::move(a), std::move(b), std::move(c));
  co_return text;
}

TEST(channel, that_is_unbuffered_has_room_for_those_who_receive) {
  scripted_run run(rondo::registry().workflow<tries_to_meet>(), "tries_to_meet");
  run.start();
  run.resolve(1, "1");
  EXPECT_EQ(run.commands().back(), R"(complete "++-a1b2-")");
}

/// Sends for at most a minute, and to whoever comes first; what was taken back is received by nobody.
rondo::task<std::string> sends_in_time() {
  workflow::channel<int> pipe, other;
  std::string text;
  auto late = pipe.send(1);
  auto minute = workflow::sleep(60s);
  const auto first = co_await workflow::when_any(std::move(late), std::move(minute));
  text += first.index() == 0 ? "sent " : "late ";
  if (pipe.try_receive()) text += "but received ";

  const auto receives = [&]() -> rondo::task<> {
    co_await workflow::execute_activity<work>(soon, "x");
    const auto got = co_await other.receive();
    text += "got " + std::to_string(got.value_or(0)) + " ";
  };
  const auto chooses = [&]() -> rondo::task<> {
    auto here = pipe.send(2);
    auto there = other.send(3);
    auto hour = workflow::sleep(3600s);
    const auto taken = co_await workflow::when_any(std::move(here), std::move(there), std::move(hour));
    text += "sent by " + std::to_string(taken.index());
  };
  auto receiver = receives();
  auto sender = chooses();
  co_await workflow::when_all(std::move(receiver), std::move(sender));
  if (pipe.try_receive()) text += " twice";
  co_return text;
}

TEST(channel, that_is_unbuffered_may_be_one_of_several_to_wait_for) {
  const auto play = [](bool replaying) {
    scripted_run run(rondo::registry().workflow<sends_in_time>(), "sends_in_time");
    run.host.replaying = replaying;
    run.start();
    EXPECT_EQ(run.commands(), lines{"timer 1 60s"});
    run.fire(1);
    run.resolve(2, "1");
    return run.commands();
  };
  const auto commands = play(false);
  EXPECT_EQ(commands.back(), R"(complete "late got 3 sent by 1")");
  EXPECT_EQ(play(true), commands);
}

/// Two receivers wait when somebody offers a value to either: one gets it, the other gets what comes later.
rondo::task<std::string> offers_to_either() {
  workflow::channel<int> pipe, other;
  std::string text;
  const auto receives = [&](workflow::channel<int>& from, std::string name) -> rondo::task<> {
    const auto got = co_await from.receive();
    text += name + std::to_string(got.value_or(0)) + " ";
  };
  const auto chooses = [&]() -> rondo::task<> {
    auto here = pipe.send(2);
    auto there = other.send(3);
    const auto taken = co_await workflow::when_any(std::move(here), std::move(there));
    text += "sent by " + std::to_string(taken.index()) + " ";
    co_await workflow::execute_activity<work>(soon, "x");
    other.close();
  };
  auto one = receives(pipe, "a"), two = receives(other, "b");
  auto sender = chooses();
  co_await workflow::when_all(std::move(one), std::move(two), std::move(sender));
  co_return text + std::to_string(pipe.size() + other.size());
}

TEST(channel, that_is_unbuffered_gets_one_of_several_values_that_are_offered) {
  scripted_run run(rondo::registry().workflow<offers_to_either>(), "offers_to_either");
  run.start();
  run.resolve(1, "1");
  EXPECT_EQ(run.commands().back(), R"(complete "a2 sent by 0 b0 0")");
}

/// One coroutine asks both channels in a row, when both values are there already.
rondo::task<std::string> asks_in_a_row() {
  workflow::channel<int> pipe, other;
  std::string text;
  const auto chooses = [&]() -> rondo::task<> {
    auto here = pipe.send(2);
    auto there = other.send(3);
    const auto taken = co_await workflow::when_any(std::move(here), std::move(there));
    text += "sent by " + std::to_string(taken.index()) + " ";
    co_await workflow::execute_activity<work>(soon, "x");
    other.close();
  };
  const auto receives = [&]() -> rondo::task<> {
    co_await workflow::execute_activity<work>(soon, "y");
    const auto first = co_await pipe.receive();
    const auto second = co_await other.receive();
    text += std::to_string(first.value_or(0)) + std::to_string(second.value_or(0));
  };
  auto sender = chooses(), receiver = receives();
  co_await workflow::when_all(std::move(sender), std::move(receiver));
  co_return text;
}

TEST(channel, that_is_unbuffered_gives_one_of_several_values_to_who_asks_in_a_row) {
  scripted_run run(rondo::registry().workflow<asks_in_a_row>(), "asks_in_a_row");
  run.start();
  run.resolve(1, "1");
  EXPECT_EQ(run.commands().back(), R"(activity 2 work("x"))");
  run.resolve(2, "1");
  EXPECT_EQ(run.commands().back(), R"(complete "sent by 0 20")");
}

rondo::task<std::string> is_received_and_cancelled() {
  workflow::channel<int> pipe;
  workflow::cancellation_scope scope;
  std::string text;
  const auto sends = [&](int value) -> rondo::task<> {
    const auto done = co_await workflow::as_result(pipe.send(value));
    text += std::to_string(value) + (done ? " sent " : " not ");
  };
  auto one = sends(1), two = sends(2);
  auto both = workflow::when_all(std::move(one), std::move(two));
  auto inside = scope.run(std::move(both));
  const auto takes = [&]() -> rondo::task<> {
    co_await workflow::execute_activity<work>(soon, "x");
    const auto got = pipe.try_receive();
    text += "got " + std::to_string(got.value_or(0)) + " ";
    scope.cancel();
    co_return;
  };
  auto taker = takes();
  auto all = workflow::when_all(std::move(inside), std::move(taker));
  [[maybe_unused]] const auto ended = co_await workflow::as_result(std::move(all));
  co_return text + std::to_string(pipe.size());
}

TEST(channel, that_is_unbuffered_has_sent_what_was_received_before_a_cancellation) {
  scripted_run run(rondo::registry().workflow<is_received_and_cancelled>(), "is_received_and_cancelled");
  run.start();
  run.resolve(1, "1");
  EXPECT_EQ(run.commands().back(), R"(complete "got 1 1 sent 2 not 0")");
}

rondo::task<std::string> closes_on_senders() {
  workflow::channel<int> pipe;
  std::string text;
  const auto sends = [&]() -> rondo::task<> {
    const auto done = co_await workflow::as_result(pipe.send(1));
    text += done ? "sent " : "refused ";
  };
  const auto closes = [&]() -> rondo::task<> {
    pipe.close();
    text += pipe.try_receive() ? "received " : "nothing ";
    const auto end = co_await pipe.receive();
    text += end ? "received " : "end ";
  };
  auto sender = sends();
  auto closer = closes();
  co_await workflow::when_all(std::move(sender), std::move(closer));
  const auto late = co_await workflow::as_result(pipe.send(2));
  co_return text + (late ? "sent" : "closed");
}

TEST(channel, that_is_unbuffered_refuses_its_senders_when_it_is_closed) {
  scripted_run run(rondo::registry().workflow<closes_on_senders>(), "closes_on_senders");
  run.start();
  EXPECT_EQ(run.commands().back(), R"(complete "nothing end refused closed")");
}

/// Counts how many of its kind there are.
class counted {
 public:
  static inline int alive = 0;

  counted() { ++alive; }
  counted(counted&& /*other*/) noexcept { ++alive; }
  counted& operator=(counted&&) = default;
  ~counted() { --alive; }
};

/// Nobody ever receives: the run is destroyed while senders and receivers wait.
rondo::task<> waits_for_ever() {
  workflow::channel<counted> offers, wishes, buffered(1);
  auto one = offers.send({});
  auto two = wishes.receive();
  auto three = buffered.send({});
  auto four = buffered.send({});
  co_await workflow::when_all(std::move(one), std::move(two), std::move(three), std::move(four));
}

TEST(channel, may_be_destroyed_with_those_who_wait) {
  counted::alive = 0;
  {
    scripted_run run(rondo::registry().workflow<waits_for_ever>(), "waits_for_ever");
    run.start();
    EXPECT_TRUE(run.commands().empty());
    EXPECT_GE(counted::alive, 3) << "an offer, what is buffered, and what waits for room";
  }
  EXPECT_EQ(counted::alive, 0) << "each value is destroyed once";
}

rondo::task<std::string> draws() {
  const auto first = workflow::random("dice")();
  workflow::random("coins")();
  workflow::random()();
  const auto again = workflow::random("dice")();
  const std::string id = workflow::uuid7();
  std::string text = first == again ? "stuck" : "goes on";
  text += workflow::random("cards")() == first ? " same" : " different";
  co_return text + " " + id.substr(0, 13) + " " + id.substr(14, 1);
}

TEST(random, has_a_sequence_for_each_name) {
  scripted_run run(rondo::registry().workflow<draws>(), "draws");
  run.start();
  EXPECT_EQ(run.commands().back(), R"(complete "goes on different 00000000-0000 7")");
  run.instance().random("dice")();
  const auto before = run.instance().random("dice")();
  run.instance().reseed(5);
  EXPECT_NE(run.instance().random("dice")(), before);
  rondo::detail::run::run_context& same = run.instance();
  const auto drawn = same.random("dice")();
  same.reseed(5);
  same.random("dice")();
  EXPECT_EQ(same.random("dice")(), drawn) << "a seed gives one sequence";
}

rondo::task<std::string> spreads(int things) {
  std::vector<std::string> names;
  for (int i = 0; i < things; ++i) names.push_back(std::to_string(i));
  const auto each = [](std::string name) { return workflow::execute_activity<work>(soon, std::move(name)); };
  const auto done = co_await workflow::fan_out(std::move(names), {.at_once = 2}, each);
  std::string text;
  for (const int result : done.results) text += std::to_string(result);
  co_return text + (done.complete ? " all" : " some");
}

TEST(fan_out, works_on_so_many_at_once_and_keeps_the_order) {
  scripted_run run(rondo::registry().workflow<spreads>(), "spreads");
  run.start("4");
  EXPECT_EQ(run.commands().size(), 2U);
  run.resolve(2, "2");
  EXPECT_EQ(run.commands().back(), "activity 3 work(\"2\")");
  run.resolve(3, "3");
  run.resolve(1, "1");
  run.resolve(4, "4");
  EXPECT_EQ(run.commands().back(), R"(complete "1234 all")");

  scripted_run none(rondo::registry().workflow<spreads>(), "spreads");
  none.start("0");
  EXPECT_EQ(none.commands(), lines{R"(complete " all")"});
}

TEST(fan_out, stops_when_the_history_is_long) {
  scripted_run run(rondo::registry().workflow<spreads>(), "spreads");
  run.start("4");
  run.host.about.continue_as_new_suggested = true;
  run.resolve(2, "2");
  EXPECT_EQ(run.commands().size(), 2U);
  run.resolve(1, "1");
  EXPECT_EQ(run.commands().back(), R"(complete "12 some")");
}

TEST(fan_out, cancels_the_rest_when_one_fails) {
  scripted_run run(rondo::registry().workflow<spreads>(), "spreads");
  run.start("4");
  run.reject(1, std::make_exception_ptr(rondo::application_failure("broken")));
  EXPECT_EQ(run.commands().back(), "fail broken");
  EXPECT_EQ(run.commands().at(2), "cancel 2");
}

/// Goes on in a new run when the server suggests it, but not before its handlers have ended.
class loops {
 public:
  rondo::task<> run(int round) {
    co_await workflow::wait_condition([this] { return poked_; });
    co_await workflow::continue_as_new_if_suggested<loops>({}, round + 1);
  }
  rondo::task<> poke() {
    poked_ = true;
    co_await workflow::execute_activity<work>(soon, std::string("x"));
  }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&loops::poke>);

 private:
  bool poked_ = false;
};

TEST(continue_as_new, waits_for_handlers_when_it_is_suggested) {
  scripted_run run(rondo::registry().workflow<loops>(), "loops");
  run.host.about.continue_as_new_suggested = true;
  run.start("1");
  run.signal("poke");
  run.run();
  EXPECT_EQ(run.commands(), lines{"activity 1 work(\"x\")"});
  run.resolve(1, "1");
  EXPECT_EQ(run.commands().back(), "continue_as_new loops 2");

  scripted_run young(rondo::registry().workflow<loops>(), "loops");
  young.start("1");
  young.signal("poke");
  young.run();
  EXPECT_EQ(young.commands().back(), "complete ");
}

rondo::task<int> counts_on(int round) {
  co_await workflow::continue_as_new_if_suggested<counts_on>({}, round + 1);
  co_return round;
}

TEST(continue_as_new, of_functions_is_for_when_it_is_suggested) {
  scripted_run run(rondo::registry().workflow<counts_on>(), "counts_on");
  run.start("1");
  EXPECT_EQ(run.commands().back(), "complete 1");
  scripted_run old(rondo::registry().workflow<counts_on>(), "counts_on");
  old.host.about.continue_as_new_suggested = true;
  old.start("1");
  EXPECT_EQ(old.commands().back(), "continue_as_new counts_on 2");
}

}  // namespace sync_test
