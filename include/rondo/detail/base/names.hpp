#pragma once
#include <concepts>
#include <cstddef>
#include <string_view>

// Names of functions and types, read off the compiler's own spelling of a template argument.
namespace rondo::detail {

template <auto Value>
constexpr std::string_view spelling_of_value() {
  return __PRETTY_FUNCTION__;
}

template <class Type>
constexpr std::string_view spelling_of_type() {
  return __PRETTY_FUNCTION__;
}

constexpr bool opens_bracket(char c) { return c == '<' || c == '(' || c == '[' || c == '{'; }
constexpr bool closes_bracket(char c) { return c == '>' || c == ')' || c == ']' || c == '}'; }

/// "... [with auto Value = shop::charge; std::string_view = ...]" gives "shop::charge".
constexpr std::string_view template_argument(std::string_view spelling, std::string_view parameter) {
  const std::size_t begin = spelling.find(parameter) + parameter.size();
  int depth = 0;
  for (std::size_t i = begin; i < spelling.size(); ++i) {
    const char c = spelling[i];
    if (depth == 0 && (c == ';' || c == ']')) return spelling.substr(begin, i - begin);
    if (opens_bracket(c)) ++depth;
    if (closes_bracket(c)) --depth;
  }
  return spelling.substr(begin, spelling.size() - begin - 1);
}

/// "&(anonymous namespace)::shop<int>::charge(int)" gives "charge".
constexpr std::string_view unqualified(std::string_view name) {
  while (!name.empty() && (name.front() == '&' || name.front() == ' ')) name.remove_prefix(1);
  std::size_t start = 0;
  int depth = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (opens_bracket(name[i])) ++depth;
    if (closes_bracket(name[i])) --depth;
    if (depth == 0 && name.substr(i, 2) == "::") start = i + 2;
  }
  name.remove_prefix(start);
  if (const std::size_t end = name.find_first_of("<(", 1); end != std::string_view::npos) name = name.substr(0, end);
  return name;
}

/// The name of a function or member function without namespaces, classes and template arguments.
template <auto Function>
constexpr std::string_view function_name() {
  return unqualified(template_argument(spelling_of_value<Function>(), "Value = "));
}

/// The name of a type without namespaces, enclosing classes and template arguments.
template <class Type>
constexpr std::string_view type_name() {
  return unqualified(template_argument(spelling_of_type<Type>(), "Type = "));
}

template <class Workflow>
concept has_own_name = requires {
  { Workflow::name } -> std::convertible_to<std::string_view>;
};

/// The type name a workflow class has on the wire: its static member `name`, or the name of the class.
template <class Workflow>
constexpr std::string_view workflow_name() {
  if constexpr (has_own_name<Workflow>) {
    return Workflow::name;
  } else {
    return type_name<Workflow>();
  }
}

}  // namespace rondo::detail
