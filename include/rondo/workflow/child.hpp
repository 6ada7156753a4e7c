#pragma once
#include <coroutine>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "rondo/converter.hpp"
#include "rondo/detail/base/names.hpp"
#include "rondo/detail/base/signature.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/operation.hpp"
#include "rondo/detail/run/payload_owner.hpp"
#include "rondo/detail/run/two_step_operation.hpp"
#include "rondo/name_of.hpp"
#include "rondo/options.hpp"
#include "rondo/workflow/external.hpp"
#include "rondo/workflow/traits.hpp"

// Child workflows.
namespace rondo::workflow {

/// A child that is run to its end: `co_await` gives its result or throws child_workflow_failure.
template <class Result, class... Arguments>
class [[nodiscard("a child does nothing until it is awaited or started")]] child_call final
    : public detail::run::operation<child_call<Result, Arguments...>, Result> {
 public:
  template <class... Values>
  child_call(std::string_view type, const child_workflow_options& options, Values&&... values)
      : type_(type), options_(options), arguments_(std::forward<Values>(values)...) {}

 private:
  void begin(detail::run::host& engine) override {
    const auto whose = [&] { return detail::run::owner_of(engine, options_); };
    this->result_belongs_to(whose);
    const detail::run::owned_values given(arguments_, whose);
    engine.start_child({.workflow_type = type_, .options = options_, .input = given.input()}, nullptr, *this);
  }

  std::string_view type_;
  child_workflow_options options_;
  std::tuple<Arguments...> arguments_;
};

}  // namespace rondo::workflow

namespace rondo::detail::run {

/// The end of a child.
template <class Result>
class child_end final : public end_state<Result> {
 public:
  /// `call` is read when it begins, which must be soon.
  child_end(const child_workflow_call& call, completion& start) : call_(&call), start_(&start) {}
  /// Set when it has begun.
  const std::string& workflow_id() const noexcept { return workflow_id_; }
  /// Empty: the parent's.
  const std::string& namespace_() const noexcept { return namespace_of_child_; }

 private:
  void begin(host& engine) override {
    this->result_belongs_to([&] { return owner_of(engine, call_->options); });
    const auto child = engine.start_child(*call_, start_, *this);
    workflow_id_ = child.workflow_id;
    namespace_of_child_ = child.namespace_;
  }

  const child_workflow_call* call_;
  completion* start_;
  std::string workflow_id_, namespace_of_child_;
};

}  // namespace rondo::detail::run

namespace rondo::workflow {

/// A child that has begun. It goes on without its handle; what becomes of it when this workflow ends is said by
/// `child_workflow_options::parent_close`. `Workflow` is its class.
template <class Workflow>
class child_workflow : public signal_target<child_workflow<Workflow>, Workflow> {
 public:
  using result_type = typename detail::workflow_traits<Workflow>::result;
  using end = detail::run::child_end<result_type>;

  child_workflow(std::unique_ptr<end> of, std::string run_id) : end_(std::move(of)), run_id_(std::move(run_id)) {}

  const std::string& id() const noexcept { return end_->workflow_id(); }
  /// Its first run.
  const std::string& run_id() const noexcept { return run_id_; }

  /// Its result, awaited once. Throws child_workflow_failure.
  auto result() const noexcept { return detail::run::end_result<end>(*end_); }
  /// Cancels it, as its cancellation type says.
  void cancel() { end_->cancel("cancelling a child"); }

 private:
  friend class signal_target<child_workflow, Workflow>;
  detail::run::other_workflow target() const {
    return {.namespace_ = end_->namespace_(), .workflow_id = id(), .child_only = true};
  }

  std::unique_ptr<end> end_;
  std::string run_id_;
};

/// A child that is started: `co_await` gives its handle once it has begun, or throws child_workflow_failure.
template <class Workflow, class... Arguments>
class [[nodiscard("a child does nothing until it is awaited or started")]] child_start final
    : public detail::run::start_state<child_start<Workflow, Arguments...>, child_workflow<Workflow>> {
 public:
  template <class... Values>
  child_start(std::string_view type, const child_workflow_options& options, Values&&... values)
      : type_(type), options_(options), arguments_(std::forward<Values>(values)...) {}

 private:
  void begin(detail::run::host& engine) override {
    const auto whose = [&] { return detail::run::owner_of(engine, options_); };
    const detail::run::owned_values given(arguments_, whose);
    this->begin_with(
        detail::run::child_workflow_call{.workflow_type = type_, .options = options_, .input = given.input()});
  }

  std::string_view type_;
  child_workflow_options options_;
  std::tuple<Arguments...> arguments_;
};

}  // namespace rondo::workflow

namespace rondo::detail {

/// The calls of a workflow with these parameters.
template <class Workflow, class Parameters>
struct child_calls_of;
template <class Workflow, class... Parameters>
struct child_calls_of<Workflow, std::tuple<Parameters...>> {
  using call = workflow::child_call<typename workflow_traits<Workflow>::result, Parameters...>;
  using start = workflow::child_start<Workflow, Parameters...>;
};
template <class Workflow, class... Arguments>
struct checked_child_calls : child_calls_of<Workflow, typename workflow_traits<Workflow>::arguments> {
  static_assert(callable_with<typename workflow_traits<Workflow>::arguments, Arguments...>,
                "the arguments do not match the parameters of this workflow");
  static_assert(
      (safe_in_await<Arguments> && ...),
      "gcc 12 destroys this temporary twice inside a co_await expression: name it in a variable and pass that");
};

}  // namespace rondo::detail

namespace rondo::workflow {

/// Runs a workflow class as a child and gives its result: `co_await execute_child<order_workflow>(options, order)`.
/// Throws child_workflow_failure.
template <class Workflow, class... Arguments>
  requires detail::workflow_class<Workflow>
auto execute_child(const child_workflow_options& options, Arguments&&... arguments) {
  using call = typename detail::checked_child_calls<Workflow, Arguments...>::call;
  return call(detail::workflow_name<Workflow>(), options, std::forward<Arguments>(arguments)...);
}
/// The same for a workflow that is a function, or that a declared function stands for.
template <auto Function, class... Arguments>
auto execute_child(const child_workflow_options& options, Arguments&&... arguments) {
  using call = typename detail::checked_child_calls<detail::workflow_function<Function>, Arguments...>::call;
  return call(name_of<Function>, options, std::forward<Arguments>(arguments)...);
}
/// The same by name, such as for a workflow of another program. `type` must outlive the call.
template <class Result, class... Arguments>
auto execute_child(std::string_view type, const child_workflow_options& options, Arguments&&... arguments) {
  using call =
      typename detail::child_calls_of<detail::workflow_named<Result>, std::tuple<std::decay_t<Arguments>...>>::call;
  return call(type, options, std::forward<Arguments>(arguments)...);
}

/// Starts a workflow class as a child and gives a handle of it once it has begun.
template <class Workflow, class... Arguments>
  requires detail::workflow_class<Workflow>
auto start_child(const child_workflow_options& options, Arguments&&... arguments) {
  using call = typename detail::checked_child_calls<Workflow, Arguments...>::start;
  return call(detail::workflow_name<Workflow>(), options, std::forward<Arguments>(arguments)...);
}
template <auto Function, class... Arguments>
auto start_child(const child_workflow_options& options, Arguments&&... arguments) {
  using call = typename detail::checked_child_calls<detail::workflow_function<Function>, Arguments...>::start;
  return call(name_of<Function>, options, std::forward<Arguments>(arguments)...);
}
template <class Result, class... Arguments>
auto start_child(std::string_view type, const child_workflow_options& options, Arguments&&... arguments) {
  using call =
      typename detail::child_calls_of<detail::workflow_named<Result>, std::tuple<std::decay_t<Arguments>...>>::start;
  return call(type, options, std::forward<Arguments>(arguments)...);
}

}  // namespace rondo::workflow
