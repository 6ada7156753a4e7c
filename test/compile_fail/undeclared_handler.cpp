// expect: this member is not declared among the handlers of the workflow
#include "rondo/workflow.hpp"

struct greets {
  rondo::task<> run() { co_return; }
  void declared() {}
  void other() {}
  static constexpr auto handlers = rondo::handlers(rondo::signal<&greets::declared>);
};

constexpr auto name = rondo::detail::handler_name<&greets::other, greets>();
