#include "rondo/json.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace json = rondo::json;

namespace shop {
enum class kind { plain, gift };
enum class color : std::uint8_t { red, green, blue };
struct item {
  std::string sku{};
  int count = 1;
  friend bool operator==(const item&, const item&) = default;
};
struct order {
  std::string id{};
  int cents = 0;
  double rate = 1.5;
  bool paid = false;
  std::optional<std::string> note{};
  std::vector<item> items{};
  std::map<std::string, int> tags{};
  item main{};
  kind what{};
  std::array<int, 3> codes{};
  std::chrono::milliseconds ttl{5};
  std::shared_ptr<item> extra{};
  std::string namespace_ = "default";
};
struct tree {
  int value = 0;
  std::vector<tree> children{};
  std::unique_ptr<tree> next{};
};
struct renamed {
  std::string id{};
  int cents = 0;
  color paint = color::red;
};
struct unnamed_color {
  std::map<color, int> stock{};
};
class money {
 public:
  money() = delete;
  explicit money(long cents) : cents_(cents) {}
  long cents() const { return cents_; }

 private:
  long cents_;
};
class account {
 public:
  account() = default;
  account(std::string id, int balance) : id_(std::move(id)), balance_(balance) {}
  const std::string& id() const { return id_; }
  int balance() const { return balance_; }

 private:
  std::string id_;
  int balance_ = 7;

 public:
  static constexpr auto json_fields = json::fields(&account::id_, "id", &account::balance_, "balance");
};
struct with_money {
  std::vector<money> prices{};
  std::optional<money> tip{};
  std::map<std::string, money> by_name{};
};
struct defaults {
  item inner{.sku = "outer", .count = 5};
  std::vector<int> list{1, 2};
};
struct empty {};
struct based : item {
  int more = 0;
};
struct many {
  int a0{}, a1{}, a2{}, a3{}, a4{}, a5{}, a6{}, a7{}, a8{}, a9{}, b0{}, b1{}, b2{}, b3{}, b4{}, b5{}, b6{}, b7{}, b8{},
      b9{};
  int c0{}, c1{}, c2{}, c3{}, c4{}, c5{}, c6{}, c7{}, c8{}, c9{}, d0{};
  std::string last{};
};
struct thirty_three {
  many first{};
  int a0{}, a1{}, a2{}, a3{}, a4{}, a5{}, a6{}, a7{}, a8{}, a9{}, b0{}, b1{}, b2{}, b3{}, b4{}, b5{}, b6{}, b7{}, b8{},
      b9{};
  int c0{}, c1{}, c2{}, c3{}, c4{}, c5{}, c6{}, c7{}, c8{}, c9{}, d0{}, d1{};
};
}  // namespace shop

template <>
inline constexpr auto rondo::json::names<shop::renamed> =
    rondo::json::renamed({{"cents", "totalCents"}, {"paint", "color"}});
template <>
inline constexpr auto rondo::json::names<shop::color> =
    rondo::json::enumerators<shop::color>({{shop::color::red, "red"}, {shop::color::green, "GREEN"}});
template <>
struct rondo::json::codec<shop::money> {
  static void write(writer& out, const shop::money& value) { out.write(value.cents()); }
  static shop::money read(reader& in) {
    const auto cents = in.read<long>();
    if (cents < 0) in.fail("negative money");
    return shop::money(cents);
  }
};

namespace {

template <class T>
std::string parse_error(std::string_view text) {
  try {
    (void)json::parse<T>(text);
  } catch (const json::error& failed) {
    return failed.what();
  }
  return "no error";
}

template <class T>
std::string write_error(const T& value) {
  try {
    (void)json::dump(value);
  } catch (const json::error& failed) {
    EXPECT_EQ(failed.offset(), json::error::no_offset);
    return failed.what();
  }
  return "no error";
}

template <class T>
void round_trip(const T& value, std::string_view text) {
  EXPECT_EQ(json::dump(value), text);
  EXPECT_EQ(json::parse<T>(text), value);
}

TEST(json, scalars) {
  round_trip(0, "0");
  round_trip(-17, "-17");
  round_trip(true, "true");
  round_trip(false, "false");
  round_trip(1.5, "1.5");
  round_trip(0.1F, "0.1");
  round_trip(-0.0, "-0");
  round_trip(1e300, "1e+300");
  round_trip(std::numeric_limits<double>::denorm_min(), "5e-324");
  round_trip(std::numeric_limits<std::int64_t>::min(), "-9223372036854775808");
  round_trip(std::numeric_limits<std::uint64_t>::max(), "18446744073709551615");
  round_trip('a', "97");
  round_trip(std::string("x"), "\"x\"");
  round_trip(std::monostate{}, "null");
  round_trip(nullptr, "null");
  round_trip(shop::kind::gift, "1");
  round_trip(std::chrono::milliseconds(1500), "1500");
  EXPECT_EQ(json::dump("literal"), "\"literal\"");
  EXPECT_EQ(json::dump(std::string_view("view")), "\"view\"");
  EXPECT_EQ(json::parse<int>(" \t\r\n12 "), 12);
}

TEST(json, containers) {
  round_trip(std::vector{1, 2}, "[1,2]");
  round_trip(std::vector<int>{}, "[]");
  round_trip(std::vector<bool>{true, false}, "[true,false]");
  round_trip(std::deque<std::string>{"a"}, "[\"a\"]");
  round_trip(std::list<double>{0.5}, "[0.5]");
  round_trip(std::set{3, 1}, "[1,3]");
  round_trip(std::multiset{3, 1, 3}, "[1,3,3]");
  round_trip(std::unordered_set{5, 1, 3}, "[1,3,5]");
  round_trip(std::array{1, 2, 3}, "[1,2,3]");
  round_trip(std::pair{1, std::string("a")}, "[1,\"a\"]");
  round_trip(std::tuple{1, true, std::string("a")}, "[1,true,\"a\"]");
  round_trip(std::tuple<>{}, "[]");
  round_trip(std::map<std::string, int>{{"b", 2}, {"a", 1}}, R"({"a":1,"b":2})");
  round_trip(std::map<int, int>{{-1, 2}, {10, 1}}, R"({"-1":2,"10":1})");
  round_trip(std::map<shop::color, int>{{shop::color::green, 2}}, R"({"GREEN":2})");
  round_trip(std::map<shop::kind, int>{{shop::kind::gift, 2}}, R"({"1":2})");
  round_trip(std::unordered_map<std::string, int>{{"c", 3}, {"b", 2}, {"a", 1}}, R"({"a":1,"b":2,"c":3})");
  round_trip(std::multimap<std::string, int>{{"a", 1}, {"a", 2}}, R"({"a":1,"a":2})");
  round_trip(std::vector{std::byte{1}, std::byte{255}}, "\"Af8=\"");
  round_trip(std::array{std::byte{1}, std::byte{255}}, "\"Af8=\"");
  round_trip(std::optional<int>{}, "null");
  round_trip(std::optional{3}, "3");
  round_trip(std::vector<std::optional<int>>{1, {}}, "[1,null]");
  const std::array numbers{1, 2};
  EXPECT_EQ(json::dump(std::span(numbers)), "[1,2]");
}

TEST(json, pointers) {
  EXPECT_EQ(json::dump(std::make_unique<int>(3)), "3");
  EXPECT_EQ(json::dump(std::shared_ptr<int>()), "null");
  EXPECT_EQ(*json::parse<std::unique_ptr<int>>("3"), 3);
  EXPECT_EQ(*json::parse<std::shared_ptr<const std::string>>("\"a\""), "a");
  EXPECT_EQ(json::parse<std::shared_ptr<int>>("null"), nullptr);
}

TEST(json, aggregates) {
  const shop::order order{.id = "o\"\n\xc3\xa9",
                          .cents = -5,
                          .items = {{"a", 2}, {"b", 3}},
                          .tags = {{"x", 1}},
                          .what = shop::kind::gift,
                          .codes = {1, 2, 3},
                          .extra = std::make_shared<shop::item>(shop::item{"e", 9})};
  const std::string text = json::dump(order);
  EXPECT_EQ(
      text,
      "{\"id\":\"o\\\"\\n\xc3\xa9\",\"cents\":-5,\"rate\":1.5,\"paid\":false,\"items\":[{\"sku\":\"a\",\"count\":2},"
      "{\"sku\":\"b\",\"count\":3}],\"tags\":{\"x\":1},\"main\":{\"sku\":\"\",\"count\":1},\"what\":1,\"codes\":[1,2,3]"
      ","
      "\"ttl\":5,\"extra\":{\"sku\":\"e\",\"count\":9},\"namespace_\":\"default\"}");
  EXPECT_EQ(json::dump(json::parse<shop::order>(text)), text);
  EXPECT_EQ(json::dump(shop::empty{}), "{}");
  EXPECT_EQ(json::dump(json::parse<shop::empty>("{\"a\":1}")), "{}");
  shop::many many;
  many.last = "x";
  EXPECT_EQ(json::parse<shop::many>(json::dump(many)).last, "x");
  struct local {
    int here = 0;
  };
  EXPECT_EQ(json::dump(local{4}), "{\"here\":4}");
}

TEST(json, missing_unknown_and_duplicate_fields) {
  const auto order = json::parse<shop::order>(
      R"( {"unknown":{"a":[1,{"b":"]"}],"c":null,"d":-1.5e3,"e":true,"f":false}, "id":"\u00e9\ud83d\ude00\/\b\f\t\r", "note" : null,
           "items":[ {"count":7} ], "cents":1, "cents":2} )");
  EXPECT_EQ(order.id, "\xc3\xa9\xf0\x9f\x98\x80/\b\f\t\r");
  EXPECT_EQ(order.items, (std::vector<shop::item>{{"", 7}}));
  EXPECT_EQ(order.rate, 1.5);
  EXPECT_EQ(order.namespace_, "default");
  EXPECT_EQ(order.cents, 2);
  EXPECT_FALSE(order.note);
  const auto twice =
      json::parse<shop::order>(R"({"main":{"sku":"a","count":2},"main":{"sku":"b"},"tags":{"x":1},"tags":{}})");
  EXPECT_EQ(twice.main, (shop::item{"b", 1})) << "the second object replaces the first, they are not merged";
  EXPECT_TRUE(twice.tags.empty());
  EXPECT_EQ(json::parse<shop::defaults>("{}").inner.count, 5);
  EXPECT_EQ(json::parse<shop::defaults>(R"({"list":[3]})").list, std::vector{3});
  EXPECT_EQ(json::parse<shop::item>(R"({"\u0073ku":"escaped name"})").sku, "escaped name");
  EXPECT_EQ((json::parse<std::map<std::string, int>>(R"({"a":1,"a":2})").at("a")), 2);
}

TEST(json, recursive_types) {
  shop::tree root{.value = 1};
  root.children.push_back({.value = 2});
  root.next = std::make_unique<shop::tree>();
  const std::string text = R"({"value":1,"children":[{"value":2,"children":[]}],"next":{"value":0,"children":[]}})";
  EXPECT_EQ(json::dump(root), text);
  EXPECT_EQ(json::dump(json::parse<shop::tree>(text)), text);
}

TEST(json, other_names) {
  EXPECT_EQ(json::dump(shop::renamed{"a", 3, shop::color::green}), R"({"id":"a","totalCents":3,"color":"GREEN"})");
  const auto read = json::parse<shop::renamed>(R"({"totalCents":4,"cents":9,"color":"red"})");
  EXPECT_EQ(read.cents, 4);
  EXPECT_EQ(write_error(shop::renamed{"a", 3, shop::color::blue}),
            "rondo::json::names has no name for value 2 of color (renamed.color)");
  EXPECT_EQ(parse_error<shop::renamed>(R"({"color":"blue"})"), "no color is called \"blue\" at byte 9 (renamed.color)");
  EXPECT_EQ(parse_error<shop::renamed>(R"({"color":1})"),
            "expected a string, found a number at byte 9 (renamed.color)");
}

TEST(json, classes_with_json_fields_and_codecs) {
  EXPECT_EQ(json::dump(shop::account("a", 3)), R"({"id":"a","balance":3})");
  EXPECT_EQ(json::parse<shop::account>(R"({"id":"b"})").balance(), 7);
  EXPECT_EQ(json::dump(shop::money(5)), "5");
  shop::with_money priced;
  priced.prices.emplace_back(1);
  priced.tip.emplace(2);
  priced.by_name.emplace("x", 3);
  const std::string text = R"({"prices":[1],"tip":2,"by_name":{"x":3}})";
  EXPECT_EQ(json::dump(priced), text);
  EXPECT_EQ(json::dump(json::parse<shop::with_money>(text)), text);
  EXPECT_EQ(parse_error<shop::with_money>(R"({"prices":[1,-2]})"), "negative money at byte 15 (with_money.prices[1])");
}

TEST(json, raw_passes_through) {
  EXPECT_EQ(json::parse<json::raw>(" {\"a\": [1, 2]} ").text, "{\"a\": [1, 2]}");
  EXPECT_EQ(json::dump(std::vector<json::raw>{{"[ 1 ]"}, {}}), "[[ 1 ],null]");
  EXPECT_EQ(write_error(std::vector<json::raw>{{"1"}, {"{"}}),
            "raw text is not JSON: expected a string, found the end of the text at byte 1 ([1])");
}

TEST(json, times) {
  using namespace std::chrono;
  using std::chrono::system_clock;
  const sys_seconds whole = sys_days(year(2026) / 11 / 21) + 14h + 5min + 9s;
  round_trip(whole, "\"2026-11-21T14:05:09Z\"");
  round_trip(sys_time<milliseconds>(whole + 120ms), "\"2026-11-21T14:05:09.120Z\"");
  round_trip(sys_time<nanoseconds>(whole + 1ns), "\"2026-11-21T14:05:09.000000001Z\"");
  round_trip(sys_time<microseconds>(sys_days(year(1969) / 12 / 31) + 23h + 59min + 59s + 999999us),
             "\"1969-12-31T23:59:59.999999Z\"");
  round_trip(sys_days(year(2024) / 2 / 29), "\"2024-02-29T00:00:00Z\"");
  round_trip(sys_seconds(sys_days(year(9999) / 12 / 31)), "\"9999-12-31T00:00:00Z\"");
  EXPECT_EQ(json::parse<sys_seconds>("\"2026-11-21t16:05:09.9+02:00\""), whole);
  EXPECT_EQ(json::parse<sys_seconds>("\"2026-11-21T12:35:09-01:30\""), whole);
  EXPECT_EQ(json::parse<sys_time<nanoseconds>>("\"2026-11-21T14:05:09.1234567899Z\""), whole + 123456789ns);
  for (const char* bad :
       {"", "2026-11-21", "2026-11-21 14:05:09Z", "2026-02-30T00:00:00Z", "2026-11-21T24:00:00Z",
        "2026-11-21T14:60:09Z", "2026-11-21T14:05:60Z", "2026-11-21T14:05:09", "2026-11-21T14:05:09.Z",
        "2026-11-21T14:05:09+24:00", "2026-11-21T14:05:09+1:00", "2026-11-21T14:05:09Zx", "x026-11-21T14:05:09Z"}) {
    EXPECT_EQ(parse_error<sys_seconds>(json::dump(bad)), "expected a time such as 2026-11-21T14:00:00Z at byte 0")
        << bad;
  }
  EXPECT_EQ(parse_error<sys_time<nanoseconds>>("\"2262-04-12T00:00:00Z\""), "time out of range at byte 0");
  EXPECT_EQ(parse_error<sys_time<nanoseconds>>("\"1600-04-12T00:00:00Z\""), "time out of range at byte 0");
  EXPECT_EQ(write_error(sys_seconds(sys_days(year(10000) / 1 / 1))), "a time outside the years 0 to 9999");
}

TEST(json, numbers_out_of_range) {
  EXPECT_EQ(parse_error<std::int8_t>("128"), "number out of range (-128 to 127) at byte 0");
  EXPECT_EQ(parse_error<std::uint8_t>("256"), "number out of range (0 to 255) at byte 0");
  EXPECT_EQ(parse_error<std::uint8_t>("-1"), "number out of range (0 to 255) at byte 0");
  EXPECT_EQ(parse_error<shop::order>(R"({"cents":99999999999})"),
            "number out of range (-2147483648 to 2147483647) at byte 9 (order.cents)");
  EXPECT_EQ(parse_error<std::uint64_t>("18446744073709551616"),
            "number out of range (0 to 18446744073709551615) at byte 0");
  EXPECT_EQ(parse_error<double>("1e999"), "number out of range at byte 0");
  EXPECT_EQ(parse_error<shop::color>("1"), "expected a string, found a number at byte 0");
  EXPECT_EQ((parse_error<std::map<std::int8_t, int>>(R"({"300":1})")),
            "the key is no integer in range at byte 7 (300)");
  EXPECT_EQ((parse_error<std::map<int, int>>(R"({"1x":1})")), "the key is no integer in range at byte 6 (1x)");
}

TEST(json, integers_written_as_fractions) {
  EXPECT_EQ(json::parse<int>("1e3"), 1000);
  EXPECT_EQ(json::parse<int>("-2.0"), -2);
  EXPECT_EQ(json::parse<unsigned>("-0"), 0U);
  EXPECT_EQ(json::parse<std::int64_t>("9007199254740992.0"), 9007199254740992);
  EXPECT_EQ(parse_error<int>("1.5"), "expected an integer, found a fraction at byte 0");
  EXPECT_EQ(parse_error<std::uint8_t>("1e3"), "number out of range (0 to 255) at byte 0");
  EXPECT_EQ(parse_error<unsigned>("-1.0"), "number out of range (0 to 4294967295) at byte 0");
  EXPECT_EQ(parse_error<std::int64_t>("1e16"),
            "number out of range (-9223372036854775808 to 9223372036854775807) at byte 0");
}

TEST(json, malformed_numbers) {
  for (const char* bad :
       {"+1", "01", "1.", ".5", "1e", "1e+", "-", "--1", "0x10", "NaN", "Infinity", "1_000", "1.5.2", "1-2"}) {
    EXPECT_NE(parse_error<double>(bad), "no error") << bad;
    EXPECT_NE(parse_error<int>(bad), "no error") << bad;
    EXPECT_NE(parse_error<json::raw>(bad), "no error") << bad;
  }
  EXPECT_EQ(parse_error<double>("1."), "expected a digit after the decimal point at byte 2");
  EXPECT_EQ(parse_error<double>("1e+"), "expected a digit in the exponent at byte 3");
  EXPECT_EQ(parse_error<double>("01"), "malformed number at byte 1");
}

TEST(json, errors_name_the_place) {
  EXPECT_EQ(parse_error<shop::order>(R"({"items":[{"count":1},{"count":"x"}]})"),
            "expected a number, found a string at byte 31 (order.items[1].count)");
  EXPECT_EQ(parse_error<std::vector<shop::order>>(R"([{"id":1}])"),
            "expected a string, found a number at byte 7 ([0].id)");
  EXPECT_EQ(parse_error<shop::order>("[]"), "expected an object, found an array at byte 0");
  EXPECT_EQ(parse_error<shop::order>(R"({"items":{}})"), "expected an array, found an object at byte 9 (order.items)");
  EXPECT_EQ(parse_error<shop::order>(R"({"paid":1})"), "expected true or false, found a number at byte 8 (order.paid)");
  EXPECT_EQ(parse_error<shop::order>(R"({"id":null})"), "expected a string, found null at byte 6 (order.id)");
  EXPECT_EQ(parse_error<std::monostate>("0"), "expected null, found a number at byte 0");
  EXPECT_EQ(parse_error<int>(""), "expected a number, found the end of the text at byte 0");
  EXPECT_EQ(parse_error<int>("\xc3\xa9"), "expected a number, found '\xc3\xa9' at byte 0");
  EXPECT_EQ(parse_error<int>("\xff"), "expected a number, found an unprintable byte at byte 0");
  EXPECT_EQ(parse_error<int>("1 2"), "text after the value at byte 2");
  EXPECT_EQ(parse_error<shop::order>("{} x"), "text after the value at byte 3");
  EXPECT_EQ(parse_error<shop::order>(R"({"id" 1})"), "expected ':', found a number at byte 6");
  EXPECT_EQ(parse_error<shop::order>(R"({"id":"a" "b"})"), "expected ',' or '}', found a string at byte 10");
  EXPECT_EQ(parse_error<shop::order>(R"({"id":"a",})"), "expected a string, found '}' at byte 10");
  EXPECT_EQ(parse_error<std::vector<int>>("[1,]"), "expected a number, found ']' at byte 3 ([1])");
  EXPECT_EQ(parse_error<std::vector<int>>("[1 2]"), "expected ',' or ']', found a number at byte 3");
  EXPECT_EQ(parse_error<json::raw>("nul"), "expected a value, found 'n' at byte 0");
  EXPECT_EQ(parse_error<json::raw>("nulls"), "expected a value, found null at byte 0");
  EXPECT_EQ(parse_error<json::raw>("]"), "expected a value, found ']' at byte 0");
  EXPECT_EQ((parse_error<std::array<int, 2>>("[1]")), "expected 2 elements, found 1 at byte 3");
  EXPECT_EQ((parse_error<std::array<int, 2>>("[1,2,3]")), "expected 2 elements, found more at byte 5 ([2])");
  EXPECT_EQ((parse_error<std::pair<int, int>>("[1]")), "expected 2 elements, found 1 at byte 3");
  EXPECT_EQ((parse_error<std::pair<int, int>>("[1,2,3]")), "expected 2 elements, found more at byte 5 ([2])");
  EXPECT_EQ((parse_error<std::tuple<int, bool>>("[1,2]")), "expected true or false, found a number at byte 3 ([1])");
  EXPECT_EQ((parse_error<std::array<std::byte, 1>>("\"AAAA\"")), "expected 1 elements, found 3 at byte 6");
  EXPECT_EQ(parse_error<std::vector<std::byte>>("\"?\""), "expected base64 at byte 0");
}

TEST(json, strings) {
  round_trip(std::string("\x01\x1f \"\\/\x7f", 7), "\"\\u0001\\u001f \\\"\\\\/\x7f\"");
  round_trip(std::string("a\0b", 3), "\"a\\u0000b\"");
  round_trip(std::string("\n\r\t\b\f"), "\"\\n\\r\\t\\b\\f\"");
  round_trip(std::string("\xf0\x9f\x98\x80"), "\"\xf0\x9f\x98\x80\"");
  for (const char* bad : {"\"", "\"a", "\"\\", "\"\\\"", "\"\\q\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"",
                          "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\ud800\\n\"", "\"a\nb\"", "\"\\ud800\\", "'a'"}) {
    EXPECT_NE(parse_error<std::string>(bad), "no error") << bad;
    EXPECT_NE(parse_error<json::raw>(bad), "no error") << bad;
  }
  EXPECT_EQ(parse_error<std::string>("\"ab\\ud800\""), "half of a surrogate pair at byte 3");
  EXPECT_EQ(parse_error<std::string>("\"ab\\x\""), "unknown escape at byte 3");
  EXPECT_EQ(parse_error<std::string>("\"a\tb\""), "control character in a string at byte 2");
}

TEST(json, utf8_is_checked_both_ways) {
  EXPECT_EQ(parse_error<std::string>("\"ab\xff\""), "invalid UTF-8 in a string at byte 3");
  EXPECT_EQ(parse_error<shop::empty>("{\"skipped\":\"\xed\xa0\x80\"}"),
            "invalid UTF-8 in a string at byte 12 (empty.skipped)");
  EXPECT_EQ(write_error(std::string("ab\xff")), "invalid UTF-8 in a string, at its byte 2");
  shop::order bad;
  bad.items = {{"fine", 1}, {"\xc0\x80", 1}};
  EXPECT_EQ(write_error(bad), "invalid UTF-8 in a string, at its byte 0 (order.items[1].sku)");
}

TEST(json, no_nan_and_no_infinity) {
  EXPECT_EQ(write_error(std::nan("")), "JSON has no NaN and no infinity");
  shop::order bad;
  bad.rate = std::numeric_limits<double>::infinity();
  EXPECT_EQ(write_error(bad), "JSON has no NaN and no infinity (order.rate)");
}

TEST(json, depth_is_limited) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(json::parse<json::raw>(nested(200)).text.size(), 400U);
  EXPECT_TRUE(parse_error<json::raw>(nested(201)).starts_with("nested deeper than 200 at byte 200"));
  EXPECT_TRUE(parse_error<json::raw>(std::string(1'000'000, '[')).starts_with("nested deeper than 200"));
  EXPECT_TRUE(parse_error<shop::tree>([] {
                std::string text;
                for (int i = 0; i < 1000; ++i) text += "{\"next\":";
                return text;
              }())
                  .starts_with("nested deeper than 200"));
  shop::tree deep;
  for (int i = 0; i < 199; ++i) {
    auto outer = std::make_unique<shop::tree>();
    *outer = std::move(deep);
    deep = {};
    deep.next = std::move(outer);
  }
  EXPECT_TRUE(write_error(deep).starts_with("nested deeper than 200")) << "200 objects and the array in the last one";
  EXPECT_NO_THROW((void)json::dump(*deep.next));
}

template <class T>
concept has_form = json::convertible<T>;

TEST(json, knows_what_it_cannot_do) {
  static_assert(has_form<shop::order> && has_form<shop::many> && has_form<shop::money> && has_form<shop::account>);
  static_assert(!has_form<shop::based>, "base class");
  static_assert(!has_form<shop::thirty_three>, "too many fields");
  static_assert(!has_form<std::variant<int, std::string>>);
  static_assert(!has_form<int*> && !has_form<wchar_t> && !has_form<char32_t>);
  static_assert(!has_form<std::weak_ptr<int>>);
}

TEST(json, every_prefix_fails_cleanly) {
  const std::vector<std::string> documents = {
      R"({"id":"\u00e9\ud83d\ude00 x","cents":-12,"rate":1.5e-3,"paid":true,"note":null,"items":[{"sku":"a","count":2},{}],)"
      "\"tags\":{\"x\xc3\xa9\":1},\"codes\":[1,2,3],\"ttl\":7,\"extra\":{\"sku\":\"\xf0\x9f\x98\x80\"},\"other\":[{"
      "\"a\":[[false]]}]}"};
  for (const auto& document : documents) {
    EXPECT_EQ(parse_error<shop::order>(document), "no error");
    for (std::size_t length = 0; length < document.size(); ++length) {
      const std::string prefix = document.substr(0, length);
      EXPECT_NE(parse_error<shop::order>(prefix), "no error") << prefix;
      EXPECT_NE(parse_error<json::raw>(prefix), "no error") << prefix;
    }
  }
}

}  // namespace
