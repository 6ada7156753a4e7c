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

/// The last event of a run, as soon as it is there. The server answers from time to time with nothing.
asio::awaitable<HistoryEvent> wait_close_event(session_ptr through, std::string workflow_id, std::string run_id);

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

closing closing_of(const HistoryEvent& event);

/// The result of a run that completed; throws what stands for any other end.
const Payloads& result_of_run(const HistoryEvent& event, const std::string& workflow_id, const std::string& run_id);

template <class Result>
asio::awaitable<Result> wait_result(session_ptr through, std::string workflow_id, std::string run_id, bool follow) {
  HistoryEvent last = co_await wait_close_event(through, workflow_id, run_id);
  while (follow && !successor_of(last).empty()) {
    run_id = successor_of(last);
    last = co_await wait_close_event(through, workflow_id, run_id);
  }
  const Payloads& value = result_of_run(last, workflow_id, run_id);
  co_return decode_one<Result>(workflow_owner(through->namespace_, workflow_id), value,
                               "result of workflow '" + workflow_id + "'");
}

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/result.hpp"
#endif
