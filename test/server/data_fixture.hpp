#pragma once
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>
#include <temporal/api/common/v1/message.pb.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fixture.hpp"
#include "rondo/codec.hpp"
#include "rondo/codecs/encryption.hpp"
#include "rondo/codecs/zlib.hpp"
#include "rondo/data_options.hpp"
#include "rondo/payload.hpp"

namespace rondo::test {

inline data_options sealed() {
  const std::string key = "an example of a key of 32 bytes.";
  data_options made;
  made.codecs = {
      std::make_shared<encryption_codec>(std::make_shared<key_ring>(encryption_key{.id = "first", .bytes = key})),
      std::make_shared<zlib_codec>()};
  made.encode_failure_texts = true;
  return made;
}

inline rondo::client connect_with(data_options data) {
  client_options options;
  options.target = server_address();
  options.data = std::move(data);
  return client::connect(std::move(options));
}

inline payload text_payload(const std::string& text) {
  payload made;
  made.metadata["encoding"] = encoding::json;
  made.data = "\"" + text + "\"";
  return made;
}

/// All payloads in a message, but those that the server reads itself.
inline void collect_payloads(const google::protobuf::Message& from, payload_list& into) {
  if (const auto* one = dynamic_cast<const temporal::api::common::v1::Payload*>(&from)) {
    payload& made = into.emplace_back();
    for (const auto& [name, value] : one->metadata()) made.metadata[name] = value;
    made.data = one->data();
    return;
  }
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  from.GetReflection()->ListFields(from, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (field->name() == "search_attributes") continue;
    if (!field->is_repeated()) {
      collect_payloads(from.GetReflection()->GetMessage(from, field), into);
      continue;
    }
    for (int at = 0; at < from.GetReflection()->FieldSize(from, field); ++at) {
      collect_payloads(from.GetReflection()->GetRepeatedMessage(from, field, at), into);
    }
  }
}

/// What is in sealed payloads, each of which is opened once; expects that none is sealed twice, or not at all.
inline std::vector<std::string> opened(payload_list all) {
  std::vector<std::string> found;
  for (auto& each : all) {
    EXPECT_EQ(each.encoding(), encryption_codec::encoding) << each.data;
    decode_with(sealed().codecs, std::span(&each, 1), {});
    EXPECT_TRUE(each.encoding() == encoding::json || each.encoding() == encoding::null) << each.encoding();
    found.push_back(each.data);
  }
  return found;
}
inline std::vector<std::string> opened(const google::protobuf::Message& message) {
  payload_list all;
  collect_payloads(message, all);
  return opened(std::move(all));
}

/// How many of the texts have this part.
inline long count_with(const std::vector<std::string>& texts, const std::string& part) {
  return std::count_if(texts.begin(), texts.end(),
                       [&part](const std::string& each) { return each.find(part) != std::string::npos; });
}

}  // namespace rondo::test
