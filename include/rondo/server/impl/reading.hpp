#pragma once

#include "rondo/server/reading.hpp"

#include <rondo/server/state.pb.h>
#include <temporal/api/errordetails/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/server/closing.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/describe.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/request_checks.hpp"
#include "rondo/server/runs.hpp"
#include "rondo/server/watching.hpp"

namespace rondo::server {

namespace detail_reading {

namespace service = temporal::api::workflowservice::v1;
namespace history = temporal::api::history::v1;

/// Pages end earlier when they have more than this, so that every client can take them.
inline constexpr std::size_t page_bytes = 2U << 20U;

inline int page_size(const core& in, int wished) {
  const int most = in.limit().history_page;
  return wished <= 0 || wished > most ? most : wished;
}

/// The token, when there is one, must be one of ours and of the run that is asked for.
inline state::HistoryPageToken read_token(const std::string& bytes, const std::string& run_id) {
  state::HistoryPageToken token;
  if (bytes.empty()) return token;
  if (!token.ParseFromString(bytes) || !is_uuid(token.run_id()) || token.next_event_id() < 1) {
    refuse_argument("Invalid NextPageToken.");
  }
  if (!run_id.empty() && run_id != token.run_id()) {
    refuse_argument("RunId in the request does not match the NextPageToken.");
  }
  return token;
}

/// What a client wants to read, as far as it has come.
struct reader {
  core& in;
  call_ptr call;
  std::string workflow_id;
  bool wait = false;
  bool last_event_only = false;
  int size = 0;
  state::HistoryPageToken token;
};

inline std::int64_t last_id(const run& of) noexcept { return of.events.next_id() - 1; }

inline void answer(const reader& to, std::string_view events, const state::HistoryPageToken* next) {
  std::string response;
  append_field(response, service::GetWorkflowExecutionHistoryResponse::kHistoryFieldNumber, events);
  if (next != nullptr) {
    append_field(response, service::GetWorkflowExecutionHistoryResponse::kNextPageTokenFieldNumber,
                 next->SerializeAsString());
  }
  to.in.answer(to.call, std::move(response));
}

/// The last event of a page that begins with `first` and must not go beyond `last`.
inline std::int64_t page_end(const run& of, std::int64_t first, std::int64_t last, int size) {
  const std::int64_t most = std::min(last, first + size - 1);
  std::int64_t end = first;
  while (end < most && of.events.part(first, end + 1).size() <= page_bytes) ++end;
  return end;
}

inline void answer_page(reader& to, const run& of) {
  auto& token = to.token;
  const std::int64_t first = token.next_event_id();
  const std::int64_t last = token.last_event_id() == 0 ? last_id(of) : std::min(token.last_event_id(), last_id(of));
  const std::int64_t end = first > last ? last : page_end(of, first, last, to.size);
  const std::string_view events = of.events.part(first, end);
  token.set_next_event_id(end + 1);
  if (end < last) {
    token.set_last_event_id(last);
    return answer(to, events, &token);
  }
  if (to.wait && of.open()) {
    token.set_last_event_id(0);
    return answer(to, events, &token);
  }
  if (token.extra_events().empty()) return answer(to, events, nullptr);
  // Events of a workflow task that are not in the history follow it.
  std::string with_extra(events);
  for (const auto& event : token.extra_events()) append_field(with_extra, history::History::kEventsFieldNumber, event);
  answer(to, with_extra, nullptr);
}

/// Nothing has come while the client waited.
inline void answer_empty(reader& to, const run& of) {
  to.token.set_last_event_id(0);
  answer(to, {}, to.wait && of.open() ? &to.token : nullptr);
}

inline rpc_status gone(const reader& to, const run& of) {
  return make_status(rpc_code::not_found,
                     "workflow execution not found for workflow ID \"" + to.workflow_id + "\" and run ID \"" +
                         of.state.run_id() + "\"",
                     temporal::api::errordetails::v1::NotFoundFailure());
}

/// Answers if there is something to say by now.
inline bool answer_ready(reader& to, const run& of) {
  if (of.state.deleted()) {
    to.in.refuse(to.call, gone(to, of));
    return true;
  }
  if (to.last_event_only) {
    if (of.open()) return false;
    answer(to, of.events.part(last_id(of), last_id(of)), nullptr);
    return true;
  }
  if (to.token.next_event_id() > last_id(of) && of.open()) return false;
  answer_page(to, of);
  return true;
}

inline void get_history(core& in, service::GetWorkflowExecutionHistoryRequest& request, const call_ptr& call) {
  name_space& space = in.namespaces().get(request.namespace_());
  check_execution(request.has_execution(), request.execution());
  const auto to = std::make_shared<reader>(reader{in, call, request.execution().workflow_id(), false, false, 0, {}});
  to->token = read_token(request.next_page_token(), request.execution().run_id());
  const std::string& run_id = request.next_page_token().empty() ? request.execution().run_id() : to->token.run_id();
  run& of = get_run(in, space, to->workflow_id, run_id);
  to->wait = request.wait_new_event();
  to->last_event_only = request.history_event_filter_type() == enums::HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT;
  to->size = page_size(in, request.maximum_page_size());
  if (request.next_page_token().empty()) {
    to->token.set_run_id(of.state.run_id());
    to->token.set_next_event_id(1);
  }
  if (answer_ready(*to, of)) return;
  if (!to->wait && !to->last_event_only) return answer_empty(*to, of);
  watch_run(
      of, call, in.limit().history_long_poll, [to](run& changed) { return answer_ready(*to, changed); },
      [to](run& unchanged) { answer_empty(*to, unchanged); });
}

inline service::GetWorkflowExecutionHistoryReverseResponse get_reverse(
    core& in, service::GetWorkflowExecutionHistoryReverseRequest& request) {
  name_space& space = in.namespaces().get(request.namespace_());
  check_execution(request.has_execution(), request.execution());
  state::HistoryPageToken token = read_token(request.next_page_token(), request.execution().run_id());
  const bool first_page = request.next_page_token().empty();
  const std::string& run_id = first_page ? request.execution().run_id() : token.run_id();
  const run& of = get_run(in, space, request.execution().workflow_id(), run_id);
  std::int64_t id = first_page ? last_id(of) : std::min(token.next_event_id(), last_id(of));
  service::GetWorkflowExecutionHistoryReverseResponse response;
  auto& events = *response.mutable_history()->mutable_events();
  std::size_t bytes = 0;
  for (int left = page_size(in, request.maximum_page_size()); left > 0 && id > 0; --left, --id) {
    bytes += of.events.part(id, id).size();
    if (bytes > page_bytes && !events.empty()) break;
    *events.Add() = of.events.at(id);
  }
  if (id > 0) {
    token.set_run_id(of.state.run_id());
    token.set_next_event_id(id);
    response.set_next_page_token(token.SerializeAsString());
  }
  return response;
}

inline service::DeleteWorkflowExecutionResponse delete_run(core& in, service::DeleteWorkflowExecutionRequest& request) {
  name_space& space = in.namespaces().get(request.namespace_());
  check_execution(request.has_workflow_execution(), request.workflow_execution());
  run& which = get_run(in, space, request.workflow_execution().workflow_id(), request.workflow_execution().run_id());
  if (which.open()) terminate_run(which, "Delete workflow execution", nullptr, "history-service");
  // What the end of the run leads to elsewhere comes first.
  in.later([&in, space_id = space.id(), run_id = which.state.run_id(), workflow_id = which.state.workflow_id()] {
    name_space* present = in.namespaces().find_by_id(space_id);
    run* found = present == nullptr ? nullptr : find_run(in, *present, workflow_id, run_id);
    if (found != nullptr) forget_run(in, *found);
  });
  return {};
}

}  // namespace detail_reading

RONDO_SERVER_FUNCTION void forget_run(core& in, run& which) {
  // Who waited for the end of the run still hears of it, everybody else that the run is gone.
  ask_watchers(which);
  which.state.set_deleted(true);
  ask_watchers(which);
  remove_run(in, which);
}

RONDO_SERVER_FUNCTION void serve_reading(frontend& at) {
  using namespace detail_reading;
  at.on_call<service::GetWorkflowExecutionHistoryRequest>("GetWorkflowExecutionHistory", get_history);
  at.on<service::GetWorkflowExecutionHistoryReverseRequest>("GetWorkflowExecutionHistoryReverse", get_reverse);
  at.on<service::DeleteWorkflowExecutionRequest>("DeleteWorkflowExecution", delete_run);
  serve_describe(at);
}

}  // namespace rondo::server
