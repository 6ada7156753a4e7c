#pragma once
#include <temporal/api/update/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client/errors.hpp"
#include "rondo/client/start.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/client/arguments.hpp"
#include "rondo/detail/client/interception.hpp"
#include "rondo/detail/client/requests.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"

// Updates: asked for, and waited for.
namespace rondo::detail::calls {

namespace update_api = temporal::api::update::v1;
using update_request = service::UpdateWorkflowExecutionRequest;
using update_response = service::UpdateWorkflowExecutionResponse;

/// An update, and what is known of its end.
class update_ref {
 public:
  session_ptr session;
  std::string workflow_id, run_id, id;
  std::optional<update_api::Outcome> outcome{};

  call_subject subject() const {
    return call_subject("update '" + id + "' of workflow '" + workflow_id + "'", workflow_id, session->namespace_);
  }
};

inline temporal::api::enums::v1::UpdateWorkflowExecutionLifecycleStage wire_of(update_stage stage) {
  return stage == update_stage::completed
             ? temporal::api::enums::v1::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED
             : temporal::api::enums::v1::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED;
}

/// Its id is made here: once for all attempts.
inline service_call<update_request> make_update(const target& to, std::string_view name, const update_options& options,
                                                Payloads input) {
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

/// The server has it in its history, or has rejected it.
inline bool is_durable(const update_response& answer) {
  return answer.has_outcome() ||
         answer.stage() >= temporal::api::enums::v1::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED;
}

inline update_ref ref_of(session_ptr through, const update_request& asked, const update_response& answer) {
  update_ref made{.session = std::move(through),
                  .workflow_id = asked.workflow_execution().workflow_id(),
                  .run_id = answer.update_ref().workflow_execution().run_id(),
                  .id = asked.request().meta().update_id()};
  if (answer.has_outcome()) made.outcome = answer.outcome();
  return made;
}

/// Asks until the update has come as far as it has to for the answer to mean something; the id keeps it one update.
inline asio::awaitable<update_ref> begin_update(session_ptr through, service_call<update_request> what) {
  for (;;) {
    const auto reply = co_await try_send<update_response>(through, what);
    if (reply.status.code == rpc_code::deadline_exceeded) continue;
    if (!reply.status.ok()) throw_rpc_failure(what.subject, reply.status);
    if (is_durable(reply.response)) co_return ref_of(through, what.request, reply.response);
  }
}

inline asio::awaitable<update_api::Outcome> wait_outcome(update_ref of) {
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
  poll.kind = io::rpc_class::long_poll;
  for (;;) {
    const auto reply = co_await try_send<service::PollWorkflowExecutionUpdateResponse>(of.session, poll);
    if (reply.status.code == rpc_code::deadline_exceeded) continue;
    if (!reply.status.ok()) throw_rpc_failure(poll.subject, reply.status);
    if (reply.response.has_outcome()) co_return reply.response.outcome();
  }
}

template <class Result>
asio::awaitable<Result> wait_update(update_ref of) {
  const auto subject = of.subject();
  const std::string workflow_id = of.workflow_id, id = of.id;
  const auto outcome = co_await wait_outcome(std::move(of));
  if (outcome.has_failure()) {
    update_failure error(subject.action + " failed: " + outcome.failure().message(), workflow_id, id);
    error.set_cause(engine::exception_of(outcome.failure()));
    throw error;
  }
  co_return decode_one<Result>(outcome.success(), "result of " + subject.action);
}

template <class Handle>
asio::awaitable<Handle> start_update(session_ptr through, service_call<update_request> what) {
  co_return Handle(co_await begin_update(std::move(through), std::move(what)));
}

template <class Result>
asio::awaitable<Result> execute_update(session_ptr through, service_call<update_request> what) {
  auto begun = co_await begin_update(std::move(through), std::move(what));
  auto waiting = wait_update<Result>(std::move(begun));
  co_return co_await std::move(waiting);
}

}  // namespace rondo::detail::calls
