#pragma once
// The workload that is recorded and replayed: activities one after the other, each adding one to an integer. The peers
// in bench/peers run the same.
#include <chrono>

#include "rondo/registry.hpp"
#include "rondo/workflow.hpp"

namespace bench {

inline int add_one(int value) { return value + 1; }

inline rondo::task<int> sequential_activities(int count) {
  using namespace std::chrono_literals;
  int value = 0;
  for (int round = 0; round < count; ++round) {
    value = co_await rondo::workflow::execute_activity<add_one>({.start_to_close_timeout = 10s}, value);
  }
  co_return value;
}

inline rondo::registry workload() { return rondo::registry{}.workflow<sequential_activities>().activity<add_one>(); }

}  // namespace bench
