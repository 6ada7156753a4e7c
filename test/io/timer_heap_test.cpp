#include "rondo/detail/io/timer_heap.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <random>
#include <vector>

namespace timer_heap_test {

using namespace rondo::detail::io;
using namespace std::chrono_literals;

struct node final : timer_node {
  explicit node(int number) : id(number) {}
  void on_timer() override {}
  int id;
};

time_point at(std::int64_t ticks) { return time_point(duration(ticks)); }

TEST(TimerHeap, EmptyHeapHasNoNextTime) {
  timer_heap heap;
  EXPECT_TRUE(heap.empty());
  EXPECT_EQ(heap.next(), time_point::max());
  EXPECT_EQ(heap.pop_due(time_point::max()), nullptr);
}

TEST(TimerHeap, PopsOnlyWhatIsDue) {
  timer_heap heap;
  node early(1);
  node late(2);
  heap.arm(late, at(20));
  heap.arm(early, at(10));
  EXPECT_EQ(heap.next(), at(10));
  EXPECT_EQ(heap.pop_due(at(9)), nullptr);
  EXPECT_EQ(heap.pop_due(at(10)), &early);
  EXPECT_FALSE(early.armed());
  EXPECT_EQ(heap.pop_due(at(10)), nullptr);
  EXPECT_TRUE(late.armed());
  heap.disarm(late);
  EXPECT_TRUE(heap.empty());
}

TEST(TimerHeap, EqualTimesComeOutInOrderOfArming) {
  timer_heap heap;
  std::vector<std::unique_ptr<node>> nodes;
  for (int i = 0; i < 50; ++i) {
    nodes.push_back(std::make_unique<node>(i));
    heap.arm(*nodes.back(), at(7));
  }
  for (int i = 0; i < 50; ++i) EXPECT_EQ(heap.pop_due(at(7)), nodes[static_cast<std::size_t>(i)].get());
}

TEST(TimerHeap, ArmingAgainMovesTheTimer) {
  timer_heap heap;
  node a(1);
  node b(2);
  heap.arm(a, at(1));
  heap.arm(b, at(2));
  heap.arm(a, at(3));
  EXPECT_EQ(heap.size(), 2U);
  EXPECT_EQ(heap.pop_due(at(9)), &b);
  EXPECT_EQ(heap.pop_due(at(9)), &a);
}

TEST(TimerHeap, LaterSaturates) {
  EXPECT_EQ(later(at(1), duration::max()), time_point::max());
  EXPECT_EQ(later(at(5), duration(7)), at(12));
  EXPECT_EQ(later(at(5), duration(-7)), at(-2));
}

TEST(TimerHeap, RandomOperationsAgreeWithMultimap) {
  std::mt19937 random(42);
  for (int round = 0; round < 20; ++round) {
    timer_heap heap;
    std::vector<std::unique_ptr<node>> nodes;
    for (int i = 0; i < 200; ++i) nodes.push_back(std::make_unique<node>(i));
    std::multimap<time_point, node*> model;
    std::map<node*, std::multimap<time_point, node*>::iterator> where;
    const auto forget = [&](node* n) {
      const auto found = where.find(n);
      if (found == where.end()) return;
      model.erase(found->second);
      where.erase(found);
    };
    for (int step = 0; step < 3000; ++step) {
      node* n = nodes[random() % nodes.size()].get();
      const auto when = at(static_cast<std::int64_t>(random() % 100));
      switch (random() % 4) {
        case 0:
        case 1:
          forget(n);
          heap.arm(*n, when);
          where[n] = model.emplace(when, n);
          break;
        case 2:
          forget(n);
          heap.disarm(*n);
          break;
        default: {
          timer_node* popped = heap.pop_due(when);
          if (model.empty() || model.begin()->first > when) {
            ASSERT_EQ(popped, nullptr);
          } else {
            ASSERT_EQ(popped, model.begin()->second);
            forget(model.begin()->second);
          }
        }
      }
      ASSERT_EQ(heap.size(), model.size());
      ASSERT_EQ(heap.next(), model.empty() ? time_point::max() : model.begin()->first);
    }
    while (auto* popped = heap.pop_due(time_point::max())) ASSERT_FALSE(popped->armed());
  }
}

}  // namespace timer_heap_test
