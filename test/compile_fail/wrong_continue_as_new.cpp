// expect: the arguments do not match the parameters of the workflow's run()
#include <string>

#include "rondo/workflow.hpp"

struct greets {
  rondo::task<> run(std::string name) {
    rondo::workflow::continue_as_new<greets>({}, 3, name);
    co_return;
  }
};
