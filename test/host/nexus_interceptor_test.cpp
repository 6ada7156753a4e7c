#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/nexus_fixture.hpp"
#include "rondo/detail/worker/nexus_token.hpp"
#include "rondo/interceptor.hpp"
#include "rondo/nexus.hpp"

// What interceptors see and change of the requests of Nexus callers.
namespace rondo::test::nexus_interceptor_test {

using lines = std::vector<std::string>;

struct shop {
  static constexpr std::string_view name = "shop";
  static constexpr nexus_operation<int, std::string> tells{"tells"};
  static constexpr nexus_operation<int, std::string> tells_later{"tells_later"};
  static constexpr nexus_operation<void, void> order{"order"};
};
std::string tell(nexus_context& context, int value) {
  return context.info().headers.at("tenant") + " " + std::to_string(value);
}
asio::awaitable<std::string> tell_later(nexus_context& context, int value) { co_return tell(context, value); }

/// Writes down what it sees; gives the handler a tenant, and every number a further digit.
class recorder final : public nexus_interceptor {
 public:
  recorder(std::string name, lines& to) : name_(std::move(name)), to_(to) {}
  void begin(nexus_request& request) override {
    to_.push_back(name_ + " " + (request.info.cancels ? "cancel " : "start ") + request.info.operation);
    if (request.headers.contains("forbidden")) throw nexus_handler_failure("no", nexus_error::unauthorized);
    request.headers.insert_or_assign("tenant", name_);
    if (!request.input.empty()) request.input[0].data += "0";
  }
  void end(nexus_end& how) override {
    to_.push_back(name_ + " " + (how.error ? "failed" : how.result.empty() ? "nothing" : how.result[0].data));
    if (!how.result.empty()) how.result[0].data = "\"" + name_ + "\"";
  }

 private:
  std::string name_;
  lines& to_;
};
class factory final : public worker_interceptor {
 public:
  factory(std::string name, lines& to) : name_(std::move(name)), to_(to) {}
  std::unique_ptr<nexus_interceptor> intercept_nexus(const nexus_info& about) override {
    if (about.service != "shop") return nullptr;
    return std::make_unique<recorder>(name_, to_);
  }

 private:
  std::string name_;
  lines& to_;
};
/// Has nothing to do with Nexus.
class stranger final : public worker_interceptor {};

class nexus_interceptors : public worker_nexus_test {
 protected:
  void start_intercepted() {
    registry all;
    all.nexus_service(nexus_handlers<shop>()
                          .operation(shop::tells, tell)
                          .operation(shop::tells_later, tell_later)
                          .operation(shop::order, [](nexus_context& context) {
                            return context.start_workflow<void>("packs", {.id = "order"});
                          }));
    auto how = options();
    how.interceptors = {std::make_shared<stranger>(), std::make_shared<factory>("a", seen),
                        std::make_shared<factory>("b", seen)};
    start(all, how);
  }
  lines seen;
};

TEST_F(nexus_interceptors, see_and_change_requests_and_their_ends) {
  start_intercepted();
  for (const auto* operation : {"tells", "tells_later"}) {
    seen.clear();
    const auto answer = completion_of(request(operation, "7"));
    EXPECT_EQ(answer.response().start_operation().sync_success().payload().data(), R"("a")");
    EXPECT_EQ(seen, (lines{"a start " + std::string(operation), "b start " + std::string(operation), R"(b "b 700")",
                           R"(a "b")"}));
  }
}

TEST_F(nexus_interceptors, see_operations_that_go_on) {
  start_intercepted();
  EXPECT_TRUE(completion_of(request("order")).response().start_operation().has_async_success());
  EXPECT_EQ(seen, (lines{"a start order", "b start order", "b nothing", "a nothing"}));
}

TEST_F(nexus_interceptors, see_requests_to_cancel) {
  start_intercepted();
  const auto answer = completion_of(cancel_of(detail::worker::workflow_token("shop", "order")));
  EXPECT_TRUE(answer.response().has_cancel_operation());
  EXPECT_EQ(seen, (lines{"a cancel order", "b cancel order", "b nothing", "a nothing"}));
  server.fail<service::RequestCancelWorkflowExecutionRequest>(rpc_code::not_found, "no such workflow");
  EXPECT_TRUE(refusal_of(cancel_of(detail::worker::workflow_token("shop", "order"))).starts_with("NOT_FOUND: "));
  EXPECT_EQ(seen.back(), "a failed");
}

TEST_F(nexus_interceptors, may_refuse_a_request) {
  start_intercepted();
  for (const std::string operation : {"tells", "tells_later"}) {
    seen.clear();
    auto forbidden = request(operation, "7");
    (*forbidden.mutable_request()->mutable_header())["Forbidden"] = "yes";
    EXPECT_EQ(refusal_of(forbidden), "UNAUTHORIZED: no");
    EXPECT_EQ(seen, (lines{"a start " + operation, "a failed"}));
  }
}

}  // namespace rondo::test::nexus_interceptor_test
