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
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/interception.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/schedule_wire.hpp"
#include "rondo/detail/client/schedules.hpp"
#include "rondo/detail/client/session.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION service_call<service::CreateScheduleRequest> make_create(const session& by, std::string_view id,
                                                                        const schedule& what,
                                                                        const create_schedule_options& options) {
  auto made = schedule_call(by, schedule_request<service::CreateScheduleRequest>(by, std::string(id)), "create");
  auto& request = made.request;
  if (id.empty()) refuse(made.subject, "the id is missing");
  write_schedule(made.subject, what, *request.mutable_schedule());
  if (options.memo.get()) engine::write_payload_map(*options.memo.get(), *request.mutable_memo()->mutable_fields());
  if (options.search_attributes.get()) {
    engine::write_payload_map(*options.search_attributes.get(),
                              *request.mutable_search_attributes()->mutable_indexed_fields());
  }
  if (options.trigger_immediately) {
    request.mutable_initial_patch()->mutable_trigger_immediately()->set_overlap_policy(wire_of(options.overlap));
  }
  if (options.backfill_from.has_value() != options.backfill_to.has_value()) {
    refuse(made.subject, "backfill_from and backfill_to need each other");
  }
  if (options.backfill_from) {
    const schedule_backfill backfill{*options.backfill_from, *options.backfill_to, options.overlap};
    write_backfill(made.subject, backfill, *request.mutable_initial_patch()->add_backfill_request());
  }
  for (const auto& each : options.backfills) {
    write_backfill(made.subject, each, *request.mutable_initial_patch()->add_backfill_request());
  }
  return intercepted(by, std::move(made));
}

RONDO_FUNCTION asio::awaitable<schedule_description> describe_schedule(session_ptr through, std::string id) {
  auto request = schedule_request<service::DescribeScheduleRequest>(*through, id);
  auto what = schedule_call(*through, std::move(request), "describe");
  const auto response = co_await fetch(std::move(through), std::move(what));
  co_return description_of(id, response);
}

RONDO_FUNCTION service_call<service::UpdateScheduleRequest> make_update(
    const session& by, const schedule_description& changed, const service::DescribeScheduleResponse& before) {
  auto made = schedule_call(by, schedule_request<service::UpdateScheduleRequest>(by, changed.id), "update");
  auto& request = made.request;
  write_schedule(made.subject, changed.schedule, *request.mutable_schedule());
  request.set_conflict_token(before.conflict_token());
  if (changed.search_attributes != map_of(before.search_attributes().indexed_fields())) {
    engine::write_payload_map(changed.search_attributes,
                              *request.mutable_search_attributes()->mutable_indexed_fields());
  }
  if (changed.memo != map_of(before.memo().fields())) {
    engine::write_payload_map(changed.memo, *request.mutable_memo()->mutable_fields());
  }
  return intercepted(by, std::move(made));
}

RONDO_FUNCTION asio::awaitable<service::CreateScheduleResponse> send_create(
    session_ptr through, service_call<service::CreateScheduleRequest>& what) {
  auto reply = co_await try_send<service::CreateScheduleResponse>(std::move(through), what);
  if (reply.status.code == rpc_code::already_exists) {
    throw schedule_already_exists(error_text(what.subject, reply.status, "use another id, or update() the one there"),
                                  reply.status);
  }
  if (!reply.status.ok()) throw_rpc_failure(what.subject, reply.status);
  co_return std::move(reply.response);
}

RONDO_FUNCTION asio::awaitable<void> update_schedule(session_ptr through, std::string id,
                                                     std::function<bool(schedule_description&)> change) {
  constexpr int most_attempts = 10;
  for (int attempt = 1;; ++attempt) {
    auto request = schedule_request<service::DescribeScheduleRequest>(*through, id);
    auto ask = schedule_call(*through, std::move(request), "describe");
    const auto before = co_await fetch(through, std::move(ask));
    schedule_description changed = description_of(id, before);
    if (!change(changed)) co_return;
    auto update = make_update(*through, changed, before);
    auto updating = tell(through, std::move(update));
    try {
      co_return co_await std::move(updating);
    } catch (const rpc_error& error) {
      if (!is_conflict(error.status()) || attempt == most_attempts) throw;
    }
  }
}

RONDO_FUNCTION service_call<service::PatchScheduleRequest> make_pause(const session& by, const std::string& id,
                                                                      std::string_view note, bool paused) {
  auto request = schedule_request<service::PatchScheduleRequest>(by, id);
  const std::string text = note.empty() ? (paused ? "paused by " : "unpaused by ") + by.identity : std::string(note);
  if (paused) {
    request.mutable_patch()->set_pause(text);
  } else {
    request.mutable_patch()->set_unpause(text);
  }
  return schedule_call(by, std::move(request), paused ? "pause" : "unpause");
}

RONDO_FUNCTION service_call<service::PatchScheduleRequest> make_backfill(const session& by, const std::string& id,
                                                                         std::span<const schedule_backfill> moments) {
  auto made = schedule_call(by, schedule_request<service::PatchScheduleRequest>(by, id), "backfill");
  if (moments.empty()) refuse(made.subject, "no moments are given");
  for (const auto& each : moments) {
    write_backfill(made.subject, each, *made.request.mutable_patch()->add_backfill_request());
  }
  return made;
}

RONDO_FUNCTION asio::awaitable<std::vector<server_time>> matching_times(session_ptr through, std::string id,
                                                                        server_time from, server_time to) {
  auto request = schedule_request<service::ListScheduleMatchingTimesRequest>(*through, id);
  write_time(from, *request.mutable_start_time());
  write_time(to, *request.mutable_end_time());
  auto what = schedule_call(*through, std::move(request), "list the matching times of");
  const auto response = co_await fetch(std::move(through), std::move(what));
  std::vector<server_time> times;
  for (const auto& each : response.start_time()) times.push_back(engine::time_of(each));
  co_return times;
}

RONDO_FUNCTION paged_list<schedule_summary> list_schedules(const session_ptr& through, std::string query,
                                                           const list_options& options) {
  auto request = new_request<service::ListSchedulesRequest>(*through);
  request.set_query(std::move(query));
  request.set_maximum_page_size(options.page_size);
  return list_with<schedule_summary>(through, std::move(request), "list schedules", options, [](const auto& response) {
    std::vector<schedule_summary> found;
    for (const auto& each : response.schedules()) found.push_back(summary_of(each));
    return found;
  });
}

RONDO_FUNCTION asio::awaitable<workflow_count> count_schedules(session_ptr through, std::string query) {
  auto request = new_request<service::CountSchedulesRequest>(*through);
  request.set_query(std::move(query));
  auto what = call_with(*through, std::move(request), "count schedules");
  const auto response = co_await fetch(std::move(through), std::move(what));
  co_return count_of(response);
}

}  // namespace rondo::detail::calls
