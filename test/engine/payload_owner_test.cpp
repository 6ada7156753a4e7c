#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "engine/script.hpp"
#include "rondo/workflow.hpp"
#include "support/owned_text.hpp"

// Whose values are, as workflow code knows it: the same when it runs again over its history.
namespace payload_owner_test {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace workflow = rondo::workflow;

owned_text charge(owned_text what);
class shop {
 public:
  rondo::task<owned_text> run(owned_text what);
};

rondo::task<owned_text> asks_all() {
  const owned_text word{"word"};
  const rondo::activity_options here{.start_to_close_timeout = 10s};
  const owned_text paid = co_await workflow::execute_activity<charge>(here, word);
  const rondo::activity_options there{.task_queue = "other", .start_to_close_timeout = 10s};
  const owned_text elsewhere = co_await workflow::execute_activity<charge>(there, word);
  const owned_text sold = co_await workflow::execute_child<shop>({}, word);
  co_return owned_text{paid.text + elsewhere.text + sold.text};
}

void seal(engine::Payloads& result, const std::string& data) {
  auto& value = *result.mutable_payloads(0);
  (*value.mutable_metadata())["encoding"] = "test/owned";
  value.set_data(data);
}
void complete_activity(history_builder& h, std::int64_t scheduled, const std::string& data) {
  h.activity_started(scheduled);
  h.activity_completed(scheduled, "null");
  seal(*h.at(h.last_id()).mutable_activity_task_completed_event_attributes()->mutable_result(), data);
}

TEST(payload_owner, is_the_same_on_every_replay) {
  const std::string own = "default/workflow-1 asks_all.charge@", child = "default/run-1_1";
  const auto got = play_everywhere(
      {rondo::registry().workflow<asks_all>(),
       history_builder("asks_all"),
       {[&](history_builder& h) { complete_activity(h, 5, "a for " + own + "queue"); },
        [&](history_builder& h) { complete_activity(h, 11, "b for " + own + "other"); },
        [&](history_builder& h) {
          h.child_started(17);
          h.child_completed(17, "null");
          seal(*h.at(h.last_id()).mutable_child_workflow_execution_completed_event_attributes()->mutable_result(),
               "c for " + child);
        }}});
  EXPECT_EQ(got, (transcript{{"activity 1 charge(word for " + own + "queue)"},
                             {"activity 2 charge(word for " + own + "other)"},
                             {"child run-1_1 shop(word for " + child + ")"},
                             {"complete (abc for default/workflow-1)"}}));
}

struct vault {
  static constexpr std::string_view name = "vault";
  static constexpr rondo::nexus_operation<owned_text, owned_text> keep{"keep"};
};

rondo::task<owned_text> calls_operations() {
  const workflow::nexus_service<vault> there("bank");
  const owned_text word{"word"};
  const owned_text at_once = co_await there.execute(vault::keep, {}, word);
  const auto handle = co_await there.start(vault::keep, {}, word);
  const owned_text later = co_await handle.result();
  co_return owned_text{at_once.text + later.text};
}

TEST(payload_owner, of_nexus_operations_is_the_operation) {
  const std::string operation = "/ nexus bank vault.keep";
  const auto end = [&](history_builder& h, std::int64_t scheduled, const std::string& text) {
    h.nexus_completed(scheduled, "null");
    auto& result = *h.at(h.last_id()).mutable_nexus_operation_completed_event_attributes()->mutable_result();
    (*result.mutable_metadata())["encoding"] = "test/owned";
    result.set_data(text + " for " + operation);
  };
  const auto got =
      play_everywhere({rondo::registry().workflow<calls_operations>(),
                       history_builder("calls_operations"),
                       {[&](history_builder& h) { end(h, 5, "a"); }, [&](history_builder& h) { end(h, 10, "b"); }}});
  const std::string call = "nexus bank vault.keep(word for " + operation + ")";
  EXPECT_EQ(got, (transcript{{call}, {call}, {"complete (ab for default/workflow-1)"}}));
}

}  // namespace payload_owner_test
