#pragma once
#include <temporal/api/enums/v1/workflow.pb.h>
#include <temporal/api/history/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/client/result.hpp"
#include "tools/event_text.hpp"
#include "tools/failure_text.hpp"
#include "tools/payload_text.hpp"
#include "tools/printer.hpp"
#include "tools/proto_json.hpp"
#include "tools/session.hpp"
#include "tools/table.hpp"
#include "tools/workflow_requests.hpp"

// Histories of workflows, and how they ended.
namespace rondo::tools {

/// Reads the events of one run, page by page.
class history_reader {
 public:
  history_reader(session& from, const workflow_flags& of) : session_(&from), of_(of) {}

  /// Waits for events that are still to come, until the workflow ends.
  history_reader& follow() {
    request_.set_wait_new_event(true);
    return *this;
  }
  /// Gives the last event alone.
  history_reader& close_event_only() {
    request_.set_history_event_filter_type(enums::HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT);
    return *this;
  }

  /// Calls the function with every page. Throws command_error.
  template <class Function>
  void each_page(Function&& function) {
    request_.set_namespace_(session_->namespace_());
    set_execution(of_, *request_.mutable_execution());
    const std::string action = "history of workflow '" + of_.workflow_id + "'";
    const auto kind =
        request_.wait_new_event() ? rondo::detail::io::rpc_class::long_poll : rondo::detail::io::rpc_class::unary;
    for (;;) {
      auto reply = session_->try_call<response>("GetWorkflowExecutionHistory", request_, kind);
      // The server holds the call until something happens, which may be longer than one attempt.
      if (reply.status.code == rpc_code::deadline_exceeded && request_.wait_new_event() && !session_->is_late())
        continue;
      if (!reply.status.ok()) session_->fail(action, reply.status);
      rondo::detail::calls::unpack_raw_history(reply.response);
      function(reply.response.history());
      if (reply.response.next_page_token().empty()) return;
      request_.set_next_page_token(reply.response.next_page_token());
    }
  }

 private:
  using response = service::GetWorkflowExecutionHistoryResponse;

  session* session_;
  workflow_flags of_;
  service::GetWorkflowExecutionHistoryRequest request_;
};

/// The last event of a run, as soon as it is there.
inline HistoryEvent wait_close_event(session& from, const workflow_flags& of) {
  HistoryEvent last;
  history_reader(from, of).follow().close_event_only().each_page([&](const temporal::api::history::v1::History& page) {
    if (page.events_size() > 0) last = page.events(page.events_size() - 1);
  });
  return last;
}

/// How a workflow ended, from its last event.
struct ending {
  /// "COMPLETED"; empty when the event is none that ends a workflow.
  std::string status;
  /// What went wrong, in one line; empty when nothing did.
  std::string problem;
};

inline ending ending_of(const HistoryEvent& event) {
  switch (event.attributes_case()) {
    case HistoryEvent::kWorkflowExecutionCompletedEventAttributes:
      return {"COMPLETED", {}};
    case HistoryEvent::kWorkflowExecutionFailedEventAttributes:
      return {"FAILED", "failed: " + failure_chain(event.workflow_execution_failed_event_attributes().failure())};
    case HistoryEvent::kWorkflowExecutionTimedOutEventAttributes:
      return {"TIMED_OUT", "timed out"};
    case HistoryEvent::kWorkflowExecutionCanceledEventAttributes:
      return {"CANCELED", "was cancelled"};
    case HistoryEvent::kWorkflowExecutionTerminatedEventAttributes: {
      const auto& reason = event.workflow_execution_terminated_event_attributes().reason();
      return {"TERMINATED", reason.empty() ? "was terminated" : "was terminated: " + reason};
    }
    case HistoryEvent::kWorkflowExecutionContinuedAsNewEventAttributes:
      return {"CONTINUED_AS_NEW", {}};
    default:
      return {};
  }
}

/// The "Results" part of describe, show and result.
inline std::string ending_text(const HistoryEvent& event) {
  property_list list;
  list.add("Status", ending_of(event).status);
  switch (event.attributes_case()) {
    case HistoryEvent::kWorkflowExecutionCompletedEventAttributes:
      list.add("Result", payloads_text(event.workflow_execution_completed_event_attributes().result()));
      break;
    case HistoryEvent::kWorkflowExecutionFailedEventAttributes:
      list.add_lines("Failure", failure_lines(event.workflow_execution_failed_event_attributes().failure()));
      break;
    case HistoryEvent::kWorkflowExecutionCanceledEventAttributes:
      list.add("Details", payloads_text(event.workflow_execution_canceled_event_attributes().details()));
      break;
    case HistoryEvent::kWorkflowExecutionTerminatedEventAttributes:
      list.add("Reason", event.workflow_execution_terminated_event_attributes().reason());
      list.add("Details", payloads_text(event.workflow_execution_terminated_event_attributes().details()));
      list.add("Identity", event.workflow_execution_terminated_event_attributes().identity());
      break;
    case HistoryEvent::kWorkflowExecutionContinuedAsNewEventAttributes:
      list.add("NewRunId", event.workflow_execution_continued_as_new_event_attributes().new_execution_run_id());
      break;
    default:
      break;
  }
  return "Results:\n" + list.text();
}

/// The same as one line of JSON.
inline std::string ending_json(const HistoryEvent& event, const workflow_flags& of, std::string_view run_id,
                               payload_style style) {
  const proto_json json(style);
  json_object object;
  object.add("workflowId", of.workflow_id);
  object.add("runId", run_id);
  object.add("status", ending_of(event).status);
  object.add_json("closeEvent", json.line(event));
  if (event.has_workflow_execution_completed_event_attributes()) {
    const auto& result = event.workflow_execution_completed_event_attributes().result();
    if (result.payloads_size() == 1) object.add_json("result", json.line(result.payloads(0)));
    if (result.payloads_size() > 1) object.add_json("result", json.line(result));
  }
  return object.line();
}

/// An event as a section of its own: number, type, time and all attributes as JSON.
inline std::string event_section(const HistoryEvent& event, const time_writer& times) {
  return "--------------- [" + std::to_string(event.event_id()) + "] " + event_type_text(event) + " ---------------\n" +
         times.absolute(event.event_time()) + "\n" + proto_json(payload_style::shorthand).text(event) + "\n";
}

/// Prints events as rows, page by page, in columns that stay where they are.
class event_table {
 public:
  explicit event_table(const printer& to)
      : to_(&to), table_({{"ID", align::right, 3}, {"Time"}, {"Type", align::left, 30}, {"Details"}}) {}

  void print(const temporal::api::history::v1::History& page) {
    for (const auto& event : page.events()) {
      table_.add({std::to_string(event.event_id()), to_->times().absolute(event.event_time()), event_type_text(event),
                  shortened(one_line(event_details(event)), 100)});
    }
    if (table_.empty()) return;
    if (!std::exchange(begun_, true)) to_->text("Progress:\n" + table_.header());
    to_->text(table_.take_rows());
  }

 private:
  const printer* to_;
  table table_;
  bool begun_ = false;
};

}  // namespace rondo::tools
