#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/history/v1/message.pb.h>
#include <temporal/api/taskqueue/v1/message.pb.h>
#include <temporal/api/workflow/v1/message.pb.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>

#include "tools/inputs.hpp"
#include "tools/payload_text.hpp"
#include "tools/proto_json.hpp"

namespace rondo::tools {
namespace payload_test {

namespace common = temporal::api::common::v1;
using google::protobuf::util::JsonStringToMessage;

common::Payload payload(const std::string& encoding, const std::string& data) {
  common::Payload made;
  if (!encoding.empty()) (*made.mutable_metadata())["encoding"] = encoding;
  made.set_data(data);
  return made;
}

std::string error_of(const input_options& options) {
  try {
    make_payloads(options);
  } catch (const command_error& wrong) {
    return wrong.what();
  }
  return "accepted";
}

TEST(proto_json, says_the_same_as_the_histories_of_a_server) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("test/histories")) {
    std::ifstream file(entry.path());
    const std::string text(std::istreambuf_iterator<char>(file), {});
    temporal::api::history::v1::History history, again;
    ASSERT_TRUE(JsonStringToMessage(text, &history).ok()) << entry.path();
    const std::string written = proto_json(payload_style::full).text(history);
    ASSERT_TRUE(JsonStringToMessage(written, &again).ok()) << written;
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(history, again)) << entry.path();
    EXPECT_EQ(written.rfind("{\n  \"events\": [\n    {\n      \"eventId\": \"1\",", 0), 0U) << written.substr(0, 80);
    ++files;
  }
  EXPECT_GT(files, 5);
}

TEST(proto_json, writes_every_kind_of_field) {
  temporal::api::taskqueue::v1::TaskQueueStats stats;
  stats.set_approximate_backlog_count(5000000000);
  stats.mutable_approximate_backlog_age()->set_seconds(3);
  stats.set_tasks_add_rate(0.25F);
  stats.set_rate_limiting_active(true);
  EXPECT_EQ(proto_json(payload_style::full).line(stats),
            R"({"approximateBacklogCount":"5000000000","approximateBacklogAge":"3s","tasksAddRate":0.25,)"
            R"("rateLimitingActive":true})");
  common::Payload bytes = payload("", std::string("\x00\xFF", 2));
  EXPECT_EQ(proto_json(payload_style::shorthand).line(bytes), R"({"data":"AP8="})");
  temporal::api::workflow::v1::WorkflowExecutionInfo info;
  info.mutable_start_time()->set_seconds(-62135596800);
  info.set_status(static_cast<temporal::api::enums::v1::WorkflowExecutionStatus>(99));
  EXPECT_EQ(proto_json(payload_style::full).line(info), R"({"startTime":"0001-01-01T00:00:00Z","status":99})");
}

TEST(proto_json, numbers_without_json_are_words) {
  temporal::api::taskqueue::v1::PollerInfo poller;
  poller.set_rate_per_second(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(proto_json(payload_style::full).line(poller), R"({"ratePerSecond":"NaN"})");
  poller.set_rate_per_second(-std::numeric_limits<double>::infinity());
  EXPECT_EQ(proto_json(payload_style::full).line(poller), R"({"ratePerSecond":"-Infinity"})");
}

TEST(proto_json, payloads_in_shorthand_are_their_json) {
  const proto_json shorthand(payload_style::shorthand);
  EXPECT_EQ(shorthand.line(payload("json/plain", "{ \"z\" : 1 }")), R"({"z":1})");
  EXPECT_EQ(shorthand.line(payload("binary/null", "")), "null");
  EXPECT_EQ(shorthand.line(payload("json/plain", "not json")),
            R"({"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"bm90IGpzb24="})");
  auto typed = payload("json/protobuf", R"({"a":1})");
  (*typed.mutable_metadata())["messageType"] = "x.Y";
  EXPECT_EQ(shorthand.line(typed), R"({"_protobuf_message_type":"x.Y","a":1})");
  typed.set_data("{}");
  EXPECT_EQ(shorthand.line(typed), R"({"_protobuf_message_type":"x.Y"})");
  auto keyword = payload("json/plain", "\"a\"");
  (*keyword.mutable_metadata())["type"] = "Keyword";
  EXPECT_EQ(shorthand.line(keyword),
            R"({"metadata":{"encoding":"anNvbi9wbGFpbg==","type":"S2V5d29yZA=="},"data":"ImEi"})");
}

TEST(proto_json, lists_of_payloads_are_short_as_a_whole_or_not_at_all) {
  common::Payloads list;
  *list.add_payloads() = payload("json/plain", "1");
  *list.add_payloads() = payload("binary/null", "");
  EXPECT_EQ(proto_json(payload_style::shorthand).line(list), "[1,null]");
  EXPECT_EQ(proto_json(payload_style::full).line(list),
            R"({"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"MQ=="},)"
            R"({"metadata":{"encoding":"YmluYXJ5L251bGw="}}]})");
  *list.add_payloads() = payload("binary/plain", "x");
  EXPECT_EQ(proto_json(payload_style::shorthand).line(list),
            R"({"payloads":[1,null,{"metadata":{"encoding":"YmluYXJ5L3BsYWlu"},"data":"eA=="}]})");
  EXPECT_EQ(proto_json(payload_style::shorthand).line(common::Payloads()), "[]");
}

TEST(payload_text, shows_json_and_describes_the_rest) {
  EXPECT_EQ(payload_text(payload("json/plain", "[1, 2]")), "[1,2]");
  EXPECT_EQ(payload_text(payload("binary/null", "")), "null");
  EXPECT_EQ(payload_text(payload("binary/plain", "abc")), "<3 bytes of binary/plain>");
  EXPECT_EQ(payload_text(payload("", "")), "<0 bytes>");
  common::Payloads list;
  EXPECT_EQ(payloads_text(list), "");
  *list.add_payloads() = payload("json/plain", "1");
  EXPECT_EQ(payloads_text(list), "1");
  *list.add_payloads() = payload("json/plain", "\"a\"");
  EXPECT_EQ(payloads_text(list), "[1, \"a\"]");
  common::Memo memo;
  EXPECT_EQ(payload_map_text(memo.fields()), "");
  (*memo.mutable_fields())["b"] = payload("json/plain", "2");
  (*memo.mutable_fields())["a"] = payload("json/plain", "1");
  EXPECT_EQ(payload_map_text(memo.fields()), R"({"a": 1, "b": 2})");
}

TEST(inputs, are_json_unless_the_metadata_say_otherwise) {
  input_options options;
  options.values = {R"({"a":1})", "-5"};
  auto made = make_payloads(options);
  ASSERT_EQ(made.payloads_size(), 2);
  EXPECT_EQ(made.payloads(0).data(), R"({"a":1})");
  EXPECT_EQ(made.payloads(1).metadata().at("encoding"), "json/plain");
  options.metadata = {"encoding=binary/plain", "encoding=json/plain", "lang=c=d"};
  options.values = {"not json", "5"};
  made = make_payloads(options);
  EXPECT_EQ(made.payloads(0).metadata().at("encoding"), "binary/plain");
  EXPECT_EQ(made.payloads(1).metadata().at("encoding"), "json/plain");
  EXPECT_EQ(made.payloads(1).metadata().at("lang"), "c=d");
  EXPECT_EQ(make_payloads({}).payloads_size(), 0);
}

TEST(inputs, come_from_base64_and_files) {
  input_options options;
  options.base64 = true;
  options.values = {"WzFd"};
  EXPECT_EQ(make_payloads(options).payloads(0).data(), "[1]");
  options.values = {"W"};
  EXPECT_EQ(error_of(options), "--input 1 is not base64");

  const std::string path = ::testing::TempDir() + "rondo_input.json";
  std::ofstream(path) << "{\"a\":\n 1}\n";
  input_options of_file;
  of_file.files = {path};
  EXPECT_EQ(make_payloads(of_file).payloads(0).data(), "{\"a\":\n 1}\n");
  std::ofstream(path) << "{\"a\":\n x}\n";
  EXPECT_NE(error_of(of_file).find("is not JSON: expected a value, found 'x' at line 2, column 2"), std::string::npos)
      << error_of(of_file);
  std::filesystem::remove(path);
  EXPECT_NE(error_of(of_file).find("No such file or directory"), std::string::npos);
  of_file.files = {::testing::TempDir()};
  EXPECT_NE(error_of(of_file).find("cannot read"), std::string::npos) << error_of(of_file);
}

TEST(inputs, are_refused_with_the_reason) {
  input_options options;
  options.values = {"1", "{"};
  EXPECT_NE(error_of(options).find("--input 2 is not JSON"), std::string::npos);
  options.files = {"x"};
  EXPECT_EQ(error_of(options), "--input and --input-file cannot be given together");
  input_options metadata;
  metadata.values = {"1"};
  metadata.metadata = {"encoding"};
  EXPECT_EQ(error_of(metadata), "--input-meta: 'encoding' is not KEY=VALUE");
  metadata.metadata = {"a=1", "a=2"};
  EXPECT_EQ(error_of(metadata), "--input-meta: 'a' is given more often than there are inputs");
}

TEST(inputs, pairs_are_json_by_name) {
  common::Memo memo;
  read_json_pairs("--memo", {"a=1", "b={\"c\": \"d=e\"}"}, *memo.mutable_fields());
  EXPECT_EQ(memo.fields().at("b").data(), "{\"c\": \"d=e\"}");
  EXPECT_THROW(read_json_pairs("--memo", {"=1"}, *memo.mutable_fields()), command_error);
  EXPECT_THROW(read_json_pairs("--memo", {"a=text"}, *memo.mutable_fields()), command_error);
}

}  // namespace payload_test
}  // namespace rondo::tools
