#pragma once
#include <temporal/api/common/v1/message.pb.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/base/base64.hpp"
#include "tools/command_error.hpp"
#include "tools/json_text.hpp"

// From the command line to payloads.
namespace rondo::tools {

using temporal::api::common::v1::Payload;
using temporal::api::common::v1::Payloads;

/// The arguments of a workflow, a signal or a query as they are given.
struct input_options {
  std::vector<std::string> values;
  std::vector<std::string> files;
  /// KEY=VALUE
  std::vector<std::string> metadata;
  bool base64 = false;
};

/// "name=value" at its first '='. Throws command_error.
inline std::pair<std::string, std::string> split_pair(std::string_view flag, std::string_view text) {
  const std::size_t middle = text.find('=');
  if (middle == text.npos || middle == 0) {
    throw command_error(std::string(flag) + ": '" + std::string(text) + "' is not KEY=VALUE");
  }
  return {std::string(text.substr(0, middle)), std::string(text.substr(middle + 1))};
}

/// All of a file; throws command_error with the system's words.
inline std::string file_text(std::string_view flag, const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  std::string text;
  std::array<char, 4096> part{};
  while (file) {
    const std::size_t size = std::fread(part.data(), 1, part.size(), file.get());
    text.append(part.data(), size);
    if (size < part.size()) break;
  }
  if (!file || std::ferror(file.get()) != 0) {
    throw command_error(std::string(flag) + ": cannot read '" + path + "': " + std::strerror(errno));
  }
  return text;
}

inline Payload json_payload(std::string text) {
  Payload payload;
  (*payload.mutable_metadata())["encoding"] = "json/plain";
  payload.set_data(std::move(text));
  return payload;
}

/// Metadata of every input, in order: what is given once holds for all, what is given again for the next one.
inline std::vector<std::map<std::string, std::string>> metadata_by_input(const std::vector<std::string>& pairs,
                                                                         std::size_t inputs) {
  std::map<std::string, std::vector<std::string>> given;
  for (const auto& each : pairs) {
    auto [key, value] = split_pair("--input-meta", each);
    given[key].push_back(std::move(value));
  }
  std::vector<std::map<std::string, std::string>> all(inputs);
  for (const auto& [key, values] : given) {
    if (values.size() > 1 && values.size() > inputs) {
      throw command_error("--input-meta: '" + key + "' is given more often than there are inputs");
    }
    for (std::size_t i = 0; i < inputs; ++i) {
      if (values.size() == 1 || i < values.size()) all[i][key] = values.size() == 1 ? values.front() : values[i];
    }
  }
  return all;
}

/// The input as payloads of JSON, or of what the metadata say. Throws command_error.
inline Payloads make_payloads(const input_options& options) {
  if (!options.values.empty() && !options.files.empty()) {
    throw command_error("--input and --input-file cannot be given together");
  }
  const bool files = !options.files.empty();
  const auto& given = files ? options.files : options.values;
  const auto metadata = metadata_by_input(options.metadata, given.size());
  Payloads made;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string name = files ? "--input-file " + given[i] : "--input " + std::to_string(i + 1);
    std::string data = files ? file_text("--input-file", given[i]) : given[i];
    if (options.base64) {
      auto decoded = rondo::detail::base64_decode(data);
      if (!decoded) throw command_error(name + " is not base64");
      data = std::move(*decoded);
    }
    Payload& payload = *made.add_payloads();
    (*payload.mutable_metadata())["encoding"] = "json/plain";
    for (const auto& [key, value] : metadata[i]) (*payload.mutable_metadata())[key] = value;
    if (payload.metadata().at("encoding").starts_with("json/")) require_json(name, data);
    payload.set_data(std::move(data));
  }
  return made;
}

/// Reads KEY=JSON pairs into a map of payloads. Throws command_error.
template <class Map>
void read_json_pairs(std::string_view flag, const std::vector<std::string>& pairs, Map& to) {
  for (const auto& each : pairs) {
    auto [key, value] = split_pair(flag, each);
    require_json(std::string(flag) + " " + key, value);
    to[key] = json_payload(std::move(value));
  }
}

}  // namespace rondo::tools
