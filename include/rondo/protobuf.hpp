#pragma once
#ifdef RONDO_LITE_MESSAGES
#error "rondo/protobuf.hpp needs the whole of protobuf: give rondo_add_lambda() the option WHOLE_PROTOBUF"
#endif
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <concepts>
#include <cstdint>
#include <string>

#include "rondo/converter.hpp"

/// Protobuf messages as arguments and results. They are written as json/protobuf unless `protobuf_form_of` says
/// otherwise, and read from both forms; of JSON, fields that the reader does not know are dropped.
namespace rondo {

/// How messages are written.
enum class protobuf_form : std::uint8_t {
  json,    ///< json/protobuf: people can read it
  binary,  ///< binary/protobuf: smaller and quicker
};

/// Specialise it for a message, where its type is declared, that is to be written in the other form:
/// `template <> inline constexpr rondo::protobuf_form rondo::protobuf_form_of<shop::Order> =
/// rondo::protobuf_form::binary;`
template <class Message>
inline constexpr protobuf_form protobuf_form_of = protobuf_form::json;

template <std::derived_from<google::protobuf::Message> Message>
struct payload_codec<Message> {
  static void encode(payload_sink& sink, const Message& message) {
    if constexpr (protobuf_form_of<Message> == protobuf_form::binary) {
      if (!message.IsInitialized()) {
        throw conversion_error("cannot write " + message.GetTypeName() +
                               ": required fields are missing: " + message.InitializationErrorString());
      }
      if (!message.SerializeToString(&sink.add(encoding::binary_protobuf)))
        throw conversion_error("cannot write " + message.GetTypeName() + ": it is larger than 2 GiB");
    } else {
      write_json(sink, message);
    }
    sink.set_metadata("messageType", message.GetTypeName());
  }

  static Message decode(const payload_view& from) {
    Message message;
    if (from.encoding() != encoding::json_protobuf && from.encoding() != encoding::binary_protobuf) {
      detail::throw_wrong_encoding<Message>(from, "json/protobuf or binary/protobuf");
    }
    if (!from.message_type().empty() && from.message_type() != message.GetTypeName()) {
      detail::throw_unreadable<Message>(from, "it holds " + std::string(from.message_type()));
    }
    if (from.encoding() == encoding::binary_protobuf) {
      if (!message.ParseFromString(std::string(from.data())))
        detail::throw_unreadable<Message>(from, "malformed message");
    } else {
      google::protobuf::util::JsonParseOptions options;
      options.ignore_unknown_fields = true;
      const auto status = google::protobuf::util::JsonStringToMessage(
          google::protobuf::StringPiece(from.data().data(), from.data().size()), &message, options);
      if (!status.ok()) detail::throw_unreadable<Message>(from, status.ToString());
    }
    return message;
  }

 private:
  static void write_json(payload_sink& sink, const Message& message) {
    const auto status = google::protobuf::util::MessageToJsonString(message, &sink.add(encoding::json_protobuf));
    if (!status.ok())
      throw conversion_error("cannot write " + message.GetTypeName() + " as JSON: " + status.ToString());
  }
};

}  // namespace rondo
