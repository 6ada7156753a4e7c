#pragma once
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/deployment/v1/message.pb.h>
#include <temporal/api/enums/v1/workflow.pb.h>
#include <temporal/api/workflow/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <string>
#include <string_view>
#include <utility>

#include "rondo/client/start.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/client/arguments.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/engine/option_conversion.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/priority.hpp"
#include "rondo/versioning_override.hpp"

// Requests that start workflows.
namespace rondo::detail::calls {

using engine::wire_of;

/// Writes a duration unless it is zero, which means unset.
template <class Mutable>
void set_duration(const call_subject& subject, const char* name, duration value, Mutable&& target) {
  if (value < duration::zero()) refuse(subject, std::string(name) + " must not be negative");
  if (value != duration::zero()) engine::write_duration(value, *target());
}

void set_retry(const call_subject& subject, const retry_policy& policy, temporal::api::common::v1::RetryPolicy& to);

void set_priority(const call_subject& subject, const priority& from, temporal::api::common::v1::Priority& to);

inline void set_versioning(const call_subject& subject, const versioning_override& from,
                           temporal::api::workflow::v1::VersioningOverride& to) {
  if (!from.complete()) refuse(subject, "versioning needs deployment_name and build_id");
  engine::write_override(from, to);
}

/// Texts for people, "what" and "more about it"; nothing for empty ones.
template <class Message>
void set_texts(std::string_view summary, std::string_view more, Message& to) {
  if (!summary.empty()) engine::write_json(summary, *to.mutable_user_metadata()->mutable_summary());
  if (!more.empty()) engine::write_json(more, *to.mutable_user_metadata()->mutable_details());
}

/// Fills what starts, signals with start and schedules say about a new workflow.
template <class Message>
void set_new_workflow(const call_subject& subject, const start_workflow_options& from, Message& to) {
  if (from.task_queue.empty()) refuse(subject, "start_workflow_options::task_queue is missing");
  to.mutable_task_queue()->set_name(std::string(from.task_queue));
  to.mutable_task_queue()->set_kind(temporal::api::enums::v1::TASK_QUEUE_KIND_NORMAL);
  if (from.reuse) to.set_workflow_id_reuse_policy(wire_of(*from.reuse));
  set_duration(subject, "execution_timeout", from.execution_timeout,
               [&] { return to.mutable_workflow_execution_timeout(); });
  set_duration(subject, "run_timeout", from.run_timeout, [&] { return to.mutable_workflow_run_timeout(); });
  set_duration(subject, "task_timeout", from.task_timeout, [&] { return to.mutable_workflow_task_timeout(); });
  if (from.retry) set_retry(subject, *from.retry, *to.mutable_retry_policy());
  if (from.memo.get()) engine::write_payload_map(*from.memo.get(), *to.mutable_memo()->mutable_fields());
  if (from.search_attributes.get()) {
    engine::write_payload_map(*from.search_attributes.get(), *to.mutable_search_attributes()->mutable_indexed_fields());
  }
  set_texts(from.summary, from.details, to);
  if (from.headers.get()) engine::write_payload_map(*from.headers.get(), *to.mutable_header()->mutable_fields());
  if (from.priority) set_priority(subject, *from.priority, *to.mutable_priority());
  if (from.versioning.kind != versioning_override::kind_type::none) {
    set_versioning(subject, from.versioning, *to.mutable_versioning_override());
  }
}

/// What a workflow that runs already takes over of the request, if that may find one: its callbacks and links. What the
/// request says of it stays.
template <class Request>
void set_on_conflict(Request& to) {
  if constexpr (requires { to.mutable_on_conflict_options(); }) {
    if (to.workflow_id_conflict_policy() != temporal::api::enums::v1::WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING) {
      return to.clear_on_conflict_options();
    }
    const bool has_callbacks = to.completion_callbacks_size() > 0, has_links = to.links_size() > 0;
    if (to.has_on_conflict_options() || !(has_callbacks || has_links)) return;
    auto& attached = *to.mutable_on_conflict_options();
    attached.set_attach_request_id(true);
    attached.set_attach_completion_callbacks(has_callbacks);
    attached.set_attach_links(has_links);
  }
}

/// Where the end of the workflow is told, and what started it. The conflict policy is there already.
template <class Request>
void set_relations(const session& by, const call_subject& subject, const start_workflow_options& from, Request& to) {
  if constexpr (requires { to.add_completion_callbacks(); }) {
    for (const auto& each : from.completion_callbacks) {
      if (each.url.empty()) refuse(subject, "the url of a completion callback is missing");
      auto& nexus = *to.add_completion_callbacks()->mutable_nexus();
      nexus.set_url(std::string(each.url));
      for (const auto& [name, value] : each.headers) {
        (*nexus.mutable_header())[std::string(name)] = std::string(value);
      }
    }
  } else if (!from.completion_callbacks.empty()) {
    refuse(subject, "a signal with start takes no completion_callbacks");
  }
  for (const auto& each : from.links) {
    auto& event = *to.add_links()->mutable_workflow_event();
    event.set_namespace_(each.namespace_.empty() ? by.namespace_ : std::string(each.namespace_));
    event.set_workflow_id(std::string(each.workflow_id));
    event.set_run_id(std::string(each.run_id));
    event.mutable_event_ref()->set_event_id(each.event_id);
  }
  write_links(by, to);
  set_on_conflict(to);
}

/// Fills what a start and a signal with start have in common.
template <class Request>
void set_start_options(const call_subject& subject, const start_workflow_options& from, Request& to) {
  set_new_workflow(subject, from, to);
  if (from.conflict) to.set_workflow_id_conflict_policy(wire_of(*from.conflict));
  set_duration(subject, "start_delay", from.start_delay, [&] { return to.mutable_workflow_start_delay(); });
  to.set_cron_schedule(std::string(from.cron_schedule));
}

/// A workflow that is about to be started. It gets its id here, which its values may ask for.
class new_workflow {
 public:
  new_workflow(const session& by, const start_workflow_options& options) : by_(by), options_(options) {}
  new_workflow(const new_workflow&) = delete;
  new_workflow& operator=(const new_workflow&) = delete;

  /// With an id.
  const start_workflow_options& options() const {
    if (options_.id.empty()) options_.id = made_id_ = random_uuid();
    return options_;
  }
  /// Whose its values are.
  auto owner() const {
    return [this] { return workflow_owner(by_.namespace_, std::string(options().id))(); };
  }

 private:
  const session& by_;
  mutable start_workflow_options options_;
  mutable std::string made_id_;
};

/// `Request` is that of a start or of a signal with start. Its request id is made here: once for all attempts.
template <class Request>
service_call<Request> make_start(const session& by, std::string_view method, std::string_view type,
                                 const start_workflow_options& options, Payloads input) {
  const std::string id = options.id.empty() ? random_uuid() : std::string(options.id);
  call_subject subject("start workflow '" + id + "'", id, by.namespace_);
  Request request;
  request.set_namespace_(by.namespace_);
  request.set_workflow_id(id);
  request.mutable_workflow_type()->set_name(std::string(type));
  request.set_identity(by.identity);
  request.set_request_id(random_uuid());
  set_start_options(subject, options, request);
  set_relations(by, subject, options, request);
  if (input.payloads_size() > 0) *request.mutable_input() = std::move(input);
  return service_call<Request>(method, std::move(subject), "workflow:" + id, std::move(request));
}

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/start.hpp"
#endif
