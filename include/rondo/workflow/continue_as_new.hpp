#pragma once
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "rondo/converter.hpp"
#include "rondo/detail/base/names.hpp"
#include "rondo/detail/base/signature.hpp"
#include "rondo/detail/run/continue_as_new_request.hpp"
#include "rondo/detail/run/payload_owner.hpp"
#include "rondo/detail/run/scheduler.hpp"
#include "rondo/name_of.hpp"
#include "rondo/options.hpp"
#include "rondo/workflow/traits.hpp"

namespace rondo::detail::run {

template <class... Values>
[[noreturn]] void go_on_as(std::string_view type, const continue_as_new_options& options,
                           const std::tuple<Values...>& values) {
  auto& run = require_current("workflow::continue_as_new");
  run.require_writable("workflow::continue_as_new");
  run.engine().check_next_run(type, options);
  payload_collector input;
  std::apply([&input](const auto&... each) { encode_all_of(current_owner(), input, each...); }, values);
  throw continue_as_new_request(std::string(type), options, input.take());
}

}  // namespace rondo::detail::run

namespace rondo::workflow {

using rondo::continue_as_new_options;

/// Ends this run and goes on in a new one of the same workflow, or of another one, with an empty history. Leaves the
/// calling coroutine like an exception; let it reach the end of run(). Throws std::invalid_argument when the options
/// cannot be carried out, such as a timeout that is negative.
template <class Workflow, class... Arguments>
  requires detail::workflow_class<Workflow>
[[noreturn]] void continue_as_new(const continue_as_new_options& options, Arguments&&... arguments) {
  using parameters = typename detail::workflow_traits<Workflow>::arguments;
  static_assert(detail::callable_with<parameters, Arguments...>,
                "the arguments do not match the parameters of the workflow's run()");
  detail::run::go_on_as(detail::workflow_name<Workflow>(), options, parameters(std::forward<Arguments>(arguments)...));
}
/// The same for a workflow that is a function, or that a declared function stands for.
template <auto Function, class... Arguments>
[[noreturn]] void continue_as_new(const continue_as_new_options& options, Arguments&&... arguments) {
  using parameters = typename detail::signature_of<Function>::args;
  static_assert(detail::callable_with<parameters, Arguments...>,
                "the arguments do not match the parameters of this workflow");
  detail::run::go_on_as(name_of<Function>, options, parameters(std::forward<Arguments>(arguments)...));
}
/// The same by name, such as for a workflow of another program.
template <class... Arguments>
[[noreturn]] void continue_as_new(std::string_view type, const continue_as_new_options& options,
                                  Arguments&&... arguments) {
  detail::run::go_on_as(type, options, std::tuple<std::decay_t<Arguments>...>(std::forward<Arguments>(arguments)...));
}

}  // namespace rondo::workflow
