#pragma once
#include <temporal/api/activity/v1/message.pb.h>
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/enums/v1/activity.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/client/activity_options.hpp"
#include "rondo/client/errors.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/client/activity_changes.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/interception.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/result.hpp"
#include "rondo/detail/client/standalone.hpp"
#include "rondo/detail/client/start.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/failure.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION enums::ActivityIdReusePolicy wire_of(activity_reuse_policy policy) {
  switch (policy) {
    case activity_reuse_policy::allow_duplicate:
      return enums::ACTIVITY_ID_REUSE_POLICY_ALLOW_DUPLICATE;
    case activity_reuse_policy::allow_duplicate_failed_only:
      return enums::ACTIVITY_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY;
    case activity_reuse_policy::reject_duplicate:
      return enums::ACTIVITY_ID_REUSE_POLICY_REJECT_DUPLICATE;
  }
  return enums::ACTIVITY_ID_REUSE_POLICY_UNSPECIFIED;
}

RONDO_FUNCTION service_call<start_activity_request> make_start_activity(const session& by, std::string_view type,
                                                                        const start_activity_options& options,
                                                                        Payloads input) {
  auto request = new_request<start_activity_request>(by);
  const std::string id = options.id.empty() ? random_uuid() : std::string(options.id);
  request.set_activity_id(id);
  request.mutable_activity_type()->set_name(std::string(type));
  auto made = call_with(by, std::move(request), "start activity '" + id + "'", "activity:" + id);
  auto& to = made.request;
  if (options.task_queue.empty()) refuse(made.subject, "start_activity_options::task_queue is missing");
  if (options.start_to_close_timeout == duration::zero() && options.schedule_to_close_timeout == duration::zero()) {
    refuse(made.subject, "start_to_close_timeout or schedule_to_close_timeout is missing");
  }
  to.mutable_task_queue()->set_name(std::string(options.task_queue));
  to.mutable_task_queue()->set_kind(enums::TASK_QUEUE_KIND_NORMAL);
  set_duration(made.subject, "schedule_to_close_timeout", options.schedule_to_close_timeout,
               [&] { return to.mutable_schedule_to_close_timeout(); });
  set_duration(made.subject, "schedule_to_start_timeout", options.schedule_to_start_timeout,
               [&] { return to.mutable_schedule_to_start_timeout(); });
  set_duration(made.subject, "start_to_close_timeout", options.start_to_close_timeout,
               [&] { return to.mutable_start_to_close_timeout(); });
  set_duration(made.subject, "heartbeat_timeout", options.heartbeat_timeout,
               [&] { return to.mutable_heartbeat_timeout(); });
  set_duration(made.subject, "start_delay", options.start_delay, [&] { return to.mutable_start_delay(); });
  if (options.retry) set_retry(made.subject, *options.retry, *to.mutable_retry_policy());
  if (options.reuse) to.set_id_reuse_policy(wire_of(*options.reuse));
  if (options.conflict) to.set_id_conflict_policy(wire_of(*options.conflict));
  if (options.search_attributes.get()) {
    engine::write_payload_map(*options.search_attributes.get(),
                              *to.mutable_search_attributes()->mutable_indexed_fields());
  }
  set_texts(options.summary, options.details, to);
  if (options.priority) set_priority(made.subject, *options.priority, *to.mutable_priority());
  write_links(by, to);
  if (to.links_size() > 0 && options.conflict == activity_conflict_policy::use_existing) {
    to.mutable_on_conflict_options()->set_attach_request_id(true);
    to.mutable_on_conflict_options()->set_attach_links(true);
  }
  if (input.payloads_size() > 0) *to.mutable_input() = std::move(input);
  return intercepted(by, std::move(made));
}

RONDO_FUNCTION asio::awaitable<activity_target> start_activity(session_ptr through,
                                                               service_call<start_activity_request> what) {
  const std::string id = what.request.activity_id(), type = what.request.activity_type().name(),
                    queue = what.request.task_queue().name();
  const auto response = co_await fetch(through, std::move(what));
  keep_link(*through, response, link_to_activity(through->namespace_, id, response.run_id()));
  activity_target made(std::move(through), id, response.run_id());
  made.type = type;
  made.task_queue = queue;
  co_return made;
}

RONDO_FUNCTION asio::awaitable<temporal::api::activity::v1::ActivityExecutionOutcome> wait_outcome(activity_target of) {
  auto poll = of.make<service::PollActivityExecutionRequest>("result of");
  const auto has_ended = [](const auto& response) { return response.has_outcome(); };
  auto response = co_await fetch_when(of.session, std::move(poll), has_ended);
  co_return std::move(*response.mutable_outcome());
}

RONDO_FUNCTION activity_status status_of(enums::ActivityExecutionStatus status) {
  switch (status) {
    case enums::ACTIVITY_EXECUTION_STATUS_RUNNING:
      return activity_status::running;
    case enums::ACTIVITY_EXECUTION_STATUS_COMPLETED:
      return activity_status::completed;
    case enums::ACTIVITY_EXECUTION_STATUS_FAILED:
      return activity_status::failed;
    case enums::ACTIVITY_EXECUTION_STATUS_CANCELED:
      return activity_status::cancelled;
    case enums::ACTIVITY_EXECUTION_STATUS_TERMINATED:
      return activity_status::terminated;
    case enums::ACTIVITY_EXECUTION_STATUS_TIMED_OUT:
      return activity_status::timed_out;
    case enums::ACTIVITY_EXECUTION_STATUS_PAUSED:
      return activity_status::paused;
    default:
      return activity_status::unspecified;
  }
}

RONDO_FUNCTION activity_settings settings_of(const temporal::api::activity::v1::ActivityExecutionInfo& from) {
  activity_options_message options;
  options.mutable_task_queue()->set_name(from.task_queue());
  *options.mutable_schedule_to_close_timeout() = from.schedule_to_close_timeout();
  *options.mutable_schedule_to_start_timeout() = from.schedule_to_start_timeout();
  *options.mutable_start_to_close_timeout() = from.start_to_close_timeout();
  *options.mutable_heartbeat_timeout() = from.heartbeat_timeout();
  *options.mutable_retry_policy() = from.retry_policy();
  *options.mutable_priority() = from.priority();
  return settings_of(options);
}

RONDO_FUNCTION activity_link link_of(const temporal::api::common::v1::Link& from) {
  using kind = activity_link::kind_type;
  activity_link to;
  if (from.has_workflow_event()) {
    const auto& event = from.workflow_event();
    to = {kind::workflow_event, event.namespace_(), event.workflow_id(), event.run_id()};
    to.event_id = event.event_ref().event_id();
    to.request_id = event.request_id_ref().request_id();
  } else if (from.has_workflow()) {
    to = {kind::workflow, from.workflow().namespace_(), from.workflow().workflow_id(), from.workflow().run_id()};
  } else if (from.has_activity()) {
    to = {kind::activity, from.activity().namespace_(), from.activity().activity_id(), from.activity().run_id()};
  } else if (from.has_nexus_operation()) {
    const auto& operation = from.nexus_operation();
    to = {kind::nexus_operation, operation.namespace_(), operation.operation_id(), operation.run_id()};
  } else if (from.has_batch_job()) {
    to = {kind::batch_job, {}, from.batch_job().job_id(), {}};
  }
  return to;
}

RONDO_FUNCTION activity_description description_of(const service::DescribeActivityExecutionResponse& response,
                                                   const failure_converter* by) {
  activity_description to;
  const auto& from = response.info();
  read_activity(from, to);
  if (to.run_id.empty()) to.run_id = response.run_id();
  to.settings = settings_of(from);
  to.state = state_of(from.run_state());
  to.attempt = from.attempt();
  to.heartbeat_count = from.total_heartbeat_count();
  to.heartbeat_details = engine::list_of(from.heartbeat_details());
  to.last_heartbeat_time = time_if(from.has_last_heartbeat_time(), from.last_heartbeat_time());
  to.last_started_time = time_if(from.has_last_started_time(), from.last_started_time());
  to.last_attempt_complete_time = time_if(from.has_last_attempt_complete_time(), from.last_attempt_complete_time());
  to.next_attempt_time = time_if(from.has_next_attempt_schedule_time(), from.next_attempt_schedule_time());
  to.expiration_time = time_if(from.has_expiration_time(), from.expiration_time());
  read_failure(from.has_last_failure(), from.last_failure(), by, to);
  to.last_worker_identity = from.last_worker_identity();
  to.last_version = version_of(from.last_deployment_version());
  to.cancel_reason = from.canceled_reason();
  to.start_delay = engine::duration_of(from.start_delay());
  to.current_retry_interval = engine::duration_of(from.current_retry_interval());
  to.headers = map_of(from.header().fields());
  for (const auto& each : from.links()) to.links.push_back(link_of(each));
  to.sdk_name = from.sdk_name();
  to.sdk_version = from.sdk_version();
  to.summary = text_of(from.user_metadata().summary());
  to.details = text_of(from.user_metadata().details());
  to.input = engine::list_of(response.input());
  to.result = engine::list_of(response.outcome().result());
  if (response.outcome().has_failure()) to.error = engine::exception_of(response.outcome().failure(), by);
  to.response = std::make_shared<const service::DescribeActivityExecutionResponse>(response);
  return to;
}

RONDO_FUNCTION paged_list<activity_summary> list_activities(const session_ptr& through, std::string query,
                                                            const list_options& options) {
  auto request = new_request<service::ListActivityExecutionsRequest>(*through);
  request.set_query(std::move(query));
  request.set_page_size(options.page_size);
  return list_with<activity_summary>(through, std::move(request), "list activities", options, [](const auto& response) {
    std::vector<activity_summary> found;
    for (const auto& each : response.executions()) read_activity(each, found.emplace_back());
    return found;
  });
}

}  // namespace rondo::detail::calls
