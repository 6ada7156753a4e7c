#include "rondo/workflow.hpp"

#include <chrono>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "engine/script.hpp"

using namespace std::chrono_literals;
using namespace rondo::test;
namespace workflow = rondo::workflow;
using lines = std::vector<std::string>;
using engine::eviction;
using engine::step_kind;

namespace tasks_test {

int charge(int cents);
constexpr rondo::activity_options soon{.start_to_close_timeout = 5s};

class order {
 public:
  rondo::task<int> run(int cents) {
    paid_ = co_await workflow::execute_activity<charge>(soon, cents);
    co_await workflow::sleep(1s);
    co_return paid_;
  }
  void note(std::string /*text*/) {}
  int paid() const { return paid_; }
  int plus(int more) const { return paid_ + more; }
  int broken() const { throw rondo::application_failure("cannot tell", {.type = "Broken"}); }
  bool replaying() const { return workflow::is_replaying(); }
  int naughty() const { return static_cast<int>(workflow::random()()); }
  static constexpr auto handlers =
      rondo::handlers(rondo::signal<&order::note>, rondo::query<&order::paid>, rondo::query<&order::plus>,
                      rondo::query<&order::broken>, rondo::query<&order::replaying>, rondo::query<&order::naughty>);

 private:
  int paid_ = 0;
};

struct unreadable {
  int number = 0;
};

rondo::task<> throws() {
  co_await workflow::sleep(1s);
  throw std::runtime_error("a bug");
}
rondo::task<> throws_nothing_known() {
  throw 42;
  co_return;
}
rondo::task<> bad_options() { co_await workflow::execute_activity<charge>({}, 1); }
rondo::task<std::string> bad_options_caught() {
  constexpr rondo::activity_options negative{.start_to_close_timeout = -1s};
  constexpr rondo::activity_options policy{.start_to_close_timeout = 1s,
                                           .retry = rondo::retry_policy{.backoff_coefficient = 0.5}};
  std::string text;
  try {
    co_await workflow::execute_activity<charge>(negative, 1);
  } catch (const std::invalid_argument& error) {
    text = error.what();
  }
  try {
    co_await workflow::execute_activity<charge>(policy, 1);
  } catch (const std::invalid_argument& error) {
    text += std::string("; ") + error.what();
  }
  co_return text;
}
rondo::task<> not_a_number() {
  co_await workflow::execute_activity<int>("charge", soon, std::numeric_limits<double>::quiet_NaN());
}
rondo::task<> many() {
  constexpr rondo::activity_options elsewhere{.task_queue = "elsewhere", .start_to_close_timeout = 5s};
  constexpr rondo::activity_options lazy{.start_to_close_timeout = 5s, .disable_eager_execution = true};
  auto first = workflow::execute_activity<charge>(elsewhere, 1).start();
  auto second = workflow::execute_activity<charge>(lazy, 2).start();
  auto third = workflow::execute_activity<charge>(soon, 3).start();
  auto fourth = workflow::execute_activity<charge>(soon, 4).start();
  auto fifth = workflow::execute_activity<charge>(soon, 5).start();
  third.cancel();
  auto sixth = workflow::execute_activity<charge>(soon, 6).start();
  co_await std::move(sixth);
}

rondo::registry all() {
  rondo::registry made;
  made.workflow<order>().workflow<throws>().workflow<throws_nothing_known>().workflow<bad_options>();
  made.workflow<bad_options_caught>().workflow<not_a_number>().workflow<many>();
  return made;
}
engine_driver ordered() { return engine_driver(all(), history_builder("order", {"5"})); }

TEST(tasks, carry_token_flags_and_signature) {
  auto driver = ordered();
  driver.history.open_task();
  driver.run_task();
  ASSERT_EQ(driver.last.kind, step_kind::completed);
  const auto& sent = *driver.last.completed;
  EXPECT_EQ(sent.task_token(), "token");
  EXPECT_EQ(sent.sdk_metadata().sdk_name(), "rondo");
  EXPECT_EQ(sent.sdk_metadata().sdk_version(), rondo::version_string);
  ASSERT_EQ(sent.sdk_metadata().lang_used_flags_size(), 1);
  EXPECT_EQ(sent.sdk_metadata().lang_used_flags(0), 1U);
  EXPECT_TRUE(sent.capabilities().discard_speculative_workflow_task_with_events());
  EXPECT_EQ(driver.last.evict, eviction::none);
}

TEST(tasks, report_only_flags_that_are_new) {
  for (const bool evict : {false, true}) {
    auto driver = ordered();
    driver.task();
    driver.history.activity_started(5).activity_completed(5, "5").open_task();
    if (evict) driver.evict();
    driver.run_task();
    ASSERT_EQ(driver.last.kind, step_kind::completed);
    EXPECT_FALSE(driver.last.completed->has_sdk_metadata());
  }
}

TEST(tasks, use_no_flags_when_the_server_does_not_keep_them) {
  auto driver = ordered();
  driver.run_options.server_keeps_flags = false;
  driver.history.open_task();
  driver.run_task();
  EXPECT_EQ(driver.last.completed->sdk_metadata().lang_used_flags_size(), 0);
}

TEST(tasks, evict_when_the_run_ends) {
  auto driver = ordered();
  driver.task();
  driver.history.activity_started(5).activity_completed(5, "5");
  driver.task();
  EXPECT_EQ(driver.last.evict, eviction::none);
  driver.history.timer_fired(11);
  driver.history.open_task();
  driver.run_task();
  EXPECT_EQ(driver.texts(), (lines{"complete (5)"}));
  EXPECT_EQ(driver.last.evict, eviction::closed);
}

TEST(tasks, fail_when_the_code_throws_something_else_than_a_failure) {
  engine_driver driver(all(), history_builder("throws"));
  driver.task();
  driver.history.timer_fired(5);
  driver.history.open_task();
  driver.amend = [](auto& task) { task.set_attempt(3); };
  driver.run_task();
  ASSERT_EQ(driver.last.kind, step_kind::failed);
  EXPECT_EQ(driver.last.failed->task_token(), "token");
  EXPECT_EQ(driver.last.failed->cause(), enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE);
  EXPECT_EQ(driver.failure(), "a bug");
  EXPECT_EQ(driver.last.failed->failure().application_failure_info().type(), "std::runtime_error");
  EXPECT_EQ(driver.last.evict, eviction::failed_task);
  EXPECT_EQ(driver.last.attempt, 3);

  engine_driver other(all(), history_builder("throws_nothing_known"));
  other.history.open_task();
  other.run_task();
  ASSERT_EQ(other.last.kind, step_kind::failed);
  EXPECT_EQ(other.last.failed->failure().application_failure_info().type(), "int");
}

TEST(tasks, fail_when_the_arguments_of_the_workflow_cannot_be_read) {
  engine_driver driver(all(), history_builder("order", {"\"five\""}));
  driver.history.open_task();
  driver.run_task();
  ASSERT_EQ(driver.last.kind, step_kind::failed);
  EXPECT_EQ(driver.last.failed->cause(), enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE);
}

TEST(tasks, fail_when_a_result_cannot_be_read) {
  auto driver = ordered();
  driver.task();
  driver.history.activity_started(5).activity_completed(5, "\"much\"").open_task();
  driver.run_task();
  EXPECT_EQ(driver.last.kind, step_kind::failed);
}

TEST(tasks, fail_when_an_argument_cannot_be_written) {
  engine_driver driver(all(), history_builder("not_a_number"));
  driver.history.open_task();
  driver.run_task();
  EXPECT_EQ(driver.last.kind, step_kind::failed);
}

TEST(tasks, write_arguments_only_when_they_are_sent) {
  history_builder h("not_a_number");
  h.task().activity_scheduled("1", "charge");
  h.signal("s").open_task();
  engine_driver driver(all(), h);
  driver.run_task();
  EXPECT_EQ(driver.last.kind, step_kind::completed) << driver.failure();
}

TEST(tasks, refuse_options_that_cannot_work) {
  engine_driver driver(all(), history_builder("bad_options"));
  driver.history.open_task();
  driver.run_task();
  EXPECT_EQ(driver.failure(), "activity \"charge\": start_to_close_timeout or schedule_to_close_timeout must be set");
  engine_driver caught(all(), history_builder("bad_options_caught"));
  EXPECT_EQ(caught.task(), (lines{R"(complete ("activity \"charge\": start_to_close_timeout must not be negative; )"
                                  R"(activity \"charge\": retry policy: backoff_coefficient must be at least 1"))"}));
}

TEST(tasks, say_nondeterminism_and_evict) {
  history_builder h("order", {"5"});
  h.task().timer_started("1");
  h.open_task();
  engine_driver driver(all(), h);
  driver.run_task();
  ASSERT_EQ(driver.last.kind, step_kind::failed);
  EXPECT_EQ(driver.last.failed->cause(), enums::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR);
  EXPECT_TRUE(driver.failure().starts_with("[TMPRL1100] Nondeterminism error"));
  EXPECT_EQ(driver.last.evict, eviction::nondeterminism);
}

TEST(tasks, notice_nondeterminism_of_a_cached_run) {
  auto driver = ordered();
  driver.task();
  driver.history.at(5).mutable_activity_task_scheduled_event_attributes()->set_activity_id("7");
  driver.history.signal("note", {"\"x\""}).open_task();
  driver.run_task();
  EXPECT_EQ(driver.last.evict, eviction::nondeterminism);
}

TEST(tasks, ask_for_eager_activities_up_to_the_slots) {
  for (const int slots : {0, 1, 2, 9}) {
    engine_driver driver(all(), history_builder("many"));
    driver.options.eager_activities = slots;
    driver.history.open_task();
    driver.run_task();
    int asked = 0;
    for (const auto& each : driver.last.completed->commands()) {
      const auto& attributes = each.schedule_activity_task_command_attributes();
      if (!attributes.request_eager_execution()) continue;
      ++asked;
      EXPECT_EQ(attributes.task_queue().name(), "queue");
      EXPECT_NE(attributes.activity_id(), "2");
    }
    EXPECT_EQ(driver.last.eager_activities, asked);
    EXPECT_EQ(asked, std::min(slots, 3));
  }
}

class quits {
 public:
  rondo::task<> run() {
    co_await workflow::wait_condition([this] { return quit_; });
  }
  rondo::task<> linger() {
    quit_ = true;
    co_await workflow::sleep(1s);
  }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&quits::linger>);

 private:
  bool quit_ = false;
};

class remembering_sink final : public rondo::log_sink {
 public:
  void write(rondo::log_level, std::string_view message, std::span<const rondo::log_field> fields) override {
    all.emplace_back(message);
    for (const auto& each : fields) {
      if (each.key == "run_id") run_ids.emplace_back(std::get<std::string_view>(each.value.get()));
    }
  }
  lines all, run_ids;
};

TEST(tasks, warn_of_what_is_lost_but_not_again_on_replay) {
  for (const bool evict : {false, true}) {
    const auto sink = std::make_shared<remembering_sink>();
    const rondo::logger log(sink);
    engine_driver driver(rondo::registry().workflow<quits>(), history_builder("quits"));
    driver.run_options.logger = &log;
    driver.history.signal("nobody");
    driver.task();
    ASSERT_EQ(sink->all.size(), 1U);
    EXPECT_NE(sink->all[0].find("no handler"), std::string::npos);
    driver.history.signal("linger").open_task();
    if (evict) driver.evict();
    driver.run_task();
    ASSERT_EQ(sink->all.size(), 3U);
    EXPECT_TRUE(sink->all[1].starts_with("[TMPRL1102]"));
    EXPECT_NE(sink->all[2].find("signals that no handler took"), std::string::npos);
    EXPECT_EQ(sink->run_ids, lines(3, "run-1"));
  }
}

/// Its handlers may be lost; `loud` says that one may not.
class leaves {
 public:
  rondo::task<> run() {
    co_await workflow::wait_condition([this] { return left_; });
  }
  rondo::task<> signalled() {
    left_ = true;
    co_await workflow::sleep(1h);
  }
  rondo::task<> updated() { co_await signalled(); }
  rondo::task<> loud() { co_await signalled(); }
  static constexpr rondo::unfinished_policy quiet = rondo::unfinished_policy::abandon;
  static constexpr auto handlers =
      rondo::handlers(rondo::signal<&leaves::signalled>({.unfinished = quiet}),
                      rondo::update<&leaves::updated>({.unfinished = quiet}), rondo::signal<&leaves::loud>);

 private:
  bool left_ = false;
};

TEST(tasks, do_not_warn_of_handlers_that_may_be_abandoned) {
  const auto warnings = [](const std::function<void(engine_driver&)>& message) {
    const auto sink = std::make_shared<remembering_sink>();
    const rondo::logger log(sink);
    engine_driver driver(rondo::registry().workflow<leaves>(), history_builder("leaves"));
    driver.run_options.logger = &log;
    driver.task();
    message(driver);
    const auto got = driver.task();
    EXPECT_EQ(got.back(), "complete ()");
    return sink->all.size();
  };
  EXPECT_EQ(warnings([](engine_driver& driver) { driver.history.signal("signalled"); }), 0U);
  EXPECT_EQ(warnings([](engine_driver& driver) { driver.ask("u", "updated"); }), 0U);
  EXPECT_EQ(warnings([](engine_driver& driver) { driver.history.signal("loud"); }), 1U);
  EXPECT_EQ(warnings([](engine_driver& driver) { driver.history.signal("signalled").signal("loud"); }), 1U)
      << "one that may not be lost is enough";
}

// ---- the cache and the server do not always agree

TEST(tasks, fetch_everything_when_the_run_is_not_cached) {
  auto driver = ordered();
  driver.task();
  driver.history.activity_started(5).activity_completed(5, "5").open_task();
  driver.evict();
  driver.amend = [](auto& task) { task.mutable_history()->mutable_events()->DeleteSubrange(0, 3); };
  driver.run_task();
  EXPECT_EQ(driver.full_fetches(), 1);
  EXPECT_EQ(driver.texts(), (lines{"timer 1 1s"}));
}

TEST(tasks, fetch_everything_when_the_cached_run_missed_events) {
  auto driver = ordered();
  driver.task();
  driver.history.activity_started(5).activity_completed(5, "5").open_task();
  driver.amend = [](auto& task) { task.mutable_history()->mutable_events()->DeleteSubrange(0, 1); };
  driver.run_task();
  EXPECT_EQ(driver.full_fetches(), 1);
  EXPECT_EQ(driver.texts(), (lines{"timer 1 1s"}));
}

TEST(tasks, fetch_everything_when_the_last_completion_did_not_count) {
  auto driver = ordered();
  driver.history.open_task();
  driver.run_task();
  driver.run().accepted();
  driver.history.add(enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT);
  driver.history.signal("note", {"\"x\""}).open_task();
  driver.run_task();
  EXPECT_EQ(driver.texts(), (lines{"activity 1 charge(5)"})) << "the whole history came with the task";
  EXPECT_EQ(driver.full_fetches(), 0);
}

TEST(tasks, fetch_everything_when_a_later_completion_did_not_count) {
  auto driver = ordered();
  driver.task();
  driver.history.activity_started(5).activity_completed(5, "5").open_task();
  driver.run_task();
  EXPECT_EQ(driver.texts(), (lines{"timer 1 1s"}));
  driver.run().accepted();
  driver.history.add(enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT);
  driver.history.signal("note", {"\"x\""}).open_task();
  driver.run_task();
  EXPECT_EQ(driver.texts(), (lines{"timer 1 1s"}));
  EXPECT_EQ(driver.full_fetches(), 1);
}

TEST(tasks, do_not_mistake_a_short_history_for_nondeterminism) {
  auto driver = ordered();
  driver.history.open_task();
  driver.amend = [](auto& task) { task.set_started_event_id(9); };
  driver.run_task();
  EXPECT_EQ(driver.last.kind, step_kind::failed);
  EXPECT_EQ(driver.last.evict, eviction::inconsistent_history);

  auto shorter = ordered();
  shorter.history.open_task();
  shorter.amend = [](auto& task) { task.mutable_history()->mutable_events()->RemoveLast(); };
  shorter.run_task();
  EXPECT_EQ(shorter.last.evict, eviction::inconsistent_history);
}

TEST(tasks, of_a_terminated_workflow_are_not_worked_on) {
  auto driver = ordered();
  driver.task();
  driver.history.open_task();
  driver.history.terminated();
  driver.run_task();
  EXPECT_EQ(driver.last.kind, step_kind::failed);
  EXPECT_EQ(driver.last.evict, eviction::closed);
}

TEST(tasks, that_the_server_dropped_leave_no_trace) {
  auto driver = ordered();
  driver.task();
  const auto kept = driver.history;
  driver.history.open_task();
  driver.run_task();
  ASSERT_EQ(driver.last.kind, step_kind::completed);
  EXPECT_TRUE(driver.texts().empty());
  driver.run().accepted(3);
  driver.history = kept;
  driver.history.activity_started(5).activity_completed(5, "5");
  EXPECT_EQ(driver.task(), (lines{"timer 1 1s"}));
  EXPECT_EQ(driver.full_fetches(), 0);
}

TEST(tasks, may_be_left_at_any_page) {
  auto driver = ordered();
  driver.task();
  driver.history.activity_started(5).activity_completed(5, "5").open_task();
  for (std::int64_t seen = 1; seen < driver.history.last_id(); ++seen) {
    google::protobuf::Arena arena;
    engine::service::PollWorkflowTaskQueueResponse task;
    for (std::int64_t id = 1; id <= seen; ++id) *task.mutable_history()->add_events() = driver.history.at(id);
    task.set_next_page_token("more");
    const auto registry = all();
    engine::workflow_run run(*registry.find_workflow("order"), std::make_shared<const engine::run_options>());
    EXPECT_EQ(run.accept(task, arena).kind, step_kind::need_page);
  }
}

// ---- flags

TEST(flags, count_on_replay_only_when_they_were_recorded) {
  engine::flag_record flags;
  EXPECT_FALSE(flags.use(1, true, true)) << "replay, not recorded";
  EXPECT_FALSE(flags.use(1, false, false)) << "live, but the server does not keep it";
  EXPECT_TRUE(flags.use(1, false, true));
  EXPECT_FALSE(flags.use(4711, false, true)) << "there is no such flag";
  engine::service::RespondWorkflowTaskCompletedRequest sent, again, nothing;
  flags.write(sent);
  EXPECT_EQ(sent.sdk_metadata().lang_used_flags_size(), 1);
  flags.write(again);
  EXPECT_EQ(again.sdk_metadata().lang_used_flags_size(), 1) << "not accepted yet";
  flags.accepted();
  flags.write(nothing);
  EXPECT_FALSE(nothing.has_sdk_metadata());

  engine::flag_record later;
  EXPECT_EQ(later.read(sent.sdk_metadata()), 0U);
  EXPECT_TRUE(later.use(1, true, true));
  EXPECT_TRUE(later.use(1, false, false)) << "what is recorded counts in any case";
  nothing.Clear();
  later.write(nothing);
  EXPECT_FALSE(nothing.has_sdk_metadata());
  engine::flag_record::metadata newer;
  newer.add_lang_used_flags(4711);
  EXPECT_EQ(later.read(newer), 4711U);
}

TEST(flags, name_the_sdk_when_another_one_worked_before) {
  engine::flag_record flags;
  engine::flag_record::metadata other;
  other.set_sdk_name("other");
  other.set_sdk_version("9");
  flags.read(other);
  engine::service::RespondWorkflowTaskCompletedRequest sent;
  flags.write(sent);
  EXPECT_EQ(sent.sdk_metadata().sdk_name(), "rondo");
}

// ---- queries

TEST(queries, are_answered_alone_or_with_a_task) {
  for (const bool evict : {false, true}) {
    auto driver = ordered();
    driver.task();
    driver.history.activity_started(5).activity_completed(5, "5");
    driver.task();
    if (evict) driver.evict();
    driver.query("paid");
    ASSERT_EQ(driver.last.kind, step_kind::query_answered);
    EXPECT_EQ(driver.last.answered->task_token(), "token");
    EXPECT_EQ(driver.last.answered->completed_type(), enums::QUERY_RESULT_TYPE_ANSWERED);
    EXPECT_EQ(driver.answer(), "5");
    driver.query("plus", "7");
    EXPECT_EQ(driver.answer(), "12");
    driver.query("replaying");
    EXPECT_EQ(driver.answer(), "true");
    driver.history.timer_fired(11);
    EXPECT_EQ(driver.task(), (lines{"complete (5)"})) << "queries change nothing";
  }
}

TEST(queries, come_with_a_task_and_see_what_it_did) {
  auto driver = ordered();
  driver.task();
  driver.history.activity_started(5).activity_completed(5, "5").open_task();
  driver.amend = [](auto& task) {
    (*task.mutable_queries())["one"].set_query_type("paid");
    (*task.mutable_queries())["two"].set_query_type("broken");
    (*task.mutable_queries())["three"].set_query_type("replaying");
  };
  driver.run_task();
  ASSERT_EQ(driver.last.kind, step_kind::completed);
  EXPECT_EQ(driver.texts(), (lines{"timer 1 1s"}));
  const auto& results = driver.last.completed->query_results();
  EXPECT_EQ(results.at("one").result_type(), enums::QUERY_RESULT_TYPE_ANSWERED);
  EXPECT_EQ(results.at("one").answer().payloads(0).data(), "5");
  EXPECT_EQ(results.at("two").result_type(), enums::QUERY_RESULT_TYPE_FAILED);
  EXPECT_EQ(results.at("two").error_message(), "cannot tell");
  EXPECT_EQ(results.at("two").failure().application_failure_info().type(), "Broken");
  EXPECT_EQ(results.at("three").answer().payloads(0).data(), "true");
}

TEST(queries, fail_alone) {
  auto driver = ordered();
  driver.task();
  driver.query("unknown");
  EXPECT_EQ(driver.last.answered->completed_type(), enums::QUERY_RESULT_TYPE_FAILED);
  EXPECT_EQ(driver.failure(),
            "Query handler for 'unknown' expected but not found, known queries: [paid plus broken replaying naughty]");
  driver.query("plus", "\"text\"");
  EXPECT_EQ(driver.last.answered->completed_type(), enums::QUERY_RESULT_TYPE_FAILED);
  driver.query("naughty");
  EXPECT_NE(driver.failure().find("not allowed in a query"), std::string::npos) << driver.failure();
  EXPECT_EQ(driver.last.evict, eviction::none);
}

TEST(queries, of_a_closed_workflow) {
  history_builder h("order", {"5"});
  h.task().activity_scheduled("1", "charge");
  h.activity_started(5).activity_completed(5, "5").task().timer_started("1");
  h.timer_fired(11).task().completed("5");
  engine_driver driver(all(), h);
  driver.query("paid");
  EXPECT_EQ(driver.answer(), "5");
  EXPECT_EQ(driver.last.evict, eviction::closed);
}

TEST(queries, do_not_work_on_an_open_task) {
  auto driver = ordered();
  driver.task();
  driver.history.activity_started(5).activity_completed(5, "5").open_task();
  driver.evict();
  driver.query("paid");
  EXPECT_EQ(driver.answer(), "0");
  EXPECT_EQ(driver.run_task().kind, step_kind::completed);
  EXPECT_EQ(driver.texts(), (lines{"timer 1 1s"}));
}

TEST(queries, of_a_run_that_does_not_replay_say_why) {
  history_builder h("order", {"5"});
  h.task().timer_started("1");
  engine_driver driver(all(), h);
  driver.query("paid");
  ASSERT_EQ(driver.last.kind, step_kind::query_answered);
  EXPECT_EQ(driver.last.answered->completed_type(), enums::QUERY_RESULT_TYPE_FAILED);
  EXPECT_TRUE(driver.failure().starts_with("[TMPRL1100]"));
  EXPECT_EQ(driver.last.evict, eviction::nondeterminism);
}

TEST(queries, that_every_workflow_answers) {
  auto driver = ordered();
  driver.task();
  driver.query("__stack_trace");
  EXPECT_TRUE(driver.answer().starts_with(R"("waits for activity \"charge\" (id \"1\")\n    in )"));
  driver.evict();
  driver.query("__stack_trace");
  EXPECT_TRUE(driver.answer().starts_with(R"("waits for activity \"charge\" (id \"1\")\n    in )"));
  driver.query("__temporal_workflow_metadata");
  const auto& value = driver.last.answered->query_result().payloads(0);
  EXPECT_EQ(value.metadata().at("encoding"), "json/protobuf");
  EXPECT_EQ(value.metadata().at("messageType"), "temporal.api.sdk.v1.WorkflowMetadata");
  for (const auto* part : {"\"type\":\"order\"", "\"name\":\"note\"", "\"name\":\"paid\""}) {
    EXPECT_NE(value.data().find(part), std::string::npos) << part << " in " << value.data();
  }
}

}  // namespace tasks_test
