#pragma once
#include <cxxabi.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/base/utf8.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/failure.hpp"
#include "rondo/failure_converter.hpp"
#include "rondo/json.hpp"

namespace rondo::detail::engine {

RONDO_FUNCTION std::string valid_utf8(std::string_view text) {
  if (find_invalid_utf8(text) == std::string_view::npos) return std::string(text);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    out += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(at, length);
    at += length == 0 ? 1 : length;
  }
  return out;
}

inline std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(name, nullptr, nullptr, &status),
                                                         &std::free);
  return status == 0 && text != nullptr ? text.get() : name;
}

RONDO_FUNCTION std::string type_of(const std::exception_ptr& error) {
  if (!error) return "unknown";
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    return demangled(typeid(known).name());
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return type == nullptr ? "unknown" : demangled(type->name());
  }
}

RONDO_FUNCTION std::string message_of(const std::exception_ptr& error) {
  if (!error) return "no exception";
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    return known.what();
  } catch (const std::string& text) {
    return text;
  } catch (const char* text) {
    return text;
  } catch (...) {
    return "an exception of type " + type_of(std::current_exception());
  }
}

// ---- causes

/// What an exception that is not a rondo::failure carries with std::throw_with_nested.
inline std::exception_ptr nested_in(const std::exception& outer) {
  const auto* nested = dynamic_cast<const std::nested_exception*>(&outer);
  return nested == nullptr ? nullptr : nested->nested_ptr();
}

/// What led to an exception, whichever way it says so.
inline std::exception_ptr cause_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const failure& known) {
    return known.cause() ? known.cause() : nested_in(known);
  } catch (const std::exception& other) {
    return nested_in(other);
  } catch (...) {
    return nullptr;
  }
}

inline bool is_among(const std::exception_ptr& one, std::exception_ptr chain) {
  for (int depth = 0; chain && depth <= max_failure_depth; ++depth) {
    if (chain == one) return true;
    chain = cause_of(chain);
  }
  return false;
}

/// One that was made without a cause gets that of what it stands for, unless it is such a cause itself.
inline void keep_cause(const std::exception_ptr& made, const std::exception_ptr& cause) {
  if (!cause || is_among(made, cause)) return;
  try {
    std::rethrow_exception(made);
  } catch (failure& known) {
    if (!known.cause()) known.set_cause(cause);
  } catch (...) {
    // It keeps them in its own way, or not at all.
  }
}

// ---- from the wire

struct encoded_failure_attributes {
  std::string message{}, stack_trace{};
};

/// How failures are read.
struct failure_reading {
  const failure_converter* by = nullptr;
  int depth = 0;
  /// Whether the converter is asked about this one; it always is about causes.
  bool asks = true;

  failure_reading of_cause() const { return {.by = by, .depth = depth + 1}; }
};

inline std::exception_ptr exception_at(const Failure& from, const failure_reading& how);

inline constexpr std::string_view converter_problem = "the failure converter failed: ";

inline std::string with_note(std::string stack_trace, const std::string& problem) {
  if (!stack_trace.empty()) stack_trace += '\n';
  return stack_trace.append(converter_problem).append(problem);
}

/// Null: the failure itself is thrown.
inline std::exception_ptr own_exception_of(failure& received, const failure_converter& by) {
  try {
    auto made = by.to_exception(received);
    if (made) keep_cause(made, received.cause());
    return made;
  } catch (...) {
    // What it was read from stays what it is.
    auto origin = received.origin();
    received.set_stack_trace(with_note(received.stack_trace(), message_of(std::current_exception())));
    received.set_origin(std::move(origin));
    return nullptr;
  }
}

inline void set_common(failure& to, const Failure& from, std::string stack_trace, const failure_reading& how) {
  const bool has_cause = from.has_cause() && how.depth < max_failure_depth;
  if (has_cause) to.set_cause(exception_at(from.cause(), how.of_cause()));
  to.set_stack_trace(std::move(stack_trace));
  to.set_source(from.source());
  if (has_cause && how.by != nullptr) {
    // The cause may have become another one, which is written in its own turn.
    Failure alone = from;
    alone.clear_cause();
    to.set_origin(std::make_shared<const std::string>(alone.SerializeAsString()));
  } else {
    to.set_origin(std::make_shared<const std::string>(from.SerializeAsString()));
  }
}

template <class Made>
std::exception_ptr finished(Made made, const Failure& from, std::string stack_trace, const failure_reading& how) {
  set_common(made, from, std::move(stack_trace), how);
  // Workflows and the engine tell a cancellation by its type.
  if constexpr (!std::is_same_v<Made, cancelled_failure>) {
    if (how.by != nullptr && how.asks) {
      if (auto own = own_exception_of(made, *how.by)) return own;
    }
  }
  return std::make_exception_ptr(std::move(made));
}

inline std::optional<encoded_failure_attributes> encoded_texts_of(const Failure& from) {
  if (from.has_encoded_attributes() && view_of(from.encoded_attributes()).encoding() == encoding::json) {
    try {
      return json::parse<encoded_failure_attributes>(from.encoded_attributes().data());
    } catch (const std::exception&) {
      // Another SDK's, or a codec's, way to write them: the plain fields have to do.
    }
  }
  return std::nullopt;
}

inline encoded_failure_attributes texts_of(const Failure& from) {
  if (auto encoded = encoded_texts_of(from)) return *std::move(encoded);
  return {.message = from.message(), .stack_trace = from.stack_trace()};
}

inline application_failure application_failure_of(const Failure& from, std::string message) {
  const auto& info = from.application_failure_info();
  application_failure_options options{.type = info.type(), .non_retryable = info.non_retryable()};
  if (info.has_next_retry_delay()) options.next_retry_delay = duration_of(info.next_retry_delay());
  if (info.category() == enums::APPLICATION_ERROR_CATEGORY_BENIGN) options.category = failure_category::benign;
  application_failure made(std::move(message), options);
  made.set_details(list_of(info.details()));
  return made;
}

/// Other SDKs, too, show the reset of a workflow as a failure of an application.
inline application_failure reset_failure_of(const Failure& from, std::string message) {
  application_failure made(std::move(message), {.type = "ResetWorkflow", .non_retryable = true});
  made.set_details(list_of(from.reset_workflow_failure_info().last_heartbeat_details()));
  return made;
}

inline activity_failure activity_failure_of(const Failure& from, std::string message) {
  const auto& info = from.activity_failure_info();
  activity_failure::fields fields{.scheduled_event_id = info.scheduled_event_id(),
                                  .started_event_id = info.started_event_id(),
                                  .identity = info.identity(),
                                  .activity_type = info.activity_type().name(),
                                  .activity_id = info.activity_id(),
                                  .state = static_cast<retry_state>(info.retry_state())};
  return activity_failure(std::move(message), std::move(fields));
}

inline child_workflow_failure child_failure_of(const Failure& from, std::string message) {
  const auto& info = from.child_workflow_execution_failure_info();
  child_workflow_failure::fields fields{.namespace_ = info.namespace_(),
                                        .workflow_id = info.workflow_execution().workflow_id(),
                                        .run_id = info.workflow_execution().run_id(),
                                        .workflow_type = info.workflow_type().name(),
                                        .initiated_event_id = info.initiated_event_id(),
                                        .started_event_id = info.started_event_id(),
                                        .state = static_cast<retry_state>(info.retry_state())};
  return child_workflow_failure(std::move(message), std::move(fields));
}

inline nexus_operation_failure nexus_failure_of(const Failure& from, std::string message) {
  const auto& info = from.nexus_operation_execution_failure_info();
  // Old servers know the token as an id.
  const auto& token = info.operation_token().empty() ? info.operation_id() : info.operation_token();
  nexus_operation_failure::fields fields{.endpoint = info.endpoint(),
                                         .service = info.service(),
                                         .operation = info.operation(),
                                         .operation_token = token,
                                         .scheduled_event_id = info.scheduled_event_id()};
  return nexus_operation_failure(std::move(message), std::move(fields));
}

inline nexus_handler_failure handler_failure_of(const Failure& from, std::string message) {
  const auto& info = from.nexus_handler_failure_info();
  nexus_retry retry = nexus_retry::by_type;
  if (info.retry_behavior() == enums::NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_RETRYABLE) retry = nexus_retry::retryable;
  if (info.retry_behavior() == enums::NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_NON_RETRYABLE)
    retry = nexus_retry::non_retryable;
  return nexus_handler_failure(std::move(message), info.type(), retry);
}

inline std::exception_ptr exception_at(const Failure& from, const failure_reading& how) {
  auto [message, stack] = texts_of(from);
  switch (from.failure_info_case()) {
    case Failure::kApplicationFailureInfo:
      return finished(application_failure_of(from, std::move(message)), from, std::move(stack), how);
    case Failure::kTimeoutFailureInfo: {
      const auto& info = from.timeout_failure_info();
      timeout_failure made(std::move(message), static_cast<timeout_type>(info.timeout_type()));
      made.set_last_heartbeat_details(list_of(info.last_heartbeat_details()));
      return finished(std::move(made), from, std::move(stack), how);
    }
    case Failure::kCanceledFailureInfo: {
      cancelled_failure made(std::move(message), from.canceled_failure_info().identity());
      made.set_details(list_of(from.canceled_failure_info().details()));
      return finished(std::move(made), from, std::move(stack), how);
    }
    case Failure::kTerminatedFailureInfo:
      return finished(terminated_failure(std::move(message), from.terminated_failure_info().identity()), from,
                      std::move(stack), how);
    case Failure::kResetWorkflowFailureInfo:
      return finished(reset_failure_of(from, std::move(message)), from, std::move(stack), how);
    case Failure::kServerFailureInfo:
      return finished(server_failure(std::move(message), from.server_failure_info().non_retryable()), from,
                      std::move(stack), how);
    case Failure::kActivityFailureInfo:
      return finished(activity_failure_of(from, std::move(message)), from, std::move(stack), how);
    case Failure::kChildWorkflowExecutionFailureInfo:
      return finished(child_failure_of(from, std::move(message)), from, std::move(stack), how);
    case Failure::kNexusOperationExecutionFailureInfo:
      return finished(nexus_failure_of(from, std::move(message)), from, std::move(stack), how);
    case Failure::kNexusHandlerFailureInfo:
      return finished(handler_failure_of(from, std::move(message)), from, std::move(stack), how);
    default:
      return finished(failure(std::move(message)), from, std::move(stack), how);
  }
}

RONDO_FUNCTION std::exception_ptr exception_of(const Failure& from, const failure_converter* by) {
  return exception_at(from, {.by = by});
}

RONDO_FUNCTION std::exception_ptr call_failure_of(const Failure& from, const failure_converter* by) {
  return exception_at(from, {.by = by, .asks = false});
}

RONDO_FUNCTION std::string message_in(const Failure& of) { return texts_of(of).message; }

// ---- to the wire

/// How failures are written.
struct failure_writing {
  const failure_converter* by = nullptr;
  int depth = 0;
  /// Whether the converter is asked about this one; it is about causes, but for `asked`.
  bool asks = true;
  /// What the converter has been asked about, and may have made the cause of what it made.
  const std::exception_ptr* asked = nullptr;
};

inline void write_at(const std::exception_ptr& from, Failure& to, const failure_writing& how);

inline void write_info(const application_failure& from, Failure& to) {
  auto& info = *to.mutable_application_failure_info();
  info.set_type(valid_utf8(from.type()));
  info.set_non_retryable(from.non_retryable());
  if (from.next_retry_delay()) {
    // Servers that are told zero make no other attempt, or wait for the longest pause of the policy.
    constexpr duration at_once = std::chrono::milliseconds(1);
    write_duration(std::max(*from.next_retry_delay(), at_once), *info.mutable_next_retry_delay());
  }
  if (from.category() == failure_category::benign) info.set_category(enums::APPLICATION_ERROR_CATEGORY_BENIGN);
  if (!from.details().empty()) write_payloads(from.details(), *info.mutable_details());
}

inline void write_info(const activity_failure& from, Failure& to) {
  auto& info = *to.mutable_activity_failure_info();
  info.set_scheduled_event_id(from.scheduled_event_id());
  info.set_started_event_id(from.started_event_id());
  info.set_identity(valid_utf8(from.identity()));
  info.mutable_activity_type()->set_name(valid_utf8(from.activity_type()));
  info.set_activity_id(valid_utf8(from.activity_id()));
  info.set_retry_state(static_cast<enums::RetryState>(from.retry_state()));
}

inline void write_info(const child_workflow_failure& from, Failure& to) {
  auto& info = *to.mutable_child_workflow_execution_failure_info();
  const auto& all = from.all();
  info.set_namespace_(valid_utf8(all.namespace_));
  info.mutable_workflow_execution()->set_workflow_id(valid_utf8(all.workflow_id));
  info.mutable_workflow_execution()->set_run_id(valid_utf8(all.run_id));
  info.mutable_workflow_type()->set_name(valid_utf8(all.workflow_type));
  info.set_initiated_event_id(all.initiated_event_id);
  info.set_started_event_id(all.started_event_id);
  info.set_retry_state(static_cast<enums::RetryState>(all.state));
}

inline void write_info(const nexus_operation_failure& from, Failure& to) {
  auto& info = *to.mutable_nexus_operation_execution_failure_info();
  info.set_endpoint(valid_utf8(from.endpoint()));
  info.set_service(valid_utf8(from.service()));
  info.set_operation(valid_utf8(from.operation()));
  info.set_operation_token(valid_utf8(from.operation_token()));
  info.set_scheduled_event_id(from.scheduled_event_id());
}

inline enums::NexusHandlerErrorRetryBehavior wire_of(nexus_retry retry) noexcept {
  switch (retry) {
    case nexus_retry::by_type:
      return enums::NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_UNSPECIFIED;
    case nexus_retry::retryable:
      return enums::NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_RETRYABLE;
    case nexus_retry::non_retryable:
      return enums::NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_NON_RETRYABLE;
  }
  return enums::NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_UNSPECIFIED;
}

inline void write_info(const nexus_handler_failure& from, Failure& to) {
  auto& info = *to.mutable_nexus_handler_failure_info();
  info.set_type(valid_utf8(from.type()));
  info.set_retry_behavior(wire_of(from.retry()));
}

inline void write_kind(const failure& from, const std::exception_ptr& pointer, Failure& to) {
  if (const auto* application = dynamic_cast<const application_failure*>(&from)) {
    write_info(*application, to);
  } else if (const auto* cancelled = dynamic_cast<const cancelled_failure*>(&from)) {
    auto& info = *to.mutable_canceled_failure_info();
    info.set_identity(valid_utf8(cancelled->identity()));
    if (!cancelled->details().empty()) write_payloads(cancelled->details(), *info.mutable_details());
  } else if (const auto* timeout = dynamic_cast<const timeout_failure*>(&from)) {
    auto& info = *to.mutable_timeout_failure_info();
    info.set_timeout_type(static_cast<enums::TimeoutType>(timeout->type()));
    if (!timeout->last_heartbeat_details().empty()) {
      write_payloads(timeout->last_heartbeat_details(), *info.mutable_last_heartbeat_details());
    }
  } else if (const auto* terminated = dynamic_cast<const terminated_failure*>(&from)) {
    to.mutable_terminated_failure_info()->set_identity(valid_utf8(terminated->identity()));
  } else if (const auto* server = dynamic_cast<const server_failure*>(&from)) {
    to.mutable_server_failure_info()->set_non_retryable(server->non_retryable());
  } else if (const auto* activity = dynamic_cast<const activity_failure*>(&from)) {
    write_info(*activity, to);
  } else if (const auto* child = dynamic_cast<const child_workflow_failure*>(&from)) {
    write_info(*child, to);
  } else if (const auto* operation = dynamic_cast<const nexus_operation_failure*>(&from)) {
    write_info(*operation, to);
  } else if (const auto* handler = dynamic_cast<const nexus_handler_failure*>(&from)) {
    write_info(*handler, to);
  } else {
    to.mutable_application_failure_info()->set_type(valid_utf8(type_of(pointer)));
  }
}

inline void write_cause(const std::exception_ptr& cause, Failure& to, const failure_writing& how) {
  if (!cause || how.depth >= max_failure_depth) return;
  const bool asks = how.asked == nullptr || *how.asked != cause;
  write_at(cause, *to.mutable_cause(), {.by = how.by, .depth = how.depth + 1, .asks = asks});
}

/// True when what an unchanged failure was read from could be written again.
inline bool write_origin(const failure& from, Failure& to, const failure_writing& how) {
  if (from.origin() == nullptr || !to.ParseFromString(*from.origin())) return false;
  // With a converter a failure is read, and written, without its cause.
  if (from.cause() && (how.by != nullptr || !to.has_cause())) {
    to.clear_cause();
    write_cause(from.cause(), to, how);
  }
  return true;
}

inline void write_as_it_is(const std::exception_ptr& from, Failure& to, const failure_writing& how) {
  try {
    if (from) std::rethrow_exception(from);
    to.set_message(message_of(from));
    to.mutable_application_failure_info();
  } catch (const failure& known) {
    if (write_origin(known, to, how)) return;
    to.set_message(valid_utf8(known.message()));
    to.set_stack_trace(valid_utf8(known.stack_trace()));
    write_kind(known, from, to);
    write_cause(known.cause() ? known.cause() : nested_in(known), to, how);
  } catch (const std::exception& other) {
    to.set_message(valid_utf8(other.what()));
    to.mutable_application_failure_info()->set_type(valid_utf8(type_of(from)));
    write_cause(nested_in(other), to, how);
  } catch (...) {
    to.set_message(valid_utf8(message_of(from)));
    to.mutable_application_failure_info()->set_type(valid_utf8(type_of(from)));
  }
  to.set_source("rondo");
}

/// Where people look for the reasons of a failure.
inline void note_problem(const std::string& problem, Failure& to) {
  if (auto texts = encoded_texts_of(to)) {
    texts->stack_trace = valid_utf8(with_note(std::move(texts->stack_trace), problem));
    to.mutable_encoded_attributes()->set_data(json::dump(*texts));
  } else {
    to.set_stack_trace(valid_utf8(with_note(to.stack_trace(), problem)));
  }
}

inline void write_converted(const std::exception_ptr& from, Failure& to, const failure_writing& how) {
  const auto made = converted(from, how.by);
  const bool changed = made.error != from;
  write_as_it_is(made.error, to, {.by = how.by, .depth = how.depth, .asked = changed ? &from : nullptr});
  if (changed && !to.has_cause()) {
    // What is no failure may have no way to keep causes.
    const auto cause = cause_of(from);
    if (!is_among(made.error, cause)) write_cause(cause, to, how);
  }
  if (!made.problem.empty()) note_problem(made.problem, to);
}

inline void write_at(const std::exception_ptr& from, Failure& to, const failure_writing& how) {
  if (how.by == nullptr || !how.asks || !from) return write_as_it_is(from, to, how);
  write_converted(from, to, how);
}

inline bool is_cancelled_failure(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const cancelled_failure&) {
    return true;
  } catch (...) {
    return false;
  }
}

RONDO_FUNCTION converted_exception converted(const std::exception_ptr& error, const failure_converter* by) {
  converted_exception found{.error = error};
  // Like in reading, a cancellation stays what it is.
  if (by == nullptr || !error || is_cancelled_failure(error)) return found;
  try {
    auto made = by->to_failure(error);
    if (!made || made == error) return found;
    keep_cause(made, cause_of(error));
    found.error = std::move(made);
  } catch (...) {
    found.problem = message_of(std::current_exception());
    if (found.problem.empty()) found.problem = "an exception of type " + type_of(std::current_exception());
  }
  return found;
}

RONDO_FUNCTION void write_failure(const std::exception_ptr& from, Failure& to, const failure_converter* by) {
  write_at(from, to, {.by = by});
}

RONDO_FUNCTION void write_made_failure(const std::exception_ptr& from, Failure& to, const failure_converter* by,
                                       const std::exception_ptr* asked) {
  write_at(from, to, {.by = by, .asks = false, .asked = asked});
}

}  // namespace rondo::detail::engine
