#include "rondo/converter.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

namespace {
using namespace rondo;

struct order {
  std::string id{};
  int cents = 0;
  friend bool operator==(const order&, const order&) = default;
};

class secret {
 public:
  explicit secret(int value) : value_(value) {}
  int value() const { return value_; }

 private:
  int value_;
};

class tagged {
 public:
  explicit tagged(std::string text) : text_(std::move(text)) {}
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

template <>
struct rondo::payload_codec<secret> {
  static void encode(payload_sink& sink, const secret& value) {
    sink.add("test/secret") = std::to_string(value.value());
    sink.set_metadata("key", "k1");
  }
  static secret decode(const payload_view& from) {
    if (from.encoding() != "test/secret") detail::throw_wrong_encoding<secret>(from, "test/secret");
    return secret(std::stoi(std::string(from.data())));
  }
};
template <>
struct rondo::json::codec<tagged> {
  static void write(writer& out, const tagged& value) { out.write(value.text()); }
  static tagged read(reader& in) { return tagged(in.read_text()); }
};

namespace {

template <class T>
payload encoded(const T& value) {
  payload_collector collector;
  encode(collector, value);
  auto list = collector.take();
  EXPECT_EQ(list.size(), 1U);
  return list.at(0);
}

payload plain(std::string_view encoding, std::string data) {
  return {{{"encoding", std::string(encoding)}}, std::move(data)};
}

template <class T>
void round_trip(const T& value, std::string_view encoding, std::string_view data) {
  const payload made = encoded(value);
  EXPECT_EQ(made, plain(encoding, std::string(data)));
  EXPECT_EQ(decode<T>(made), value);
}

template <class T>
std::string decode_error(const payload& from) {
  try {
    (void)decode<T>(from);
  } catch (const conversion_error& failed) {
    return failed.what();
  }
  return "no error";
}

template <class Tuple>
std::string arguments_error(const payload_list& list) {
  const std::vector<payload_view> views(list.begin(), list.end());
  try {
    (void)decode_arguments<Tuple>(views);
  } catch (const conversion_error& failed) {
    return failed.what();
  }
  return "no error";
}

TEST(converter, json_is_the_default) {
  round_trip(3, "json/plain", "3");
  round_trip(true, "json/plain", "true");
  round_trip(std::string("a"), "json/plain", "\"a\"");
  round_trip(order{"a", 3}, "json/plain", R"({"id":"a","cents":3})");
  round_trip(std::vector<int>{1}, "json/plain", "[1]");
  round_trip(std::chrono::seconds(3), "json/plain", "3");
  round_trip(json::raw{"[ ]"}, "json/plain", "[ ]");
  EXPECT_EQ(encoded("literal").data, "\"literal\"");
  EXPECT_EQ(encoded(std::string_view("view")).data, "\"view\"");
  EXPECT_EQ(encoded(tagged("t")), plain("json/plain", "\"t\""));
  EXPECT_EQ(decode<tagged>(plain("json/plain", "\"t\"")).text(), "t");
}

TEST(converter, nothing_is_null) {
  round_trip(std::monostate{}, "binary/null", "");
  round_trip(nullptr, "binary/null", "");
  round_trip(std::optional<int>{}, "binary/null", "");
  round_trip(std::unique_ptr<int>(), "binary/null", "");
  EXPECT_EQ(encoded(std::nullopt), plain("binary/null", ""));
  EXPECT_NO_THROW((void)decode<std::monostate>(plain("json/plain", "null")));
  EXPECT_NO_THROW(decode<void>(plain("json/plain", "17")));
  EXPECT_NO_THROW(decode<void>(plain("binary/encrypted", "17")));
  EXPECT_EQ(decode<std::optional<int>>(plain("json/plain", "null")), std::nullopt);
}

TEST(converter, full_optionals_and_pointers_are_their_value) {
  round_trip(std::optional<int>{3}, "json/plain", "3");
  round_trip(std::optional<bytes>{bytes{std::byte{7}}}, "binary/plain", "\x07");
  EXPECT_EQ(encoded(std::make_shared<order>()), plain("json/plain", R"({"id":"","cents":0})"));
  EXPECT_EQ(decode<std::shared_ptr<const order>>(plain("json/plain", R"({"cents":4})"))->cents, 4);
  EXPECT_EQ(decode<std::unique_ptr<order>>(plain("binary/null", "")), nullptr);
}

TEST(converter, bytes_are_binary) {
  round_trip(bytes{std::byte{0}, std::byte{255}}, "binary/plain", std::string_view("\0\xff", 2));
  round_trip(bytes{}, "binary/plain", "");
  round_trip(std::array{std::byte{1}, std::byte{2}}, "binary/plain", "\x01\x02");
  const bytes source{std::byte{1}};
  EXPECT_EQ(encoded(std::span<const std::byte>(source)), plain("binary/plain", "\x01"));
  EXPECT_EQ(decode<bytes>(plain("json/plain", "\"AQ==\"")), source) << "as other languages may send them";
  EXPECT_EQ((decode_error<std::array<std::byte, 2>>(plain("binary/plain", "abc"))),
            "cannot read array from binary/plain: expected 2 bytes, found 3");
}

TEST(converter, payloads_pass_through) {
  const payload odd{{{"encoding", "binary/encrypted"}, {"encryption-key-id", "k"}}, "x"};
  EXPECT_EQ(encoded(odd), odd);
  EXPECT_EQ(encoded(payload_view(odd)), odd);
  EXPECT_EQ(decode<payload>(odd), odd);
  EXPECT_EQ(encoded(payload{}), payload{}) << "without metadata too";
}

TEST(converter, types_may_have_their_own_encoding) {
  const payload made = encoded(secret(12));
  EXPECT_EQ(made, (payload{{{"encoding", "test/secret"}, {"key", "k1"}}, "12"}));
  EXPECT_EQ(decode<secret>(made).value(), 12);
  EXPECT_EQ(decode<std::optional<secret>>(made)->value(), 12);
  EXPECT_EQ(decode_error<secret>(plain("json/plain", "12")),
            "cannot read secret from json/plain: expected test/secret");
}

TEST(converter, errors_say_what_was_wanted_and_found) {
  EXPECT_EQ(decode_error<order>(plain("json/plain", R"({"cents":"x"})")),
            "cannot read order from json/plain: expected a number, found a string at byte 9 (order.cents)");
  EXPECT_EQ(decode_error<std::string>(plain("binary/plain", "x")),
            "cannot read std::string from binary/plain: expected json/plain");
  EXPECT_EQ(decode_error<order>(plain("binary/encrypted", "x")),
            "cannot read order from binary/encrypted: expected json/plain");
  EXPECT_EQ(decode_error<int>(plain("binary/null", "")), "cannot read int from binary/null: expected json/plain");
  EXPECT_EQ(decode_error<bytes>(plain("binary/null", "")),
            "cannot read vector from binary/null: expected binary/plain");
  EXPECT_EQ(decode_error<std::monostate>(plain("json/plain", "1")),
            "cannot read monostate from json/plain: expected binary/null");
  EXPECT_EQ(decode_error<std::optional<int>>(plain("binary/plain", "1")),
            "cannot read int from binary/plain: expected json/plain");
  EXPECT_EQ(decode_error<int>(payload{}), "cannot read int from a payload without encoding: expected json/plain");
  EXPECT_EQ(decode_error<int>(plain("json/plain", "")),
            "cannot read int from json/plain: expected a number, found the end of the text at byte 0");
  payload_collector sink;
  try {
    encode(sink, std::vector{1.0, std::nan("")});
    FAIL();
  } catch (const conversion_error& failed) {
    EXPECT_STREQ(failed.what(), "cannot write vector as JSON: JSON has no NaN and no infinity ([1])");
  }
}

TEST(converter, a_reference_to_external_storage_says_that_it_is_one) {
  payload reference;
  reference.metadata["encoding"] = "json/protobuf";
  reference.metadata["messageType"] = "temporal.api.sdk.v1.ExternalStorageReference";
  try {
    static_cast<void>(decode<int>(reference));
    ADD_FAILURE() << "it was read";
  } catch (const conversion_error& failed) {
    EXPECT_STREQ(
        failed.what(),
        "cannot read int: [TMPRL1105] the payload lies in external storage, but no storage is configured here");
  }
}

TEST(converter, arguments) {
  payload_collector sink;
  encode_all(sink, 1, std::string("two"), order{"3", 3});
  const auto list = sink.take();
  const std::vector<payload_view> views(list.begin(), list.end());
  using all = std::tuple<int, std::string, order>;
  EXPECT_EQ(decode_arguments<all>(views), (all{1, "two", {"3", 3}}));
  EXPECT_EQ(decode_arguments<std::tuple<int>>(views), std::tuple(1)) << "surplus arguments are ignored";
  EXPECT_EQ(decode_arguments<std::tuple<>>(views), std::tuple());
  using optional = std::tuple<int, std::string, order, std::optional<int>, std::optional<std::string>>;
  EXPECT_EQ(decode_arguments<optional>(views), (optional{1, "two", {"3", 3}, {}, {}}));
  EXPECT_EQ(std::get<0>(decode_arguments<std::tuple<std::optional<payload>>>({})), std::nullopt);
}

TEST(converter, argument_errors) {
  const payload one = plain("json/plain", "1"), text = plain("json/plain", "\"x\"");
  EXPECT_EQ((arguments_error<std::tuple<int, int>>({one})), "expected 2 arguments, got 1");
  EXPECT_EQ((arguments_error<std::tuple<int>>({})), "expected 1 argument, got 0");
  EXPECT_EQ((arguments_error<std::tuple<int, int, std::optional<int>>>({one})), "expected at least 2 arguments, got 1");
  EXPECT_EQ((arguments_error<std::tuple<std::optional<int>, int>>({one})), "expected 2 arguments, got 1");
  EXPECT_EQ((arguments_error<std::tuple<int, int>>({one, text})),
            "argument 2: cannot read int from json/plain: expected a number, found a string at byte 0");
  EXPECT_EQ((arguments_error<std::tuple<int, std::optional<int>>>({one, text})),
            "argument 2: cannot read int from json/plain: expected a number, found a string at byte 0");
}

TEST(converter, every_prefix_of_a_payload_fails_cleanly) {
  const std::string text = encoded(std::map<std::string, order>{{"a", {"\xc3\xa9\n", -3}}}).data;
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_NE((decode_error<std::map<std::string, order>>(plain("json/plain", text.substr(0, length)))), "no error");
  }
}

}  // namespace
