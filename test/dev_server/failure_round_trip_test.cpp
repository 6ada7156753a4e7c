#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "rondo/activity.hpp"
#include "rondo/failure_converter.hpp"
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

/// Hides what payloads hold.
class mask_codec final : public rondo::codec {
 public:
  void encode(std::span<rondo::payload> payloads, const rondo::serialization_context&) const override {
    for (auto& each : payloads) {
      std::string inside = masked(rondo::detail::data::payload_bytes(each));
      each = rondo::payload();
      each.metadata["encoding"] = "masked";
      each.data = std::move(inside);
    }
  }
  void decode(std::span<rondo::payload> payloads, const rondo::serialization_context&) const override {
    for (auto& each : payloads) {
      if (each.encoding() == "masked") each = rondo::detail::data::read_payload(masked(each.data));
    }
  }

 private:
  static std::string masked(std::string text) {
    for (char& each : text) each = static_cast<char>(each ^ 0x55);
    return text;
  }
};

class failure_round_trip : public ::testing::Test {
 protected:
  static environment_options options() {
    environment_options how;
    how.client.data.failures = std::make_shared<const shop_failures>();
    how.client.data.codecs = {std::make_shared<envelope_codec>("sealed"), std::make_shared<mask_codec>()};
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
  // As the server has it.
  rondo::client plain = env.server().connect();
  const auto history = env.drive(plain.get_workflow_handle(handle.id()).history());
  EXPECT_NE(history.bytes().find("Encoded failure"), std::string::npos);
  for (const char* text : {"none left", "out of stock", "\"A1\""}) {
    EXPECT_EQ(history.bytes().find(text), std::string::npos) << text << " is not hidden";
  }
}

TEST_F(failure_round_trip, of_a_workflow_and_a_local_activity) {
  workflow_environment env(app(), options());
  const auto local = env.start<order>(std::string("local"), std::string("B2"));
  EXPECT_EQ(missing<rondo::workflow_failure>([&] { local.result(); }), "B2");
  EXPECT_EQ(taken, 1);
  const auto plain = env.start<order>(std::string("throw"), std::string("C3"));
  EXPECT_EQ(missing<rondo::workflow_failure>([&] { plain.result(); }), "C3");
}

TEST_F(failure_round_trip, is_not_for_what_the_worker_says_of_local_activities) {
  /// Takes all for something that may be tried again.
  class forgives final : public rondo::failure_converter {
   public:
    std::exception_ptr to_failure(const std::exception_ptr&) const override {
      return std::make_exception_ptr(rondo::application_failure("converted"));
    }
  };
  auto how = options();
  how.client.data.failures = std::make_shared<const forgives>();
  rondo::registry leaving = app();
  leaving.mock<take>([this](const std::string&) -> int {
    ++taken;
    rondo::activity::complete_async();
  });
  workflow_environment env(leaving, how);
  const auto local = env.start<order>(std::string("local"), std::string("B2"));
  EXPECT_THROW(local.result(), rondo::workflow_failure);
  EXPECT_EQ(taken, 1) << "a local activity cannot be completed from elsewhere, however often it is tried";
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
