#include <gtest/gtest.h>
#include <temporal/api/errordetails/v1/message.pb.h>

#include <string>
#include <vector>

#include "dev_server/durable_worker.hpp"
#include "dev_server/update_worker.hpp"

namespace rondo::test {
namespace update_test {

using server::second;

constexpr auto bad_message = enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_UPDATE_WORKFLOW_EXECUTION_MESSAGE;

struct update : ::testing::Test {
  update_worker at;
};

TEST_F(update, is_accepted_and_completed_by_one_task) {
  const auto run_id = at.settle("w");
  const auto asked = at.update("w", "u");
  EXPECT_EQ(at.events("w").size(), 4U) << "the task is in the history before anything came of it";
  const auto task = at.poll();
  ASSERT_EQ(task.messages_size(), 1);
  const auto& message = task.messages(0);
  EXPECT_EQ(message.id(), "u/request");
  EXPECT_EQ(message.protocol_instance_id(), "u");
  EXPECT_EQ(message.event_id(), 5);
  EXPECT_EQ(task.started_event_id(), 6);
  update_v1::Request request;
  ASSERT_TRUE(message.body().UnpackTo(&request));
  EXPECT_EQ(request.meta().update_id(), "u");
  EXPECT_EQ(request.input().name(), "update");
  EXPECT_EQ(request.input().args().payloads(0).data(), "argument");
  EXPECT_FALSE(asked.done());
  at.say(task, {acceptance("u"), response("u")});
  const auto told = asked.get();
  EXPECT_EQ(told.stage(), stage_completed);
  EXPECT_EQ(told.outcome().success().payloads(0).data(), "value");
  EXPECT_EQ(told.update_ref().update_id(), "u");
  EXPECT_EQ(told.update_ref().workflow_execution().workflow_id(), "w");
  EXPECT_EQ(told.update_ref().workflow_execution().run_id(), run_id);
  EXPECT_EQ(at.types_from("w", 5),
            "WorkflowTaskScheduled WorkflowTaskStarted WorkflowTaskCompleted WorkflowExecutionUpdateAccepted "
            "WorkflowExecutionUpdateCompleted");
  const auto events = at.events("w");
  const auto& accepted = events[7].workflow_execution_update_accepted_event_attributes();
  EXPECT_EQ(accepted.protocol_instance_id(), "u");
  EXPECT_EQ(accepted.accepted_request_message_id(), "u/request");
  EXPECT_EQ(accepted.accepted_request_sequencing_event_id(), 5);
  EXPECT_EQ(accepted.accepted_request().input().args().payloads(0).data(), "argument");
  EXPECT_EQ(accepted.accepted_request().meta().identity(), "client");
  const auto& completed = events[8].workflow_execution_update_completed_event_attributes();
  EXPECT_EQ(completed.accepted_event_id(), 8);
  EXPECT_EQ(completed.meta().update_id(), "u");
  EXPECT_EQ(completed.outcome().success().payloads(0).data(), "value");
}

TEST_F(update, tells_of_acceptance_first_when_that_is_enough) {
  at.settle("w");
  const auto accepted = at.update("w", "u", stage_accepted);
  const auto completed = at.update("w", "u");
  at.say(at.poll(), {acceptance("u")});
  EXPECT_EQ(accepted.get().stage(), stage_accepted);
  EXPECT_FALSE(accepted.get().has_outcome());
  EXPECT_FALSE(completed.done());
  at.signal("w");
  at.say(at.poll(), {response("u")});
  EXPECT_EQ(completed.get().outcome().success().payloads(0).data(), "value");
}

TEST_F(update, tells_of_completion_even_when_acceptance_is_enough) {
  at.settle("w");
  const auto asked = at.update("w", "u", stage_accepted);
  at.say(at.poll(), {acceptance("u"), response("u")});
  EXPECT_EQ(asked.get().stage(), stage_completed);
}

TEST_F(update, leaves_no_trace_when_it_is_rejected) {
  at.settle("w");
  const auto asked = at.update("w", "u");
  const auto done = at.say(at.poll(), {rejection("u", "never")});
  EXPECT_EQ(done.reset_history_event_id(), 3);
  EXPECT_EQ(asked.get().stage(), stage_completed);
  EXPECT_EQ(asked.get().outcome().failure().message(), "never");
  EXPECT_EQ(at.events("w").size(), 4U);
  EXPECT_FALSE(at.knows("w", "u"));
  EXPECT_TRUE(at.idle());
}

TEST_F(update, rejected_beside_a_command_leaves_its_task) {
  at.settle("w");
  const auto asked = at.update("w", "u");
  at.say(at.poll(), {rejection("u")}, {marker_command("m")});
  EXPECT_EQ(asked.get().outcome().failure().message(), "no");
  EXPECT_EQ(at.types_from("w", 5), "WorkflowTaskScheduled WorkflowTaskStarted WorkflowTaskCompleted MarkerRecorded");
}

TEST_F(update, is_rejected_for_a_worker_that_ignores_it) {
  at.settle("w");
  const auto asked = at.update("w", "u");
  at.say(at.poll(), {});
  const auto failure = asked.get().outcome().failure();
  EXPECT_EQ(failure.message(),
            "Workflow Update is rejected because it wasn't processed by worker. Probably, Workflow Update is not "
            "supported by the worker.");
  EXPECT_EQ(failure.application_failure_info().type(), "UnprocessedUpdate");
  EXPECT_TRUE(failure.application_failure_info().non_retryable());
}

TEST_F(update, comes_again_after_a_heartbeat) {
  at.settle("w");
  const auto asked = at.update("w", "u");
  const auto beat = at.say(at.poll(), {}, {}, [](complete_request& request) {
    request.set_force_create_new_workflow_task(true);
    request.set_return_new_workflow_task(true);
    scripted_worker::be_sticky(request);
  });
  EXPECT_FALSE(asked.done());
  ASSERT_EQ(beat.workflow_task().messages_size(), 1);
  at.say(beat.workflow_task(), {acceptance("u", 8), response("u")});
  EXPECT_EQ(asked.get().stage(), stage_completed);
}

TEST_F(update, comes_again_when_its_task_is_lost) {
  at.settle("w");
  const auto asked = at.update("w", "u");
  at.fail(at.poll());
  const auto second_try = at.poll();
  ASSERT_EQ(second_try.messages_size(), 1);
  at.pass(10 * second);
  const auto third_try = at.poll();
  ASSERT_EQ(third_try.messages_size(), 1);
  EXPECT_FALSE(asked.done());
  at.say(third_try, {acceptance("u", third_try.started_event_id() - 1), response("u")});
  EXPECT_EQ(asked.get().stage(), stage_completed);
}

TEST_F(update, goes_with_a_task_that_is_open_already) {
  at.settle("w");
  at.signal("w");
  const auto asked = at.update("w", "u");
  const auto task = at.poll();
  EXPECT_EQ(task.messages_size(), 1);
  EXPECT_EQ(at.types_from("w", 5), "WorkflowExecutionSignaled WorkflowTaskScheduled WorkflowTaskStarted");
  at.say(task, {acceptance("u", 6), response("u")});
  EXPECT_EQ(asked.get().stage(), stage_completed);
  EXPECT_TRUE(at.idle());
}

TEST_F(update, goes_with_the_first_task) {
  at.start("w");
  const auto asked = at.update("w", "u");
  const auto task = at.poll();
  ASSERT_EQ(task.messages_size(), 1);
  EXPECT_EQ(task.messages(0).event_id(), 2);
  at.say(task, {acceptance("u", 2), response("u")});
  EXPECT_EQ(asked.get().stage(), stage_completed);
}

TEST_F(update, follows_a_task_that_a_worker_has) {
  at.start("w");
  const auto first = at.poll();
  const auto asked = at.update("w", "u");
  const auto done = at.complete(first, {}, [](complete_request& request) {
    request.set_return_new_workflow_task(true);
    scripted_worker::be_sticky(request);
  });
  ASSERT_EQ(done.workflow_task().messages_size(), 1);
  EXPECT_EQ(at.events("w").size(), 4U);
  at.say(done.workflow_task(), {acceptance("u"), response("u")});
  EXPECT_EQ(asked.get().stage(), stage_completed);
}

TEST_F(update, keeps_the_order_of_admission) {
  at.start("w");
  std::vector<pending<update_response>> asked;
  for (const char* id : {"z", "a", "m"}) asked.push_back(at.update("w", id));
  const auto task = at.poll();
  ASSERT_EQ(task.messages_size(), 3);
  EXPECT_EQ(task.messages(0).protocol_instance_id() + task.messages(1).protocol_instance_id() +
                task.messages(2).protocol_instance_id(),
            "zam");
  at.say(task, {acceptance("a", 2), acceptance("z", 2), response("z"), rejection("m")});
  EXPECT_EQ(at.types_from("w", 5),
            "WorkflowExecutionUpdateAccepted WorkflowExecutionUpdateAccepted WorkflowExecutionUpdateCompleted");
  EXPECT_EQ(at.events("w")[4].workflow_execution_update_accepted_event_attributes().protocol_instance_id(), "a");
  EXPECT_TRUE(asked[0].done());
  EXPECT_FALSE(asked[1].done());
  EXPECT_TRUE(asked[2].done());
}

TEST_F(update, takes_messages_without_a_place_behind_the_commands) {
  at.settle("w");
  const auto asked = at.update("w", "u");
  auto request = scripted_worker::completion(at.poll(), {marker_command("m")});
  *request.add_messages() = acceptance("u");
  *request.add_messages() = response("u");
  at.ask<complete_response>(request);
  EXPECT_EQ(at.types_from("w", 8), "MarkerRecorded WorkflowExecutionUpdateAccepted WorkflowExecutionUpdateCompleted");
  EXPECT_TRUE(asked.done());
}

TEST_F(update, becomes_part_of_the_history_with_a_signal) {
  at.settle("w");
  at.update("w", "u");
  at.signal("w");
  EXPECT_EQ(at.types_from("w", 5), "WorkflowTaskScheduled WorkflowExecutionSignaled");
  EXPECT_EQ(at.poll().messages_size(), 1);
}

TEST_F(update, with_a_known_id_is_the_same_update) {
  at.settle("w");
  const auto first = at.update("w", "u");
  const auto second_call = at.update("w", "u");
  const auto task = at.poll();
  EXPECT_EQ(task.messages_size(), 1);
  const auto third = at.update("w", "u", stage_accepted);
  at.say(task, {acceptance("u"), response("u")});
  for (const auto* each : {&first, &second_call, &third}) EXPECT_EQ(each->get().stage(), stage_completed);
  EXPECT_EQ(at.update("w", "u").get().outcome().success().payloads(0).data(), "value");
  EXPECT_TRUE(at.idle());
  at.terminate("w");
  EXPECT_EQ(at.update("w", "u").get().outcome().success().payloads(0).data(), "value");
}

TEST_F(update, without_an_id_gets_one) {
  at.settle("w");
  const auto asked = at.update("w", "");
  const auto task = at.poll();
  const auto id = task.messages(0).protocol_instance_id();
  EXPECT_EQ(id.size(), 36U);
  at.say(task, {acceptance(id), response(id)});
  EXPECT_EQ(asked.get().update_ref().update_id(), id);
}

TEST_F(update, ends_the_long_poll_with_the_stage_it_has_reached) {
  at.state->limit().update_long_poll = 1;
  at.settle("w");
  const auto admitted = at.update("w", "u");
  at.loop.run_until([&admitted] { return admitted.done(); });
  EXPECT_EQ(admitted.get().stage(), stage_admitted);
  EXPECT_FALSE(admitted.get().has_outcome());
  at.say(at.poll(), {acceptance("u")});
  const auto accepted = at.begin<poll_update_response>(update_worker::poll_of("w", "u"));
  at.loop.run_until([&accepted] { return accepted.done(); });
  EXPECT_EQ(accepted.get().stage(), stage_accepted);
}

TEST_F(update, goes_on_without_its_caller) {
  at.settle("w");
  at.update("w", "u").call->go_away();
  at.say(at.poll(), {acceptance("u"), response("u")});
  EXPECT_EQ(at.ask<poll_update_response>(update_worker::poll_of("w", "u")).outcome().success().payloads_size(), 1);
}

TEST_F(update, can_be_polled_for) {
  const auto run_id = at.settle("w");
  EXPECT_FALSE(at.knows("w", "u"));
  at.update("w", "u");
  const auto now = at.ask<poll_update_response>(
      update_worker::poll_of("w", "u", enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_UNSPECIFIED));
  EXPECT_EQ(now.stage(), stage_admitted);
  const auto polled = at.begin<poll_update_response>(update_worker::poll_of("w", "u", stage_completed, run_id));
  EXPECT_FALSE(polled.done());
  at.say(at.poll(), {acceptance("u"), response("u")});
  EXPECT_EQ(polled.get().stage(), stage_completed);
  EXPECT_EQ(polled.get().outcome().success().payloads(0).data(), "value");
  EXPECT_EQ(polled.get().update_ref().workflow_execution().run_id(), run_id);
  poll_update_request request;
  request.set_namespace_("default");
  EXPECT_EQ(at.refused<poll_update_response>(request).message, "UpdateRef is not set on request.");
}

TEST_F(update, ends_with_its_run) {
  at.settle("w");
  const auto admitted = at.update("w", "admitted", stage_accepted);
  at.terminate("w");
  ASSERT_TRUE(admitted.done());
  EXPECT_EQ(admitted.status().code, rpc_code::not_found);
  EXPECT_EQ(admitted.status().message, "workflow update was aborted by closing workflow");
  EXPECT_FALSE(at.knows("w", "admitted"));
  const auto status = at.refused<update_response>(update_worker::request_of("w", "new"));
  EXPECT_EQ(status.code, rpc_code::not_found);
  EXPECT_EQ(status.message, "workflow execution already completed");
}

TEST_F(update, that_was_accepted_fails_when_the_run_ends_before_it) {
  at.settle("w");
  const auto asked = at.update("w", "u");
  at.say(at.poll(), {acceptance("u")}, {complete_command()});
  for (const auto& told : {asked.get(), at.update("w", "u").get()}) {
    EXPECT_EQ(told.stage(), stage_completed);
    EXPECT_EQ(told.outcome().failure().message(),
              "Workflow Update failed because the Workflow completed before the Update completed.");
    EXPECT_EQ(told.outcome().failure().application_failure_info().type(), "AcceptedUpdateCompletedWorkflow");
  }
}

TEST_F(update, can_be_rejected_by_the_task_that_ends_the_run) {
  at.settle("w");
  const auto rejected = at.update("w", "rejected");
  const auto forgotten = at.update("w", "forgotten");
  at.say(at.poll(), {rejection("rejected", "never")}, {complete_command()});
  EXPECT_EQ(rejected.get().outcome().failure().message(), "never");
  EXPECT_EQ(forgotten.status().message, "workflow update was aborted by closing workflow");
}

TEST_F(update, is_to_be_tried_again_when_another_run_follows) {
  at.settle("w");
  const auto task_asked = at.update("w", "u");
  auto next = make_command(enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION);
  next.mutable_continue_as_new_workflow_execution_command_attributes()->mutable_workflow_type()->set_name("type");
  at.say(at.poll(), {}, {next});
  ASSERT_TRUE(task_asked.done());
  EXPECT_EQ(task_asked.status().code, rpc_code::resource_exhausted);
  EXPECT_EQ(task_asked.status().message, "workflow operation can not be applied because workflow is closing");
  EXPECT_FALSE(at.update("w", "u").done()) << "the run that follows does not take it";
}

TEST_F(update, is_one_of_a_limited_number) {
  at.state->limit().updates_in_flight = 2;
  at.state->limit().updates_per_run = 3;
  at.settle("w");
  at.update("w", "1");
  at.update("w", "2");
  auto status = at.refused<update_response>(update_worker::request_of("w", "3"));
  EXPECT_EQ(status.code, rpc_code::resource_exhausted);
  EXPECT_EQ(status.message, "limit on number of concurrent in-flight updates has been reached (2)");
  EXPECT_FALSE(at.update("w", "1").done()) << "a known one does not count";
  at.say(at.poll(), {acceptance("1"), response("1"), acceptance("2"), response("2")});
  at.update("w", "3");
  at.say(at.poll(), {acceptance("3", 13), response("3")});
  status = at.refused<update_response>(update_worker::request_of("w", "4"));
  EXPECT_EQ(status.code, rpc_code::failed_precondition);
  EXPECT_EQ(status.message.find("The limit on the total number of distinct updates in this workflow has been reached "
                                "(3). Make sure"),
            0U);
}

TEST_F(update, does_not_wait_for_a_task_that_keeps_failing) {
  at.start("w");
  at.fail(at.poll());
  at.fail(at.poll());
  const auto status = at.refused<update_response>(update_worker::request_of("w", "u"));
  EXPECT_EQ(status.code, rpc_code::failed_precondition);
  EXPECT_EQ(status.message, "Unable to perform workflow execution update due to Workflow Task in failed state.");
}

TEST_F(update, does_not_enter_a_run_that_is_closing) {
  at.start("w");
  const auto task = at.poll();
  at.signal("w");
  at.refuse(task, {complete_command()});
  const auto next = at.poll();
  const auto status = at.refused<update_response>(update_worker::request_of("w", "u"));
  EXPECT_EQ(status.code, rpc_code::resource_exhausted);
  EXPECT_EQ(status.message, "workflow operation can not be applied because workflow is closing");
  at.complete(next);
  EXPECT_FALSE(at.update("w", "u").done());
}

TEST_F(update, fails_the_task_with_bad_messages) {
  const auto unplaced = [](const std::string& id) {
    auto message = acceptance("u");
    message.set_id(id);
    return message;
  };
  auto no_sequence = acceptance("u", 0);
  auto no_outcome = response("u");
  update_v1::Response empty;
  empty.mutable_meta()->set_update_id("u");
  no_outcome.mutable_body()->PackFrom(empty);
  auto other_id = response("u");
  empty.mutable_meta()->set_update_id("other");
  other_id.mutable_body()->PackFrom(empty);
  auto foreign = acceptance("u");
  foreign.mutable_body()->set_type_url("type.googleapis.com/some.protocol.Message");
  auto no_body = acceptance("u");
  no_body.clear_body();
  auto request = acceptance("u");
  request.mutable_body()->PackFrom(update_v1::Request());
  struct row {
    std::vector<protocol_message> messages;
    std::string text;
  };
  const std::vector<row> rows{
      {{acceptance("other")},
       "update other wasn't found on the server. This is most likely a transient error which will be resolved "
       "automatically by retries"},
      {{response("u")},
       "invalid state transition attempted for Update u: received *update.Response message while in "
       "state Sent"},
      {{acceptance("u"), unplaced("again")},
       "invalid state transition attempted for Update u: received *update.Acceptance message while in state "
       "ProvisionallyAccepted"},
      {{no_sequence}, "invalid *update.Acceptance: accepted_request_sequencing_event_id is not set"},
      {{acceptance("u"), no_outcome}, "invalid *update.Response: outcome is not set"},
      {{acceptance("u"), other_id}, "invalid *update.Response: meta.update_id != u"},
      {{foreign}, "unsupported protocol type some.protocol"},
      {{no_body}, "nil message body"},
      {{request}, "Message type *update.Request not supported"},
  };
  for (const auto& [messages, text] : rows) {
    update_worker fresh;
    fresh.settle("w");
    const auto asked = fresh.update("w", "u");
    const auto status = fresh.say_wrong(fresh.poll(), messages);
    EXPECT_EQ(status.code, rpc_code::invalid_argument) << text;
    EXPECT_EQ(status.message, "BadUpdateWorkflowExecutionMessage: " + text);
    EXPECT_EQ(fresh.last_event("w").workflow_task_failed_event_attributes().cause(), bad_message) << text;
    ASSERT_TRUE(asked.done()) << text;
    EXPECT_EQ(asked.status().message,
              "Unable to perform workflow execution update due to unexpected workflow task failure.");
    EXPECT_EQ(fresh.poll().messages_size(), 0) << text;
  }
}

TEST_F(update, fails_the_task_when_a_place_has_no_message) {
  at.settle("w");
  at.update("w", "u");
  const auto status = at.refuse(at.poll(), {place(acceptance("u"))});
  EXPECT_EQ(status.message,
            "BadUpdateWorkflowExecutionMessage: ProtocolMessageCommand referenced absent message ID u/accept");
}

TEST_F(update, fails_the_task_when_a_place_names_no_message) {
  auto nameless = make_command(enums::COMMAND_TYPE_PROTOCOL_MESSAGE);
  at.start("absent");
  EXPECT_EQ(at.refuse(at.poll(), {nameless}).message,
            "BadUpdateWorkflowExecutionMessage: ProtocolMessageCommandAttributes is not set on "
            "ProtocolMessageCommand.");
  nameless.mutable_protocol_message_command_attributes();
  at.terminate("absent");
  at.start("empty");
  EXPECT_EQ(at.refuse(at.poll(), {nameless}).message,
            "BadUpdateWorkflowExecutionMessage: MessageID is not set on ProtocolMessageCommand.");
}

TEST_F(update, that_the_server_forgot_is_known_again_by_the_workers_answer) {
  at.settle("w");
  at.signal("w");
  update_v1::Acceptance body;
  body.set_accepted_request_message_id("u/request");
  body.set_accepted_request_sequencing_event_id(6);
  body.mutable_accepted_request()->mutable_input()->set_name("forgotten");
  auto message = acceptance("u");
  message.mutable_body()->PackFrom(body);
  at.say(at.poll(), {message, response("u")});
  EXPECT_EQ(at.events("w")[8].workflow_execution_update_accepted_event_attributes().accepted_request().input().name(),
            "forgotten");
  EXPECT_EQ(at.update("w", "u").get().stage(), stage_completed);
}

TEST(update_across_servers, survives_as_far_as_it_is_in_the_history) {
  const scratch dir;
  const auto settings = durable_options(dir);
  const auto any_task = update_worker::poll_request("queue", false);
  {
    update_worker before(settings);
    before.wait_for<service::StartWorkflowExecutionResponse>(update_worker::starting("w"));
    before.wait_for<complete_response>(update_worker::completion(before.wait_for<poll_response>(any_task), {}));
    before.update("w", "completed");
    before.update("w", "accepted");
    const auto task = before.wait_for<poll_response>(any_task);
    before.wait_for<complete_response>(
        update_worker::speech(task, {acceptance("completed"), response("completed"), acceptance("accepted")}, {}, {}));
    before.update("w", "requested");
    EXPECT_EQ(before.wait_for<poll_response>(any_task).messages_size(), 1);
  }
  update_worker after(settings);
  const auto known = after.wait_for<update_response>(update_worker::request_of("w", "completed"));
  EXPECT_EQ(known.outcome().success().payloads(0).data(), "value");
  const auto accepted = after.update("w", "accepted");
  const auto poll = after.begin_poll();
  EXPECT_FALSE(poll.done()) << "the task was made for an update that nobody knows any more";
  after.update("w", "requested");
  after.loop.run_until([&poll] { return poll.done(); });
  ASSERT_EQ(poll.get().messages_size(), 1);
  EXPECT_EQ(poll.get().messages(0).protocol_instance_id(), "requested");
  EXPECT_FALSE(accepted.done());
  after.wait_for<complete_response>(update_worker::speech(
      poll.get(), {acceptance("requested", 11), response("requested"), response("accepted")}, {}, {}));
  after.loop.run_until([&accepted] { return accepted.done(); });
  EXPECT_EQ(accepted.get().stage(), stage_completed);
}

TEST_F(update, refuses_malformed_requests) {
  at.settle("w");
  at.state->limit().id_length = 100;
  struct row {
    std::string text;
    scripted_worker::change<update_request> with;
  };
  const std::vector<row> rows{
      {"Namespace is empty.", [](auto& request) { request.clear_namespace_(); }},
      {"Execution is not set on request.", [](auto& request) { request.clear_workflow_execution(); }},
      {"WorkflowId is not set on request.",
       [](auto& request) { request.mutable_workflow_execution()->clear_workflow_id(); }},
      {"Invalid RunId.", [](auto& request) { request.mutable_workflow_execution()->set_run_id("run"); }},
      {"Update meta is not set on request.", [](auto& request) { request.mutable_request()->clear_meta(); }},
      {"UpdateId length exceeds limit.",
       [](auto& request) { request.mutable_request()->mutable_meta()->set_update_id(std::string(101, 'x')); }},
      {"Update input is not set on request.", [](auto& request) { request.mutable_request()->clear_input(); }},
      {"Update name is not set on request.",
       [](auto& request) { request.mutable_request()->mutable_input()->clear_name(); }},
  };
  for (const auto& [text, with] : rows) {
    auto request = update_worker::request_of("w", "u");
    with(request);
    const auto status = at.refused<update_response>(request);
    EXPECT_EQ(status.code, rpc_code::invalid_argument) << text;
    EXPECT_EQ(status.message, text);
  }
  const auto status = at.refused<update_response>(update_worker::request_of("w", "u", stage_admitted));
  EXPECT_EQ(status.code, rpc_code::permission_denied);
  auto request = update_worker::request_of("w", "u");
  request.set_first_execution_run_id("another");
  EXPECT_EQ(at.refused<update_response>(request).message, "workflow execution not found");
}

}  // namespace update_test
}  // namespace rondo::test
