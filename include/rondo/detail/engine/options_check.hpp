#pragma once
#include <stdexcept>
#include <string>
#include <string_view>

#include "rondo/detail/run/host.hpp"
#include "rondo/options.hpp"

// What the server would refuse is refused where the workflow asks for it: std::invalid_argument says what is wrong.
namespace rondo::detail::engine {

/// Whose options they are.
class options_of {
 public:
  constexpr options_of(const char* kind, std::string_view name) : kind_(kind), name_(name) {}
  void require(bool holds, const char* what) const {
    if (!holds) refuse(what);
  }

 private:
  [[noreturn, gnu::cold]] void refuse(const char* what) const {
    throw std::invalid_argument(std::string(kind_) + " \"" + std::string(name_) + "\": " + what);
  }

  const char* kind_;
  std::string_view name_;
};

inline void check(const retry_policy& policy, const options_of& owner) {
  owner.require(policy.initial_interval > duration::zero(), "retry policy: initial_interval must be positive");
  owner.require(policy.backoff_coefficient >= 1.0, "retry policy: backoff_coefficient must be at least 1");
  owner.require(policy.maximum_interval >= duration::zero(), "retry policy: maximum_interval must not be negative");
  owner.require(policy.maximum_interval == duration::zero() || policy.maximum_interval >= policy.initial_interval,
                "retry policy: maximum_interval must not be shorter than initial_interval");
  owner.require(policy.maximum_attempts >= 0, "retry policy: maximum_attempts must not be negative");
}

inline void check(const priority& wanted, const options_of& owner) {
  owner.require(wanted.key >= 0, "priority.key must not be negative");
  owner.require(wanted.fairness_key.size() <= 64, "priority.fairness_key is longer than 64 bytes");
  owner.require(wanted.fairness_weight >= 0, "priority.fairness_weight must not be negative");
}

inline void check(const activity_options& options, std::string_view type) {
  const options_of owner("activity", type);
  owner.require(options.schedule_to_close_timeout >= duration::zero(),
                "schedule_to_close_timeout must not be negative");
  owner.require(options.schedule_to_start_timeout >= duration::zero(),
                "schedule_to_start_timeout must not be negative");
  owner.require(options.start_to_close_timeout >= duration::zero(), "start_to_close_timeout must not be negative");
  owner.require(options.heartbeat_timeout >= duration::zero(), "heartbeat_timeout must not be negative");
  owner.require(
      options.start_to_close_timeout > duration::zero() || options.schedule_to_close_timeout > duration::zero(),
      "start_to_close_timeout or schedule_to_close_timeout must be set");
  owner.require(options.cancellation != cancellation_type::wait_cancellation_requested,
                "wait_cancellation_requested is for child workflows");
  if (options.priority) check(*options.priority, owner);
  if (options.retry) check(*options.retry, owner);
}

inline void check(const local_activity_options& options, std::string_view type) {
  const options_of owner("local activity", type);
  owner.require(options.schedule_to_close_timeout >= duration::zero(),
                "schedule_to_close_timeout must not be negative");
  owner.require(options.schedule_to_start_timeout >= duration::zero(),
                "schedule_to_start_timeout must not be negative");
  owner.require(options.start_to_close_timeout >= duration::zero(), "start_to_close_timeout must not be negative");
  owner.require(options.local_retry_threshold >= duration::zero(), "local_retry_threshold must not be negative");
  owner.require(
      options.start_to_close_timeout > duration::zero() || options.schedule_to_close_timeout > duration::zero(),
      "start_to_close_timeout or schedule_to_close_timeout must be set");
  owner.require(options.cancellation != cancellation_type::wait_cancellation_requested,
                "wait_cancellation_requested is for child workflows");
  if (options.retry) check(*options.retry, owner);
}

inline void check(const child_workflow_options& options, std::string_view type) {
  const options_of owner("child workflow", type);
  owner.require(options.execution_timeout >= duration::zero(), "execution_timeout must not be negative");
  owner.require(options.run_timeout >= duration::zero(), "run_timeout must not be negative");
  owner.require(options.task_timeout >= duration::zero(), "task_timeout must not be negative");
  owner.require(options.versioning.complete(), "versioning needs deployment_name and build_id");
  if (options.priority) check(*options.priority, owner);
  if (options.retry) check(*options.retry, owner);
}

inline void check(const signal_with_start_options& options, std::string_view type) {
  const options_of owner("signal with start of workflow", type);
  owner.require(!options.id.empty(), "id must be set");
  owner.require(options.execution_timeout >= duration::zero(), "execution_timeout must not be negative");
  owner.require(options.run_timeout >= duration::zero(), "run_timeout must not be negative");
  owner.require(options.task_timeout >= duration::zero(), "task_timeout must not be negative");
  owner.require(options.start_delay >= duration::zero(), "start_delay must not be negative");
  owner.require(options.versioning.complete(), "versioning needs deployment_name and build_id");
  if (options.priority) check(*options.priority, owner);
  if (options.retry) check(*options.retry, owner);
}

inline void check(const continue_as_new_options& options, std::string_view type) {
  const options_of owner("next run", type);
  owner.require(!type.empty(), "the workflow type must have a name");
  owner.require(options.run_timeout >= duration::zero(), "run_timeout must not be negative");
  owner.require(options.task_timeout >= duration::zero(), "task_timeout must not be negative");
  owner.require(options.backoff_start_interval >= duration::zero(), "backoff_start_interval must not be negative");
  if (options.retry) check(*options.retry, owner);
}

inline void check(const run::nexus_call& call) {
  const nexus_operation_options& options = call.options;
  const options_of owner("Nexus operation", call.operation);
  owner.require(!call.operation.empty(), "the operation must have a name");
  owner.require(!call.service.empty(), "the service must have a name");
  owner.require(!call.endpoint.empty(), "the endpoint must have a name");
  owner.require(options.schedule_to_close_timeout >= duration::zero(),
                "schedule_to_close_timeout must not be negative");
  owner.require(options.schedule_to_start_timeout >= duration::zero(),
                "schedule_to_start_timeout must not be negative");
  owner.require(options.start_to_close_timeout >= duration::zero(), "start_to_close_timeout must not be negative");
  for (const auto& [name, value] : options.headers) {
    owner.require(!name.empty(), "a header must have a name");
    for (const char c : name) owner.require(c < 'A' || c > 'Z', "names of headers must be lower case");
  }
}

}  // namespace rondo::detail::engine
