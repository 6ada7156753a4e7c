#include <mutex>
#include <set>
#include <string>

#include "fixture.hpp"
#include "rondo/activity.hpp"
#include "rondo/failure.hpp"
#include "support/recorded_workflows.hpp"

namespace rondo::test {
namespace recorded {

std::string greet(std::string name) { return "hello " + name; }
int add(int left, int right) { return left + right; }
item pick(item wanted) {
  wanted.count += 1;
  return wanted;
}
bool fails_first(std::string /*key*/) {
  if (activity::info().attempt == 1) throw std::runtime_error("first attempt");
  return true;
}
void never() { throw application_failure("never works", {.type = "Never", .non_retryable = true}); }

}  // namespace recorded

registry recorded_app() {
  return recorded::workflows()
      .activity<recorded::greet>()
      .activity<recorded::add>()
      .activity<recorded::pick>()
      .activity<recorded::fails_first>()
      .activity<recorded::never>();
}

}  // namespace rondo::test
