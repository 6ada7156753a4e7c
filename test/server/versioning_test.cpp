#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/activity.hpp"
#include "rondo/workflow.hpp"
#include "server/fixture.hpp"
#include "support/deployment_operator.hpp"

// Workers that are versions of a deployment, on a server that chooses between them.
namespace versioning_test {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace workflow = rondo::workflow;
using rondo::versioning_behavior;

/// The build that an activity runs in.
struct site {
  std::string build_id;
  std::string where() { return build_id; }
};
constexpr rondo::activity_options soon{.start_to_close_timeout = 10s};

/// Tells where its activities ran: one at the start, one after it was told to go on.
class journey {
 public:
  rondo::task<std::string> run() {
    visited_ = co_await workflow::execute_activity<&site::where>(soon);
    co_await workflow::wait_condition([this] { return onward_; });
    const std::string next = co_await workflow::execute_activity<&site::where>(soon);
    co_return visited_ + " " + next;
  }
  void go_on() { onward_ = true; }
  std::string visited() const { return visited_; }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&journey::go_on>, rondo::query<&journey::visited>);

 private:
  std::string visited_;
  bool onward_ = false;
};

rondo::task<std::string> visits() { co_return co_await workflow::execute_activity<&site::where>(soon); }
/// Sends a child to a version, and tells where it was.
rondo::task<std::string> sends_a_child(std::string deployment, std::string build_id) {
  rondo::child_workflow_options there;
  there.versioning = rondo::versioning_override::pinned(deployment, build_id);
  co_return co_await workflow::execute_child<visits>(there);
}
rondo::task<std::string> visits_in_a_session() {
  auto session = co_await workflow::create_session({.creation_timeout = 30s});
  auto first = co_await session.execute_activity<&site::where>(soon);
  auto second = co_await session.execute_activity<&site::where>(soon);
  co_await session.complete();
  co_return first + " " + second;
}

/// A journey of any type.
rondo::task<std::string> goes_anywhere(std::string /*type*/, rondo::payload_list /*arguments*/) {
  std::string visited;
  bool onward = false;
  workflow::set_signal_handler("go_on", [&onward] { onward = true; });
  workflow::set_query_handler("visited", [&visited] { return visited; });
  visited = co_await workflow::execute_activity<&site::where>(soon);
  co_await workflow::wait_condition([&onward] { return onward; });
  const std::string next = co_await workflow::execute_activity<&site::where>(soon);
  co_return visited + " " + next;
}
rondo::dynamic_workflow_settings by_type(std::string_view type) noexcept {
  if (type.starts_with("Short")) return {.versioning_behavior = versioning_behavior::pinned};
  return {};
}

class versions : public server_test {
 protected:
  /// A worker of a build, which runs the workflow as one that stays and as one that moves on.
  class build {
   public:
    build(const versions& of, const std::string& build_id) : site_{build_id} {
      auto how = of.options();
      how.deployment = {.version = {of.deployment, build_id}, .default_behavior = versioning_behavior::auto_upgrade};
      rondo::registry app;
      app.workflow<journey>({.name = "stays", .versioning_behavior = versioning_behavior::pinned});
      app.workflow<journey>({.name = "moves_on"});
      app.workflow<visits>().workflow<sends_a_child>().workflow<visits_in_a_session>();
      app.workflow<visits_in_a_session>({.name = "pinned", .versioning_behavior = versioning_behavior::pinned});
      app.dynamic_workflow<goes_anywhere>({.settings = by_type});
      app.activity<&site::where>(site_);
      how.max_concurrent_sessions = 3;
      worker_ = std::make_unique<running_worker>(std::move(app), std::move(how));
    }

   private:
    site site_;
    std::unique_ptr<running_worker> worker_;
  };
  auto begin(const std::string& type) {
    auto begun = client.start_workflow<std::string>(type, start()).get();
    const auto visited = [&] { return begun.query<std::string>("visited").get() != ""; };
    EXPECT_TRUE(eventually(visited));
    return begun;
  }
  template <class Handle>
  static std::string end(const Handle& of) {
    of.signal("go_on").get();
    return of.result().get();
  }

  const std::string deployment = "test-" + rondo::detail::random_uuid();
  deployment_operator routing{client, deployment};
};

TEST_F(versions, a_pinned_run_stays_and_another_moves_on) {
  const build first(*this, "1");
  routing.set_current("1");
  const auto stays = begin("stays");
  const auto moves_on = begin("moves_on");
  const build second(*this, "2");
  routing.set_current("2");
  EXPECT_EQ(end(stays), "1 1");
  EXPECT_EQ(end(moves_on), "1 2");
  EXPECT_EQ(end(begin("stays")), "2 2");
  EXPECT_EQ(end(begin("moves_on")), "2 2");
}

TEST_F(versions, a_workflow_for_any_type_stays_or_moves_on_by_the_type) {
  const build first(*this, "1");
  routing.set_current("1");
  const auto stays = begin("ShortTrip");
  const auto moves_on = begin("LongTrip");
  const build second(*this, "2");
  routing.set_current("2");
  EXPECT_EQ(end(stays), "1 1");
  EXPECT_EQ(end(moves_on), "1 2");
}

TEST_F(versions, a_child_may_be_sent_to_one) {
  if (server_under_test() == server_kind::real) GTEST_SKIP() << "this server ignores overrides of children";
  const build first(*this, "1"), second(*this, "2");
  routing.set_current("1");
  EXPECT_EQ(client.execute_workflow<visits>(start()).get(), "1");
  EXPECT_EQ(client.execute_workflow<sends_a_child>(start(), deployment, "2").get(), "2");
}

TEST_F(versions, a_run_may_begin_with_one_and_stay_there) {
  if (server_under_test() == server_kind::real) GTEST_SKIP() << "this server is too old for overrides of one task";
  const build first(*this, "1"), second(*this, "2");
  routing.set_current("1");
  EXPECT_EQ(end(begin("stays")), "1 1");
  auto how = start();
  how.versioning = rondo::versioning_override::one_time(deployment, "2");
  const auto begun = client.start_workflow<std::string>("stays", how).get();
  ASSERT_TRUE(eventually([&] { return begun.query<std::string>("visited").get() != ""; }));
  EXPECT_EQ(begun.describe().get().versioning.override_kind, rondo::versioning_override::kind_type::none)
      << "it has had its effect";
  EXPECT_EQ(end(begun), "2 2");
}

TEST_F(versions, sessions_are_with_workers_of_the_version) {
  const build first(*this, "1"), second(*this, "2");
  for (const std::string current : {"1", "2"}) {
    routing.set_current(current);
    const auto expected = current + " " + current;
    EXPECT_EQ(client.execute_workflow<visits_in_a_session>(start()).get(), expected);
    EXPECT_EQ(client.execute_workflow<std::string>("pinned", start()).get(), expected);
  }
}

TEST_F(versions, a_ramping_version_gets_its_share) {
  const build first(*this, "1"), second(*this, "2");
  routing.set_current("1");
  routing.set_ramping("2", 100);
  EXPECT_EQ(end(begin("stays")), "2 2");
  routing.set_ramping("2", 0);
  EXPECT_EQ(end(begin("stays")), "1 1");
}

TEST_F(versions, a_worker_of_another_version_gets_no_tasks) {
  const build first(*this, "1");
  routing.set_current("1");
  const auto begun = begin("moves_on");
  const build second(*this, "2");
  EXPECT_EQ(end(begun), "1 1");
}

}  // namespace versioning_test
