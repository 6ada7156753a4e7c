#pragma once
#ifndef RONDO_LITE_MESSAGES
#include <google/protobuf/util/json_util.h>
#endif
#include <temporal/api/history/v1/message.pb.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace rondo {

/// The events of one run: to keep, to look at, to replay.
class workflow_history {
 public:
  /// `serialised` is a temporal.api.history.v1.History. Throws std::invalid_argument when it is not.
  workflow_history(std::string workflow_id, std::string serialised)
      : workflow_id_(std::move(workflow_id)), bytes_(std::move(serialised)), events_(count(bytes_)) {}

#ifndef RONDO_LITE_MESSAGES
  /// Reads what to_json, the CLI (`temporal workflow show --output json`) or the web interface wrote; passes over what
  /// only newer servers write. Throws std::invalid_argument that says where the text is wrong.
  static workflow_history from_json(std::string workflow_id, std::string_view text) {
    google::protobuf::util::JsonParseOptions options;
    options.ignore_unknown_fields = true;
    temporal::api::history::v1::History history;
    const auto status = google::protobuf::util::JsonStringToMessage({text.data(), text.size()}, &history, options);
    if (!status.ok()) throw std::invalid_argument("rondo: this text is not a history: " + status.ToString());
    return {std::move(workflow_id), history.SerializeAsString()};
  }
#endif

  const std::string& workflow_id() const noexcept { return workflow_id_; }
  /// Serialised temporal.api.history.v1.History.
  const std::string& bytes() const noexcept { return bytes_; }
  /// Number of events.
  std::size_t events() const noexcept { return events_; }

#ifndef RONDO_LITE_MESSAGES
  /// The form that the CLI and the web interface export and other SDKs replay.
  std::string to_json() const {
    google::protobuf::util::JsonPrintOptions options;
    options.add_whitespace = true;
    std::string text;
    const auto status = google::protobuf::util::MessageToJsonString(parse(bytes_), &text, options);
    if (!status.ok()) throw std::runtime_error("rondo: a history has no JSON: " + status.ToString());
    return text;
  }
#endif

 private:
  static temporal::api::history::v1::History parse(const std::string& serialised) {
    temporal::api::history::v1::History history;
    if (!history.ParseFromString(serialised)) throw std::invalid_argument("rondo: these bytes are not a history");
    return history;
  }
  static std::size_t count(const std::string& serialised) {
    return static_cast<std::size_t>(parse(serialised).events_size());
  }

  std::string workflow_id_, bytes_;
  std::size_t events_;
};

}  // namespace rondo
