#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "rondo/testing.hpp"
#include "rondo/workflow.hpp"
#include "support/envelope_codec.hpp"
#include "support/shop_failures.hpp"

// Exceptions of a user's own, on their way through activities, workflows, their handlers and clients.
namespace failure_round_trip_test {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace workflow = rondo::workflow;
using rondo::testing::environment_options;
using rondo::testing::workflow_environment;

constexpr rondo::retry_policy twice{.maximum_attempts = 2};
constexpr rondo::activity_options there{.start_to_close_timeout = 10s, .retry = twice};
constexpr rondo::local_activity_options here{.start_to_close_timeout = 10s, .retry = twice};

int take(std::string sku);

rondo::task<int> packs(std::string sku) { co_return co_await workflow::execute_activity<take>(there, sku); }

class order {
 public:
  static constexpr auto failure_exceptions = rondo::exception_types<out_of_stock>;

  rondo::task<int> run(std::string way, std::string sku) {
    if (way == "child") {
      const int packed = co_await workflow::execute_child<packs>({}, sku);
      co_return packed;
    }
    if (way == "local") {
      const int taken = co_await workflow::execute_local_activity<take>(here, sku);
      co_return taken;
    }
    if (way == "wait") co_await workflow::wait_condition([this] { return !missing_.empty(); });
    throw out_of_stock(sku);
  }
  int change(std::string sku) { throw out_of_stock(std::move(sku)); }
  int left(std::string sku) const { throw out_of_stock(std::move(sku)); }
  void end() { missing_ = "all"; }
  static constexpr auto handlers =
      rondo::handlers(rondo::update<&order::change>, rondo::query<&order::left>, rondo::signal<&order::end>);

 private:
  std::string missing_;
};

class failure_round_trip : public testing::Test {
 protected:
  static environment_options options() {
    environment_options how;
    how.client.data.failures = std::make_shared<const shop_failures>();
    how.client.data.codecs = {std::make_shared<envelope_codec>("sealed")};
    how.client.data.encode_failure_texts = true;
    return how;
  }
  rondo::registry app() {
    rondo::registry made;
    made.workflow<order>().workflow<packs>();
    made.mock<take>([this](const std::string& sku) -> int {
      ++taken;
      throw out_of_stock(sku);
    });
    return made;
  }
  /// The sku of the exception that a client finds below what it is thrown.
  template <class Thrown, class Call>
  static std::string missing(Call call) {
    try {
      call();
    } catch (const Thrown& failed) {
      const auto* found = failed.template cause_as<out_of_stock>();
      return found == nullptr ? "another cause" : found->sku();
    }
    return "none";
  }

  std::atomic<int> taken = 0;
};

TEST_F(failure_round_trip, of_an_activity_leads_through_a_child_to_the_client) {
  workflow_environment env(app(), options());
  const auto handle = env.start<order>(std::string("child"), std::string("A1"));
  EXPECT_EQ(missing<rondo::workflow_failure>([&] { handle.result(); }), "A1");
  EXPECT_EQ(taken, 1) << "what the converter makes of it is not retried";
  const auto history = handle.history();
  EXPECT_NE(history.bytes().find("Encoded failure"), std::string::npos) << "what the converter has made is hidden";
}

TEST_F(failure_round_trip, of_a_workflow_and_a_local_activity) {
  workflow_environment env(app(), options());
  const auto local = env.start<order>(std::string("local"), std::string("B2"));
  EXPECT_EQ(missing<rondo::workflow_failure>([&] { local.result(); }), "B2");
  EXPECT_EQ(taken, 1);
  const auto plain = env.start<order>(std::string("throw"), std::string("C3"));
  EXPECT_EQ(missing<rondo::workflow_failure>([&] { plain.result(); }), "C3");
}

TEST_F(failure_round_trip, of_handlers) {
  workflow_environment env(app(), options());
  const auto handle = env.start<order>(std::string("wait"), std::string("D4"));
  EXPECT_EQ(missing<rondo::update_failure>([&] { handle.execute_update<&order::change>(std::string("E5")); }), "E5");
  std::string asked;
  try {
    handle.query<&order::left>(std::string("F6"));
  } catch (const rondo::query_failed& failed) {
    try {
      std::rethrow_exception(failed.cause());
    } catch (const out_of_stock& known) {
      asked = known.sku();
    }
  }
  EXPECT_EQ(asked, "F6");
  handle.signal<&order::end>();
  EXPECT_EQ(missing<rondo::workflow_failure>([&] { handle.result(); }), "D4");
}

TEST_F(failure_round_trip, is_of_types_and_texts_alone_without_a_converter) {
  auto how = options();
  how.client.data.failures = nullptr;
  workflow_environment env(app(), how);
  try {
    env.start<packs>(std::string("A1")).result();
    ADD_FAILURE() << "did not fail";
  } catch (const rondo::workflow_failure& failed) {
    EXPECT_EQ(failed.cause_as<out_of_stock>(), nullptr);
    ASSERT_NE(failed.cause_as<rondo::application_failure>(), nullptr);
    EXPECT_EQ(failed.cause_as<rondo::application_failure>()->type(), "rondo::test::out_of_stock");
  }
  EXPECT_EQ(taken, 2) << "only a converter says that it is final";
}

}  // namespace failure_round_trip_test
