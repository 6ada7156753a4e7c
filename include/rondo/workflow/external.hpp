#pragma once
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "rondo/converter.hpp"
#include "rondo/detail/base/signature.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/operation.hpp"
#include "rondo/detail/run/payload_owner.hpp"
#include "rondo/workflow/traits.hpp"

// Signals and cancellation of other workflows, by workflow code.
namespace rondo::workflow {

/// A signal to another workflow that has not been sent yet. Awaiting it waits until it is delivered; throws
/// application_failure of type "ExternalWorkflowExecutionNotFound", "NamespaceNotFound" or "SignalCountLimitExceeded".
/// What is on its way cannot be cancelled any more.
template <class... Arguments>
class [[nodiscard("a signal does nothing until it is awaited or started")]] signal_call final
    : public detail::run::operation<signal_call<Arguments...>, void> {
 public:
  template <class... Values>
  signal_call(const detail::run::other_workflow& to, std::string_view name, Values&&... values)
      : to_(to), name_(name), arguments_(std::forward<Values>(values)...) {}

 private:
  void begin(detail::run::host& engine) override {
    const auto whose = [&] { return detail::run::owner_of(engine, to_); };
    const detail::run::owned_values given(arguments_, whose);
    engine.signal_workflow({.to = to_, .name = name_, .input = given.input()}, *this);
  }

  detail::run::other_workflow to_;
  std::string_view name_;
  std::tuple<Arguments...> arguments_;
};

/// A request that another workflow cancel itself. Awaiting it waits until that has been told; throws
/// application_failure of type "ExternalWorkflowExecutionNotFound" or "NamespaceNotFound".
class [[nodiscard("a cancellation does nothing until it is awaited or started")]] cancel_call final
    : public detail::run::operation<cancel_call, void> {
 public:
  cancel_call(const detail::run::other_workflow& which, std::string_view reason) : which_(which), reason_(reason) {}

 private:
  void begin(detail::run::host& engine) override { engine.cancel_workflow(which_, reason_, *this); }

  detail::run::other_workflow which_;
  std::string_view reason_;
};

}  // namespace rondo::workflow

namespace rondo::detail {

template <class Parameters>
struct signal_call_for;
template <class... Parameters>
struct signal_call_for<std::tuple<Parameters...>> {
  using type = workflow::signal_call<Parameters...>;
};

template <class Workflow, auto Member, class... Arguments>
auto make_signal_call(const run::other_workflow& to, Arguments&&... arguments) {
  using parameters = typename signature_of<Member>::args;
  static_assert(callable_with<parameters, Arguments...>, "the arguments do not match the parameters of this signal");
  static_assert(
      (safe_in_await<Arguments> && ...),
      "gcc 12 destroys this temporary twice inside a co_await expression: name it in a variable and pass that");
  using call = typename signal_call_for<parameters>::type;
  return call(to, handler_name_in<Member, Workflow>(), std::forward<Arguments>(arguments)...);
}
template <class... Arguments>
auto make_signal_call(const run::other_workflow& to, std::string_view name, Arguments&&... arguments) {
  static_assert(
      (safe_in_await<Arguments> && ...),
      "gcc 12 destroys this temporary twice inside a co_await expression: name it in a variable and pass that");
  return workflow::signal_call<std::decay_t<Arguments>...>(to, name, std::forward<Arguments>(arguments)...);
}

}  // namespace rondo::detail

namespace rondo::workflow {

/// What can be signalled: `Handle` has a `target()`.
template <class Handle, class Workflow>
class signal_target {
 public:
  /// Sends the signal that this member function handles. The handle must live until the call has begun.
  template <auto Member, class... Arguments>
  auto signal(Arguments&&... arguments) const {
    return detail::make_signal_call<Workflow, Member>(static_cast<const Handle&>(*this).target(),
                                                      std::forward<Arguments>(arguments)...);
  }
  template <class... Arguments>
  auto signal(std::string_view name, Arguments&&... arguments) const {
    return detail::make_signal_call(static_cast<const Handle&>(*this).target(), name,
                                    std::forward<Arguments>(arguments)...);
  }

 protected:
  signal_target() = default;
};

/// Another workflow, of the same namespace unless one is given. `Workflow` is its class, void for any.
///
///   co_await workflow::external<order_workflow>("order-1").signal<&order_workflow::approve>("ada");
template <class Workflow = void>
class external_workflow : public signal_target<external_workflow<Workflow>, Workflow> {
 public:
  external_workflow(std::string id, std::string run_id, std::string other_namespace)
      : id_(std::move(id)), run_id_(std::move(run_id)), namespace_(std::move(other_namespace)) {}

  const std::string& id() const noexcept { return id_; }
  /// Empty: the present run.
  const std::string& run_id() const noexcept { return run_id_; }

  /// Asks it to end; it may clean up first, or refuse.
  cancel_call cancel(std::string_view reason = {}) const { return cancel_call(target(), reason); }

 private:
  friend class signal_target<external_workflow, Workflow>;
  detail::run::other_workflow target() const {
    return {.namespace_ = namespace_, .workflow_id = id_, .run_id = run_id_, .child_only = false};
  }
  std::string id_, run_id_, namespace_;
};

/// A handle of another workflow; nothing is asked of anybody. Without a run it means the present one.
template <class Workflow = void>
external_workflow<Workflow> external(std::string_view id, std::string_view run_id = {},
                                     std::string_view other_namespace = {}) {
  return external_workflow<Workflow>(std::string(id), std::string(run_id), std::string(other_namespace));
}

}  // namespace rondo::workflow
