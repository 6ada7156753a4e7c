#include "rondo/client/schedules.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client_fixture.hpp"

namespace rondo::test::client_schedule_test {

using namespace client_test;
using namespace std::chrono_literals;
namespace enums = temporal::api::enums::v1;

using create_request = service::CreateScheduleRequest;
using update_request = service::UpdateScheduleRequest;
using patch_request = service::PatchScheduleRequest;
using describe_request = service::DescribeScheduleRequest;
using describe_response = service::DescribeScheduleResponse;

server_time at(std::int64_t seconds) { return server_time(std::chrono::seconds(seconds)); }

class ClientSchedule : public ClientTest {
 protected:
  schedule_client schedules() const { return schedule_client(*client); }
  static schedule daily() {
    const order first{"o", 5};
    schedule made;
    made.spec.cron = {"0 12 * * *"};
    made.action = start_workflow_action<order_workflow>({.id = "daily", .task_queue = "orders"}, first, 1.5);
    return made;
  }
  /// What the server says of daily(), with things in it that a client may not know.
  static describe_response described(const std::string& token) {
    describe_response response;
    auto& action = *response.mutable_schedule()->mutable_action()->mutable_start_workflow();
    action.set_workflow_id("daily");
    action.mutable_workflow_type()->set_name("Foreign");
    action.mutable_task_queue()->set_name("orders");
    auto& argument = *action.mutable_input()->add_payloads();
    (*argument.mutable_metadata())["encoding"] = "binary/encrypted";
    argument.set_data("\x01\x02");
    (*action.mutable_header()->mutable_fields())["trace"].set_data("t");
    response.mutable_schedule()->mutable_state()->set_notes("first");
    auto& calendar = *response.mutable_schedule()->mutable_spec()->add_structured_calendar();
    calendar.add_hour()->set_start(12);
    calendar.set_comment("0 12 * * *");
    (*response.mutable_search_attributes()->mutable_indexed_fields())["Shop"].set_data("\"a\"");
    (*response.mutable_memo()->mutable_fields())["colour"].set_data("\"red\"");
    response.set_conflict_token(token);
    return response;
  }
  template <class Function>
  static std::string refusal(Function function) {
    return message_of<invalid_argument>(function);
  }
};

TEST_F(ClientSchedule, CreatesWhatWasSaid) {
  const auto seen = serve<create_request, service::CreateScheduleResponse>("CreateSchedule");
  schedule what = daily();
  what.spec.calendars = {schedule_calendar{
      .hour = {{.start = 8, .end = 18, .step = 2}}, .day_of_week = {{.start = 1, .end = 5}}, .comment = "office"}};
  what.spec.intervals = {{.every = 1h, .offset = 5min}};
  what.spec.exclusions = {schedule_calendar{.day_of_month = {{.start = 24}}, .month = {{.start = 12}}}};
  what.spec.start_time = at(100);
  what.spec.end_time = at(200) + 5ns;
  what.spec.jitter = 3s;
  what.spec.timezone = "Europe/Berlin";
  what.policies = {.overlap = schedule_overlap::buffer_all,
                   .catchup_window = 1min,
                   .pause_on_failure = true,
                   .keep_original_workflow_id = true};
  what.state = {.note = "a note", .paused = true, .remaining_actions = 7};
  payload_map memo, attributes;
  memo["colour"].data = "\"red\"";
  attributes["Shop"].data = "\"a\"";
  const auto handle = schedules()
                          .create("every-day", what,
                                  {.memo = memo,
                                   .search_attributes = attributes,
                                   .trigger_immediately = true,
                                   .overlap = schedule_overlap::allow_all,
                                   .backfill_from = at(10),
                                   .backfill_to = at(20)})
                          .get();
  EXPECT_EQ(handle.id(), "every-day");
  ASSERT_EQ(seen->size(), 1U);
  const auto& request = seen->front();
  EXPECT_EQ(request.namespace_(), "shop");
  EXPECT_EQ(request.identity(), "tester");
  EXPECT_EQ(request.request_id().size(), 36U);
  EXPECT_EQ(request.schedule_id(), "every-day");
  EXPECT_EQ(header(headers, "temporal-resource-id"), "schedule:every-day");
  EXPECT_EQ(request.memo().fields().at("colour").data(), "\"red\"");
  EXPECT_EQ(request.search_attributes().indexed_fields().at("Shop").data(), "\"a\"");
  const auto& patch = request.initial_patch();
  EXPECT_EQ(patch.trigger_immediately().overlap_policy(), enums::SCHEDULE_OVERLAP_POLICY_ALLOW_ALL);
  ASSERT_EQ(patch.backfill_request_size(), 1);
  EXPECT_EQ(patch.backfill_request(0).start_time().seconds(), 10);
  EXPECT_EQ(patch.backfill_request(0).end_time().seconds(), 20);
  EXPECT_EQ(patch.backfill_request(0).overlap_policy(), enums::SCHEDULE_OVERLAP_POLICY_ALLOW_ALL);

  const auto& spec = request.schedule().spec();
  ASSERT_EQ(spec.structured_calendar_size(), 1);
  const auto& calendar = spec.structured_calendar(0);
  EXPECT_EQ(calendar.second(0).ShortDebugString(), "");
  EXPECT_EQ(calendar.hour(0).ShortDebugString(), "start: 8 end: 18 step: 2");
  EXPECT_EQ(calendar.day_of_month(0).ShortDebugString(), "start: 1 end: 31");
  EXPECT_EQ(calendar.month(0).ShortDebugString(), "start: 1 end: 12");
  EXPECT_EQ(calendar.year_size(), 0);
  EXPECT_EQ(calendar.day_of_week(0).ShortDebugString(), "start: 1 end: 5");
  EXPECT_EQ(calendar.comment(), "office");
  EXPECT_EQ(spec.interval(0).interval().seconds(), 3600);
  EXPECT_EQ(spec.interval(0).phase().seconds(), 300);
  EXPECT_EQ(spec.cron_string(0), "0 12 * * *");
  EXPECT_EQ(spec.exclude_structured_calendar(0).month(0).start(), 12);
  EXPECT_EQ(spec.start_time().seconds(), 100);
  EXPECT_EQ(spec.end_time().nanos(), 5);
  EXPECT_EQ(spec.jitter().seconds(), 3);
  EXPECT_EQ(spec.timezone_name(), "Europe/Berlin");

  const auto& action = request.schedule().action().start_workflow();
  EXPECT_EQ(action.workflow_id(), "daily");
  EXPECT_EQ(action.workflow_type().name(), "order_workflow");
  EXPECT_EQ(action.task_queue().name(), "orders");
  EXPECT_EQ(texts(action.input()), R"({"id":"o","cents":5} 1.5)");
  const auto& policies = request.schedule().policies();
  EXPECT_EQ(policies.overlap_policy(), enums::SCHEDULE_OVERLAP_POLICY_BUFFER_ALL);
  EXPECT_EQ(policies.catchup_window().seconds(), 60);
  EXPECT_TRUE(policies.pause_on_failure());
  EXPECT_TRUE(policies.keep_original_workflow_id());
  const auto& state = request.schedule().state();
  EXPECT_EQ(state.notes(), "a note");
  EXPECT_TRUE(state.paused());
  EXPECT_TRUE(state.limited_actions());
  EXPECT_EQ(state.remaining_actions(), 7);
}

TEST_F(ClientSchedule, WritesAndReadsEveryWayToOverlap) {
  const std::array<std::pair<schedule_overlap, enums::ScheduleOverlapPolicy>, 7> all = {{
      {schedule_overlap::unspecified, enums::SCHEDULE_OVERLAP_POLICY_UNSPECIFIED},
      {schedule_overlap::skip, enums::SCHEDULE_OVERLAP_POLICY_SKIP},
      {schedule_overlap::buffer_one, enums::SCHEDULE_OVERLAP_POLICY_BUFFER_ONE},
      {schedule_overlap::buffer_all, enums::SCHEDULE_OVERLAP_POLICY_BUFFER_ALL},
      {schedule_overlap::cancel_other, enums::SCHEDULE_OVERLAP_POLICY_CANCEL_OTHER},
      {schedule_overlap::terminate_other, enums::SCHEDULE_OVERLAP_POLICY_TERMINATE_OTHER},
      {schedule_overlap::allow_all, enums::SCHEDULE_OVERLAP_POLICY_ALLOW_ALL},
  }};
  enums::ScheduleOverlapPolicy kept{};
  const auto created = serve<create_request, service::CreateScheduleResponse>("CreateSchedule");
  const auto patched = serve<patch_request, service::PatchScheduleResponse>("PatchSchedule");
  serve<describe_request, describe_response>("DescribeSchedule", [&](const describe_request&) {
    describe_response response = described("c1");
    response.mutable_schedule()->mutable_policies()->set_overlap_policy(kept);
    return response;
  });
  schedule what = daily();
  for (const auto& [ours, theirs] : all) {
    what.policies.overlap = ours;
    const auto handle = schedules().create("s", what).get();
    EXPECT_EQ(created->back().schedule().policies().overlap_policy(), theirs);
    handle.trigger(ours).get();
    EXPECT_EQ(patched->back().patch().trigger_immediately().overlap_policy(), theirs);
    kept = theirs;
    EXPECT_EQ(handle.describe().get().schedule.policies.overlap, ours);
  }
}

TEST_F(ClientSchedule, FillsInSeveralRangesWhenItIsCreated) {
  const auto seen = serve<create_request, service::CreateScheduleResponse>("CreateSchedule");
  const schedule what = daily();
  const std::array<schedule_backfill, 2> past = {
      schedule_backfill{.from = at(1), .to = at(2)},
      schedule_backfill{.from = at(3), .to = at(4), .overlap = schedule_overlap::allow_all}};
  (void)schedules().create("s", what, {.backfills = past}).get();
  const auto& patch = seen->front().initial_patch();
  EXPECT_FALSE(patch.has_trigger_immediately());
  ASSERT_EQ(patch.backfill_request_size(), 2);
  EXPECT_EQ(patch.backfill_request(0).start_time().seconds(), 1);
  EXPECT_EQ(patch.backfill_request(0).end_time().seconds(), 2);
  EXPECT_EQ(patch.backfill_request(0).overlap_policy(), enums::SCHEDULE_OVERLAP_POLICY_UNSPECIFIED);
  EXPECT_EQ(patch.backfill_request(1).start_time().seconds(), 3);
  EXPECT_EQ(patch.backfill_request(1).overlap_policy(), enums::SCHEDULE_OVERLAP_POLICY_ALLOW_ALL);

  (void)schedules()
      .create("s", what,
              {.trigger_immediately = true,
               .overlap = schedule_overlap::buffer_all,
               .backfill_from = at(10),
               .backfill_to = at(20),
               .backfills = past})
      .get();
  const auto& all = seen->back().initial_patch();
  EXPECT_EQ(all.trigger_immediately().overlap_policy(), enums::SCHEDULE_OVERLAP_POLICY_BUFFER_ALL);
  ASSERT_EQ(all.backfill_request_size(), 3);
  EXPECT_EQ(all.backfill_request(0).start_time().seconds(), 10);
  EXPECT_EQ(all.backfill_request(0).overlap_policy(), enums::SCHEDULE_OVERLAP_POLICY_BUFFER_ALL);
  EXPECT_EQ(all.backfill_request(2).end_time().seconds(), 4);
  EXPECT_EQ(all.backfill_request(2).overlap_policy(), enums::SCHEDULE_OVERLAP_POLICY_ALLOW_ALL);
}

TEST_F(ClientSchedule, LeavesOutWhatWasNotSaid) {
  const auto seen = serve<create_request, service::CreateScheduleResponse>("CreateSchedule");
  const schedule what = daily();
  (void)schedules().create("s", what).get();
  const auto& request = seen->front();
  EXPECT_FALSE(request.has_initial_patch());
  EXPECT_FALSE(request.has_memo());
  EXPECT_FALSE(request.has_search_attributes());
  EXPECT_FALSE(request.schedule().policies().has_catchup_window());
  EXPECT_FALSE(request.schedule().state().limited_actions());
  EXPECT_FALSE(request.schedule().spec().has_jitter());
}

TEST_F(ClientSchedule, RefusesWhatMakesNoSense) {
  const schedule good = daily();
  schedule bad = daily();
  bad.spec.intervals = {{.every = 0s}};
  EXPECT_EQ(refusal([&] { (void)schedules().create("s", bad); }),
            "create schedule 's': INVALID_ARGUMENT: an interval's every must be positive");
  bad = schedule{};
  EXPECT_EQ(refusal([&] { (void)schedules().create("s", bad); }),
            "create schedule 's': INVALID_ARGUMENT: schedule::action is missing");
  bad = daily();
  bad.state.remaining_actions = -1;
  EXPECT_EQ(refusal([&] { (void)schedules().create("s", bad); }),
            "create schedule 's': INVALID_ARGUMENT: remaining_actions must not be negative");
  EXPECT_EQ(refusal([&] { (void)schedules().create("", good); }),
            "create schedule '': INVALID_ARGUMENT: the id is missing");
  EXPECT_EQ(refusal([&] { (void)schedules().create("s", good, {.backfill_from = at(1)}); }),
            "create schedule 's': INVALID_ARGUMENT: backfill_from and backfill_to need each other");
  const std::array<schedule_backfill, 1> backwards = {schedule_backfill{.from = at(2), .to = at(1)}};
  EXPECT_EQ(refusal([&] { (void)schedules().create("s", good, {.backfills = backwards}); }),
            "create schedule 's': INVALID_ARGUMENT: a backfill ends before it begins");
  EXPECT_EQ(refusal([&] { (void)schedules().get("s").backfill({.from = at(2), .to = at(1)}); }),
            "backfill schedule 's': INVALID_ARGUMENT: a backfill ends before it begins");
  EXPECT_EQ(refusal([&] { (void)schedules().get("s").backfill(std::span<const schedule_backfill>()); }),
            "backfill schedule 's': INVALID_ARGUMENT: no moments are given");
  EXPECT_EQ(refusal([] { (void)start_workflow_action("W", {.task_queue = "q", .start_delay = 1s}); }),
            "schedule of workflow 'W': INVALID_ARGUMENT: a schedule has no start_delay");
  EXPECT_EQ(refusal([] { (void)start_workflow_action("W", {.task_queue = "q", .cron_schedule = "@daily"}); }),
            "schedule of workflow 'W': INVALID_ARGUMENT: a schedule has a spec in place of cron_schedule");
  EXPECT_EQ(refusal([] { (void)start_workflow_action("W", {}); }),
            "schedule of workflow 'W': INVALID_ARGUMENT: start_workflow_options::task_queue is missing");
}

TEST_F(ClientSchedule, SaysThatItExists) {
  refuse("CreateSchedule", rpc_status(rpc_code::already_exists, "schedule \"s\" is already registered"));
  const schedule what = daily();
  EXPECT_EQ(message_of<schedule_already_exists>([&] { (void)schedules().create("s", what).get(); }),
            "create schedule 's': ALREADY_EXISTS: schedule \"s\" is already registered; use another id, or update() "
            "the one there");
  refuse("DescribeSchedule", rpc_status(rpc_code::not_found, "schedule not found"));
  EXPECT_THROW((void)schedules().get("s").describe().get(), not_found);
}

TEST_F(ClientSchedule, Describes) {
  describe_response response = described("c1");
  auto& info = *response.mutable_info();
  info.set_action_count(5);
  info.set_missed_catchup_window(1);
  info.set_overlap_skipped(2);
  info.set_buffer_dropped(3);
  info.set_buffer_size(4);
  info.add_running_workflows()->set_workflow_id("daily-1");
  auto& result = *info.add_recent_actions();
  result.mutable_schedule_time()->set_seconds(50);
  result.mutable_actual_time()->set_seconds(51);
  result.mutable_start_workflow_result()->set_run_id("r");
  result.set_start_workflow_status(enums::WORKFLOW_EXECUTION_STATUS_COMPLETED);
  info.add_future_action_times()->set_seconds(60);
  info.mutable_create_time()->set_seconds(40);
  response.mutable_schedule()->mutable_policies()->set_overlap_policy(enums::SCHEDULE_OVERLAP_POLICY_SKIP);
  response.mutable_schedule()->mutable_state()->set_limited_actions(true);
  response.mutable_schedule()->mutable_state()->set_remaining_actions(2);
  serve<describe_request>("DescribeSchedule", response);
  const auto found = schedules().get("s").describe().get();
  EXPECT_EQ(found.id, "s");
  EXPECT_EQ(found.action_count, 5);
  EXPECT_EQ(found.missed_catchup_window, 1);
  EXPECT_EQ(found.skipped_overlap, 2);
  EXPECT_EQ(found.buffer_dropped, 3);
  EXPECT_EQ(found.buffer_size, 4);
  EXPECT_EQ(found.running_workflows, (std::vector<workflow_execution>{{.workflow_id = "daily-1"}}));
  ASSERT_EQ(found.recent_actions.size(), 1U);
  EXPECT_EQ(found.recent_actions[0].scheduled_time, at(50));
  EXPECT_EQ(found.recent_actions[0].actual_time, at(51));
  EXPECT_EQ(found.recent_actions[0].workflow.run_id, "r");
  EXPECT_EQ(found.recent_actions[0].status, workflow_status::completed);
  EXPECT_EQ(found.next_action_times, std::vector{at(60)});
  EXPECT_EQ(found.created_time, at(40));
  EXPECT_EQ(found.updated_time, std::nullopt);
  EXPECT_EQ(found.schedule.policies.overlap, schedule_overlap::skip);
  EXPECT_EQ(found.schedule.state.remaining_actions, 2);
  EXPECT_EQ(found.schedule.state.note, "first");
  EXPECT_EQ(found.schedule.spec.calendars.at(0).hour, (std::vector<schedule_range>{{.start = 12}}));
  EXPECT_EQ(found.schedule.action.workflow_type(), "Foreign");
  EXPECT_EQ(found.schedule.action.arguments().at(0).data, "\x01\x02");
  EXPECT_EQ(found.memo.at("colour").data, "\"red\"");
  EXPECT_EQ(found.conflict_token, "c1");
}

TEST_F(ClientSchedule, AnUpdateKeepsWhatItDoesNotChange) {
  serve<describe_request>("DescribeSchedule", described("c1"));
  const auto seen = serve<update_request, service::UpdateScheduleResponse>("UpdateSchedule");
  schedules()
      .get("s")
      .update([](schedule_description& what) {
        what.schedule.state.note = "second";
        return true;
      })
      .get();
  const auto& request = seen->front();
  EXPECT_EQ(request.conflict_token(), "c1");
  EXPECT_EQ(request.request_id().size(), 36U);
  EXPECT_EQ(request.schedule().state().notes(), "second");
  EXPECT_FALSE(request.has_search_attributes());
  EXPECT_FALSE(request.has_memo());
  const auto& action = request.schedule().action().start_workflow();
  EXPECT_EQ(action.SerializeAsString(), described("").schedule().action().start_workflow().SerializeAsString());
  EXPECT_EQ(request.schedule().spec().structured_calendar(0).comment(), "0 12 * * *");
}

TEST_F(ClientSchedule, AnUpdateChangesAttributesAndMemo) {
  serve<describe_request>("DescribeSchedule", described("c1"));
  const auto seen = serve<update_request, service::UpdateScheduleResponse>("UpdateSchedule");
  schedules()
      .get("s")
      .update([](schedule_description& what) {
        what.search_attributes.clear();
        what.memo["colour"].data = "\"blue\"";
        what.schedule.action.set_arguments(3, "b");
        what.schedule.action.set_task_queue("others");
        return true;
      })
      .get();
  const auto& request = seen->front();
  EXPECT_TRUE(request.has_search_attributes());
  EXPECT_TRUE(request.search_attributes().indexed_fields().empty());
  EXPECT_EQ(request.memo().fields().at("colour").data(), "\"blue\"");
  EXPECT_EQ(texts(request.schedule().action().start_workflow().input()), "3 \"b\"");
  EXPECT_EQ(request.schedule().action().start_workflow().task_queue().name(), "others");
}

TEST_F(ClientSchedule, AnUpdateBeginsAgainAfterAConflict) {
  int described_times = 0;
  serve<describe_request, describe_response>(
      "DescribeSchedule", [&](const describe_request&) { return described("c" + std::to_string(++described_times)); });
  const auto seen = serve<update_request, service::UpdateScheduleResponse>("UpdateSchedule");
  server->fail(method_path("UpdateSchedule"), rpc_status(rpc_code::failed_precondition, "mismatched conflict token"));
  std::vector<std::string> tokens;
  schedules()
      .get("s")
      .update([&](schedule_description& what) {
        tokens.push_back(what.conflict_token);
        return true;
      })
      .get();
  EXPECT_EQ(tokens, (std::vector<std::string>{"c1", "c2"}));
  ASSERT_EQ(seen->size(), 1U);
  EXPECT_EQ(seen->front().conflict_token(), "c2");
}

TEST_F(ClientSchedule, AnUpdateGivesUpInTheEnd) {
  serve<describe_request>("DescribeSchedule", described("c"));
  refuse("UpdateSchedule", rpc_status(rpc_code::failed_precondition, "mismatched conflict token"));
  const auto handle = schedules().get("s");
  EXPECT_EQ(message_of<rpc_error>([&] { handle.update([](auto&) { return true; }).get(); }),
            "update schedule 's': FAILED_PRECONDITION: mismatched conflict token");
  EXPECT_EQ(calls("UpdateSchedule"), 10U);
  refuse("UpdateSchedule", rpc_status(rpc_code::invalid_argument, "bad spec"));
  EXPECT_THROW(handle.update([](auto&) { return true; }).get(), invalid_argument);
  EXPECT_EQ(calls("UpdateSchedule"), 11U);
  handle.update([](auto&) { return false; }).get();
  EXPECT_EQ(calls("UpdateSchedule"), 11U);
}

TEST_F(ClientSchedule, PatchesIt) {
  const auto seen = serve<patch_request, service::PatchScheduleResponse>("PatchSchedule");
  const auto handle = schedules().get("s");
  handle.trigger(schedule_overlap::terminate_other).get();
  EXPECT_EQ(seen->back().patch().trigger_immediately().overlap_policy(),
            enums::SCHEDULE_OVERLAP_POLICY_TERMINATE_OTHER);
  EXPECT_EQ(seen->back().schedule_id(), "s");
  handle.trigger().get();
  EXPECT_TRUE(seen->back().patch().has_trigger_immediately());
  handle.pause("holiday").get();
  EXPECT_EQ(seen->back().patch().pause(), "holiday");
  handle.pause().get();
  EXPECT_EQ(seen->back().patch().pause(), "paused by tester");
  handle.unpause().get();
  EXPECT_EQ(seen->back().patch().unpause(), "unpaused by tester");
  EXPECT_EQ(seen->back().patch().pause(), "");
  const std::array<schedule_backfill, 2> moments = {
      schedule_backfill{.from = at(1), .to = at(2)},
      schedule_backfill{.from = at(3), .to = at(4), .overlap = schedule_overlap::buffer_one}};
  handle.backfill(moments).get();
  ASSERT_EQ(seen->back().patch().backfill_request_size(), 2);
  EXPECT_EQ(seen->back().patch().backfill_request(1).start_time().seconds(), 3);
  EXPECT_EQ(seen->back().patch().backfill_request(1).overlap_policy(), enums::SCHEDULE_OVERLAP_POLICY_BUFFER_ONE);
}

TEST_F(ClientSchedule, DeletesAndListsTimes) {
  const auto deleted = serve<service::DeleteScheduleRequest, service::DeleteScheduleResponse>("DeleteSchedule");
  schedules().get("s").remove().get();
  EXPECT_EQ(deleted->front().schedule_id(), "s");
  EXPECT_EQ(deleted->front().identity(), "tester");
  service::ListScheduleMatchingTimesResponse times;
  times.add_start_time()->set_seconds(7);
  const auto asked = serve<service::ListScheduleMatchingTimesRequest>("ListScheduleMatchingTimes", times);
  EXPECT_EQ(schedules().get("s").matching_times(at(5), at(9)).get(), std::vector{at(7)});
  EXPECT_EQ(asked->front().start_time().seconds(), 5);
  EXPECT_EQ(asked->front().end_time().seconds(), 9);
}

TEST_F(ClientSchedule, ListsAndCounts) {
  const auto seen = serve<service::ListSchedulesRequest, service::ListSchedulesResponse>(
      "ListSchedules", [](const service::ListSchedulesRequest& request) {
        service::ListSchedulesResponse response;
        auto& entry = *response.add_schedules();
        entry.set_schedule_id(request.next_page_token().empty() ? "a" : "b");
        entry.mutable_info()->mutable_workflow_type()->set_name("W");
        entry.mutable_info()->set_notes("n");
        entry.mutable_info()->set_paused(true);
        entry.mutable_info()->add_future_action_times()->set_seconds(3);
        if (request.next_page_token().empty()) response.set_next_page_token("2");
        return response;
      });
  std::string ids;
  auto list = schedules().list("TemporalSchedulePaused = true", {.page_size = 1});
  for (const auto& each : list) {
    ids += each.id;
    EXPECT_EQ(each.workflow_type, "W");
    EXPECT_EQ(each.note, "n");
    EXPECT_TRUE(each.paused);
    EXPECT_EQ(each.next_action_times, std::vector{at(3)});
  }
  EXPECT_EQ(ids, "ab");
  EXPECT_EQ(seen->back().query(), "TemporalSchedulePaused = true");
  EXPECT_EQ(seen->back().maximum_page_size(), 1);
  service::CountSchedulesResponse count;
  count.set_count(9);
  const auto counted = serve<service::CountSchedulesRequest>("CountSchedules", count);
  EXPECT_EQ(schedules().count("x = 1").get().total, 9);
  EXPECT_EQ(counted->front().query(), "x = 1");
}

}  // namespace rondo::test::client_schedule_test
