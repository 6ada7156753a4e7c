#pragma once
#include <temporal/api/activity/v1/message.pb.h>
#include <temporal/api/enums/v1/activity.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client/activity_options.hpp"
#include "rondo/client/errors.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/client/activity_changes.hpp"
#include "rondo/detail/client/arguments.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/result.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/failure.hpp"
#include "rondo/serialization_context.hpp"

// Activities that no workflow calls, to and from the wire.
namespace rondo::detail::calls {

using start_activity_request = service::StartActivityExecutionRequest;

inline serialization_context standalone_owner(const session& by, std::string_view activity_id, std::string_view type,
                                              std::string_view task_queue) {
  serialization_context made;
  made.namespace_ = by.namespace_;
  made.activity_id = activity_id;
  made.activity_type = type;
  made.task_queue = task_queue;
  return made;
}

/// A standalone activity that a handle stands for.
class activity_target {
 public:
  activity_target(session_ptr of, std::string id, std::string run)
      : session(std::move(of)), activity_id(std::move(id)), run_id(std::move(run)) {}

  session_ptr session;
  std::string activity_id, run_id;
  /// Empty for a handle made by ids alone.
  std::string type{}, task_queue{};

  /// Whose its values are.
  serialization_context owner() const { return standalone_owner(*session, activity_id, type, task_queue); }

  /// A call about it, whose request has its ids.
  template <class Request>
  service_call<Request> make(std::string_view action) const {
    auto request = new_request<Request>(*session);
    request.set_activity_id(activity_id);
    request.set_run_id(run_id);
    return call_with(*session, std::move(request), std::string(action) + " activity '" + activity_id + "'",
                     "activity:" + activity_id);
  }
};

/// A standalone activity that is about to be started. It gets its id here, which its values may ask for.
class new_activity {
 public:
  new_activity(const session& by, std::string_view type, const start_activity_options& options)
      : by_(by), type_(type), options_(options) {}
  new_activity(const new_activity&) = delete;
  new_activity& operator=(const new_activity&) = delete;

  std::string_view type() const noexcept { return type_; }
  /// With an id.
  const start_activity_options& options() const {
    if (options_.id.empty()) options_.id = made_id_ = random_uuid();
    return options_;
  }
  /// Whose its values are.
  auto owner() const {
    return [this] { return standalone_owner(by_, options().id, type_, options().task_queue); };
  }

 private:
  const session& by_;
  std::string_view type_;
  mutable start_activity_options options_;
  mutable std::string made_id_;
};

enums::ActivityIdReusePolicy wire_of(activity_reuse_policy policy);

inline enums::ActivityIdConflictPolicy wire_of(activity_conflict_policy policy) {
  return policy == activity_conflict_policy::fail ? enums::ACTIVITY_ID_CONFLICT_POLICY_FAIL
                                                  : enums::ACTIVITY_ID_CONFLICT_POLICY_USE_EXISTING;
}

service_call<start_activity_request> make_start_activity(const session& by, std::string_view type,
                                                         const start_activity_options& options, Payloads input);

asio::awaitable<activity_target> start_activity(session_ptr through, service_call<start_activity_request> what);

template <class Handle>
asio::awaitable<Handle> start_activity_for(session_ptr through, service_call<start_activity_request> what) {
  auto started = co_await start_activity(std::move(through), std::move(what));
  co_return Handle(std::move(started));
}

/// How an activity ended, as soon as it has. The server answers from time to time with nothing.
asio::awaitable<temporal::api::activity::v1::ActivityExecutionOutcome> wait_outcome(activity_target of);

template <class Result>
asio::awaitable<Result> wait_activity(activity_target of) {
  const auto outcome = co_await wait_outcome(of);
  const auto* by = of.session->failures();
  if (outcome.has_failure()) {
    activity_failure::fields fields;
    fields.activity_id = of.activity_id;
    fields.state = retry_state_of(outcome.retry_state());
    const auto cause = engine::exception_of(outcome.failure(), by);
    activity_failure error("activity '" + of.activity_id + "' failed: " + engine::message_of(cause), std::move(fields));
    error.set_cause(cause);
    throw error;
  }
  co_return decode_one<Result>([&of] { return of.owner(); }, outcome.result(),
                               "result of activity '" + of.activity_id + "'");
}

template <class Result>
asio::awaitable<Result> execute_activity(session_ptr through, service_call<start_activity_request> what) {
  auto started = co_await start_activity(std::move(through), std::move(what));
  auto waiting = wait_activity<Result>(std::move(started));
  co_return co_await std::move(waiting);
}

activity_status status_of(enums::ActivityExecutionStatus status);

/// What lists and descriptions have in common.
template <class Info>
void read_activity(const Info& from, activity_summary& to) {
  to.id = from.activity_id();
  to.run_id = from.run_id();
  to.type = from.activity_type().name();
  to.task_queue = from.task_queue();
  to.status = status_of(from.status());
  to.scheduled_time = time_if(from.has_schedule_time(), from.schedule_time());
  to.execution_time = time_if(from.has_execution_time(), from.execution_time());
  to.close_time = time_if(from.has_close_time(), from.close_time());
  to.execution_duration = engine::duration_of(from.execution_duration());
  to.search_attributes = map_of(from.search_attributes().indexed_fields());
}

activity_settings settings_of(const temporal::api::activity::v1::ActivityExecutionInfo& from);

activity_description description_of(const service::DescribeActivityExecutionResponse& response,
                                    const failure_converter* by);

paged_list<activity_summary> list_activities(const session_ptr& through, std::string query,
                                             const list_options& options);

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/standalone.hpp"
#endif
