// expect-ok
#include <string>

#include "rondo/workflow.hpp"

struct order {
  std::string id;
  int cents = 0;
};
int charge(order what);

rondo::task<int> pays(std::string id) {
  const order what{id, 1};
  co_return co_await rondo::workflow::execute_activity<charge>({}, what);
}

rondo::task<> waits(std::string id) {
  const auto known = [id] { return !id.empty(); };
  co_await rondo::workflow::wait_condition(known);
}
