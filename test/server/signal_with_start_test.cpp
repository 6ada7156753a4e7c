#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <utility>

#include "fixture.hpp"
#include "rondo/workflow.hpp"

// Signals with start that workflows send.
namespace rondo::test::signal_with_start_cases {

class basket {
 public:
  task<std::string> run(std::string owner) {
    co_await workflow::wait_condition([this] { return full_; });
    co_return owner + ":" + items_;
  }
  void put(std::string item, bool last) {
    items_ += item;
    full_ = last;
  }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&basket::put>);

 private:
  std::string items_;
  bool full_ = false;
};

task<std::string> fills(std::string id) {
  const signal_with_start_options options{.id = id, .summary = "filled by another"};
  const std::tuple bread(std::string("bread"), false);
  const auto first = co_await workflow::signal_with_start<basket, &basket::put>(options, bread, "ada");
  const std::tuple milk(std::string("milk"), true);
  const auto second = co_await workflow::signal_with_start<basket, &basket::put>(options, milk, "nobody");
  co_return first.run_id() == second.run_id() ? first.run_id() : "two runs";
}
/// The server does not take it: the id is in use, and may not be again.
task<std::string> refused(std::string id) {
  const signal_with_start_options options{.id = id, .reuse = id_reuse_policy::reject_duplicate};
  const std::tuple what(std::string("late"), true);
  auto call = workflow::signal_with_start<basket, &basket::put>(options, what, "ada");
  const auto got = co_await workflow::as_result(std::move(call));
  co_return got ? "taken" : "refused";
}

class signals_with_start : public stock_server_test {
 protected:
  registry app() const {
    registry made;
    made.workflow<basket>().workflow<fills>().workflow<refused>();
    return made;
  }
};

TEST_F(signals_with_start, of_a_workflow_start_another_once) {
  const running_worker runs(app(), options());
  const std::string id = "basket-" + queue;
  const auto run = client.execute_workflow<fills>(start(), id).get();
  const auto filled = client.get_workflow_handle<basket>(id);
  EXPECT_EQ(filled.result().get(), "ada:breadmilk");
  EXPECT_EQ(filled.describe().get().run_id, run);
  EXPECT_EQ(client.execute_workflow<refused>(start(), id).get(), "refused") << "it has closed";
}

}  // namespace rondo::test::signal_with_start_cases
