#include "rondo/testing.hpp"

#include <gtest/gtest.h>
#include <temporal/api/history/v1/message.pb.h>

#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "rondo/codec.hpp"
#include "rondo/plugin.hpp"
#include "rondo/workflow.hpp"

namespace testing_test {

using namespace std::chrono_literals;
namespace workflow = rondo::workflow;
using rondo::testing::environment_options;
using rondo::testing::workflow_environment;
using rondo::testing::workflow_stuck;

struct purchase {
  std::string id;
  int cents = 0;
};
struct receipt {
  std::string payment;
};

constexpr rondo::activity_options quickly{.start_to_close_timeout = 10s};

receipt charge_card(purchase what) { return {"real-" + what.id}; }
std::string quote(std::string sku);
asio::awaitable<int> slow_count(int up_to) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(std::chrono::milliseconds(1));
  co_await timer.async_wait(asio::use_awaitable);
  co_return up_to;
}
std::thread::id who_works() { return std::this_thread::get_id(); }
std::string given_elsewhere() { rondo::activity::complete_async(); }

class order {
 public:
  rondo::task<receipt> run(purchase what) {
    const bool approved = co_await workflow::wait_condition([this] { return approved_; }, 24h);
    if (!approved) co_return receipt{};
    co_return co_await workflow::execute_activity<charge_card>(quickly, what);
  }
  void approve(std::string by) {
    approved_ = true;
    by_ = std::move(by);
  }
  std::string status() const { return approved_ ? "approved by " + by_ : "waiting"; }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&order::approve>, rondo::query<&order::status>);

 private:
  bool approved_ = false;
  std::string by_;
};

rondo::task<int> sleep_a_day() {
  co_await workflow::sleep(24h);
  co_return 7;
}

class hours {
 public:
  rondo::task<int> run(int how_many) {
    for (; passed_ < how_many; ++passed_) co_await workflow::sleep(1h);
    co_return passed_;
  }
  int passed() const { return passed_; }
  static constexpr auto handlers = rondo::handlers(rondo::query<&hours::passed>);

 private:
  int passed_ = 0;
};

class waits_for_ever {
 public:
  rondo::task<> run() {
    co_await workflow::wait_condition([this] { return done_; });
  }
  void end() { done_ = true; }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&waits_for_ever::end>);

 private:
  bool done_ = false;
};

/// Takes an hour for each thing that is put into it.
class basket {
 public:
  rondo::task<int> run() {
    co_await workflow::wait_condition([this] { return closed_; });
    co_return cents_;
  }
  rondo::task<int> add(int cents) {
    co_await workflow::sleep(1h);
    cents_ += cents;
    co_return cents_;
  }
  void check(const int& cents) const {
    if (cents < 0) throw rondo::application_failure("less than nothing");
  }
  void close() { closed_ = true; }
  static constexpr auto handlers =
      rondo::handlers(rondo::update<&basket::add, &basket::check>, rondo::signal<&basket::close>);

 private:
  int cents_ = 0;
  bool closed_ = false;
};

rondo::task<> has_a_bug() {
  co_await workflow::sleep(1s);
  throw std::runtime_error("index out of range");
}
rondo::task<> fails() {
  co_await workflow::sleep(1s);
  throw rondo::application_failure("sold out", {.type = "SoldOut"});
}
rondo::task<std::string> ask_quote(std::string sku) {
  co_return co_await workflow::execute_activity<quote>(quickly, sku);
}
rondo::task<std::string> ask_elsewhere() { co_return co_await workflow::execute_activity<given_elsewhere>(quickly); }
rondo::task<int> count_slowly() { co_return co_await workflow::execute_activity<slow_count>(quickly, 3); }

rondo::registry app() {
  rondo::registry made;
  made.workflow<order>().workflow<sleep_a_day>().workflow<hours>().workflow<waits_for_ever>().workflow<has_a_bug>();
  made.workflow<basket>().workflow<fails>().workflow<ask_quote>().workflow<ask_elsewhere>().workflow<count_slowly>();
  return made.activity<charge_card>().activity<slow_count>().activity<given_elsewhere>();
}

TEST(workflow_environment, passes_a_day_at_once) {
  workflow_environment env(app());
  const auto before = env.now();
  const auto handle = env.start<sleep_a_day>();
  EXPECT_EQ(handle.result(), 7);
  EXPECT_EQ(env.now() - before, 24h);
}

TEST(workflow_environment, moves_time_only_as_far_as_it_is_told) {
  workflow_environment env(app());
  EXPECT_EQ(env.now(), std::chrono::sys_days(std::chrono::year(2020) / 1 / 1));
  const auto handle = env.start<hours>(5);
  EXPECT_EQ(handle.query<&hours::passed>(), 0);
  env.advance(2h);
  EXPECT_EQ(handle.query<&hours::passed>(), 2);
  env.advance(59min);
  EXPECT_EQ(handle.query<&hours::passed>(), 2);
  env.advance(1min);
  EXPECT_EQ(handle.query<&hours::passed>(), 3);
  EXPECT_EQ(env.now(), std::chrono::sys_days(std::chrono::year(2020) / 1 / 1) + 3h);
  EXPECT_EQ(handle.result(), 5);
}

TEST(workflow_environment, updates_workflows_and_lets_their_handlers_take_time) {
  workflow_environment env(app());
  const auto handle = env.start<basket>();
  const auto before = env.now();
  EXPECT_EQ(handle.execute_update<&basket::add>(5), 5);
  EXPECT_EQ(env.now() - before, 1h);
  EXPECT_EQ(handle.execute_update<int>("add", 2), 7);
  EXPECT_THROW(handle.execute_update<&basket::add>(-1), rondo::update_failure);
  const auto begun = handle.start_update<&basket::add>({}, 1);
  const auto named = handle.start_update<int>("add", {.id = "mine"}, 2);
  EXPECT_EQ(named.id(), "mine");
  EXPECT_EQ(env.now() - before, 2h) << "time stands still while they begin";
  EXPECT_EQ(env.drive_in_time(begun.result(), "the update"), 8);
  EXPECT_EQ(env.drive(named.result()), 10);
  handle.signal<&basket::close>();
  EXPECT_EQ(handle.result(), 10);
}

TEST(workflow_environment, starts_workflows_by_their_names) {
  workflow_environment env(app());
  EXPECT_EQ(env.start<int>("hours", 3).result(), 3);
  const auto named = env.start_with<int>("sleep_a_day", {.id = "a day"});
  EXPECT_EQ(named.id(), "a day");
  EXPECT_EQ(named.result(), 7);
  const auto untyped = env.start("waits_for_ever");
  untyped.signal("end");
  untyped.result();
}

/// Turns bytes around, and counts what it has turned.
class turns_around final : public rondo::codec {
 public:
  void encode(std::span<rondo::payload> payloads, const rondo::serialization_context&) const override {
    for (auto& each : payloads) turn(each, "true");
  }
  void decode(std::span<rondo::payload> payloads, const rondo::serialization_context&) const override {
    for (auto& each : payloads) {
      if (each.metadata.erase("turned") > 0) turn(each, nullptr);
    }
  }
  mutable int turned = 0;

 private:
  void turn(rondo::payload& what, const char* mark) const {
    std::reverse(what.data.begin(), what.data.end());
    if (mark != nullptr) what.metadata["turned"] = mark;
    ++turned;
  }
};

TEST(workflow_environment, sends_payloads_through_the_codecs_of_its_client) {
  const auto codec = std::make_shared<turns_around>();
  environment_options how;
  how.client.data.codecs = {codec};
  workflow_environment env(app(), how);
  EXPECT_EQ(env.start<hours>(2).result(), 2);
  EXPECT_GE(codec->turned, 4) << "argument and result, there and back";
}

TEST(workflow_environment, lets_plugins_change_its_client_and_its_worker) {
  int asked = 0;
  environment_options how;
  how.client.plugins = {std::make_shared<rondo::simple_plugin>(
      "stub", [](rondo::client_options& options) { options.identity = "plugged"; },
      [&asked](rondo::registry& made, rondo::worker_options&) {
        ++asked;
        made.mock<quote>([](const std::string& sku) { return sku + " for free"; });
      })};
  workflow_environment env(app(), how);
  EXPECT_EQ(env.client().identity(), "plugged");
  EXPECT_EQ(env.start<ask_quote>(std::string("tea")).result(), "tea for free");
  EXPECT_EQ(asked, 1);
  workflow_environment plain(app());
  EXPECT_EQ(plain.client().identity(), "test");
}

TEST(workflow_environment, lets_stand_ins_run) {
  int calls = 0;
  workflow_environment env(app().mock<charge_card>([&calls](const purchase& what) {
    ++calls;
    return receipt{"test-" + what.id};
  }));
  const auto approved = env.start<order>(purchase{"o-1", 5});
  const auto forgotten = env.start<order>(purchase{"o-2", 5});
  EXPECT_EQ(approved.query<&order::status>(), "waiting");
  approved.signal<&order::approve>("ada");
  EXPECT_EQ(approved.query<&order::status>(), "approved by ada");
  EXPECT_EQ(approved.result().payment, "test-o-1");
  env.advance(25h);
  EXPECT_EQ(forgotten.result().payment, "");
  EXPECT_EQ(calls, 1);
}

TEST(workflow_environment, lets_stand_ins_be_coroutines_and_have_names) {
  workflow_environment env(
      app()
          .mock<slow_count>([](int up_to) -> asio::awaitable<int> { co_return 2 * up_to; })
          .mock<std::string(std::string)>("quote", [](const std::string& sku) { return sku + "!"; }));
  EXPECT_EQ(env.start<count_slowly>().result(), 6);
  EXPECT_EQ(env.start<ask_quote>("tea").result(), "tea!");
}

TEST(workflow_environment, lets_activities_take_their_real_time) {
  workflow_environment env(app());
  const auto before = env.now();
  EXPECT_EQ(env.start<count_slowly>().result(), 3);
  EXPECT_EQ(env.now(), before);
}

TEST(workflow_environment, skips_the_pauses_between_attempts) {
  int attempts = 0;
  workflow_environment env(app().mock<charge_card>([&attempts](const purchase&) {
    if (++attempts < 3) throw std::runtime_error("the line is busy");
    return receipt{"third"};
  }));
  const auto before = env.now();
  const auto handle = env.start<order>(purchase{"o", 1});
  handle.signal("approve", "ada");
  EXPECT_EQ(handle.result().payment, "third");
  EXPECT_EQ(env.now() - before, 3s);
}

TEST(workflow_environment, runs_activities_on_its_own_thread_unless_it_has_others) {
  const auto where = [](bool threads) {
    auto ran = std::make_shared<std::thread::id>();
    environment_options options;
    options.activity_threads = threads;
    workflow_environment env(app().mock<charge_card>([ran](const purchase&) {
      *ran = std::this_thread::get_id();
      return receipt{};
    }),
                             options);
    const auto handle = env.start<order>(purchase{"o", 1});
    handle.signal<&order::approve>("ada");
    handle.result();
    return *ran == std::this_thread::get_id();
  };
  EXPECT_TRUE(where(false));
  EXPECT_FALSE(where(true));
}

TEST(workflow_environment, tells_how_workflows_end) {
  workflow_environment env(app());
  const auto failing = env.start<fails>();
  try {
    failing.result();
    FAIL();
  } catch (const rondo::workflow_failure& failure) {
    EXPECT_EQ(failure.status(), rondo::workflow_status::failed);
    ASSERT_TRUE(failure.cause());
    EXPECT_THROW(std::rethrow_exception(failure.cause()), rondo::application_failure);
  }
  const auto cancelled = env.start<sleep_a_day>();
  env.settle();
  cancelled.cancel("no longer wanted");
  EXPECT_THROW(cancelled.result(), rondo::workflow_failure);
  EXPECT_EQ(cancelled.describe().status, rondo::workflow_status::cancelled);
  const auto killed = env.start<sleep_a_day>();
  killed.terminate("at once");
  EXPECT_EQ(killed.describe().status, rondo::workflow_status::terminated);
}

TEST(workflow_environment, says_who_waits_for_nothing) {
  workflow_environment env(app());
  rondo::start_workflow_options named;
  named.id = "w-1";
  const auto handle = env.start_with<waits_for_ever>(named);
  try {
    handle.result();
    FAIL();
  } catch (const workflow_stuck& stuck) {
    const std::string text = stuck.what();
    EXPECT_NE(text.find("workflow 'w-1' waits for something that does not come"), text.npos) << text;
    EXPECT_NE(text.find("'w-1' (waits_for_ever): 0 timers, 0 activities"), text.npos) << text;
    EXPECT_NE(text.find("WorkflowTaskCompleted"), text.npos) << text;
  }
  env.advance(100h);
  handle.signal<&waits_for_ever::end>();
  handle.result();
}

TEST(workflow_environment, says_what_the_code_throws_again_and_again) {
  workflow_environment env(app());
  const auto handle = env.start<has_a_bug>();
  const auto text_of = [](auto&& does) -> std::string {
    try {
      does();
    } catch (const workflow_stuck& stuck) {
      return stuck.what();
    }
    return "no exception";
  };
  EXPECT_NE(text_of([&] { handle.result(); }).find("index out of range"), std::string::npos);
  EXPECT_NE(text_of([&] { env.advance(24h); }).find("(has_a_bug) fails again and again"), std::string::npos);
}

TEST(workflow_environment, gives_up_when_an_activity_takes_too_long_and_may_go_on) {
  environment_options options;
  options.patience = 20ms;
  workflow_environment env(app(), options);
  const auto handle = env.start<ask_elsewhere>();
  EXPECT_THROW(handle.result(), workflow_stuck);
  EXPECT_THROW(env.advance(1h), workflow_stuck);
  env.drive(env.client().activity_handle(handle.id(), "", "1").complete(std::string("at last")));
  EXPECT_EQ(handle.result(), "at last");
}

TEST(workflow_environment, repeats_itself) {
  const auto history = [] {
    environment_options options;
    options.worker.max_cached_workflows = 0;
    workflow_environment env(app(), options);
    const auto handle = env.start<order>(purchase{"o", 1});
    env.advance(1h);
    handle.signal<&order::approve>("ada");
    handle.result();
    temporal::api::history::v1::History events;
    events.ParseFromString(handle.history().bytes());
    // Clients make the ids of their requests; those of two runs of a test must differ beside a server that both use.
    for (auto& each : *events.mutable_events()) {
      if (each.has_workflow_execution_signaled_event_attributes()) {
        each.mutable_workflow_execution_signaled_event_attributes()->clear_request_id();
      }
    }
    return rondo::workflow_history(handle.id(), events.SerializeAsString()).to_json();
  };
  EXPECT_EQ(history(), history());
}

}  // namespace testing_test
