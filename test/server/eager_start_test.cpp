#include <gtest/gtest.h>

#include <string>

#include <temporal/api/history/v1/message.pb.h>

#include "fixture.hpp"

namespace rondo::test {
namespace eager_start_test {

task<int> doubled(int number) { co_return 2 * number; }

class eager_start : public server_test {
 protected:
  /// The first event of the workflow.
  static temporal::api::history::v1::WorkflowExecutionStartedEventAttributes started(const workflow_history& of) {
    temporal::api::history::v1::History history;
    EXPECT_TRUE(history.ParseFromString(of.bytes()));
    return history.events(0).workflow_execution_started_event_attributes();
  }
};

TEST_F(eager_start, GivesTheFirstTaskToTheWorkerOfTheClient) {
  running_worker worker(registry().workflow<doubled>(), options(), client);
  // Now it works.
  EXPECT_EQ(client.execute_workflow<doubled>(start(), 1).get(), 2);
  auto how = start();
  how.eager_start = true;
  const auto handle = client.start_workflow<doubled>(how, 4).get();
  EXPECT_EQ(handle.result().get(), 8);
  EXPECT_TRUE(started(handle.history().get()).eager_execution_accepted());
  EXPECT_EQ(client.execute_workflow<doubled>(how, 5).get(), 10);
}

TEST_F(eager_start, GoesToTheQueueWhenTheWorkerHasAnotherClient) {
  running_worker worker(registry().workflow<doubled>(), options());
  auto how = start();
  how.eager_start = true;
  const auto handle = client.start_workflow<doubled>(how, 4).get();
  EXPECT_EQ(handle.result().get(), 8);
  EXPECT_FALSE(started(handle.history().get()).eager_execution_accepted());
}

}  // namespace eager_start_test
}  // namespace rondo::test
