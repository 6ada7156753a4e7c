// expect: nothing until it is awaited
#include <string>

#include "rondo/workflow.hpp"

#pragma GCC diagnostic error "-Wunused-result"

int charge(std::string id, int cents);

rondo::task<> pays(std::string id) {
  rondo::workflow::execute_activity<charge>({}, id, 4);
  co_return;
}
