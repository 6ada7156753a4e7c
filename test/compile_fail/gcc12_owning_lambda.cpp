// expect-gcc12: gcc 12 destroys a lambda with owning captures twice inside a co_await expression
#include <string>

#include "rondo/workflow.hpp"

rondo::task<> waits(std::string id) {
  co_await rondo::workflow::wait_condition([id] { return id.empty(); });
}
