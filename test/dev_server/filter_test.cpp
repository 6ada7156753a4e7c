#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/server/refusal.hpp"
#include "rondo/server/search_attributes.hpp"
#include "rondo/server/time.hpp"
#include "rondo/server/visibility_duration.hpp"
#include "rondo/server/visibility_filter.hpp"

namespace rondo::test {
namespace filter_test {

namespace enums = temporal::api::enums::v1;
using server::hour;
using server::instant;
using server::minute;
using server::second;
using server::visibility_filter;

constexpr instant year_2020 = 1'577'836'800LL * second;

std::optional<enums::IndexedValueType> type_of(std::string_view name) {
  static const std::map<std::string, enums::IndexedValueType, std::less<>> custom{
      {"MyText", enums::INDEXED_VALUE_TYPE_TEXT},         {"MyKw", enums::INDEXED_VALUE_TYPE_KEYWORD},
      {"MyInt", enums::INDEXED_VALUE_TYPE_INT},           {"MyDouble", enums::INDEXED_VALUE_TYPE_DOUBLE},
      {"MyBool", enums::INDEXED_VALUE_TYPE_BOOL},         {"MyDate", enums::INDEXED_VALUE_TYPE_DATETIME},
      {"MyList", enums::INDEXED_VALUE_TYPE_KEYWORD_LIST},
  };
  if (const auto built_in = server::built_in_attribute(name)) return built_in;
  const auto found = custom.find(name);
  if (found == custom.end()) return std::nullopt;
  return found->second;
}

void set(server::state::Run& of, const std::string& name, const std::string& json) {
  auto& payload = (*of.mutable_search_attributes()->mutable_indexed_fields())[name];
  (*payload.mutable_metadata())["encoding"] = "json/plain";
  payload.set_data(json);
}

server::state::Run make_run(const std::string& id, enums::WorkflowExecutionStatus status) {
  server::state::Run made;
  made.set_workflow_id(id);
  made.set_run_id("run of " + id);
  made.set_type("W");
  made.set_task_queue("queue");
  made.set_status(status);
  made.set_start_time(year_2020);
  made.set_execution_time(year_2020);
  made.set_history_length(3);
  made.set_state_transition_count(2);
  made.set_history_size(100);
  return made;
}

/// a: open, with attributes of every type. b: terminated after a minute, a child of a. c: open, without anything.
std::vector<server::state::Run> make_runs() {
  std::vector<server::state::Run> runs;
  runs.push_back(make_run("a", enums::WORKFLOW_EXECUTION_STATUS_RUNNING));
  set(runs[0], "MyText", R"("hello big World, of-things")");
  set(runs[0], "MyKw", R"("Kay")");
  set(runs[0], "MyInt", "5");
  set(runs[0], "MyDouble", "2.5");
  set(runs[0], "MyBool", "true");
  set(runs[0], "MyDate", R"("2024-01-02T03:04:05.123456789Z")");
  set(runs[0], "MyList", R"(["x","y z"])");
  runs.push_back(make_run("b", enums::WORKFLOW_EXECUTION_STATUS_TERMINATED));
  set(runs[1], "MyInt", "7");
  runs[1].set_close_time(year_2020 + minute);
  runs[1].mutable_parent()->set_workflow_id("a");
  runs[1].mutable_parent()->set_run_id("run of a");
  runs[1].set_root_workflow_id("a");
  runs[1].set_root_run_id("run of a");
  runs.push_back(make_run("c", enums::WORKFLOW_EXECUTION_STATUS_RUNNING));
  return runs;
}

/// The ids of the runs that match, or the text of the refusal.
std::string found(const std::string& query) {
  static const std::vector<server::state::Run> runs = make_runs();
  try {
    const visibility_filter filter(query, type_of);
    std::string ids;
    for (const auto& each : runs) {
      if (!filter.matches(each)) continue;
      ids += each.workflow_id();
      const bool open = each.status() == enums::WORKFLOW_EXECUTION_STATUS_RUNNING;
      EXPECT_TRUE(open ? filter.may_match_open() : filter.may_match_closed()) << query;
    }
    return ids;
  } catch (const server::refusal& refused) {
    EXPECT_EQ(refused.status().code, rpc_code::invalid_argument) << query;
    return refused.what();
  }
}

struct example {
  std::string query;
  std::string outcome;
};

void check(const std::vector<example>& examples) {
  for (const auto& [query, outcome] : examples) EXPECT_EQ(found(query), outcome) << query;
}

TEST(visibility_filter, compares_names) {
  check({
      {"", "abc"},
      {"   ", "abc"},
      {"WorkflowId='a'", "a"},
      {"WorkflowId = \"a\"", "a"},
      {"`WorkflowId`='a'", "a"},
      {"WorkflowId='a';", "a"},
      {"WorkflowId='a' -- c", "a"},
      {"WorkflowId='a' /* c */", "a"},
      {"WorkflowId!='a'", "bc"},
      {"WorkflowId <> 'a'", "bc"},
      {"WorkflowId >= 'b'", "bc"},
      {"WorkflowId < 'b'", "a"},
      {"WorkflowId IN ('a', 'c')", "ac"},
      {"WorkflowId NOT IN ('a','b')", "c"},
      {"WorkflowId in ('a', 5)", "a"},
      {"WorkflowId STARTS_WITH 'a'", "a"},
      {"WorkflowId NOT STARTS_WITH 'a'", "bc"},
      {"WorkflowId between 'a' and 'b'", "ab"},
      {"WorkflowId not between 'a' and 'b'", "c"},
      {"WorkflowId is null", ""},
      {"WorkflowId  IS  NOT  NULL", "abc"},
      {"WorkflowId = -5", ""},
      {"WorkflowType='W' and TaskQueue='queue'", "abc"},
      {"RunId='run of b'", "b"},
      {"ParentWorkflowId is null", "ac"},
      {"ParentWorkflowId = 'a' AND ParentRunId = 'run of a'", "b"},
      {"RootWorkflowId='a'", "ab"},
      {"RootRunId='run of c'", "c"},
      {"ScheduleId='a'", ""},
  });
}

TEST(visibility_filter, joins_conditions) {
  check({
      {"NOT WorkflowId='a'", "bc"},
      {"NOT NOT WorkflowId='a'", "a"},
      {"((((WorkflowId='a'))))", "a"},
      {"WorkflowId = 'a' OR WorkflowId='b' AND MyInt=9", "a"},
      {"(WorkflowId = 'a' OR WorkflowId='b') AND MyInt=7", "b"},
      {"WorkflowId = 'a' && MyInt=5", "a"},
      {"WorkflowId='a' || WorkflowId='b'", "ab"},
      {"WorkflowId='a'\tAND\nMyInt=5", "a"},
      {"not WorkflowId='a' and WorkflowId='b'", "b"},
      {"not (WorkflowId='a' or WorkflowId='b')", "c"},
      // What a run does not have is neither equal nor different.
      {"NOT MyInt=7", "a"},
      {"NOT (MyInt=7 OR WorkflowId='a')", ""},
      {"MyInt=7 OR WorkflowId='c'", "bc"},
      {"NOT (MyInt=7 AND WorkflowId='a')", "abc"},
  });
}

TEST(visibility_filter, compares_attributes_of_every_type) {
  check({
      {"MyKw='Kay'", "a"},
      {"MyKw='kay'", ""},
      {"MyKw != 'Kay'", ""},
      {"MyKw > 'A'", "a"},
      {"MyKw=5", ""},
      {"MyKw in (5,'Kay')", "a"},
      {"MyKw is null", "bc"},
      {"MyInt=5", "a"},
      {"MyInt='5'", "a"},
      {"MyInt=+5", "a"},
      {"MyInt=5.0", "a"},
      {"MyInt=5e0", "a"},
      {"MyInt=.5", ""},
      {"MyInt=99999999999999999999", ""},
      {"MyInt<99999999999999999999", "ab"},
      {"MyInt>5", "b"},
      {"MyInt IN (5,7)", "ab"},
      {"MyInt not in (5)", "b"},
      {"MyInt between 5 and 6", "a"},
      {"MyInt='abc'", ""},
      {"MyInt < 'abc'", "ab"},
      {"MyInt > 'abc'", ""},
      {"MyDouble=2.5", "a"},
      {"MyDouble>2", "a"},
      {"MyDouble='2.5'", "a"},
      {"MyDouble between 2 and 3", "a"},
      {"MyDouble = -2", ""},
      {"MyBool=true", "a"},
      {"MyBool=1", "a"},
      {"MyBool=false", ""},
      {"MyBool='true'", ""},
      {"MyBool in (true)", "a"},
      {"MyBool > false", "a"},
      {"MyDate > '2024-01-01T00:00:00Z'", "a"},
      {"MyDate='2024-01-02T03:04:05.123456Z'", "a"},
      {"MyDate='2024-01-02T08:34:05.123456+05:30'", "a"},
      {"MyDate between '2024-01-01T00:00:00Z' and 1904164645123456789", "a"},
      {"MyDate = 5", ""},
  });
}

TEST(visibility_filter, finds_words_and_elements) {
  check({
      {"MyText='big'", "a"},
      {"MyText='BIG'", "a"},
      {"MyText='world'", "a"},
      {"MyText='bi'", ""},
      {"MyText='nothing big'", "a"},
      {"MyText='of-things'", "a"},
      {"MyText='things-of'", ""},
      {"MyText='BIG,WORLD'", "a"},
      {"MyText='hello,world'", ""},
      {"MyText='%'", ""},
      {"MyText != 'big'", "bc"},
      {"MyText is null", "bc"},
      {"MyText is not null", "a"},
      {"MyList='x'", "a"},
      {"MyList='y z'", "a"},
      {"MyList='y'", ""},
      {"MyList != 'x'", "bc"},
      {"MyList IN ('x','q')", "a"},
      {"MyList NOT IN ('x','q')", "bc"},
      {"MyList is null", "bc"},
      {"BuildIds='x'", ""},
  });
}

TEST(visibility_filter, knows_times_status_and_sizes) {
  check({
      {"StartTime = '2020-01-01T00:00:00Z'", "abc"},
      {"StartTime > 0", "abc"},
      {"StartTime > 1577836800000000000", ""},
      {"StartTime >= 1577836800000000000", "abc"},
      {"StartTime > true", "abc"},
      {"StartTime between '2019-01-01T00:00:00Z' and '2099-01-01T00:00:00Z'", "abc"},
      {"ExecutionTime > '2019-01-01T00:00:00+05:30'", "abc"},
      {"CloseTime is null", "ac"},
      {"CloseTime is not null", "b"},
      // Open runs close later than all others.
      {"CloseTime > '2020-01-01T00:00:00Z'", "abc"},
      {"CloseTime < '2099-01-01T00:00:00Z'", "b"},
      {"CloseTime = '2020-01-01T00:01:00Z'", "b"},
      {"ExecutionStatus='Running'", "ac"},
      {"ExecutionStatus=1", "ac"},
      {"ExecutionStatus='WORKFLOW_EXECUTION_STATUS_RUNNING'", "ac"},
      {"ExecutionStatus != 'Running'", "b"},
      {"ExecutionStatus IN ('Running','Terminated')", "abc"},
      {"ExecutionStatus in (1,'TimedOut')", "ac"},
      {"ExecutionStatus NOT IN ('Running')", "b"},
      {"ExecutionStatus='ContinuedAsNew'", ""},
      {"ExecutionStatus='Canceled'", ""},
      {"ExecutionStatus > 'Running'", "b"},
      {"ExecutionStatus between 1 and 2", "ac"},
      {"ExecutionStatus = 99", ""},
      {"ExecutionStatus is null", ""},
      {"ExecutionDuration = '1m'", "b"},
      {"ExecutionDuration = 60000000000", "b"},
      {"ExecutionDuration > '00:00:59'", "b"},
      {"ExecutionDuration < '1d'", "b"},
      {"HistoryLength > 1", "b"},
      {"HistoryLength = '3'", "b"},
      {"HistoryLength STARTS_WITH '3'", "b"},
      {"HistoryLength < 'x'", "b"},
      {"HistorySizeBytes > 99", "b"},
      {"StateTransitionCount = 2", "b"},
  });
}

TEST(visibility_filter, refuses_what_is_no_query) {
  const std::string fault = "invalid query: malformed SQL query: syntax error at position ";
  check({
      {"WorkflowId='a' AND", fault + "46"},
      {"WorkflowId='a' AND (", fault + "48"},
      {"AND", fault + "31 near 'and'"},
      {"invalid query syntax !!!", fault + "41 near 'query'"},
      {"WorkflowId='a", fault + "41 near 'a'"},
      {"WorkflowId==\"a\"", fault + "40"},
      {"WorkflowId IN 'a'", fault + "45 near 'a'"},
      {"WorkflowId IN ()", fault + "44"},
      {"MyInt IN (5", fault + "39"},
      {"MyInt IN (5,)", fault + "41"},
      {"WorkflowId='a' WorkflowId='b'", fault + "53 near 'WorkflowId'"},
      {"(WorkflowId='a'", fault + "43"},
      {"WorkflowId='a')", fault + "43"},
      {"WorkflowId='a' XOR 1", fault + "46 near 'xor'"},
      {"WorkflowId='a'; drop", fault + "48 near 'drop'"},
      {"WorkflowId starts_with 'a' escape '!'", fault + "61 near 'escape'"},
      {"WorkflowId between 'a'", fault + "50"},
      {"MyInt=--5", fault + "37"},
      {"where WorkflowId='a'", fault + "33 near 'where'"},
      {"select 1", fault + "34 near 'select'"},
      {"key='x'", fault + "31 near 'key'"},
      {"in ('a')", fault + "30 near 'in'"},
      {"limit 3", fault + "33 near 'limit'"},
      {"group by", fault + "30"},
      {"#", fault + "29"},
      {"\xC3\xBC='x'", fault + "29 near '\xEF\xBF\xBD'"},
  });
}

TEST(visibility_filter, refuses_what_makes_no_sense) {
  check({
      {"Nope='x'", "invalid query: invalid expression: column name 'Nope' is not a valid search attribute"},
      {"workflowid='a'", "invalid query: invalid expression: column name 'workflowid' is not a valid search attribute"},
      {"WorkflowId.x='a'",
       "invalid query: invalid expression: column name 'WorkflowId.x' is not a valid search attribute"},
      {"status='x'", "invalid query: invalid expression: column name 'status' is not a valid search attribute"},
      {"WorkflowId=a",
       "invalid query: operation is not supported: column name on the right side of comparison expression (did you "
       "forget to quote 'a'?)"},
      {"WorkflowId", "invalid query: invalid expression: incomplete expression"},
      {"WorkflowId='a' AND MyInt", "invalid query: invalid expression: incomplete expression"},
      {"lower(WorkflowId)", "invalid query: operation is not supported: function expression"},
      {"WorkflowId=lower('a')", "invalid query: operation is not supported: nested func"},
      {"WorkflowId LIKE 'c%'", "invalid query: invalid expression: invalid operator 'like' in `WorkflowId like 'c%'`"},
      {"WorkflowId <=> 'a'", "invalid query: invalid expression: invalid operator '<=>' in `WorkflowId <=> 'a'`"},
      {"WorkflowId starts_with 3",
       "invalid query: invalid expression: right-hand side of 'starts_with' must be a literal string (got: 3)"},
      {"WorkflowId is true",
       "invalid query: invalid expression: 'IS' operator can only be used with 'NULL' or 'NOT NULL'"},
      {"CloseTime = 'missing'", "invalid query: invalid expression: unable to parse datetime 'missing'"},
      {"StartTime > '2020-01-01'", "invalid query: invalid expression: unable to parse datetime '2020-01-01'"},
      {"StartTime > 1.5",
       "invalid query: invalid expression: unexpected value type float64 for search attribute StartTime"},
      {"ExecutionStatus='running'", "invalid query: invalid expression: invalid ExecutionStatus value 'running'"},
      {"ExecutionStatus='5'", "invalid query: invalid expression: invalid ExecutionStatus value '5'"},
      {"ExecutionStatus=''", "invalid query: invalid expression: invalid ExecutionStatus value ''"},
      {"ExecutionStatus starts_with 'R'", "invalid query: invalid expression: invalid ExecutionStatus value 'R'"},
      {"ExecutionDuration < 'bogus'",
       "invalid query: invalid value for search attribute ExecutionDuration: bogus (invalid duration)"},
      {"MyText=''",
       "invalid query: invalid expression: unexpected value for Text type search attribute (no tokens found in '')"},
      {"MyText = 5", "invalid query: invalid expression: unexpected value type (expected string, got 5)"},
      {"MyText > 'a'",
       "invalid query: invalid expression: operator '>' not supported for Text type search attribute in `MyText > "
       "'a'`"},
      {"MyText not in ('a')",
       "invalid query: invalid expression: operator 'not in' not supported for Text type search attribute in `MyText "
       "not in ('a')`"},
      {"MyList > 'x'",
       "invalid query: invalid expression: operator '>' not supported for KeywordList type search attribute in "
       "`MyList > 'x'`"},
      {"MyList=5", "invalid query: invalid expression: unexpected value type (expected string, got 5)"},
      {"MyList IN (1,2)", "invalid query: invalid expression: unexpected value type in tuple (expected string, got 1)"},
      {"MyList between 'a' and 'z'",
       "invalid query: invalid expression: cannot do range condition on search attribute 'MyList' of type "
       "KeywordList"},
      {"MyInt=0x5", "invalid expression: unable to parse 0x5"},
      {"ORDER BY StartTime", "invalid query: operation is not supported: 'order by' clause"},
      {"WorkflowId='a' ORDER BY StartTime DESC", "invalid query: operation is not supported: 'order by' clause"},
      {"WorkflowId='a' LIMIT 2", "invalid query: operation is not supported: 'limit' clause"},
      {"GROUP BY WorkflowType",
       "invalid query: operation is not supported: 'group by' clause is only supported for ExecutionStatus search "
       "attribute"},
      {"GROUP BY ExecutionStatus, WorkflowType",
       "invalid query: operation is not supported: 'group by' clause supports only a single field"},
      {"GROUP BY Nope", "invalid query: invalid expression: column name 'Nope' is not a valid search attribute"},
  });
  for (const std::string query : {"'a'=WorkflowId", "1=1", "MyInt+1=6", "~5=5", "WorkflowId=null", "MyInt=(5)",
                                  "MyInt=2+3", "!(WorkflowId='a')", "5", "(true)", "WorkflowId=('a','b')"}) {
    EXPECT_TRUE(found(query).starts_with("invalid query: ")) << query << " " << found(query);
  }
}

TEST(visibility_filter, reads_strings_as_they_were_meant) {
  auto run = make_run("it's", enums::WORKFLOW_EXECUTION_STATUS_RUNNING);
  for (const std::string query : {R"(WorkflowId='it''s')", R"(WorkflowId='it\'s')", R"(WorkflowId="it's")"}) {
    EXPECT_TRUE(visibility_filter(query, type_of).matches(run)) << query;
  }
}

TEST(visibility_filter, hides_divisions_unless_they_are_named) {
  auto run = make_run("schedule", enums::WORKFLOW_EXECUTION_STATUS_RUNNING);
  set(run, "TemporalNamespaceDivision", R"("scheduler")");
  EXPECT_FALSE(visibility_filter("", type_of).matches(run));
  EXPECT_FALSE(visibility_filter("WorkflowId='schedule'", type_of).matches(run));
  EXPECT_TRUE(visibility_filter("TemporalNamespaceDivision='scheduler'", type_of).matches(run));
  EXPECT_TRUE(visibility_filter("TemporalNamespaceDivision is not null", type_of).matches(run));
}

TEST(visibility_filter, tells_which_runs_need_no_look) {
  const auto open_only = [](const std::string& query) {
    const visibility_filter filter(query, type_of);
    return filter.may_match_open() && !filter.may_match_closed();
  };
  const auto closed_only = [](const std::string& query) {
    const visibility_filter filter(query, type_of);
    return !filter.may_match_open() && filter.may_match_closed();
  };
  EXPECT_TRUE(open_only("ExecutionStatus='Running'"));
  EXPECT_TRUE(open_only("WorkflowId='a' and CloseTime is null"));
  EXPECT_TRUE(open_only("ExecutionStatus='Running' or (ExecutionStatus=1 and MyInt=1)"));
  EXPECT_TRUE(open_only("ExecutionStatus in ('Running', 'Paused')"));
  EXPECT_TRUE(closed_only("ExecutionStatus not in ('Running', 'Paused')"));
  EXPECT_TRUE(closed_only("ExecutionStatus in ('Failed', 'TimedOut')"));
  EXPECT_TRUE(closed_only("CloseTime is not null"));
  EXPECT_FALSE(open_only("ExecutionStatus='Running' or WorkflowId='a'"));
  EXPECT_FALSE(closed_only("not ExecutionStatus='Running'"));
  EXPECT_FALSE(closed_only("ExecutionStatus!='Running'"));
}

TEST(visibility_filter, groups_by_status) {
  EXPECT_TRUE(visibility_filter("GROUP BY ExecutionStatus", type_of).grouped());
  EXPECT_TRUE(visibility_filter("WorkflowId='a' group by ExecutionStatus", type_of).grouped());
  EXPECT_FALSE(visibility_filter("WorkflowId='a'", type_of).grouped());
}

TEST(visibility_filter, bounds_depth_and_length) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '(') + "WorkflowId='a'" + std::string(depth, ')');
  };
  EXPECT_EQ(found(nested(200)), "a");
  EXPECT_TRUE(found(nested(201)).starts_with("invalid query: malformed SQL query: max nesting level reached at"));
  std::string negations;
  for (int i = 0; i < 100'000 / 4; ++i) negations += "NOT ";
  EXPECT_TRUE(found(negations + "WorkflowId='a'").starts_with("invalid query: malformed SQL query: max nesting"));
  std::string chain = "WorkflowId='a'";
  while (chain.size() < 100'000) chain += " OR WorkflowId='a'";
  EXPECT_EQ(found(chain), "a");
  EXPECT_EQ(found(std::string(300'000, 'x')), "invalid query: the query is longer than 262144 bytes");
}

TEST(visibility_duration, has_three_forms) {
  using server::parse_duration;
  EXPECT_EQ(parse_duration("1500"), 1500);
  EXPECT_EQ(parse_duration("-5"), -5);
  EXPECT_EQ(parse_duration("0"), 0);
  EXPECT_EQ(parse_duration("1h30m"), 90 * minute);
  EXPECT_EQ(parse_duration("-1.5s"), -1500 * server::millisecond);
  EXPECT_EQ(parse_duration("+2us3ns"), 2003);
  EXPECT_EQ(parse_duration("1d"), 24 * hour);
  EXPECT_EQ(parse_duration("2m3ms"), 2 * minute + 3 * server::millisecond);
  EXPECT_EQ(parse_duration("01:02:03"), hour + 2 * minute + 3 * second);
  for (const std::string_view text : {"", "x", "1x", "1h x", "1:2", "1:60:00", "-1:00:00", "1:2:3:4",
                                      "9999999999999999999h", "99999999999:00:00", "1..5s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

}  // namespace filter_test
}  // namespace rondo::test
