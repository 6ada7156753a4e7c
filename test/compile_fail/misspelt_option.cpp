// expect: strat_to_close_timeout
#include <chrono>
#include <string>

#include "rondo/workflow.hpp"

int charge(std::string id);

rondo::task<int> pays(std::string id) {
  co_return co_await rondo::workflow::execute_activity<charge>({.strat_to_close_timeout = std::chrono::seconds(1)}, id);
}
