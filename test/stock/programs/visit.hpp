#pragma once
#include <chrono>
#include <string>

#include "rondo/workflow.hpp"
#include "serverless/programs/greeting.hpp"

namespace rondo::test {

/// Activity, timer, activity, a wait for a signal: longer than the runs of a worker that leaves when it is idle.
class visit {
 public:
  rondo::task<std::string> run(std::string name, int pause_ms) {
    const rondo::activity_options options{.start_to_close_timeout = std::chrono::seconds(10)};
    said_ = co_await rondo::workflow::execute_activity<greet>(options, name);
    co_await rondo::workflow::sleep(std::chrono::milliseconds(pause_ms));
    const auto more = co_await rondo::workflow::execute_activity<greet>(options, std::string("again"));
    said_ += ", " + more;
    co_await rondo::workflow::wait_condition([this] { return over_; });
    co_return said_;
  }
  std::string said() const { return said_; }
  void leave() { over_ = true; }

  static constexpr auto handlers = rondo::handlers(rondo::query<&visit::said>, rondo::signal<&visit::leave>);

 private:
  std::string said_;
  bool over_ = false;
};

}  // namespace rondo::test
