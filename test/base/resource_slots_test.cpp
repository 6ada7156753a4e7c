#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>

#include "rondo/resource_slots.hpp"

namespace resource_slots_test {

using namespace std::chrono_literals;
using namespace rondo;
using clock = std::chrono::steady_clock;

class resource_slots_for : public ::testing::Test {
 protected:
  static slot_request request(slot_kind kind, std::size_t held) {
    slot_request made;
    made.kind = kind;
    made.held = held;
    return made;
  }
  bool activity(std::size_t held, clock::duration at) {
    return slots.try_reserve(request(slot_kind::activity, held), start + at);
  }

  const clock::time_point start{1h};
  resource_load load;
  int looks = 0;
  std::shared_ptr<resource_controller> controller =
      std::make_shared<resource_controller>(resource_targets{.memory = 0.8, .cpu = 0.9}, [this](clock::time_point) {
        ++looks;
        return load;
      });
  resource_slots slots{controller, {.maximum = 10}};
};

TEST_F(resource_slots_for, the_least_are_given_whatever_the_load_is) {
  load = {.cpu = 1, .memory = 1};
  EXPECT_TRUE(activity(0, 0s));
  EXPECT_FALSE(activity(1, 0s));
  EXPECT_TRUE(slots.try_reserve(request(slot_kind::workflow, 4), start));
  EXPECT_FALSE(slots.try_reserve(request(slot_kind::workflow, 5), start));
}

TEST_F(resource_slots_for, more_are_given_one_by_one_while_there_is_room) {
  load = {.cpu = 0.1, .memory = 0.1};
  EXPECT_TRUE(activity(1, 0s));
  EXPECT_FALSE(activity(2, 49ms));
  EXPECT_TRUE(activity(2, 50ms));
  EXPECT_FALSE(activity(10, 1s));
  // Workflows have no pause between them.
  EXPECT_TRUE(slots.try_reserve(request(slot_kind::workflow, 6), start + 2s));
  EXPECT_TRUE(slots.try_reserve(request(slot_kind::workflow, 7), start + 2s));
}

TEST_F(resource_slots_for, memory_and_processors_each_stop_them) {
  load = {.cpu = 0.1, .memory = 0.76};
  EXPECT_FALSE(activity(1, 0s));
  load = {.cpu = 0.1, .memory = 0.7};
  EXPECT_TRUE(activity(1, 10s));
  load = {.cpu = 0.895, .memory = 0.7};
  EXPECT_FALSE(activity(1, 20s));
  load = {.cpu = 0.85, .memory = 0.7};
  EXPECT_TRUE(activity(1, 30s));
}

TEST_F(resource_slots_for, a_load_that_rises_quickly_stops_them_before_the_target) {
  load = {.cpu = 0.1, .memory = 0.1};
  EXPECT_TRUE(activity(1, 0s));
  // 0.3 below the target, but 0.4 nearer to it than 100 ms ago.
  load.memory = 0.5;
  EXPECT_FALSE(activity(1, 100ms));
  EXPECT_TRUE(activity(1, 1s));
}

TEST_F(resource_slots_for, the_load_is_looked_at_only_when_asked_and_at_most_ten_times_a_second) {
  EXPECT_TRUE(activity(0, 0s));
  EXPECT_EQ(looks, 0);
  for (int step = 0; step < 100; ++step) controller->has_room(start + step * 10ms);
  EXPECT_EQ(looks, 10);
}

TEST(resource_slots_options, that_contradict_each_other_are_refused) {
  EXPECT_THROW(resource_controller(resource_targets{.memory = 0, .cpu = 0.5}), std::invalid_argument);
  EXPECT_THROW(resource_controller(resource_targets{.memory = 0.5, .cpu = 1.5}), std::invalid_argument);
  EXPECT_THROW(resource_slots(nullptr), std::invalid_argument);
  const auto controller = std::make_shared<resource_controller>();
  EXPECT_THROW(resource_slots(controller, {.minimum = 3, .maximum = 2}), std::invalid_argument);
  EXPECT_THROW(resource_slots(controller, {.maximum = 0}), std::invalid_argument);
  EXPECT_EQ(resource_slots(controller).limit(), 500U);
  EXPECT_EQ(resource_slots(controller).name(), "ResourceBased");
}

}  // namespace resource_slots_test
