#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <temporal/api/history/v1/message.pb.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rondo/connection_options.hpp"
#include "rondo/exception_types.hpp"
#include "rondo/interceptor.hpp"
#include "rondo/plugin.hpp"
#include "rondo/replayer.hpp"
#include "rondo/workflow.hpp"
#include "support/history_builder.hpp"
#include "support/recorded_workflows.hpp"

// Histories replayed as users do it.
namespace rondo::test {
namespace replayer_test {

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<workflow_history> recorded_ones() {
  std::vector<workflow_history> all;
  for (const auto& each : std::filesystem::directory_iterator("test/histories")) {
    if (each.path().extension() != ".json") continue;
    all.push_back(workflow_history::from_json(each.path().stem().string(), text_of(each.path())));
  }
  return all;
}

workflow_history made(const history_builder& from, std::string id = "order-1") {
  return {std::move(id), from.history().SerializeAsString()};
}

rondo::task<int> sleeps_twice() {
  co_await workflow::sleep(std::chrono::seconds(1));
  co_await workflow::sleep(std::chrono::seconds(2));
  co_return 3;
}
rondo::task<int> sleeps_no_more() { co_return 3; }

history_builder slept_once() {
  history_builder history("sleeps");
  history.open_task();
  history.complete_task().timer_started("1");
  history.timer_fired(history.last(temporal::api::enums::v1::EVENT_TYPE_TIMER_STARTED));
  return history;
}

TEST(replayer, takes_what_real_servers_wrote) {
  const replayer replays(recorded::workflows());
  const auto histories = recorded_ones();
  ASSERT_GE(histories.size(), 9U);
  for (const auto& each : histories) EXPECT_NO_THROW(replays.replay(each));
  EXPECT_TRUE(replays.replay_all(histories).empty());
}

TEST(replayer, reads_back_what_it_wrote) {
  for (const auto& each : recorded_ones()) {
    const auto again = workflow_history::from_json(each.workflow_id(), each.to_json());
    temporal::api::history::v1::History wrote, read;
    ASSERT_TRUE(wrote.ParseFromString(each.bytes()) && read.ParseFromString(again.bytes()));
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(wrote, read)) << each.workflow_id();
    EXPECT_EQ(again.events(), each.events());
  }
}

TEST(replayer, says_where_a_text_is_no_history) {
  try {
    workflow_history::from_json("w", R"({"events": 7})");
    FAIL() << "accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("not a history"), std::string::npos) << error.what();
  }
  // A field of a server that is newer than this version.
  EXPECT_EQ(workflow_history::from_json("w", R"({"events": [{"eventId": "1", "news": true}]})").events(), 1U);
}

TEST(replayer, finds_changed_code) {
  const auto history = made(slept_once());
  EXPECT_NO_THROW(replayer(registry().workflow<sleeps_twice>("sleeps")).replay(history));

  const replayer changed(registry().workflow<sleeps_no_more>("sleeps"));
  const auto outcome = changed.try_replay(history);
  EXPECT_FALSE(outcome.ok());
  EXPECT_TRUE(outcome.nondeterminism);
  EXPECT_EQ(outcome.workflow_id, "order-1");
  EXPECT_EQ(outcome.workflow_type, "sleeps");
  try {
    changed.replay(history);
    FAIL() << "replayed";
  } catch (const nondeterminism_error& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("'order-1'"), std::string::npos) << text;
    EXPECT_NE(text.find("TimerStarted"), std::string::npos) << text;
  }
}

TEST(replayer, finds_changed_code_even_where_it_fails_workflows) {
  replayer_options options;
  options.worker.failure_exceptions = exception_types<std::exception>;
  const replayer changed(registry().workflow<sleeps_no_more>("sleeps"), options);
  EXPECT_TRUE(changed.try_replay(made(slept_once())).nondeterminism);
}

TEST(replayer, tells_which_of_many_failed) {
  const replayer changed(registry().workflow<sleeps_no_more>("sleeps"));
  history_builder untouched("sleeps");
  untouched.open_task();
  const auto failed = changed.replay_all(
      std::vector<workflow_history>{made(untouched, "good"), made(slept_once(), "bad"), made(untouched, "good too")});
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed.front().workflow_id, "bad");
}

TEST(replayer, says_what_is_not_its_code) {
  const replayer replays(registry().workflow<sleeps_twice>("other"));
  const auto unknown = replays.try_replay(made(slept_once()));
  EXPECT_FALSE(unknown.nondeterminism);
  EXPECT_NE(unknown.problem.find("no workflow of type 'sleeps'"), std::string::npos) << unknown.problem;
  EXPECT_THROW(replays.replay(made(slept_once())), replay_error);
  EXPECT_THROW(replays.replay(workflow_history("w", "")), replay_error);

  auto torn = slept_once().history();
  torn.mutable_events()->DeleteSubrange(2, 1);
  const auto gap =
      replayer(registry().workflow<sleeps_twice>("sleeps")).try_replay({"order-1", torn.SerializeAsString()});
  EXPECT_NE(gap.problem.find("events are missing"), std::string::npos) << gap.problem;
}

class backwards final : public codec {
 public:
  void encode(std::span<payload> payloads, const serialization_context&) const override { turn(payloads); }
  void decode(std::span<payload> payloads, const serialization_context& context) const override {
    if (context.namespace_ != "shop" || context.workflow_id != "order-1") throw 7;
    turn(payloads);
  }

 private:
  static void turn(std::span<payload> payloads) {
    for (auto& each : payloads) std::reverse(each.data.begin(), each.data.end());
  }
};

rondo::task<int> sleeps_for(int seconds) {
  if (seconds != 12) throw std::logic_error("not what it was started with");
  co_await workflow::sleep(std::chrono::seconds(seconds));
  co_return 0;
}

TEST(replayer, decodes_what_was_encoded) {
  history_builder history("sleeps", {"21"});
  history.at(1).mutable_workflow_execution_started_event_attributes()->set_workflow_id("order-1");
  history.open_task();
  history.complete_task().timer_started("1");
  EXPECT_FALSE(replayer(registry().workflow<sleeps_for>("sleeps")).try_replay(made(history)).ok());
  replayer_options options;
  options.data.codecs = {std::make_shared<backwards>()};
  options.namespace_ = "shop";
  EXPECT_NO_THROW(replayer(registry().workflow<sleeps_for>("sleeps"), options).replay(made(history)));
  EXPECT_NO_THROW(replayer(registry().workflow<sleeps_for>("sleeps"), options).replay(made(history, "")));
  options.namespace_ = "elsewhere";
  EXPECT_FALSE(replayer(registry().workflow<sleeps_for>("sleeps"), options).try_replay(made(history)).ok());
}

rondo::task<int> throws_nothing_to_read() {
  throw std::runtime_error("");
  co_return 0;
}

TEST(replayer, takes_no_failure_for_a_success) {
  const auto outcome = replayer(registry().workflow<throws_nothing_to_read>("sleeps")).try_replay(made(slept_once()));
  EXPECT_FALSE(outcome.ok());
  EXPECT_NE(outcome.problem.find("std::runtime_error"), std::string::npos) << outcome.problem;
}

TEST(replayer, asks_the_plugins_of_its_worker) {
  replayer_options options;
  options.worker.plugins = {
      std::make_shared<simple_plugin>("code", simple_plugin::client_function(),
                                      [](registry& app, worker_options&) { app.workflow<sleeps_twice>("sleeps"); })};
  EXPECT_NO_THROW(replayer(registry(), options).replay(made(slept_once())));
}

TEST(replayer, decodes_with_the_codecs_of_plugins) {
  history_builder history("sleeps", {"21"});
  history.at(1).mutable_workflow_execution_started_event_attributes()->set_workflow_id("order-1");
  history.open_task();
  history.complete_task().timer_started("1");
  replayer_options options;
  options.namespace_ = "shop";
  options.worker.plugins = {std::make_shared<simple_plugin>("secrets", [](client_options& to) {
    EXPECT_EQ(to.namespace_, "shop");
    to.data.codecs.push_back(std::make_shared<backwards>());
  })};
  EXPECT_NO_THROW(replayer(registry().workflow<sleeps_for>("sleeps"), options).replay(made(history)));
}

}  // namespace replayer_test
}  // namespace rondo::test
