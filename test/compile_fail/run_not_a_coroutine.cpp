// expect: run() of a workflow must be a coroutine that returns rondo::task
#include "rondo/registry.hpp"
#include "rondo/workflow.hpp"

struct greets {
  int run() { return 1; }
};

void fill(rondo::registry& app) { app.workflow<greets>(); }
