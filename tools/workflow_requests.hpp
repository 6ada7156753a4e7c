#pragma once
#include <temporal/api/enums/v1/query.pb.h>
#include <temporal/api/enums/v1/workflow.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <string>
#include <string_view>
#include <vector>

#include "rondo/detail/base/uuid.hpp"
#include "tools/choices.hpp"
#include "tools/inputs.hpp"
#include "tools/options.hpp"
#include "tools/time_text.hpp"

// From the flags of the workflow commands to requests.
namespace rondo::tools {

namespace service = temporal::api::workflowservice::v1;
namespace enums = temporal::api::enums::v1;

struct workflow_flags {
  std::string workflow_id{}, run_id{};
};

struct start_flags {
  std::string workflow_id{}, type{}, task_queue{};
  input_options input{};
  std::string id_reuse_policy{}, id_conflict_policy{};
  bool fail_existing = false;
  std::string execution_timeout{}, run_timeout{}, task_timeout{}, start_delay{};
  std::string cron{};
  std::vector<std::string> search_attributes{}, memo{};
  std::string static_summary{}, static_details{};
  int priority_key = 0;
};

struct query_flags {
  std::string name{}, reject_condition{};
  input_options input{};
};

template <class Execution>
void set_execution(const workflow_flags& from, Execution& to) {
  to.set_workflow_id(from.workflow_id);
  to.set_run_id(from.run_id);
}

inline void set_reuse(const start_flags& flags, service::StartWorkflowExecutionRequest& to) {
  constexpr choice<enums::WorkflowIdReusePolicy> reuse[] = {
      {"AllowDuplicate", enums::WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE},
      {"AllowDuplicateFailedOnly", enums::WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY},
      {"RejectDuplicate", enums::WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE},
      {"TerminateIfRunning", enums::WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING}};
  constexpr choice<enums::WorkflowIdConflictPolicy> conflict[] = {
      {"Fail", enums::WORKFLOW_ID_CONFLICT_POLICY_FAIL},
      {"UseExisting", enums::WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING},
      {"TerminateExisting", enums::WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING}};
  if (!flags.id_reuse_policy.empty()) {
    to.set_workflow_id_reuse_policy(choose("--id-reuse-policy", reuse, flags.id_reuse_policy));
  }
  if (!flags.id_conflict_policy.empty()) {
    to.set_workflow_id_conflict_policy(choose("--id-conflict-policy", conflict, flags.id_conflict_policy));
  } else if (flags.fail_existing) {
    to.set_workflow_id_conflict_policy(enums::WORKFLOW_ID_CONFLICT_POLICY_FAIL);
  }
}

/// Leaves the field unset when nothing is given.
template <class Mutable>
void set_timeout(std::string_view flag, const std::string& text, Mutable&& field) {
  const auto value = duration_of(flag, text);
  if (value > nanoseconds(0)) write_duration(value, *field());
}

/// Without an id the workflow gets a random one. Throws command_error.
inline service::StartWorkflowExecutionRequest start_request(const start_flags& flags) {
  service::StartWorkflowExecutionRequest request;
  request.set_workflow_id(flags.workflow_id.empty() ? rondo::detail::random_uuid() : flags.workflow_id);
  request.set_request_id(rondo::detail::random_uuid());
  request.mutable_workflow_type()->set_name(flags.type);
  request.mutable_task_queue()->set_name(flags.task_queue);
  request.mutable_task_queue()->set_kind(enums::TASK_QUEUE_KIND_NORMAL);
  auto input = make_payloads(flags.input);
  if (input.payloads_size() > 0) *request.mutable_input() = std::move(input);
  set_reuse(flags, request);
  set_timeout("--execution-timeout", flags.execution_timeout,
              [&] { return request.mutable_workflow_execution_timeout(); });
  set_timeout("--run-timeout", flags.run_timeout, [&] { return request.mutable_workflow_run_timeout(); });
  set_timeout("--task-timeout", flags.task_timeout, [&] { return request.mutable_workflow_task_timeout(); });
  set_timeout("--start-delay", flags.start_delay, [&] { return request.mutable_workflow_start_delay(); });
  request.set_cron_schedule(flags.cron);
  if (!flags.memo.empty()) read_json_pairs("--memo", flags.memo, *request.mutable_memo()->mutable_fields());
  if (!flags.search_attributes.empty()) {
    read_json_pairs("--search-attribute", flags.search_attributes,
                    *request.mutable_search_attributes()->mutable_indexed_fields());
  }
  auto text = [&](const std::string& value) { return json_payload(json::dump(value)); };
  if (!flags.static_summary.empty()) *request.mutable_user_metadata()->mutable_summary() = text(flags.static_summary);
  if (!flags.static_details.empty()) *request.mutable_user_metadata()->mutable_details() = text(flags.static_details);
  if (flags.priority_key != 0) request.mutable_priority()->set_priority_key(flags.priority_key);
  return request;
}

inline service::SignalWorkflowExecutionRequest signal_request(const workflow_flags& to, const std::string& name,
                                                              const input_options& input) {
  service::SignalWorkflowExecutionRequest request;
  set_execution(to, *request.mutable_workflow_execution());
  request.set_signal_name(name);
  request.set_request_id(rondo::detail::random_uuid());
  auto payloads = make_payloads(input);
  if (payloads.payloads_size() > 0) *request.mutable_input() = std::move(payloads);
  return request;
}

inline service::QueryWorkflowRequest query_request(const workflow_flags& to, const query_flags& flags) {
  constexpr choice<enums::QueryRejectCondition> conditions[] = {
      {"none", enums::QUERY_REJECT_CONDITION_NONE},
      {"not_open", enums::QUERY_REJECT_CONDITION_NOT_OPEN},
      {"not_completed_cleanly", enums::QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY}};
  service::QueryWorkflowRequest request;
  set_execution(to, *request.mutable_execution());
  request.mutable_query()->set_query_type(flags.name);
  auto payloads = make_payloads(flags.input);
  if (payloads.payloads_size() > 0) *request.mutable_query()->mutable_query_args() = std::move(payloads);
  request.set_query_reject_condition(flags.reject_condition.empty()
                                         ? enums::QUERY_REJECT_CONDITION_NONE
                                         : choose("--reject-condition", conditions, flags.reject_condition));
  return request;
}

inline service::RequestCancelWorkflowExecutionRequest cancel_request(const workflow_flags& of,
                                                                     const std::string& reason) {
  service::RequestCancelWorkflowExecutionRequest request;
  set_execution(of, *request.mutable_workflow_execution());
  request.set_request_id(rondo::detail::random_uuid());
  request.set_reason(reason);
  return request;
}

inline service::TerminateWorkflowExecutionRequest terminate_request(const workflow_flags& of,
                                                                    const std::string& reason) {
  service::TerminateWorkflowExecutionRequest request;
  set_execution(of, *request.mutable_workflow_execution());
  request.set_reason(reason);
  return request;
}

}  // namespace rondo::tools
