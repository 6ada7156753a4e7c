// expect: the arguments do not match the parameters of this activity
#include <string>

#include "rondo/workflow.hpp"

int charge(std::string id, int cents);

rondo::task<int> pays(std::string id) { co_return co_await rondo::workflow::execute_activity<charge>({}, 3, id); }
