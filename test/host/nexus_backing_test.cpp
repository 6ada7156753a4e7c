#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "host/nexus_fixture.hpp"
#include "rondo/detail/worker/nexus_token.hpp"
#include "rondo/nexus.hpp"
#include "support/shop_failures.hpp"

// Nexus operations that go on as updates of workflows and as standalone activities.
namespace rondo::test::nexus_backing_test {

using update_request = service::UpdateWorkflowExecutionRequest;
using update_answer = service::UpdateWorkflowExecutionResponse;
using start_request = service::StartActivityExecutionRequest;
using start_answer = service::StartActivityExecutionResponse;
using cancel_request = service::RequestCancelActivityExecutionRequest;

class cart {
 public:
  task<void> run() { co_return; }
  int add(std::string /*item*/) { return 1; }
  static constexpr auto handlers = rondo::handlers(update<&cart::add>);
};
int charge(int cents);

struct shop {
  static constexpr std::string_view name = "shop";
  static constexpr nexus_operation<std::string, int> add{"add"};
  static constexpr nexus_operation<std::string, void> clear{"clear"};
  static constexpr nexus_operation<int, int> pay{"pay"};
  static constexpr nexus_operation<int, int> lend{"lend"};
  static constexpr nexus_operation<void, int> late{"late"};
};

asio::awaitable<nexus_run<int>> pay_later(nexus_context& context, int cents) {
  const start_activity_options how{.id = "charge-1",
                                   .task_queue = "tills",
                                   .start_to_close_timeout = std::chrono::seconds(9),
                                   .heartbeat_timeout = std::chrono::seconds(3)};
  co_return context.start_activity<charge>(how, cents);
}

class nexus_backing_calls : public worker_nexus_test {
 protected:
  explicit nexus_backing_calls(client_options how = {}) : worker_nexus_test(std::move(how)) {}
  void SetUp() override {
    server.about_namespace.mutable_namespace_info()->mutable_capabilities()->set_workflow_update_callbacks(true);
  }
  registry app() {
    registry all;
    all.nexus_service(
        nexus_handlers<shop>()
            .operation(shop::add,
                       [](nexus_context& context, const std::string& item) {
                         return context.start_update<&cart::add>({.workflow_id = "cart-1"}, item);
                       })
            .on_cancel(shop::add, [this](nexus_context& context) { cancelled = *context.info().cancels; })
            .operation(shop::clear,
                       [](nexus_context& context, const std::string& id) {
                         return context.start_update<void>("clear", {.workflow_id = "cart-1", .run_id = "r", .id = id});
                       })
            .operation(shop::pay, pay_later)
            .operation(shop::lend,
                       [](nexus_context& context, int cents) {
                         return context.start_activity<int>("lend",
                                                            {.start_to_close_timeout = std::chrono::seconds(1),
                                                             .conflict = activity_conflict_policy::fail},
                                                            cents);
                       })
            .on_cancel(shop::lend, [](nexus_context& context) { (void)context.start_workflow<int>("other", {}); })
            .operation(shop::late, [] { return 1; })
            .on_cancel(shop::late, [] { throw nexus_operation_error("it is too late"); }));
    return all;
  }
  void answer_updates(const std::function<void(update_answer&)>& how) {
    server.answer<update_request, update_answer>([how](const update_request& /*asked*/, update_answer& answer) {
      answer.mutable_update_ref()->mutable_workflow_execution()->set_run_id("run-1");
      answer.set_stage(enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED);
      how(answer);
      return rpc_status();
    });
  }
  static nexus_task linked(nexus_task made) {
    auto& link = *made.mutable_request()->mutable_start_operation()->add_links();
    link.set_url(
        "temporal:///namespaces/n/workflows/w/r/history?eventID=5&eventType=NexusOperationScheduled&"
        "referenceType=EventReference");
    link.set_type("temporal.api.common.v1.Link.WorkflowEvent");
    return made;
  }
  static nexus_task cancel(const char* operation, const nexus_backing& what) {
    auto made = cancel_of(detail::worker::operation_token("shop", what));
    made.mutable_request()->mutable_cancel_operation()->set_operation(operation);
    return made;
  }

  nexus_backing cancelled{};
};

TEST_F(nexus_backing_calls, ask_a_workflow_for_an_update) {
  answer_updates(
      [](update_answer& answer) { answer.mutable_link()->mutable_workflow_event()->set_workflow_id("cart-1"); });
  start(app());
  const auto answer = completion_of(linked(request("add", R"("milk")")));
  const auto sent = server.seen<update_request>().at(0);
  EXPECT_EQ(sent.workflow_execution().workflow_id(), "cart-1");
  EXPECT_EQ(sent.request().input().name(), "add");
  EXPECT_EQ(sent.request().input().args().payloads(0).data(), R"("milk")");
  EXPECT_EQ(sent.request().meta().update_id(), "request-1");
  EXPECT_EQ(sent.request().request_id(), "request-1");
  EXPECT_EQ(sent.wait_policy().lifecycle_stage(), enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED);
  ASSERT_EQ(sent.request().links_size(), 1);
  ASSERT_EQ(sent.request().completion_callbacks_size(), 1);
  const auto& callback = sent.request().completion_callbacks(0);
  EXPECT_EQ(callback.nexus().url(), "http://caller");
  EXPECT_EQ(callback.links(0).workflow_event().workflow_id(), "w");
  const auto asked =
      detail::worker::read_operation_token(callback.nexus().header().at("nexus-operation-token"), "shop");
  EXPECT_EQ(asked.update_id, "request-1");
  const auto& started = answer.response().start_operation().async_success();
  const nexus_backing expected{
      .kind = nexus_backing::kind_type::update, .workflow_id = "cart-1", .update_id = "request-1", .run_id = "run-1"};
  EXPECT_EQ(detail::worker::read_operation_token(started.operation_token(), "shop"), expected);
  ASSERT_EQ(started.links_size(), 1);
  EXPECT_NE(started.links(0).url().find("cart-1"), std::string::npos);
}

TEST_F(nexus_backing_calls, name_the_run_and_the_update_as_the_handler_does) {
  answer_updates([](update_answer& /*answer*/) {});
  start(app());
  const auto answer = completion_of(request("clear", R"("once")"));
  EXPECT_TRUE(answer.response().start_operation().has_async_success());
  const auto sent = server.seen<update_request>().at(0);
  EXPECT_EQ(sent.workflow_execution().run_id(), "r");
  EXPECT_EQ(sent.request().meta().update_id(), "once");
  const nexus_backing expected{
      .kind = nexus_backing::kind_type::update, .workflow_id = "cart-1", .update_id = "once", .run_id = "r"};
  EXPECT_EQ(sent.request().completion_callbacks(0).nexus().header().at("nexus-operation-token"),
            detail::worker::operation_token("shop", expected));
}

TEST_F(nexus_backing_calls, ask_again_until_the_update_is_accepted) {
  int asked = 0;
  answer_updates([&asked](update_answer& answer) {
    if (++asked < 3) answer.set_stage(enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED);
  });
  start(app());
  EXPECT_TRUE(completion_of(request("add", R"("milk")")).response().start_operation().has_async_success());
  EXPECT_EQ(asked, 3);
}

TEST_F(nexus_backing_calls, end_at_once_with_updates_that_have_ended) {
  answer_updates([](update_answer& answer) {
    answer.mutable_outcome()->mutable_success()->add_payloads()->set_data("7");
    answer.mutable_link()->mutable_workflow_event()->set_workflow_id("cart-1");
  });
  start(app());
  const auto end = completion_of(request("add", R"("milk")")).response().start_operation().sync_success();
  EXPECT_EQ(end.payload().data(), "7");
  ASSERT_EQ(end.links_size(), 1);
  EXPECT_NE(end.links(0).url().find("cart-1"), std::string::npos);
  answer_updates([](update_answer& answer) { answer.mutable_outcome()->mutable_success(); });
  const auto nothing = completion_of(request("clear", R"("x")")).response().start_operation().sync_success();
  EXPECT_EQ(nothing.payload().metadata().at("encoding"), "binary/null");
}

TEST_F(nexus_backing_calls, fail_as_their_updates_do) {
  answer_updates([](update_answer& answer) {
    auto& failure = *answer.mutable_outcome()->mutable_failure();
    failure.set_message("sold out");
    failure.mutable_application_failure_info()->set_type("Stock");
  });
  start(app());
  const auto end = completion_of(request("add", R"("milk")")).response().start_operation();
  EXPECT_EQ(end.failure().message(), "sold out");
  EXPECT_EQ(end.failure().cause().application_failure_info().type(), "Stock");
  answer_updates(
      [](update_answer& answer) { answer.mutable_outcome()->mutable_failure()->mutable_canceled_failure_info(); });
  const auto closed = completion_of(request("add", R"("milk")")).response().start_operation();
  EXPECT_TRUE(closed.failure().has_canceled_failure_info());
  server.fail<update_request>(rpc_code::not_found, "no such workflow");
  EXPECT_TRUE(refusal_of(request("add", R"("milk")")).starts_with("NOT_FOUND: "));
}

class converted_nexus_backing_calls : public nexus_backing_calls {
 protected:
  converted_nexus_backing_calls() : nexus_backing_calls(converting()) {}
  static client_options converting() {
    client_options made;
    made.data.failures = std::make_shared<const shop_failures>();
    return made;
  }
};

TEST_F(converted_nexus_backing_calls, say_no_more_of_updates_than_the_converter_does) {
  answer_updates([](update_answer& answer) {
    auto& failure = *answer.mutable_outcome()->mutable_failure();
    failure.set_message("my password");
    failure.mutable_application_failure_info()->set_type("Secret");
  });
  start(app());
  const auto end = completion_of(request("add", R"("milk")")).response().start_operation();
  EXPECT_EQ(end.failure().message(), "hidden");
  EXPECT_EQ(end.failure().cause().message(), "hidden");
  EXPECT_EQ(end.DebugString().find("password"), std::string::npos) << end.DebugString();
}

TEST_F(nexus_backing_calls, do_not_ask_for_updates_whose_end_nobody_would_hear_of) {
  start(app());
  auto deaf = request("add", R"("milk")");
  deaf.mutable_request()->mutable_start_operation()->clear_callback();
  EXPECT_EQ(refusal_of(deaf), "BAD_REQUEST: the request names no callback that could be told how an update ends");
  EXPECT_EQ(server.count<update_request>(), 0U);
}

TEST_F(nexus_backing_calls, need_a_server_that_tells_how_updates_end) {
  server.about_namespace.clear_namespace_info();
  start(app());
  EXPECT_EQ(refusal_of(request("add", R"("milk")")),
            "NOT_IMPLEMENTED: this server tells nobody how an update ends: it lacks workflow_update_callbacks");
  EXPECT_EQ(server.count<update_request>(), 0U);
}

TEST_F(nexus_backing_calls, start_an_activity) {
  server.answer<start_request, start_answer>([](const start_request& /*asked*/, start_answer& answer) {
    answer.set_run_id("run-1");
    return rpc_status();
  });
  start(app());
  const auto answer = completion_of(linked(request("pay", "250")));
  const auto sent = server.seen<start_request>().at(0);
  EXPECT_EQ(sent.activity_id(), "charge-1");
  EXPECT_EQ(sent.activity_type().name(), "charge");
  EXPECT_EQ(sent.task_queue().name(), "tills");
  EXPECT_EQ(sent.request_id(), "request-1");
  EXPECT_EQ(sent.input().payloads(0).data(), "250");
  EXPECT_EQ(sent.heartbeat_timeout().seconds(), 3);
  EXPECT_EQ(sent.id_conflict_policy(), enums::ACTIVITY_ID_CONFLICT_POLICY_USE_EXISTING);
  EXPECT_TRUE(sent.on_conflict_options().attach_completion_callbacks());
  EXPECT_EQ(sent.links_size(), 0) << "they are those of the callback";
  ASSERT_EQ(sent.completion_callbacks_size(), 1);
  EXPECT_EQ(sent.completion_callbacks(0).links_size(), 1);
  nexus_backing expected{.kind = nexus_backing::kind_type::activity, .activity_id = "charge-1"};
  EXPECT_EQ(sent.completion_callbacks(0).nexus().header().at("nexus-operation-token"),
            detail::worker::operation_token("shop", expected));
  const auto& started = answer.response().start_operation().async_success();
  expected.run_id = "run-1";
  EXPECT_EQ(started.operation_token(), detail::worker::operation_token("shop", expected));
  ASSERT_EQ(started.links_size(), 1);
  EXPECT_EQ(started.links(0).url(), "temporal:///namespaces/shop/activities/charge-1/run-1/details");
}

TEST_F(nexus_backing_calls, name_activities_after_the_request_if_nobody_else_does) {
  start(app());
  auto quiet = linked(request("lend", "5"));
  quiet.mutable_request()->mutable_start_operation()->clear_callback();
  completion_of(quiet);
  const auto sent = server.seen<start_request>().at(0);
  EXPECT_EQ(sent.activity_id(), "request-1");
  EXPECT_EQ(sent.task_queue().name(), "queue");
  EXPECT_EQ(sent.id_conflict_policy(), enums::ACTIVITY_ID_CONFLICT_POLICY_FAIL);
  EXPECT_EQ(sent.completion_callbacks_size(), 0);
  EXPECT_EQ(sent.links_size(), 1);
}

TEST_F(nexus_backing_calls, tell_why_an_activity_was_not_started) {
  start(app());
  server.fail<start_request>(rpc_code::invalid_argument, "callbacks are off");
  const auto refusal = refusal_of(request("pay", "1"));
  EXPECT_TRUE(refusal.starts_with("BAD_REQUEST: ")) << refusal;
  EXPECT_NE(refusal.find("callbacks are off"), std::string::npos) << refusal;
}

TEST_F(nexus_backing_calls, cancel_the_activity_behind_an_operation) {
  start(app());
  const nexus_backing what{.kind = nexus_backing::kind_type::activity, .activity_id = "charge-1", .run_id = "run-1"};
  const auto answer = completion_of(cancel("pay", what));
  EXPECT_TRUE(answer.response().has_cancel_operation());
  const auto sent = server.seen<cancel_request>().at(0);
  EXPECT_EQ(sent.activity_id(), "charge-1");
  EXPECT_EQ(sent.run_id(), "run-1");
  EXPECT_EQ(sent.reason(), "the Nexus operation was cancelled");
  server.fail<cancel_request>(rpc_code::not_found, "no such activity");
  EXPECT_TRUE(refusal_of(cancel("pay", what)).starts_with("NOT_FOUND: "));
}

TEST_F(nexus_backing_calls, cancel_updates_as_the_service_says) {
  start(app());
  const nexus_backing what{
      .kind = nexus_backing::kind_type::update, .workflow_id = "cart-1", .update_id = "u", .run_id = "run-1"};
  EXPECT_EQ(
      refusal_of(cancel("clear", what)),
      "NOT_IMPLEMENTED: an update cannot be cancelled: nexus_handlers::on_cancel gives its operation a way to end "
      "it");
  EXPECT_TRUE(completion_of(cancel("add", what)).response().has_cancel_operation());
  EXPECT_EQ(cancelled, what);
}

TEST_F(nexus_backing_calls, do_not_end_an_operation_by_what_a_request_to_cancel_throws) {
  start(app());
  EXPECT_EQ(refusal_of(cancel("late", {.workflow_id = "w"})), "INTERNAL: it is too late");
}

TEST_F(nexus_backing_calls, start_nothing_to_cancel_something) {
  start(app());
  EXPECT_EQ(refusal_of(cancel("lend", {.workflow_id = "w"})),
            "INTERNAL: start_workflow may not be called to cancel a Nexus operation");
  EXPECT_EQ(server.count<service::StartWorkflowExecutionRequest>(), 0U);
}

TEST(nexus_cancellations, belong_to_operations_with_handlers) {
  nexus_handlers<shop> handlers;
  EXPECT_THROW(handlers.on_cancel(shop::late, [] {}), std::invalid_argument);
  handlers.operation(shop::late, [] { return 1; }).on_cancel(shop::late, [] {});
  EXPECT_THROW(handlers.on_cancel(shop::late, [] {}), std::invalid_argument);
}

}  // namespace rondo::test::nexus_backing_test
