#pragma once
#include <temporal/api/update/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client/errors.hpp"
#include "rondo/client/start.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/client/interception.hpp"
#include "rondo/detail/client/option_values.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/requests.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/client/updates.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION service_call<update_request> make_update(const target& to, std::string_view name,
                                                        const update_options& options, Payloads input) {
  update_request request;
  request.set_namespace_(to.session->namespace_);
  set_execution(to, *request.mutable_workflow_execution());
  request.set_first_execution_run_id(to.first_run_id);
  request.mutable_wait_policy()->set_lifecycle_stage(wire_of(options.wait_for));
  auto& asked = *request.mutable_request();
  asked.mutable_meta()->set_update_id(options.id.empty() ? random_uuid() : std::string(options.id));
  asked.mutable_meta()->set_identity(to.session->identity);
  asked.mutable_input()->set_name(std::string(name));
  if (input.payloads_size() > 0) *asked.mutable_input()->mutable_args() = std::move(input);
  service_call<update_request> made("UpdateWorkflowExecution", to.subject("update '" + std::string(name) + "' of"),
                                    to.resource_id(), std::move(request));
  made.kind = io::rpc_class::long_poll;
  return intercepted(*to.session, std::move(made));
}

RONDO_FUNCTION update_ref ref_of(session_ptr through, const update_request& asked, const update_response& answer) {
  update_ref made{.session = std::move(through),
                  .workflow_id = asked.workflow_execution().workflow_id(),
                  .run_id = answer.update_ref().workflow_execution().run_id(),
                  .id = asked.request().meta().update_id()};
  if (answer.has_outcome()) made.outcome = answer.outcome();
  return made;
}

/// No interceptor is around it.
inline asio::awaitable<update_response> send_update(session_ptr through, service_call<update_request>& what) {
  for (;;) {
    auto reply = co_await try_send<update_response>(through, what);
    if (reply.status.code == rpc_code::deadline_exceeded) continue;
    if (!reply.status.ok()) throw_rpc_failure(what.subject, reply.status);
    if (is_durable(reply.response)) co_return std::move(reply.response);
  }
}

RONDO_FUNCTION asio::awaitable<update_ref> begin_update(session_ptr through, service_call<update_request> what) {
  show_once(*through, what);
  auto asked = has_interceptors(*through)
                   ? surround_answer<update_response>(through, what, what.request,
                                                      [&through, &what] { return send_update(through, what); })
                   : send_update(through, what);
  const auto response = co_await std::move(asked);
  keep_link(*through, response);
  co_return ref_of(std::move(through), what.request, response);
}

using update_poll = service_call<service::PollWorkflowExecutionUpdateRequest>;

inline update_poll make_update_poll(const update_ref& of) {
  service::PollWorkflowExecutionUpdateRequest request;
  request.set_namespace_(of.session->namespace_);
  request.set_identity(of.session->identity);
  request.mutable_update_ref()->set_update_id(of.id);
  request.mutable_update_ref()->mutable_workflow_execution()->set_workflow_id(of.workflow_id);
  request.mutable_update_ref()->mutable_workflow_execution()->set_run_id(of.run_id);
  request.mutable_wait_policy()->set_lifecycle_stage(wire_of(update_stage::completed));
  return update_poll("PollWorkflowExecutionUpdate", of.subject(), "workflow:" + of.workflow_id, std::move(request));
}

/// No interceptor is around it.
inline asio::awaitable<Payloads> poll_update(const update_ref& of, update_poll& poll) {
  update_api::Outcome outcome;
  if (of.outcome) {
    outcome = *of.outcome;
  } else {
    const auto has_ended = [](const auto& response) { return response.has_outcome(); };
    auto polling = poll_until(of.session, poll, has_ended);
    auto response = co_await std::move(polling);
    outcome = std::move(*response.mutable_outcome());
  }
  if (outcome.has_failure()) {
    const auto cause = engine::exception_of(outcome.failure(), of.session->failures());
    update_failure error(of.subject().action + " failed: " + engine::message_of(cause), of.workflow_id, of.id);
    error.set_cause(cause);
    throw error;
  }
  co_return std::move(*outcome.mutable_success());
}

RONDO_FUNCTION asio::awaitable<Payloads> update_value(update_ref of) {
  auto poll = make_update_poll(of);
  if (!of.outcome) show_once(*of.session, poll);
  const value_source value = [&of, &poll] { return poll_update(of, poll); };
  auto waiting = has_interceptors(*of.session) ? surround_value(of.session, poll, poll.request, value) : value();
  co_return co_await std::move(waiting);
}

}  // namespace rondo::detail::calls
