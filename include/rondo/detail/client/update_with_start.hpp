#pragma once
#include <temporal/api/errordetails/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <utility>

#include "rondo/client/update_handle.hpp"
#include "rondo/client/workflow_handle.hpp"
#include "rondo/detail/client/begin.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/client/updates.hpp"

// An update asked for together with the start of its workflow.
namespace rondo::detail::calls {

/// The status of the operation that kept both from happening, in place of the one that says only that they did not.
rpc_status status_of_operations(const rpc_status& whole);

/// What a start together with an update gives.
class started_update {
 public:
  target workflow;
  update_ref update;
};

/// A start, and the update that is asked for with it.
class update_and_start {
 public:
  update_and_start(service_call<start_request> first, service_call<update_request> then)
      : start(std::move(first)), update(std::move(then)) {}

  service_call<start_request> start;
  service_call<update_request> update;
};

asio::awaitable<started_update> start_with_update(session_ptr through, update_and_start what);

/// The update that is asked for with this start, which must say what to do with a workflow that runs.
service_call<update_request> make_update_of_start(session_ptr through, const service_call<start_request>& start,
                                                  std::string_view name, const update_options& options, Payloads input);

template <class Workflow, class Result>
asio::awaitable<update_with_start<Workflow, Result>> start_update(session_ptr through, update_and_start what) {
  auto both = co_await start_with_update(std::move(through), std::move(what));
  co_return update_with_start<Workflow, Result>{workflow_handle<Workflow>(std::move(both.workflow)),
                                                update_handle<Result>(std::move(both.update))};
}

template <class Result>
asio::awaitable<Result> execute_update_with_start(session_ptr through, update_and_start what) {
  auto both = co_await start_with_update(std::move(through), std::move(what));
  auto waiting = wait_update<Result>(std::move(both.update));
  co_return co_await std::move(waiting);
}

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/update_with_start.hpp"
#endif
