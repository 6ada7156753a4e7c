#include <gtest/gtest.h>
#include <temporal/api/errordetails/v1/message.pb.h>
#include <temporal/api/failure/v1/message.pb.h>

#include <memory>
#include <string>
#include <tuple>

#include "client_fixture.hpp"
#include "rondo/client.hpp"
#include "support/shop_failures.hpp"

namespace client_update_test {

using namespace client_test;
namespace enums = temporal::api::enums::v1;
using update_request = service::UpdateWorkflowExecutionRequest;
using update_response = service::UpdateWorkflowExecutionResponse;
using poll_request = service::PollWorkflowExecutionUpdateRequest;
using poll_response = service::PollWorkflowExecutionUpdateResponse;
using both_request = service::ExecuteMultiOperationRequest;
using both_response = service::ExecuteMultiOperationResponse;

class cart_workflow {
 public:
  rondo::task<int> run(order what) { co_return what.cents; }
  int add(int items, std::string sku) { return items + static_cast<int>(sku.size()); }
  rondo::task<std::string> pay() { co_return ""; }
  static constexpr auto handlers =
      rondo::handlers(rondo::update<&cart_workflow::add>, rondo::update<&cart_workflow::pay>("pay-now"));
};

rondo::task<int> double_it(int value) { co_return 2 * value; }

class ClientUpdate : public ClientTest {
 protected:
  using ClientTest::ClientTest;

  static update_response accepted() {
    update_response made;
    made.set_stage(enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED);
    made.mutable_update_ref()->mutable_workflow_execution()->set_run_id("run-1");
    return made;
  }
  static update_response completed(const std::string& json) {
    auto made = accepted();
    made.set_stage(enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED);
    add_json(*made.mutable_outcome()->mutable_success(), json);
    return made;
  }
  rondo::workflow_handle<cart_workflow> cart() { return client->get_workflow_handle<cart_workflow>("cart-1"); }
};

TEST_F(ClientUpdate, SendsWhatWasSaid) {
  const auto seen = serve<update_request, update_response>("UpdateWorkflowExecution", completed("9"));
  EXPECT_EQ(cart().execute_update<&cart_workflow::add>(3, "apples").get(), 9);
  ASSERT_EQ(seen->size(), 1U);
  const auto& sent = seen->front();
  EXPECT_EQ(sent.namespace_(), "shop");
  EXPECT_EQ(sent.workflow_execution().workflow_id(), "cart-1");
  EXPECT_EQ(sent.wait_policy().lifecycle_stage(), enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED);
  EXPECT_EQ(sent.request().meta().identity(), "tester");
  EXPECT_EQ(sent.request().meta().update_id().size(), 36U);
  EXPECT_EQ(sent.request().input().name(), "add");
  EXPECT_EQ(texts(sent.request().input().args()), R"(3 "apples")");
  EXPECT_EQ(header(headers, "temporal-resource-id"), "workflow:cart-1");
}

TEST_F(ClientUpdate, AsksAgainUntilItIsAccepted) {
  int times = 0;
  const auto seen = serve<update_request, update_response>("UpdateWorkflowExecution", [&](const auto&) {
    update_response admitted;
    admitted.set_stage(enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED);
    return ++times < 3 ? admitted : accepted();
  });
  const auto handle = cart().start_update<&cart_workflow::pay>({.id = "mine"}).get();
  EXPECT_EQ(handle.id(), "mine");
  EXPECT_EQ(handle.run_id(), "run-1");
  ASSERT_EQ(seen->size(), 3U);
  for (const auto& sent : *seen) {
    EXPECT_EQ(sent.request().meta().update_id(), "mine");
    EXPECT_EQ(sent.request().input().name(), "pay-now");
    EXPECT_EQ(sent.wait_policy().lifecycle_stage(), enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED);
  }

  int polls = 0;
  const auto polled = serve<poll_request, poll_response>("PollWorkflowExecutionUpdate", [&](const auto&) {
    poll_response answer;
    if (++polls == 2) add_json(*answer.mutable_outcome()->mutable_success(), R"("paid")");
    return answer;
  });
  EXPECT_EQ(handle.result().get(), "paid");
  ASSERT_EQ(polled->size(), 2U);
  EXPECT_EQ(polled->front().update_ref().update_id(), "mine");
  EXPECT_EQ(polled->front().update_ref().workflow_execution().run_id(), "run-1");
}

class ConvertedClientUpdate : public ClientUpdate {
 protected:
  ConvertedClientUpdate() : ClientUpdate(converting()) {}
  static rondo::client_options converting() {
    rondo::client_options made;
    made.data.failures = std::make_shared<const rondo::test::shop_failures>();
    return made;
  }
};

TEST_F(ConvertedClientUpdate, SaysNoMoreThanTheConverterDoes) {
  auto failed = accepted();
  failed.mutable_outcome()->mutable_failure()->set_message("my password");
  failed.mutable_outcome()->mutable_failure()->mutable_application_failure_info()->set_type("Secret");
  serve<update_request, update_response>("UpdateWorkflowExecution", failed);
  const auto text =
      message_of<rondo::update_failure>([&] { cart().execute_update<&cart_workflow::add>(1, "a").get(); });
  EXPECT_TRUE(text.ends_with("failed: hidden")) << text;
}

TEST_F(ClientUpdate, TellsWhyItFailed) {
  auto rejected = accepted();
  rejected.mutable_outcome()->mutable_failure()->set_message("the cart is full");
  rejected.mutable_outcome()->mutable_failure()->mutable_application_failure_info()->set_type("Full");
  serve<update_request, update_response>("UpdateWorkflowExecution", rejected);
  try {
    cart().execute_update<&cart_workflow::add>(1, "a").get();
    FAIL() << "nothing was thrown";
  } catch (const rondo::update_failure& failed) {
    EXPECT_EQ(failed.workflow_id(), "cart-1");
    EXPECT_NE(failed.message().find("failed: the cart is full"), std::string::npos) << failed.message();
    ASSERT_NE(failed.cause_as<rondo::application_failure>(), nullptr);
    EXPECT_EQ(failed.cause_as<rondo::application_failure>()->type(), "Full");
  }
  refuse("UpdateWorkflowExecution", rondo::rpc_status(rondo::rpc_code::not_found, "workflow has ended"));
  EXPECT_NE(message_of<rondo::not_found>([&] { cart().execute_update<int>("add", 1).get(); }).find("cart-1"),
            std::string::npos);
}

TEST_F(ClientUpdate, HandlesAreMadeOfIds) {
  const auto polled = serve<poll_request, poll_response>("PollWorkflowExecutionUpdate", [&](const auto&) {
    poll_response answer;
    answer.mutable_outcome()->mutable_success();
    return answer;
  });
  cart().get_update_handle("u").result().get();
  EXPECT_EQ(polled->front().update_ref().workflow_execution().workflow_id(), "cart-1");
}

class ClientUpdateWithStart : public ClientUpdate {
 protected:
  auto begin(std::optional<rondo::id_conflict_policy> conflict = rondo::id_conflict_policy::use_existing) {
    return client->start_update_with_start<cart_workflow, &cart_workflow::add>(
        {.id = "cart-1", .task_queue = "q", .conflict = conflict}, {.id = "u"}, std::tuple{2, std::string("ab")},
        what_);
  }
  const order what_{"o", 5};
};

TEST_F(ClientUpdateWithStart, SendsBothAndGivesBoth) {
  int times = 0;
  const auto seen = serve<both_request, both_response>("ExecuteMultiOperation", [&](const auto&) {
    both_response made;
    made.add_responses()->mutable_start_workflow()->set_run_id("run-1");
    *made.add_responses()->mutable_update_workflow() = ++times == 1 ? update_response() : completed("4");
    return made;
  });
  auto both = begin().get();
  EXPECT_EQ(both.workflow.id(), "cart-1");
  EXPECT_EQ(both.workflow.run_id(), "run-1");
  EXPECT_EQ(both.update.result().get(), 4);
  ASSERT_EQ(seen->size(), 2U) << "asked again until it is accepted";
  const auto& start = seen->back().operations(0).start_workflow();
  const auto& update = seen->back().operations(1).update_workflow();
  EXPECT_EQ(seen->front().operations(0).start_workflow().request_id(), start.request_id());
  EXPECT_EQ(start.workflow_type().name(), "cart_workflow");
  EXPECT_EQ(texts(start.input()), R"({"id":"o","cents":5})");
  EXPECT_EQ(update.workflow_execution().workflow_id(), "cart-1");
  EXPECT_EQ(update.workflow_execution().run_id(), "");
  EXPECT_EQ(texts(update.request().input().args()), R"(2 "ab")");
}

TEST_F(ClientUpdateWithStart, GoesByName) {
  const auto seen = serve<both_request, both_response>("ExecuteMultiOperation", [&](const auto&) {
    both_response made;
    made.add_responses()->mutable_start_workflow()->set_run_id("run-1");
    *made.add_responses()->mutable_update_workflow() = completed("4");
    return made;
  });
  const auto start = [&]() -> const auto& { return seen->back().operations(0).start_workflow(); };
  const auto update = [&]() -> const auto& { return seen->back().operations(1).update_workflow(); };
  const rondo::start_workflow_options how{
      .id = "cart-1", .task_queue = "q", .conflict = rondo::id_conflict_policy::use_existing};

  const auto both =
      client->start_update_with_start<int, int>("Foreign", how, "add", {.id = "u"}, std::tuple{2, "ab"}, 7).get();
  EXPECT_EQ(both.workflow.run_id(), "run-1");
  EXPECT_EQ(both.update.id(), "u");
  EXPECT_EQ(both.update.result().get(), 4);
  EXPECT_EQ(start().workflow_type().name(), "Foreign");
  EXPECT_EQ(texts(start().input()), "7");
  EXPECT_EQ(update().request().input().name(), "add");
  EXPECT_EQ(texts(update().request().input().args()), R"(2 "ab")");
  EXPECT_EQ(update().wait_policy().lifecycle_stage(), enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED);

  EXPECT_EQ(
      (client->start_update_with_start<double_it, int>(how, "more", {}, std::tuple{1}, 3).get().update.result()).get(),
      4);
  EXPECT_EQ(start().workflow_type().name(), rondo::name_of<double_it>);
  EXPECT_EQ(texts(start().input()), "3");
  EXPECT_EQ(update().request().input().name(), "more");

  const auto typed = client->start_update_with_start<cart_workflow, int>(how, "odd", {}, std::tuple<>(), what_).get();
  EXPECT_EQ(typed.update.result().get(), 4);
  EXPECT_EQ(start().workflow_type().name(), "cart_workflow");
  EXPECT_EQ(update().request().input().name(), "odd");
}

TEST_F(ClientUpdateWithStart, IsExecuted) {
  const auto seen = serve<both_request, both_response>("ExecuteMultiOperation", [&](const auto&) {
    both_response made;
    made.add_responses()->mutable_start_workflow()->set_run_id("run-1");
    *made.add_responses()->mutable_update_workflow() = accepted();
    return made;
  });
  const auto polled = serve<poll_request, poll_response>("PollWorkflowExecutionUpdate", [&](const auto&) {
    poll_response answer;
    add_json(*answer.mutable_outcome()->mutable_success(), "4");
    return answer;
  });
  const rondo::start_workflow_options how{
      .id = "cart-1", .task_queue = "q", .conflict = rondo::id_conflict_policy::use_existing};
  EXPECT_EQ(
      (client->execute_update_with_start<cart_workflow, &cart_workflow::add>(how, std::tuple{2, "ab"}, what_).get()),
      4);
  const auto& update = seen->back().operations(1).update_workflow();
  EXPECT_EQ(update.wait_policy().lifecycle_stage(), enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED);
  EXPECT_EQ(polled->back().update_ref().update_id(), update.request().meta().update_id());
  EXPECT_EQ(polled->back().update_ref().workflow_execution().run_id(), "run-1");
  EXPECT_EQ(client->execute_update_with_start<int>("Foreign", how, "add", std::tuple{2}, 7).get(), 4);
  EXPECT_EQ(seen->back().operations(0).start_workflow().workflow_type().name(), "Foreign");
  EXPECT_EQ((client->execute_update_with_start<double_it, int>(how, "add", std::tuple{2}, 7).get()), 4);
  EXPECT_EQ((client->execute_update_with_start<cart_workflow, int>(how, "add", std::tuple{2}, what_).get()), 4);
  EXPECT_EQ(seen->size(), 4U);
}

TEST_F(ClientUpdateWithStart, TellsWhichOfBothWasInTheWay) {
  temporal::api::errordetails::v1::MultiOperationExecutionFailure said;
  temporal::api::errordetails::v1::WorkflowExecutionAlreadyStartedFailure started;
  started.set_run_id("run-0");
  auto& first = *said.add_statuses();
  first.set_code(static_cast<int>(rondo::rpc_code::already_exists));
  first.set_message("it runs");
  first.add_details()->PackFrom(started);
  auto& second = *said.add_statuses();
  second.set_code(static_cast<int>(rondo::rpc_code::aborted));
  second.add_details()->set_type_url("type.googleapis.com/temporal.api.failure.v1.MultiOperationExecutionAborted");
  refuse("ExecuteMultiOperation", status_with(rondo::rpc_code::already_exists, "not executed", said));
  try {
    begin(rondo::id_conflict_policy::fail).get();
    FAIL() << "nothing was thrown";
  } catch (const rondo::workflow_already_started& error) {
    EXPECT_EQ(error.run_id(), "run-0");
    EXPECT_NE(std::string(error.what()).find("it runs"), std::string::npos);
  }
}

TEST_F(ClientUpdateWithStart, NeedsToKnowWhatToDoWithARunningOne) {
  EXPECT_NE(message_of<rondo::invalid_argument>([&] { begin({}).get(); }).find("start_workflow_options::conflict"),
            std::string::npos);
}

}  // namespace client_update_test
