#pragma once
#include <string_view>

#include "rondo/detail/base/names.hpp"

namespace rondo {

/// The name that a function (activity, workflow, signal, query, update) has on the wire: its own, without namespace and
/// class. Specialise it for another one:
/// `template <> inline constexpr std::string_view rondo::name_of<charge_card> = "ChargeCard";`
template <auto Function>
inline constexpr std::string_view name_of = detail::function_name<Function>();

}  // namespace rondo
