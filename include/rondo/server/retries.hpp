#pragma once

#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/enums/v1/workflow.pb.h>
#include <temporal/api/failure/v1/message.pb.h>

#include <optional>

#include "rondo/server/config.hpp"
#include "rondo/server/time.hpp"

namespace rondo::server {

/// Whether there is a next attempt, and the pause before it.
struct retry_verdict {
  /// IN_PROGRESS: there is one; else why there is none.
  temporal::api::enums::v1::RetryState state = temporal::api::enums::v1::RETRY_STATE_IN_PROGRESS;
  interval pause = 0;

  bool again() const noexcept { return state == temporal::api::enums::v1::RETRY_STATE_IN_PROGRESS; }
};

/// The next attempt after `attempt` by a retry policy, as servers count it: interval * coefficient^(attempt-1), at most
/// the maximum interval. None when attempts, deadline (0: none) or the failure forbid one; null: a failure that does
/// not. A next_retry_delay in the failure replaces the interval; `delay_passes_maximum` lets it be longer than the
/// maximum interval, as it may for activities.
retry_verdict decide_retry(const temporal::api::common::v1::RetryPolicy& policy, int attempt, instant now,
                           instant deadline, const temporal::api::failure::v1::Failure* failure,
                           bool delay_passes_maximum = false);

/// The pause of decide_retry(); none when there is no next attempt.
std::optional<interval> next_retry(const temporal::api::common::v1::RetryPolicy& policy, int attempt, instant now,
                                   instant deadline, const temporal::api::failure::v1::Failure& failure);

/// Refuses a retry policy that makes no sense. Cuts intervals that are too long to be counted.
void check_retry_policy(temporal::api::common::v1::RetryPolicy& policy);
/// As above, after filling in what it leaves open.
void complete_retry_policy(temporal::api::common::v1::RetryPolicy& policy);

}  // namespace rondo::server
