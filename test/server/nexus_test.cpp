#include "rondo/nexus.hpp"

#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <chrono>
#include <exception>
#include <string>
#include <string_view>

#include "fixture.hpp"
#include "nexus_fixture.hpp"
#include "rondo/workflow.hpp"

// Nexus operations beside a server: callers and handlers, in one worker.
namespace rondo::test::nexus_test {

using namespace std::chrono_literals;

struct order {
  std::string id{};
  int pieces = 0;
};

struct shop {
  static constexpr std::string_view name = "shop";
  static constexpr nexus_operation<std::string, std::string> greet{"greet"};
  static constexpr nexus_operation<std::string, std::string> greet_later{"greet_later"};
  static constexpr nexus_operation<void, void> open{"open"};
  static constexpr nexus_operation<order, int> pack{"pack"};
  static constexpr nexus_operation<std::string, std::string> waits{"waits"};
  static constexpr nexus_operation<std::string, void> fails{"fails"};
  static constexpr nexus_operation<void, std::string> tells{"tells"};
  static constexpr nexus_operation<std::string, void> notifies{"notifies"};
};

task<int> packs(order what) {
  co_await workflow::sleep(1ms);
  co_return what.pieces * 2;
}
/// Goes on until it is cancelled.
task<std::string> waits_for_end(std::string what) {
  co_await workflow::sleep(1h);
  co_return what;
}

asio::awaitable<std::string> greet_later(nexus_context& context, std::string name) {
  co_return context.info().operation + " " + name;
}
void fail(std::string how) {
  if (how == "failed") {
    nexus_operation_error error("out of stock");
    error.set_cause(std::make_exception_ptr(application_failure("no parts", {.type = "Stock"})));
    throw error;
  }
  if (how == "cancelled") throw nexus_operation_cancelled("closed");
  if (how == "refused") throw nexus_handler_failure("what?", nexus_error::bad_request);
  if (how == "broken") throw application_failure("broken", {.type = "Broken", .non_retryable = true});
}
/// Tells another workflow.
asio::awaitable<void> notify(nexus_context& context, std::string workflow_id) {
  const auto other = context.client().get_workflow_handle(workflow_id);
  co_await other.signal("news", workflow_id);
}
/// What the request says of itself.
std::string tell(nexus_context& context) {
  const auto& about = context.info();
  return about.service + "." + about.operation + " " + about.headers.at("tenant") + " " +
         (about.request_id.empty() ? "anonymous" : "named") + " " +
         (about.deadline == std::chrono::sys_time<duration>::max() ? "endless" : "limited") + " " +
         (about.links.size() == 1 && about.links[0].type == "temporal.api.common.v1.Link.WorkflowEvent" ? "linked"
                                                                                                        : "alone");
}

task<std::string> calls_at_once(std::string endpoint, std::string name) {
  const workflow::nexus_service<shop> service(endpoint);
  co_await service.execute(shop::open, {});
  const std::string first = co_await service.execute(shop::greet, {}, name);
  const std::string second = co_await service.execute(shop::greet_later, {}, name);
  co_return first + ", " + second;
}
task<std::string> asks_about_itself(std::string endpoint) {
  const workflow::nexus_service<shop> service(endpoint);
  const nexus_header headers[] = {{"tenant", "t-7"}};
  const nexus_operation_options options{.schedule_to_close_timeout = 20s, .headers = headers};
  co_return co_await service.execute(shop::tells, options);
}
task<> has_somebody_told(std::string endpoint, std::string whom) {
  const workflow::nexus_service<shop> service(endpoint);
  co_await service.execute(shop::notifies, {}, whom);
}
task<std::string> orders(std::string endpoint, std::string id) {
  const workflow::nexus_service<shop> service(endpoint);
  const order what{.id = id, .pieces = 21};
  auto handle = co_await service.start(shop::pack, {.summary = "packs"}, what);
  const int pieces = co_await handle.result();
  co_return (handle.token().empty() ? "no token, " : "token, ") + std::to_string(pieces);
}

task<std::string> meets_failure(std::string endpoint, std::string how) {
  const workflow::nexus_service<shop> service(endpoint);
  auto made = co_await workflow::as_result(service.execute(shop::fails, {}, how));
  co_return made ? "done" : nexus_texts_of(made.error());
}
task<std::string> calls_by_name(std::string endpoint, std::string operation) {
  auto made = co_await workflow::as_result(
      workflow::execute_nexus<int>({.endpoint = endpoint, .service = "shop", .operation = operation}, {}, "seven"));
  co_return made ? "done" : nexus_texts_of(made.error());
}
task<std::string> runs_out_of_time(std::string endpoint, std::string id) {
  const workflow::nexus_service<shop> service(endpoint);
  auto made = co_await workflow::as_result(service.execute(shop::waits, {.schedule_to_close_timeout = 2s}, id));
  co_return made ? "done" : nexus_texts_of(made.error());
}

/// Starts an operation, cancels it and tells how that ended for it.
task<std::string> cancels(std::string endpoint, std::string id, int how) {
  const workflow::nexus_service<shop> service(endpoint);
  const nexus_operation_options options{.cancellation = static_cast<cancellation_type>(how)};
  auto handle = co_await service.start(shop::waits, options, id);
  handle.cancel();
  auto made = co_await workflow::as_result(handle.result());
  co_return made ? "done" : nexus_texts_of(made.error());
}

class nexus_operations : public nexus_server_test {
 protected:
  std::string id = "behind-" + detail::random_uuid();

  static registry app() {
    registry all;
    all.nexus_service(nexus_handlers<shop>()
                          .operation(shop::greet, [](const std::string& name) { return "hello " + name; })
                          .operation(shop::greet_later, greet_later)
                          .operation(shop::open, [] {})
                          .operation(shop::pack,
                                     [](nexus_context& context, const order& what) {
                                       return context.start_workflow<packs>({.id = what.id}, what);
                                     })
                          .operation(shop::waits,
                                     [](nexus_context& context, const std::string& what) {
                                       return context.start_workflow<waits_for_end>({.id = what}, what);
                                     })
                          .operation(shop::fails, fail)
                          .operation(shop::tells, tell)
                          .operation(shop::notifies, notify));
    all.workflow<packs>().workflow<waits_for_end>();
    all.workflow<calls_at_once>().workflow<asks_about_itself>().workflow<orders>().workflow<meets_failure>();
    all.workflow<calls_by_name>().workflow<runs_out_of_time>().workflow<cancels>().workflow<has_somebody_told>();
    return all;
  }
  bool ends_as(const std::string& workflow_id, workflow_status wanted) const {
    const auto handle = client.get_workflow_handle(workflow_id);
    return eventually([&] { return handle.describe().get().status == wanted; });
  }
  std::string cancelled_with(cancellation_type how) {
    const int number = static_cast<int>(how);
    return client.execute_workflow<cancels>(start(), endpoint, id, number).get();
  }
};

TEST_F(nexus_operations, AnswerAtOnce) {
  running_worker worker(app(), options());
  EXPECT_EQ(client.execute_workflow<calls_at_once>(start(), endpoint, "ada").get(), "hello ada, greet_later ada");
}

TEST_F(nexus_operations, TellTheirHandlersAboutTheRequest) {
  running_worker worker(app(), options());
  EXPECT_EQ(client.execute_workflow<asks_about_itself>(start(), endpoint).get(), "shop.tells t-7 named limited linked");
}

TEST_F(nexus_operations, GoOnAsWorkflows) {
  running_worker worker(app(), options());
  const auto caller = client.start_workflow<orders>(start(), endpoint, id).get();
  EXPECT_EQ(caller.result().get(), "token, 42");
  EXPECT_TRUE(ends_as(id, workflow_status::completed));

  // The caller's history leads to the workflow, and the other way round.
  bool linked = false;
  const auto of_caller = history_of(caller.id());
  for (const auto& event : of_caller.events()) {
    if (event.event_type() != enums::EVENT_TYPE_NEXUS_OPERATION_STARTED) continue;
    ASSERT_EQ(event.links_size(), 1);
    linked = event.links(0).workflow_event().workflow_id() == id;
  }
  EXPECT_TRUE(linked);
  const auto first = history_of(id).events(0);
  const auto& callbacks = first.workflow_execution_started_event_attributes().completion_callbacks();
  ASSERT_EQ(callbacks.size(), 1);
  ASSERT_GE(first.links_size() + callbacks[0].links_size(), 1);
  const auto& back = first.links_size() > 0 ? first.links(0) : callbacks[0].links(0);
  EXPECT_EQ(back.workflow_event().workflow_id(), caller.id());
}

TEST_F(nexus_operations, LeadFromTheSignalsOfTheirHandlersToTheirCallers) {
  running_worker worker(app(), options());
  const auto told = client.start_workflow<waits_for_end>({.id = id, .task_queue = queue}, "x").get();
  const auto caller = client.start_workflow<has_somebody_told>(start(), endpoint, id).get();
  caller.result().get();
  std::string from;
  const auto of_told = history_of(id);
  for (const auto& event : of_told.events()) {
    if (event.event_type() != enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED) continue;
    ASSERT_EQ(event.links_size(), 1);
    from = event.links(0).workflow_event().workflow_id();
  }
  EXPECT_EQ(from, caller.id());
  told.terminate().get();
}

TEST_F(nexus_operations, ShareAWorkflowThatRunsAlready) {
  running_worker worker(app(), options());
  const auto behind = client.start_workflow<waits_for_end>({.id = id, .task_queue = queue}, "x").get();
  const auto caller = client
                          .start_workflow<cancels>(start(), endpoint, id,
                                                   static_cast<int>(cancellation_type::wait_cancellation_completed))
                          .get();
  EXPECT_EQ(caller.result().get(), "operation shop.waits; cancelled");
  EXPECT_TRUE(ends_as(id, workflow_status::cancelled));
  EXPECT_EQ(behind.run_id(), client.get_workflow_handle(id).describe().get().run_id);
}

TEST_F(nexus_operations, ReplayWhenTheirCallersAreNotKeptInMemory) {
  auto how = options();
  how.max_cached_workflows = 0;
  running_worker worker(app(), how);
  EXPECT_EQ(client.execute_workflow<orders>(start(), endpoint, id).get(), "token, 42");
  EXPECT_EQ(client.execute_workflow<meets_failure>(start(), endpoint, "cancelled").get(),
            "operation shop.fails; cancelled");
}

TEST_F(nexus_operations, FailAsTheirHandlersSay) {
  running_worker worker(app(), options());
  const auto failure = [&](const std::string& how) {
    return client.execute_workflow<meets_failure>(start(), endpoint, how).get();
  };
  EXPECT_EQ(failure("not at all"), "done");
  EXPECT_EQ(failure("failed"),
            "operation shop.fails; application OperationError: out of stock; application Stock: no parts");
  EXPECT_EQ(failure("cancelled"), "operation shop.fails; cancelled");
  EXPECT_EQ(failure("refused"), "operation shop.fails; handler BAD_REQUEST: what?");
  EXPECT_EQ(failure("broken"), "operation shop.fails; handler INTERNAL: broken");
}

TEST_F(nexus_operations, RefuseWhatTheyDoNotKnow) {
  running_worker worker(app(), options());
  EXPECT_EQ(client.execute_workflow<calls_by_name>(start(), endpoint, "steal").get(),
            "operation shop.steal; handler NOT_FOUND: the Nexus service 'shop' has no operation 'steal'");
  const auto unreadable = client.execute_workflow<calls_by_name>(start(), endpoint, "pack").get();
  EXPECT_TRUE(unreadable.starts_with("operation shop.pack; handler BAD_REQUEST: cannot read ")) << unreadable;
}

TEST_F(nexus_operations, RunOutOfTime) {
  running_worker worker(app(), options());
  EXPECT_EQ(client.execute_workflow<runs_out_of_time>(start(), endpoint, id).get(), "operation shop.waits; timeout");
  try {
    client.get_workflow_handle(id).terminate().get();
  } catch (const not_found&) {
    // The time was over before the server had asked for the operation.
  }
}

TEST_F(nexus_operations, AreAskedToCancelAndLeft) {
  running_worker worker(app(), options());
  EXPECT_EQ(cancelled_with(cancellation_type::try_cancel), "operation shop.waits; cancelled");
}

TEST_F(nexus_operations, AreAbandoned) {
  running_worker worker(app(), options());
  EXPECT_EQ(cancelled_with(cancellation_type::abandon), "operation shop.waits; cancelled");
  EXPECT_TRUE(ends_as(id, workflow_status::running)) << "nobody has asked it to stop";
  client.get_workflow_handle(id).terminate().get();
}

TEST_F(nexus_operations, AreWaitedForUntilTheyAreTold) {
  running_worker worker(app(), options());
  EXPECT_EQ(cancelled_with(cancellation_type::wait_cancellation_requested), "operation shop.waits; cancelled");
  EXPECT_TRUE(ends_as(id, workflow_status::cancelled));
}

TEST_F(nexus_operations, AreWaitedForUntilTheyHaveEnded) {
  running_worker worker(app(), options());
  EXPECT_EQ(cancelled_with(cancellation_type::wait_cancellation_completed), "operation shop.waits; cancelled");
  EXPECT_EQ(client.get_workflow_handle(id).describe().get().status, workflow_status::cancelled);
}

}  // namespace rondo::test::nexus_test
