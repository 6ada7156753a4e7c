#include <gtest/gtest.h>
#include <temporal/api/errordetails/v1/message.pb.h>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_state.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client_fixture.hpp"
#include "rondo/client.hpp"

namespace client_call_test {

using namespace client_test;
using namespace std::chrono_literals;
namespace details = temporal::api::errordetails::v1;
using rondo::rpc_code;

class ClientCall : public ClientTest {
 protected:
  void serve_count(std::int64_t number) {
    service::CountWorkflowExecutionsResponse response;
    response.set_count(number);
    serve<service::CountWorkflowExecutionsRequest>("CountWorkflowExecutions", response);
  }
  template <class Error, class Detail>
  std::string error_of(rpc_code code, const Detail& detail) {
    refuse("CountWorkflowExecutions", status_with(code, "words", detail));
    return message_of<Error>([this] { (void)client->count_workflows().get(); });
  }
};

TEST_F(ClientCall, IsAwaitedInCoroutines) {
  serve_count(4);
  const auto twice = [](rondo::client& with) -> asio::awaitable<std::int64_t> {
    const auto first = co_await with.count_workflows();
    auto call = with.count_workflows();
    const auto second = co_await std::move(call);
    co_return first.total + second.total;
  };
  EXPECT_EQ(client->run(twice(*client)), 8);
}

TEST_F(ClientCall, ThrowsIntoCoroutines) {
  refuse("CountWorkflowExecutions", rondo::rpc_status(rpc_code::permission_denied, "no"));
  const auto attempt = [](rondo::client& with) -> asio::awaitable<bool> {
    try {
      co_await with.count_workflows();
    } catch (const rondo::permission_denied&) {
      co_return true;
    }
    co_return false;
  };
  EXPECT_TRUE(client->run(attempt(*client)));
}

TEST_F(ClientCall, RunsOnTheExecutorOfTheClient) {
  serve_count(4);
  std::optional<std::int64_t> found;
  const auto ask = [](rondo::client& with, std::optional<std::int64_t>& into) -> asio::awaitable<void> {
    const auto count = co_await with.count_workflows();
    into = count.total;
  };
  asio::co_spawn(client->executor(), ask(*client, found), asio::detached);
  loop->run_until([&] { return found.has_value(); });
  EXPECT_EQ(found, 4);
}

TEST_F(ClientCall, CombinesWithOtherCoroutines) {
  using namespace asio::experimental::awaitable_operators;
  serve_count(4);
  const auto both = [](rondo::client& with) -> asio::awaitable<std::int64_t> {
    const auto [first, second] = co_await (with.count_workflows() && with.count_workflows());
    co_return first.total + second.total;
  };
  EXPECT_EQ(client->run(both(*client)), 8);
}

TEST_F(ClientCall, IsCancelledByAsio) {
  using namespace asio::experimental::awaitable_operators;
  server->hold(method_path("CountWorkflowExecutions"));
  const auto raced = [](rondo::client& with) -> asio::awaitable<std::size_t> {
    asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
    const auto first = co_await (with.count_workflows() || timer.async_wait(asio::use_awaitable));
    co_return first.index();
  };
  EXPECT_EQ(client->run(raced(*client)), 1U);
  EXPECT_EQ(server->pending(method_path("CountWorkflowExecutions")), 0U);
}

TEST_F(ClientCall, RefusesToBlockTheLoop) {
  serve_count(4);
  const auto nested = [](rondo::client& with) -> asio::awaitable<void> {
    (void)with.count_workflows().get();
    co_return;
  };
  EXPECT_THROW(client->run(nested(*client)), std::logic_error);
  EXPECT_EQ(calls("CountWorkflowExecutions"), 0U);
}

TEST_F(ClientCall, RefusesOtherExecutors) {
  serve_count(4);
  asio::io_context elsewhere;
  std::exception_ptr error;
  const auto ask = [](rondo::client& with) -> asio::awaitable<void> { co_await with.count_workflows(); };
  asio::co_spawn(elsewhere, ask(*client), [&error](std::exception_ptr failed) { error = std::move(failed); });
  elsewhere.run();
  ASSERT_TRUE(error);
  EXPECT_NE(message_of<std::logic_error>([&] { std::rethrow_exception(error); }).find("client.executor()"),
            std::string::npos);
}

TEST_F(ClientCall, IsUsedOnce) {
  serve_count(4);
  auto call = client->count_workflows();
  (void)call.get();
  EXPECT_THROW((void)call.get(), std::logic_error);
}

TEST_F(ClientCall, WaitsWhileAnotherThreadDrivesTheLoop) {
  serve_count(4);
  std::thread driver([this] { loop->run(); });
  const auto count = client->count_workflows().get();
  loop->stop();
  driver.join();
  EXPECT_EQ(count.total, 4);
}

TEST_F(ClientCall, NeedsItsClient) {
  serve_count(4);
  auto call = client->count_workflows();
  const auto handle = client->get_workflow_handle("w");
  client.reset();
  EXPECT_NE(message_of<std::logic_error>([&] { (void)call.get(); }).find("the client of this call is gone"),
            std::string::npos);
  EXPECT_THROW((void)handle.describe().get(), std::logic_error);
}

TEST_F(ClientCall, DropsWhatNobodyWaitsForAnyMore) {
  server->hold(method_path("CountWorkflowExecutions"));
  const auto ask = [](rondo::client& with) -> asio::awaitable<void> { co_await with.count_workflows(); };
  asio::co_spawn(client->executor(), ask(*client), asio::detached);
  while (calls("CountWorkflowExecutions") == 0) loop->poll();
}

TEST_F(ClientCall, TellsErrorsApart) {
  details::NamespaceNotFoundFailure missing;
  missing.set_namespace_("shop");
  refuse("CountWorkflowExecutions", status_with(rpc_code::not_found, "words", missing));
  try {
    (void)client->count_workflows().get();
    FAIL();
  } catch (const rondo::namespace_not_found& error) {
    EXPECT_EQ(error.namespace_(), "shop");
    EXPECT_NE(std::string(error.what()).find("client_options::namespace_"), std::string::npos);
  }
  EXPECT_NE(error_of<rondo::not_found>(rpc_code::not_found, details::NotFoundFailure()).find("words"),
            std::string::npos);
  EXPECT_NE(error_of<rondo::permission_denied>(rpc_code::permission_denied, details::PermissionDeniedFailure())
                .find("API key"),
            std::string::npos);
  EXPECT_EQ(error_of<rondo::invalid_argument>(rpc_code::invalid_argument, details::PermissionDeniedFailure()),
            "count workflows: INVALID_ARGUMENT: words");
  EXPECT_EQ(error_of<rondo::workflow_not_ready>(rpc_code::failed_precondition, details::WorkflowNotReadyFailure()),
            "count workflows: FAILED_PRECONDITION: words; try again");
  EXPECT_EQ(error_of<rondo::rpc_error>(rpc_code::failed_precondition, details::NotFoundFailure()),
            "count workflows: FAILED_PRECONDITION: words");
  EXPECT_EQ(error_of<rondo::rpc_error>(rpc_code::already_exists, details::NotFoundFailure()),
            "count workflows: ALREADY_EXISTS: words");
  EXPECT_NE(error_of<rondo::rpc_error>(rpc_code::unauthenticated, details::NotFoundFailure()).find("API key"),
            std::string::npos);
  EXPECT_NE(error_of<rondo::rpc_error>(rpc_code::unimplemented, details::NotFoundFailure()).find("too old"),
            std::string::npos);
}

TEST_F(ClientCall, TellsTheLimit) {
  details::ResourceExhaustedFailure limit;
  limit.set_cause(temporal::api::enums::v1::RESOURCE_EXHAUSTED_CAUSE_RPS_LIMIT);
  refuse("CountWorkflowExecutions", status_with(rpc_code::resource_exhausted, "words", limit));
  try {
    (void)client->count_workflows().get();
    FAIL();
  } catch (const rondo::resource_exhausted& error) {
    EXPECT_EQ(error.cause(), "RESOURCE_EXHAUSTED_CAUSE_RPS_LIMIT");
  }
}

TEST_F(ClientCall, BearsDetailsThatCannotBeRead) {
  rondo::rpc_status broken(rpc_code::not_found, "words");
  broken.details = "\xFF\xFF\xFF";
  refuse("CountWorkflowExecutions", broken);
  EXPECT_THROW((void)client->count_workflows().get(), rondo::not_found);
}

TEST(Client, SharesItsConnection) {
  const auto client = rondo::client::connect_lazy({.namespace_ = "shop", .identity = "me"});
  const auto copy = client;
  EXPECT_EQ(copy.connection(), client.connection());
  EXPECT_EQ(&copy.loop(), &client.loop());
  EXPECT_EQ(copy.namespace_(), "shop");
  EXPECT_EQ(copy.identity(), "me");
  EXPECT_FALSE(rondo::client::connect_lazy().identity().empty());
}

TEST(Client, ConnectsOnALoopThatExists) {
  io::event_loop loop;
  const auto client = rondo::client::connect({.lazy = true}, loop);
  EXPECT_EQ(&client.loop(), &loop);
}

class ClientCallWithSettings : public ClientCall {
 protected:
  /// Answers without end that nothing has happened yet.
  void serve_no_outcome() {
    serve<service::PollWorkflowExecutionUpdateRequest, service::PollWorkflowExecutionUpdateResponse>(
        "PollWorkflowExecutionUpdate");
  }
  auto outcome() const { return client->get_workflow_handle("w").get_update_handle<int>("u").result(); }
  rpc_code code_of(rondo::call<int> call) const {
    try {
      call.get();
    } catch (const rondo::rpc_error& error) {
      return error.code();
    }
    return rpc_code::ok;
  }
};

TEST_F(ClientCallWithSettings, EndsAfterItsTimeoutWhateverItWaitsFor) {
  serve_no_outcome();
  EXPECT_EQ(code_of(outcome().with_timeout(1ms)), rpc_code::deadline_exceeded);
  EXPECT_EQ(code_of(outcome().with_timeout(1h).with_timeout(1ms)), rpc_code::deadline_exceeded);
  EXPECT_EQ(code_of(outcome().with_timeout(1ms).with_timeout(1h)), rpc_code::deadline_exceeded);
  server->on(method_path("PollWorkflowExecutionUpdate"), [](const io::memory_transport::call&) {});
  EXPECT_EQ(code_of(outcome().with_timeout(1ms)), rpc_code::deadline_exceeded) << "no answer at all";
  refuse("PollWorkflowExecutionUpdate", rondo::rpc_status(rpc_code::deadline_exceeded, "held for too long"));
  EXPECT_EQ(code_of(outcome().with_timeout(1ms)), rpc_code::deadline_exceeded);
}

TEST_F(ClientCallWithSettings, HasItsResultBefore) {
  service::PollWorkflowExecutionUpdateResponse done;
  add_json(*done.mutable_outcome()->mutable_success(), "5");
  serve<service::PollWorkflowExecutionUpdateRequest>("PollWorkflowExecutionUpdate", done);
  EXPECT_EQ(outcome().with_timeout(1h).get(), 5);
  const auto twice = [this]() -> asio::awaitable<int> {
    const int first = co_await outcome().with_timeout(1h);
    const int second = co_await outcome().with_metadata("x-tenant", "gold");
    co_return first + second;
  };
  EXPECT_EQ(client->run(twice()), 10);
  refuse("PollWorkflowExecutionUpdate", rondo::rpc_status(rpc_code::permission_denied, "no"));
  EXPECT_EQ(code_of(outcome().with_timeout(1h)), rpc_code::permission_denied);
}

TEST_F(ClientCallWithSettings, SendsItsHeadersWithEachRequest) {
  std::vector<std::string> seen;
  const auto note = [&](const io::memory_transport::call& call) {
    seen.push_back(header(call.metadata(), "x-tenant") + header(call.metadata(), "x-two") + " " +
                   header(call.metadata(), "temporal-resource-id"));
  };
  server->on(method_path("StartWorkflowExecution"), [&](const io::memory_transport::call& call) {
    note(call);
    service::StartWorkflowExecutionResponse response;
    response.set_run_id("run-1");
    call.reply(response.SerializeAsString());
  });
  server->on(method_path("GetWorkflowExecutionHistory"), [&](const io::memory_transport::call& call) {
    note(call);
    service::GetWorkflowExecutionHistoryResponse response;
    response.mutable_history()->add_events()->mutable_workflow_execution_completed_event_attributes();
    call.reply(response.SerializeAsString());
  });
  client->execute_workflow<void>("W", {.id = "w", .task_queue = "q"})
      .with_metadata("X-Tenant", "gold")
      .with_metadata("x-two", "2")
      .get();
  EXPECT_EQ(seen, (std::vector<std::string>{"gold2 workflow:w", "gold2 workflow:w"}));
  client->execute_workflow<void>("W", {.id = "w", .task_queue = "q"}).get();
  EXPECT_EQ(seen.back(), " workflow:w") << "it is for that call alone";
}

TEST_F(ClientCallWithSettings, IsCancelledByAsio) {
  using namespace asio::experimental::awaitable_operators;
  server->hold(method_path("CountWorkflowExecutions"));
  const auto raced = [](rondo::client& with) -> asio::awaitable<std::size_t> {
    asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
    const auto first = co_await (with.count_workflows().with_timeout(1h) || timer.async_wait(asio::use_awaitable));
    co_return first.index();
  };
  EXPECT_EQ(client->run(raced(*client)), 1U);
  EXPECT_EQ(server->pending(method_path("CountWorkflowExecutions")), 0U);
}

TEST_F(ClientCallWithSettings, IsCancelledInEachWayThatTheCallerAllows) {
  const auto is_ended = [this](const std::string& method, auto call, asio::cancellation_type how) {
    server->hold(method_path(method));
    const auto caller = [](auto asked) -> asio::awaitable<void> {
      co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
      co_await std::move(asked);
    };
    const auto ended = std::make_shared<bool>(false);
    const auto signal = std::make_shared<asio::cancellation_signal>();
    auto note = [ended, signal](std::exception_ptr) { *ended = true; };
    asio::co_spawn(client->executor(), caller(std::move(call).with_timeout(1h)),
                   asio::bind_cancellation_slot(signal->slot(), std::move(note)));
    loop->run_until([&] { return server->pending(method_path(method)) == 1; });
    signal->emit(how);
    for (int round = 0; round < 100 && !*ended; ++round) loop->poll();
    return *ended && server->pending(method_path(method)) == 0;
  };
  for (const auto how :
       {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
    EXPECT_TRUE(is_ended("CountWorkflowExecutions", client->count_workflows(), how));
    EXPECT_TRUE(is_ended("RequestCancelWorkflowExecution", client->get_workflow_handle("w").cancel(), how));
  }
}

TEST_F(ClientCallWithSettings, HoldsForPagesOfLists) {
  serve<service::ListWorkflowExecutionsRequest, service::ListWorkflowExecutionsResponse>("ListWorkflowExecutions");
  auto list = client->list_workflows();
  EXPECT_TRUE(list.next_page().with_metadata("x-tenant", "gold").get().empty());
  EXPECT_EQ(header(headers, "x-tenant"), "gold");
}

TEST_F(ClientCallWithSettings, RefusesWhatMakesNoSense) {
  EXPECT_THROW((void)outcome().with_timeout(0s), std::invalid_argument);
  EXPECT_THROW((void)outcome().with_metadata("no name", "x"), std::invalid_argument);
  EXPECT_THROW((void)outcome().with_metadata("x-tenant", "a\nb"), std::invalid_argument);
  auto call = outcome();
  (void)std::move(call).with_timeout(1h);
  EXPECT_THROW((void)std::move(call).with_timeout(1h), std::logic_error);
  EXPECT_THROW(call.get(), std::logic_error);
}

}  // namespace client_call_test
