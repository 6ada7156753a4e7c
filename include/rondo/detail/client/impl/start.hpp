#pragma once
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/deployment/v1/message.pb.h>
#include <temporal/api/enums/v1/workflow.pb.h>
#include <temporal/api/workflow/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <string>

#include "rondo/client/start.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/start.hpp"
#include "rondo/priority.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION void set_retry(const call_subject& subject, const retry_policy& policy,
                              temporal::api::common::v1::RetryPolicy& to) {
  if (policy.maximum_attempts < 0) refuse(subject, "retry.maximum_attempts must not be negative");
  if (!(policy.backoff_coefficient >= 1)) refuse(subject, "retry.backoff_coefficient must be at least 1");
  set_duration(subject, "retry.initial_interval", policy.initial_interval,
               [&] { return to.mutable_initial_interval(); });
  set_duration(subject, "retry.maximum_interval", policy.maximum_interval,
               [&] { return to.mutable_maximum_interval(); });
  to.set_backoff_coefficient(policy.backoff_coefficient);
  to.set_maximum_attempts(policy.maximum_attempts);
  for (const auto type : policy.non_retryable_error_types) to.add_non_retryable_error_types(std::string(type));
}

RONDO_FUNCTION void set_priority(const call_subject& subject, const priority& from,
                                 temporal::api::common::v1::Priority& to) {
  if (from.key < 0) refuse(subject, "priority.key must not be negative");
  if (!(from.fairness_weight >= 0)) refuse(subject, "priority.fairness_weight must not be negative");
  if (from.fairness_key.size() > 64) refuse(subject, "priority.fairness_key is longer than 64 bytes");
  to.set_priority_key(from.key);
  to.set_fairness_key(std::string(from.fairness_key));
  to.set_fairness_weight(from.fairness_weight);
}

}  // namespace rondo::detail::calls
