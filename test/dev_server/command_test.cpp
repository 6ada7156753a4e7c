#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "dev_server/scripted_worker.hpp"

namespace rondo::test {
namespace command_test {

using server::second;

command_v1::Command memo_command(const std::string& key, const std::string& value) {
  auto command = make_command(enums::COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES);
  auto& fields =
      *command.mutable_modify_workflow_properties_command_attributes()->mutable_upserted_memo()->mutable_fields();
  auto& payload = fields[key];
  (*payload.mutable_metadata())["encoding"] = value.empty() ? "binary/null" : "json/plain";
  payload.set_data(value);
  return command;
}

command_v1::Command attribute_command(const std::string& name, const std::string& json) {
  auto command = make_command(enums::COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES);
  auto& fields = *command.mutable_upsert_workflow_search_attributes_command_attributes()
                      ->mutable_search_attributes()
                      ->mutable_indexed_fields();
  auto& payload = fields[name];
  (*payload.mutable_metadata())["encoding"] = json.empty() ? "binary/null" : "json/plain";
  payload.set_data(json);
  return command;
}

server::options with_attributes() {
  auto settings = server_harness::defaults();
  settings.search_attributes = {{"Colour", "Keyword"}, {"Count", "Int"}};
  return settings;
}

struct command : ::testing::Test {
  scripted_worker at{with_attributes()};

  /// The task of a new workflow.
  poll_response begin(const std::string& id) {
    at.start(id);
    return at.poll();
  }
};

TEST_F(command, becomes_an_event_with_what_belongs_to_it) {
  auto marker = marker_command("m");
  marker.mutable_user_metadata()->mutable_summary()->set_data("why");
  auto& attributes = *marker.mutable_record_marker_command_attributes();
  (*attributes.mutable_details())["key"].add_payloads()->set_data("value");
  (*attributes.mutable_header()->mutable_fields())["h"].set_data("1");
  attributes.mutable_failure()->set_message("f");
  at.complete(begin("w"), {marker});
  const auto event = at.last_event("w");
  EXPECT_EQ(event.user_metadata().summary().data(), "why");
  const auto& recorded = event.marker_recorded_event_attributes();
  EXPECT_EQ(recorded.marker_name(), "m");
  EXPECT_EQ(recorded.details().at("key").payloads(0).data(), "value");
  EXPECT_EQ(recorded.header().fields().at("h").data(), "1");
  EXPECT_EQ(recorded.failure().message(), "f");
  EXPECT_EQ(recorded.workflow_task_completed_event_id(), 4);
}

TEST_F(command, changes_the_memo_key_by_key) {
  at.start("w", [](service::StartWorkflowExecutionRequest& request) {
    (*request.mutable_memo()->mutable_fields())["kept"].set_data("1");
    (*request.mutable_memo()->mutable_fields())["gone"].set_data("1");
  });
  at.complete(at.poll(), {memo_command("new", "2"), memo_command("gone", "")});
  const auto event = at.events("w")[4].workflow_properties_modified_event_attributes();
  EXPECT_EQ(event.upserted_memo().fields().at("new").data(), "2");
  EXPECT_EQ(event.workflow_task_completed_event_id(), 4);
  const auto memo = at.describe("w").workflow_execution_info().memo();
  EXPECT_EQ(memo.fields_size(), 2);
  EXPECT_EQ(memo.fields().at("kept").data(), "1");
  EXPECT_EQ(memo.fields().at("new").data(), "2");
}

TEST_F(command, changes_search_attributes) {
  at.complete(begin("w"), {attribute_command("Colour", "\"red\""), attribute_command("Count", "3")});
  const auto event = at.events("w")[4].upsert_workflow_search_attributes_event_attributes();
  EXPECT_EQ(event.search_attributes().indexed_fields().at("Colour").data(), "\"red\"");
  const auto shown = at.describe("w").workflow_execution_info().search_attributes().indexed_fields();
  EXPECT_EQ(shown.at("Colour").data(), "\"red\"");
  EXPECT_EQ(shown.at("Count").data(), "3");
  EXPECT_EQ(shown.at("Count").metadata().at("type"), "Int");
  at.signal("w");
  at.complete(at.poll(), {attribute_command("Colour", "")});
  EXPECT_EQ(at.describe("w").workflow_execution_info().search_attributes().indexed_fields().count("Colour"), 0U);
}

TEST_F(command, fails_the_task_when_it_makes_no_sense) {
  struct bad_case {
    command_v1::Command with;
    enums::WorkflowTaskFailedCause cause;
    std::string text;
  };
  const auto bad_marker = enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_RECORD_MARKER_ATTRIBUTES;
  const auto bad_attributes = enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_SEARCH_ATTRIBUTES;
  const auto bad_memo = enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_MODIFY_WORKFLOW_PROPERTIES_ATTRIBUTES;
  auto no_memo = make_command(enums::COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES);
  no_memo.mutable_modify_workflow_properties_command_attributes();
  auto no_failure = make_command(enums::COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION);
  no_failure.mutable_fail_workflow_execution_command_attributes();
  const std::vector<bad_case> cases{
      {make_command(enums::COMMAND_TYPE_RECORD_MARKER), bad_marker,
       "BadRecordMarkerAttributes: RecordMarkerCommandAttributes is not set on RecordMarkerCommand."},
      {marker_command(""), bad_marker, "BadRecordMarkerAttributes: MarkerName is not set on RecordMarkerCommand."},
      {make_command(enums::COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES), bad_attributes,
       "BadSearchAttributes: UpsertWorkflowSearchAttributesCommandAttributes is not set on "
       "UpsertWorkflowSearchAttributesCommand."},
      {attribute_command("Shape", "1"), bad_attributes,
       "BadSearchAttributes: Namespace default has no mapping defined for search attribute Shape"},
      {no_memo, bad_memo,
       "BadModifyWorkflowPropertiesAttributes: UpsertedMemo is not set on ModifyWorkflowPropertiesCommand."},
      {make_command(enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION),
       enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_COMPLETE_WORKFLOW_EXECUTION_ATTRIBUTES,
       "BadCompleteWorkflowExecutionAttributes: CompleteWorkflowExecutionCommandAttributes is not set on "
       "CompleteWorkflowExecutionCommand."},
      {no_failure, enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_FAIL_WORKFLOW_EXECUTION_ATTRIBUTES,
       "BadFailWorkflowExecutionAttributes: Failure is not set on FailWorkflowExecutionCommand."},
      {make_command(enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION),
       enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_CANCEL_WORKFLOW_EXECUTION_ATTRIBUTES,
       "BadCancelWorkflowExecutionAttributes: CancelWorkflowExecutionCommandAttributes is not set on "
       "CancelWorkflowExecutionCommand."},
      {make_command(enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION),
       enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_CONTINUE_AS_NEW_ATTRIBUTES,
       "BadContinueAsNewAttributes: ContinueAsNewWorkflowExecutionCommandAttributes is not set on "
       "ContinueAsNewWorkflowExecutionCommand."},
  };
  int number = 0;
  for (const auto& each : cases) {
    const std::string id = "w" + std::to_string(number++);
    const auto status = at.refuse(begin(id), {marker_command("before"), each.with});
    EXPECT_EQ(status.code, rpc_code::invalid_argument);
    EXPECT_EQ(status.message, each.text);
    // Nothing of what came before the bad command has happened either.
    const auto event = at.last_event(id);
    EXPECT_EQ(event.event_id(), 4);
    EXPECT_EQ(event.workflow_task_failed_event_attributes().cause(), each.cause) << each.text;
    EXPECT_EQ(event.workflow_task_failed_event_attributes().failure().message(), each.text);
    EXPECT_TRUE(event.workflow_task_failed_event_attributes().failure().has_server_failure_info());
    at.terminate(id);
  }
}

TEST_F(command, leaves_a_task_open_when_a_further_attempt_is_as_bad) {
  at.refuse(begin("w"), {marker_command("")});
  const auto again = at.poll();
  EXPECT_EQ(again.attempt(), 2);
  EXPECT_EQ(at.refuse(again, {marker_command("")}).code, rpc_code::invalid_argument);
  EXPECT_TRUE(at.idle());
  at.complete(again, {marker_command("good")});
  EXPECT_EQ(at.types_from("w", 5), "WorkflowTaskScheduled WorkflowTaskStarted WorkflowTaskCompleted MarkerRecorded");
}

/// A command of each kind with too much in it, and what its worker is told.
std::vector<std::pair<command_v1::Command, std::string>> too_large() {
  const std::string much(200, 'x');
  const std::string colour = '"' + much + '"';
  std::vector<std::pair<command_v1::Command, std::string>> all;
  const auto add = [&all](const command_v1::Command& with, const std::string& text) { all.emplace_back(with, text); };
  const auto add_child = [&](auto change, const std::string& text) {
    auto child = make_command(enums::COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION);
    auto& attributes = *child.mutable_start_child_workflow_execution_command_attributes();
    attributes.set_workflow_id("child");
    attributes.mutable_workflow_type()->set_name("type");
    change(attributes);
    add(child, "BadStartChildExecutionAttributes: " + text);
  };
  const auto add_next = [&](auto change, const std::string& text) {
    auto next = make_command(enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION);
    change(*next.mutable_continue_as_new_workflow_execution_command_attributes());
    add(next, "BadContinueAsNewAttributes: " + text);
  };
  const auto put_input = [&much](auto& to) { to.mutable_input()->add_payloads()->set_data(much); };
  const auto put_memo = [&much](auto& to) { (*to.mutable_memo()->mutable_fields())["m"].set_data(much); };
  const auto put_colour = [&colour](auto& to) {
    auto& payload = (*to.mutable_search_attributes()->mutable_indexed_fields())["Colour"];
    (*payload.mutable_metadata())["encoding"] = "json/plain";
    payload.set_data(colour);
  };
  const std::string bad_colour = "search attribute Colour value size 202 exceeds size limit 100";

  auto marker = marker_command("m");
  (*marker.mutable_record_marker_command_attributes()->mutable_details())["k"].add_payloads()->set_data(much);
  add(marker, "BadRecordMarkerAttributes: RecordMarkerCommandAttributes.Details exceeds size limit.");
  auto activity = make_command(enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK);
  auto& scheduled = *activity.mutable_schedule_activity_task_command_attributes();
  scheduled.set_activity_id("1");
  scheduled.mutable_activity_type()->set_name("type");
  scheduled.mutable_task_queue()->set_name("queue");
  scheduled.mutable_start_to_close_timeout()->set_seconds(10);
  put_input(scheduled);
  add(activity, "BadScheduleActivityAttributes: ScheduleActivityTaskCommandAttributes.Input exceeds size limit.");
  add_child(put_input, "StartChildWorkflowExecutionCommandAttributes. Input exceeds size limit.");
  add_child(put_memo, "StartChildWorkflowExecutionCommandAttributes.Memo exceeds size limit.");
  add_child(put_colour, bad_colour);
  auto signal = make_command(enums::COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION);
  auto& signaled = *signal.mutable_signal_external_workflow_execution_command_attributes();
  signaled.mutable_execution()->set_workflow_id("other");
  signaled.set_signal_name("signal");
  put_input(signaled);
  add(signal,
      "BadSignalWorkflowExecutionAttributes: SignalExternalWorkflowExecutionCommandAttributes.Input exceeds size "
      "limit.");
  add(attribute_command("Colour", colour),
      "BadSearchAttributes: UpsertWorkflowSearchAttributesCommandAttributes exceeds size limit.");
  add(memo_command("m", much),
      "BadModifyWorkflowPropertiesAttributes: ModifyWorkflowPropertiesCommandAttributes exceeds size limit.");
  add_next(put_input, "ContinueAsNewWorkflowExecutionCommandAttributes. Input exceeds size limit.");
  add_next(put_memo, "ContinueAsNewWorkflowExecutionCommandAttributes. Memo exceeds size limit.");
  add_next(put_colour, bad_colour);
  add(complete_command(much),
      "BadScheduleActivityAttributes: CompleteWorkflowExecutionCommandAttributes.Result exceeds size limit.");
  add(fail_command(much),
      "BadFailWorkflowExecutionAttributes: FailWorkflowExecutionCommandAttributes.Failure exceeds size limit.");
  return all;
}

TEST_F(command, ends_the_workflow_when_it_brings_too_much) {
  auto& limit = at.state->limit();
  limit.blob_size = limit.memo_size = limit.search_attribute_size = 100;
  int number = 0;
  for (const auto& [with, text] : too_large()) {
    const std::string id = "w" + std::to_string(number++);
    EXPECT_EQ(at.refuse(begin(id), {with}).message, text);
    EXPECT_EQ(at.types_from(id, 4), "WorkflowTaskFailed WorkflowExecutionTerminated") << text;
    const auto event = at.last_event(id);
    EXPECT_EQ(event.workflow_execution_terminated_event_attributes().reason(), text);
    EXPECT_EQ(event.workflow_execution_terminated_event_attributes().identity(), "history-service");
  }
}

TEST_F(command, ends_the_workflow_when_its_attributes_become_too_much) {
  at.state->limit().search_attribute_size = 20;
  const std::string text = "BadSearchAttributes: search attribute Colour value size 32 exceeds size limit 20";
  EXPECT_EQ(at.refuse(begin("w"), {attribute_command("Colour", '"' + std::string(30, 'x') + '"')}).message, text);
  EXPECT_EQ(at.last_event("w").workflow_execution_terminated_event_attributes().reason(), text);
  at.state->limit().search_attributes_size = 80;
  at.complete(begin("v"), {attribute_command("Colour", R"("red")")});
  at.signal("v");
  EXPECT_TRUE(at.refuse(at.poll(), {attribute_command("Count", "1")})
                  .message.starts_with("BadSearchAttributes: total size of search attributes "));
  EXPECT_EQ(at.types_from("v", 9), "WorkflowTaskFailed WorkflowExecutionTerminated");
}

TEST_F(command, is_refused_without_a_change_when_the_row_makes_no_sense) {
  const auto task = begin("w");
  EXPECT_EQ(at.refuse(task, {complete_command(), marker_command("m")}).message,
            "invalid command sequence: [CompleteWorkflowExecution, RecordMarker], command CompleteWorkflowExecution "
            "must be the last command.");
  EXPECT_EQ(at.refuse(task, {make_command(enums::COMMAND_TYPE_UNSPECIFIED)}).message,
            "unknown command type: Unspecified");
  EXPECT_EQ(at.events("w").size(), 3U);
  at.complete(task);
}

}  // namespace command_test
}  // namespace rondo::test
