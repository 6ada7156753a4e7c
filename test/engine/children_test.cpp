#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "engine/script.hpp"
#include "rondo/workflow.hpp"

// Children and other workflows: what a run asks for, and what becomes of it.
namespace children_test {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace workflow = rondo::workflow;
using lines = std::vector<std::string>;

class shop {
 public:
  rondo::task<int> run(int from);
  void poke(std::string text);
  static constexpr auto handlers = rondo::handlers(rondo::signal<&shop::poke>);
};
rondo::task<int> ends_with(std::string text);

/// What a failure and its causes say.
std::string texts_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const rondo::failure& known) {
    return known.message() + (known.cause() ? "; " + texts_of(known.cause()) : "");
  }
}

rondo::task<std::string> runs_child() {
  auto made = co_await workflow::as_result(workflow::execute_child<shop>({.id = "shop-1"}, 7));
  if (made) co_return std::to_string(*made);
  co_return texts_of(made.error());
}
script child_script(std::string_view type, std::vector<std::function<void(history_builder&)>> inbound) {
  return {rondo::registry().workflow<runs_child>(), history_builder(type), std::move(inbound)};
}

TEST(children, give_their_result) {
  const auto got = play_everywhere(child_script("runs_child", {
                                                                  [](history_builder& h) { h.child_started(5); },
                                                                  [](history_builder& h) { h.child_completed(5, "8"); },
                                                              }));
  EXPECT_EQ(got, (transcript{{"child shop-1 shop(7)"}, {}, {R"(complete ("8"))"}}));
}

TEST(children, fail_as_they_failed) {
  const auto end_of = [](const std::function<void(history_builder&)>& end) {
    const auto got = play_everywhere(child_script("runs_child", {[&end](history_builder& h) {
                                                    h.child_started(5);
                                                    end(h);
                                                  }}));
    return got.back().back();
  };
  EXPECT_EQ(end_of([](history_builder& h) { h.child_failed(5, "broke"); }),
            R"(complete ("Child workflow failed; broke"))");
  EXPECT_EQ(end_of([](history_builder& h) { h.child_timed_out(5); }),
            R"(complete ("Child workflow timed out; Workflow timed out"))");
  EXPECT_EQ(end_of([](history_builder& h) { h.child_terminated(5); }),
            R"(complete ("Child workflow terminated; Workflow terminated"))");
  EXPECT_EQ(end_of([](history_builder& h) { h.child_cancelled(5); }),
            R"(complete ("Child workflow cancelled; Workflow cancelled"))");
}

TEST(children, may_not_be_started) {
  const auto got = play_everywhere(child_script("runs_child", {[](history_builder& h) { h.child_refused(5); }}));
  EXPECT_EQ(got.back(), lines{R"(complete ("Child workflow not started; Workflow execution already started"))"});
}

rondo::task<std::string> starts_child() {
  auto child = co_await workflow::start_child<shop>({}, 1);
  co_await child.signal<&shop::poke>("ada");
  const std::string about = child.id() + "/" + child.run_id();
  co_return about + "=" + std::to_string(co_await child.result());
}

TEST(children, have_handles_once_they_have_begun) {
  const script of{rondo::registry().workflow<starts_child>(),
                  history_builder("starts_child"),
                  {
                      [](history_builder& h) { h.child_started(5, "first"); },
                      [](history_builder& h) { h.signal_delivered(10); },
                      [](history_builder& h) { h.child_completed(5, "3"); },
                  }};
  EXPECT_EQ(
      play_everywhere(of),
      (transcript{
          {"child run-1_1 shop(1)"}, {R"(signal run-1_1 poke("ada"))"}, {}, {R"(complete ("run-1_1/first=3"))"}}));
}

rondo::task<int> leaves_child() {
  const auto child =
      co_await workflow::start_child<ends_with>({.parent_close = rondo::parent_close_policy::abandon}, "x");
  co_return static_cast<int>(child.run_id().size());
}

TEST(children, may_be_left_to_themselves) {
  script of{rondo::registry().workflow<leaves_child>(), history_builder("leaves_child"), {[](history_builder& h) {
              h.child_started(5, "abc");
            }}};
  EXPECT_EQ(play_everywhere(of), (transcript{{R"(child run-1_1 ends_with("x"))"}, {"complete (3)"}}));
}

/// Handles of children that begin at once, asked for in both ways.
rondo::task<std::string> starts_three() {
  auto second = workflow::start_child<shop>({.id = "b"}, 2).start();
  auto [first, third] = co_await workflow::when_all(workflow::start_child<shop>({.id = "a"}, 1),
                                                    workflow::start_child<shop>({.id = "c"}, 3));
  auto between = co_await std::move(second);
  co_return first.id() + between.id() + third.id();
}

TEST(children, may_be_started_beside_each_other) {
  const script of{rondo::registry().workflow<starts_three>(), history_builder("starts_three"), {[](history_builder& h) {
                    h.child_started(5).child_started(6).child_started(7);
                  }}};
  EXPECT_EQ(play_everywhere(of),
            (transcript{{"child b shop(2)", "child a shop(1)", "child c shop(3)"}, {R"(complete ("abc"))"}}));
}

template <rondo::cancellation_type How>
rondo::task<std::string> cancelled_child() {
  rondo::child_workflow_options options;
  options.id = "c";
  options.cancellation = How;
  auto made = co_await workflow::as_result(workflow::execute_child<shop>(options, 7));
  co_return made ? std::to_string(*made) : texts_of(made.error());
}
template <rondo::cancellation_type How>
transcript cancel_child(std::vector<std::function<void(history_builder&)>> inbound) {
  rondo::registry from;
  from.workflow<cancelled_child<How>>("w");
  return play_everywhere({from, history_builder("w"), std::move(inbound)});
}

TEST(children, are_cancelled_as_their_options_say) {
  using rondo::cancellation_type;
  const auto started = [](history_builder& h) { h.child_started(5); };
  const auto cancel = [](history_builder& h) { h.cancel_requested("stop"); };
  const std::string at_once = R"(complete ("Child workflow cancelled; Child workflow cancelled"))";
  const std::string in_the_end = R"(complete ("Child workflow cancelled; Workflow cancelled"))";
  EXPECT_EQ(cancel_child<cancellation_type::try_cancel>({started, cancel}),
            (transcript{{"child c shop(7)"}, {}, {"cancel workflow c", at_once}}));
  EXPECT_EQ(cancel_child<cancellation_type::abandon>({started, cancel}),
            (transcript{{"child c shop(7)"}, {}, {at_once}}));
  EXPECT_EQ(cancel_child<cancellation_type::wait_cancellation_requested>(
                {started, cancel, [](history_builder& h) { h.cancel_delivered(14); }}),
            (transcript{{"child c shop(7)"}, {}, {"cancel workflow c"}, {at_once}}));
  EXPECT_EQ(cancel_child<cancellation_type::wait_cancellation_completed>(
                {started, cancel, [](history_builder& h) { h.cancel_delivered(14).child_cancelled(5); }}),
            (transcript{{"child c shop(7)"}, {}, {"cancel workflow c"}, {in_the_end}}));
  EXPECT_EQ(cancel_child<cancellation_type::wait_cancellation_completed>(
                {started, cancel, [](history_builder& h) { h.cancel_failed(14).child_completed(5, "9"); }}),
            (transcript{{"child c shop(7)"}, {}, {"cancel workflow c"}, {R"(complete ("9"))"}}))
      << "it may end before it is told";
}

TEST(children, may_be_cancelled_before_they_have_begun) {
  using rondo::cancellation_type;
  const auto cancel = [](history_builder& h) { h.cancel_requested(); };
  const auto started = [](history_builder& h) { h.child_started(5); };
  const std::string at_once = R"(complete ("Child workflow cancelled; Child workflow cancelled"))";
  const std::string in_the_end = R"(complete ("Child workflow cancelled; Workflow cancelled"))";
  // It is asked when it has begun: a server that is asked before finds no such workflow.
  EXPECT_EQ(cancel_child<cancellation_type::wait_cancellation_completed>(
                {cancel, started, [](history_builder& h) { h.cancel_delivered(14).child_cancelled(5); }}),
            (transcript{{"child c shop(7)"}, {}, {"cancel workflow c"}, {in_the_end}}));
  EXPECT_EQ(cancel_child<cancellation_type::wait_cancellation_requested>(
                {cancel, started, [](history_builder& h) { h.cancel_delivered(14); }}),
            (transcript{{"child c shop(7)"}, {}, {"cancel workflow c"}, {at_once}}));
  EXPECT_EQ(cancel_child<cancellation_type::try_cancel>({cancel}), (transcript{{"child c shop(7)"}, {at_once}}));
  EXPECT_EQ(cancel_child<cancellation_type::abandon>({cancel}), (transcript{{"child c shop(7)"}, {at_once}}));
  EXPECT_EQ(cancel_child<cancellation_type::wait_cancellation_completed>({[](history_builder& h) {
              h.cancel_requested();
              h.child_started(5).child_completed(5, "1");
            }}),
            (transcript{{"child c shop(7)"}, {R"(complete ("1"))"}}))
      << "nothing is left to cancel";
  EXPECT_EQ(
      cancel_child<cancellation_type::wait_cancellation_completed>(
          {cancel, [](history_builder& h) { h.child_refused(5); }}),
      (transcript{
          {"child c shop(7)"}, {}, {R"(complete ("Child workflow not started; Workflow execution already started"))"}}))
      << "nobody is left to cancel";
}

/// Goes on after it has given up its child.
rondo::task<std::string> gives_up_its_child() {
  rondo::child_workflow_options options;
  options.id = "c";
  options.cancellation = rondo::cancellation_type::try_cancel;
  auto made = co_await workflow::as_result(workflow::execute_child<shop>(options, 7));
  co_await workflow::shield(workflow::sleep(1s));
  co_return texts_of(made.error());
}

TEST(children, that_nobody_waits_for_are_told_when_they_have_begun) {
  const script of{rondo::registry().workflow<gives_up_its_child>(),
                  history_builder("gives_up_its_child"),
                  {[](history_builder& h) { h.cancel_requested(); }, [](history_builder& h) { h.child_started(5); },
                   [](history_builder& h) { h.cancel_delivered(15); }, [](history_builder& h) { h.timer_fired(10); }}};
  EXPECT_EQ(play_everywhere(of), (transcript{{"child c shop(7)"},
                                             {"timer 1 1s"},
                                             {"cancel workflow c"},
                                             {},
                                             {R"(complete ("Child workflow cancelled; Child workflow cancelled"))"}}));
}

rondo::task<std::string> cancels_what_it_has_not_sent() {
  workflow::cancellation_scope scope;
  auto child = workflow::execute_child<shop>({}, 1).start();
  auto told = workflow::external("other").signal("poke").start();
  child.cancel();
  told.cancel();
  auto first = co_await workflow::as_result(std::move(child));
  auto second = co_await workflow::as_result(std::move(told));
  co_return texts_of(first.error()) + ", " + texts_of(second.error());
}

TEST(children, that_were_not_sent_leave_no_trace) {
  const script of{
      rondo::registry().workflow<cancels_what_it_has_not_sent>(), history_builder("cancels_what_it_has_not_sent"), {}};
  EXPECT_EQ(play_everywhere(of),
            (transcript{{R"(complete ("Child workflow cancelled; Child workflow cancelled, cancelled"))"}}));
}

rondo::task<std::string> tells_others() {
  const auto other = workflow::external<shop>("other");
  co_await other.signal<&shop::poke>("ada");
  auto second = co_await workflow::as_result(workflow::external("gone").signal("poke", 1, true));
  co_await other.cancel("enough");
  auto fourth = co_await workflow::as_result(workflow::external("gone").cancel());
  co_return texts_of(second.error()) + "; " + texts_of(fourth.error());
}

TEST(other_workflows, are_signalled_and_cancelled) {
  const script of{rondo::registry().workflow<tells_others>(),
                  history_builder("tells_others"),
                  {
                      [](history_builder& h) { h.signal_delivered(5); },
                      [](history_builder& h) { h.signal_failed(10); },
                      [](history_builder& h) { h.cancel_delivered(15); },
                      [](history_builder& h) { h.cancel_failed(20); },
                  }};
  EXPECT_EQ(play_everywhere(of), (transcript{{R"(signal other poke("ada"))"},
                                             {"signal gone poke(1,true)"},
                                             {"cancel workflow other"},
                                             {"cancel workflow gone"},
                                             {R"(complete ("Signalling workflow \"gone\" failed: it does not run; )"
                                              R"(Cancelling workflow \"gone\" failed: it does not run"))"}}));
}

rondo::task<> sends_every_option() {
  rondo::payload_map memo, attributes, headers;
  memo["note"].data = R"("soon")";
  attributes["CustomerId"].data = R"("ada")";
  headers["trace"].data = "t";
  const rondo::child_workflow_options options{.id = "shop-7",
                                              .task_queue = "shops",
                                              .execution_timeout = 1h,
                                              .run_timeout = 30min,
                                              .task_timeout = 7s,
                                              .reuse = rondo::id_reuse_policy::reject_duplicate,
                                              .retry = rondo::retry_policy{.maximum_attempts = 3},
                                              .cron_schedule = "@daily",
                                              .memo = memo,
                                              .search_attributes = attributes,
                                              .priority = rondo::priority{.key = 2},
                                              .headers = headers,
                                              .summary = "a shop",
                                              .details = "more of it"};
  co_await workflow::start_child<shop>(options, 1);
}
rondo::task<> sends_no_option() { co_await workflow::start_child<shop>({}, 1); }
template <rondo::parent_close_policy How>
rondo::task<> sends_close_policy() {
  co_await workflow::start_child<shop>({.parent_close = How}, 1);
}
/// The command of a workflow that starts a child at once.
engine::Command start_of_child(const rondo::registry& from, std::string_view type) {
  engine_driver driver(from, history_builder(type));
  driver.history.open_task();
  driver.run_task();
  if (driver.last.kind == engine::step_kind::completed && driver.last.completed->commands_size() == 1) {
    return driver.last.completed->commands(0);
  }
  ADD_FAILURE() << "not one command: " << driver.failure();
  return {};
}

TEST(children, send_every_option) {
  const auto command = start_of_child(rondo::registry().workflow<sends_every_option>(), "sends_every_option");
  const auto& sent = command.start_child_workflow_execution_command_attributes();
  EXPECT_EQ(sent.workflow_id(), "shop-7");
  EXPECT_EQ(sent.workflow_type().name(), "shop");
  EXPECT_EQ(sent.task_queue().name(), "shops");
  EXPECT_EQ(sent.workflow_execution_timeout().seconds(), 3600);
  EXPECT_EQ(sent.workflow_run_timeout().seconds(), 1800);
  EXPECT_EQ(sent.workflow_task_timeout().seconds(), 7);
  EXPECT_EQ(sent.workflow_id_reuse_policy(), enums::WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE);
  EXPECT_EQ(sent.retry_policy().maximum_attempts(), 3);
  EXPECT_EQ(sent.cron_schedule(), "@daily");
  EXPECT_EQ(sent.memo().fields().at("note").data(), R"("soon")");
  EXPECT_EQ(sent.search_attributes().indexed_fields().at("CustomerId").data(), R"("ada")");
  EXPECT_EQ(sent.priority().priority_key(), 2);
  EXPECT_EQ(sent.header().fields().at("trace").data(), "t");
  EXPECT_EQ(command.user_metadata().summary().data(), R"("a shop")");
  EXPECT_EQ(command.user_metadata().details().data(), R"("more of it")");
}

TEST(children, leave_out_what_was_not_said) {
  const auto command = start_of_child(rondo::registry().workflow<sends_no_option>(), "sends_no_option");
  const auto& sent = command.start_child_workflow_execution_command_attributes();
  EXPECT_EQ(sent.namespace_(), "default");
  EXPECT_FALSE(sent.task_queue().name().empty()) << "that of the parent";
  EXPECT_FALSE(sent.has_workflow_execution_timeout() || sent.has_workflow_run_timeout());
  EXPECT_FALSE(sent.has_workflow_task_timeout() || sent.has_retry_policy() || sent.has_priority());
  EXPECT_FALSE(sent.has_memo() || sent.has_search_attributes() || sent.has_header() || sent.has_versioning_override());
  EXPECT_EQ(sent.parent_close_policy(), enums::PARENT_CLOSE_POLICY_TERMINATE);
  EXPECT_EQ(sent.workflow_id_reuse_policy(), enums::WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE);
  EXPECT_FALSE(command.has_user_metadata());
}

template <rondo::parent_close_policy How>
enums::ParentClosePolicy sent_for() {
  const auto command = start_of_child(rondo::registry().workflow<sends_close_policy<How>>("parent"), "parent");
  return command.start_child_workflow_execution_command_attributes().parent_close_policy();
}

TEST(children, send_each_policy_for_the_end_of_their_parent) {
  using rondo::parent_close_policy;
  EXPECT_EQ(sent_for<parent_close_policy::terminate>(), enums::PARENT_CLOSE_POLICY_TERMINATE);
  EXPECT_EQ(sent_for<parent_close_policy::abandon>(), enums::PARENT_CLOSE_POLICY_ABANDON);
  EXPECT_EQ(sent_for<parent_close_policy::request_cancel>(), enums::PARENT_CLOSE_POLICY_REQUEST_CANCEL);
}

rondo::task<> asks_for_nonsense() {
  rondo::child_workflow_options options;
  options.run_timeout = -1s;
  co_await workflow::start_child<shop>(options, 1);
}

TEST(children, with_options_that_make_no_sense_fail_the_task) {
  engine_driver driver(rondo::registry().workflow<asks_for_nonsense>(), history_builder("asks_for_nonsense"));
  EXPECT_EQ(driver.task(), lines{"not completed: child workflow \"shop\": run_timeout must not be negative"});
}

rondo::task<> on_other_versions() {
  rondo::child_workflow_options pinned;
  pinned.id = "pinned";
  pinned.versioning = rondo::versioning_override::pinned("shops", "v2");
  auto first = co_await workflow::start_child<shop>(pinned, 1);
  rondo::child_workflow_options upgraded;
  upgraded.id = "upgraded";
  upgraded.versioning = rondo::versioning_override::auto_upgrade();
  auto second = co_await workflow::start_child<shop>(upgraded, 1);
}
rondo::task<> on_half_a_version() {
  rondo::child_workflow_options wrong;
  wrong.versioning = rondo::versioning_override::one_time("shops", "");
  co_await workflow::start_child<shop>(wrong, 1);
}

TEST(children, may_be_put_on_versions) {
  engine_driver driver(rondo::registry().workflow<on_other_versions>(), history_builder("on_other_versions"));
  const auto sent = [&driver] {
    driver.history.open_task();
    driver.run_task();
    auto made =
        driver.last.completed->commands(0).start_child_workflow_execution_command_attributes().versioning_override();
    driver.take_completion();
    return made;
  };
  const auto pinned = sent();
  EXPECT_EQ(pinned.pinned().version().deployment_name(), "shops");
  EXPECT_EQ(pinned.pinned().version().build_id(), "v2");
  driver.history.child_started(driver.history.last(enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED));
  EXPECT_TRUE(sent().auto_upgrade());

  engine_driver wrong(rondo::registry().workflow<on_half_a_version>(), history_builder("on_half_a_version"));
  wrong.history.open_task();
  wrong.run_task();
  EXPECT_TRUE(wrong.failure().ends_with("versioning needs deployment_name and build_id")) << wrong.failure();
}

TEST(children, are_compared_on_replay) {
  engine_driver driver(rondo::registry().workflow<runs_child>(), history_builder("runs_child"));
  driver.history.task().child_initiated("shop-2", "shop");
  driver.history.child_started(5);
  const auto got = driver.task();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_NE(got[0].find("the history has event 5 StartChildWorkflowExecutionInitiated of child workflow \"shop\" (id "
                        "\"shop-2\"), but the workflow code asked for StartChildWorkflowExecution of child workflow "
                        "\"shop\" (id \"shop-1\")"),
            std::string::npos)
      << got[0];
}

rondo::task<> signals_a_child_elsewhere() {
  auto child = co_await workflow::start_child<shop>({.id = "far", .namespace_ = "other"}, 1);
  co_await child.signal<&shop::poke>("ada");
}

TEST(children, are_signalled_in_their_own_namespace) {
  engine_driver driver(rondo::registry().workflow<signals_a_child_elsewhere>(),
                       history_builder("signals_a_child_elsewhere"));
  EXPECT_EQ(driver.task(), lines{"child far shop(1)"});
  driver.history.child_started(driver.history.last(enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED));
  driver.history.open_task();
  driver.run_task();
  const auto& signal = driver.last.completed->commands(0).signal_external_workflow_execution_command_attributes();
  EXPECT_EQ(signal.namespace_(), "other");
  EXPECT_TRUE(signal.child_workflow_only());
}

}  // namespace children_test
