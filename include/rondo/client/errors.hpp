#pragma once
#include <exception>
#include <string>
#include <utility>

#include "rondo/cancellation_details.hpp"
#include "rondo/client/workflow_status.hpp"
#include "rondo/failure.hpp"
#include "rondo/rpc_error.hpp"

// What calls of a client throw. Answers of the server that say more than a code have a type of their own; all of these
// are rpc_error too. How a workflow ended is a failure, thrown by result().
namespace rondo {

/// A workflow with this id runs already, or has run and its id may not be used again.
class workflow_already_started : public rpc_error {
 public:
  workflow_already_started(const std::string& text, rpc_status status) : rpc_error(text, std::move(status)) {}

  const std::string& workflow_id() const noexcept { return workflow_id_; }
  /// The run in the way.
  const std::string& run_id() const noexcept { return run_id_; }
  /// First run of the chain in the way; empty when the server did not say.
  const std::string& first_execution_run_id() const noexcept { return first_execution_run_id_; }
  /// The request that started the run in the way; empty when the server did not say.
  const std::string& start_request_id() const noexcept { return start_request_id_; }

  void set_ids(std::string workflow_id, std::string run_id, std::string first_run_id, std::string request_id) {
    workflow_id_ = std::move(workflow_id);
    run_id_ = std::move(run_id);
    first_execution_run_id_ = std::move(first_run_id);
    start_request_id_ = std::move(request_id);
  }

 private:
  std::string workflow_id_, run_id_, first_execution_run_id_, start_request_id_;
};

/// A standalone activity with this id runs already, or has run and its id may not be used again.
class activity_already_started : public rpc_error {
 public:
  activity_already_started(const std::string& text, rpc_status status, std::string run_id)
      : rpc_error(text, std::move(status)), run_id_(std::move(run_id)) {}
  /// The run in the way.
  const std::string& run_id() const noexcept { return run_id_; }

 private:
  std::string run_id_;
};

/// A standalone Nexus operation with this id runs already, or has run and its id may not be used again.
class nexus_operation_already_started : public rpc_error {
 public:
  nexus_operation_already_started(const std::string& text, rpc_status status, std::string run_id)
      : rpc_error(text, std::move(status)), run_id_(std::move(run_id)) {}
  /// The run in the way.
  const std::string& run_id() const noexcept { return run_id_; }

 private:
  std::string run_id_;
};

/// A schedule with this id exists already.
class schedule_already_exists : public rpc_error {
 public:
  using rpc_error::rpc_error;
};

/// The server knows no workflow, run or activity of that name, or it has ended and takes no more requests.
class not_found : public rpc_error {
 public:
  using rpc_error::rpc_error;
};

/// The server has no such namespace.
class namespace_not_found : public not_found {
 public:
  namespace_not_found(const std::string& text, rpc_status status, std::string name)
      : not_found(text, std::move(status)), name_(std::move(name)) {}
  const std::string& namespace_() const noexcept { return name_; }

 private:
  std::string name_;
};

/// The request makes no sense; calls that this side refuses to send throw it as well.
class invalid_argument : public rpc_error {
 public:
  using rpc_error::rpc_error;
};

/// This client may not do that.
class permission_denied : public rpc_error {
 public:
  using rpc_error::rpc_error;
};

/// The server limits the rate or the size of requests; it was retried already.
class resource_exhausted : public rpc_error {
 public:
  resource_exhausted(const std::string& text, rpc_status status, std::string cause)
      : rpc_error(text, std::move(status)), cause_(std::move(cause)) {}
  /// The limit in the protocol's spelling, "RESOURCE_EXHAUSTED_CAUSE_RPS_LIMIT"; empty when the server did not say.
  const std::string& cause() const noexcept { return cause_; }

 private:
  std::string cause_;
};

/// The handler of a query threw, or there is none of that name.
class query_failed : public invalid_argument {
 public:
  query_failed(const std::string& text, rpc_status status, std::exception_ptr cause)
      : invalid_argument(text, std::move(status)), cause_(std::move(cause)) {}
  /// What the handler threw; null when the worker did not say.
  const std::exception_ptr& cause() const noexcept { return cause_; }

 private:
  std::exception_ptr cause_;
};

/// The workflow's status is one that the query was told to reject.
class query_rejected : public rpc_error {
 public:
  query_rejected(const std::string& text, workflow_status status)
      : rpc_error(text, rpc_status(rpc_code::failed_precondition, text, true)), workflow_status_(status) {}
  enum workflow_status workflow_status() const noexcept { return workflow_status_; }

 private:
  enum workflow_status workflow_status_;
};

/// The workflow cannot answer yet: its first task has not run, or its present one fails again and again.
class workflow_not_ready : public rpc_error {
 public:
  using rpc_error::rpc_error;
};

/// A workflow did not complete. `cause()` tells how it ended: the application_failure (or other failure) it threw,
/// cancelled_failure, terminated_failure or timeout_failure.
class workflow_failure : public failure {
 public:
  workflow_failure(std::string message, std::string workflow_id, std::string run_id, enum workflow_status status)
      : failure(std::move(message)),
        workflow_id_(std::move(workflow_id)),
        run_id_(std::move(run_id)),
        status_(status) {}

  const std::string& workflow_id() const noexcept { return workflow_id_; }
  const std::string& run_id() const noexcept { return run_id_; }
  workflow_status status() const noexcept { return status_; }
  /// Why the server did not run it again.
  enum retry_state retry_state() const noexcept { return retry_state_; }
  void set_retry_state(enum retry_state state) noexcept { retry_state_ = state; }

 private:
  std::string workflow_id_, run_id_;
  workflow_status status_;
  enum retry_state retry_state_ = retry_state::unspecified;
};

/// An update was rejected, or its handler failed; `cause()` tells why.
class update_failure : public failure {
 public:
  update_failure(std::string message, std::string workflow_id, std::string update_id)
      : failure(std::move(message)), workflow_id_(std::move(workflow_id)), update_id_(std::move(update_id)) {}

  const std::string& workflow_id() const noexcept { return workflow_id_; }
  const std::string& update_id() const noexcept { return update_id_; }

 private:
  std::string workflow_id_, update_id_;
};

/// The server wants an activity that is completed from outside to stop. One that it does not know any more is
/// not_found.
class activity_cancelled : public cancelled_failure {
 public:
  enum class reason_type : unsigned char {
    cancel_requested,  ///< end it with report_cancelled()
    paused,            ///< the server will begin another attempt when it is resumed
    reset,             ///< the server begins it anew
  };
  explicit activity_cancelled(reason_type why)
      : cancelled_failure(why == reason_type::paused  ? "activity paused"
                          : why == reason_type::reset ? "activity reset"
                                                      : "activity cancelled"),
        reason_(why),
        details_{.cancel_requested = why == reason_type::cancel_requested,
                 .paused = why == reason_type::paused,
                 .reset = why == reason_type::reset} {}
  /// At least one of cancel_requested, paused and reset holds.
  explicit activity_cancelled(const cancellation_details& all)
      : activity_cancelled(all.cancel_requested ? reason_type::cancel_requested
                           : all.reset          ? reason_type::reset
                                                : reason_type::paused) {
    details_ = all;
  }
  /// When several reasons hold: cancel_requested comes before reset, and reset before paused.
  reason_type reason() const noexcept { return reason_; }
  /// All reasons that held when the heartbeat was answered.
  const cancellation_details& details() const noexcept { return details_; }

 private:
  reason_type reason_;
  cancellation_details details_;
};

/// The run went on as another one, and result() was told not to follow.
class workflow_continued_as_new : public workflow_failure {
 public:
  workflow_continued_as_new(std::string workflow_id, std::string run_id, std::string new_run_id)
      : workflow_failure("workflow '" + workflow_id + "' continued as new in run " + new_run_id, workflow_id,
                         std::move(run_id), workflow_status::continued_as_new),
        new_run_id_(std::move(new_run_id)) {}
  const std::string& new_run_id() const noexcept { return new_run_id_; }

 private:
  std::string new_run_id_;
};

}  // namespace rondo
