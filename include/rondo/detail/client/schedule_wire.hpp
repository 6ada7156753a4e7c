#pragma once
#include <temporal/api/schedule/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <string>
#include <vector>

#include "rondo/client/schedule.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/start.hpp"

// Schedules, to and from the wire.
namespace rondo::detail::calls {

namespace schedule_api = temporal::api::schedule::v1;

using range_list = google::protobuf::RepeatedPtrField<schedule_api::Range>;

void write_ranges(const std::vector<schedule_range>& from, range_list& to);
inline void read_ranges(const range_list& from, std::vector<schedule_range>& to) {
  for (const auto& each : from) to.push_back({.start = each.start(), .end = each.end(), .step = each.step()});
}

void write_calendar(const schedule_calendar& from, schedule_api::StructuredCalendarSpec& to);
void read_calendar(const schedule_api::StructuredCalendarSpec& from, schedule_calendar& to);

void write_spec(const call_subject& subject, const schedule_spec& from, schedule_api::ScheduleSpec& to);
void read_spec(const schedule_api::ScheduleSpec& from, schedule_spec& to);

inline temporal::api::enums::v1::ScheduleOverlapPolicy wire_of(schedule_overlap overlap) {
  return static_cast<temporal::api::enums::v1::ScheduleOverlapPolicy>(overlap);
}
static_assert(static_cast<int>(schedule_overlap::skip) == temporal::api::enums::v1::SCHEDULE_OVERLAP_POLICY_SKIP &&
              static_cast<int>(schedule_overlap::allow_all) ==
                  temporal::api::enums::v1::SCHEDULE_OVERLAP_POLICY_ALLOW_ALL);

inline schedule_overlap overlap_of(temporal::api::enums::v1::ScheduleOverlapPolicy overlap) {
  const int number = static_cast<int>(overlap);
  return number > 0 && number <= static_cast<int>(schedule_overlap::allow_all) ? static_cast<schedule_overlap>(number)
                                                                               : schedule_overlap::unspecified;
}

void write_schedule(const call_subject& subject, const schedule& from, schedule_api::Schedule& to);
void read_schedule(const schedule_api::Schedule& from, schedule& to);

void read_results(const google::protobuf::RepeatedPtrField<schedule_api::ScheduleActionResult>& from,
                  std::vector<schedule_action_result>& to);

schedule_description description_of(const std::string& id, const service::DescribeScheduleResponse& from);

schedule_summary summary_of(const schedule_api::ScheduleListEntry& from);

void write_backfill(const call_subject& subject, const schedule_backfill& from, schedule_api::BackfillRequest& to);

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/schedule_wire.hpp"
#endif
