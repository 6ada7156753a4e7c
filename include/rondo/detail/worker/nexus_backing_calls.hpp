#pragma once
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "rondo/client/errors.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/rpc_table.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/client/standalone.hpp"
#include "rondo/detail/client/updates.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/io/retry.hpp"
#include "rondo/detail/worker/nexus_requests.hpp"
#include "rondo/detail/worker/nexus_services.hpp"
#include "rondo/detail/worker/nexus_token.hpp"
#include "rondo/failure.hpp"
#include "rondo/nexus_context.hpp"
#include "rondo/nexus_info.hpp"
#include "rondo/payload.hpp"
#include "rondo/rpc_error.hpp"

// Calls that start and cancel what Nexus operations go on as.
namespace rondo::detail::worker {

using start_workflow_call = calls::service_call<engine::service::StartWorkflowExecutionRequest>;
using start_activity_call = calls::service_call<calls::start_activity_request>;
using start_update_call = calls::service_call<calls::update_request>;
/// What a handler wants its operation to go on as.
using nexus_wish = std::variant<start_workflow_call, start_activity_call, start_update_call>;

/// What came of a wish: the operation goes on, or has ended already.
class nexus_begun {
 public:
  std::string token;
  std::optional<nexus_link> link;
  /// It has ended with this.
  std::optional<engine::Payload> result;
  /// It, or the request, has failed.
  std::exception_ptr error;
};

inline std::exception_ptr failure_of(const calls::call_subject& subject, const rpc_status& status) {
  try {
    calls::throw_rpc_failure(subject, status);
  } catch (...) {
    return std::current_exception();
  }
}

/// How an operation fails whose update has failed.
inline std::exception_ptr operation_error_of(const engine::Failure& failure, const failure_converter* by) {
  const auto cause = engine::exception_of(failure, by);
  const auto with_cause = [&cause](auto error) {
    error.set_cause(cause);
    return std::make_exception_ptr(std::move(error));
  };
  // It goes out again, so not the text that came: a converter may be there to hide that.
  const auto text = engine::message_of(engine::converted(cause, by).error);
  if (is_cancellation(cause)) return with_cause(nexus_operation_cancelled(text));
  return with_cause(nexus_operation_error(text));
}

/// What the answer to a wish says.
inline nexus_begun begun_of(const engine::service::StartWorkflowExecutionRequest& asked,
                            const engine::service::StartWorkflowExecutionResponse& answer,
                            const failure_converter* /*by*/) {
  nexus_begun made;
  made.token = workflow_token(asked.namespace_(), asked.workflow_id());
  made.link = link_to(asked, answer);
  return made;
}
inline nexus_begun begun_of(const calls::start_activity_request& asked,
                            const engine::service::StartActivityExecutionResponse& answer,
                            const failure_converter* /*by*/) {
  nexus_begun made;
  made.token = operation_token(
      asked.namespace_(),
      {.kind = nexus_backing::kind_type::activity, .activity_id = asked.activity_id(), .run_id = answer.run_id()});
  made.link = link_to(asked, answer);
  return made;
}
inline nexus_begun begun_of(const calls::update_request& asked, const calls::update_response& answer,
                            const failure_converter* by) {
  nexus_begun made;
  if (answer.has_outcome()) {
    if (answer.outcome().has_failure()) {
      made.error = operation_error_of(answer.outcome().failure(), by);
    } else if (answer.outcome().success().payloads_size() > 0) {
      made.result = answer.outcome().success().payloads(0);
    } else {
      made.result.emplace();
      (*made.result->mutable_metadata())["encoding"] = std::string(encoding::null);
    }
  }
  const auto& took = answer.update_ref().workflow_execution();
  made.token = operation_token(asked.namespace_(), {.kind = nexus_backing::kind_type::update,
                                                    .workflow_id = asked.workflow_execution().workflow_id(),
                                                    .update_id = asked.request().meta().update_id(),
                                                    .run_id = took.run_id()});
  if (answer.has_link()) made.link = nexus_link_of(answer.link());
  return made;
}

/// False for an answer to an update that says nothing yet.
template <class Response>
bool is_final(const Response& /*answer*/) noexcept {
  return true;
}
inline bool is_final(const calls::update_response& answer) { return calls::is_durable(answer); }

/// Starts what is wished. `what` outlives the call.
template <class Request>
asio::awaitable<nexus_begun> begin_wish(task_calls& through, const calls::service_call<Request>& what,
                                        io::retry_options how) {
  for (;;) {
    auto attempt = how;
    const auto reply = co_await through.call<calls::answer_to<Request>>(what.method, what.request, std::move(attempt));
    if (!reply.status.ok()) {
      nexus_begun failed;
      failed.error = failure_of(what.subject, reply.status);
      co_return failed;
    }
    if (is_final(reply.response)) co_return begun_of(what.request, reply.response, through.failures());
  }
}
inline asio::awaitable<nexus_begun> begin_wish(task_calls& through, const nexus_wish& wish, io::retry_options how) {
  return std::visit([&](const auto& what) { return begin_wish(through, what, std::move(how)); }, wish);
}

inline std::string_view resource_of(const nexus_wish& wish) {
  return std::visit([](const auto& what) -> std::string_view { return what.resource_id; }, wish);
}
inline io::rpc_class class_of(const nexus_wish& wish) {
  return std::visit([](const auto& what) { return what.kind; }, wish);
}

/// A call that asks what is behind an operation to end.
using cancel_workflow_call = calls::service_call<engine::service::RequestCancelWorkflowExecutionRequest>;
using cancel_activity_call = calls::service_call<engine::service::RequestCancelActivityExecutionRequest>;
using nexus_cancellation = std::variant<cancel_workflow_call, cancel_activity_call>;

inline constexpr std::string_view why_cancelled = "the Nexus operation was cancelled";

/// Throws nexus_handler_failure for what cannot be cancelled.
inline nexus_cancellation cancellation_of(const calls::session& by, const nexus_backing& what) {
  switch (what.kind) {
    case nexus_backing::kind_type::activity: {
      auto request = calls::new_request<engine::service::RequestCancelActivityExecutionRequest>(by);
      request.set_activity_id(what.activity_id);
      request.set_run_id(what.run_id);
      request.set_reason(std::string(why_cancelled));
      return calls::call_with(by, std::move(request), "cancel activity '" + what.activity_id + "'",
                              "activity:" + what.activity_id);
    }
    case nexus_backing::kind_type::update:
      throw nexus_handler_failure(
          "an update cannot be cancelled: nexus_handlers::on_cancel gives its operation a way to end it",
          nexus_error::not_implemented);
    case nexus_backing::kind_type::workflow:
      break;
  }
  auto request = calls::new_request<engine::service::RequestCancelWorkflowExecutionRequest>(by);
  request.mutable_workflow_execution()->set_workflow_id(what.workflow_id);
  request.set_reason(std::string(why_cancelled));
  return calls::call_with(by, std::move(request), "cancel workflow '" + what.workflow_id + "'",
                          "workflow:" + what.workflow_id);
}

/// Throws why it could not be asked. `what` outlives the call.
template <class Request>
asio::awaitable<void> ask_to_end(task_calls& through, const calls::service_call<Request>& what, io::retry_options how) {
  const auto reply = co_await through.call<calls::answer_to<Request>>(what.method, what.request, std::move(how));
  if (!reply.status.ok()) calls::throw_rpc_failure(what.subject, reply.status);
}

}  // namespace rondo::detail::worker
