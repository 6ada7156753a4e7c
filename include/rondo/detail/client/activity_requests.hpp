#pragma once
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/cancellation_details.hpp"
#include "rondo/client/errors.hpp"
#include "rondo/detail/client/arguments.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/serialization_context.hpp"

// What a handle of an activity tells the server. Each request has a form by task token and one by ids.
namespace rondo::detail::calls {

/// Names an activity: by its task token, or by ids when the token is empty.
class activity_key {
 public:
  explicit activity_key(std::string token) : task_token(std::move(token)) {}
  activity_key(std::string workflow, std::string run, std::string activity)
      : workflow_id(std::move(workflow)), run_id(std::move(run)), activity_id(std::move(activity)) {}

  bool by_token() const noexcept { return !task_token.empty(); }
  call_subject subject(const session& of, std::string_view action) const {
    std::string text(action);
    text += by_token() ? " activity by its task token"
                       : " activity '" + activity_id + "' of workflow '" + workflow_id + "'";
    return call_subject(std::move(text), workflow_id, of.namespace_);
  }
  /// Whose its values are, as far as the ids tell; nothing is known by a token.
  std::optional<serialization_context> owner(const session& of) const {
    if (by_token()) return std::nullopt;
    serialization_context made;
    made.namespace_ = of.namespace_;
    made.workflow_id = workflow_id;
    if (workflow_id.empty()) made.activity_id = activity_id;
    return made;
  }
  std::string resource_id() const {
    if (!workflow_id.empty()) return "workflow:" + workflow_id;
    return activity_id.empty() ? std::string() : "activity:" + activity_id;
  }

  std::string task_token, workflow_id, run_id, activity_id;
};

/// The fields that all these requests have.
template <class Request>
Request activity_request(const session& by, const activity_key& key) {
  Request request;
  request.set_namespace_(by.namespace_);
  request.set_identity(by.identity);
  request.set_resource_id(key.resource_id());
  if constexpr (requires { request.set_task_token(key.task_token); }) {
    request.set_task_token(key.task_token);
  } else {
    request.set_workflow_id(key.workflow_id);
    request.set_run_id(key.run_id);
    request.set_activity_id(key.activity_id);
  }
  return request;
}

template <class Request>
service_call<Request> activity_call(const session& by, const activity_key& key, std::string_view method,
                                    std::string_view action, Request request) {
  return service_call<Request>(method, key.subject(by, action), key.resource_id(), std::move(request));
}

/// Throws what an answer to a heartbeat asks for.
template <class Response>
void obey(const Response& answer) {
  const cancellation_details all{.cancel_requested = answer.cancel_requested(),
                                 .paused = answer.activity_paused(),
                                 .reset = answer.activity_reset()};
  if (all != cancellation_details()) throw activity_cancelled(all);
}

template <class Response, class Request>
asio::awaitable<void> beat(session_ptr through, service_call<Request> what) {
  const auto answer = co_await send<Response>(std::move(through), std::move(what));
  obey(answer);
}

asio::awaitable<void> send_heartbeat(session_ptr through, const activity_key& key, Payloads details);

asio::awaitable<void> send_completion(session_ptr through, const activity_key& key, Payloads result);

asio::awaitable<void> send_activity_failure(session_ptr through, const activity_key& key,
                                            const std::exception_ptr& error, Payloads last_heartbeat);

asio::awaitable<void> send_activity_cancelled(session_ptr through, const activity_key& key, Payloads details);

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/activity_requests.hpp"
#endif
