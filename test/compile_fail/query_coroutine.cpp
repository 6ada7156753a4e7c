// expect: a query handler must not be a coroutine
#include "rondo/workflow.hpp"

struct counts {
  rondo::task<> run() { co_return; }
  rondo::task<int> next() const { co_return 1; }
  static constexpr auto handlers = rondo::handlers(rondo::query<&counts::next>);
};
