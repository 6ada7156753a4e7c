#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/type.pb.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/converter.hpp"
#include "rondo/protobuf.hpp"

template <>
inline constexpr rondo::protobuf_form rondo::protobuf_form_of<google::protobuf::Field> = rondo::protobuf_form::binary;
template <>
inline constexpr rondo::protobuf_form rondo::protobuf_form_of<google::protobuf::UninterpretedOption::NamePart> =
    rondo::protobuf_form::binary;

namespace protobuf_payload_test {
using google::protobuf::BoolValue;
using google::protobuf::Field;
using google::protobuf::Type;
using rondo::payload;

template <class Message>
payload encoded(const Message& message) {
  rondo::payload_collector sink;
  rondo::encode(sink, message);
  return sink.take().at(0);
}

template <class Message>
std::string decode_error(const payload& from) {
  try {
    (void)rondo::decode<Message>(from);
  } catch (const rondo::conversion_error& failed) {
    return failed.what();
  }
  return "no error";
}

payload typed(std::string_view encoding, std::string_view type, std::string data) {
  payload made{{{"encoding", std::string(encoding)}}, std::move(data)};
  if (!type.empty()) made.metadata.emplace("messageType", type);
  return made;
}

TEST(protobuf_payload, is_json_with_its_type) {
  Type type;
  type.set_name("n");
  type.add_oneofs("o");
  const payload made = encoded(type);
  EXPECT_EQ(made, typed("json/protobuf", "google.protobuf.Type", R"({"name":"n","oneofs":["o"]})"));
  EXPECT_EQ(rondo::decode<Type>(made).oneofs(0), "o");
  EXPECT_EQ(rondo::decode<std::optional<Type>>(made)->name(), "n");
}

TEST(protobuf_payload, binary_is_read_too) {
  Type type;
  type.set_name("n");
  EXPECT_EQ(rondo::decode<Type>(typed("binary/protobuf", "google.protobuf.Type", type.SerializeAsString())).name(),
            "n");
  EXPECT_EQ(rondo::decode<Type>(typed("binary/protobuf", "", "")).name(), "");
}

TEST(protobuf_payload, is_binary_where_that_is_chosen) {
  Field field;
  field.set_name("n");
  const payload made = encoded(field);
  EXPECT_EQ(made, typed("binary/protobuf", "google.protobuf.Field", field.SerializeAsString()));
  EXPECT_EQ(rondo::decode<Field>(made).name(), "n");
  EXPECT_EQ(rondo::decode<Field>(typed("json/protobuf", "google.protobuf.Field", R"({"name":"n"})")).name(), "n");
}

TEST(protobuf_payload, unknown_fields_are_dropped) {
  EXPECT_EQ(rondo::decode<Type>(typed("json/protobuf", "", R"({"name":"n","later":{"x":1}})")).name(), "n");
}

TEST(protobuf_payload, errors) {
  EXPECT_EQ(decode_error<Type>(typed("json/plain", "", "{}")),
            "cannot read Type from json/plain: expected json/protobuf or binary/protobuf");
  EXPECT_EQ(decode_error<BoolValue>(typed("json/protobuf", "google.protobuf.Type", "{}")),
            "cannot read BoolValue from json/protobuf: it holds google.protobuf.Type");
  EXPECT_EQ(decode_error<Type>(typed("binary/protobuf", "", "\xff\xff")),
            "cannot read Type from binary/protobuf: malformed message");
  EXPECT_TRUE(decode_error<Type>(typed("json/protobuf", "", "{")).starts_with("cannot read Type from json/protobuf: "));
  EXPECT_TRUE(decode_error<Type>(typed("json/protobuf", "", R"({"name":{}})")).starts_with("cannot read Type"));
  google::protobuf::UninterpretedOption::NamePart half;
  half.set_name_part("n");
  EXPECT_THROW(encoded(half), rondo::conversion_error);
  google::protobuf::Duration duration;
  duration.set_seconds(-1);
  duration.set_nanos(1);  // signs must agree
  rondo::payload_collector sink;
  EXPECT_THROW(rondo::encode(sink, duration), rondo::conversion_error);
}

}  // namespace protobuf_payload_test
