#pragma once
#include <asio/awaitable.hpp>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <google/protobuf/arena.h>

#include "rondo/codec.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/io/call_token.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/data_call.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/deployment.hpp"
#include "rondo/detail/worker/payload_context.hpp"
#include "rondo/detail/worker/session_counts.hpp"
#include "rondo/detail/worker/slots.hpp"
#include "rondo/failure.hpp"
#include "rondo/log.hpp"
#include "rondo/rpc_error.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::detail::worker {

/// A workflow task and the memory its messages lie in.
struct workflow_task {
  std::shared_ptr<google::protobuf::Arena> arena = std::make_shared<google::protobuf::Arena>();
  engine::service::PollWorkflowTaskQueueResponse* message =
      google::protobuf::Arena::CreateMessage<engine::service::PollWorkflowTaskQueueResponse>(arena.get());
  /// Before codecs read it: about when the server began to measure its time.
  io::time_point arrived{};
};

/// What a worker says to the server of its workflow tasks, and asks it for them. Neither throws nor reports errors that
/// the server repeats the task for: those are in the log.
class workflow_calls {
 public:
  workflow_calls(io::event_loop& loop, const worker_options& options, std::string namespace_name, std::string identity,
                 session_counts& counted)
      : options_(options),
        namespace_(std::move(namespace_name)),
        identity_(std::move(identity)),
        counts_(counted),
        fetches_(loop, most_fetches) {}
  workflow_calls(const workflow_calls&) = delete;
  workflow_calls& operator=(const workflow_calls&) = delete;

  /// Calls that begin from now on go there.
  void use(std::shared_ptr<io::connection> to) { connection_ = std::move(to); }
  /// Calls end now, and none is made any more.
  void break_off() {
    token_.cancel();
    fetches_.close();
  }

  /// A page of the history; null: there is none, and what was to be said of it has been said.
  asio::awaitable<std::unique_ptr<engine::service::GetWorkflowExecutionHistoryResponse>> fetch(
      const workflow_task& task, std::string token) {
    const slot turn = co_await fetches_.take();
    engine::service::GetWorkflowExecutionHistoryRequest request;
    request.set_namespace_(namespace_);
    *request.mutable_execution() = task.message->workflow_execution();
    request.set_next_page_token(std::move(token));
    auto response = std::make_unique<engine::service::GetWorkflowExecutionHistoryResponse>();
    const auto status = co_await call("GetWorkflowExecutionHistory", task, request, *response);
    if (status.ok()) co_return response;
    if (io::is_decode_problem(status)) {
      co_await refuse(task, status.message);
      co_return nullptr;
    }
    // The task comes again after its timeout; there is nothing to report about the workflow's code.
    log(task).warn("the history of the workflow could not be fetched", {{"error", status.message}});
    co_return nullptr;
  }

  asio::awaitable<void> answer(const workflow_task& task, engine::service::RespondQueryTaskCompletedRequest& request) {
    request.set_namespace_(namespace_);
    request.set_task_token(task.message->task_token());
    engine::service::RespondQueryTaskCompletedResponse response;
    auto status = co_await call("RespondQueryTaskCompleted", task, request, response);
    if (cause_of_unsent(status)) {
      log_failure(task, status.message);
      request.clear_query_result();
      request.set_completed_type(engine::enums::QUERY_RESULT_TYPE_FAILED);
      request.set_error_message(status.message);
      status = co_await call("RespondQueryTaskCompleted", task, request, response);
    }
    if (!status.ok()) log(task).debug("the server did not take the answer to a query", {{"error", status.message}});
  }
  asio::awaitable<void> fail(const workflow_task& task, engine::service::RespondWorkflowTaskFailedRequest& request) {
    fill(request, task);
    engine::service::RespondWorkflowTaskFailedResponse response;
    const auto status = co_await call("RespondWorkflowTaskFailed", task, request, response);
    if (!status.ok()) log(task).debug("the server did not take the failed workflow task", {{"error", status.message}});
  }
  /// Fails the task, or the query that it asks, with a text.
  asio::awaitable<void> refuse(const workflow_task& task, std::string text,
                               engine::enums::WorkflowTaskFailedCause cause =
                                   engine::enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE) {
    log_failure(task, text);
    if (task.message->has_query()) {
      engine::service::RespondQueryTaskCompletedRequest request;
      request.set_completed_type(engine::enums::QUERY_RESULT_TYPE_FAILED);
      request.set_error_message(text);
      co_await answer(task, request);
      co_return;
    }
    if (task.message->attempt() > 1) co_return;
    engine::service::RespondWorkflowTaskFailedRequest request;
    request.set_cause(cause);
    const application_failure failure(std::move(text));
    engine::write_failure(std::make_exception_ptr(failure), *request.mutable_failure());
    co_await fail(task, request);
  }

  /// What every answer to a task says.
  template <class Request>
  void fill(Request& request, const workflow_task& task) const {
    request.set_namespace_(namespace_);
    request.set_identity(identity_);
    write_deployment(options_, request);
    request.set_task_token(task.message->task_token());
    request.set_resource_id("workflow:" + task.message->workflow_execution().workflow_id());
  }
  /// `arrival`: see retry_options::arrival.
  template <class Request, class Response>
  asio::awaitable<rpc_status> call(const char* method, const workflow_task& task, const Request& request,
                                   Response& response, io::time_point* arrival = nullptr) {
    const auto connection = connection_;
    io::retry_options how(io::rpc_class::unary);
    if (connection->data()->changes_payloads()) how.payload_context = payload_context(task);
    how.options.token = &token_;
    how.arrival = arrival;
    co_return co_await io::call_into(*connection, method, request, response, std::move(how));
  }
  /// Why the server says that a task has failed whose answer was not sent to it; nothing: it was sent.
  static std::optional<engine::enums::WorkflowTaskFailedCause> cause_of_unsent(const rpc_status& status) {
    if (io::is_payload_too_large(status)) return engine::enums::WORKFLOW_TASK_FAILED_CAUSE_PAYLOADS_TOO_LARGE;
    if (io::is_storage_problem(status)) return engine::enums::WORKFLOW_TASK_FAILED_CAUSE_EXTERNAL_STORAGE_FAILURE;
    if (io::is_encode_problem(status))
      return engine::enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE;
    return std::nullopt;
  }

  rondo::logger log(const workflow_task& task) const {
    const auto& execution = task.message->workflow_execution();
    return options_.logger.with({{"workflow_id", execution.workflow_id()},
                                 {"run_id", execution.run_id()},
                                 {"workflow_type", task.message->workflow_type().name()}});
  }
  void log_failure(const workflow_task& task, const std::string& text) {
    ++counts_.failed;
    ++counts_.failed_workflow_tasks;
    log(task).warn("workflow task failed", {{"error", text}, {"attempt", task.message->attempt()}});
  }

 private:
  std::shared_ptr<const serialization_context> payload_context(const workflow_task& task) const {
    const auto& execution = task.message->workflow_execution();
    return payload_context_of(namespace_, execution.workflow_id(), task.message->workflow_type().name(),
                              execution.run_id());
  }

  /// Histories that are fetched at the same time: after a start all runs need theirs, and a page may have megabytes.
  static constexpr std::size_t most_fetches = 5;

  const worker_options& options_;
  const std::string namespace_, identity_;
  session_counts& counts_;
  std::shared_ptr<io::connection> connection_;
  io::call_token token_;
  slot_line fetches_;
};

}  // namespace rondo::detail::worker
