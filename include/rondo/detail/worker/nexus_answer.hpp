#pragma once
#include <asio/error.hpp>
#include <asio/system_error.hpp>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/worker/failure_json.hpp"
#include "rondo/failure.hpp"
#include "rondo/nexus_context.hpp"
#include "rondo/rpc_error.hpp"

// How a handler's exception is told to the server: newer servers take Temporal's failures, older ones those of Nexus.
namespace rondo::detail::worker {

namespace nexus_wire = temporal::api::nexus::v1;

/// How a call to the server that a handler has made fails its request.
inline nexus_handler_failure handler_failure_of(const rpc_error& error) {
  switch (error.code()) {
    case rpc_code::invalid_argument:
      return {error.what(), nexus_error::bad_request};
    case rpc_code::not_found:
      return {error.what(), nexus_error::not_found};
    case rpc_code::already_exists:
    case rpc_code::failed_precondition:
    case rpc_code::out_of_range:
      return {error.what(), nexus_error::internal, nexus_retry::non_retryable};
    case rpc_code::aborted:
    case rpc_code::unavailable:
      return {error.what(), nexus_error::unavailable};
    case rpc_code::resource_exhausted:
      return {error.what(), nexus_error::resource_exhausted};
    case rpc_code::unimplemented:
      return {error.what(), nexus_error::not_implemented};
    case rpc_code::deadline_exceeded:
      return {error.what(), nexus_error::upstream_timeout};
    default:
      return {error.what(), nexus_error::internal};
  }
}

/// True for the exceptions by which an interrupted handler ends: its own cancelled_failure, or asio's aborted
/// operations.
inline bool was_interrupted(const std::exception_ptr& error) {
  if (is_cancellation(error)) return true;
  try {
    std::rethrow_exception(error);
  } catch (const asio::system_error& aborted) {
    return aborted.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

/// What a handler threw as an answer: a nexus_handler_failure, unless it was one, or an end of the operation, already.
/// A request to cancel ends nothing: `ends_nothing`. `told` is what the converter has made of it, or the same.
inline std::exception_ptr answer_of(const std::exception_ptr& thrown, bool ends_nothing,
                                    const std::exception_ptr& told) {
  const auto with_cause = [&thrown](nexus_handler_failure made) {
    made.set_cause(thrown);
    return std::make_exception_ptr(std::move(made));
  };
  try {
    std::rethrow_exception(told);
  } catch (const nexus_operation_error& ended) {
    return ends_nothing ? with_cause(nexus_handler_failure(ended.message(), nexus_error::internal)) : told;
  } catch (const nexus_handler_failure&) {
    return told;
  } catch (const rpc_error& failed) {
    return with_cause(handler_failure_of(failed));
  } catch (const application_failure& failed) {
    const auto retry = failed.non_retryable() ? nexus_retry::non_retryable : nexus_retry::by_type;
    return with_cause(nexus_handler_failure(failed.message(), nexus_error::internal, retry));
  } catch (...) {
    return with_cause(nexus_handler_failure(engine::message_of(told), nexus_error::internal));
  }
}

inline std::exception_ptr answer_of(const std::exception_ptr& thrown, bool ends_nothing) {
  return answer_of(thrown, ends_nothing, thrown);
}

// In what follows `by` is asked about causes; may be null. `asked` is what it has made the answer of, and is not asked
// about again as a cause; null: it has made nothing.

/// The end of an operation as Temporal's failure.
inline void write_operation_failure(const nexus_operation_error& from, bool cancelled, const failure_converter* by,
                                    const std::exception_ptr* asked, engine::Failure& to) {
  to.set_message(engine::valid_utf8(from.message()));
  to.set_source("rondo");
  if (cancelled) {
    to.mutable_canceled_failure_info();
  } else {
    to.mutable_application_failure_info()->set_type("OperationError");
    to.mutable_application_failure_info()->set_non_retryable(true);
  }
  if (!from.cause()) return;
  if (asked != nullptr && *asked == from.cause()) {
    engine::write_made_failure(from.cause(), *to.mutable_cause(), by);
  } else {
    engine::write_failure(from.cause(), *to.mutable_cause(), by);
  }
}

/// True, and `to` written, when `answer` ends the operation.
inline bool write_operation_error(const std::exception_ptr& answer, nexus_wire::StartOperationResponse& to,
                                  const failure_converter* by = nullptr, const std::exception_ptr* asked = nullptr) {
  try {
    std::rethrow_exception(answer);
  } catch (const nexus_operation_error& error) {
    const bool cancelled = dynamic_cast<const nexus_operation_cancelled*>(&error) != nullptr;
    write_operation_failure(error, cancelled, by, asked, *to.mutable_failure());
    return true;
  } catch (...) {
    return false;
  }
}

/// Writes an answer that fails the request.
inline void write_handler_failure(const std::exception_ptr& answer, engine::service::RespondNexusTaskFailedRequest& to,
                                  const failure_converter* by = nullptr, const std::exception_ptr* asked = nullptr) {
  engine::write_made_failure(answer, *to.mutable_failure(), by, asked);
}

// ---- for older servers

inline bool has_failure(const engine::service::RespondNexusTaskCompletedRequest& answer) {
  return answer.response().start_operation().has_failure();
}
inline bool has_failure(const engine::service::RespondNexusTaskFailedRequest& answer) { return answer.has_failure(); }

/// The failure as Nexus has it.
inline void write_nexus_failure(const engine::Failure& from, nexus_wire::Failure& to) {
  to.set_message(from.message());
  to.set_stack_trace(from.stack_trace());
  (*to.mutable_metadata())["type"] = "temporal.api.failure.v1.Failure";
  std::string details;
  failure_json(details).write(from, false);
  to.set_details(std::move(details));
}

// What follows puts a failure into bytes in which codecs find no payloads, so these have been encoded before.

inline void tell_older_server(engine::service::RespondNexusTaskCompletedRequest& answer) {
  auto& start = *answer.mutable_response()->mutable_start_operation();
  engine::Failure failure;
  failure.Swap(start.mutable_failure());
  auto& told = *start.mutable_operation_error();
  told.set_operation_state(failure.has_canceled_failure_info() ? "canceled" : "failed");
  write_nexus_failure(failure, *told.mutable_failure());
}

inline void tell_older_server(engine::service::RespondNexusTaskFailedRequest& answer) {
  engine::Failure failure;
  failure.Swap(answer.mutable_failure());
  answer.clear_failure();
  auto& told = *answer.mutable_error();
  told.set_error_type(failure.nexus_handler_failure_info().type());
  told.set_retry_behavior(failure.nexus_handler_failure_info().retry_behavior());
  if (failure.has_cause()) {
    write_nexus_failure(failure.cause(), *told.mutable_failure());
  } else if (failure.has_encoded_attributes()) {
    // The type stands beside it already.
    failure.clear_failure_info();
    write_nexus_failure(failure, *told.mutable_failure());
  } else {
    told.mutable_failure()->set_message(failure.message());
  }
}

}  // namespace rondo::detail::worker
