#pragma once
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/options.hpp"
#include "rondo/payload.hpp"

namespace rondo {

/// Why an activity or workflow was, or was not, tried again.
enum class retry_state : std::uint8_t {
  unspecified,
  in_progress,
  non_retryable_failure,
  timeout,
  maximum_attempts_reached,
  retry_policy_not_set,
  internal_server_error,
  cancel_requested,
};

/// Which of the timeouts ran out.
enum class timeout_type : std::uint8_t { unspecified, start_to_close, schedule_to_start, schedule_to_close, heartbeat };

/// Failures of this category are expected: they are neither logged as errors nor counted.
enum class failure_category : std::uint8_t { unspecified, benign };

/// A failure that travels between workflows, activities and clients. Thrown from a workflow it fails the workflow;
/// exceptions of other types fail only the workflow task, which the server repeats.
class failure : public std::exception {
 public:
  explicit failure(std::string message) : message_(std::move(message)) {}

  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& message() const noexcept { return message_; }
  /// The failure that led to this one; null when there is none. Rethrow it to look at it, or ask `cause_as`.
  const std::exception_ptr& cause() const noexcept { return cause_; }
  const std::string& stack_trace() const noexcept { return stack_trace_; }
  /// The SDK that made it ("GoSDK", "rondo"), empty when it did not say.
  const std::string& source() const noexcept { return source_; }

  /// The first exception of type `Failure` among the causes, also below exceptions that carry theirs with
  /// std::throw_with_nested; null when there is none. Valid while this object lives.
  template <class Failure>
  const Failure* cause_as() const noexcept;

  void set_cause(std::exception_ptr cause) { changed(), cause_ = std::move(cause); }
  void set_stack_trace(std::string text) { changed(), stack_trace_ = std::move(text); }
  void set_source(std::string source) { changed(), source_ = std::move(source); }
  /// The serialised message it was read from, so that throwing it on loses nothing; without its cause where a
  /// failure_converter may have changed that. Null for a failure that was made or changed here.
  void set_origin(std::shared_ptr<const std::string> serialised) { origin_ = std::move(serialised); }
  const std::shared_ptr<const std::string>& origin() const noexcept { return origin_; }

 protected:
  /// It is no longer what it was read from.
  void changed() noexcept { origin_.reset(); }

 private:
  std::string message_;
  std::exception_ptr cause_;
  std::string stack_trace_, source_;
  std::shared_ptr<const std::string> origin_;
};

/// How to make an `application_failure`.
struct application_failure_options {
  /// Name that callers and retry policies know the failure by.
  std::string_view type{};
  /// True: no retry policy repeats it.
  bool non_retryable = false;
  /// Pause before the next attempt of the activity instead of the policy's; zero means at once.
  std::optional<duration> next_retry_delay{};
  failure_category category = failure_category::unspecified;
};

/// A failure of user code, with a type that callers can tell it by.
class application_failure : public failure {
 public:
  explicit application_failure(std::string message, const application_failure_options& options = {})
      : failure(std::move(message)),
        type_(options.type),
        non_retryable_(options.non_retryable),
        next_retry_delay_(options.next_retry_delay),
        category_(options.category) {}

  const std::string& type() const noexcept { return type_; }
  bool non_retryable() const noexcept { return non_retryable_; }
  const std::optional<duration>& next_retry_delay() const noexcept { return next_retry_delay_; }
  failure_category category() const noexcept { return category_; }
  /// Values attached to it; read one with `rondo::decode<T>`.
  const payload_list& details() const noexcept { return details_; }
  void set_details(payload_list details) { changed(), details_ = std::move(details); }

 private:
  std::string type_;
  bool non_retryable_;
  std::optional<duration> next_retry_delay_;
  failure_category category_;
  payload_list details_;
};

/// The operation, or the whole workflow, was cancelled.
class cancelled_failure : public failure {
 public:
  explicit cancelled_failure(std::string message = "cancelled", std::string identity = {})
      : failure(std::move(message)), identity_(std::move(identity)) {}
  /// Of the one who cancelled, where the server tells.
  const std::string& identity() const noexcept { return identity_; }
  const payload_list& details() const noexcept { return details_; }
  void set_details(payload_list details) { changed(), details_ = std::move(details); }

 private:
  std::string identity_;
  payload_list details_;
};

/// A timeout ran out.
class timeout_failure : public failure {
 public:
  timeout_failure(std::string message, timeout_type type) : failure(std::move(message)), type_(type) {}
  timeout_type type() const noexcept { return type_; }
  /// What the activity reported with its last heartbeat.
  const payload_list& last_heartbeat_details() const noexcept { return last_heartbeat_details_; }
  void set_last_heartbeat_details(payload_list details) {
    changed();
    last_heartbeat_details_ = std::move(details);
  }

 private:
  timeout_type type_;
  payload_list last_heartbeat_details_;
};

/// The workflow was terminated.
class terminated_failure : public failure {
 public:
  explicit terminated_failure(std::string message, std::string identity = {})
      : failure(std::move(message)), identity_(std::move(identity)) {}
  /// Of the one who terminated it, where the server tells.
  const std::string& identity() const noexcept { return identity_; }

 private:
  std::string identity_;
};

/// The server reports a failure of its own.
class server_failure : public failure {
 public:
  server_failure(std::string message, bool non_retryable)
      : failure(std::move(message)), non_retryable_(non_retryable) {}
  bool non_retryable() const noexcept { return non_retryable_; }

 private:
  bool non_retryable_;
};

/// What an activity call failed with; `cause()` is the reason.
class activity_failure : public failure {
 public:
  struct fields {
    std::int64_t scheduled_event_id = 0, started_event_id = 0;
    std::string identity{}, activity_type{}, activity_id{};
    retry_state state = retry_state::unspecified;
  };
  activity_failure(std::string message, fields of) : failure(std::move(message)), fields_(std::move(of)) {}
  const std::string& activity_type() const noexcept { return fields_.activity_type; }
  const std::string& activity_id() const noexcept { return fields_.activity_id; }
  /// Identity of the worker that ran the last attempt.
  const std::string& identity() const noexcept { return fields_.identity; }
  enum retry_state retry_state() const noexcept { return fields_.state; }
  std::int64_t scheduled_event_id() const noexcept { return fields_.scheduled_event_id; }
  std::int64_t started_event_id() const noexcept { return fields_.started_event_id; }

 private:
  fields fields_;
};

/// What a child workflow failed with; `cause()` is the reason.
class child_workflow_failure : public failure {
 public:
  struct fields {
    std::string namespace_{}, workflow_id{}, run_id{}, workflow_type{};
    std::int64_t initiated_event_id = 0, started_event_id = 0;
    retry_state state = retry_state::unspecified;
  };
  child_workflow_failure(std::string message, fields of) : failure(std::move(message)), fields_(std::move(of)) {}
  const std::string& namespace_() const noexcept { return fields_.namespace_; }
  const std::string& workflow_id() const noexcept { return fields_.workflow_id; }
  const std::string& run_id() const noexcept { return fields_.run_id; }
  const std::string& workflow_type() const noexcept { return fields_.workflow_type; }
  std::int64_t initiated_event_id() const noexcept { return fields_.initiated_event_id; }
  std::int64_t started_event_id() const noexcept { return fields_.started_event_id; }
  enum retry_state retry_state() const noexcept { return fields_.state; }
  const fields& all() const noexcept { return fields_; }

 private:
  fields fields_;
};

/// What a Nexus operation failed with; `cause()` is the reason.
class nexus_operation_failure : public failure {
 public:
  struct fields {
    std::string endpoint{}, service{}, operation{}, operation_token{};
    std::int64_t scheduled_event_id = 0;
  };
  nexus_operation_failure(std::string message, fields of) : failure(std::move(message)), fields_(std::move(of)) {}
  const std::string& endpoint() const noexcept { return fields_.endpoint; }
  const std::string& service() const noexcept { return fields_.service; }
  const std::string& operation() const noexcept { return fields_.operation; }
  /// What the handler calls the operation; empty when it never started, or ended at once.
  const std::string& operation_token() const noexcept { return fields_.operation_token; }
  std::int64_t scheduled_event_id() const noexcept { return fields_.scheduled_event_id; }

 private:
  fields fields_;
};

/// The kinds of errors of Nexus handlers.
enum class nexus_error : std::uint8_t {
  internal,     ///< retried
  bad_request,  ///< not retried, nor are the next five
  unauthenticated,
  unauthorized,
  not_found,
  conflict,
  not_implemented,
  request_timeout,  ///< retried, as are all that follow
  resource_exhausted,
  unavailable,
  upstream_timeout,
};

/// How the wire names a kind of error: "BAD_REQUEST".
constexpr std::string_view name_of_nexus_error(nexus_error kind) noexcept {
  switch (kind) {
    case nexus_error::internal:
      return "INTERNAL";
    case nexus_error::bad_request:
      return "BAD_REQUEST";
    case nexus_error::unauthenticated:
      return "UNAUTHENTICATED";
    case nexus_error::unauthorized:
      return "UNAUTHORIZED";
    case nexus_error::not_found:
      return "NOT_FOUND";
    case nexus_error::conflict:
      return "CONFLICT";
    case nexus_error::not_implemented:
      return "NOT_IMPLEMENTED";
    case nexus_error::request_timeout:
      return "REQUEST_TIMEOUT";
    case nexus_error::resource_exhausted:
      return "RESOURCE_EXHAUSTED";
    case nexus_error::unavailable:
      return "UNAVAILABLE";
    case nexus_error::upstream_timeout:
      return "UPSTREAM_TIMEOUT";
  }
  return "INTERNAL";
}

/// Whether the caller's server repeats a request that a handler failed.
enum class nexus_retry : std::uint8_t { by_type, retryable, non_retryable };

/// The handler of a Nexus operation did not take, or not answer, a request. Thrown by a handler it is its answer.
class nexus_handler_failure : public failure {
 public:
  nexus_handler_failure(std::string message, nexus_error kind, nexus_retry retry = nexus_retry::by_type)
      : nexus_handler_failure(std::move(message), std::string(name_of_nexus_error(kind)), retry) {}
  nexus_handler_failure(std::string message, std::string type, nexus_retry retry)
      : failure(std::move(message)), type_(std::move(type)), retry_(retry) {}
  /// "BAD_REQUEST", "NOT_FOUND", ...
  const std::string& type() const noexcept { return type_; }
  nexus_retry retry() const noexcept { return retry_; }

 private:
  std::string type_;
  nexus_retry retry_;
};

/// True when `error` is a `cancelled_failure`, or a failure of an activity, child workflow or Nexus operation caused by
/// one.
inline bool is_cancellation(const std::exception_ptr& error) noexcept {
  if (!error) return false;
  try {
    std::rethrow_exception(error);
  } catch (const cancelled_failure&) {
    return true;
  } catch (const activity_failure& outer) {
    return is_cancellation(outer.cause());
  } catch (const child_workflow_failure& outer) {
    return is_cancellation(outer.cause());
  } catch (const nexus_operation_failure& outer) {
    return is_cancellation(outer.cause());
  } catch (const nexus_handler_failure& outer) {
    return is_cancellation(outer.cause());
  } catch (...) {
    return false;
  }
}

template <class Failure>
const Failure* failure::cause_as() const noexcept {
  for (std::exception_ptr next = cause_; next;) {
    try {
      std::rethrow_exception(next);
    } catch (const Failure& found) {
      return &found;  // the exception object lives as long as cause_ (or a cause below it) points to it
    } catch (const failure& other) {
      const auto* nested = dynamic_cast<const std::nested_exception*>(&other);
      next = other.cause_ || nested == nullptr ? other.cause_ : nested->nested_ptr();
    } catch (const std::nested_exception& outer) {
      next = outer.nested_ptr();
    } catch (...) {
      return nullptr;
    }
  }
  return nullptr;
}

}  // namespace rondo
