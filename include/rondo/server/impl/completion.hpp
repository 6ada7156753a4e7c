#pragma once

#include "rondo/server/completion.hpp"

#include <temporal/api/errordetails/v1/message.pb.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

#include "rondo/server/activities.hpp"
#include "rondo/server/closing.hpp"
#include "rondo/server/commands.hpp"
#include "rondo/server/deployments.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/history.hpp"
#include "rondo/server/name_space.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/queries.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/runs.hpp"
#include "rondo/server/time.hpp"
#include "rondo/server/updates.hpp"
#include "rondo/server/workflow_tasks.hpp"

// What workers answer to workflow tasks.
namespace rondo::server {

namespace detail_completion {

/// Events that a speculative task may have shown its worker and still leave no trace, when the worker can forget them.
inline constexpr std::int64_t most_forgotten_events = 10;
inline constexpr int most_reset_points = 20;

[[noreturn]] inline void refuse_not_found(const std::string& text) {
  throw refusal(rpc_code::not_found, text, temporal::api::errordetails::v1::NotFoundFailure());
}

inline run& find_run_of_token(core& in, const std::string& token, const std::string& namespace_name,
                              state::TaskToken& parsed) {
  if (token.empty()) throw refusal(rpc_code::invalid_argument, "Task token not set on request.");
  if (!parsed.ParseFromString(token) || parsed.namespace_id().empty() || parsed.run_id().empty()) {
    throw refusal(rpc_code::invalid_argument, "Error deserializing task token.");
  }
  name_space* space = in.namespaces().find_by_id(parsed.namespace_id());
  if (!namespace_name.empty() || space == nullptr) space = &in.namespaces().get(namespace_name);
  if (space->id() != parsed.namespace_id()) {
    throw refusal(rpc_code::invalid_argument, "Operation requested with a token from a different namespace.");
  }
  return get_run(in, *space, parsed.workflow_id(), parsed.run_id());
}

inline bool is_open_task(const run& of, const state::TaskToken& token) {
  const auto& task = of.state.workflow_task();
  return of.open() && of.task_started() && token.activity_id().empty() && token.query_id().empty() &&
         task.scheduled_event_id() == token.scheduled_event_id() &&
         task.started_event_id() == token.started_event_id() && task.attempt() == token.attempt() &&
         task.stamp() == token.stamp();
}

inline bool is_versioned(const service::RespondWorkflowTaskCompletedRequest& request) {
  return request.deployment_options().worker_versioning_mode() == enums::WORKER_VERSIONING_MODE_VERSIONED;
}

inline void check_request(const run& of, const service::RespondWorkflowTaskCompletedRequest& request) {
  if (request.intermediate_page() || request.page_number() != 0) {
    throw refusal(rpc_code::failed_precondition,
                  "workflow task completion pagination is disabled for this namespace " + of.space->name());
  }
  if (request.versioning_behavior() != enums::VERSIONING_BEHAVIOR_UNSPECIFIED && !request.has_deployment() &&
      !is_versioned(request)) {
    throw refusal(rpc_code::invalid_argument,
                  "versioning behavior cannot be specified without deployment options being set with versioned mode");
  }
  if (of.paused() && request.force_create_new_workflow_task()) {
    throw refusal(rpc_code::failed_precondition,
                  "Workflow is paused and force create new workflow task is not allowed.");
  }
}

/// The worker still works, and says so: nothing else is in its answer.
inline bool is_heartbeat(const service::RespondWorkflowTaskCompletedRequest& request) {
  return request.force_create_new_workflow_task() && request.commands().empty() && request.messages().empty();
}

inline bool changes_version(const run& of) {
  return of.state.versioning().has_version_transition() || of.state.versioning().has_deployment_transition();
}

/// A speculative task of which nothing has to be kept is forgotten, as if it had not been.
inline bool can_be_forgotten(const completion& by) {
  const run& of = by.of;
  if (of.state.workflow_task().kind() != state::WorkflowTask::SPECULATIVE) return false;
  if (!by.request.commands().empty() || by.request.force_create_new_workflow_task()) return false;
  if (of.state.buffered_events_size() > 0) return false;
  // The tail is the last task's WorkflowTaskStarted and WorkflowTaskCompleted, unless more has come since.
  const std::int64_t newer = of.events.next_id() - (of.state.previous_started_event_id() + 2);
  const bool forgets = by.request.capabilities().discard_speculative_workflow_task_with_events();
  return newer <= (forgets ? most_forgotten_events : 0) && completion_leaves_no_trace(by);
}

/// Where the build first completed a task, for resets to before it.
inline void add_reset_point(run& of, const service::RespondWorkflowTaskCompletedRequest& request, std::int64_t event) {
  std::string build =
      is_versioned(request) ? request.deployment_options().build_id() : request.worker_version_stamp().build_id();
  if (build.empty() && request.binary_checksum().empty()) return;
  for (const auto& point : of.state.reset_points()) {
    if (point.build_id() == build && point.binary_checksum() == request.binary_checksum()) return;
  }
  auto& points = *of.state.mutable_reset_points();
  if (points.size() >= most_reset_points) points.erase(points.begin());
  auto& point = *points.Add();
  point.set_build_id(std::move(build));
  point.set_binary_checksum(request.binary_checksum());
  point.set_run_id(of.state.run_id());
  point.set_first_workflow_task_completed_id(event);
  to_proto(of.owner->now(), *point.mutable_create_time());
  point.set_resettable(of.state.children().empty());
}

inline history_event completed_event(const completion& by) {
  const auto& request = by.request;
  history_event event = make_event(*by.of.owner, enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED);
  auto& attributes = *event.mutable_workflow_task_completed_event_attributes();
  attributes.set_scheduled_event_id(by.of.state.workflow_task().scheduled_event_id());
  attributes.set_started_event_id(by.of.state.workflow_task().started_event_id());
  attributes.set_identity(request.identity());
  attributes.set_binary_checksum(request.binary_checksum());
  if (request.has_worker_version_stamp()) *attributes.mutable_worker_version() = request.worker_version_stamp();
  if (request.has_sdk_metadata()) *attributes.mutable_sdk_metadata() = request.sdk_metadata();
  if (request.has_metering_metadata()) *attributes.mutable_metering_metadata() = request.metering_metadata();
  const auto& options = request.deployment_options();
  attributes.set_worker_deployment_name(options.deployment_name().empty() ? request.deployment().series_name()
                                                                          : options.deployment_name());
  if (is_versioned(request)) {
    attributes.mutable_deployment_version()->set_deployment_name(options.deployment_name());
    attributes.mutable_deployment_version()->set_build_id(options.build_id());
  } else if (!request.deployment().series_name().empty()) {
    attributes.mutable_deployment_version()->set_deployment_name(request.deployment().series_name());
    attributes.mutable_deployment_version()->set_build_id(request.deployment().build_id());
  }
  // Workers may report their default although they take no part in versioning.
  if (is_versioned(request) || !request.has_deployment_options()) {
    attributes.set_versioning_behavior(request.versioning_behavior());
  }
  return event;
}

/// The task's own events. The task stays open meanwhile, so that whatever the commands bring about comes after them.
inline void record(completion& by) {
  run& of = by.of;
  auto& task = *of.state.mutable_workflow_task();
  if (task.kind() != state::WorkflowTask::NORMAL) {
    task.set_identity(by.request.identity());
    write_task_events(of);
  }
  by.completed_event_id = append(of, completed_event(by));
  of.state.set_previous_started_event_id(task.started_event_id());
  of.state.set_last_completed_task_event_id(by.completed_event_id);
  of.owner->deployments().on_task_completed(of, by.request);
  add_reset_point(of, by.request, by.completed_event_id);
}

inline void take_stickiness(run& of, const service::RespondWorkflowTaskCompletedRequest& request) {
  const auto& sticky = request.sticky_attributes();
  if (sticky.worker_task_queue().name().empty()) return clear_stickiness(of);
  // The worker of the version that the run leaves gets no more tasks.
  if (changes_version(of)) return;
  of.state.set_sticky_task_queue(sticky.worker_task_queue().name());
  of.state.set_sticky_timeout(from_proto(sticky.schedule_to_start_timeout()));
}

/// The worker that answered, as if it had polled for the run's next task.
inline poller worker_of(const run& of, const service::RespondWorkflowTaskCompletedRequest& request) {
  poller worker;
  worker.sticky = true;
  worker.queue = {of.state.namespace_id(), of.state.sticky_task_queue(), queue_type::workflow};
  worker.normal_name = of.state.task_queue();
  worker.identity = request.identity();
  worker.instance_key = request.worker_instance_key();
  worker.versioning_mode = request.deployment_options().worker_versioning_mode();
  if (is_versioned(request)) {
    deployment_version version;
    version.set_deployment_name(request.deployment_options().deployment_name());
    version.set_build_id(request.deployment_options().build_id());
    worker.version = std::move(version);
  }
  worker.since = of.owner->now();
  return worker;
}

inline void start_eager_activities(completion& by) {
  run& of = by.of;
  poller worker = worker_of(of, by.request);
  worker.sticky = false;
  worker.queue = {of.state.namespace_id(), of.state.task_queue(), queue_type::activity};
  worker.control_queue = by.request.worker_control_task_queue();
  for (const auto id : by.eager_activities) {
    const auto found = of.state.mutable_activities()->find(id);
    if (found == of.state.mutable_activities()->end()) continue;
    // The worker has said only of the workflow's own queue that it has room for activities.
    if (found->second.task_queue() != of.state.task_queue()) {
      dispatch_activity(of, found->second);
    } else {
      *by.response.add_activity_tasks() = start_activity(of, found->second, worker);
    }
  }
}

/// Schedules what has to follow the completion, and says whether the worker gets it at once.
inline void schedule_next(completion& by, instant original_time) {
  run& of = by.of;
  const auto& request = by.request;
  const bool changes = changes_version(of);
  const bool needed = flush_buffered(of) || request.force_create_new_workflow_task() || changes;
  task_plan plan;
  plan.original_time = original_time;
  plan.dispatch = !request.return_new_workflow_task() || changes;
  if (!needed) {
    if (!has_unsent_updates(of)) return;
    // Only a task that goes out with this answer can be speculative here.
    if (!plan.dispatch) plan.kind = state::WorkflowTask::SPECULATIVE;
  }
  schedule_workflow_task(of, plan);
}

inline void follow_up(completion& by, instant original_time) {
  run& of = by.of;
  schedule_next(by, original_time);
  take_query_results(of, by.request);
  start_eager_activities(by);
  const bool waits = of.state.has_workflow_task() && !of.task_started() && !changes_version(of);
  if (by.request.return_new_workflow_task() && waits) {
    *by.response.mutable_workflow_task() = start_workflow_task_message(of, worker_of(of, by.request), true);
  }
}

inline std::string text_of(const bad_completion& bad) {
  std::string text = spell(enums::WorkflowTaskFailedCause_Name(bad.cause()), "WORKFLOW_TASK_FAILED_CAUSE_");
  const std::string said = bad.what();
  if (said.rfind(text, 0) == 0) return said;
  return said.empty() ? text : text + ": " + said;
}

/// The worker hears what is wrong, and the task fails. Further attempts are left to time out instead, so that a worker
/// that repeats itself is not asked at once.
[[noreturn]] inline void refuse_completion(completion& by, const bad_completion& bad) {
  run& of = by.of;
  const std::string text = text_of(bad);
  const bool unhandled = bad.cause() == enums::WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND;
  if (of.state.workflow_task().attempt() == 1 || unhandled) {
    temporal::api::failure::v1::Failure failure;
    failure.set_message(text);
    failure.mutable_server_failure_info();
    refuse_sent_updates(of);
    fail_workflow_task(of, bad.cause(), failure, by.request.identity(), !bad.terminates());
    if (bad.terminates()) terminate_run(of, text, nullptr, "history-service");
  }
  throw refusal(rpc_code::invalid_argument, text);
}

inline void finish(completion& by) {
  run& of = by.of;
  const instant original_time = is_heartbeat(by.request) ? of.state.workflow_task().original_scheduled_time() : 0;
  const bool forgotten = can_be_forgotten(by);
  if (forgotten) {
    by.response.set_reset_history_event_id(of.state.previous_started_event_id());
  } else {
    record(by);
  }
  take_stickiness(of, by.request);
  const auto& commands = by.request.commands();
  const bool closing = !commands.empty() && closes_run(commands.rbegin()->command_type());
  // Answers of the last task reach those who asked before the end of the run would tell them otherwise.
  if (closing) take_query_results(of, by.request);
  apply_commands(by);
  take_messages(by);
  of.owner->touch(of);
  if (!of.open()) return;
  of.state.clear_workflow_task();
  of.state.clear_next_task_attempt();
  of.state.clear_last_task_failure();
  of.state.clear_last_task_failure_cause();
  follow_up(by, original_time);
  enforce_history_limits(of);
}

inline service::RespondWorkflowTaskCompletedResponse complete(core& in,
                                                              service::RespondWorkflowTaskCompletedRequest& request) {
  state::TaskToken token;
  run& of = get_run_of_task(in, request.task_token(), request.namespace_(), token);
  check_request(of, request);
  const instant beaten_until =
      later(of.state.workflow_task().original_scheduled_time(), in.limit().task_heartbeat_timeout);
  if (is_heartbeat(request) && in.now() > beaten_until) {
    time_out_workflow_task(of, enums::TIMEOUT_TYPE_START_TO_CLOSE);
    refuse_not_found("workflow task heartbeat timeout");
  }
  service::RespondWorkflowTaskCompletedResponse response;
  completion by{of, request, response};
  for (const auto& message : request.messages()) by.messages[message.id()] = &message;
  try {
    check_commands(by);
  } catch (const bad_completion& bad) {
    refuse_completion(by, bad);
  }
  finish(by);
  return response;
}

inline service::RespondWorkflowTaskFailedResponse fail(core& in, service::RespondWorkflowTaskFailedRequest& request) {
  state::TaskToken token;
  run& of = find_run_of_token(in, request.task_token(), request.namespace_(), token);
  if (!of.open()) refuse_not_found("workflow execution already completed");
  if (!is_open_task(of, token)) refuse_not_found("Workflow task not found.");
  fail_workflow_task(of, request.cause(), request.failure(), request.identity());
  return {};
}

inline service::ResetStickyTaskQueueResponse reset_stickiness(core& in, service::ResetStickyTaskQueueRequest& request) {
  name_space& space = in.namespaces().get(request.namespace_());
  if (request.execution().workflow_id().empty()) {
    throw refusal(rpc_code::invalid_argument, "WorkflowId is not set on request.");
  }
  clear_stickiness(get_open_run(in, space, request.execution().workflow_id(), request.execution().run_id()));
  return {};
}

}  // namespace detail_completion

RONDO_SERVER_FUNCTION std::string spell(const std::string& name, const std::string& prefix) {
  std::string spelled;
  bool first = true;
  for (std::size_t at = name.rfind(prefix, 0) == 0 ? prefix.size() : 0; at < name.size(); ++at) {
    if (name[at] == '_') {
      first = true;
      continue;
    }
    spelled += first ? name[at] : static_cast<char>(std::tolower(static_cast<unsigned char>(name[at])));
    first = false;
  }
  return spelled;
}

RONDO_SERVER_FUNCTION run& get_run_of_task(core& in, const std::string& token, const std::string& namespace_name,
                                           state::TaskToken& parsed) {
  run& of = detail_completion::find_run_of_token(in, token, namespace_name, parsed);
  if (!detail_completion::is_open_task(of, parsed)) detail_completion::refuse_not_found("Workflow task not found.");
  return of;
}

RONDO_SERVER_FUNCTION void serve_workflow_tasks(frontend& at) {
  at.on<service::RespondWorkflowTaskCompletedRequest>("RespondWorkflowTaskCompleted", detail_completion::complete);
  at.on<service::RespondWorkflowTaskFailedRequest>("RespondWorkflowTaskFailed", detail_completion::fail);
  at.on<service::ResetStickyTaskQueueRequest>("ResetStickyTaskQueue", detail_completion::reset_stickiness);
}

}  // namespace rondo::server
