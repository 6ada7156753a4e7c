#pragma once

#include <google/protobuf/timestamp.pb.h>
#include <temporal/api/worker/v1/message.pb.h>

#include <charconv>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/base/rfc3339.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/time.hpp"
#include "rondo/server/visibility_syntax.hpp"
#include "rondo/server/workers.hpp"

// Queries for workers: the form of visibility queries, with less in it.
namespace rondo::server {

namespace detail_worker_filter {

using visibility_syntax::expression;
using visibility_syntax::form;
using heartbeat = workers::heartbeat;
using condition = workers::condition;
using text_of = std::string (*)(const heartbeat&);

[[noreturn]] inline void refuse(std::string text) { throw refusal(rpc_code::invalid_argument, std::move(text)); }

inline std::string status_name(const heartbeat& of) {
  namespace enums = temporal::api::enums::v1;
  switch (of.status()) {
    case enums::WORKER_STATUS_RUNNING:
      return "Running";
    case enums::WORKER_STATUS_SHUTTING_DOWN:
      return "ShuttingDown";
    case enums::WORKER_STATUS_SHUTDOWN:
      return "Shutdown";
    default:
      return "Unspecified";
  }
}

/// Null: workers have no such text.
inline text_of find_text(std::string_view column) noexcept {
  static constexpr std::pair<std::string_view, text_of> texts[] = {
      {"WorkerInstanceKey", [](const heartbeat& of) { return of.worker_instance_key(); }},
      {"WorkerIdentity", [](const heartbeat& of) { return of.worker_identity(); }},
      {"HostName", [](const heartbeat& of) { return of.host_info().host_name(); }},
      {"TaskQueue", [](const heartbeat& of) { return of.task_queue(); }},
      {"DeploymentName", [](const heartbeat& of) { return of.deployment_version().deployment_name(); }},
      {"BuildId", [](const heartbeat& of) { return of.deployment_version().build_id(); }},
      {"SdkName", [](const heartbeat& of) { return of.sdk_name(); }},
      {"SdkVersion", [](const heartbeat& of) { return of.sdk_version(); }},
      {"WorkerStatus", status_name},
      {"Status", status_name},
      {"status", status_name},
  };
  for (const auto& [name, text] : texts) {
    if (name == column) return text;
  }
  return nullptr;
}

/// No time: the worker does not tell it.
using time_of = std::optional<instant> (*)(const heartbeat&);

/// Null: workers have no such time.
inline time_of find_time(std::string_view column) noexcept {
  if (column == "StartTime") {
    return [](const heartbeat& of) {
      return of.has_start_time() ? std::optional(from_proto(of.start_time())) : std::nullopt;
    };
  }
  if (column == "HeartbeatTime") {
    return [](const heartbeat& of) {
      return of.has_heartbeat_time() ? std::optional(from_proto(of.heartbeat_time())) : std::nullopt;
    };
  }
  return nullptr;
}

inline const std::string& column_name(const expression& of) {
  if (of.kind != form::column) refuse("invalid filter name: " + visibility_syntax::written(of));
  return of.text;
}

[[noreturn]] inline void refuse_column(const std::string& name) {
  refuse("unknown or unsupported worker heartbeat search field: " + name);
}

inline std::string read_text(const expression& from, const std::string& column) {
  if (from.kind == form::list || from.kind == form::column) {
    refuse("invalid value: " + visibility_syntax::written(from));
  }
  if (from.kind != form::string) {
    refuse("invalid value for " + column + ": value " + visibility_syntax::written(from) + " is not a string value");
  }
  if (from.text.empty()) refuse(column + " cannot be empty");
  return from.text;
}

/// RFC 3339, or nanoseconds since 1970.
inline instant read_time(const expression& from, const std::string& column) {
  if (from.kind == form::number) {
    instant read = 0;
    const char* const end = from.text.data() + from.text.size();
    if (const auto [stop, error] = std::from_chars(from.text.data(), end, read); error == std::errc() && stop == end) {
      return read;
    }
  }
  if (from.kind == form::string) {
    if (const auto read = rondo::detail::parse_rfc3339(from.text)) {
      google::protobuf::Timestamp time;
      time.set_seconds(read->seconds.time_since_epoch().count());
      time.set_nanos(static_cast<std::int32_t>(read->nanoseconds));
      return from_proto(time);
    }
  }
  refuse("invalid value for " + column + ": " + visibility_syntax::written(from) + " is not a time");
}

inline condition compare_text(text_of of, const std::string& column, const std::string& how, std::string value) {
  if (how == "=") return [of, value](const heartbeat& each) { return of(each) == value; };
  if (how == "!=") return [of, value](const heartbeat& each) { return of(each) != value; };
  if (how == "starts_with") return [of, value](const heartbeat& each) { return of(each).starts_with(value); };
  if (how == "not starts_with") return [of, value](const heartbeat& each) { return !of(each).starts_with(value); };
  refuse("invalid expression: operation " + how + " is not supported for " + column + " column");
}

inline condition compare_time(time_of of, const std::string& how, instant value) {
  const auto with = [of, value](auto holds) -> condition {
    // Times that are not told are as old as can be.
    return [of, value, holds](const heartbeat& each) { return holds(of(each).value_or(0), value); };
  };
  if (how == "=") return with(std::equal_to<>());
  if (how == "!=") return with(std::not_equal_to<>());
  if (how == "<") return with(std::less<>());
  if (how == "<=") return with(std::less_equal<>());
  if (how == ">") return with(std::greater<>());
  if (how == ">=") return with(std::greater_equal<>());
  refuse("invalid expression: operation " + how + " is not supported");
}

inline condition bind_comparison(const expression& from) {
  const std::string& column = column_name(from.parts[0]);
  if (const text_of text = find_text(column)) {
    return compare_text(text, column, from.text, read_text(from.parts[1], column));
  }
  if (const time_of time = find_time(column)) return compare_time(time, from.text, read_time(from.parts[1], column));
  refuse_column(column);
}

inline condition bind_range(const expression& from) {
  const std::string& column = column_name(from.parts[0]);
  const time_of time = find_time(column);
  if (time == nullptr) refuse("unknown or unsupported column name: " + column);
  const instant least = read_time(from.parts[1], column);
  const instant most = read_time(from.parts[2], column);
  return [time, least, most, negated = from.negated](const heartbeat& each) {
    const auto told = time(each);
    return told && (*told >= least && *told <= most) != negated;
  };
}

inline condition bind_test(const expression& from) {
  const std::string& column = column_name(from.parts[0]);
  if (from.text != "null") refuse("operation is not supported: only IS NULL and IS NOT NULL are");
  if (const text_of text = find_text(column)) {
    return [text, negated = from.negated](const heartbeat& each) { return text(each).empty() != negated; };
  }
  const time_of time = find_time(column);
  if (time == nullptr) refuse_column(column);
  return [time, negated = from.negated](const heartbeat& each) { return !time(each).has_value() != negated; };
}

inline condition bind(const expression& from) {
  switch (from.kind) {
    case form::all:
    case form::any: {
      std::vector<condition> parts;
      for (const expression& each : from.parts) parts.push_back(bind(each));
      const bool decided = from.kind == form::any;
      return [parts = std::move(parts), decided](const heartbeat& each) {
        for (const condition& part : parts) {
          if (part(each) == decided) return decided;
        }
        return !decided;
      };
    }
    case form::group:
      return bind(from.parts[0]);
    case form::comparison:
      return bind_comparison(from);
    case form::range:
      return bind_range(from);
    case form::test:
      return bind_test(from);
    case form::negation:
      refuse("operation is not supported: 'not' expression");
    case form::call:
      refuse("operation is not supported: function expression");
    case form::column:
      refuse("incomplete expression");
    default:
      refuse("operation is not supported: " + std::string(visibility_syntax::describe(from.kind)) + " as a condition");
  }
}

}  // namespace detail_worker_filter

RONDO_SERVER_FUNCTION workers::condition make_worker_filter(std::string_view query) {
  using namespace detail_worker_filter;
  const auto read = visibility_syntax::parse(query);
  if (!read.group_by.empty()) refuse("operation is not supported: 'group by' clause");
  if (read.ordered) refuse("operation is not supported: 'order by' clause");
  if (read.limited) refuse("operation is not supported: 'limit' clause");
  if (!read.has_condition) return [](const heartbeat&) { return true; };
  return bind(read.condition);
}

}  // namespace rondo::server
