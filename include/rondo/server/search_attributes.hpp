#pragma once

#include <rondo/server/state.pb.h>
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/enums/v1/common.pb.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "rondo/server/config.hpp"
#include "rondo/server/time.hpp"

namespace rondo::server {

class frontend;

namespace enums = temporal::api::enums::v1;

/// Name and type of a search attribute.
using attribute_definition = std::pair<std::string_view, enums::IndexedValueType>;

/// Attributes of every run that follow from the run itself, by name.
std::span<const attribute_definition> system_attributes() noexcept;
/// Attributes that every namespace has and that are kept with the custom ones, by name.
std::span<const attribute_definition> predefined_attributes() noexcept;

/// None: no system or predefined attribute has the name.
std::optional<enums::IndexedValueType> built_in_attribute(std::string_view name) noexcept;
/// The name is one of the system's, or begins like one.
bool is_reserved_attribute(std::string_view name) noexcept;

/// "Keyword", "Int", ...; "Unspecified" for what is no type.
std::string_view type_name(enums::IndexedValueType type) noexcept;
std::optional<enums::IndexedValueType> type_named(std::string_view name) noexcept;

/// A point in time as the value of an attribute.
struct attribute_time {
  instant at = 0;
  friend bool operator==(const attribute_time&, const attribute_time&) = default;
};

/// The value of a search attribute; std::monostate: it has none.
using attribute_value =
    std::variant<std::monostate, bool, std::int64_t, double, attribute_time, std::string, std::vector<std::string>>;

/// None: the payload does not hold a value of the type.
std::optional<attribute_value> decode_attribute(const temporal::api::common::v1::Payload& payload,
                                                enums::IndexedValueType type);
/// What a payload holds, in the words of an error message.
std::string show_payload(const temporal::api::common::v1::Payload& payload);

/// Gives the namespace custom attributes; those that it has already stay as they are. Refuses reserved names, unknown
/// types, and more attributes of a type than there may be (10 of Keyword, 3 of each other type).
void add_attributes(state::Namespace& to, std::span<const std::pair<std::string, int>> wanted);
/// Refuses names that belong to the system; unknown ones are ignored.
void remove_attributes(state::Namespace& from, std::span<const std::string> names);
/// Takes over changes of field names and their aliases: an empty alias frees the field. Refuses a field that is taken.
void change_aliases(state::Namespace& of, std::span<const std::pair<std::string, std::string>> changes);

/// GetSearchAttributes, and those of the OperatorService.
void serve_search_attributes(frontend& at);

}  // namespace rondo::server
