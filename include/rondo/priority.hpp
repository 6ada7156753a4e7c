#pragma once
#include <string_view>

namespace rondo {

/// Which of the tasks that wait in a task queue goes first. What a workflow starts inherits it.
struct priority {
  /// 1 goes first; servers have 5 levels unless they are told otherwise. 0: the server's choice, the middle.
  int key = 0;
  /// Tasks of one level take turns by this key, such as a tenant's name; up to 64 bytes. Empty: the common key.
  std::string_view fairness_key{};
  /// How many turns the key gets in comparison with the others, 0.001 to 1000; 0: the server's choice, 1.
  float fairness_weight = 0;
};

}  // namespace rondo
