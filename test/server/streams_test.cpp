#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fixture.hpp"
#include "rondo/activity.hpp"
#include "rondo/client/activity_client.hpp"
#include "rondo/client/stream.hpp"
#include "rondo/workflow/stream.hpp"

// The streams of workflows, beside a server.
namespace rondo::test::streams_test {

using namespace std::chrono_literals;
namespace wire = rondo::detail::stream_wire;

struct broadcast_input {
  workflow::stream_state stream{};
  int run = 0;
};

void report_steps(int steps) {
  stream_client to(activity::client(), activity::info().workflow_id);
  for (int step = 0; step < steps; ++step) {
    to.publish("steps", step);
    to.flush_if_due().get();
  }
  to.flush().get();
}

/// Says what it is told to, until it is told to end or to go on in a new run.
class broadcast {
 public:
  explicit broadcast(broadcast_input in) : stream_(std::move(in.stream)) {}

  task<int> run(broadcast_input in) {
    stream_.publish("runs", in.run);
    co_await workflow::wait_condition([this] { return next_ || closed_; });
    if (closed_) co_return in.run;
    co_await stream_.drain();
    const broadcast_input next{.stream = stream_.state(), .run = in.run + 1};
    workflow::continue_as_new<broadcast>({}, next);
  }
  void say(std::string topic, std::string text) { stream_.publish(topic, text); }
  void go_on() { next_ = true; }
  void close() { closed_ = true; }
  task<> work(int steps) { co_await workflow::execute_activity<report_steps>({.start_to_close_timeout = 10s}, steps); }
  std::int64_t forget(std::int64_t before) {
    stream_.truncate(before);
    return stream_.begin_offset();
  }
  static constexpr auto handlers =
      rondo::handlers(signal<&broadcast::say>, signal<&broadcast::go_on>, signal<&broadcast::close>,
                      update<&broadcast::work>, update<&broadcast::forget>);

 private:
  workflow::stream stream_;
  bool next_ = false, closed_ = false;
};

class two_streams {
 public:
  task<std::string> run() {
    try {
      const workflow::stream second;
    } catch (const std::logic_error& refused) {
      co_return refused.what();
    }
    co_return "both were made";
  }

 private:
  workflow::stream first_;
};

class streams : public server_test {
 protected:
  using handle = workflow_handle<broadcast>;

  /// The workflow has said its first words: signals before its first task would come before them.
  handle begin() const {
    const auto made = client.start_workflow<broadcast>(start(), first_).get();
    EXPECT_TRUE(eventually([&] { return stream_of(made).end_offset().get() > 0; }));
    return made;
  }
  stream_client stream_of(const handle& workflow) const { return {client, workflow.id()}; }
  static std::string text_of(std::optional<stream_item> item) {
    if (!item) return "the end";
    const bool is_number = item->data.data.front() != '"';
    return std::to_string(item->offset) + " " + item->topic + " " +
           (is_number ? std::to_string(item->as<int>()) : item->as<std::string>());
  }
  static std::string next_of(paged_list<stream_item>& list) { return text_of(list.next().get()); }

  const broadcast_input first_;
  running_worker worker{registry().workflow<broadcast>().workflow<two_streams>().activity<report_steps>(), options()};
};

TEST_F(streams, are_read_while_their_workflow_runs) {
  const auto talk = begin();
  talk.signal<&broadcast::say>("news", "one").get();
  auto all = stream_of(talk).read();
  EXPECT_EQ(next_of(all), "0 runs 0");
  EXPECT_EQ(next_of(all), "1 news one");
  talk.signal<&broadcast::say>("noise", "two").get();
  talk.signal<&broadcast::say>("news", "three").get();
  EXPECT_EQ(next_of(all), "2 noise two");
  auto some = stream_of(talk).read({.topics = {"news"}, .from_offset = 2});
  EXPECT_EQ(next_of(some), "3 news three");
  EXPECT_EQ(stream_of(talk).end_offset().get(), 4);
  talk.signal<&broadcast::close>().get();
  EXPECT_EQ(talk.result().get(), 0);
  EXPECT_EQ(next_of(all), "3 news three") << "what an ended workflow has said is still to be read";
  EXPECT_EQ(next_of(all), "the end");
  EXPECT_EQ(next_of(some), "the end");

  auto later = stream_of(talk).read({.limit = 2});
  EXPECT_EQ(later.next_page().get().size(), 2U);
  EXPECT_TRUE(later.done());
}

TEST_F(streams, go_on_in_the_next_run_with_readers_that_wait) {
  const auto talk = begin();
  auto all = stream_of(talk).read();
  EXPECT_EQ(next_of(all), "0 runs 0");
  const auto elsewhere = connect_to(server_address());
  auto waiting_list = stream_client(elsewhere, talk.id()).read({.from_offset = 1, .pause = 10ms});
  auto waiting = std::async(std::launch::async, [&] { return next_of(waiting_list); });
  ASSERT_TRUE(eventually([&] { return stream_of(talk).end_offset().get() == 1; }));
  const auto newest = client.get_workflow_handle<broadcast>(talk.id());
  newest.signal<&broadcast::go_on>().get();
  EXPECT_EQ(waiting.get(), "1 runs 1");
  EXPECT_EQ(next_of(all), "1 runs 1");
  newest.signal<&broadcast::say>("news", "still here").get();
  EXPECT_EQ(next_of(waiting_list), "2 news still here");
  newest.signal<&broadcast::close>().get();
  EXPECT_EQ(next_of(all), "2 news still here");
  EXPECT_EQ(next_of(all), "the end");
}

TEST_F(streams, are_published_to_by_activities_and_programs) {
  const auto talk = begin();
  talk.execute_update<&broadcast::work>(250).get();
  auto here = stream_of(talk);
  for (int step = 0; step < 3; ++step) here.publish("here", step);
  here.flush().get();
  here.flush().get();
  EXPECT_EQ(here.end_offset().get(), 254);
  auto steps = here.read({.topics = {"steps"}, .limit = 250});
  int expected = 0;
  for (auto& each : steps) EXPECT_EQ(each.as<int>(), expected++);
  EXPECT_EQ(expected, 250);
  talk.signal<&broadcast::close>().get();
}

TEST_F(streams, take_each_batch_once_also_in_the_next_run) {
  const auto talk = begin();
  const auto newest = client.get_workflow_handle<>(talk.id());
  const auto send = [&](std::int64_t sequence) {
    const wire::batch made{
        .items = {{.topic = "news", .data = wire::pack({})}}, .publisher_id = "me", .sequence = sequence};
    newest.signal(wire::publish_signal, made).get();
  };
  send(1);
  send(1);
  send(2);
  EXPECT_EQ(stream_of(talk).end_offset().get(), 3);
  talk.signal<&broadcast::go_on>().get();
  ASSERT_TRUE(eventually([&] { return newest.describe().get().run_id != talk.run_id(); }));
  send(2);
  send(3);
  EXPECT_EQ(stream_of(talk).end_offset().get(), 5) << "two runs and three items";
  newest.signal("close").get();
}

TEST_F(streams, let_readers_that_are_behind_go_on_where_items_are_left) {
  const auto talk = begin();
  for (const char* text : {"one", "two", "three"}) talk.signal<&broadcast::say>("news", text).get();
  EXPECT_EQ(talk.execute_update<&broadcast::forget>(3).get(), 3);
  EXPECT_EQ(talk.execute_update<&broadcast::forget>(1).get(), 3) << "nothing comes back";
  auto behind = stream_of(talk).read({.from_offset = 1});
  EXPECT_EQ(next_of(behind), "3 news three");
  try {
    talk.execute_update<&broadcast::forget>(5).get();
    FAIL() << "there are not as many";
  } catch (const update_failure& refused) {
    ASSERT_NE(refused.cause_as<application_failure>(), nullptr);
    EXPECT_EQ(refused.cause_as<application_failure>()->type(), "TruncateOutOfRange");
  }
  talk.signal<&broadcast::close>().get();
}

TEST_F(streams, give_what_is_large_in_parts) {
  const auto talk = begin();
  const std::string text(450'000, 'x');
  for (int part = 0; part < 3; ++part) talk.signal<&broadcast::say>("large", text).get();
  auto parts = stream_of(talk).read({.topics = {"large"}});
  EXPECT_EQ(parts.next_page().get().size(), 1U);
  EXPECT_EQ(parts.page_token(), "2");
  EXPECT_EQ(parts.next_page().get().size(), 1U);
  EXPECT_EQ(parts.next_page().get().size(), 1U);
  talk.signal<&broadcast::close>().get();
  EXPECT_TRUE(parts.next_page().get().empty());
}

TEST_F(streams, do_not_stop_at_what_is_no_payload) {
  const auto talk = begin();
  const auto anyone = client.get_workflow_handle<>(talk.id());
  const wire::batch odd_batch{.items = {{.topic = "news", .data = "?"}}};
  anyone.signal(wire::publish_signal, odd_batch).get();
  talk.signal<&broadcast::say>("news", "fine").get();
  auto news = stream_of(talk).read({.topics = {"news"}});
  const auto odd = news.next().get();
  ASSERT_TRUE(odd.has_value());
  EXPECT_THROW(static_cast<void>(odd->as<std::string>()), conversion_error);
  EXPECT_EQ(next_of(news), "2 news fine");
  talk.signal<&broadcast::close>().get();
}

TEST_F(streams, are_the_same_without_a_cache) {
  worker.stop();
  auto how = options();
  how.max_cached_workflows = 0;
  const running_worker forgetful(registry().workflow<broadcast>(), how);
  const auto talk = begin();
  auto all = stream_of(talk).read();
  EXPECT_EQ(next_of(all), "0 runs 0");
  talk.signal<&broadcast::say>("news", "one").get();
  EXPECT_EQ(next_of(all), "1 news one");
  talk.signal<&broadcast::close>().get();
  EXPECT_EQ(next_of(all), "the end");
}

TEST_F(streams, are_one_per_workflow) {
  EXPECT_EQ(client.execute_workflow<two_streams>(start()).get(),
            "this workflow has a stream already; publish to another topic of it");
}

TEST_F(streams, of_workflows_that_are_not_there_are_errors) {
  stream_client nowhere(client, "nobody-" + queue);
  EXPECT_THROW(static_cast<void>(nowhere.read().next().get()), not_found);
  nowhere.publish("news", 1);
  EXPECT_THROW(nowhere.flush().get(), not_found);
  EXPECT_THROW(nowhere.end_offset().get(), not_found);
  EXPECT_THROW(static_cast<void>(nowhere.read({.from_offset = 0}).next_page().get()), not_found);
}

}  // namespace rondo::test::streams_test
