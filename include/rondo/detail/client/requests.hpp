#pragma once
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rondo/client/description.hpp"
#include "rondo/client/errors.hpp"
#include "rondo/client/history.hpp"
#include "rondo/client/history_event.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/client/start.hpp"
#include "rondo/detail/client/arguments.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/result.hpp"
#include "rondo/detail/client/session.hpp"

// What a handle asks of the server.
namespace rondo::detail::calls {

/// The workflow that a handle stands for.
class target {
 public:
  target(session_ptr of, std::string id, std::string pinned, std::string result_run, std::string first_run)
      : session(std::move(of)),
        workflow_id(std::move(id)),
        run_id(std::move(pinned)),
        result_run_id(std::move(result_run)),
        first_run_id(std::move(first_run)) {}

  call_subject subject(std::string action) const {
    return call_subject(std::move(action) + " workflow '" + workflow_id + "'", workflow_id, session->namespace_);
  }
  std::string resource_id() const { return "workflow:" + workflow_id; }
  workflow_owner owner() const noexcept { return {session->namespace_, workflow_id}; }

  session_ptr session;
  std::string workflow_id;
  /// The run that requests go to; empty: the present one.
  std::string run_id;
  /// The run whose result counts; empty: the present one.
  std::string result_run_id;
  std::string first_run_id;
};

/// False when the first argument is the options.
template <class... Arguments>
inline constexpr bool without_options = true;
template <class First, class... Others>
inline constexpr bool without_options<First, Others...> = !std::is_same_v<std::remove_cvref_t<First>, query_options>;

inline void set_execution(const target& from, temporal::api::common::v1::WorkflowExecution& to) {
  to.set_workflow_id(from.workflow_id);
  to.set_run_id(from.run_id);
}

service_call<service::SignalWorkflowExecutionRequest> make_signal(const target& to, std::string_view name,
                                                                  Payloads input);

asio::awaitable<void> send_signal(session_ptr through, service_call<service::SignalWorkflowExecutionRequest> what);

service_call<service::RequestCancelWorkflowExecutionRequest> make_cancel(const target& to, std::string_view reason);

service_call<service::TerminateWorkflowExecutionRequest> make_terminate(const target& to, std::string_view reason,
                                                                        Payloads details);

service_call<service::QueryWorkflowRequest> make_query(const target& to, std::string_view name,
                                                       const query_options& options, Payloads input);

/// The answer to a query. Throws query_rejected, too.
asio::awaitable<Payloads> query_value(session_ptr through, service_call<service::QueryWorkflowRequest> what);

template <class Result>
asio::awaitable<Result> ask(session_ptr through, service_call<service::QueryWorkflowRequest> what) {
  const std::string action = what.subject.action;
  const std::string namespace_name = through->namespace_, workflow_id = what.request.execution().workflow_id();
  const Payloads value = co_await query_value(std::move(through), std::move(what));
  co_return decode_one<Result>(workflow_owner(namespace_name, workflow_id), value, "answer to " + action);
}

asio::awaitable<workflow_description> describe(target of);

asio::awaitable<workflow_history> fetch_history(target of);

paged_list<history_event> list_events(const target& of, const history_options& options);

/// One page of a list.
asio::awaitable<page<workflow_summary>> fetch_workflows(session_ptr through,
                                                        service::ListWorkflowExecutionsRequest request);

asio::awaitable<page<workflow_summary>> fetch_archived_workflows(
    session_ptr through, service::ListArchivedWorkflowExecutionsRequest request);

/// The histories of the workflows of one page of a list; those that are gone meanwhile are left out.
asio::awaitable<page<workflow_history>> fetch_histories(session_ptr through,
                                                        service::ListWorkflowExecutionsRequest request);

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/requests.hpp"
#endif
