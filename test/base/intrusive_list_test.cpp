#include "rondo/detail/base/intrusive_list.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

namespace {
using rondo::detail::intrusive_list;
using rondo::detail::intrusive_queue;
using rondo::detail::list_hook;
using rondo::detail::list_node;

struct item : list_node {
  explicit item(int n) : number(n) {}
  int number;
};

std::vector<int> numbers(const intrusive_list<item>& list) {
  std::vector<int> out;
  for (const item& each : list) out.push_back(each.number);
  return out;
}

TEST(intrusive_list, keeps_order) {
  intrusive_list<item> list;
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.front(), nullptr);
  EXPECT_EQ(list.back(), nullptr);
  EXPECT_EQ(list.pop_front(), nullptr);
  item one(1), two(2), zero(0);
  list.push_back(one);
  list.push_back(two);
  list.push_front(zero);
  EXPECT_EQ(numbers(list), (std::vector{0, 1, 2}));
  EXPECT_EQ(list.front(), &zero);
  EXPECT_EQ(list.back(), &two);
  EXPECT_EQ(list.pop_front(), &zero);
  EXPECT_FALSE(zero.is_linked());
  EXPECT_TRUE(one.is_linked());
  EXPECT_EQ(numbers(list), (std::vector{1, 2}));
}

TEST(intrusive_list, elements_leave_when_they_die_or_ask_to) {
  intrusive_list<item> list;
  item one(1), three(3);
  auto two = std::make_unique<item>(2);
  list.push_back(one);
  list.push_back(*two);
  list.push_back(three);
  two.reset();
  EXPECT_EQ(numbers(list), (std::vector{1, 3}));
  one.unlink();
  one.unlink();
  EXPECT_EQ(numbers(list), (std::vector{3}));
  list.push_back(one);
  EXPECT_EQ(numbers(list), (std::vector{3, 1}));
}

TEST(intrusive_list, releases_its_elements_when_it_dies) {
  item one(1);
  {
    intrusive_list<item> list;
    list.push_back(one);
  }
  EXPECT_FALSE(one.is_linked());
}

TEST(intrusive_list, current_element_may_be_destroyed_while_iterating) {
  intrusive_list<item> list;
  std::vector<std::unique_ptr<item>> items;
  for (int i = 0; i < 5; ++i) list.push_back(*items.emplace_back(std::make_unique<item>(i)));
  std::vector<int> seen;
  for (item& each : list) {
    seen.push_back(each.number);
    if (each.number % 2 == 0) items[static_cast<std::size_t>(each.number)].reset();
  }
  EXPECT_EQ(seen, (std::vector{0, 1, 2, 3, 4}));
  EXPECT_EQ(numbers(list), (std::vector{1, 3}));
}

TEST(intrusive_list, splice_moves_all_in_order) {
  intrusive_list<item> to, from;
  item one(1), two(2), three(3);
  to.splice_back(from);
  EXPECT_TRUE(to.empty());
  from.push_back(two);
  from.push_back(three);
  to.push_back(one);
  to.splice_back(from);
  EXPECT_TRUE(from.empty());
  EXPECT_EQ(numbers(to), (std::vector{1, 2, 3}));
  from.push_back(*to.pop_front());
  EXPECT_EQ(numbers(from), (std::vector{1}));
}

struct other_list;
struct shared_item : list_node, list_hook<other_list> {};

TEST(intrusive_list, tags_allow_membership_in_several_lists) {
  intrusive_list<shared_item> a;
  intrusive_list<shared_item, other_list> b;
  shared_item item;
  a.push_back(item);
  b.push_back(item);
  a.pop_front();
  EXPECT_TRUE(a.empty());
  EXPECT_EQ(b.front(), &item);
}

struct entry {
  int number;
  entry* next = nullptr;
};

TEST(intrusive_queue, is_first_in_first_out) {
  intrusive_queue<entry> queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.pop_front(), nullptr);
  entry one{1}, two{2}, three{3};
  queue.push_back(one);
  queue.push_back(two);
  EXPECT_EQ(queue.front(), &one);
  EXPECT_EQ(queue.pop_front(), &one);
  queue.push_back(three);
  queue.push_back(one);
  EXPECT_EQ(queue.pop_front(), &two);
  EXPECT_EQ(queue.pop_front(), &three);
  EXPECT_EQ(queue.pop_front(), &one);
  EXPECT_TRUE(queue.empty());
  queue.push_back(two);
  EXPECT_EQ(queue.pop_front(), &two);
}

TEST(intrusive_queue, moves) {
  entry one{1}, two{2};
  intrusive_queue<entry> queue;
  queue.push_back(one);
  intrusive_queue<entry> other(std::move(queue));
  queue = {};
  EXPECT_TRUE(queue.empty());
  other.push_back(two);
  queue = std::move(other);
  EXPECT_EQ(queue.pop_front(), &one);
  EXPECT_EQ(queue.pop_front(), &two);
}

}  // namespace
