#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <google/protobuf/arena.h>

#include "rondo/detail/engine/workflow_run.hpp"
#include "rondo/registry.hpp"
#include "support/history_builder.hpp"

namespace rondo::test {

/// Plays the server and the worker for one run: builds tasks from a history, fetches pages, records completions.
class engine_driver {
 public:
  engine_driver(registry from, history_builder start) : from_(std::move(from)), history(std::move(start)) {
    const auto& first = history.history().events(0).workflow_execution_started_event_attributes();
    definition_ = from_.find_workflow(first.workflow_type().name());
  }

  registry from_;
  history_builder history;
  /// The messages of the last step; valid until the next task.
  engine::step last;
  engine::task_options options;
  engine::run_options run_options;
  /// Where the history is cut into pages when it is fetched: ids of the last events of pages.
  std::vector<std::int64_t> cuts;
  /// Every page is followed by an empty one.
  bool empty_pages = false;
  std::function<void(engine::service::PollWorkflowTaskQueueResponse&)> amend;

  /// Asks for an update with the next task; it comes after the event of this id, the last one before the task if 0.
  void ask(std::string_view id, std::string_view name, history_builder::json_list arguments = {},
           std::int64_t after_event = 0) {
    temporal::api::update::v1::Request request;
    history_builder::write_request(id, name, arguments, request);
    auto& message = messages_.emplace_back();
    message.set_id(std::string(id) + "/request");
    message.set_protocol_instance_id(std::string(id));
    message.set_event_id(after_event == 0 ? history.last_id() : after_event);
    message.mutable_body()->PackFrom(request);
  }

  void forget_messages() { messages_.clear(); }

  /// Local activities that the run waits for, and those whose code shall stop.
  std::map<std::uint64_t, engine::local_activity_start> running;
  std::vector<std::uint64_t> stopped;
  /// Called while a task waits for local activities: ends one, or gives up the task with heartbeat().
  std::function<void(engine_driver&)> locals = [](engine_driver& driver) {
    driver.end_local(driver.running.begin()->first, "1");
  };
  const engine::step& end_local(std::uint64_t number, std::string_view json, duration after = {}) {
    engine::local_activity_end how{.number = number, .attempt = attempt_of(number), .after = after};
    auto& value = *how.result.emplace().add_payloads();
    (*value.mutable_metadata())["encoding"] = "json/plain";
    value.set_data(std::string(json));
    return end_local(how);
  }
  const engine::step& fail_local(std::uint64_t number, std::string_view message, duration backoff = {}) {
    engine::local_activity_end how{.number = number, .attempt = attempt_of(number), .backoff = backoff};
    how.failure.set_message(std::string(message));
    how.failure.mutable_application_failure_info();
    return end_local(how);
  }
  const engine::step& end_local(const engine::local_activity_end& how) {
    running.erase(how.number);
    last = run_->end_local(how);
    note_locals();
    return last;
  }
  /// The first one whose end is waited for.
  std::uint64_t first_local() const {
    for (const auto& [number, each] : running) {
      if (run_->waits_for_local(number)) return number;
    }
    return 0;
  }
  const engine::step& heartbeat() { return last = run_->heartbeat(); }

  /// Runs the open task; the history must end with its start.
  const engine::step& run_task() {
    if (run_ == nullptr) evict();
    begin();
    if (previous_started_ != 0) task_->set_previous_started_event_id(previous_started_);
    task_->set_started_event_id(history.last_id());
    for (const auto& each : messages_) *task_->add_messages() = each;
    return deliver();
  }
  /// Runs the open task with its local activities.
  const engine::step& run_whole_task() {
    run_task();
    while (last.kind == engine::step_kind::local_activities) locals(*this);
    return last;
  }
  /// Asks a query outside of a workflow task.
  const engine::step& query(std::string_view name, std::string_view json = {}) {
    if (run_ == nullptr) evict();
    begin();
    task_->set_previous_started_event_id(previous_started_);
    task_->mutable_query()->set_query_type(std::string(name));
    if (!json.empty()) {
      auto& argument = *task_->mutable_query()->mutable_query_args()->add_payloads();
      (*argument.mutable_metadata())["encoding"] = "json/plain";
      argument.set_data(std::string(json));
    }
    task_->clear_history();
    task_->clear_next_page_token();
    return deliver();
  }
  /// Runs the open task and takes its completion into the history; the commands as text.
  std::vector<std::string> complete_task() {
    run_whole_task();
    if (last.kind != engine::step_kind::completed) return {"not completed: " + failure()};
    auto commands = texts();
    take_completion();
    return commands;
  }
  /// The server takes the completion of the task that was run.
  void take_completion() {
    messages_.clear();
    previous_started_ = history.last_id();
    history.record(*last.completed);
    run_->accepted();
    if (last.evict != engine::eviction::none) run_.reset();
  }
  /// Opens a task and completes it.
  std::vector<std::string> task() {
    history.open_task();
    return complete_task();
  }

  /// Forgets the run in memory.
  void evict() {
    run_ =
        std::make_unique<engine::workflow_run>(*definition_, std::make_shared<const engine::run_options>(run_options));
    running.clear();
    stopped.clear();
  }
  engine::workflow_run& run() { return *run_; }
  int full_fetches() const { return full_fetches_; }

  std::string failure() const {
    if (last.kind == engine::step_kind::failed) return last.failed->failure().message();
    if (last.kind == engine::step_kind::query_answered) return last.answered->error_message();
    return {};
  }
  std::string answer() const {
    const auto& values = last.answered->query_result().payloads();
    return values.empty() ? std::string("none") : values[0].data();
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const auto& each : last.completed->commands()) {
      if (each.command_type() != enums::COMMAND_TYPE_PROTOCOL_MESSAGE) all.push_back(text(each));
      for (const auto& message : last.completed->messages()) {
        if (message.id() == each.protocol_message_command_attributes().message_id()) all.push_back(text(message));
      }
    }
    for (const auto& message : last.completed->messages()) {
      if (message.body().Is<temporal::api::update::v1::Rejection>()) all.push_back(text(message));
    }
    return all;
  }
  static std::string text(const temporal::api::protocol::v1::Message& message) {
    const std::string& id = message.protocol_instance_id();
    temporal::api::update::v1::Rejection rejection;
    if (message.body().UnpackTo(&rejection)) return "reject " + id + ": " + rejection.failure().message();
    temporal::api::update::v1::Response response;
    if (!message.body().UnpackTo(&response)) return "accept " + id;
    if (response.outcome().has_failure()) return "fail update " + id + ": " + response.outcome().failure().message();
    const auto& values = response.outcome().success().payloads();
    return "answer " + id + " " + (values.empty() ? "nothing" : values[0].data());
  }
  /// The values of a map, by name; the list of patches stands alone.
  template <class Map>
  static std::string fields(const Map& of) {
    std::map<std::string, std::string> sorted;
    for (const auto& [name, value] : of) sorted[name] = value.data();
    std::string line;
    for (const auto& [name, value] : sorted)
      line += name == "TemporalChangeVersion" ? " " + value : " " + name + "=" + value;
    return line;
  }
  static std::string text(const engine::Command& command) {
    const auto values = [](const engine::Payloads& from) {
      std::string line;
      for (const auto& each : from.payloads()) line += (line.empty() ? "" : ",") + each.data();
      return "(" + line + ")";
    };
    switch (command.command_type()) {
      case enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK: {
        const auto& from = command.schedule_activity_task_command_attributes();
        return "activity " + from.activity_id() + " " + from.activity_type().name() + values(from.input());
      }
      case enums::COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK:
        return "cancel activity " +
               std::to_string(command.request_cancel_activity_task_command_attributes().scheduled_event_id());
      case enums::COMMAND_TYPE_START_TIMER: {
        const auto& from = command.start_timer_command_attributes();
        return "timer " + from.timer_id() + " " + std::to_string(from.start_to_fire_timeout().seconds()) + "s";
      }
      case enums::COMMAND_TYPE_CANCEL_TIMER:
        return "cancel timer " + command.cancel_timer_command_attributes().timer_id();
      case enums::COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION: {
        const auto& from = command.start_child_workflow_execution_command_attributes();
        return "child " + from.workflow_id() + " " + from.workflow_type().name() + values(from.input());
      }
      case enums::COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION: {
        const auto& from = command.signal_external_workflow_execution_command_attributes();
        return "signal " + from.execution().workflow_id() + " " + from.signal_name() + values(from.input());
      }
      case enums::COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION:
        return "cancel workflow " +
               command.request_cancel_external_workflow_execution_command_attributes().workflow_id();
      case enums::COMMAND_TYPE_SCHEDULE_NEXUS_OPERATION: {
        const auto& from = command.schedule_nexus_operation_command_attributes();
        return "nexus " + from.endpoint() + " " + from.service() + "." + from.operation() + "(" + from.input().data() +
               ")";
      }
      case enums::COMMAND_TYPE_REQUEST_CANCEL_NEXUS_OPERATION:
        return "cancel nexus " +
               std::to_string(command.request_cancel_nexus_operation_command_attributes().scheduled_event_id());
      case enums::COMMAND_TYPE_RECORD_MARKER: {
        const auto& from = command.record_marker_command_attributes();
        if (from.marker_name() == engine::local_activity_marker) return local_text(from);
        if (from.details().contains("patch-data")) return "marker " + values(from.details().at("patch-data"));
        std::map<std::string, std::string> details;
        for (const auto& [key, value] : from.details()) details[key] = values(value);
        std::string line = from.marker_name();
        for (const auto& [key, value] : details) line += " " + value;
        return line;
      }
      case enums::COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
        return "upsert" +
               fields(
                   command.upsert_workflow_search_attributes_command_attributes().search_attributes().indexed_fields());
      case enums::COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES:
        return "memo" + fields(command.modify_workflow_properties_command_attributes().upserted_memo().fields());
      case enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION:
        return "complete " + values(command.complete_workflow_execution_command_attributes().result());
      case enums::COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION:
        return "fail " + command.fail_workflow_execution_command_attributes().failure().message();
      case enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION:
        return "cancelled";
      case enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION: {
        const auto& from = command.continue_as_new_workflow_execution_command_attributes();
        return "continue as new " + from.workflow_type().name() + values(from.input());
      }
      default:
        return command.ShortDebugString();
    }
  }

 private:
  static std::string local_text(const temporal::api::command::v1::RecordMarkerCommandAttributes& from) {
    const auto record =
        json::parse<engine::local_activity_record>(from.details().at(engine::local_activity_data).payloads(0).data());
    std::string line = "local " + record.activity_id + " " + record.activity_type;
    if (record.attempt > 1) line += " attempt " + std::to_string(record.attempt);
    if (from.has_failure())
      return line + " failed: " + from.failure().cause().message() +
             (record.backoff ? ", again in " + *record.backoff : "");
    return line + " = " + from.details().at(engine::local_activity_result).payloads(0).data();
  }
  int attempt_of(std::uint64_t number) const {
    const auto found = running.find(number);
    return found == running.end() ? 1 : found->second.attempt;
  }
  void note_locals() {
    if (last.starts != nullptr) {
      for (const auto& each : *last.starts) running[each.number] = each;
    }
    if (last.stops != nullptr) stopped.insert(stopped.end(), last.stops->begin(), last.stops->end());
  }
  void begin() {
    arena_ = std::make_unique<google::protobuf::Arena>();
    task_ = google::protobuf::Arena::CreateMessage<engine::service::PollWorkflowTaskQueueResponse>(arena_.get());
    task_->set_task_token("token");
    task_->set_attempt(1);
    task_->mutable_workflow_execution()->set_workflow_id("workflow-1");
    task_->mutable_workflow_execution()->set_run_id("run-1");
    const auto known = run_->last_event_id() == 0 ? 0 : previous_started_;
    task_->set_next_page_token(page(known + 1, *task_->mutable_history()));
  }
  const engine::step& deliver() {
    if (amend) amend(*task_);
    last = run_->accept(*task_, *arena_, options);
    while (last.kind == engine::step_kind::need_page || last.kind == engine::step_kind::need_full_history) {
      std::int64_t from = 1;
      if (last.kind == engine::step_kind::need_full_history) {
        ++full_fetches_;
        // What the run has forgotten is begun anew.
        running.clear();
      }
      if (last.kind == engine::step_kind::need_page) from = std::stoll(std::string(last.page_token));
      // The page goes away before the next step is looked at: the run must not keep anything of it.
      auto fetched = std::make_unique<History>();
      auto token = page(from, *fetched);
      last = run_->add_page(*fetched, std::move(token));
    }
    note_locals();
    return last;
  }
  /// The events from `from` to the next cut; returns the token of the page that follows.
  std::string page(std::int64_t from, History& to) {
    if (empty_pages && from > 0 && !emptied_) {
      emptied_ = true;
      return std::to_string(from);
    }
    emptied_ = false;
    auto end = history.last_id();
    for (const auto cut : cuts) {
      if (cut >= from && cut < end) end = cut;
    }
    for (auto id = from; id <= end; ++id) *to.add_events() = history.at(id);
    return end == history.last_id() ? std::string() : std::to_string(end + 1);
  }

  const detail::run::workflow_definition* definition_ = nullptr;
  std::unique_ptr<google::protobuf::Arena> arena_;
  engine::service::PollWorkflowTaskQueueResponse* task_ = nullptr;
  std::unique_ptr<engine::workflow_run> run_;
  std::int64_t previous_started_ = 0;
  std::vector<temporal::api::protocol::v1::Message> messages_;
  int full_fetches_ = 0;
  bool emptied_ = false;
};

}  // namespace rondo::test
