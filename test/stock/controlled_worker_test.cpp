#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <list>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/controller/state_workflow.hpp"
#include "rondo/controller/target.hpp"
#include "stock/fixture.hpp"
#include "stock/programs/visit.hpp"
#include "support/program.hpp"
#include "support/scratch.hpp"

// Versioned workers that `rondo controller` invokes, beside the stock server, which knows of no provider for them.
namespace rondo::test::controlled {

namespace controlled_worker_test {

/// What is invoked, and by which algorithm.
enum class form { program_by_demand, http_by_no_sync };

void PrintTo(form of, std::ostream* to) {
  *to << (of == form::program_by_demand ? "program_by_demand" : "http_by_no_sync");
}

class controlled_workers : public stock_test, public ::testing::WithParamInterface<form> {
 protected:
  void SetUp() override {
    stock_test::SetUp();
    if (IsSkipped()) return;
    const bool is_program = GetParam() == form::program_by_demand;
    std::ofstream(own_.file("c.toml")) << "[controller]\ntask_queue = '" << queue
                                       << "-controller'\n[[target]]\nname = '" << name << "'\ndeployment = '" << name
                                       << "'\nbuild_id = 'b1'\n"
                                       << (is_program ? program_provider() : http_provider())
                                       << "[target.scaler]\ntype = '" << (is_program ? "demand" : "no-sync") << "'\n";
    start_controller();
    ASSERT_TRUE(eventually([this] { return is_registered(); })) << "nobody is invoked for a version without queues";
    const auto chosen = deployment("set-current");
    ASSERT_EQ(chosen.code, 0) << chosen.err;
    ASSERT_TRUE(eventually([this] { return nobody_works(); }));
  }
  void TearDown() override {
    if (HasFailure()) std::fputs(log().c_str(), stderr);
    if (!controllers_.empty()) target().terminate().get();
  }

  std::string program_provider() const {
    return "[target.provider]\ntype = 'subprocess'\ncommand = '" + program_beside("stock_worker") +
           "'\n[target.provider.environment]\nTEMPORAL_ADDRESS = '" + server_address() + "'\nTEMPORAL_TASK_QUEUE = '" +
           queue + "'\nTEMPORAL_SERVERLESS_IDLE_TIMEOUT = '1200ms'\n";
  }
  std::string http_provider() {
    words variables = worker_variables();
    variables.emplace_back("PORT=0");
    worker_.emplace(words{program_beside("stock_worker")}, program_setup{.environment = std::move(variables)});
    const std::string mark = R"("worker listens","address":")";
    EXPECT_TRUE(eventually([&] { return count_of(log(), mark) == 1; }));
    const std::string text = log();
    const auto from = text.find(mark) + mark.size();
    return "[target.provider]\ntype = 'http'\nurl = 'http://" + text.substr(from, text.find('"', from) - from) + "/'\n";
  }
  void start_controller() {
    controllers_.emplace_back(
        rondo_command({"controller", "--address", server_address(), "--config", own_.file("c.toml")}));
  }
  workflow_handle<controller::target_workflow> target() const {
    return client.get_workflow_handle<controller::target_workflow>(controller::workflow_id_of(name));
  }

  /// What the worker and the controllers said; programs write to the log of the controller that started them.
  std::string log() const {
    std::string all = worker_ ? worker_->err() : std::string();
    for (const auto& each : controllers_) all += each.err();
    return all;
  }
  int invocations() const { return begun_in(log()); }
  bool nobody_works() const { return all_ended_in(log()); }

  scratch own_;
  std::optional<running_program> worker_;
  std::list<running_program> controllers_;
};

TEST_P(controlled_workers, finish_what_they_began_although_the_controller_is_killed) {
  EXPECT_EQ(invocations(), 1) << "one worker makes its task queue known";
  const auto handle = client.start_workflow<visit>(start(), std::string("ada"), 4'000).get();
  ASSERT_TRUE(eventually([&] { return invocations() == 2; })) << "nobody is invoked for a workflow";
  controllers_.back().kill();
  ASSERT_TRUE(eventually([&] { return course_of(handle).activities_completed == 1 && nobody_works(); }));
  ASSERT_TRUE(eventually([&] { return course_of(handle).timers_fired == 1; }));
  EXPECT_EQ(invocations(), 2);

  start_controller();
  ASSERT_TRUE(eventually([&] { return course_of(handle).activities_completed == 2 && nobody_works(); }));
  handle.signal<&visit::leave>().get();
  EXPECT_EQ(handle.result().get(), "hello ada, hello again");
  const auto seen = course_of(handle);
  EXPECT_EQ(seen.workers.size(), 3U);
  EXPECT_EQ(seen.lost_tasks, 0);
  // The controller has looked after the last worker's end, and needed nobody for what the server had counted before.
  controller::target_status known;
  EXPECT_TRUE(eventually([&] {
    known = target().query<&controller::target_workflow::status>().get();
    return nobody_works() && known.state.workers.instances.empty() && known.state.workers.unjudged.empty();
  })) << "an invocation is thought to be under way";
  EXPECT_EQ(known.invocations, 4);
}

INSTANTIATE_TEST_SUITE_P(all, controlled_workers, ::testing::Values(form::program_by_demand, form::http_by_no_sync),
                         ::testing::PrintToStringParamName());

}  // namespace controlled_worker_test
}  // namespace rondo::test::controlled
