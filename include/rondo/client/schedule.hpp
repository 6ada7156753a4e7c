#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rondo/client/description.hpp"
#include "rondo/client/schedule_action.hpp"
#include "rondo/options.hpp"
#include "rondo/payload.hpp"

// What a schedule is: when it acts, what it does then, and what it does when actions get in each other's way.
namespace rondo {

/// Values of one field of a calendar: from `start` to `end`, every `step`.
struct schedule_range {
  int start = 0;
  /// Below start: start alone.
  int end = 0;
  /// 0: 1.
  int step = 0;
  friend bool operator==(const schedule_range&, const schedule_range&) = default;
};

/// Moments that have all of this in common.
struct schedule_calendar {
  /// Empty: 0.
  std::vector<schedule_range> second{}, minute{}, hour{};
  /// From 1; empty: every one.
  std::vector<schedule_range> day_of_month{}, month{}, year{};
  /// 0 is Sunday; empty: every one.
  std::vector<schedule_range> day_of_week{};
  /// For people.
  std::string comment{};
  friend bool operator==(const schedule_calendar&, const schedule_calendar&) = default;
};

/// Moments that lie `every` apart: since 1970, moved on by `offset`.
struct schedule_interval {
  duration every{}, offset{};
  friend bool operator==(const schedule_interval&, const schedule_interval&) = default;
};

/// When a schedule acts: at every moment that one of the calendars, intervals or cron strings names and no exclusion
/// does.
struct schedule_spec {
  std::vector<schedule_calendar> calendars{};
  std::vector<schedule_interval> intervals{};
  /// "0 12 * * MON-FRI", "@hourly", "@every 1h/10m"; with "CRON_TZ=Europe/Berlin " in front of it in that time zone.
  /// Servers turn them into calendars: describe() shows those.
  std::vector<std::string> cron{};
  std::vector<schedule_calendar> exclusions{};
  /// No moments before and after these.
  std::optional<server_time> start_time{}, end_time{};
  /// Each action comes later by a random time up to this.
  duration jitter{};
  /// Of calendars and cron strings, a name as in "Europe/Berlin"; empty: UTC.
  std::string timezone{};
  /// A time zone by its definition, the bytes of a TZif file, for servers that do not know the name.
  std::string timezone_data{};
  friend bool operator==(const schedule_spec&, const schedule_spec&) = default;
};

/// What a schedule does when the workflow that it started before still runs.
enum class schedule_overlap : std::uint8_t {
  unspecified,      ///< what the schedule says; in a schedule, skip
  skip,             ///< nothing
  buffer_one,       ///< starts one more when that one has ended, however many moments have passed
  buffer_all,       ///< starts all of them, one after the other
  cancel_other,     ///< asks the running one to end, and starts when it has
  terminate_other,  ///< ends the running one at once, and starts
  allow_all,        ///< starts it beside the running one
};

struct schedule_policies {
  schedule_overlap overlap = schedule_overlap::unspecified;
  /// How late an action may come when the server was down; at least 10 s. Zero: the server's choice, a year.
  duration catchup_window{};
  /// A workflow that fails or times out pauses the schedule.
  bool pause_on_failure = false;
  /// The workflow's id is the one of the action, without the time.
  bool keep_original_workflow_id = false;
  friend bool operator==(const schedule_policies&, const schedule_policies&) = default;
};

struct schedule_state {
  /// For people; pause() and unpause() replace it by their note.
  std::string note{};
  bool paused = false;
  /// How many actions are left; unset: no end.
  std::optional<std::int64_t> remaining_actions{};
  friend bool operator==(const schedule_state&, const schedule_state&) = default;
};

struct schedule {
  schedule_spec spec{};
  schedule_action action{};
  schedule_policies policies{};
  schedule_state state{};
};

/// One action that a schedule has made.
struct schedule_action_result {
  /// The moment that the spec names, and when it happened.
  std::optional<server_time> scheduled_time{}, actual_time{};
  workflow_execution workflow{};
  workflow_status status = workflow_status::unspecified;
};

/// A schedule in full.
struct schedule_description {
  std::string id{};
  /// What update() changes.
  rondo::schedule schedule{};
  payload_map memo{}, search_attributes{};
  std::int64_t action_count = 0;
  /// Actions that did not happen: late by more than the catch-up window, skipped because of an overlap, dropped because
  /// too many waited.
  std::int64_t missed_catchup_window = 0, skipped_overlap = 0, buffer_dropped = 0;
  /// Actions that wait for the running workflow.
  std::int64_t buffer_size = 0;
  std::vector<workflow_execution> running_workflows{};
  /// The last ones, oldest first.
  std::vector<schedule_action_result> recent_actions{};
  std::vector<server_time> next_action_times{};
  std::optional<server_time> created_time{}, updated_time{};
  /// State of the schedule that this tells of; opaque bytes.
  std::string conflict_token{};
};

/// A schedule as lists show it.
struct schedule_summary {
  std::string id{}, workflow_type{}, note{};
  bool paused = false;
  schedule_spec spec{};
  std::vector<schedule_action_result> recent_actions{};
  std::vector<server_time> next_action_times{};
  payload_map memo{}, search_attributes{};
};

/// Moments in the past for which a schedule shall act now.
struct schedule_backfill {
  server_time from{}, to{};
  schedule_overlap overlap = schedule_overlap::unspecified;
};

/// What create() says beside the schedule.
struct create_schedule_options {
  payload_map_view memo{};
  payload_map_view search_attributes{};
  /// Acts once at once.
  bool trigger_immediately = false;
  /// How that action, or the backfill from `backfill_from`, deals with overlaps; unspecified: as the schedule says.
  schedule_overlap overlap = schedule_overlap::unspecified;
  /// Acts at once for all moments from the first time to the second; unset: none.
  std::optional<server_time> backfill_from{}, backfill_to{};
  /// More of these, each with its own way to deal with overlaps. Read before create() returns its call.
  std::span<const schedule_backfill> backfills{};
};

}  // namespace rondo
