#pragma once

#include "rondo/server/search_attributes.hpp"

#include <temporal/api/operatorservice/v1/request_response.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <map>
#include <system_error>

#include "rondo/detail/base/json_reader.hpp"
#include "rondo/detail/base/rfc3339.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/refusal.hpp"

namespace rondo::server {

namespace detail_search_attributes {

namespace common = temporal::api::common::v1;
namespace operator_service = temporal::api::operatorservice::v1;
namespace service = temporal::api::workflowservice::v1;

/// The fields that attributes of a type are kept in: "Keyword01" to "Keyword10".
struct slots {
  enums::IndexedValueType type;
  std::string_view name;
  int count;
};

inline constexpr slots all_slots[] = {
    {enums::INDEXED_VALUE_TYPE_TEXT, "Text", 3},
    {enums::INDEXED_VALUE_TYPE_KEYWORD, "Keyword", 10},
    {enums::INDEXED_VALUE_TYPE_INT, "Int", 3},
    {enums::INDEXED_VALUE_TYPE_DOUBLE, "Double", 3},
    {enums::INDEXED_VALUE_TYPE_BOOL, "Bool", 3},
    {enums::INDEXED_VALUE_TYPE_DATETIME, "Datetime", 3},
    {enums::INDEXED_VALUE_TYPE_KEYWORD_LIST, "KeywordList", 3},
};

inline std::string field_name(const slots& of, int number) {
  return std::string(of.name) + (number < 10 ? "0" : "") + std::to_string(number);
}

inline std::optional<enums::IndexedValueType> field_type(std::string_view field) {
  for (const slots& each : all_slots) {
    for (int number = 1; number <= each.count; ++number) {
      if (field == field_name(each, number)) return each.type;
    }
  }
  return std::nullopt;
}

[[noreturn]] inline void refuse(std::string text) { throw refusal(rpc_code::invalid_argument, std::move(text)); }

/// The custom attributes follow from the aliases of the fields.
inline void rebuild(state::Namespace& of) {
  auto& custom = *of.mutable_custom_search_attributes();
  custom.clear();
  for (const auto& [field, alias] : of.config().custom_search_attribute_aliases()) {
    if (const auto type = field_type(field)) custom[alias] = static_cast<int>(*type);
  }
}

/// The JSON text of a payload; none when it is something else.
inline std::optional<std::string_view> json_of(const common::Payload& payload) {
  const auto encoding = payload.metadata().find("encoding");
  if (encoding == payload.metadata().end()) return std::nullopt;
  if (encoding->second == "binary/null") return "null";
  if (encoding->second != "json/plain" && encoding->second != "json/protobuf") return std::nullopt;
  return payload.data();
}

inline instant to_instant(const rondo::detail::split_time& time) noexcept {
  const std::int64_t seconds = time.seconds.time_since_epoch().count();
  constexpr std::int64_t most = never / second - 1;
  if (seconds > most) return never;
  if (seconds < -most) return -never;
  return seconds * second + static_cast<std::int64_t>(time.nanoseconds);
}

template <class Number>
std::optional<attribute_value> number(std::string_view text) {
  Number value{};
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec != std::errc{} || end.ptr != text.data() + text.size()) return std::nullopt;
  return attribute_value(value);
}

inline std::optional<attribute_value> one(std::string_view text, enums::IndexedValueType type) {
  switch (type) {
    case enums::INDEXED_VALUE_TYPE_BOOL:
      if (text == "true" || text == "false") return attribute_value(text == "true");
      return std::nullopt;
    case enums::INDEXED_VALUE_TYPE_INT:
      return number<std::int64_t>(text);
    case enums::INDEXED_VALUE_TYPE_DOUBLE:
      return number<double>(text);
    case enums::INDEXED_VALUE_TYPE_TEXT:
    case enums::INDEXED_VALUE_TYPE_KEYWORD:
      if (text.front() != '"') return std::nullopt;
      return attribute_value(json::reader(text).read_text());
    case enums::INDEXED_VALUE_TYPE_DATETIME: {
      if (text.front() != '"') return std::nullopt;
      const auto time = rondo::detail::parse_rfc3339(json::reader(text).read_text());
      if (!time) return std::nullopt;
      return attribute_value(attribute_time{to_instant(*time)});
    }
    default:
      return std::nullopt;
  }
}

inline std::vector<std::string_view> elements(std::string_view array) {
  std::vector<std::string_view> found;
  json::reader in(array);
  in.read_array([&](std::size_t) { found.push_back(in.read_raw()); });
  return found;
}

inline std::optional<attribute_value> decode(std::string_view text, enums::IndexedValueType type) {
  json::reader in(text);
  const std::string_view value = in.read_raw();
  in.finish();
  if (value == "null") return attribute_value();
  if (type == enums::INDEXED_VALUE_TYPE_KEYWORD_LIST) {
    if (value.front() != '[') return std::nullopt;
    std::vector<std::string> list;
    for (const std::string_view each : elements(value)) {
      if (each.front() != '"') return std::nullopt;
      list.push_back(json::reader(each).read_text());
    }
    return attribute_value(std::move(list));
  }
  if (value.front() != '[') return one(value, type);
  // A list of one is as good as its element.
  const auto list = elements(value);
  if (list.empty()) return attribute_value();
  if (list.size() > 1) return std::nullopt;
  return one(list.front(), type);
}

inline std::string show_json(std::string_view text);

inline std::string show_object(std::string_view text) {
  std::map<std::string, std::string> members;
  json::reader in(text);
  in.read_object([&](std::string_view key) {
    const std::string name(key);
    members[name] = show_json(in.read_raw());
  });
  std::string shown = "map[";
  for (const auto& [name, value] : members) shown.append(shown.size() > 4 ? " " : "").append(name + ":" + value);
  return shown + "]";
}

inline std::string show_json(std::string_view text) {
  if (text == "null") return "<nil>";
  if (text.front() == '"') return json::reader(text).read_text();
  if (text.front() == '{') return show_object(text);
  if (text.front() == '[') {
    std::string shown = "[";
    for (const std::string_view each : elements(text))
      shown.append(shown.size() > 1 ? " " : "").append(show_json(each));
    return shown + "]";
  }
  double value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) return std::string(text);
  char shown[64];
  const auto end = std::to_chars(shown, shown + sizeof shown, value, std::chars_format::general);
  return std::string(shown, end.ptr);
}

inline std::string quote(std::string_view bytes) {
  std::string quoted = "\"";
  for (const char c : bytes) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

/// In the form in which message types are shown.
inline std::string show_message(const common::Payload& payload) {
  std::map<std::string, std::string> sorted(payload.metadata().begin(), payload.metadata().end());
  std::string shown = "value from <";
  for (const auto& [key, value] : sorted) shown += "metadata:{key:" + quote(key) + " value:" + quote(value) + "} ";
  if (!payload.data().empty()) {
    shown += "data:" + quote(payload.data());
  } else if (shown.back() == ' ') {
    shown.pop_back();
  }
  return shown + ">";
}

inline void put(google::protobuf::Map<std::string, enums::IndexedValueType>& into,
                std::span<const attribute_definition> attributes) {
  for (const auto& [name, type] : attributes) into[std::string(name)] = type;
}

inline void put_custom(google::protobuf::Map<std::string, enums::IndexedValueType>& into, const name_space& of) {
  for (const auto& [name, type] : of.state.custom_search_attributes()) {
    into[name] = static_cast<enums::IndexedValueType>(type);
  }
}

inline name_space& space_of(core& in, const std::string& name) {
  if (name.empty()) refuse("Namespace is not set on request.");
  return in.namespaces().get(name);
}

inline void serve_operator(frontend& at) {
  using add_request = operator_service::AddSearchAttributesRequest;
  at.on<add_request>("temporal.api.operatorservice.v1.OperatorService/AddSearchAttributes",
                     [](core& in, add_request& request) {
                       if (request.search_attributes().empty()) refuse("SearchAttributes are not set on request.");
                       std::vector<std::pair<std::string, int>> wanted;
                       for (const auto& [name, type] : request.search_attributes())
                         wanted.emplace_back(name, static_cast<int>(type));
                       std::sort(wanted.begin(), wanted.end());
                       for (const auto& [name, type] : wanted) {
                         if (is_reserved_attribute(name))
                           refuse("Search attribute " + name + " is reserved by system.");
                         if (!enums::IndexedValueType_IsValid(type)) {
                           refuse("Unknown search attribute type: " + std::to_string(type) + ".");
                         }
                       }
                       name_space& space = space_of(in, request.namespace_());
                       state::Namespace changed = space.state;
                       add_attributes(changed, wanted);
                       space.state = std::move(changed);
                       in.namespaces().save(space);
                       return operator_service::AddSearchAttributesResponse();
                     });

  using remove_request = operator_service::RemoveSearchAttributesRequest;
  at.on<remove_request>(
      "temporal.api.operatorservice.v1.OperatorService/RemoveSearchAttributes", [](core& in, remove_request& request) {
        if (request.search_attributes().empty()) refuse("SearchAttributes are not set on request.");
        name_space& space = space_of(in, request.namespace_());
        const std::vector<std::string> names(request.search_attributes().begin(), request.search_attributes().end());
        remove_attributes(space.state, names);
        in.namespaces().save(space);
        return operator_service::RemoveSearchAttributesResponse();
      });

  using list_request = operator_service::ListSearchAttributesRequest;
  at.on<list_request>("temporal.api.operatorservice.v1.OperatorService/ListSearchAttributes",
                      [](core& in, list_request& request) {
                        operator_service::ListSearchAttributesResponse response;
                        put_custom(*response.mutable_custom_attributes(), space_of(in, request.namespace_()));
                        put(*response.mutable_system_attributes(), system_attributes());
                        put(*response.mutable_system_attributes(), predefined_attributes());
                        return response;
                      });
}

}  // namespace detail_search_attributes

RONDO_SERVER_FUNCTION std::span<const attribute_definition> system_attributes() noexcept {
  static constexpr attribute_definition list[] = {
      {"CloseTime", enums::INDEXED_VALUE_TYPE_DATETIME},
      {"ExecutionDuration", enums::INDEXED_VALUE_TYPE_INT},
      {"ExecutionStatus", enums::INDEXED_VALUE_TYPE_KEYWORD},
      {"ExecutionTime", enums::INDEXED_VALUE_TYPE_DATETIME},
      {"HistoryLength", enums::INDEXED_VALUE_TYPE_INT},
      {"HistorySizeBytes", enums::INDEXED_VALUE_TYPE_INT},
      {"ParentRunId", enums::INDEXED_VALUE_TYPE_KEYWORD},
      {"ParentWorkflowId", enums::INDEXED_VALUE_TYPE_KEYWORD},
      {"RootRunId", enums::INDEXED_VALUE_TYPE_KEYWORD},
      {"RootWorkflowId", enums::INDEXED_VALUE_TYPE_KEYWORD},
      {"RunId", enums::INDEXED_VALUE_TYPE_KEYWORD},
      {"StartTime", enums::INDEXED_VALUE_TYPE_DATETIME},
      {"StateTransitionCount", enums::INDEXED_VALUE_TYPE_INT},
      {"TaskQueue", enums::INDEXED_VALUE_TYPE_KEYWORD},
      {"WorkflowId", enums::INDEXED_VALUE_TYPE_KEYWORD},
      {"WorkflowType", enums::INDEXED_VALUE_TYPE_KEYWORD},
  };
  return list;
}

RONDO_SERVER_FUNCTION std::span<const attribute_definition> predefined_attributes() noexcept {
  static constexpr attribute_definition list[] = {
      {"BatcherNamespace", enums::INDEXED_VALUE_TYPE_KEYWORD},
      {"BatcherUser", enums::INDEXED_VALUE_TYPE_KEYWORD},
      {"BinaryChecksums", enums::INDEXED_VALUE_TYPE_KEYWORD_LIST},
      {"BuildIds", enums::INDEXED_VALUE_TYPE_KEYWORD_LIST},
      {"TemporalChangeVersion", enums::INDEXED_VALUE_TYPE_KEYWORD_LIST},
      {"TemporalNamespaceDivision", enums::INDEXED_VALUE_TYPE_KEYWORD},
      {"TemporalPauseInfo", enums::INDEXED_VALUE_TYPE_KEYWORD_LIST},
      {"TemporalScheduledById", enums::INDEXED_VALUE_TYPE_KEYWORD},
      {"TemporalScheduledStartTime", enums::INDEXED_VALUE_TYPE_DATETIME},
      {"TemporalSchedulePaused", enums::INDEXED_VALUE_TYPE_BOOL},
      {"TemporalWorkerDeployment", enums::INDEXED_VALUE_TYPE_KEYWORD},
      {"TemporalWorkerDeploymentVersion", enums::INDEXED_VALUE_TYPE_KEYWORD},
      {"TemporalWorkflowVersioningBehavior", enums::INDEXED_VALUE_TYPE_KEYWORD},
  };
  return list;
}

RONDO_SERVER_FUNCTION std::optional<enums::IndexedValueType> built_in_attribute(std::string_view name) noexcept {
  for (const auto list : {system_attributes(), predefined_attributes()}) {
    for (const auto& [known, type] : list) {
      if (known == name) return type;
    }
  }
  return std::nullopt;
}

RONDO_SERVER_FUNCTION bool is_reserved_attribute(std::string_view name) noexcept {
  return built_in_attribute(name) || name.starts_with("Temporal") || name == "NamespaceId" || name == "MemoEncoding" ||
         name == "Memo" || name == "VisibilityTaskKey";
}

RONDO_SERVER_FUNCTION std::string_view type_name(enums::IndexedValueType type) noexcept {
  for (const auto& each : detail_search_attributes::all_slots) {
    if (each.type == type) return each.name;
  }
  return "Unspecified";
}

RONDO_SERVER_FUNCTION std::optional<enums::IndexedValueType> type_named(std::string_view name) noexcept {
  for (const auto& each : detail_search_attributes::all_slots) {
    if (each.name == name) return each.type;
  }
  return std::nullopt;
}

RONDO_SERVER_FUNCTION std::optional<attribute_value> decode_attribute(const temporal::api::common::v1::Payload& payload,
                                                                      enums::IndexedValueType type) {
  const auto text = detail_search_attributes::json_of(payload);
  if (!text || text->empty()) return std::nullopt;
  try {
    return detail_search_attributes::decode(*text, type);
  } catch (const json::error&) {
    return std::nullopt;
  }
}

RONDO_SERVER_FUNCTION std::string show_payload(const temporal::api::common::v1::Payload& payload) {
  const auto encoding = payload.metadata().find("encoding");
  if (encoding != payload.metadata().end() && encoding->second == "binary/plain") {
    std::string shown = "[";
    for (const char c : payload.data()) {
      shown.append(shown.size() > 1 ? " " : "").append(std::to_string(static_cast<unsigned char>(c)));
    }
    return shown + "]";
  }
  const auto text = detail_search_attributes::json_of(payload);
  if (!text || text->empty()) return detail_search_attributes::show_message(payload);
  try {
    json::reader in(*text);
    const std::string_view value = in.read_raw();
    in.finish();
    return detail_search_attributes::show_json(value);
  } catch (const json::error&) {
    return detail_search_attributes::show_message(payload);
  }
}

RONDO_SERVER_FUNCTION void add_attributes(state::Namespace& to, std::span<const std::pair<std::string, int>> wanted) {
  using namespace detail_search_attributes;
  auto& aliases = *to.mutable_config()->mutable_custom_search_attribute_aliases();
  for (const auto& [name, number] : wanted) {
    if (is_reserved_attribute(name)) refuse("Search attribute " + name + " is reserved by system.");
    if (to.custom_search_attributes().contains(name)) continue;
    const auto type = static_cast<enums::IndexedValueType>(number);
    const auto found = std::find_if(std::begin(all_slots), std::end(all_slots),
                                    [type](const slots& each) { return each.type == type; });
    const int count = found == std::end(all_slots) ? 0 : found->count;
    int free = 1;
    while (free <= count && aliases.contains(field_name(*found, free))) ++free;
    if (free > count) {
      refuse("Unable to create search attributes: cannot have more than " + std::to_string(count) +
             " search attribute of type " + std::string(type_name(type)) + ".");
    }
    aliases[field_name(*found, free)] = name;
    rebuild(to);
  }
}

RONDO_SERVER_FUNCTION void remove_attributes(state::Namespace& from, std::span<const std::string> names) {
  using namespace detail_search_attributes;
  for (const std::string& name : names) {
    if (built_in_attribute(name)) refuse("Unable to remove non-custom search attributes: " + name + ".");
  }
  auto& aliases = *from.mutable_config()->mutable_custom_search_attribute_aliases();
  for (auto each = aliases.begin(); each != aliases.end();) {
    const bool gone = std::find(names.begin(), names.end(), each->second) != names.end();
    each = gone ? aliases.erase(each) : std::next(each);
  }
  rebuild(from);
}

RONDO_SERVER_FUNCTION void change_aliases(state::Namespace& of,
                                          std::span<const std::pair<std::string, std::string>> changes) {
  auto& aliases = *of.mutable_config()->mutable_custom_search_attribute_aliases();
  for (const auto& [field, alias] : changes) {
    if (!alias.empty() && aliases.contains(field)) {
      detail_search_attributes::refuse("Custom search attribute field name already allocated.");
    }
  }
  for (const auto& [field, alias] : changes) {
    if (alias.empty()) {
      aliases.erase(field);
    } else {
      aliases[field] = alias;
    }
  }
  detail_search_attributes::rebuild(of);
}

RONDO_SERVER_FUNCTION void serve_search_attributes(frontend& at) {
  using namespace detail_search_attributes;
  serve_operator(at);
  at.on<service::GetSearchAttributesRequest>("GetSearchAttributes", [](core& in, service::GetSearchAttributesRequest&) {
    service::GetSearchAttributesResponse response;
    in.namespaces().each([&response](name_space& space) { put_custom(*response.mutable_keys(), space); });
    put(*response.mutable_keys(), system_attributes());
    put(*response.mutable_keys(), predefined_attributes());
    return response;
  });
}

}  // namespace rondo::server
