#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "engine/script.hpp"
#include "rondo/workflow.hpp"

// What a workflow is told of its history at each of its tasks.
namespace info_test {

using namespace rondo::test;
namespace workflow = rondo::workflow;
using lines = std::vector<std::string>;

/// Tells it again whenever a signal comes.
class watches {
 public:
  rondo::task<> run() {
    co_await workflow::wait_condition([] { return workflow::cancel_requested(); });
  }
  std::string told() const {
    const auto& about = workflow::info();
    std::string text = std::to_string(about.history_length) + " events, " + std::to_string(about.history_size_bytes);
    if (about.continue_as_new_suggested) text += ", long";
    if (about.history_size_too_large) text += ", size";
    if (about.too_many_history_events) text += ", events";
    if (about.too_many_updates) text += ", updates";
    if (about.target_worker_deployment_version_changed) text += ", version";
    return text;
  }
  rondo::task<std::string> tell() { co_return told(); }
  static constexpr auto handlers = rondo::handlers(rondo::update<&watches::tell>);
};

using started = temporal::api::history::v1::WorkflowTaskStartedEventAttributes;

/// What the code is told in a task that starts so, after some that started otherwise.
std::string told_of(const std::function<void(started&)>& fill) {
  engine_driver driver(rondo::registry().workflow<watches>(), history_builder("watches"));
  driver.task();
  driver.ask("a", "tell");
  const auto id = driver.history.open_task();
  auto& attributes = *driver.history.at(id).mutable_workflow_task_started_event_attributes();
  attributes.set_history_size_bytes(4711);
  fill(attributes);
  driver.run_task();
  const auto texts = driver.texts();
  return texts.size() == 2 ? texts[1] : "no answer";
}

TEST(info, tells_of_the_history) {
  EXPECT_EQ(told_of([](started&) {}), R"(answer a "6 events, 4711")");
  EXPECT_EQ(told_of([](started& of) { of.set_suggest_continue_as_new(true); }), R"(answer a "6 events, 4711, long")");
}

TEST(info, tells_why_to_continue_as_new) {
  EXPECT_EQ(told_of([](started& of) {
              of.set_suggest_continue_as_new(true);
              of.add_suggest_continue_as_new_reasons(enums::SUGGEST_CONTINUE_AS_NEW_REASON_HISTORY_SIZE_TOO_LARGE);
              of.add_suggest_continue_as_new_reasons(enums::SUGGEST_CONTINUE_AS_NEW_REASON_TOO_MANY_UPDATES);
            }),
            R"(answer a "6 events, 4711, long, size, updates")");
  EXPECT_EQ(told_of([](started& of) {
              of.add_suggest_continue_as_new_reasons(enums::SUGGEST_CONTINUE_AS_NEW_REASON_TOO_MANY_HISTORY_EVENTS);
            }),
            R"(answer a "6 events, 4711, events")");
}

TEST(info, tells_that_another_version_would_take_over) {
  EXPECT_EQ(told_of([](started& of) { of.set_target_worker_deployment_version_changed(true); }),
            R"(answer a "6 events, 4711, version")");
}

}  // namespace info_test
