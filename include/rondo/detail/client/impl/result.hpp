#pragma once
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/history/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <exception>
#include <string>
#include <utility>

#include "rondo/client/errors.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/client/result.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/failure.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION void unpack_raw_history(history_response& response) {
  for (const auto& blob : response.raw_history()) {
    engine::History part;
    if (!part.ParseFromString(blob.data())) {
      throw rpc_error(rpc_status(rpc_code::internal, "the server sent a history that cannot be read", true));
    }
    response.mutable_history()->MergeFrom(part);
  }
  response.clear_raw_history();
}

RONDO_FUNCTION bool is_close_event(const HistoryEvent& event) {
  switch (event.attributes_case()) {
    case HistoryEvent::kWorkflowExecutionCompletedEventAttributes:
    case HistoryEvent::kWorkflowExecutionFailedEventAttributes:
    case HistoryEvent::kWorkflowExecutionTimedOutEventAttributes:
    case HistoryEvent::kWorkflowExecutionCanceledEventAttributes:
    case HistoryEvent::kWorkflowExecutionTerminatedEventAttributes:
    case HistoryEvent::kWorkflowExecutionContinuedAsNewEventAttributes:
      return true;
    default:
      return false;
  }
}

using close_poll = service_call<service::GetWorkflowExecutionHistoryRequest>;

inline close_poll make_close_poll(const session& by, const std::string& workflow_id, const std::string& run_id) {
  service::GetWorkflowExecutionHistoryRequest request;
  request.set_namespace_(by.namespace_);
  request.mutable_execution()->set_workflow_id(workflow_id);
  request.mutable_execution()->set_run_id(run_id);
  request.set_wait_new_event(true);
  request.set_history_event_filter_type(temporal::api::enums::v1::HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT);
  request.set_skip_archival(true);
  close_poll poll("GetWorkflowExecutionHistory",
                  call_subject("result of workflow '" + workflow_id + "'", workflow_id, by.namespace_),
                  "workflow:" + workflow_id, std::move(request));
  poll.kind = io::rpc_class::long_poll;
  return poll;
}

/// The last event of a run, as soon as it is there. The server answers from time to time with nothing.
inline asio::awaitable<HistoryEvent> wait_close_event(session_ptr through, close_poll poll) {
  for (;;) {
    auto reply = co_await try_send<history_response>(through, poll);
    if (reply.status.code == rpc_code::deadline_exceeded) continue;
    if (!reply.status.ok()) throw_rpc_failure(poll.subject, reply.status);
    unpack_raw_history(reply.response);
    auto& events = *reply.response.mutable_history()->mutable_events();
    if (!events.empty() && is_close_event(events[events.size() - 1])) co_return std::move(events[events.size() - 1]);
    poll.request.set_next_page_token(reply.response.next_page_token());
  }
}

RONDO_FUNCTION const std::string& successor_of(const HistoryEvent& event) {
  static const std::string none;
  switch (event.attributes_case()) {
    case HistoryEvent::kWorkflowExecutionCompletedEventAttributes:
      return event.workflow_execution_completed_event_attributes().new_execution_run_id();
    case HistoryEvent::kWorkflowExecutionFailedEventAttributes:
      return event.workflow_execution_failed_event_attributes().new_execution_run_id();
    case HistoryEvent::kWorkflowExecutionTimedOutEventAttributes:
      return event.workflow_execution_timed_out_event_attributes().new_execution_run_id();
    case HistoryEvent::kWorkflowExecutionContinuedAsNewEventAttributes:
      return event.workflow_execution_continued_as_new_event_attributes().new_execution_run_id();
    default:
      return none;
  }
}

RONDO_FUNCTION closing closing_of(const HistoryEvent& event, const failure_converter* by) {
  switch (event.attributes_case()) {
    case HistoryEvent::kWorkflowExecutionFailedEventAttributes: {
      const auto& of = event.workflow_execution_failed_event_attributes();
      const auto cause = engine::exception_of(of.failure(), by);
      closing failed(workflow_status::failed, "failed: " + engine::message_of(cause), cause);
      failed.retry_state = retry_state_of(of.retry_state());
      return failed;
    }
    case HistoryEvent::kWorkflowExecutionTimedOutEventAttributes: {
      closing late(workflow_status::timed_out, "timed out",
                   std::make_exception_ptr(timeout_failure("workflow timed out", timeout_type::start_to_close)));
      late.retry_state = retry_state_of(event.workflow_execution_timed_out_event_attributes().retry_state());
      return late;
    }
    case HistoryEvent::kWorkflowExecutionCanceledEventAttributes: {
      cancelled_failure cause("workflow cancelled");
      cause.set_details(engine::list_of(event.workflow_execution_canceled_event_attributes().details()));
      return closing(workflow_status::cancelled, "was cancelled", std::make_exception_ptr(std::move(cause)));
    }
    default: {
      const auto& of = event.workflow_execution_terminated_event_attributes();
      const auto& reason = of.reason();
      return closing(
          workflow_status::terminated, reason.empty() ? "was terminated" : "was terminated: " + reason,
          std::make_exception_ptr(terminated_failure(reason.empty() ? "workflow terminated" : reason, of.identity())));
    }
  }
}

RONDO_FUNCTION Payloads take_result(HistoryEvent&& event, const std::string& workflow_id, const std::string& run_id,
                                    const failure_converter* by) {
  if (event.has_workflow_execution_completed_event_attributes()) {
    return std::move(*event.mutable_workflow_execution_completed_event_attributes()->mutable_result());
  }
  if (event.has_workflow_execution_continued_as_new_event_attributes()) {
    throw workflow_continued_as_new(workflow_id, run_id, successor_of(event));
  }
  const closing end = closing_of(event, by);
  workflow_failure error("workflow '" + workflow_id + "' " + end.text, workflow_id, run_id, end.status);
  error.set_cause(end.cause);
  error.set_retry_state(end.retry_state);
  throw error;
}

/// No interceptor is around it. `first` asks about the run that is given.
inline asio::awaitable<Payloads> follow_runs(session_ptr through, close_poll first, bool follow) {
  const std::string workflow_id = first.request.execution().workflow_id();
  std::string run_id = first.request.execution().run_id();
  HistoryEvent last = co_await wait_close_event(through, std::move(first));
  while (follow && !successor_of(last).empty()) {
    run_id = successor_of(last);
    auto next = wait_close_event(through, make_close_poll(*through, workflow_id, run_id));
    last = co_await std::move(next);
  }
  co_return take_result(std::move(last), workflow_id, run_id, through->failures());
}

inline asio::awaitable<Payloads> wait_seen_value(session_ptr through, close_poll poll, bool follow) {
  show_once(*through, poll);
  const value_source value = [&through, &poll, follow] { return follow_runs(through, poll, follow); };
  auto waiting = surround_value(through, poll, poll.request, value);
  co_return co_await std::move(waiting);
}

RONDO_FUNCTION asio::awaitable<Payloads> wait_value(session_ptr through, std::string workflow_id, std::string run_id,
                                                    bool follow) {
  auto poll = make_close_poll(*through, workflow_id, run_id);
  if (has_interceptors(*through)) return wait_seen_value(std::move(through), std::move(poll), follow);
  return follow_runs(std::move(through), std::move(poll), follow);
}

}  // namespace rondo::detail::calls
