#pragma once
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <temporal/api/common/v1/message.pb.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/json.hpp"
#include "tools/command_error.hpp"
#include "tools/inputs.hpp"
#include "tools/printer.hpp"
#include "tools/proto_json.hpp"

namespace rondo::tools {

/// Settings of a compute provider or of a scaler: JSON values by name, as their payload carries them.
class compute_settings {
 public:
  compute_settings() = default;
  /// Throws command_error when the payload is no JSON object. `subject` names it: "the provider's settings".
  compute_settings(const std::string& subject, const Payload& from) {
    if (from.data().empty()) return;
    google::protobuf::Struct object;
    if (!google::protobuf::util::JsonStringToMessage(from.data(), &object).ok()) {
      throw command_error(subject + " on the server cannot be read: remove them with --remove, then give all anew");
    }
    for (const auto& [name, value] : object.fields()) {
      static_cast<void>(google::protobuf::util::MessageToJsonString(value, &values_[name]));
    }
  }

  void set_text(const std::string& name, const std::string& value) { values_[name] = json::dump(value); }
  void set_json(const std::string& name, std::string json) { values_[name] = std::move(json); }
  void erase(const std::string& name) { values_.erase(name); }
  bool has(const std::string& name) const { return values_.count(name) != 0; }
  bool empty() const noexcept { return values_.empty(); }
  /// The JSON of a value; empty when there is none.
  std::string json(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::string() : found->second;
  }
  const std::map<std::string, std::string>& all() const noexcept { return values_; }

  std::string line() const {
    json_object object;
    for (const auto& [name, value] : values_) object.add_json(name, value);
    return object.line();
  }
  Payload payload() const { return json_payload(line()); }

 private:
  std::map<std::string, std::string> values_;
};

/// What stands in for a value that nobody should read over a shoulder.
inline constexpr std::string_view hidden_text = "(hidden)";

/// The payload without what is secret in it: a kubeconfig holds keys.
inline Payload without_secrets(const Payload& from) {
  try {
    compute_settings settings("", from);
    if (!settings.has("kubeconfig")) return from;
    settings.set_text("kubeconfig", std::string(hidden_text));
    return settings.payload();
  } catch (const command_error&) {
    return json_payload(json::dump(std::string(hidden_text)));
  }
}

}  // namespace rondo::tools
