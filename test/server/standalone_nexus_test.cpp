#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <string>
#include <string_view>

#include "fixture.hpp"
#include "nexus_fixture.hpp"
#include "rondo/client/nexus_operations.hpp"
#include "rondo/nexus.hpp"
#include "rondo/workflow.hpp"

// Nexus operations that no workflow calls, which the newer of the official servers have.
namespace rondo::test::standalone_nexus_test {

using namespace std::chrono_literals;

struct shop {
  static constexpr std::string_view name = "shop";
  static constexpr nexus_operation<std::string, std::string> greet{"greet"};
  static constexpr nexus_operation<std::string, std::string> waits{"waits"};
  static constexpr nexus_operation<void, std::string> fails{"fails"};
};

/// Goes on until it is cancelled.
task<std::string> waits_for_end(std::string what) {
  co_await workflow::sleep(1h);
  co_return what;
}

class standalone_nexus_operations : public nexus_server_test {
 protected:
  nexus_operation_client operations{client};
  nexus_service_client<shop> there = operations.service<shop>(endpoint);
  const std::string id = "operation-" + detail::random_uuid();
  const start_nexus_operation_options how{.id = id, .schedule_to_close_timeout = 60s};

  void SetUp() override {
    if (server_under_test() != server_kind::stock) {
      GTEST_SKIP() << "only the stock server has Nexus operations that no workflow calls";
    }
    make_endpoint();
  }
  static registry app() {
    registry all;
    all.nexus_service(nexus_handlers<shop>()
                          .operation(shop::greet,
                                     [](nexus_context& context, const std::string& whom) {
                                       const auto& headers = context.info().headers;
                                       const auto line = headers.find("greeting");
                                       return (line == headers.end() ? "hello" : line->second) + " " + whom;
                                     })
                          .operation(shop::waits,
                                     [](nexus_context& context, const std::string& what) {
                                       return context.start_workflow<waits_for_end>({.id = what}, what);
                                     })
                          .operation(shop::fails, []() -> std::string {
                            nexus_operation_error error("out of stock");
                            error.set_cause(std::make_exception_ptr(application_failure("none", {.type = "Stock"})));
                            throw error;
                          }));
    all.workflow<waits_for_end>();
    return all;
  }
  bool becomes(nexus_operation_status wanted) const {
    return eventually([&] { return operations.get(id).describe().get().status == wanted; });
  }
};

TEST_F(standalone_nexus_operations, GiveTheirResult) {
  running_worker worker(app(), options());
  const nexus_header lines[] = {{"greeting", "good morning"}};
  auto polite = how;
  polite.headers = lines;
  polite.summary = "greets";
  EXPECT_EQ(there.execute(shop::greet, polite, "Ada").get(), "good morning Ada");
  const auto found = operations.get(id).describe().get();
  EXPECT_EQ(found.status, nexus_operation_status::completed);
  EXPECT_EQ(found.endpoint, endpoint);
  EXPECT_EQ(found.service, "shop");
  EXPECT_EQ(found.operation, "greet");
  EXPECT_EQ(found.headers.at("greeting"), "good morning");
  EXPECT_EQ(found.summary, "greets");
  EXPECT_EQ(operations.get<std::string>(id).result().get(), "good morning Ada");
}

TEST_F(standalone_nexus_operations, TellHowTheyFailed) {
  running_worker worker(app(), options());
  try {
    (void)there.execute(shop::fails, how).get();
    FAIL() << "nothing was thrown";
  } catch (const nexus_operation_failure& error) {
    EXPECT_TRUE(nexus_texts_of(error.cause()).ends_with("application Stock: none")) << nexus_texts_of(error.cause());
  }
  EXPECT_TRUE(becomes(nexus_operation_status::failed));
}

TEST_F(standalone_nexus_operations, AreCancelledWithTheirWorkflows) {
  running_worker worker(app(), options());
  const auto handle = there.start(shop::waits, how, id).get();
  EXPECT_FALSE(handle.wait_started().get().empty());
  EXPECT_EQ(handle.describe().get().state, pending_nexus_operation_state::started);
  handle.cancel("enough").get();
  EXPECT_THROW((void)handle.result().get(), nexus_operation_failure);
  const auto found = handle.describe().get();
  EXPECT_EQ(found.status, nexus_operation_status::cancelled);
  ASSERT_TRUE(found.cancellation.has_value());
  EXPECT_EQ(found.cancellation->reason, "enough");
  EXPECT_EQ(client.get_workflow_handle(id).describe().get().status, workflow_status::cancelled);
}

TEST_F(standalone_nexus_operations, AreNotStartedTwice) {
  const auto first = there.start(shop::greet, how, "Ada").get();
  try {
    (void)there.start(shop::greet, how, "Ada").get();
    FAIL() << "nothing was thrown";
  } catch (const nexus_operation_already_started& error) {
    EXPECT_EQ(error.run_id(), first.run_id());
  }
  auto same = how;
  same.conflict = nexus_operation_conflict_policy::use_existing;
  EXPECT_EQ(there.start(shop::greet, same, "Ada").get().run_id(), first.run_id());
  first.terminate("over").get();
  EXPECT_TRUE(becomes(nexus_operation_status::terminated));
  EXPECT_THROW((void)first.result().get(), nexus_operation_failure);
}

TEST_F(standalone_nexus_operations, AreListedCountedAndDeleted) {
  const auto handle = there.start(shop::greet, how, "Ada").get();
  const std::string query = "Endpoint = '" + endpoint + "'";
  EXPECT_TRUE(eventually([&] { return operations.count(query).get().total == 1; }));
  auto list = operations.list(query);
  const auto first = list.next().get();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->id, id);
  EXPECT_EQ(first->run_id, handle.run_id());
  EXPECT_EQ(first->status, nexus_operation_status::running);
  handle.remove().get();
  EXPECT_TRUE(eventually([&] { return operations.count(query).get().total == 0; }));
}

TEST_F(standalone_nexus_operations, SayWhatIsWrong) {
  const auto nobody = operations.get("no-such-operation");
  EXPECT_THROW((void)nobody.describe().get(), not_found);
  EXPECT_THROW(nobody.cancel().get(), not_found);
  EXPECT_THROW(nobody.result().get(), not_found);
  EXPECT_THROW((void)operations.start({.endpoint = "no-such-endpoint", .service = "s", .operation = "o"}, {}).get(),
               not_found);
}

}  // namespace rondo::test::standalone_nexus_test
