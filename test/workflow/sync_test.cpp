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

}  // namespace sync_test
