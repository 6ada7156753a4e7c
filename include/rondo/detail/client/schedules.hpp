#pragma once
#include <temporal/api/schedule/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/client/errors.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/client/schedule.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/schedule_wire.hpp"
#include "rondo/detail/client/session.hpp"

// What the client asks about schedules.
namespace rondo::detail::calls {

template <class Request>
Request schedule_request(const session& by, const std::string& id) {
  auto request = new_request<Request>(by);
  request.set_schedule_id(id);
  return request;
}
template <class Request>
service_call<Request> schedule_call(const session& by, Request request, std::string_view action) {
  const std::string id = request.schedule_id();
  return call_with(by, std::move(request), std::string(action) + " schedule '" + id + "'", "schedule:" + id);
}

service_call<service::CreateScheduleRequest> make_create(const session& by, std::string_view id, const schedule& what,
                                                         const create_schedule_options& options);

/// Throws schedule_already_exists, too. No interceptor is around it.
asio::awaitable<service::CreateScheduleResponse> send_create(session_ptr through,
                                                             service_call<service::CreateScheduleRequest>& what);

template <class Handle>
asio::awaitable<Handle> create_schedule(session_ptr through, service_call<service::CreateScheduleRequest> what) {
  auto created = has_interceptors(*through)
                     ? surround_answer<service::CreateScheduleResponse>(
                           through, what, what.request, [&through, &what] { return send_create(through, what); })
                     : send_create(through, what);
  co_await std::move(created);
  co_return Handle(std::move(through), what.request.schedule_id());
}

asio::awaitable<schedule_description> describe_schedule(session_ptr through, std::string id);

/// The update that a description that was changed asks for; maps that are as they were stay out of it.
service_call<service::UpdateScheduleRequest> make_update(const session& by, const schedule_description& changed,
                                                         const service::DescribeScheduleResponse& before);

/// Somebody else changed the schedule since it was described.
inline bool is_conflict(const rpc_status& status) {
  return (status.code == rpc_code::failed_precondition || status.code == rpc_code::aborted) &&
         status.message.find("conflict") != status.message.npos;
}

asio::awaitable<void> update_schedule(session_ptr through, std::string id,
                                      std::function<bool(schedule_description&)> change);

inline service_call<service::PatchScheduleRequest> make_trigger(const session& by, const std::string& id,
                                                                schedule_overlap overlap) {
  auto request = schedule_request<service::PatchScheduleRequest>(by, id);
  request.mutable_patch()->mutable_trigger_immediately()->set_overlap_policy(wire_of(overlap));
  return schedule_call(by, std::move(request), "trigger");
}

/// An empty note would pause nothing.
service_call<service::PatchScheduleRequest> make_pause(const session& by, const std::string& id, std::string_view note,
                                                       bool paused);

service_call<service::PatchScheduleRequest> make_backfill(const session& by, const std::string& id,
                                                          std::span<const schedule_backfill> moments);

asio::awaitable<std::vector<server_time>> matching_times(session_ptr through, std::string id, server_time from,
                                                         server_time to);

inline service_call<service::DeleteScheduleRequest> make_delete_schedule(const session& by, const std::string& id) {
  return schedule_call(by, schedule_request<service::DeleteScheduleRequest>(by, id), "delete");
}

paged_list<schedule_summary> list_schedules(const session_ptr& through, std::string query, const list_options& options);

asio::awaitable<workflow_count> count_schedules(session_ptr through, std::string query);

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/schedules.hpp"
#endif
