// expect: a query handler must be a const member function
#include "rondo/workflow.hpp"

struct counts {
  rondo::task<> run() { co_return; }
  int next() { return ++count; }
  int count = 0;
  static constexpr auto handlers = rondo::handlers(rondo::query<&counts::next>);
};
