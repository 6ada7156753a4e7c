#pragma once

#include <temporal/api/errordetails/v1/message.pb.h>

#include <string>
#include <utility>

#include "rondo/server/activities.hpp"
#include "rondo/server/activity_operations.hpp"
#include "rondo/server/activity_state.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/request_checks.hpp"
#include "rondo/server/runs.hpp"

namespace rondo::server {

namespace detail_activity_requests {

using temporal::api::common::v1::Payloads;
using temporal::api::failure::v1::Failure;

/// The activity that a request speaks of.
struct addressed {
  run& of;
  state::Activity& which;
};

[[noreturn]] inline void refuse_missing(const std::string& text) {
  throw refusal(rpc_code::not_found, text, temporal::api::errordetails::v1::NotFoundFailure());
}

[[noreturn]] inline void refuse_stale() {
  refuse_missing("invalid activityID or activity already timed out or invoking workflow is completed");
}

inline addressed find_by_token(core& in, const std::string& bytes, const std::string& namespace_name) {
  if (bytes.empty()) refuse_argument("Task token not set on request.");
  state::TaskToken token;
  if (!token.ParseFromString(bytes) || token.namespace_id().empty() || token.workflow_id().empty()) {
    refuse_argument("Error deserializing task token.");
  }
  name_space* space = in.namespaces().find_by_id(token.namespace_id());
  if (!namespace_name.empty() && &in.namespaces().get(namespace_name) != space) {
    refuse_argument("Operation requested with a token from a different namespace.");
  }
  if (space == nullptr) {
    throw refusal(rpc_code::not_found, "Namespace " + token.namespace_id() + " is not found.",
                  temporal::api::errordetails::v1::NamespaceNotFoundFailure());
  }
  run& of = get_open_run(in, *space, token.workflow_id(), token.run_id());
  const auto found = of.state.mutable_activities()->find(token.scheduled_event_id());
  if (found == of.state.mutable_activities()->end()) refuse_stale();
  state::Activity& which = found->second;
  // Also for an attempt whose number a reset took back to the first: the worker of such a one is told that it is gone,
  // and the next attempt comes when its time is over.
  const bool same = which.stamp() == token.stamp() && which.attempt() == token.attempt();
  if (!is_started(which) || !same) refuse_stale();
  return {of, which};
}

/// From a request that names the activity by its id.
template <class Request>
addressed find_by_id(core& in, const Request& request) {
  name_space& space = in.namespaces().get(request.namespace_());
  if (request.workflow_id().empty()) refuse_argument("WorkflowId is not set on request.");
  if (request.activity_id().empty()) refuse_argument("ActivityId is not set on request.");
  if (!request.run_id().empty() && !is_uuid(request.run_id())) refuse_argument("Invalid RunId.");
  run& of = get_open_run(in, space, request.workflow_id(), request.run_id());
  for (auto& [id, which] : *of.state.mutable_activities()) {
    if (which.activity_id() == request.activity_id()) return {of, which};
  }
  refuse_missing("cannot find pending activity with ActivityID " + request.activity_id() +
                 ", check workflow execution history for more details");
}

inline void check_identity(const core& in, const std::string& identity) {
  if (identity.size() > in.limit().id_length) refuse_argument("Identity length exceeds limit.");
}

inline bool is_too_large(const core& in, const google::protobuf::Message& message) {
  return message.ByteSizeLong() > in.limit().blob_size;
}

inline Failure make_server_failure(const std::string& text) {
  Failure made;
  made.set_message(text);
  made.mutable_server_failure_info()->set_non_retryable(true);
  return made;
}

inline void complete(core& in, addressed activity, Payloads& result, const std::string& identity) {
  check_identity(in, identity);
  if (is_too_large(in, result)) {
    if (activity.which.started_time() == 0) refuse_stale();
    return fail_activity(activity.of, activity.which, make_server_failure("Complete result exceeds size limit."),
                         identity);
  }
  complete_activity(activity.of, activity.which, std::move(result), identity);
}

inline void cancel(core& in, addressed activity, Payloads& details, const std::string& identity) {
  check_identity(in, identity);
  if (activity.which.started_time() == 0) refuse_stale();
  if (is_too_large(in, details)) {
    return fail_activity(activity.of, activity.which, make_server_failure("Cancel details exceed size limit."),
                         identity);
  }
  if (!activity.which.cancel_requested()) {
    refuse_argument("unable to mark activity as canceled without activity being request canceled first");
  }
  cancel_activity(activity.of, activity.which, std::move(details), identity);
}

inline void note_heartbeat(core& in, addressed activity, const Payloads& details) {
  activity.which.set_last_heartbeat_time(in.now());
  if (details.payloads().empty()) {
    activity.which.clear_heartbeat_details();
  } else {
    *activity.which.mutable_heartbeat_details() = details;
  }
  in.touch(activity.of);
}

/// For both forms of RespondActivityTaskFailed.
template <class Response, class Request>
Response fail(core& in, addressed activity, Request& request) {
  if (request.has_failure() && !request.failure().has_application_failure_info()) {
    refuse_argument("Failure must have ApplicationFailureInfo.");
  }
  check_identity(in, request.identity());
  if (activity.which.started_time() == 0) refuse_stale();
  Response response;
  if (request.has_last_heartbeat_details()) {
    if (is_too_large(in, request.last_heartbeat_details())) {
      *response.add_failures() = make_server_failure("Heartbeat details exceed size limit.");
    } else {
      note_heartbeat(in, activity, request.last_heartbeat_details());
    }
  }
  Failure failure = request.failure();
  if (is_too_large(in, failure)) {
    failure = make_server_failure("Failure exceeds size limit.");
    *response.add_failures() = failure;
  }
  fail_activity(activity.of, activity.which, failure, request.identity());
  return response;
}

/// For both forms of RecordActivityTaskHeartbeat.
template <class Response, class Request>
Response heartbeat(core& in, addressed activity, const Request& request) {
  if (activity.which.started_time() == 0) refuse_stale();
  Response response;
  if (is_too_large(in, request.details())) {
    fail_activity(activity.of, activity.which, make_server_failure("Heartbeat details exceed size limit."),
                  request.identity());
    response.set_cancel_requested(true);
    return response;
  }
  if (!request.identity().empty()) activity.which.set_last_worker_identity(request.identity());
  note_heartbeat(in, activity, request.details());
  response.set_cancel_requested(activity.which.cancel_requested());
  response.set_activity_paused(activity.which.has_pause());
  response.set_activity_reset(activity.which.reset());
  return response;
}

inline void serve_by_token(frontend& at) {
  at.on<service::RespondActivityTaskCompletedRequest>(
      "RespondActivityTaskCompleted", [](core& in, service::RespondActivityTaskCompletedRequest& request) {
        complete(in, find_by_token(in, request.task_token(), request.namespace_()), *request.mutable_result(),
                 request.identity());
        return service::RespondActivityTaskCompletedResponse();
      });
  at.on<service::RespondActivityTaskFailedRequest>(
      "RespondActivityTaskFailed", [](core& in, service::RespondActivityTaskFailedRequest& request) {
        const auto activity = find_by_token(in, request.task_token(), request.namespace_());
        return fail<service::RespondActivityTaskFailedResponse>(in, activity, request);
      });
  at.on<service::RespondActivityTaskCanceledRequest>(
      "RespondActivityTaskCanceled", [](core& in, service::RespondActivityTaskCanceledRequest& request) {
        cancel(in, find_by_token(in, request.task_token(), request.namespace_()), *request.mutable_details(),
               request.identity());
        return service::RespondActivityTaskCanceledResponse();
      });
  at.on<service::RecordActivityTaskHeartbeatRequest>(
      "RecordActivityTaskHeartbeat", [](core& in, const service::RecordActivityTaskHeartbeatRequest& request) {
        const auto activity = find_by_token(in, request.task_token(), request.namespace_());
        return heartbeat<service::RecordActivityTaskHeartbeatResponse>(in, activity, request);
      });
}

inline void serve_by_id(frontend& at) {
  at.on<service::RespondActivityTaskCompletedByIdRequest>(
      "RespondActivityTaskCompletedById", [](core& in, service::RespondActivityTaskCompletedByIdRequest& request) {
        complete(in, find_by_id(in, request), *request.mutable_result(), request.identity());
        return service::RespondActivityTaskCompletedByIdResponse();
      });
  at.on<service::RespondActivityTaskFailedByIdRequest>(
      "RespondActivityTaskFailedById", [](core& in, service::RespondActivityTaskFailedByIdRequest& request) {
        return fail<service::RespondActivityTaskFailedByIdResponse>(in, find_by_id(in, request), request);
      });
  at.on<service::RespondActivityTaskCanceledByIdRequest>(
      "RespondActivityTaskCanceledById", [](core& in, service::RespondActivityTaskCanceledByIdRequest& request) {
        cancel(in, find_by_id(in, request), *request.mutable_details(), request.identity());
        return service::RespondActivityTaskCanceledByIdResponse();
      });
  at.on<service::RecordActivityTaskHeartbeatByIdRequest>(
      "RecordActivityTaskHeartbeatById", [](core& in, const service::RecordActivityTaskHeartbeatByIdRequest& request) {
        return heartbeat<service::RecordActivityTaskHeartbeatByIdResponse>(in, find_by_id(in, request), request);
      });
}

}  // namespace detail_activity_requests

RONDO_SERVER_FUNCTION void serve_activities(frontend& at) {
  detail_activity_requests::serve_by_token(at);
  detail_activity_requests::serve_by_id(at);
  serve_activity_operations(at);
  serve_activity_options(at);
}

}  // namespace rondo::server
