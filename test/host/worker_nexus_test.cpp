#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "host/nexus_fixture.hpp"
#include "rondo/codec.hpp"
#include "rondo/data_options.hpp"
#include "rondo/detail/data/payload_fields.hpp"
#include "rondo/detail/data/pipeline.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/worker/nexus_token.hpp"
#include "rondo/detail/worker/session.hpp"
#include "rondo/failure.hpp"
#include "rondo/nexus.hpp"
#include "support/envelope_codec.hpp"
#include "support/owned_text.hpp"

// How a worker answers the requests of Nexus callers.
namespace rondo::test::nexus_requests_test {

using namespace std::chrono_literals;
using start_request = service::StartWorkflowExecutionRequest;
using start_answer = service::StartWorkflowExecutionResponse;
using cancel_request = service::RequestCancelWorkflowExecutionRequest;
using detail::engine::Failure;

struct shop {
  static constexpr std::string_view name = "shop";
  static constexpr nexus_operation<int, int> doubled{"doubled"};
  static constexpr nexus_operation<void, void> wave{"wave"};
  static constexpr nexus_operation<std::string, int> order{"order"};
  static constexpr nexus_operation<int, int> twice{"twice"};
  static constexpr nexus_operation<int, int> confused{"confused"};
  static constexpr nexus_operation<void, void> waits{"waits"};
  static constexpr nexus_operation<void, int> stubborn{"stubborn"};
  static constexpr nexus_operation<std::string, void> throws{"throws"};
  static constexpr nexus_operation<void, int> tells{"tells"};
  static constexpr nexus_operation<void, int> chosen{"chosen"};
  static constexpr nexus_operation<owned_text, owned_text> seals{"seals"};
  static constexpr nexus_operation<owned_text, owned_text> seals_later{"seals_later"};
};

task<int> packs(int pieces) { co_return pieces; }

asio::awaitable<void> wait_for_ever() {
  asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
  co_await timer.async_wait(asio::use_awaitable);
}
application_failure broken_safe() {
  application_failure made("broken", {.type = "Broken"});
  made.set_details({{.metadata = {{"encoding", "json/plain"}}, .data = "\"pa55word\""}});
  return made;
}
void throw_it(const std::string& what) {
  if (what == "operation") throw nexus_operation_error("out of stock");
  if (what == "details") throw broken_safe();
  if (what == "operation and details") {
    nexus_operation_error error("out of stock");
    error.set_cause(std::make_exception_ptr(broken_safe()));
    throw error;
  }
  throw std::runtime_error(what);
}

owned_text seal(const owned_text& what) { return {what.text + " again"}; }
asio::awaitable<owned_text> seal_later(owned_text what) { co_return seal(what); }

class worker_nexus : public worker_nexus_test {
 protected:
  using worker_nexus_test::worker_nexus_test;

  static registry app() {
    registry all;
    all.nexus_service(nexus_handlers<shop>()
                          .operation(shop::doubled, [](int value) { return value * 2; })
                          .operation(shop::wave, [](nexus_context& context) { context.logger().info("waved"); })
                          .operation(shop::order,
                                     [](nexus_context& context, const std::string& id) {
                                       context.add_link({.url = "https://orders", .type = "order"});
                                       return context.start_workflow<packs>({.id = id}, 7);
                                     })
                          .operation(shop::twice,
                                     [](nexus_context& context, int pieces) {
                                       (void)context.start_workflow<packs>({}, pieces);
                                       return context.start_workflow<packs>({}, pieces);
                                     })
                          .operation(shop::confused,
                                     [](nexus_context& context, int pieces) {
                                       (void)context.start_workflow<packs>({}, pieces);
                                       return pieces;
                                     })
                          .operation(shop::waits, wait_for_ever)
                          .operation(shop::stubborn,
                                     [](nexus_context& context) {
                                       while (!context.cancelled()) std::this_thread::yield();
                                       return 1;
                                     })
                          .operation(shop::throws, throw_it)
                          .operation(shop::tells,
                                     [](nexus_context& context) {
                                       context.add_link({.url = "https://orders", .type = "order"});
                                       return 1;
                                     })
                          .operation(shop::seals, seal)
                          .operation(shop::seals_later, seal_later)
                          .operation(shop::chosen, [](nexus_context& context) {
                            return context.start_workflow<packs>(
                                {.id = "mine", .task_queue = "elsewhere", .conflict = id_conflict_policy::fail}, 1);
                          }));
    return all;
  }
};

TEST_F(worker_nexus, answers_with_what_the_handler_returns) {
  start(app());
  const auto answer = completion_of(request("doubled", "21"));
  EXPECT_EQ(answer.task_token(), "task");
  EXPECT_EQ(answer.namespace_(), "shop");
  EXPECT_EQ(answer.identity(), "tester");
  EXPECT_EQ(answer.poller_group_id(), "group");
  EXPECT_EQ(answer.response().start_operation().sync_success().payload().data(), "42");
}

TEST_F(worker_nexus, answers_with_null_for_nothing) {
  start(app());
  const auto answer = completion_of(request("wave"));
  const auto& payload = answer.response().start_operation().sync_success().payload();
  EXPECT_EQ(payload.metadata().at("encoding"), "binary/null");
  EXPECT_NE(log->text().find("nexus_operation=wave"), std::string::npos) << log->text();
}

TEST_F(worker_nexus, knows_whose_the_values_of_an_operation_are) {
  start(app());
  for (const std::string operation : {"seals", "seals_later"}) {
    auto what = request(operation, "null");
    what.mutable_request()->set_endpoint("bank");
    auto& input = *what.mutable_request()->mutable_start_operation()->mutable_payload();
    (*input.mutable_metadata())["encoding"] = "test/owned";
    const std::string owner = " for / nexus bank shop." + operation;
    input.set_data("word" + owner);
    const auto answer = completion_of(what);
    EXPECT_EQ(answer.response().start_operation().sync_success().payload().data(), "word again" + owner);
  }
}

TEST_F(worker_nexus, starts_the_workflow_that_the_handler_asks_for) {
  server.answer<start_request, start_answer>([](const auto&, auto& response) {
    response.set_run_id("run-1");
    return rpc_status();
  });
  start(app());
  const auto answer = completion_of(request("order", R"("order 7")"));
  const auto sent = server.seen<start_request>().at(0);
  EXPECT_EQ(sent.workflow_id(), "order 7");
  EXPECT_EQ(sent.workflow_type().name(), "packs");
  EXPECT_EQ(sent.task_queue().name(), "queue");
  EXPECT_EQ(sent.request_id(), "request-1");
  EXPECT_EQ(sent.input().payloads(0).data(), "7");
  EXPECT_EQ(sent.workflow_id_conflict_policy(), enums::WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING);
  const std::string token = detail::worker::workflow_token("shop", "order 7");
  EXPECT_EQ(sent.completion_callbacks(0).nexus().header().at("nexus-operation-token"), token);
  const auto& started = answer.response().start_operation().async_success();
  EXPECT_EQ(started.operation_token(), token);
  ASSERT_EQ(started.links_size(), 2);
  EXPECT_EQ(started.links(0).url(),
            "temporal:///namespaces/shop/workflows/order%207/run-1/"
            "history?eventID=1&eventType=WorkflowExecutionStarted&referenceType=EventReference");
  EXPECT_EQ(started.links(1).url(), "https://orders");
}

TEST_F(worker_nexus, gives_links_with_what_ends_at_once) {
  start(app());
  const auto told = completion_of(request("tells")).response().start_operation().sync_success();
  ASSERT_EQ(told.links_size(), 1);
  EXPECT_EQ(told.links(0).url(), "https://orders");
}

TEST_F(worker_nexus, starts_workflows_as_the_handler_says) {
  start(app());
  completion_of(request("chosen"));
  const auto sent = server.seen<start_request>().at(0);
  EXPECT_EQ(sent.workflow_id(), "mine");
  EXPECT_EQ(sent.task_queue().name(), "elsewhere");
  EXPECT_EQ(sent.workflow_id_conflict_policy(), enums::WORKFLOW_ID_CONFLICT_POLICY_FAIL);
}

TEST_F(worker_nexus, names_workflows_after_the_request_if_nobody_else_does) {
  start(app());
  completion_of(request("order", R"("")"));
  EXPECT_EQ(server.seen<start_request>().at(0).workflow_id(), "request-1");
}

TEST_F(worker_nexus, tells_why_a_workflow_was_not_started) {
  start(app());
  server.fail<start_request>(rpc_code::failed_precondition, "not now");
  const auto refusal = refusal_of(request("order", R"("x")"));
  EXPECT_TRUE(refusal.starts_with("INTERNAL: ")) << refusal;
  EXPECT_NE(refusal.find("not now"), std::string::npos) << refusal;
  EXPECT_EQ(server.seen<failed>().back().failure().nexus_handler_failure_info().retry_behavior(),
            enums::NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_NON_RETRYABLE);
}

TEST_F(worker_nexus, refuses_what_it_cannot_do) {
  start(app());
  auto strange = request("doubled", "1");
  strange.mutable_request()->mutable_start_operation()->set_service("bank");
  EXPECT_EQ(refusal_of(strange), "NOT_FOUND: there is no Nexus service 'bank' here");
  EXPECT_EQ(refusal_of(request("steal")), "NOT_FOUND: the Nexus service 'shop' has no operation 'steal'");
  EXPECT_TRUE(refusal_of(request("doubled", R"("x")")).starts_with("BAD_REQUEST: cannot read "));
  auto hurried = request("doubled", "1");
  (*hurried.mutable_request()->mutable_header())["Request-Timeout"] = "soon";
  EXPECT_TRUE(refusal_of(hurried).starts_with("BAD_REQUEST: header request-timeout: 'soon' is not a duration"));
  auto unknown = request("doubled", "1");
  unknown.mutable_request()->clear_start_operation();
  EXPECT_TRUE(refusal_of(unknown).starts_with("NOT_FOUND: ")) << "it names no service";
  EXPECT_EQ(server.count<completed>(), 0U);
}

TEST_F(worker_nexus, refuses_handlers_that_contradict_themselves) {
  start(app());
  EXPECT_EQ(refusal_of(request("twice", "1")),
            "INTERNAL: start_workflow: a handler of a Nexus operation may start one thing only");
  EXPECT_EQ(refusal_of(request("confused", "1")),
            "INTERNAL: the handler started something, but returned something else than what that gave");
  EXPECT_EQ(server.count<start_request>(), 0U);
}

TEST_F(worker_nexus, tells_older_servers_of_failures_in_their_way) {
  start(app());
  auto old = request("throws", R"("broken")");
  old.mutable_request()->clear_capabilities();
  server.give(queue::nexus, old);
  ASSERT_TRUE(until_seen<failed>());
  const auto answer = server.seen<failed>().back();
  EXPECT_FALSE(answer.has_failure());
  EXPECT_EQ(answer.error().error_type(), "INTERNAL");
  EXPECT_EQ(answer.error().failure().message(), "broken");
  old.mutable_request()->mutable_start_operation()->mutable_payload()->set_data(R"("operation")");
  const auto end = completion_of(old).response().start_operation();
  EXPECT_EQ(end.operation_error().operation_state(), "failed");
  EXPECT_EQ(end.operation_error().failure().message(), "out of stock");
}

TEST_F(worker_nexus, ends_operations_that_have_failed) {
  start(app());
  const auto end = completion_of(request("throws", R"("operation")")).response().start_operation();
  EXPECT_EQ(end.failure().message(), "out of stock");
  EXPECT_EQ(end.failure().application_failure_info().type(), "OperationError");
}

TEST_F(worker_nexus, cancels_the_workflow_behind_an_operation) {
  start(app());
  const auto answer = completion_of(cancel_of(detail::worker::workflow_token("shop", "order 7")));
  EXPECT_TRUE(answer.response().has_cancel_operation());
  const auto sent = server.seen<cancel_request>().at(0);
  EXPECT_EQ(sent.workflow_execution().workflow_id(), "order 7");
  EXPECT_EQ(sent.namespace_(), "shop");
  EXPECT_EQ(sent.reason(), "the Nexus operation was cancelled");
}

TEST_F(worker_nexus, refuses_to_cancel_what_it_does_not_know) {
  start(app());
  EXPECT_EQ(refusal_of(cancel_of("")), "BAD_REQUEST: the operation token is missing");
  EXPECT_EQ(refusal_of(cancel_of(detail::worker::workflow_token("bank", "w"))),
            "BAD_REQUEST: the operation token is of namespace 'bank'");
  server.fail<cancel_request>(rpc_code::not_found, "no such workflow");
  EXPECT_TRUE(refusal_of(cancel_of(detail::worker::workflow_token("shop", "w"))).starts_with("NOT_FOUND: "));
}

TEST_F(worker_nexus, leaves_requests_that_take_too_long) {
  start(app());
  for (const auto* operation : {"waits", "stubborn"}) {
    auto hurried = request(operation);
    (*hurried.mutable_request()->mutable_header())["request-timeout"] = "5ms";
    server.give(queue::nexus, hurried);
    ASSERT_TRUE(until([this] { return server.left(queue::nexus) == 0 && idle(); })) << operation;
  }
  EXPECT_EQ(server.count<completed>() + server.count<failed>(), 0U) << "nobody waits for an answer";
  EXPECT_NE(log->text().find("a Nexus request was not answered in time"), std::string::npos);
}

TEST_F(worker_nexus, gives_back_what_it_cannot_end_when_it_stops) {
  auto how = options();
  how.graceful_shutdown_timeout = 1ms;
  start(app(), how);
  server.give(queue::nexus, request("waits"));
  ASSERT_TRUE(until([this] { return worker->session().in_flight().nexus_tasks == 1; }));
  stop();
  ASSERT_EQ(server.count<failed>(), 1U);
  const auto answer = server.seen<failed>().back();
  EXPECT_EQ(answer.failure().nexus_handler_failure_info().type(), "UNAVAILABLE");
  EXPECT_EQ(answer.failure().nexus_handler_failure_info().retry_behavior(),
            enums::NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_RETRYABLE);
  const auto told = server.seen<service::ShutdownWorkerRequest>().back();
  ASSERT_EQ(told.task_queue_types_size(), 1);
  EXPECT_EQ(told.task_queue_types(0), enums::TASK_QUEUE_TYPE_NEXUS);
}

TEST_F(worker_nexus, lets_handlers_end_when_it_stops) {
  auto how = options();
  how.abandon_timeout = 10s;
  start(app(), how);
  server.give(queue::nexus, request("stubborn"));
  ASSERT_TRUE(until([this] { return worker->session().in_flight().nexus_tasks == 1; }));
  stop();
  ASSERT_EQ(server.count<completed>(), 1U) << "it was asked to stop, and answered";
}

TEST_F(worker_nexus, needs_slots_and_pollers) {
  auto how = options();
  how.max_concurrent_nexus_tasks = 0;
  EXPECT_THROW(begin(app(), how), std::invalid_argument);
  how.max_concurrent_nexus_tasks = 1;
  how.max_nexus_pollers = 0;
  EXPECT_THROW(begin(app(), how), std::invalid_argument);
  how.activity_only = true;
  EXPECT_THROW(begin(app(), how), std::invalid_argument) << "nothing is left to run";
}

// ---- failures and codecs

/// Has a codec that waits for others.
class sealed_worker_nexus : public worker_nexus {
 protected:
  explicit sealed_worker_nexus(bool hides = false) : sealed_worker_nexus(sealed(hides)) {}
  explicit sealed_worker_nexus(const client_options& how) : worker_nexus(how), data(how.data) {}

  static client_options sealed(bool hides) {
    client_options made;
    made.data.codecs = {std::make_shared<envelope_codec>("sealed", true)};
    made.data.encode_failure_texts = hides;
    return made;
  }
  static nexus_task throwing(const std::string& what, bool old) {
    // The codec leaves arguments alone that it has not sealed.
    auto made = request("throws", '"' + what + '"');
    if (old) made.mutable_request()->clear_capabilities();
    return made;
  }
  failed failure_of(const nexus_task& what) {
    server.give(queue::nexus, what);
    EXPECT_TRUE(until_seen<failed>());
    return server.seen<failed>().back();
  }
  /// What older servers make of it.
  static Failure read(const temporal::api::nexus::v1::Failure& from) {
    Failure made;
    EXPECT_EQ(from.metadata().at("type"), "temporal.api.failure.v1.Failure");
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(from.details(), &made).ok()) << from.details();
    made.set_message(from.message());
    return made;
  }
  /// Decoded once, as by the caller.
  Failure opened(const Failure& from) const {
    Failure made;
    const detail::data::pipeline through(data);
    EXPECT_TRUE(made.ParseFromString(
        through.decode(detail::data::node::failure_Failure, from.SerializeAsString(), {.namespace_ = "shop"})));
    return made;
  }
  /// The only detail is sealed, once.
  void expect_sealed(const Failure& told) const {
    const auto& detail = told.application_failure_info().details().payloads(0);
    EXPECT_EQ(detail.metadata().at("encoding"), "sealed");
    EXPECT_EQ(detail.metadata().at("owner"), "shop/");
    EXPECT_EQ(opened(told).application_failure_info().details().payloads(0).data(), "\"pa55word\"");
  }

  const data_options data;
};

TEST_F(sealed_worker_nexus, seals_failures_of_requests_for_older_servers) {
  start(app());
  const auto answer = failure_of(throwing("details", true));
  EXPECT_FALSE(answer.has_failure());
  EXPECT_EQ(answer.error().error_type(), "INTERNAL");
  EXPECT_EQ(answer.error().failure().message(), "broken");
  expect_sealed(read(answer.error().failure()));
}

TEST_F(sealed_worker_nexus, seals_failures_of_operations_for_older_servers) {
  start(app());
  const auto end = completion_of(throwing("operation and details", true)).response().start_operation();
  EXPECT_EQ(end.operation_error().operation_state(), "failed");
  const auto told = read(end.operation_error().failure());
  EXPECT_EQ(told.message(), "out of stock");
  EXPECT_EQ(told.application_failure_info().type(), "OperationError");
  EXPECT_EQ(told.cause().message(), "broken");
  expect_sealed(told.cause());
}

TEST_F(sealed_worker_nexus, seals_failures_once_for_newer_servers) {
  start(app());
  const auto answer = failure_of(throwing("details", false));
  EXPECT_FALSE(answer.has_error());
  EXPECT_EQ(answer.failure().nexus_handler_failure_info().type(), "INTERNAL");
  expect_sealed(answer.failure().cause());
  const auto end = completion_of(throwing("operation and details", false)).response().start_operation();
  EXPECT_FALSE(end.has_operation_error());
  EXPECT_EQ(end.failure().message(), "out of stock");
  expect_sealed(end.failure().cause());
}

class hiding_worker_nexus : public sealed_worker_nexus {
 protected:
  hiding_worker_nexus() : sealed_worker_nexus(true) {}

  static void expect_hidden(const google::protobuf::Message& told) {
    for (const std::string text : {"broken", "out of stock", "pa55word", "steal"}) {
      EXPECT_EQ(told.SerializeAsString().find(text), std::string::npos) << told.DebugString();
    }
  }
};

TEST_F(hiding_worker_nexus, hides_texts_from_older_servers) {
  start(app());
  const auto answer = failure_of(throwing("details", true));
  expect_hidden(answer);
  EXPECT_EQ(answer.error().failure().message(), "Encoded failure");
  const auto told = opened(read(answer.error().failure()));
  EXPECT_EQ(detail::engine::message_in(told), "broken");
  EXPECT_EQ(told.application_failure_info().type(), "Broken");
  expect_sealed(read(answer.error().failure()));

  const auto end = completion_of(throwing("operation and details", true));
  expect_hidden(end);
  const auto whole = opened(read(end.response().start_operation().operation_error().failure()));
  EXPECT_EQ(detail::engine::message_in(whole), "out of stock");
  EXPECT_EQ(detail::engine::message_in(whole.cause()), "broken");
}

TEST_F(hiding_worker_nexus, hides_texts_without_a_cause_from_older_servers) {
  start(app());
  auto old = request("steal");
  old.mutable_request()->clear_capabilities();
  const auto answer = failure_of(old);
  expect_hidden(answer);
  EXPECT_EQ(answer.error().error_type(), "NOT_FOUND");
  EXPECT_EQ(answer.error().failure().message(), "Encoded failure");
  EXPECT_EQ(detail::engine::message_in(opened(read(answer.error().failure()))),
            "the Nexus service 'shop' has no operation 'steal'");
}

class keyless_codec final : public codec {
 public:
  void encode(std::span<payload> /*payloads*/, const serialization_context& /*context*/) const override {
    throw codec_error("no key");
  }
  void decode(std::span<payload> /*payloads*/, const serialization_context& /*context*/) const override {}
};

class keyless_worker_nexus : public worker_nexus {
 protected:
  keyless_worker_nexus() : worker_nexus(keyless()) {}

  static client_options keyless() {
    client_options made;
    made.data.codecs = {std::make_shared<keyless_codec>()};
    return made;
  }
};

TEST_F(keyless_worker_nexus, tells_older_servers_that_a_failure_cannot_be_encoded) {
  start(app());
  auto old = request("throws", R"("operation and details")");
  old.mutable_request()->clear_capabilities();
  server.give(queue::nexus, old);
  ASSERT_TRUE(until_seen<failed>());
  EXPECT_EQ(server.count<completed>(), 0U);
  const auto answer = server.seen<failed>().back();
  EXPECT_EQ(answer.error().failure().message(), "payloads could not be encoded: no key");
  EXPECT_EQ(answer.error().retry_behavior(), enums::NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_NON_RETRYABLE);
}

TEST(nexus_services, have_names_and_operations) {
  registry app;
  EXPECT_THROW(app.nexus_service(nexus_handlers<shop>()), std::invalid_argument);
  nexus_handlers<shop> handlers;
  handlers.operation(shop::doubled, [](int value) { return value; });
  EXPECT_THROW(handlers.operation(shop::doubled, [](int value) { return value; }), std::invalid_argument);
  app.nexus_service(handlers);
  EXPECT_THROW(app.nexus_service(handlers), std::invalid_argument) << "registered twice";
  EXPECT_EQ(app.nexus_service_names(), std::vector<std::string>{"shop"});
}

}  // namespace rondo::test::nexus_requests_test
