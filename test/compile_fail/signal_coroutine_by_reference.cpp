// expect: a handler that is a coroutine takes its parameters by value
#include <string>

#include "rondo/workflow.hpp"

struct counts {
  rondo::task<> run() { co_return; }
  rondo::task<> add(const std::string& more) { co_return; }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&counts::add>);
};
