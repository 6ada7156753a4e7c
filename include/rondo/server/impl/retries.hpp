#pragma once

#include "rondo/server/retries.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include "rondo/server/request_checks.hpp"

namespace rondo::server {

namespace detail_retries {

namespace enums = temporal::api::enums::v1;

inline constexpr std::string_view timeout_prefix = "TemporalTimeout:";

inline std::string_view timeout_name(enums::TimeoutType type) noexcept {
  switch (type) {
    case enums::TIMEOUT_TYPE_START_TO_CLOSE:
      return "StartToClose";
    case enums::TIMEOUT_TYPE_SCHEDULE_TO_START:
      return "ScheduleToStart";
    case enums::TIMEOUT_TYPE_SCHEDULE_TO_CLOSE:
      return "ScheduleToClose";
    case enums::TIMEOUT_TYPE_HEARTBEAT:
      return "Heartbeat";
    default:
      return "Unspecified";
  }
}

inline bool lists(const temporal::api::common::v1::RetryPolicy& policy, std::string_view type) {
  const auto& types = policy.non_retryable_error_types();
  return std::any_of(types.begin(), types.end(), [type](const std::string& each) { return each == type; });
}

inline bool can_retry(const temporal::api::common::v1::RetryPolicy& policy,
                      const temporal::api::failure::v1::Failure& failure) {
  if (failure.has_terminated_failure_info() || failure.has_canceled_failure_info()) return false;
  if (failure.has_timeout_failure_info()) {
    const auto type = failure.timeout_failure_info().timeout_type();
    if (type != enums::TIMEOUT_TYPE_START_TO_CLOSE && type != enums::TIMEOUT_TYPE_HEARTBEAT) return false;
    return !lists(policy, std::string(timeout_prefix).append(timeout_name(type)));
  }
  if (failure.has_server_failure_info()) return !failure.server_failure_info().non_retryable();
  if (failure.has_application_failure_info()) {
    const auto& info = failure.application_failure_info();
    return !info.non_retryable() && !lists(policy, info.type());
  }
  return true;
}

/// 0 when it is too long to be counted.
inline interval growing_interval(const temporal::api::common::v1::RetryPolicy& policy, int attempt) {
  const double grown =
      static_cast<double>(from_proto(policy.initial_interval())) * std::pow(policy.backoff_coefficient(), attempt - 1);
  return grown < static_cast<double>(never) ? static_cast<interval>(grown) : 0;
}

inline void check_error_types(const temporal::api::common::v1::RetryPolicy& policy) {
  for (const auto& type : policy.non_retryable_error_types()) {
    if (!type.starts_with(timeout_prefix)) continue;
    const auto name = std::string_view(type).substr(timeout_prefix.size());
    const bool known = name == "StartToClose" || name == "ScheduleToStart" || name == "ScheduleToClose" ||
                       name == "Heartbeat" || name.starts_with("TIMEOUT_TYPE_");
    if (!known) refuse_argument("Invalid timeout type value: " + std::string(name) + ".");
  }
}

}  // namespace detail_retries

RONDO_SERVER_FUNCTION retry_verdict decide_retry(const temporal::api::common::v1::RetryPolicy& policy, int attempt,
                                                 instant now, instant deadline,
                                                 const temporal::api::failure::v1::Failure* failure,
                                                 bool delay_passes_maximum) {
  namespace enums = temporal::api::enums::v1;
  if (failure != nullptr && !detail_retries::can_retry(policy, *failure)) {
    return {enums::RETRY_STATE_NON_RETRYABLE_FAILURE, 0};
  }
  attempt = std::max(attempt, 1);
  if (policy.maximum_attempts() > 0 && attempt >= policy.maximum_attempts()) {
    return {enums::RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED, 0};
  }
  interval longest = from_proto(policy.maximum_interval());
  interval pause = 0;
  if (failure != nullptr && failure->application_failure_info().has_next_retry_delay()) {
    pause = from_proto(failure->application_failure_info().next_retry_delay());
    if (delay_passes_maximum) longest = pause;
  } else {
    pause = detail_retries::growing_interval(policy, attempt);
  }
  if (longest == 0 && pause <= 0 && !delay_passes_maximum) return {enums::RETRY_STATE_TIMEOUT, 0};
  if (longest != 0 && (pause <= 0 || pause > longest)) pause = longest;
  if (deadline != 0 && later(now, pause) > deadline) return {enums::RETRY_STATE_TIMEOUT, 0};
  return {enums::RETRY_STATE_IN_PROGRESS, std::max<interval>(pause, 0)};
}

RONDO_SERVER_FUNCTION std::optional<interval> next_retry(const temporal::api::common::v1::RetryPolicy& policy,
                                                         int attempt, instant now, instant deadline,
                                                         const temporal::api::failure::v1::Failure& failure) {
  const auto verdict = decide_retry(policy, attempt, now, deadline, &failure);
  if (!verdict.again()) return std::nullopt;
  return verdict.pause;
}

RONDO_SERVER_FUNCTION void check_retry_policy(temporal::api::common::v1::RetryPolicy& policy) {
  if (policy.maximum_attempts() == 1) return;
  if (const auto fault = duration_fault(*policy.mutable_initial_interval()); !fault.empty()) {
    refuse_argument("invalid InitialInterval set on retry policy: " + fault);
  }
  if (policy.backoff_coefficient() < 1) {
    refuse_argument("BackoffCoefficient cannot be less than 1 on retry policy.");
  }
  if (const auto fault = duration_fault(*policy.mutable_maximum_interval()); !fault.empty()) {
    refuse_argument("invalid MaximumInterval set on retry policy: " + fault);
  }
  const interval longest = from_proto(policy.maximum_interval());
  if (longest > 0 && longest < from_proto(policy.initial_interval())) {
    refuse_argument("MaximumInterval cannot be less than InitialInterval on retry policy.");
  }
  if (policy.maximum_attempts() < 0) refuse_argument("MaximumAttempts cannot be negative on retry policy.");
  detail_retries::check_error_types(policy);
}

RONDO_SERVER_FUNCTION void complete_retry_policy(temporal::api::common::v1::RetryPolicy& policy) {
  constexpr int longest_per_initial = 100;
  if (from_proto(policy.initial_interval()) == 0) to_proto(second, *policy.mutable_initial_interval());
  if (from_proto(policy.maximum_interval()) == 0) {
    const interval initial = from_proto(policy.initial_interval());
    to_proto(initial > never / longest_per_initial ? initial : initial * longest_per_initial,
             *policy.mutable_maximum_interval());
  }
  if (!(policy.backoff_coefficient() > 0 || policy.backoff_coefficient() < 0)) policy.set_backoff_coefficient(2);
  check_retry_policy(policy);
}

}  // namespace rondo::server
