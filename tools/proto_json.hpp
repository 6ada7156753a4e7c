#pragma once
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <temporal/api/common/v1/message.pb.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "rondo/detail/base/base64.hpp"
#include "rondo/json.hpp"
#include "tools/json_text.hpp"

namespace rondo::tools {

/// How payloads are written.
enum class payload_style {
  shorthand,  ///< the JSON that they carry, where they carry some
  full,       ///< as the messages they are: what replayers read
};

/// What a payload says about itself; empty when it says nothing of the kind.
inline std::string_view metadata_of(const temporal::api::common::v1::Payload& payload, const std::string& key) {
  const auto found = payload.metadata().find(key);
  return found == payload.metadata().end() ? std::string_view() : std::string_view(found->second);
}

/// The JSON that a payload carries, in one line; nothing when it carries something else. An object of a protobuf
/// message gets the member "_protobuf_message_type".
inline std::optional<std::string> shorthand_of(const temporal::api::common::v1::Payload& payload) {
  const std::string_view encoding = metadata_of(payload, "encoding");
  if (encoding == "binary/null") return "null";
  if (encoding == "json/plain") {
    if (payload.metadata_size() != 1 || !is_json(payload.data())) return std::nullopt;
    return compact_json(payload.data());
  }
  if (encoding != "json/protobuf" || payload.metadata_size() != 2 || !is_json(payload.data())) return std::nullopt;
  const std::string_view type = metadata_of(payload, "messageType");
  std::string object = compact_json(payload.data());
  if (type.empty() || !object.starts_with('{')) return std::nullopt;
  std::string member = "\"_protobuf_message_type\":" + json::dump(std::string(type));
  if (object != "{}") member += ',';
  return object.insert(1, member);
}

/// Writes messages as proto3 JSON, as the official command does: payloads in shorthand when wanted.
class proto_json {
 public:
  explicit proto_json(payload_style style) : style_(style) {}

  /// In one line. Throws std::runtime_error when the message has no JSON form.
  std::string line(const google::protobuf::Message& message) const {
    std::string out;
    write(message, out);
    return out;
  }
  /// On several lines, indented.
  std::string text(const google::protobuf::Message& message) const { return indented_json(line(message)); }

 private:
  using Message = google::protobuf::Message;
  using FieldDescriptor = google::protobuf::FieldDescriptor;

  void write(const Message& message, std::string& out) const {
    const std::string& name = message.GetDescriptor()->full_name();
    if (name.starts_with("google.protobuf.") && name != "google.protobuf.Empty") return write_well_known(message, out);
    if (style_ == payload_style::shorthand && write_shorthand(message, name, out)) return;
    std::vector<const FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    out += '{';
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (i != 0) out += ',';
      json::write(out, fields[i]->json_name());
      out += ':';
      write_field(message, *fields[i], out);
    }
    out += '}';
  }

  static void write_well_known(const Message& message, std::string& out) {
    std::string text;
    const auto status = google::protobuf::util::MessageToJsonString(message, &text);
    if (status.ok()) {
      out += text;
      return;
    }
    const auto* any = dynamic_cast<const google::protobuf::Any*>(&message);
    if (!any) throw std::runtime_error("no JSON for " + message.GetTypeName() + ": " + status.ToString());
    out += "{\"@type\":";
    json::write(out, any->type_url());
    out += ",\"value\":";
    json::write(out, rondo::detail::base64_encode(any->value()));
    out += '}';
  }

  static bool write_shorthand(const Message& message, std::string_view name, std::string& out) {
    if (name == "temporal.api.common.v1.Payload") {
      const auto value = shorthand_of(static_cast<const temporal::api::common::v1::Payload&>(message));
      if (value) out += *value;
      return value.has_value();
    }
    if (name != "temporal.api.common.v1.Payloads") return false;
    std::string all;
    for (const auto& each : static_cast<const temporal::api::common::v1::Payloads&>(message).payloads()) {
      const auto value = shorthand_of(each);
      if (!value) return false;
      all.append(all.empty() ? "" : ",").append(*value);
    }
    out.append("[").append(all).append("]");
    return true;
  }

  void write_field(const Message& message, const FieldDescriptor& field, std::string& out) const {
    if (field.is_map()) return write_map(message, field, out);
    if (!field.is_repeated()) return write_value(message, field, -1, out);
    const int size = message.GetReflection()->FieldSize(message, &field);
    out += '[';
    for (int i = 0; i < size; ++i) {
      if (i != 0) out += ',';
      write_value(message, field, i, out);
    }
    out += ']';
  }

  void write_map(const Message& message, const FieldDescriptor& field, std::string& out) const {
    const auto* reflection = message.GetReflection();
    const auto& key = *field.message_type()->map_key();
    const auto& value = *field.message_type()->map_value();
    std::vector<std::pair<std::string, std::string>> members;
    for (int i = 0; i < reflection->FieldSize(message, &field); ++i) {
      const Message& entry = reflection->GetRepeatedMessage(message, &field, i);
      auto& [name, text] = members.emplace_back();
      write_value(entry, key, -1, name);
      if (!name.starts_with('"')) name = '"' + name + '"';
      write_value(entry, value, -1, text);
    }
    std::sort(members.begin(), members.end());
    out += '{';
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i != 0) out += ',';
      out.append(members[i].first).append(":").append(members[i].second);
    }
    out += '}';
  }

  /// `index` of a repeated field; -1 for others.
  void write_value(const Message& message, const FieldDescriptor& field, int index, std::string& out) const {
    const auto* reflection = message.GetReflection();
    const bool one = index < 0;
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return write(
            one ? reflection->GetMessage(message, &field) : reflection->GetRepeatedMessage(message, &field, index),
            out);
      case FieldDescriptor::CPPTYPE_STRING:
        return write_string(
            field, one ? reflection->GetString(message, &field) : reflection->GetRepeatedString(message, &field, index),
            out);
      case FieldDescriptor::CPPTYPE_ENUM:
        return write_enum(
            field,
            one ? reflection->GetEnumValue(message, &field) : reflection->GetRepeatedEnumValue(message, &field, index),
            out);
      default:
        return write_number(message, field, index, out);
    }
  }

  static void write_string(const FieldDescriptor& field, const std::string& value, std::string& out) {
    if (field.type() == FieldDescriptor::TYPE_BYTES) {
      json::write(out, rondo::detail::base64_encode(value));
    } else {
      json::write(out, value);
    }
  }

  static void write_enum(const FieldDescriptor& field, int value, std::string& out) {
    const auto* known = field.enum_type()->FindValueByNumber(value);
    if (known) {
      json::write(out, known->name());
    } else {
      out += std::to_string(value);
    }
  }

  static void write_number(const Message& message, const FieldDescriptor& field, int index, std::string& out) {
    const auto* reflection = message.GetReflection();
    const bool one = index < 0;
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL:
        out += (one ? reflection->GetBool(message, &field) : reflection->GetRepeatedBool(message, &field, index))
                   ? "true"
                   : "false";
        break;
      case FieldDescriptor::CPPTYPE_INT32:
        out += std::to_string(one ? reflection->GetInt32(message, &field)
                                  : reflection->GetRepeatedInt32(message, &field, index));
        break;
      case FieldDescriptor::CPPTYPE_UINT32:
        out += std::to_string(one ? reflection->GetUInt32(message, &field)
                                  : reflection->GetRepeatedUInt32(message, &field, index));
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        write_quoted(one ? reflection->GetInt64(message, &field) : reflection->GetRepeatedInt64(message, &field, index),
                     out);
        break;
      case FieldDescriptor::CPPTYPE_UINT64:
        write_quoted(
            one ? reflection->GetUInt64(message, &field) : reflection->GetRepeatedUInt64(message, &field, index), out);
        break;
      case FieldDescriptor::CPPTYPE_FLOAT:
        write_real(one ? reflection->GetFloat(message, &field) : reflection->GetRepeatedFloat(message, &field, index),
                   out);
        break;
      default:
        write_real(one ? reflection->GetDouble(message, &field) : reflection->GetRepeatedDouble(message, &field, index),
                   out);
    }
  }

  /// Numbers of 64 bits are strings: JSON's readers keep 53.
  template <class Integer>
  static void write_quoted(Integer value, std::string& out) {
    out.append("\"").append(std::to_string(value)).append("\"");
  }
  template <class Real>
  static void write_real(Real value, std::string& out) {
    if (std::isnan(value)) {
      out += "\"NaN\"";
    } else if (std::isinf(value)) {
      out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    } else {
      char digits[64];
      const auto end = std::to_chars(digits, digits + sizeof digits, value);
      out.append(digits, end.ptr);
    }
  }

  payload_style style_;
};

}  // namespace rondo::tools
