#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fixture.hpp"
#include "rondo/client/operations.hpp"
#include "rondo/converter.hpp"
#include "rondo/detail/engine/replay.hpp"
#include "rondo/search_attributes.hpp"
#include "rondo/workflow.hpp"

// What a workflow records beside its calls, and handlers that it sets while it runs, as servers keep them.
namespace rondo::test::notes_cases {

using namespace std::chrono_literals;

// Every server of the tests has these: they come with the official ones, and are added to the other.
constexpr keyword_attribute stage("CustomKeywordField");
constexpr int_attribute items("CustomIntField");

int price(int of) { return of * 2; }

task<std::vector<std::string>> takes_notes() {
  std::vector<std::string> told;
  const search_attributes given(workflow::info().search_attributes);
  told.push_back(given.get(stage).value_or("none"));
  search_attributes changes;
  changes.set(stage, "packed").set(items, 3);
  workflow::upsert_search_attributes(changes);
  workflow::upsert_memo(workflow::memo_changes().set("box", std::string("small")).unset("old"));
  told.push_back(std::to_string(workflow::side_effect([] { return 7; })));
  int number = 1;
  const auto current = [&number] { return number; };
  int sum = workflow::mutable_side_effect("number", current);
  sum += workflow::mutable_side_effect("number", current);
  number = 5;
  sum += workflow::mutable_side_effect("number", current);
  told.push_back(std::to_string(sum));
  told.push_back(workflow::patched("new-way") ? "new" : "old");
  told.push_back(std::to_string(workflow::get_version("steps", 1, 4)));
  constexpr activity_options described{.start_to_close_timeout = 10s, .summary = "asks for the price"};
  const int paid = co_await workflow::execute_activity<price>(described, 4);
  told.push_back(std::to_string(paid));
  const bool known = workflow::info().history_length > 0 && workflow::info().history_size_bytes > 0;
  told.push_back(known && !workflow::info().continue_as_new_suggested ? "short" : "unknown");
  co_return told;
}

task<std::string> sets_handlers() {
  std::string text;
  bool closed = false;
  workflow::set_signal_handler("add", [&text](std::string more) { text += more; });
  workflow::set_dynamic_signal_handler([&text](std::string name, payload_list arguments) {
    text += "<" + name + std::to_string(arguments.size()) + ">";
  });
  workflow::set_query_handler("text", [&text] { return text; });
  workflow::set_dynamic_query_handler(
      [&text](std::string name, payload_list /*arguments*/) { return name + " of " + text; });
  workflow::set_update_handler(
      "close",
      [&text, &closed](std::string last) -> task<std::string> {
        co_await workflow::sleep(1ms);
        text += last;
        closed = true;
        co_return text;
      },
      [](const std::string& last) {
        if (last.empty()) throw application_failure("a last word, please");
      });
  co_await workflow::wait_condition([&closed] { return closed && workflow::all_handlers_finished(); });
  co_return text;
}

/// Asks for the new way twice, and waits between.
task<std::string> changes_its_way() {
  std::string told;
  bool onward = false;
  workflow::set_signal_handler("go_on", [&onward] { onward = true; });
  workflow::set_query_handler("told", [&told] { return told; });
  told = workflow::patched("new-way") ? "new" : "old";
  co_await workflow::wait_condition([&onward] { return onward; });
  told += workflow::patched("new-way") ? " new" : " old";
  co_return told;
}

class notes : public server_test {
 protected:
  static registry app() { return registry{}.workflow<takes_notes>().workflow<sets_handlers>().activity<price>(); }
  void add_attributes() {
    const operations_client server{client};
    const auto known = server.list_search_attributes().get().custom;
    if (known.contains("CustomKeywordField")) return;
    server
        .add_search_attributes({{"CustomKeywordField", search_attribute_type::keyword},
                                {"CustomIntField", search_attribute_type::integer}})
        .get();
  }
  template <class Handle>
  static detail::engine::History events_of(const Handle& handle) {
    detail::engine::History history;
    EXPECT_TRUE(history.ParseFromString(handle.history().get().bytes()));
    return history;
  }
};

TEST_F(notes, are_kept_by_the_server) {
  add_attributes();
  const running_worker worker(app(), options());
  payload_map memo;
  payload_collector collected;
  encode_all(collected, std::string("gone soon"));
  memo["old"] = collected.take().front();
  search_attributes given;
  given.set(stage, "ordered");
  auto how = start();
  how.memo = memo;
  how.search_attributes = given;
  const auto handle = client.start_workflow<takes_notes>(how).get();
  const std::vector<std::string> expected = {"ordered", "7", "7", "new", "4", "8", "short"};
  EXPECT_EQ(handle.result().get(), expected);

  const auto shown = handle.describe().get();
  const search_attributes kept(shown.search_attributes);
  EXPECT_EQ(kept.get(stage), "packed");
  EXPECT_EQ(kept.get(items), 3);
  ASSERT_TRUE(shown.memo.contains("box"));
  EXPECT_EQ(decode<std::string>(shown.memo.at("box")), "small");
  EXPECT_FALSE(shown.memo.contains("old"));

  const auto history = events_of(handle);
  std::string summary;
  for (const auto& event : history.events()) {
    if (event.has_activity_task_scheduled_event_attributes()) summary = event.user_metadata().summary().data();
  }
  EXPECT_EQ(summary, "\"asks for the price\"");
  const auto definitions = app();
  const auto replayed = detail::engine::replay(*definitions.find_workflow("takes_notes"), history);
  EXPECT_TRUE(replayed.ok) << replayed.message;
}

TEST_F(notes, handlers_that_a_workflow_sets_are_asked) {
  const running_worker worker(app(), options());
  const auto handle = client.start_workflow<sets_handlers>(start()).get();
  handle.signal("add", std::string("one")).get();
  handle.signal("other", 1, 2).get();
  ASSERT_TRUE(eventually([&] { return handle.query<std::string>("text").get() == "one<other2>"; }));
  EXPECT_EQ(handle.query<std::string>("length").get(), "length of one<other2>");
  EXPECT_THROW(handle.execute_update<std::string>("close", std::string()).get(), update_failure);
  EXPECT_EQ(handle.execute_update<std::string>("close", std::string("!")).get(), "one<other2>!");
  EXPECT_EQ(handle.result().get(), "one<other2>!");
}

TEST_F(notes, a_run_keeps_the_way_that_its_worker_chose) {
  const auto worker_that = [this](bool activates) {
    auto how = options();
    how.changes.activate_patch = [activates](const workflow_info&, std::string_view id) {
      EXPECT_EQ(id, "new-way");
      return activates;
    };
    return std::make_unique<running_worker>(registry{}.workflow<changes_its_way>(), how);
  };
  const auto begin = [this](const char* told) {
    const auto begun = client.start_workflow<changes_its_way>(start()).get();
    EXPECT_TRUE(eventually([&] { return begun.query<std::string>("told").get() == told; })) << told;
    return begun;
  };
  const auto end = [](const auto& of) {
    of.signal("go_on").get();
    return of.result().get();
  };
  auto worker = worker_that(false);
  const auto older = begin("old");
  worker = worker_that(true);
  const auto newer = begin("new");
  EXPECT_EQ(end(older), "old old");
  EXPECT_EQ(older.describe().get().search_attributes.count("TemporalChangeVersion"), 0U);
  worker = worker_that(false);
  EXPECT_EQ(end(newer), "new new") << "what is recorded is not asked for";
  EXPECT_EQ(newer.describe().get().search_attributes.count("TemporalChangeVersion"), 1U);
}

}  // namespace rondo::test::notes_cases
