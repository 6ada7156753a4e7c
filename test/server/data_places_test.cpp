#include <gtest/gtest.h>
#include <temporal/api/history/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <chrono>
#include <exception>
#include <string>
#include <string_view>

#include "data_fixture.hpp"
#include "fixture.hpp"
#include "nexus_fixture.hpp"
#include "rondo/activity.hpp"
#include "rondo/client/schedules.hpp"
#include "rondo/client/workflow_commands.hpp"
#include "rondo/failure.hpp"
#include "rondo/nexus.hpp"
#include "rondo/workflow.hpp"

// Codecs at the places that are easily missed, or met twice: each payload that the server keeps is opened once here.
namespace rondo::test::data_places_test {

using namespace std::chrono_literals;

// Every value of the tests holds this.
const std::string secret = "pa55word";
constexpr std::string_view activity_summary = "pa55word of an activity", timer_summary = "pa55word of a timer";

std::string text_of(const payload_map& headers, const std::string& name) {
  const auto found = headers.find(name);
  return found == headers.end() ? "none" : decode<std::string>(found->second);
}
/// Of an application failure: its message, and its only detail.
std::string texts_of(const application_failure& failed) {
  return failed.message() + ", " + decode<std::string>(failed.details().at(0));
}
application_failure made_of(const std::string& text) {
  application_failure failed("broken " + text, {.type = "Broken"});
  payload_collector details;
  encode(details, text + " detail");
  failed.set_details(details.take());
  return failed;
}

/// Beats and fails; the attempt after that gives the beat.
std::string beats(std::string text) {
  if (const auto last = activity::heartbeat_details<std::string>()) return *last;
  activity::heartbeat(text + " beats");
  throw made_of(text);
}
std::string whose(std::string text) { return text + " " + text_of(activity::info().headers, "tenant"); }

task<std::string> calls_beats(std::string text) {
  constexpr activity_options options{.start_to_close_timeout = 30s,
                                     .heartbeat_timeout = 20s,
                                     .retry = retry_policy{.initial_interval = 1h, .maximum_interval = 1h},
                                     .activity_id = "beats"};
  co_return co_await workflow::execute_activity<beats>(options, text);
}
/// Fails once, and tells in its second run how.
task<std::string> tries_twice(std::string text) {
  if (!workflow::info().last_failure) throw made_of(text);
  try {
    std::rethrow_exception(workflow::info().last_failure);
  } catch (const application_failure& failed) {
    co_return texts_of(failed);
  }
}
task<std::string> has_summaries_and_headers(std::string text) {
  const payload_map headers{{"tenant", text_payload(text + " of an activity's header")}};
  const activity_options options{.start_to_close_timeout = 30s, .headers = headers, .summary = activity_summary};
  co_await workflow::sleep(1ms, timer_summary);
  std::string of_activity = co_await workflow::execute_activity<whose>(options, text);
  co_return text_of(workflow::info().headers, "tenant") + ", " + of_activity;
}
task<std::string> echo(std::string text) { co_return text + " echoes"; }

class data_places : public server_test {
 protected:
  static data_options with_headers() {
    auto made = sealed();
    made.encode_headers = header_encoding::all;
    return made;
  }
  static registry app() {
    return registry()
        .workflow<calls_beats>()
        .workflow<tries_twice>()
        .workflow<has_summaries_and_headers>()
        .workflow<echo>()
        .activity<beats>()
        .activity<whose>();
  }
  rondo::client owner = connect_with(with_headers());
  running_worker worker{app(), options(), connect_with(with_headers())};

  /// What the server has.
  detail::engine::History history_of(const workflow_handle_base& of) const {
    detail::engine::History read;
    EXPECT_TRUE(read.ParseFromString(client.get_workflow_handle(of.id(), of.run_id()).history().get().bytes()));
    EXPECT_EQ(read.SerializeAsString().find(secret), std::string::npos);
    return read;
  }
};

TEST_F(data_places, heartbeats_and_failures_of_activities_under_way) {
  const auto handle = owner.start_workflow<calls_beats>(start(), secret).get();
  ASSERT_TRUE(eventually([&] {
    const auto pending = handle.describe().get().pending_activities;
    return pending.size() == 1 && pending[0].attempt == 2;
  }));
  const auto shown = handle.describe().get().pending_activities.at(0);
  EXPECT_EQ(decode<std::string>(shown.heartbeat_details.at(0)), secret + " beats");
  EXPECT_EQ(shown.last_failure_message, "broken " + secret);
  try {
    std::rethrow_exception(shown.last_failure);
  } catch (const application_failure& failed) {
    EXPECT_EQ(texts_of(failed), "broken " + secret + ", " + secret + " detail");
  }
  const auto kept = client.get_workflow_handle(handle.id()).describe().get();
  EXPECT_EQ(kept.pending_activities.at(0).last_failure_message, "Encoded failure");
  const auto texts = opened(kept.raw().pending_activities(0));
  EXPECT_EQ(count_with(texts, secret + " beats"), 1);
  EXPECT_EQ(count_with(texts, "broken " + secret), 1);
  EXPECT_EQ(count_with(texts, secret + " detail"), 1);
  workflow_commands(client, handle).reset_activity(activity_selector::by_id("beats")).get();
  EXPECT_EQ(handle.result().get(), secret + " beats");
  opened(history_of(handle));
}

TEST_F(data_places, failure_of_the_run_before) {
  auto how = start();
  how.retry = retry_policy{.initial_interval = 10ms, .maximum_attempts = 2};
  const auto handle = owner.start_workflow<tries_twice>(how, secret).get();
  EXPECT_EQ(handle.result().get(), "broken " + secret + ", " + secret + " detail");
  const auto second = client.get_workflow_handle(handle.id()).describe().get();
  EXPECT_NE(second.run_id, handle.run_id());
  const auto history = history_of(client.get_workflow_handle(handle.id(), second.run_id));
  const auto texts = opened(history.events(0));
  EXPECT_EQ(count_with(texts, "broken " + secret), 1);
  EXPECT_EQ(count_with(texts, secret + " detail"), 1);
  opened(history);
}

TEST_F(data_places, summaries_and_headers) {
  const payload_map headers{{"tenant", text_payload(secret + " of a header")}};
  auto how = start();
  how.headers = headers;
  const auto handle = owner.start_workflow<has_summaries_and_headers>(how, secret).get();
  EXPECT_EQ(handle.result().get(), secret + " of a header, " + secret + " " + secret + " of an activity's header");
  const auto texts = opened(history_of(handle));
  for (const auto& part : {std::string(activity_summary), std::string(timer_summary), secret + " of a header"}) {
    EXPECT_EQ(count_with(texts, "\"" + part + "\""), 1) << part;
  }
  // The result has it too.
  EXPECT_EQ(count_with(texts, secret + " of an activity's header"), 3);
  detail::engine::History plain;
  EXPECT_TRUE(plain.ParseFromString(owner.get_workflow_handle(handle.id()).history().get().bytes()));
  payload_list all;
  collect_payloads(plain, all);
  EXPECT_EQ(all.size(), texts.size());
  for (const auto& each : all) EXPECT_NE(each.encoding(), encryption_codec::encoding);
}

class data_of_schedules : public data_places {
 protected:
  void SetUp() override {
    if (server_under_test() == server_kind::own) GTEST_SKIP() << "the embedded server has no schedules yet";
  }
};

TEST_F(data_of_schedules, are_opened_once_before_and_after_an_update) {
  const std::string id = "schedule-" + detail::random_uuid();
  const payload_map memo{{"note", text_payload(secret + " noted")}},
      of_action{{"note", text_payload(secret + " done")}};
  schedule rarely;
  rarely.spec.intervals = {{.every = 24h * 365}};
  rarely.policies.overlap = schedule_overlap::allow_all;
  rarely.action = start_workflow_action<echo>({.id = id, .task_queue = queue, .memo = of_action}, secret);
  const auto handle = schedule_client(owner).create(id, rarely, {.memo = memo}).get();
  const auto actions_are = [&](std::size_t count) {
    schedule_description found;
    EXPECT_TRUE(eventually([&] {
      found = handle.describe().get();
      return found.recent_actions.size() == count;
    }));
    return found;
  };
  for (std::size_t round = 1; round <= 2; ++round) {
    handle.trigger().get();
    const auto shown = actions_are(round);
    EXPECT_EQ(shown.memo.at("note").data, "\"" + secret + " noted\"");
    EXPECT_EQ(shown.schedule.action.memo().at("note").data, "\"" + secret + " done\"");
    EXPECT_EQ(shown.schedule.action.arguments().at(0).data, "\"" + secret + "\"");
    const auto started = shown.recent_actions.back().workflow;
    EXPECT_EQ(owner.get_workflow_handle(started.workflow_id).result<std::string>().get(), secret + " echoes");
    opened(history_of(client.get_workflow_handle(started.workflow_id, started.run_id)));

    const auto kept = schedule_client(client).get(id).describe().get();
    EXPECT_EQ(opened(payload_list{kept.memo.at("note")}).at(0), "\"" + secret + " noted\"");
    EXPECT_EQ(opened(kept.schedule.action.message()).size(), 2U);
    handle
        .update([](schedule_description& now) {
          now.schedule.state.note = "changed";
          return true;
        })
        .get();
  }
  handle.remove().get();
}

// ---- Nexus

struct safe {
  static constexpr std::string_view name = "safe";
  static constexpr nexus_operation<std::string, std::string> ask{"ask"};
  static constexpr nexus_operation<std::string, std::string> ask_long{"ask_long"};
  static constexpr nexus_operation<std::string, std::string> fails{"fails"};
};
std::string fail(std::string text) {
  nexus_operation_error error("out of " + text);
  error.set_cause(std::make_exception_ptr(made_of(text)));
  throw error;
}
task<std::string> asks(std::string endpoint, std::string text) {
  const workflow::nexus_service<safe> service(endpoint);
  std::string all = co_await service.execute(safe::ask, {}, text);
  all += ", " + co_await service.execute(safe::ask_long, {}, text);
  auto failed = co_await workflow::as_result(service.execute(safe::fails, {}, text));
  co_return all + ", " + nexus_texts_of(failed.error());
}

class data_of_nexus : public nexus_server_test {
 protected:
  rondo::client owner = connect_with(sealed());
};

TEST_F(data_of_nexus, are_opened_once_on_both_sides) {
  registry app;
  app.nexus_service(nexus_handlers<safe>()
                        .operation(safe::ask, [](const std::string& text) { return text + " answers"; })
                        .operation(safe::ask_long,
                                   [](nexus_context& context, const std::string& text) {
                                     return context.start_workflow<echo>({.id = context.info().request_id}, text);
                                   })
                        .operation(safe::fails, fail));
  app.workflow<asks>().workflow<echo>();
  running_worker worker(std::move(app), options(), connect_with(sealed()));
  const std::string failure =
      ", operation safe.fails; application OperationError: out of " + secret + "; application Broken: broken " + secret;
  const auto handle = owner.start_workflow<asks>(start(), endpoint, secret).get();
  EXPECT_EQ(handle.result().get(), secret + " answers, " + secret + " echoes" + failure);
  const auto history = history_of(handle.id());
  EXPECT_EQ(history.SerializeAsString().find(secret), std::string::npos);
  const auto texts = opened(history);
  EXPECT_EQ(count_with(texts, "\"" + secret + " answers\""), 1);
  EXPECT_EQ(count_with(texts, "\"" + secret + " echoes\""), 1);
  EXPECT_EQ(count_with(texts, "\"" + secret + "\""), 4) << "its own input, and that of each operation";
  EXPECT_EQ(count_with(texts, secret + " detail"), 1);
}

}  // namespace rondo::test::data_places_test
