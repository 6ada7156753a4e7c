#pragma once
#include <concepts>
#include <string_view>

#include "rondo/serialization_context.hpp"

// How a Nexus service is described, for those who call it and those who serve it.
namespace rondo {

/// An operation of a Nexus service: its name, what it takes and what it gives. `Input` and `Output` may be void. A
/// service is a class with a name and its operations:
///
///     struct greetings {
///       static constexpr std::string_view name = "greetings";
///       static constexpr rondo::nexus_operation<std::string, std::string> greet{"greet"};
///     };
template <class Input, class Output>
struct nexus_operation {
  using input = Input;
  using output = Output;
  std::string_view name;
};

namespace detail {

template <class Service>
concept nexus_service_description = requires {
  { Service::name } -> std::convertible_to<std::string_view>;
};

/// Whose the values of an operation are, on both sides of its endpoint.
inline serialization_context operation_owner(std::string_view endpoint, std::string_view service,
                                             std::string_view operation) {
  serialization_context made;
  made.nexus_endpoint = endpoint;
  made.nexus_service = service;
  made.nexus_operation = operation;
  return made;
}

/// The same of what knows all three: a target, a call, a running operation. It must outlive the answer.
template <class Operation>
auto operation_owner_of(const Operation& about) noexcept {
  return [&about] { return operation_owner(about.endpoint, about.service, about.operation); };
}

}  // namespace detail
}  // namespace rondo
