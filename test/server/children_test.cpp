#include <gtest/gtest.h>

#include <string>

#include "fixture.hpp"
#include "rondo/workflow.hpp"

// What becomes of children when their parents end, beside a server.
namespace rondo::test::children_cases {

class stays {
 public:
  task<std::string> run() {
    co_await workflow::wait_condition([this] { return told_; });
    co_return "went on";
  }
  void go_on() { told_ = true; }
  static constexpr auto handlers = rondo::handlers(signal<&stays::go_on>);

 private:
  bool told_ = false;
};

/// Ends as soon as its child has begun.
template <parent_close_policy How>
task<> leaves(std::string child_id) {
  child_workflow_options options;
  options.id = child_id;
  options.parent_close = How;
  co_await workflow::start_child<stays>(options);
}

class children : public server_test {
 protected:
  workflow_handle<stays> left_by(const std::string& parent) {
    const std::string id = parent + "-" + queue;
    client.execute_workflow<void>(parent, start(), id).get();
    return client.get_workflow_handle<stays>(id);
  }
};

TEST_F(children, end_with_their_parents_as_their_policy_says) {
  const running_worker worker(registry()
                                  .workflow<stays>()
                                  .workflow<leaves<parent_close_policy::abandon>>("abandons")
                                  .workflow<leaves<parent_close_policy::terminate>>("terminates")
                                  .workflow<leaves<parent_close_policy::request_cancel>>("cancels"),
                              options());
  const auto abandoned = left_by("abandons");
  const auto terminated = left_by("terminates");
  const auto cancelled = left_by("cancels");
  EXPECT_EQ(failure_of(terminated.result()).status(), workflow_status::terminated);
  EXPECT_EQ(failure_of(cancelled.result()).status(), workflow_status::cancelled);
  // Its parent ended before the others did.
  EXPECT_EQ(abandoned.describe().get().status, workflow_status::running);
  abandoned.signal<&stays::go_on>().get();
  EXPECT_EQ(abandoned.result().get(), "went on");
}

}  // namespace rondo::test::children_cases
