#pragma once
#include <concepts>
#include <string_view>
#include <type_traits>

#include "rondo/detail/base/signature.hpp"
#include "rondo/workflow/call.hpp"
#include "rondo/workflow/handlers.hpp"

// How calls name the workflow that they mean, and what follows from it.
namespace rondo::detail {

/// A workflow that is a free coroutine.
template <auto Function>
struct workflow_function {};
/// A workflow of another program, named by its type, with the type of its result.
template <class Result>
struct workflow_named {};

template <class Workflow>
struct workflow_traits {
  using signature = rondo::detail::signature<decltype(&Workflow::run)>;
  using arguments = typename signature::args;
  using result = typename awaited<typename signature::raw>::type;
};
template <auto Function>
struct workflow_traits<workflow_function<Function>> {
  using signature = signature_of<Function>;
  using arguments = typename signature::args;
  using result = result_of<Function>;
};
template <class Result>
struct workflow_traits<workflow_named<Result>> {
  using result = Result;
};

template <class Workflow>
concept workflow_class = requires { &Workflow::run; };

/// The wire name of the handler that `Member` is, in a handle of `Workflow`; for a handle of any workflow the class of
/// the member says it.
template <auto Member, class Workflow>
constexpr std::string_view handler_name_in() {
  using owner = typename signature_of<Member>::owner;
  static_assert(!std::is_void_v<owner>, "a handler is named by a member function of the workflow class");
  if constexpr (workflow_class<Workflow>) {
    static_assert(std::derived_from<Workflow, owner>, "this is a member function of another workflow class");
    return handler_name<Member, Workflow>();
  } else {
    return handler_name<Member, owner>();
  }
}

}  // namespace rondo::detail
