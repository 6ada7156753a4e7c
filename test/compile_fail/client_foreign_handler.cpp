// expect: this is a member function of another workflow class
#include "rondo/client.hpp"
#include "rondo/workflow.hpp"

struct first {
  rondo::task<> run();
};
struct second {
  rondo::task<> run();
  void approve();
  static constexpr auto handlers = rondo::handlers(rondo::signal<&second::approve>);
};

void signals(rondo::client& client) { client.get_workflow_handle<first>("id").signal<&second::approve>().get(); }
