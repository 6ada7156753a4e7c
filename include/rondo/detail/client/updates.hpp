#pragma once
#include <temporal/api/update/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client/errors.hpp"
#include "rondo/client/start.hpp"
#include "rondo/detail/client/arguments.hpp"
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

/// Its id is made here: once for all attempts.
service_call<update_request> make_update(const target& to, std::string_view name, const update_options& options,
                                         Payloads input);

/// The server has it in its history, or has rejected it.
inline bool is_durable(const update_response& answer) {
  return answer.has_outcome() ||
         answer.stage() >= temporal::api::enums::v1::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED;
}

update_ref ref_of(session_ptr through, const update_request& asked, const update_response& answer);

/// Asks until the update has come as far as it has to for the answer to mean something; the id keeps it one update.
asio::awaitable<update_ref> begin_update(session_ptr through, service_call<update_request> what);

/// The result of an update. Throws update_failure, too.
asio::awaitable<Payloads> update_value(update_ref of);

template <class Result>
asio::awaitable<Result> wait_update(update_ref of) {
  const std::string what = "result of " + of.subject().action;
  const std::string workflow_id = of.workflow_id, namespace_name = of.session->namespace_;
  const Payloads value = co_await update_value(std::move(of));
  co_return decode_one<Result>(workflow_owner(namespace_name, workflow_id), value, what);
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

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/updates.hpp"
#endif
