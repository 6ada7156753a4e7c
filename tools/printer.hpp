#pragma once
#include <google/protobuf/message.h>

#include <ostream>
#include <string>
#include <string_view>

#include "tools/options.hpp"
#include "tools/proto_json.hpp"
#include "tools/time_text.hpp"

namespace rondo::tools {

/// Where a command's results go, and in which form.
class printer {
 public:
  printer(std::ostream& out, output_format format, payload_style payloads, time_writer times)
      : out_(&out), format_(format), payloads_(payloads), times_(times) {}
  /// As the flags say. Throws command_error.
  printer(std::ostream& out, const common_flags& flags)
      : printer(out, output_of(flags.output), flags.full_payloads ? payload_style::full : payload_style::shorthand,
                time_writer(time_format_of(flags.time_format))) {}

  bool is_text() const noexcept { return format_ == output_format::text; }
  bool is_json() const noexcept { return format_ == output_format::json || format_ == output_format::json_lines; }
  bool is_json_lines() const noexcept { return format_ == output_format::json_lines; }
  const time_writer& times() const noexcept { return times_; }
  payload_style payloads() const noexcept { return payloads_; }

  void text(std::string_view text) const {
    if (is_text()) *out_ << text << std::flush;
  }
  /// A message as the whole output.
  void message(const google::protobuf::Message& message) const { message_in(message, payloads_); }
  void message_in(const google::protobuf::Message& message, payload_style style) const {
    if (is_json()) json(proto_json(style).line(message));
  }
  /// JSON of one line as the whole output; indented unless lines are asked for.
  void json(std::string_view line) const {
    if (is_json()) *out_ << (is_json_lines() ? std::string(line) : indented_json(line)) << '\n' << std::flush;
  }

 private:
  std::ostream* out_;
  output_format format_;
  payload_style payloads_;
  time_writer times_;
};

/// A JSON array that is printed while its elements come in; with `lines` one element a line, without brackets.
class json_list {
 public:
  explicit json_list(const printer& to) : to_(&to) {}

  void add(std::string_view line) {
    if (!to_->is_json()) return;
    if (to_->is_json_lines()) return to_->json(line);
    all_ += all_.empty() ? "[" : ",";
    all_ += line;
  }
  void finish() {
    if (to_->is_json() && !to_->is_json_lines()) to_->json(all_.empty() ? "[]" : all_ + "]");
  }

 private:
  const printer* to_;
  std::string all_;
};

/// An object of JSON values by name.
class json_object {
 public:
  void add(std::string_view name, std::string_view value) { add_json(name, json::dump(std::string(value))); }
  void add_json(std::string_view name, std::string_view value) {
    text_ += text_.empty() ? "{" : ",";
    json::write(text_, std::string(name));
    text_.append(":").append(value);
  }
  std::string line() const { return text_.empty() ? "{}" : text_ + "}"; }

 private:
  std::string text_;
};

}  // namespace rondo::tools
