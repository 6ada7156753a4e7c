// expect: a signal handler returns void or rondo::task<>
#include "rondo/workflow.hpp"

struct counts {
  rondo::task<> run() { co_return; }
  int add(int more) { return more; }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&counts::add>);
};
