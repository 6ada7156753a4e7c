// expect: run() takes its parameters by value
#include <string>

#include "rondo/registry.hpp"
#include "rondo/workflow.hpp"

struct greets {
  rondo::task<> run(const std::string& name) { co_return; }
};

void fill(rondo::registry& app) { app.workflow<greets>(); }
