#include "rondo/describe.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "rondo/registry.hpp"
#include "rondo/workflow.hpp"

namespace describe_test {

enum class color { red, blue };
enum class level : std::uint8_t {};

struct line {
  std::string sku{};
  int quantity = 0;
};
struct order {
  std::string id{};
  std::optional<std::string> note{};
  std::vector<line> lines{};
  std::unique_ptr<line> gift{};
};
struct tree {
  std::vector<tree> branches{};
};
struct folder : std::map<std::string, folder> {};
class account {
 private:
  std::string id_;
  std::int64_t cents_ = 0;

 public:
  static constexpr auto json_fields = rondo::json::fields(&account::id_, "Id", &account::cents_, "Cents");
};
struct renamed {
  int cents = 0;
};
struct money {
  int cents = 0;
};
struct blob {
  std::string data{};
};
struct nothing {};

namespace other {
struct line {
  bool straight = false;
};
template <class T>
struct page {
  T content{};
};
}  // namespace other

/// The schema of the type as the argument of an activity.
template <class T>
void takes(T /*value*/) {}
template <class T>
rondo::json::raw description_of_activity() {
  return {rondo::describe(rondo::registry{}.activity<takes<T>>("takes"))};
}
struct entry {
  std::vector<rondo::json::raw> arguments{};
};
struct whole {
  std::vector<entry> activities{};
  std::map<std::string, rondo::json::raw> definitions{};
};

/// JSON without the white space of lines.
std::string flat(const std::string& json) {
  std::string out;
  bool fresh = false;
  for (const char c : json) {
    if (c == '\n') {
      fresh = true;
    } else if (c != ' ' || !fresh) {
      if (fresh && c != ']' && c != '}' && out.ends_with(',')) out += ' ';
      fresh = false;
      out += c;
    }
  }
  return out;
}

}  // namespace describe_test

template <>
inline constexpr auto rondo::json::names<describe_test::whole> = rondo::json::renamed({{"definitions", "$defs"}});
template <>
inline constexpr auto rondo::json::names<describe_test::renamed> = rondo::json::renamed({{"cents", "totalCents"}});
template <>
inline constexpr auto rondo::json::names<describe_test::color> = rondo::json::enumerators<describe_test::color>(
    {{describe_test::color::red, "red"}, {describe_test::color::blue, "deep \"blue\""}});
template <>
struct rondo::json::codec<describe_test::money> {
  static void write(writer& out, const describe_test::money& value) { out.write(value.cents); }
  static describe_test::money read(reader& in) { return {in.read<int>()}; }
};
template <>
struct rondo::payload_codec<describe_test::blob> {
  static void encode(payload_sink& sink, const describe_test::blob& value) { sink.add("binary/blob") = value.data; }
  static describe_test::blob decode(const payload_view& from) { return {std::string(from.data())}; }
};

namespace describe_test {

template <class T>
std::string schema_of() {
  const auto read = rondo::json::parse<whole>(description_of_activity<T>().text);
  return flat(read.activities.at(0).arguments.at(0).text);
}
/// The definitions that a type needs, each with its key.
template <class T>
std::map<std::string, std::string> definitions_of() {
  std::map<std::string, std::string> made;
  for (const auto& [key, schema] : rondo::json::parse<whole>(description_of_activity<T>().text).definitions) {
    made[key] = flat(schema.text);
  }
  return made;
}

const std::string int32 = R"({"type": "integer", "format": "int32", "minimum": -2147483648, "maximum": 2147483647})";
const std::string text = R"({"type": "string"})";

TEST(describe, says_how_wide_numbers_are) {
  EXPECT_EQ(schema_of<std::int32_t>(), int32);
  EXPECT_EQ(schema_of<std::uint8_t>(), R"({"type": "integer", "format": "uint8", "minimum": 0, "maximum": 255})");
  EXPECT_EQ(schema_of<std::int8_t>(), R"({"type": "integer", "format": "int8", "minimum": -128, "maximum": 127})");
  EXPECT_EQ(
      schema_of<std::int64_t>(),
      R"({"type": "integer", "format": "int64", "minimum": -9223372036854775808, "maximum": 9223372036854775807})");
  EXPECT_EQ(schema_of<std::uint64_t>(),
            R"({"type": "integer", "format": "uint64", "minimum": 0, "maximum": 18446744073709551615})");
  EXPECT_EQ(schema_of<float>(), R"({"type": "number", "format": "float"})");
  EXPECT_EQ(schema_of<double>(), R"({"type": "number", "format": "double"})");
  EXPECT_EQ(schema_of<long double>(), R"({"type": "number"})");
}

TEST(describe, says_what_simple_types_are) {
  EXPECT_EQ(schema_of<bool>(), R"({"type": "boolean"})");
  EXPECT_EQ(schema_of<std::string>(), text);
  EXPECT_EQ(schema_of<std::monostate>(), R"({"type": "null"})");
  EXPECT_EQ(schema_of<std::nullptr_t>(), R"({"type": "null"})");
  EXPECT_EQ(schema_of<rondo::bytes>(), R"({"type": "string", "contentEncoding": "base64"})");
  EXPECT_EQ((schema_of<std::array<std::byte, 4>>()),
            R"({"type": "string", "contentEncoding": "base64", "x-rondo-size": 4})");
  EXPECT_EQ(schema_of<std::chrono::sys_time<std::chrono::seconds>>(), R"({"type": "string", "format": "date-time"})");
}

TEST(describe, says_what_a_tick_of_a_duration_is) {
  const std::string begin =
      R"({"type": "integer", "format": "int64", "minimum": -9223372036854775808, "maximum": 9223372036854775807)";
  EXPECT_EQ(schema_of<std::chrono::milliseconds>(), begin + R"(, "x-rondo-tick": "1/1000"})");
  EXPECT_EQ(schema_of<std::chrono::hours>(), begin + R"(, "x-rondo-tick": "3600"})");
  EXPECT_EQ(schema_of<std::chrono::duration<double>>(),
            R"({"type": "number", "format": "double", "x-rondo-tick": "1"})");
}

TEST(describe, says_what_containers_hold) {
  const std::string list = R"({"type": "array", "items": )" + text + "}";
  EXPECT_EQ(schema_of<std::vector<std::string>>(), list);
  EXPECT_EQ(schema_of<std::list<std::string>>(), list);
  EXPECT_EQ(schema_of<std::set<std::string>>(), list);
  EXPECT_EQ((schema_of<std::array<std::string, 3>>()),
            R"({"type": "array", "items": {"type": "string"}, "minItems": 3, "maxItems": 3})");
  const std::string pair = R"({"type": "array", "prefixItems": [{"type": "string"}, {"type": "boolean"}], )"
                           R"("items": false, "minItems": 2, "maxItems": 2})";
  EXPECT_EQ((schema_of<std::pair<std::string, bool>>()), pair);
  EXPECT_EQ((schema_of<std::tuple<std::string, bool>>()), pair);
  EXPECT_EQ(schema_of<std::tuple<>>(), R"({"type": "array", "items": false, "minItems": 0, "maxItems": 0})");
}

TEST(describe, says_which_keys_a_map_has) {
  const std::string booleans = R"("additionalProperties": {"type": "boolean"}})";
  EXPECT_EQ((schema_of<std::map<std::string, bool>>()), R"({"type": "object", )" + booleans);
  EXPECT_EQ((schema_of<std::unordered_map<int, bool>>()),
            R"({"type": "object", "propertyNames": {"type": "string", "pattern": "^-?[0-9]+$", "format": "int32"}, )" +
                booleans);
  EXPECT_EQ((schema_of<std::map<level, bool>>()),
            R"({"type": "object", "propertyNames": {"type": "string", "pattern": "^[0-9]+$", "format": "uint8"}, )" +
                booleans);
  EXPECT_EQ((schema_of<std::map<color, bool>>()),
            R"({"type": "object", "propertyNames": {"$ref": "#/$defs/color"}, )" + booleans);
}

TEST(describe, says_what_may_be_null) {
  const std::string maybe = R"({"anyOf": [{"type": "string"}, {"type": "null"}]})";
  EXPECT_EQ(schema_of<std::optional<std::string>>(), maybe);
  EXPECT_EQ(schema_of<std::unique_ptr<std::string>>(), maybe);
  EXPECT_EQ(schema_of<std::optional<blob>>(),
            R"({"anyOf": [{"x-rondo-type": "describe_test::blob", "x-rondo-payload": true}, {"type": "null"}]})");
}

TEST(describe, lists_fields_in_their_order_and_those_that_are_always_there) {
  EXPECT_EQ(schema_of<order>(), R"({"$ref": "#/$defs/order"})");
  const auto all = definitions_of<order>();
  EXPECT_EQ(all.size(), 2U);
  EXPECT_EQ(all.at("order"), R"({"type": "object", "properties": {"id": {"type": "string"}, )"
                             R"("note": {"anyOf": [{"type": "string"}, {"type": "null"}]}, )"
                             R"("lines": {"type": "array", "items": {"$ref": "#/$defs/line"}}, )"
                             R"("gift": {"anyOf": [{"$ref": "#/$defs/line"}, {"type": "null"}]}}, )"
                             R"("required": ["id", "lines"]})");
  EXPECT_EQ(all.at("line"), R"({"type": "object", "properties": {"sku": {"type": "string"}, "quantity": )" + int32 +
                                R"(}, "required": ["sku", "quantity"]})");
}

TEST(describe, uses_the_names_on_the_wire) {
  EXPECT_EQ(definitions_of<renamed>().at("renamed"),
            R"({"type": "object", "properties": {"totalCents": )" + int32 + R"(}, "required": ["totalCents"]})");
  const std::string of_class = definitions_of<account>().at("account");
  EXPECT_LT(of_class.find(R"("Id": {"type": "string"})"), of_class.find(R"("Cents": {"type": "integer")"));
  EXPECT_EQ(definitions_of<nothing>().at("nothing"), R"({"type": "object", "properties": {}})");
  EXPECT_EQ(definitions_of<color>().at("color"), R"({"type": "string", "enum": ["red", "deep \"blue\""]})");
  EXPECT_EQ(definitions_of<level>().at("level"),
            R"({"type": "integer", "format": "uint8", "minimum": 0, "maximum": 255})");
}

TEST(describe, ends_with_types_that_hold_themselves) {
  EXPECT_EQ(schema_of<folder>(), R"({"$ref": "#/$defs/folder"})");
  EXPECT_EQ(definitions_of<folder>().at("folder"),
            R"({"type": "object", "additionalProperties": {"$ref": "#/$defs/folder"}})");
  EXPECT_EQ(definitions_of<tree>().at("tree"), R"({"type": "object", "properties": {"branches": {"type": "array", )"
                                               R"("items": {"$ref": "#/$defs/tree"}}}, "required": ["branches"]})");
}

// Types that only this file knows are another matter for compilers.
namespace {
struct private_line {
  int length = 0;
};
struct private_page {
  private_line first{};
};
}  // namespace

TEST(describe, knows_types_without_linkage) {
  struct local {
    private_page page{};
  };
  EXPECT_EQ(definitions_of<private_page>().size(), 2U);
  EXPECT_EQ(definitions_of<local>().at("local"),
            R"({"type": "object", "properties": {"page": {"$ref": "#/$defs/private_page"}}, "required": ["page"]})");
}

TEST(describe, says_honestly_what_it_does_not_know) {
  EXPECT_EQ(schema_of<money>(), R"({"x-rondo-type": "describe_test::money"})");
  EXPECT_EQ(schema_of<rondo::json::raw>(), R"({"x-rondo-type": "rondo::json::raw"})");
  EXPECT_EQ(schema_of<blob>(), R"({"x-rondo-type": "describe_test::blob", "x-rondo-payload": true})");
  EXPECT_EQ(schema_of<rondo::payload>(), R"({"x-rondo-type": "rondo::payload", "x-rondo-payload": true})");
}

void draws(line /*one*/, other::line /*another*/, other::page<line> /*page*/, other::page<order> /*page*/,
           tree /*alone*/) {}

TEST(describe, tells_types_of_one_name_apart) {
  const auto read = rondo::json::parse<whole>(rondo::describe(rondo::registry{}.activity<draws>()));
  std::vector<std::string> keys;
  for (const auto& [key, schema] : read.definitions) keys.push_back(key);
  const std::vector<std::string> expected{"describe_test_line",
                                          "describe_test_other_line",
                                          "describe_test_other_page_describe_test_line",
                                          "describe_test_other_page_describe_test_order",
                                          "order",
                                          "tree"};
  EXPECT_EQ(keys, expected);
  EXPECT_EQ(read.activities.at(0).arguments.at(1).text, R"({"$ref": "#/$defs/describe_test_other_line"})");
}

class conversation {
 public:
  rondo::task<std::string> run(std::string /*topic*/, std::optional<int> /*limit*/) { co_return ""; }
  void say(const std::string& /*what*/) {}
  rondo::task<> leave() { co_return; }
  int count() const { return 0; }
  rondo::task<bool> ask(std::string /*what*/) { co_return true; }
  void forget() {}
  void hear(std::string /*name*/, rondo::payload_list /*arguments*/) {}
  static constexpr auto handlers =
      rondo::handlers(rondo::signal<&conversation::say>({.name = "Say", .description = "Says \"it\"\naloud."}),
                      rondo::signal<&conversation::leave>, rondo::dynamic_signal<&conversation::hear>,
                      rondo::query<&conversation::count>, rondo::update<&conversation::ask>("Ask"),
                      rondo::update<&conversation::forget>);
};
rondo::task<> sleeps() { co_return; }
rondo::task<> any_workflow(std::string /*type*/, rondo::payload_list /*arguments*/) { co_return; }
void any_activity(std::string /*type*/, rondo::payload_list /*arguments*/) {}
class shop {
 public:
  const std::string& sell(const std::string& what) { return last_ = what; }

 private:
  std::string last_;
};

TEST(describe, writes_workflows_handlers_and_activities) {
  shop stall;
  const rondo::registry app = rondo::registry{}
                                  .workflow<sleeps>("Sleeps")
                                  .workflow<conversation>()
                                  .dynamic_workflow<any_workflow>()
                                  .activity<&shop::sell>(stall)
                                  .dynamic_activity<any_activity>();
  EXPECT_EQ(rondo::describe(app), R"({
  "rondo": 1,
  "workflows": [
    {"name": "Sleeps", "arguments": [], "result": {"type": "null"}},
    {
      "name": "conversation",
      "arguments": [
        {"type": "string"},
        {
          "anyOf": [
            {"type": "integer", "format": "int32", "minimum": -2147483648, "maximum": 2147483647},
            {"type": "null"}
          ]
        }
      ],
      "result": {"type": "string"},
      "signals": [
        {"name": "Say", "description": "Says \"it\"\naloud.", "arguments": [{"type": "string"}]},
        {"name": "leave", "arguments": []},
        {"dynamic": true}
      ],
      "queries": [
        {
          "name": "count",
          "arguments": [],
          "result": {"type": "integer", "format": "int32", "minimum": -2147483648, "maximum": 2147483647}
        }
      ],
      "updates": [
        {"name": "Ask", "arguments": [{"type": "string"}], "result": {"type": "boolean"}},
        {"name": "forget", "arguments": [], "result": {"type": "null"}}
      ]
    },
    {"dynamic": true}
  ],
  "activities": [
    {"name": "sell", "arguments": [{"type": "string"}], "result": {"type": "string"}},
    {"dynamic": true}
  ],
  "$defs": {}
}
)");
}

TEST(describe, writes_the_same_in_any_order_of_registration) {
  const rondo::registry one = rondo::registry{}.workflow<sleeps>().workflow<conversation>().activity<draws>();
  const rondo::registry two = rondo::registry{}.activity<draws>().workflow<conversation>().workflow<sleeps>();
  EXPECT_EQ(rondo::describe(one), rondo::describe(two));
  EXPECT_EQ(rondo::describe(rondo::registry{}),
            "{\"rondo\": 1, \"workflows\": [], \"activities\": [], \"$defs\": {}}\n");
}

TEST(describe, describes_the_stand_in_of_an_activity_as_the_activity) {
  const rondo::registry real = rondo::registry{}.activity<draws>();
  const rondo::registry stood_in = rondo::registry{}.mock<draws>([](auto&&... /*each*/) {});
  EXPECT_EQ(rondo::describe(real), rondo::describe(stood_in));
}

}  // namespace describe_test
