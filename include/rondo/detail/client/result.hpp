#pragma once
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/history/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <exception>
#include <string>
#include <utility>

#include "rondo/client/errors.hpp"
#include "rondo/detail/client/arguments.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/failure.hpp"

// Waiting for the end of a workflow, and telling how it ended.
namespace rondo::detail::calls {

using engine::HistoryEvent;
using history_response = service::GetWorkflowExecutionHistoryResponse;

/// Servers may send events as one serialised History each; this puts them where they belong.
void unpack_raw_history(history_response& response);

bool is_close_event(const HistoryEvent& event);

/// The run that goes on where this one ended; empty when none does.
const std::string& successor_of(const HistoryEvent& event);

inline retry_state retry_state_of(temporal::api::enums::v1::RetryState state) {
  const int number = static_cast<int>(state);
  return number >= 0 && number <= static_cast<int>(retry_state::cancel_requested) ? static_cast<retry_state>(number)
                                                                                  : retry_state::unspecified;
}

/// How a run ended, put into words and a cause.
class closing {
 public:
  closing(workflow_status what, std::string said, std::exception_ptr why)
      : status(what), text(std::move(said)), cause(std::move(why)) {}
  workflow_status status;
  std::string text;
  std::exception_ptr cause;
  enum retry_state retry_state = retry_state::unspecified;
};

/// `by` says what the failure is thrown as; may be null.
closing closing_of(const HistoryEvent& event, const failure_converter* by);

/// The result of a run that completed; throws what stands for any other end.
Payloads take_result(HistoryEvent&& event, const std::string& workflow_id, const std::string& run_id,
                     const failure_converter* by);

/// The result of a workflow, as soon as it is there. Throws what stands for any other end.
asio::awaitable<Payloads> wait_value(session_ptr through, std::string workflow_id, std::string run_id, bool follow);

template <class Result>
asio::awaitable<Result> wait_result(session_ptr through, std::string workflow_id, std::string run_id, bool follow) {
  const std::string namespace_name = through->namespace_;
  const Payloads value = co_await wait_value(std::move(through), workflow_id, std::move(run_id), follow);
  co_return decode_one<Result>(workflow_owner(namespace_name, workflow_id), value,
                               "result of workflow '" + workflow_id + "'");
}

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/result.hpp"
#endif
