#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/script.hpp"
#include "rondo/change_policy.hpp"
#include "rondo/workflow.hpp"

// What the worker says of changes of the code that a run meets for the first time.
namespace rondo::test::change_policy_cases {

using namespace std::chrono_literals;
using lines = std::vector<std::string>;

/// What the policy was asked, and what it answers.
struct asked_policy {
  bool activates = false;
  std::optional<int> prefers{};
  lines questions{};
  change_policy made{.activate_patch =
                         [this](const workflow_info& about, std::string_view id) {
                           questions.push_back(about.workflow_type + " " + std::string(id));
                           return activates;
                         },
                     .preferred_version =
                         [this](const version_question& what) {
                           questions.push_back(what.workflow.workflow_type + " " + std::string(what.change) + " " +
                                               std::to_string(what.oldest) + " to " + std::to_string(what.newest));
                           return prefers;
                         }};
};

task<std::string> changed() {
  std::string took;
  for (int round = 0; round < 3; ++round) {
    took += workflow::patched("a") ? "new " : "old ";
    co_await workflow::sleep(1s);
  }
  co_return took;
}
task<std::string> versioned() {
  std::string took;
  for (int round = 0; round < 2; ++round) {
    took += std::to_string(workflow::get_version("layout", 1, 4)) + " ";
    co_await workflow::sleep(1s);
  }
  co_return took;
}
task<bool> deprecates() {
  workflow::deprecate_patch("a");
  co_await workflow::sleep(1s);
  co_return workflow::patched("a");
}
task<> meddles() {
  workflow::patched("a");
  co_return;
}
registry all() {
  registry made;
  made.workflow<changed>().workflow<versioned>().workflow<deprecates>().workflow<meddles>();
  return made;
}
const auto fires = [](engine_driver& driver) {
  driver.history.timer_fired(driver.history.last(enums::EVENT_TYPE_TIMER_STARTED));
};

struct driven {
  explicit driven(const char* type) : driver(all(), history_builder(type)) {
    driver.run_options.changes = &policy.made;
  }
  asked_policy policy{};
  engine_driver driver;
};

TEST(change_policy, keeps_a_patch_back_for_the_whole_run) {
  driven with("changed");
  EXPECT_EQ(with.driver.task(), lines{"timer 1 1s"}) << "no marker: the old way leaves no trace";
  with.policy.activates = true;
  for (const bool evicted : {false, true}) {
    fires(with.driver);
    if (evicted) with.driver.evict();
    with.driver.task();
  }
  fires(with.driver);
  EXPECT_EQ(with.driver.task(), lines{R"(complete ("old old old "))"});
  EXPECT_EQ(with.policy.questions, lines{"changed a"}) << "once in a run, and not on replay";
}

TEST(change_policy, activates_a_patch_with_its_marker) {
  driven with("changed");
  with.policy.activates = true;
  EXPECT_EQ(with.driver.task(), (lines{R"(marker ({"id":"a","deprecated":false}))", R"(upsert ["a"])", "timer 1 1s"}));
  with.policy.activates = false;
  for (int round = 0; round < 2; ++round) {
    fires(with.driver);
    with.driver.evict();
    EXPECT_EQ(with.driver.task(), lines{"timer " + std::to_string(round + 2) + " 1s"});
  }
  fires(with.driver);
  EXPECT_EQ(with.driver.task(), lines{R"(complete ("new new new "))"});
  EXPECT_EQ(with.policy.questions, lines{"changed a"});
}

TEST(change_policy, is_not_asked_when_a_run_passed_before_the_change) {
  driven with("changed");
  with.policy.activates = true;
  with.driver.history.task().timer_started("1");
  fires(with.driver);
  EXPECT_EQ(with.driver.task(), lines{"timer 2 1s"});
  EXPECT_EQ(with.policy.questions, lines{});
}

TEST(change_policy, is_not_asked_for_deprecated_patches) {
  driven with("deprecates");
  EXPECT_EQ(with.driver.task(), (lines{R"(marker ({"id":"a","deprecated":true}))", R"(upsert ["a"])", "timer 1 1s"}));
  fires(with.driver);
  EXPECT_EQ(with.driver.task(), lines{"complete (true)"});
  EXPECT_EQ(with.policy.questions, lines{});
}

TEST(change_policy, prefers_a_version_that_is_recorded) {
  driven with("versioned");
  with.policy.prefers = 2;
  EXPECT_EQ(with.driver.task(), (lines{R"(Version ("layout") (2))", R"(upsert ["layout-2"])", "timer 1 1s"}));
  with.policy.prefers = 3;
  fires(with.driver);
  with.driver.evict();
  EXPECT_EQ(with.driver.task(), lines{"timer 2 1s"});
  fires(with.driver);
  EXPECT_EQ(with.driver.task(), lines{R"(complete ("2 2 "))"});
  EXPECT_EQ(with.policy.questions, lines{"versioned layout 1 to 4"});

  driven without("versioned");
  EXPECT_EQ(without.driver.task().at(0), R"(Version ("layout") (4))") << "the newest when it prefers none";
}

TEST(change_policy, a_version_that_the_code_does_not_support_fails_the_task) {
  driven with("versioned");
  with.policy.prefers = 5;
  const auto got = with.driver.task();
  EXPECT_NE(got.at(0).find("prefers version 5 of change \"layout\", but the code has 1 to 4"), std::string::npos)
      << got[0];
}

TEST(change_policy, repeats_the_task_when_it_throws) {
  driven with("changed");
  with.policy.made.activate_patch = [](const workflow_info&, std::string_view) -> bool {
    throw std::runtime_error("the flags cannot be read");
  };
  const auto got = with.driver.task();
  EXPECT_NE(got.at(0).find("the flags cannot be read"), std::string::npos) << got[0];
}

TEST(change_policy, must_not_touch_the_workflow) {
  driven with("meddles");
  with.policy.made.activate_patch = [](const workflow_info&, std::string_view) {
    workflow::upsert_memo(workflow::memo_changes().set("a", 1));
    return true;
  };
  EXPECT_NE(with.driver.task().at(0).find("workflow::upsert_memo is not allowed"), std::string::npos);
}

}  // namespace rondo::test::change_policy_cases
