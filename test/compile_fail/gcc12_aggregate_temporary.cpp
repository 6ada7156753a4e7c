// expect-gcc12: gcc 12 destroys this temporary twice inside a co_await expression
#include <string>

#include "rondo/workflow.hpp"

struct order {
  std::string id;
  int cents = 0;
};
int charge(order what);

rondo::task<int> pays() { co_return co_await rondo::workflow::execute_activity<charge>({}, order{"a", 1}); }
