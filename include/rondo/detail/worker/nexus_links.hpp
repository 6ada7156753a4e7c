#pragma once
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/enums/v1/event_type.pb.h>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/engine/event_types.hpp"
#include "rondo/nexus_info.hpp"

// Links between executions, as Nexus writes them (URLs) and as Temporal does (messages).
namespace rondo::detail::worker {

using execution_link = temporal::api::common::v1::Link;

inline constexpr std::string_view link_scheme = "temporal:///namespaces/";
inline constexpr std::string_view event_link_type = "temporal.api.common.v1.Link.WorkflowEvent";
inline constexpr std::string_view workflow_link_type = "temporal.api.common.v1.Link.Workflow";
inline constexpr std::string_view activity_link_type = "temporal.api.common.v1.Link.Activity";
inline constexpr std::string_view operation_link_type = "temporal.api.common.v1.Link.NexusOperation";

inline std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
  return out;
}

constexpr int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

/// Empty when a percent sign is not followed by two hexadecimal digits. A plus is a space in queries only.
inline std::optional<std::string> percent_decoded(std::string_view text, bool query = false) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += query && text[at] == '+' ? ' ' : text[at];
      continue;
    }
    if (at + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[at + 1]), low = hex_digit(text[at + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return out;
}

/// The parts between the slashes of a path, decoded; empty when one cannot be.
inline std::optional<std::vector<std::string>> path_parts(std::string_view path) {
  std::vector<std::string> parts;
  for (;;) {
    const auto end = path.find('/');
    auto part = percent_decoded(path.substr(0, end));
    if (!part) return std::nullopt;
    parts.push_back(std::move(*part));
    if (end == std::string_view::npos) return parts;
    path.remove_prefix(end + 1);
  }
}

inline std::string query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    if (pair.starts_with(name) && pair.size() > name.size() && pair[name.size()] == '=') {
      return percent_decoded(pair.substr(name.size() + 1), true).value_or(std::string());
    }
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return {};
}

/// Reads "WorkflowExecutionStarted" and "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED"; UNSPECIFIED for what is neither.
inline engine::enums::EventType event_type_of(std::string_view name) {
  std::string enumerator(name);
  if (!name.starts_with("EVENT_TYPE_")) {
    enumerator = "EVENT_TYPE";
    for (const char c : name) {
      if (c >= 'A' && c <= 'Z') enumerator += '_';
      enumerator += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
  engine::enums::EventType found = engine::enums::EVENT_TYPE_UNSPECIFIED;
  if (!engine::enums::EventType_Parse(enumerator, &found)) return engine::enums::EVENT_TYPE_UNSPECIFIED;
  return found;
}

inline nexus_link nexus_link_of(const execution_link::WorkflowEvent& from) {
  std::string url = std::string(link_scheme) + percent_encoded(from.namespace_()) + "/workflows/" +
                    percent_encoded(from.workflow_id()) + "/" + percent_encoded(from.run_id()) + "/history?";
  if (from.has_request_id_ref()) {
    const auto& reference = from.request_id_ref();
    url += "eventType=" + engine::name_of_event(reference.event_type()) +
           "&referenceType=RequestIdReference&requestID=" + percent_encoded(reference.request_id());
  } else {
    const auto& reference = from.event_ref();
    if (reference.event_id() > 0) url += "eventID=" + std::to_string(reference.event_id()) + "&";
    url += "eventType=" + engine::name_of_event(reference.event_type()) + "&referenceType=EventReference";
  }
  return {std::move(url), std::string(event_link_type)};
}

/// Empty for kinds that Nexus has no URL for.
inline std::optional<nexus_link> nexus_link_of(const execution_link& from) {
  const auto url = [](const std::string& in, const char* kind, const std::string& id, const std::string& run,
                      const std::string& rest) {
    return std::string(link_scheme) + percent_encoded(in) + kind + percent_encoded(id) + "/" + percent_encoded(run) +
           rest;
  };
  switch (from.variant_case()) {
    case execution_link::kWorkflowEvent:
      return nexus_link_of(from.workflow_event());
    case execution_link::kWorkflow: {
      const auto& to = from.workflow();
      const std::string reason = to.reason().empty() ? std::string() : "?reason=" + percent_encoded(to.reason());
      return nexus_link{url(to.namespace_(), "/workflows/", to.workflow_id(), to.run_id(), reason),
                        std::string(workflow_link_type)};
    }
    case execution_link::kActivity: {
      const auto& to = from.activity();
      return nexus_link{url(to.namespace_(), "/activities/", to.activity_id(), to.run_id(), "/details"),
                        std::string(activity_link_type)};
    }
    case execution_link::kNexusOperation: {
      const auto& to = from.nexus_operation();
      return nexus_link{url(to.namespace_(), "/nexus-operations/", to.operation_id(), to.run_id(), "/details"),
                        std::string(operation_link_type)};
    }
    default:
      return std::nullopt;
  }
}

/// False when the query does not name an event.
inline bool read_event_reference(std::string_view query, execution_link::WorkflowEvent& to) {
  const auto type = event_type_of(query_value(query, "eventType"));
  const std::string kind = query_value(query, "referenceType");
  if (kind == "RequestIdReference") {
    to.mutable_request_id_ref()->set_request_id(query_value(query, "requestID"));
    to.mutable_request_id_ref()->set_event_type(type);
    return true;
  }
  if (kind != "EventReference") return false;
  const std::string id = query_value(query, "eventID");
  std::int64_t number = 0;
  if (!id.empty()) {
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    if (error != std::errc() || end != id.data() + id.size() || number < 0) return false;
  }
  to.mutable_event_ref()->set_event_id(number);
  to.mutable_event_ref()->set_event_type(type);
  return true;
}

/// Empty for links that do not lead to something of Temporal, or cannot be read.
inline std::optional<execution_link> execution_link_of(const nexus_link& from) {
  std::string_view path = from.url;
  if (!path.starts_with(link_scheme)) return std::nullopt;
  path.remove_prefix(link_scheme.size());
  const auto mark = path.find('?');
  const std::string_view query = mark == std::string_view::npos ? std::string_view() : path.substr(mark + 1);
  const auto parts = path_parts(path.substr(0, mark));
  if (!parts || parts->size() < 4) return std::nullopt;
  const auto& all = *parts;
  const auto is = [&](std::string_view type, std::string_view kind, std::string_view last) {
    if (from.type != type || all[1] != kind) return false;
    return last.empty() ? all.size() == 4 : all.size() == 5 && all[4] == last;
  };
  execution_link made;
  if (is(event_link_type, "workflows", "history")) {
    auto& to = *made.mutable_workflow_event();
    to.set_namespace_(all[0]);
    to.set_workflow_id(all[2]);
    to.set_run_id(all[3]);
    if (!read_event_reference(query, to)) return std::nullopt;
  } else if (is(workflow_link_type, "workflows", "")) {
    auto& to = *made.mutable_workflow();
    to.set_namespace_(all[0]);
    to.set_workflow_id(all[2]);
    to.set_run_id(all[3]);
    to.set_reason(query_value(query, "reason"));
  } else if (is(activity_link_type, "activities", "details")) {
    auto& to = *made.mutable_activity();
    to.set_namespace_(all[0]);
    to.set_activity_id(all[2]);
    to.set_run_id(all[3]);
  } else if (is(operation_link_type, "nexus-operations", "details")) {
    auto& to = *made.mutable_nexus_operation();
    to.set_namespace_(all[0]);
    to.set_operation_id(all[2]);
    to.set_run_id(all[3]);
  } else {
    return std::nullopt;
  }
  return made;
}

}  // namespace rondo::detail::worker
