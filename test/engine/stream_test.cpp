#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/script.hpp"
#include "rondo/json.hpp"
#include "rondo/workflow.hpp"
#include "rondo/workflow/stream.hpp"

// Streams of workflows: what their handlers take and give, byte for byte as the Python SDK does.
namespace rondo::test::stream_cases {

using namespace std::chrono_literals;
using lines = std::vector<std::string>;

constexpr const char* publish = "__temporal_workflow_stream_publish";
constexpr const char* poll = "__temporal_workflow_stream_poll";

/// base64 of the Payload with metadata {"encoding": "json/plain"} and this data, as Python makes it.
const std::string json_one = "ChYKCGVuY29kaW5nEgpqc29uL3BsYWluEgEx";

class feed {
 public:
  explicit feed(workflow::stream_state prior) : stream_(std::move(prior)) {}
  task<> run(workflow::stream_state /*prior*/) {
    stream_.publish("numbers", 1);
    co_await workflow::wait_condition([this] { return next_; });
    co_await stream_.drain();
    workflow::continue_as_new<feed>({}, stream_.state());
  }
  void cut(std::int64_t offset) { stream_.truncate(offset); }
  task<int> cut_checked(std::int64_t offset) {
    stream_.truncate(offset);
    co_return 1;
  }
  void go_on() { next_ = true; }
  task<> hold() { co_await workflow::sleep(1s); }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&feed::cut>, rondo::signal<&feed::go_on>,
                                                   rondo::signal<&feed::hold>, rondo::update<&feed::cut_checked>);

 private:
  workflow::stream stream_;
  bool next_ = false;
};

engine_driver begin() {
  engine_driver driver(registry().workflow<feed>(), history_builder("feed", {"{}"}));
  EXPECT_EQ(driver.task(), lines{});
  return driver;
}
std::string batch(const std::string& items, int next, const std::string& more = "false") {
  return R"({"items":[)" + items + R"(],"next_offset":)" + std::to_string(next) + R"(,"more_ready":)" + more + "}";
}
std::string item(const std::string& topic, const std::string& data, int offset) {
  return R"({"topic":")" + topic + R"(","data":")" + data + R"(","offset":)" + std::to_string(offset) + "}";
}
std::string query(engine_driver& driver, const std::string& input) {
  driver.query(poll, input);
  return driver.answer();
}

TEST(stream_handlers, give_what_there_is_at_once) {
  auto driver = begin();
  EXPECT_EQ(query(driver, R"({"topics":[],"from_offset":0})"), batch(item("numbers", json_one, 0), 1));
  driver.query("__temporal_workflow_stream_offset");
  EXPECT_EQ(driver.answer(), "1");
  driver.ask("u", poll, {R"({"topics":["numbers"],"from_offset":0})"});
  EXPECT_EQ(driver.task(), (lines{"accept u", "answer u " + batch(item("numbers", json_one, 0), 1)}));
}

TEST(stream_handlers, let_subscribers_wait_for_the_next_item) {
  auto driver = begin();
  driver.ask("u", poll, {R"({"topics":["words"],"from_offset":1})"});
  EXPECT_EQ(driver.task(), lines{"accept u"});
  driver.history.signal(publish, {R"({"items":[{"topic":"words","data":"eA=="}],"publisher_id":"p","sequence":1})"});
  driver.evict();
  EXPECT_EQ(driver.task(), lines{"answer u " + batch(item("words", "eA==", 1), 2)});
}

TEST(stream_handlers, take_a_batch_that_comes_twice_once) {
  auto driver = begin();
  for (const int sequence : {1, 1, 2, 1}) {
    driver.history.signal(publish, {R"({"items":[{"topic":"w","data":"eA=="}],"publisher_id":"p","sequence":)" +
                                    std::to_string(sequence) + "}"});
  }
  driver.history.signal(publish, {R"({"items":[{"topic":"w","data":"eA=="}]})"});
  driver.task();
  driver.query("__temporal_workflow_stream_offset");
  EXPECT_EQ(driver.answer(), "4") << "its own, two of p, and one of nobody";
}

TEST(stream_handlers, split_what_is_too_much_for_one_answer) {
  auto driver = begin();
  const std::string large(600'000, 'A');
  for (int i = 0; i < 2; ++i) {
    driver.history.signal(publish, {R"({"items":[{"topic":"w","data":")" + large + R"("}]})"});
  }
  driver.task();
  EXPECT_EQ(query(driver, R"({"topics":["w"],"from_offset":0})"), batch(item("w", large, 1), 2, "true"));
  EXPECT_EQ(query(driver, R"({"topics":["w"],"from_offset":2})"), batch(item("w", large, 2), 3));
}

TEST(stream_handlers, forget_what_is_truncated) {
  auto driver = begin();
  driver.history.signal(publish, {R"({"items":[{"topic":"w","data":"eA=="},{"topic":"w","data":"eQ=="}]})"});
  driver.history.signal("cut", {"2"});
  driver.task();
  EXPECT_EQ(query(driver, R"({"topics":[],"from_offset":1})"), batch(item("w", "eQ==", 2), 3)) << "queries go on";
  driver.ask("late", poll, {R"({"topics":[],"from_offset":1})"});
  driver.ask("first", poll, {R"({"topics":[],"from_offset":0})"});
  driver.ask("far", "cut_checked", {"9"});
  const auto got = driver.task();
  EXPECT_EQ(got, (lines{"accept late", "fail update late: offset 1 is truncated; the stream begins at 2",
                        "accept first", "answer first " + batch(item("w", "eQ==", 2), 3), "accept far",
                        "fail update far: cannot truncate to offset 9: the stream has 2 to 3"}));
}

TEST(stream_handlers, go_on_in_the_next_run) {
  auto driver = begin();
  driver.history.signal(publish, {R"({"items":[],"publisher_id":"p","sequence":7})"});
  driver.ask("u", poll, {R"({"topics":[],"from_offset":1})"});
  driver.task();
  driver.history.signal("hold").signal("go_on");
  EXPECT_EQ(driver.task(), (lines{"timer 1 1s", "answer u " + batch("", 1)})) << "a subscriber that waits is let go";
  driver.ask("late", poll, {R"({"topics":[],"from_offset":1})"});
  EXPECT_EQ(driver.task(), lines{"reject late: the stream is about to continue in the next run"});
  driver.history.timer_fired(driver.history.last(enums::EVENT_TYPE_TIMER_STARTED)).open_task();
  driver.run_whole_task();
  std::string state;
  for (const auto& command : driver.last.completed->commands()) {
    if (command.command_type() != enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION) continue;
    state = command.continue_as_new_workflow_execution_command_attributes().input().payloads(0).data();
  }
  const auto carried = json::parse<workflow::stream_state>(state);
  ASSERT_EQ(carried.log.size(), 1U);
  EXPECT_EQ(carried.log[0].data, json_one);
  EXPECT_EQ(carried.publishers.at("p").sequence, 7);

  engine_driver next(registry().workflow<feed>(), history_builder("feed", {state}));
  next.history.signal(publish, {R"({"items":[{"topic":"w","data":"eA=="}],"publisher_id":"p","sequence":7})"});
  next.task();
  next.query("__temporal_workflow_stream_offset");
  EXPECT_EQ(next.answer(), "2") << "it knows the publisher still";
}

}  // namespace rondo::test::stream_cases
