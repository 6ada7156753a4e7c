#include "rondo/client/batch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "fixture.hpp"
#include "rondo/workflow.hpp"

namespace rondo::test::batch_test {

using namespace std::chrono_literals;

class patient {
 public:
  task<std::string> run() {
    co_await workflow::wait_condition([this] { return !word_.empty(); });
    co_return word_;
  }
  void say(std::string word) { word_ = std::move(word); }
  static constexpr auto handlers = rondo::handlers(signal<&patient::say>);

 private:
  std::string word_;
};

class batches : public official_server_test {
 protected:
  batch_client server{client};

  std::vector<workflow_handle<patient>> start_some(int count) {
    std::vector<workflow_handle<patient>> all;
    for (int i = 0; i < count; ++i) all.push_back(client.start_workflow<patient>(start()).get());
    return all;
  }
  static std::vector<workflow_execution> executions_of(const std::vector<workflow_handle<patient>>& of) {
    std::vector<workflow_execution> all;
    for (const auto& each : of) all.push_back({.workflow_id = each.id(), .run_id = each.run_id()});
    return all;
  }
  static bool ends(const batch_handle& job) {
    return eventually([&] { return job.describe().get().state == batch_state::completed; });
  }
};

TEST_F(batches, SignalWhatAQueryFinds) {
  registry app;
  app.workflow<patient>();
  running_worker worker(std::move(app), options());
  const auto all = start_some(3);
  const std::string query = "TaskQueue = '" + queue + "'";
  ASSERT_TRUE(eventually([&] { return client.count_workflows(query).get().total == 3; }));
  const auto job = server.signal("say", batch_target::matching(query), {.reason = "test"}, "hello").get();
  for (const auto& each : all) EXPECT_EQ(each.result().get(), "hello");
  ASSERT_TRUE(ends(job));
  const auto found = job.describe().get();
  EXPECT_EQ(found.operation, batch_operation::signal_workflow);
  EXPECT_EQ(found.total_count, 3);
  EXPECT_EQ(found.complete_count, 3);
  EXPECT_EQ(found.failure_count, 0);
  EXPECT_EQ(found.reason, "test");
  bool listed = false;
  for (const auto& each : server.list({.page_size = 2})) listed = listed || each.job_id == job.job_id();
  EXPECT_TRUE(listed);
}

TEST_F(batches, TerminateAList) {
  const auto all = start_some(2);
  const auto executions = executions_of(all);
  const auto job = server.terminate(batch_target::these(executions), {.reason = "over"}).get();
  for (const auto& each : all) EXPECT_EQ(failure_of(each.result()).status(), workflow_status::terminated);
  EXPECT_TRUE(ends(job));
}

TEST_F(batches, ResetAList) {
  registry app;
  app.workflow<patient>();
  running_worker worker(std::move(app), options());
  const auto all = start_some(1);
  ASSERT_TRUE(eventually([&] { return all[0].describe().get().history_length >= 4; }));
  const auto executions = executions_of(all);
  const auto job =
      server.reset({.to = reset_point::first_workflow_task()}, batch_target::these(executions), {.reason = "again"})
          .get();
  EXPECT_TRUE(ends(job));
  EXPECT_EQ(all[0].describe().get().status, workflow_status::running);
  EXPECT_NE(client.get_workflow_handle(all[0].id()).describe().get().run_id, all[0].run_id());
  client.get_workflow_handle<patient>(all[0].id()).signal<&patient::say>("done").get();
  EXPECT_EQ(client.get_workflow_handle<patient>(all[0].id()).result().get(), "done");
}

TEST_F(batches, CancelAList) {
  registry app;
  app.workflow<patient>();
  running_worker worker(std::move(app), options());
  const auto all = start_some(2);
  const auto executions = executions_of(all);
  const auto job = server.cancel(batch_target::these(executions), {.reason = "enough"}).get();
  for (const auto& each : all) EXPECT_EQ(failure_of(each.result()).status(), workflow_status::cancelled);
  EXPECT_TRUE(ends(job));
  EXPECT_EQ(job.describe().get().operation, batch_operation::cancel_workflow);
}

TEST_F(batches, DeleteAList) {
  const auto all = start_some(2);
  const auto executions = executions_of(all);
  const auto job = server.remove(batch_target::these(executions), {.reason = "tidy"}).get();
  const auto is_gone = [](const workflow_handle<patient>& which) {
    try {
      (void)which.describe().get();
      return false;
    } catch (const not_found&) {
      return true;
    }
  };
  for (const auto& each : all) EXPECT_TRUE(eventually([&] { return is_gone(each); }));
  EXPECT_TRUE(ends(job));
}

TEST_F(batches, ChangeTheOptionsOfAList) {
  const auto all = start_some(2);
  const auto executions = executions_of(all);
  const workflow_options_change change{.versioning = versioning_override::auto_upgrade()};
  const auto job = server.update_workflow_options(change, batch_target::these(executions), {.reason = "move"}).get();
  ASSERT_TRUE(ends(job));
  for (const auto& each : all) {
    EXPECT_EQ(each.describe().get().versioning.override_kind, versioning_override::kind_type::auto_upgrade);
    each.terminate().get();
  }
}

TEST_F(batches, SayWhatIsWrong) {
  EXPECT_THROW(server.get("no-such-job").stop("why").get(), not_found);
  EXPECT_THROW((void)server.get("no-such-job").describe().get(), not_found);
}

}  // namespace rondo::test::batch_test
