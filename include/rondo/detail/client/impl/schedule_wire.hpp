#pragma once
#include <temporal/api/schedule/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <string>
#include <vector>

#include "rondo/client/schedule.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/schedule_wire.hpp"
#include "rondo/detail/client/start.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION void write_ranges(const std::vector<schedule_range>& from, range_list& to) {
  for (const auto& each : from) {
    auto& range = *to.Add();
    range.set_start(each.start);
    range.set_end(each.end);
    range.set_step(each.step);
  }
}

RONDO_FUNCTION void write_calendar(const schedule_calendar& from, schedule_api::StructuredCalendarSpec& to) {
  write_ranges(from.second, *to.mutable_second());
  write_ranges(from.minute, *to.mutable_minute());
  write_ranges(from.hour, *to.mutable_hour());
  write_ranges(from.day_of_month, *to.mutable_day_of_month());
  write_ranges(from.month, *to.mutable_month());
  write_ranges(from.year, *to.mutable_year());
  write_ranges(from.day_of_week, *to.mutable_day_of_week());
  // What the server takes an empty field for is its first value for some of them; these are the defaults promised.
  const auto set_default = [](range_list& field, int first, int last) {
    if (!field.empty()) return;
    field.Add()->set_start(first);
    field.Mutable(0)->set_end(last);
  };
  set_default(*to.mutable_second(), 0, 0);
  set_default(*to.mutable_minute(), 0, 0);
  set_default(*to.mutable_hour(), 0, 0);
  set_default(*to.mutable_day_of_month(), 1, 31);
  set_default(*to.mutable_month(), 1, 12);
  set_default(*to.mutable_day_of_week(), 0, 6);
  to.set_comment(from.comment);
}

RONDO_FUNCTION void read_calendar(const schedule_api::StructuredCalendarSpec& from, schedule_calendar& to) {
  read_ranges(from.second(), to.second);
  read_ranges(from.minute(), to.minute);
  read_ranges(from.hour(), to.hour);
  read_ranges(from.day_of_month(), to.day_of_month);
  read_ranges(from.month(), to.month);
  read_ranges(from.year(), to.year);
  read_ranges(from.day_of_week(), to.day_of_week);
  to.comment = from.comment();
}

RONDO_FUNCTION void write_spec(const call_subject& subject, const schedule_spec& from, schedule_api::ScheduleSpec& to) {
  for (const auto& each : from.calendars) write_calendar(each, *to.add_structured_calendar());
  for (const auto& each : from.intervals) {
    if (each.every <= duration::zero()) refuse(subject, "an interval's every must be positive");
    auto& interval = *to.add_interval();
    engine::write_duration(each.every, *interval.mutable_interval());
    set_duration(subject, "offset", each.offset, [&] { return interval.mutable_phase(); });
  }
  for (const auto& each : from.cron) to.add_cron_string(each);
  for (const auto& each : from.exclusions) write_calendar(each, *to.add_exclude_structured_calendar());
  if (from.start_time) write_time(*from.start_time, *to.mutable_start_time());
  if (from.end_time) write_time(*from.end_time, *to.mutable_end_time());
  set_duration(subject, "jitter", from.jitter, [&] { return to.mutable_jitter(); });
  to.set_timezone_name(from.timezone);
  to.set_timezone_data(from.timezone_data);
}

RONDO_FUNCTION void read_spec(const schedule_api::ScheduleSpec& from, schedule_spec& to) {
  for (const auto& each : from.structured_calendar()) read_calendar(each, to.calendars.emplace_back());
  for (const auto& each : from.interval()) {
    to.intervals.push_back(
        {.every = engine::duration_of(each.interval()), .offset = engine::duration_of(each.phase())});
  }
  for (const auto& each : from.cron_string()) to.cron.push_back(each);
  for (const auto& each : from.exclude_structured_calendar()) read_calendar(each, to.exclusions.emplace_back());
  to.start_time = time_if(from.has_start_time(), from.start_time());
  to.end_time = time_if(from.has_end_time(), from.end_time());
  to.jitter = engine::duration_of(from.jitter());
  to.timezone = from.timezone_name();
  to.timezone_data = from.timezone_data();
}

RONDO_FUNCTION void write_schedule(const call_subject& subject, const schedule& from, schedule_api::Schedule& to) {
  if (from.action.workflow_type().empty()) refuse(subject, "schedule::action is missing");
  write_spec(subject, from.spec, *to.mutable_spec());
  *to.mutable_action()->mutable_start_workflow() = from.action.message();
  auto& policies = *to.mutable_policies();
  policies.set_overlap_policy(wire_of(from.policies.overlap));
  set_duration(subject, "catchup_window", from.policies.catchup_window,
               [&] { return policies.mutable_catchup_window(); });
  policies.set_pause_on_failure(from.policies.pause_on_failure);
  policies.set_keep_original_workflow_id(from.policies.keep_original_workflow_id);
  auto& state = *to.mutable_state();
  state.set_notes(from.state.note);
  state.set_paused(from.state.paused);
  state.set_limited_actions(from.state.remaining_actions.has_value());
  if (from.state.remaining_actions) {
    if (*from.state.remaining_actions < 0) refuse(subject, "remaining_actions must not be negative");
    state.set_remaining_actions(*from.state.remaining_actions);
  }
}

RONDO_FUNCTION void read_schedule(const schedule_api::Schedule& from, schedule& to) {
  read_spec(from.spec(), to.spec);
  to.action = schedule_action(from.action().start_workflow());
  to.policies.overlap = overlap_of(from.policies().overlap_policy());
  to.policies.catchup_window = engine::duration_of(from.policies().catchup_window());
  to.policies.pause_on_failure = from.policies().pause_on_failure();
  to.policies.keep_original_workflow_id = from.policies().keep_original_workflow_id();
  to.state.note = from.state().notes();
  to.state.paused = from.state().paused();
  if (from.state().limited_actions()) to.state.remaining_actions = from.state().remaining_actions();
}

RONDO_FUNCTION void read_results(const google::protobuf::RepeatedPtrField<schedule_api::ScheduleActionResult>& from,
                                 std::vector<schedule_action_result>& to) {
  for (const auto& each : from) {
    auto& result = to.emplace_back();
    result.scheduled_time = time_if(each.has_schedule_time(), each.schedule_time());
    result.actual_time = time_if(each.has_actual_time(), each.actual_time());
    result.workflow.workflow_id = each.start_workflow_result().workflow_id();
    result.workflow.run_id = each.start_workflow_result().run_id();
    result.status = status_of(each.start_workflow_status());
  }
}

RONDO_FUNCTION schedule_description description_of(const std::string& id,
                                                   const service::DescribeScheduleResponse& from) {
  schedule_description to;
  to.id = id;
  read_schedule(from.schedule(), to.schedule);
  to.memo = map_of(from.memo().fields());
  to.search_attributes = map_of(from.search_attributes().indexed_fields());
  const auto& info = from.info();
  to.action_count = info.action_count();
  to.missed_catchup_window = info.missed_catchup_window();
  to.skipped_overlap = info.overlap_skipped();
  to.buffer_dropped = info.buffer_dropped();
  to.buffer_size = info.buffer_size();
  for (const auto& each : info.running_workflows()) {
    to.running_workflows.push_back({.workflow_id = each.workflow_id(), .run_id = each.run_id()});
  }
  read_results(info.recent_actions(), to.recent_actions);
  for (const auto& each : info.future_action_times()) to.next_action_times.push_back(engine::time_of(each));
  to.created_time = time_if(info.has_create_time(), info.create_time());
  to.updated_time = time_if(info.has_update_time(), info.update_time());
  to.conflict_token = from.conflict_token();
  return to;
}

RONDO_FUNCTION schedule_summary summary_of(const schedule_api::ScheduleListEntry& from) {
  schedule_summary to;
  to.id = from.schedule_id();
  to.workflow_type = from.info().workflow_type().name();
  to.note = from.info().notes();
  to.paused = from.info().paused();
  read_spec(from.info().spec(), to.spec);
  read_results(from.info().recent_actions(), to.recent_actions);
  for (const auto& each : from.info().future_action_times()) to.next_action_times.push_back(engine::time_of(each));
  to.memo = map_of(from.memo().fields());
  to.search_attributes = map_of(from.search_attributes().indexed_fields());
  return to;
}

RONDO_FUNCTION void write_backfill(const call_subject& subject, const schedule_backfill& from,
                                   schedule_api::BackfillRequest& to) {
  if (from.to < from.from) refuse(subject, "a backfill ends before it begins");
  write_time(from.from, *to.mutable_start_time());
  write_time(from.to, *to.mutable_end_time());
  to.set_overlap_policy(wire_of(from.overlap));
}

}  // namespace rondo::detail::calls
