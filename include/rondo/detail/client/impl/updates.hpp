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
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/requests.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/client/updates.hpp"

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

RONDO_FUNCTION asio::awaitable<update_ref> begin_update(session_ptr through, service_call<update_request> what) {
  for (;;) {
    const auto reply = co_await try_send<update_response>(through, what);
    if (reply.status.code == rpc_code::deadline_exceeded) continue;
    if (!reply.status.ok()) throw_rpc_failure(what.subject, reply.status);
    if (is_durable(reply.response)) co_return ref_of(through, what.request, reply.response);
  }
}

RONDO_FUNCTION asio::awaitable<update_api::Outcome> wait_outcome(update_ref of) {
  if (of.outcome) co_return *of.outcome;
  service::PollWorkflowExecutionUpdateRequest request;
  request.set_namespace_(of.session->namespace_);
  request.set_identity(of.session->identity);
  request.mutable_update_ref()->set_update_id(of.id);
  request.mutable_update_ref()->mutable_workflow_execution()->set_workflow_id(of.workflow_id);
  request.mutable_update_ref()->mutable_workflow_execution()->set_run_id(of.run_id);
  request.mutable_wait_policy()->set_lifecycle_stage(wire_of(update_stage::completed));
  service_call<service::PollWorkflowExecutionUpdateRequest> poll("PollWorkflowExecutionUpdate", of.subject(),
                                                                 "workflow:" + of.workflow_id, std::move(request));
  const auto has_ended = [](const auto& response) { return response.has_outcome(); };
  auto response = co_await fetch_when(of.session, std::move(poll), has_ended);
  co_return std::move(*response.mutable_outcome());
}

}  // namespace rondo::detail::calls
