#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <stdexcept>
#include <string>

#include "tools/choices.hpp"
#include "tools/duration.hpp"
#include "tools/enum_text.hpp"
#include "tools/json_text.hpp"
#include "tools/table.hpp"
#include "tools/time_text.hpp"

namespace rondo::tools {
namespace text_test {

using namespace std::chrono_literals;

TEST(duration, reads_what_go_writes) {
  EXPECT_EQ(parse_duration("3s"), 3s);
  EXPECT_EQ(parse_duration("1m30s"), 90s);
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("1.5h"), 90min);
  EXPECT_EQ(parse_duration(".5s"), 500ms);
  EXPECT_EQ(parse_duration("+2h45m0.25s"), 2h + 45min + 250ms);
  EXPECT_EQ(parse_duration("1us2ns"), 1002ns);
  EXPECT_EQ(parse_duration("7\xC2\xB5s"), 7us);
  EXPECT_EQ(parse_duration("7\xCE\xBCs"), 7us);
  EXPECT_EQ(parse_duration("2d"), 48h);
  EXPECT_EQ(parse_duration("0"), 0s);
  EXPECT_EQ(parse_duration("0s"), 0s);
}

TEST(duration, says_why_a_text_is_none) {
  const auto why = [](const char* text) {
    try {
      parse_duration(text);
    } catch (const std::invalid_argument& wrong) {
      return std::string(wrong.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(why("5"), "'5' is not a duration: the unit is missing; write it like 500ms, 3s, 1m30s or 24h");
  EXPECT_NE(why("").find("it is empty"), std::string::npos);
  EXPECT_NE(why("-3s").find("it is negative"), std::string::npos);
  EXPECT_NE(why("s").find("a number is missing"), std::string::npos);
  EXPECT_NE(why("+").find("a number is missing"), std::string::npos);
  EXPECT_NE(why(".s").find("a number is missing"), std::string::npos);
  EXPECT_NE(why("3 s").find("the unit is unknown"), std::string::npos);
  EXPECT_NE(why("3y").find("the unit is unknown"), std::string::npos);
  EXPECT_NE(why("1m30").find("the unit is missing"), std::string::npos);
  EXPECT_NE(why("300000000h").find("it is too long"), std::string::npos);
  EXPECT_NE(why("99999999999999999999999999h").find("it is too long"), std::string::npos);
}

TEST(duration, is_written_as_go_does) {
  EXPECT_EQ(duration_text(0s), "0s");
  EXPECT_EQ(duration_text(7ns), "7ns");
  EXPECT_EQ(duration_text(1500ns), "1.5us");
  EXPECT_EQ(duration_text(500ms), "500ms");
  EXPECT_EQ(duration_text(2815219616ns), "2.815219616s");
  EXPECT_EQ(duration_text(90s), "1m30s");
  EXPECT_EQ(duration_text(1h), "1h0m0s");
  EXPECT_EQ(duration_text(-90s), "-1m30s");
  EXPECT_EQ(duration_text(nanoseconds(std::numeric_limits<std::int64_t>::min())), "-2562047h47m16.854775808s");
}

TEST(json_text, names_the_place_of_a_mistake) {
  EXPECT_EQ(place_in("ab\ncd", 4), "line 2, column 2");
  EXPECT_EQ(place_in("", 0), "line 1, column 1");
  EXPECT_EQ(place_in("ab", 99), "line 1, column 3");
  require_json("--input 1", R"({"a": [1, null]})");
  try {
    require_json("--input 2", "{\"a\": 1,\n \"b\" 2}");
    FAIL() << "accepted";
  } catch (const command_error& wrong) {
    EXPECT_EQ(std::string(wrong.what()),
              "--input 2 is not JSON: expected ':', found a number at line 2, column 6; text needs quotes: '\"text\"'");
  }
}

TEST(json_text, is_laid_out_anew) {
  const std::string_view text = R"( {"a" : [1,{ },[ ], "x\" y, [{:"], "b":{"c":null}} )";
  EXPECT_EQ(compact_json(text), R"({"a":[1,{},[],"x\" y, [{:"],"b":{"c":null}})");
  EXPECT_EQ(indented_json(text),
            "{\n  \"a\": [\n    1,\n    {},\n    [],\n    \"x\\\" y, [{:\"\n  ],\n  \"b\": {\n    \"c\": null\n  }\n}");
  EXPECT_EQ(indented_json("5"), "5");
  EXPECT_EQ(compact_json("\"\\\\\""), "\"\\\\\"");
}

TEST(table, aligns_columns_by_characters) {
  table rows({{"Id"}, {"Count", align::right}, {"Note"}});
  rows.add({"gr\xC3\xBC\xC3\x9F", "7", "one"});
  rows.add({"b", "1000000", ""});
  EXPECT_EQ(rows.take_all(), "  Id      Count  Note\n  gr\xC3\xBC\xC3\x9F        7  one\n  b     1000000\n");
}

TEST(table, goes_on_where_it_stopped) {
  table rows({{"A", align::left, 4}, {"B"}});
  rows.add({"123456", "x"});
  EXPECT_EQ(rows.header(), "  A       B\n");
  EXPECT_EQ(rows.take_rows(), "  123456  x\n");
  EXPECT_TRUE(rows.empty());
  rows.add({"1"});
  EXPECT_EQ(rows.take_rows(), "  1\n");
}

TEST(table, lets_no_text_drive_the_terminal) {
  EXPECT_EQ(one_line("a\nb\tc\x1b[31m\x7f"), "a b c [31m ");
  EXPECT_EQ(one_line("\xC2\x9B\xC3\xA4\xFF"), " \xC3\xA4?");
}

TEST(table, shortens_between_characters) {
  EXPECT_EQ(shortened("abc", 3), "abc");
  EXPECT_EQ(shortened("abcd", 3), "ab\xE2\x80\xA6");
  EXPECT_EQ(shortened("\xC3\xA4\xC3\xA4\xC3\xA4", 2), "\xC3\xA4\xE2\x80\xA6");
}

TEST(property_list, leaves_out_what_is_empty) {
  property_list list;
  list.add("Status", "Running");
  list.add("Parent", "");
  list.add_lines("Failure", {"one", "two"});
  EXPECT_EQ(list.text(), "  Status   Running\n  Failure  one\n           two\n");
  EXPECT_TRUE(property_list().empty());
}

TEST(time_text, is_relative_iso_or_raw) {
  google::protobuf::Timestamp time;
  time.set_seconds(1795284281);
  time.set_nanos(5000000);
  const auto now = std::chrono::system_clock::from_time_t(1795284281 + 125);
  EXPECT_EQ(time_writer(time_format::relative, now).text(time), "2 minutes ago");
  EXPECT_EQ(time_writer(time_format::relative, now - 124s).text(time), "now");
  EXPECT_EQ(time_writer(time_format::relative, now).absolute(time), "2026-11-21T18:04:41Z");
  EXPECT_EQ(time_writer(time_format::iso, now).text(time), "2026-11-21T18:04:41Z");
  EXPECT_EQ(time_writer(time_format::raw, now).text(time), "2026-11-21T18:04:41.005Z");
  EXPECT_EQ(time_writer(time_format::iso).text(google::protobuf::Timestamp()), "");
  time.set_seconds(-62135596800);
  EXPECT_EQ(time_writer(time_format::iso).text(time), "");
}

TEST(time_text, relative_times_use_the_largest_unit) {
  EXPECT_EQ(relative_text(0s), "now");
  EXPECT_EQ(relative_text(-1s), "1 second ago");
  EXPECT_EQ(relative_text(-59s), "59 seconds ago");
  EXPECT_EQ(relative_text(-60s), "1 minute ago");
  EXPECT_EQ(relative_text(-2h), "2 hours ago");
  EXPECT_EQ(relative_text(-72h), "3 days ago");
  EXPECT_EQ(relative_text(90min), "in 1 hour");
}

TEST(time_text, durations_become_messages) {
  google::protobuf::Duration value;
  write_duration(90500ms, value);
  EXPECT_EQ(value.seconds(), 90);
  EXPECT_EQ(value.nanos(), 500000000);
  EXPECT_EQ(text_of(value), "1m30.5s");
}

TEST(enum_text, wire_names_become_words) {
  EXPECT_EQ(words_of("EVENT_TYPE_TIMER_FIRED", "EVENT_TYPE_"), "TimerFired");
  EXPECT_EQ(words_of("RUNNING", "EVENT_TYPE_"), "Running");
  EXPECT_EQ(words_of("", "EVENT_TYPE_"), "?");
}

TEST(choices, ignore_case_and_separators) {
  constexpr choice<int> choices[] = {{"not_open", 1}, {"AllowDuplicate", 2}};
  EXPECT_EQ(choose("--x", choices, "NotOpen"), 1);
  EXPECT_EQ(choose("--x", choices, "allow-duplicate"), 2);
  try {
    choose("--x", choices, "open");
    FAIL() << "accepted";
  } catch (const command_error& wrong) {
    EXPECT_EQ(std::string(wrong.what()), "--x: 'open' is none of not_open, AllowDuplicate");
  }
}

}  // namespace text_test
}  // namespace rondo::tools
