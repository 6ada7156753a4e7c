#pragma once
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "rondo/converter.hpp"
#include "rondo/detail/base/signature.hpp"
#include "rondo/detail/data/wire.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/operation.hpp"
#include "rondo/detail/run/payload_owner.hpp"
#include "rondo/options.hpp"
#include "rondo/workflow/external.hpp"
#include "rondo/workflow/traits.hpp"

// Signals to other workflows that are started when they do not run.
namespace rondo::workflow {

/// Such a signal that has not been sent yet. Awaiting it gives a handle of the workflow, with the run that got it, or
/// throws nexus_operation_failure: the server does it as a Nexus operation of its own.
template <class Workflow, class SignalArguments, class Arguments>
class [[nodiscard("a signal does nothing until it is awaited or started")]] signal_with_start_call final
    : public detail::run::operation_state {
 public:
  using result_type = external_workflow<Workflow>;
  using rondo_workflow_awaitable = void;

  template <class... Values>
  signal_with_start_call(std::string_view type, const signal_with_start_options& options, std::string_view signal,
                         SignalArguments signal_arguments, Values&&... values)
      : type_(type),
        signal_(signal),
        options_(options),
        signal_arguments_(std::move(signal_arguments)),
        arguments_(std::forward<Values>(values)...) {}

  started<signal_with_start_call> start() && { return started<signal_with_start_call>(std::move(*this)); }
  auto awaiter(detail::run::coroutine_node& caller) noexcept {
    return detail::run::operation_awaiter<signal_with_start_call>(*this, caller);
  }
  external_workflow<Workflow> take() {
    rethrow();
    return external_workflow<Workflow>(id_, run_id_, {});
  }

 private:
  void begin(detail::run::host& engine) override {
    const auto whose = [&] {
      return detail::run::owner_of(engine, detail::run::other_workflow{.workflow_id = options_.id});
    };
    const detail::run::owned_values given(arguments_, whose);
    const detail::run::owned_values signalled(signal_arguments_, whose);
    id_ = engine.signal_with_start({.workflow_type = type_,
                                    .options = options_,
                                    .input = given.input(),
                                    .signal = signal_,
                                    .signal_input = signalled.input()},
                                   *this);
  }
  /// The run is field 1 of temporal.api.workflowservice.v1.SignalWithStartWorkflowExecutionResponse.
  void read(const detail::run::outcome& result) override {
    if (!result.values.empty()) run_id_ = detail::data::find_field(result.values.front().data(), 1);
  }

  std::string_view type_, signal_;
  signal_with_start_options options_;
  SignalArguments signal_arguments_;
  Arguments arguments_;
  std::string id_, run_id_;
};

/// Signals a workflow, after starting it if it does not run:
///
///     const std::tuple by(name);
///     auto order = co_await workflow::signal_with_start<order_workflow, &order_workflow::approve>({.id = "o-1"}, by,
///     cart);
///
/// The server must allow it (`history.enableSignalWithStartFromWorkflow`); one that does not refuses the workflow task.
template <class Workflow, auto Signal, class... SignalArguments, class... Arguments>
auto signal_with_start(const signal_with_start_options& options, std::tuple<SignalArguments...> signal_arguments,
                       Arguments&&... arguments) {
  using signal_parameters = typename detail::signature_of<Signal>::args;
  using parameters = typename detail::workflow_traits<Workflow>::arguments;
  static_assert(detail::callable_with<signal_parameters, SignalArguments...>,
                "the arguments do not match the parameters of this signal");
  static_assert(detail::callable_with<parameters, Arguments...>,
                "the arguments do not match the parameters of this workflow");
  static_assert(
      (detail::safe_in_await<Arguments> && ...),
      "gcc 12 destroys this temporary twice inside a co_await expression: name it in a variable and pass that");
  return signal_with_start_call<Workflow, signal_parameters, parameters>(
      detail::workflow_name<Workflow>(), options, detail::handler_name_in<Signal, Workflow>(),
      signal_parameters(std::move(signal_arguments)), std::forward<Arguments>(arguments)...);
}
/// The same by names, such as for a workflow of another program. They must outlive the call.
template <class... SignalArguments, class... Arguments>
auto signal_with_start(std::string_view type, const signal_with_start_options& options, std::string_view signal,
                       std::tuple<SignalArguments...> signal_arguments, Arguments&&... arguments) {
  static_assert(
      (detail::safe_in_await<Arguments> && ...),
      "gcc 12 destroys this temporary twice inside a co_await expression: name it in a variable and pass that");
  return signal_with_start_call<void, std::tuple<SignalArguments...>, std::tuple<std::decay_t<Arguments>...>>(
      type, options, signal, std::move(signal_arguments), std::forward<Arguments>(arguments)...);
}

}  // namespace rondo::workflow
