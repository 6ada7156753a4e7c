// expect-ok
#include <string>

#include "rondo/workflow.hpp"

namespace workflow = rondo::workflow;
int charge(std::string id, int cents);

struct pays {
  rondo::task<int> run(std::string id) {
    constexpr rondo::activity_options soon{.start_to_close_timeout = std::chrono::seconds(1)};
    co_return co_await workflow::execute_activity<charge>(soon, id, 4);
  }
};
