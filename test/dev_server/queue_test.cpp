#include <gtest/gtest.h>

#include <string>

#include "dev_server/scripted_worker.hpp"
#include "rondo/server/matching.hpp"

namespace rondo::test {
namespace queue_test {

/// Which queues the server knows, and what it says of those that are full.
struct queues : ::testing::Test {
  scripted_worker at;

  std::size_t number() { return at.state->matching().queue_count(); }
  void start_on(const std::string& queue) {
    at.start(queue, [&queue](service::StartWorkflowExecutionRequest& request) {
      request.mutable_task_queue()->set_name(queue);
    });
  }
  /// Queues that get a task once, which nobody wants any more.
  void use_others(int many) {
    for (int each = 0; each < many; ++each) {
      const std::string name = "other " + std::to_string(each);
      start_on(name);
      at.terminate(name);
    }
  }
  int workers_of(const std::string& queue) {
    service::DescribeTaskQueueRequest request;
    request.set_namespace_("default");
    request.mutable_task_queue()->set_name(queue);
    request.set_task_queue_type(enums::TASK_QUEUE_TYPE_WORKFLOW);
    return at.ask<service::DescribeTaskQueueResponse>(request).pollers_size();
  }
};

TEST_F(queues, are_forgotten_when_nothing_is_in_them) {
  use_others(1000);
  EXPECT_LT(number(), 100U);
}

TEST_F(queues, are_forgotten_when_their_workers_have_shut_down) {
  for (int each = 0; each < 300; ++each) {
    const std::string instance = "instance " + std::to_string(each);
    auto request = scripted_worker::poll_request("queue of " + instance, false);
    request.set_worker_instance_key(instance);
    at.begin<poll_response>(request);
    service::ShutdownWorkerRequest shutdown;
    shutdown.set_namespace_("default");
    shutdown.set_worker_instance_key(instance);
    at.ask<service::ShutdownWorkerResponse>(shutdown);
  }
  EXPECT_LT(number(), 100U);
}

TEST_F(queues, stay_while_something_is_in_them) {
  start_on("with a task");
  const auto poll = at.begin_poll("with a poll");
  EXPECT_TRUE(at.idle("with a worker"));
  use_others(300);
  EXPECT_EQ(at.poll("with a task").workflow_execution().workflow_id(), "with a task");
  start_on("with a poll");
  EXPECT_EQ(poll.get().workflow_execution().workflow_id(), "with a poll");
  EXPECT_EQ(workers_of("with a worker"), 1);
}

TEST_F(queues, tell_workers_how_much_waits) {
  for (const char* id : {"a", "b", "c"}) at.start(id);
  EXPECT_EQ(at.poll().backlog_count_hint(), 2);
  EXPECT_EQ(at.poll().backlog_count_hint(), 1);
  EXPECT_EQ(at.poll().backlog_count_hint(), 0);
}

TEST_F(queues, of_one_worker_tell_nothing) {
  EXPECT_TRUE(at.idle("sticky", true));
  for (const char* id : {"a", "b", "c"}) {
    at.start(id);
    at.complete(at.poll(), {}, scripted_worker::be_sticky);
    at.signal(id);
  }
  for (const char* id : {"a", "b", "c"}) {
    const auto task = at.poll("sticky", true);
    EXPECT_EQ(task.workflow_execution().workflow_id(), id);
    EXPECT_EQ(task.backlog_count_hint(), 0);
  }
}

}  // namespace queue_test
}  // namespace rondo::test
