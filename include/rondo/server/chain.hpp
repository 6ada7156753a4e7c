#pragma once

#include <temporal/api/command/v1/message.pb.h>
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/failure/v1/message.pb.h>

#include <optional>
#include <string>

#include "rondo/server/config.hpp"
#include "rondo/server/run.hpp"
#include "rondo/server/time.hpp"

// From one run of a workflow to the next: retries, cron schedules, continue-as-new.
namespace rondo::server {

/// What follows a run that ends; without a run id, nothing.
struct chain_step {
  std::string run_id{};
  enums::ContinueAsNewInitiator initiator = enums::CONTINUE_AS_NEW_INITIATOR_UNSPECIFIED;
  interval pause = 0;
  enums::RetryState retry_state = enums::RETRY_STATE_UNSPECIFIED;
  std::optional<temporal::api::failure::v1::Failure> failure{};
  std::optional<temporal::api::common::v1::Payloads> result{};
};

/// After a failure or a timeout: a retry by the run's policy, or else the next time of its cron schedule.
chain_step step_after_failure(const run& of, const temporal::api::failure::v1::Failure& failure);
/// After a success: the next time of the cron schedule.
chain_step step_after_success(const run& of, const temporal::api::common::v1::Payloads& result);

/// Starts the run of the step. The run before it has closed in this turn.
void take_step(const run& from, const chain_step& step);

/// The command with what it leaves open filled in from its run.
temporal::api::command::v1::ContinueAsNewWorkflowExecutionCommandAttributes complete_continue_as_new(
    const run& of, const temporal::api::command::v1::ContinueAsNewWorkflowExecutionCommandAttributes& wanted);
/// Starts the run that the (completed) command asks for.
void continue_as_new(const run& from, const std::string& run_id,
                     const temporal::api::command::v1::ContinueAsNewWorkflowExecutionCommandAttributes& wanted);

}  // namespace rondo::server
