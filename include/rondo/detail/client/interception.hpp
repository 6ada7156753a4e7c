#pragma once
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/client/interceptor.hpp"
#include "rondo/client/start.hpp"
#include "rondo/detail/client/arguments.hpp"
#include "rondo/detail/client/option_values.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/client/start.hpp"
#include "rondo/detail/engine/option_conversion.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/options.hpp"
#include "rondo/payload.hpp"

// How interceptors reach into requests.
namespace rondo::detail::calls {

/// What interceptors may see and change of a request.
struct request_parts {
  std::string_view name{}, workflow_id{};
  Payloads& arguments;
  temporal::api::common::v1::Header& headers;
};

template <class Request>
request_parts parts_of(Request& from) {
  if constexpr (requires { from.mutable_schedule(); }) {
    auto& action = *from.mutable_schedule()->mutable_action()->mutable_start_workflow();
    return {action.workflow_type().name(), action.workflow_id(), *action.mutable_input(), *action.mutable_header()};
  } else if constexpr (requires { from.mutable_request()->mutable_input(); }) {
    auto& input = *from.mutable_request()->mutable_input();
    return {input.name(), from.workflow_execution().workflow_id(), *input.mutable_args(), *input.mutable_header()};
  } else if constexpr (requires { from.mutable_query(); }) {
    auto& query = *from.mutable_query();
    return {query.query_type(), from.execution().workflow_id(), *query.mutable_query_args(), *query.mutable_header()};
  } else if constexpr (requires { from.workflow_execution(); }) {
    return {from.signal_name(), from.workflow_execution().workflow_id(), *from.mutable_input(), *from.mutable_header()};
  } else if constexpr (requires { from.activity_type(); }) {
    return {from.activity_type().name(), {}, *from.mutable_input(), *from.mutable_header()};
  } else {
    return {from.workflow_type().name(), from.workflow_id(), *from.mutable_input(), *from.mutable_header()};
  }
}

/// What the request says about a new workflow; null when it says nothing of that.
template <class Request>
auto* new_workflow_in(Request& from) {
  if constexpr (requires { from.mutable_schedule(); }) {
    return from.mutable_schedule()->mutable_action()->mutable_start_workflow();
  } else if constexpr (requires { from.workflow_type(), from.workflow_id_reuse_policy(); }) {
    return &from;
  } else {
    return static_cast<Request*>(nullptr);
  }
}

template <class NewWorkflow>
intercepted_start start_of(const NewWorkflow& from) {
  intercepted_start to{.workflow_id = from.workflow_id(),
                       .task_queue = from.task_queue().name(),
                       .execution_timeout = engine::duration_of(from.workflow_execution_timeout()),
                       .run_timeout = engine::duration_of(from.workflow_run_timeout()),
                       .task_timeout = engine::duration_of(from.workflow_task_timeout()),
                       .reuse = engine::policy_of(from.workflow_id_reuse_policy()),
                       .cron_schedule = from.cron_schedule()};
  if (from.has_retry_policy()) to.retry = engine::retry_policy_of(from.retry_policy());
  engine::read_payload_map(from.memo().fields(), to.memo);
  engine::read_payload_map(from.search_attributes().indexed_fields(), to.search_attributes);
  if constexpr (requires { from.workflow_id_conflict_policy(); }) {
    to.conflict = engine::policy_of(from.workflow_id_conflict_policy());
    to.start_delay = engine::duration_of(from.workflow_start_delay());
  }
  return to;
}

/// A coefficient that nobody changed is not checked: 0 on the wire is what the server makes its default of.
inline void write_retry(const call_subject& subject, const std::optional<owned_retry_policy>& before,
                        const owned_retry_policy& from, temporal::api::common::v1::RetryPolicy& to) {
  const std::vector<std::string_view> types(from.non_retryable_error_types.begin(),
                                            from.non_retryable_error_types.end());
  retry_policy checked{.initial_interval = from.initial_interval,
                       .backoff_coefficient = from.backoff_coefficient,
                       .maximum_interval = from.maximum_interval,
                       .maximum_attempts = from.maximum_attempts,
                       .non_retryable_error_types = types};
  if (before && before->backoff_coefficient == from.backoff_coefficient) checked.backoff_coefficient = 1;
  to.Clear();
  set_retry(subject, checked, to);
  to.set_backoff_coefficient(from.backoff_coefficient);
}

/// Writes what differs from `before`. Throws invalid_argument for what start_workflow_options must not say either.
template <class NewWorkflow>
void write_start(const call_subject& subject, const intercepted_start& before, const intercepted_start& from,
                 NewWorkflow& to) {
  if (from.workflow_id != before.workflow_id) {
    if (from.workflow_id.empty()) refuse(subject, "an interceptor has left the workflow without an id");
    to.set_workflow_id(from.workflow_id);
  }
  if (from.task_queue != before.task_queue) {
    if (from.task_queue.empty()) refuse(subject, "an interceptor has left the workflow without a task queue");
    to.mutable_task_queue()->set_name(from.task_queue);
  }
  if (from.execution_timeout != before.execution_timeout) {
    to.clear_workflow_execution_timeout();
    set_duration(subject, "execution_timeout", from.execution_timeout,
                 [&] { return to.mutable_workflow_execution_timeout(); });
  }
  if (from.run_timeout != before.run_timeout) {
    to.clear_workflow_run_timeout();
    set_duration(subject, "run_timeout", from.run_timeout, [&] { return to.mutable_workflow_run_timeout(); });
  }
  if (from.task_timeout != before.task_timeout) {
    to.clear_workflow_task_timeout();
    set_duration(subject, "task_timeout", from.task_timeout, [&] { return to.mutable_workflow_task_timeout(); });
  }
  if (from.reuse != before.reuse) {
    to.clear_workflow_id_reuse_policy();
    if (from.reuse) to.set_workflow_id_reuse_policy(wire_of(*from.reuse));
  }
  if (from.retry != before.retry) {
    if (from.retry) write_retry(subject, before.retry, *from.retry, *to.mutable_retry_policy());
    if (!from.retry) to.clear_retry_policy();
  }
  if (from.cron_schedule != before.cron_schedule) to.set_cron_schedule(from.cron_schedule);
  if (from.memo != before.memo) {
    to.clear_memo();
    engine::write_payload_map(from.memo, *to.mutable_memo()->mutable_fields());
  }
  if (from.search_attributes != before.search_attributes) {
    to.clear_search_attributes();
    engine::write_payload_map(from.search_attributes, *to.mutable_search_attributes()->mutable_indexed_fields());
  }
  if constexpr (requires { to.clear_workflow_id_conflict_policy(); }) {
    if (from.conflict != before.conflict) {
      to.clear_workflow_id_conflict_policy();
      if (from.conflict) to.set_workflow_id_conflict_policy(wire_of(*from.conflict));
      set_on_conflict(to);
    }
    if (from.start_delay != before.start_delay) {
      to.clear_workflow_start_delay();
      set_duration(subject, "start_delay", from.start_delay, [&] { return to.mutable_workflow_start_delay(); });
    }
  }
}

/// The workflow of a start has another id: texts and the place where it goes say so.
inline void rename_subject(call_facts& of, const std::string& before, const std::string& after) {
  if (of.subject.workflow_id != before || before == after) return;
  of.subject.workflow_id = after;
  of.resource_id = "workflow:" + after;
  const std::string quoted = "'" + before + "'";
  const auto found = of.subject.action.rfind(quoted);
  if (found != std::string::npos) of.subject.action.replace(found, quoted.size(), "'" + after + "'");
}

/// The options of a request beside its arguments and headers, for as long as the interceptors look at them.
template <class Request>
class seen_options {
 public:
  seen_options(service_call<Request>& of, client_call& in) : of_(of) {
    in.request = &of.request;
    if constexpr (has_start) {
      start_ = before_ = start_of(*new_workflow_in(of.request));
      in.start = &start_;
    }
    if constexpr (has_update) {
      update_id_ = update_id_before_ = of.request.request().meta().update_id();
      wait_for_ = wait_for_before_ = stage_of(of.request.wait_policy().lifecycle_stage());
      in.update_id = &update_id_;
      in.wait_for = &wait_for_;
    }
    if constexpr (has_query) {
      reject_ = reject_before_ = condition_of(of.request.query_reject_condition());
      in.reject = &reject_;
    }
  }
  /// Writes what was changed, and nothing else: interceptors may have changed the request itself.
  void write() {
    if constexpr (has_start) {
      auto& started = *new_workflow_in(of_.request);
      write_start(of_.subject, before_, start_, started);
      rename_subject(of_, before_.workflow_id, started.workflow_id());
    }
    if constexpr (has_update) {
      auto& meta = *of_.request.mutable_request()->mutable_meta();
      if (update_id_ != update_id_before_) meta.set_update_id(update_id_);
      if (meta.update_id().empty()) refuse(of_.subject, "an interceptor has left the update without an id");
      if (wait_for_ != wait_for_before_) of_.request.mutable_wait_policy()->set_lifecycle_stage(wire_of(wait_for_));
    }
    if constexpr (has_query) {
      if (reject_ != reject_before_) of_.request.set_query_reject_condition(wire_of(reject_));
    }
  }

 private:
  static constexpr bool has_update = std::is_same_v<Request, service::UpdateWorkflowExecutionRequest>;
  static constexpr bool has_query = std::is_same_v<Request, service::QueryWorkflowRequest>;
  static constexpr bool has_start = requires(Request& from) { new_workflow_in(from)->workflow_id_reuse_policy(); };

  service_call<Request>& of_;
  intercepted_start start_, before_;
  std::string update_id_, update_id_before_;
  update_stage wait_for_{}, wait_for_before_{};
  query_reject_condition reject_{}, reject_before_{};
};

/// The call as the interceptors of its client leave it.
template <class Request>
service_call<Request> intercepted(const session& by, service_call<Request> what) {
  what.seen = true;
  const auto& all = by.connection->options().interceptors;
  if (all.empty()) return what;
  const auto parts = parts_of(what.request);
  what.name = parts.name;
  const std::string workflow_id(parts.workflow_id);
  payload_list arguments = engine::list_of(parts.arguments);
  payload_map headers;
  engine::read_payload_map(parts.headers.fields(), headers);
  client_call call{.method = what.method_name(),
                   .name = what.name,
                   .workflow_id = workflow_id,
                   .arguments = arguments,
                   .headers = headers};
  payload_list of_signal;
  std::string signal_name;
  if constexpr (requires { what.request.mutable_signal_input(); }) {
    of_signal = engine::list_of(what.request.signal_input());
    signal_name = what.request.signal_name();
    call.signal_name = signal_name;
    call.signal_arguments = &of_signal;
  }
  seen_options<Request> options(what, call);
  for (const auto& each : all) each->outbound(call);
  if constexpr (requires { what.request.mutable_signal_input(); }) {
    what.request.clear_signal_input();
    if (!of_signal.empty()) engine::write_payloads(of_signal, *what.request.mutable_signal_input());
  }
  options.write();
  // Looked up again: an interceptor may have replaced what they were.
  const auto left = parts_of(what.request);
  left.arguments.Clear();
  engine::write_payloads(arguments, left.arguments);
  left.headers.Clear();
  engine::write_payload_map(headers, *left.headers.mutable_fields());
  return what;
}

}  // namespace rondo::detail::calls
