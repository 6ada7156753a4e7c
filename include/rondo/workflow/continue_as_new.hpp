#pragma once
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "rondo/converter.hpp"
#include "rondo/detail/base/names.hpp"
#include "rondo/detail/base/signature.hpp"
#include "rondo/detail/run/continue_as_new_request.hpp"
#include "rondo/detail/run/scheduler.hpp"
#include "rondo/options.hpp"

namespace rondo::workflow {

/// What the next run of a workflow has otherwise than this one.
struct continue_as_new_options {
  /// Empty: the task queue of this run.
  std::string_view task_queue{};
  /// Zero: as in this run.
  duration run_timeout{}, task_timeout{};
};

/// Ends this run and goes on in a new one of the same workflow, or of another one, with an empty history. Leaves the
/// calling coroutine like an exception; let it reach the end of run().
template <class Workflow, class... Arguments>
[[noreturn]] void continue_as_new(const continue_as_new_options& options, Arguments&&... arguments) {
  using parameters = typename detail::signature<decltype(&Workflow::run)>::args;
  static_assert(detail::callable_with<parameters, Arguments...>,
                "the arguments do not match the parameters of the workflow's run()");
  auto& run = detail::run::require_current("workflow::continue_as_new");
  run.require_writable("workflow::continue_as_new");
  const parameters values(std::forward<Arguments>(arguments)...);
  payload_collector input;
  std::apply([&input](const auto&... each) { encode_all(input, each...); }, values);
  throw detail::run::continue_as_new_request(std::string(detail::workflow_name<Workflow>()),
                                             std::string(options.task_queue), options.run_timeout, options.task_timeout,
                                             input.take());
}

}  // namespace rondo::workflow
