#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "rondo/detail/base/signature.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/operation.hpp"
#include "rondo/detail/run/two_step_operation.hpp"
#include "rondo/nexus_operation.hpp"
#include "rondo/options.hpp"

// Nexus operations, called from workflows.
namespace rondo::workflow {

/// Which operation is called, by names; they must outlive the call.
struct nexus_target {
  /// The endpoint, which the operators of the cluster have made and which leads to a namespace and a task queue.
  std::string_view endpoint;
  std::string_view service, operation;
};

/// An operation that is run to its end: `co_await` gives its result or throws nexus_operation_failure.
template <class Result, class... Input>
class [[nodiscard("an operation does nothing until it is awaited or started")]] nexus_call final
    : public detail::run::operation<nexus_call<Result, Input...>, Result> {
 public:
  template <class... Values>
  nexus_call(const nexus_target& target, const nexus_operation_options& options, Values&&... values)
      : target_(target), options_(options), input_(std::forward<Values>(values)...) {}

 private:
  void begin(detail::run::host& engine) override {
    const auto whose = detail::operation_owner_of(target_);
    this->result_belongs_to(whose);
    const detail::run::owned_values given(input_, whose);
    engine.start_nexus_operation({.endpoint = target_.endpoint,
                                  .service = target_.service,
                                  .operation = target_.operation,
                                  .options = options_,
                                  .input = given.input()},
                                 nullptr, *this);
  }

  nexus_target target_;
  nexus_operation_options options_;
  std::tuple<Input...> input_;
};

}  // namespace rondo::workflow

namespace rondo::detail::run {

/// The end of a Nexus operation.
template <class Result>
class nexus_end final : public end_state<Result> {
 public:
  /// `call` is read when it begins, which must be soon.
  nexus_end(const nexus_call& call, completion& start) : call_(&call), start_(&start) {}

 private:
  void begin(host& engine) override {
    this->result_belongs_to(operation_owner_of(*call_));
    engine.start_nexus_operation(*call_, start_, *this);
  }

  const nexus_call* call_;
  completion* start_;
};

}  // namespace rondo::detail::run

namespace rondo::workflow {

/// An operation that has started. It goes on without its handle.
template <class Result>
class nexus_handle {
 public:
  using result_type = Result;
  using end = detail::run::nexus_end<Result>;

  nexus_handle(std::unique_ptr<end> of, std::string token) : end_(std::move(of)), token_(std::move(token)) {}

  /// What its handler calls it; empty when it ended at once.
  const std::string& token() const noexcept { return token_; }
  /// Its result, awaited once. Throws nexus_operation_failure.
  auto result() const noexcept { return detail::run::end_result<end>(*end_); }
  /// Cancels it, as its cancellation type says.
  void cancel() { end_->cancel("cancelling a Nexus operation"); }

 private:
  std::unique_ptr<end> end_;
  std::string token_;
};

/// An operation that is started: `co_await` gives its handle once it has started or ended, or throws
/// nexus_operation_failure.
template <class Result, class... Input>
class [[nodiscard("an operation does nothing until it is awaited or started")]] nexus_start final
    : public detail::run::start_state<nexus_start<Result, Input...>, nexus_handle<Result>> {
 public:
  template <class... Values>
  nexus_start(const nexus_target& target, const nexus_operation_options& options, Values&&... values)
      : target_(target), options_(options), input_(std::forward<Values>(values)...) {}

 private:
  void begin(detail::run::host& /*engine*/) override {
    const auto whose = detail::operation_owner_of(target_);
    const detail::run::owned_values given(input_, whose);
    this->begin_with(detail::run::nexus_call{.endpoint = target_.endpoint,
                                             .service = target_.service,
                                             .operation = target_.operation,
                                             .options = options_,
                                             .input = given.input()});
  }

  nexus_target target_;
  nexus_operation_options options_;
  std::tuple<Input...> input_;
};

}  // namespace rondo::workflow

namespace rondo::detail {

/// The calls of an operation with this input.
template <class Input, class Output, class... Arguments>
struct checked_nexus_calls {
  static_assert(sizeof...(Arguments) == 1, "this operation takes one value");
  static_assert((std::is_convertible_v<Arguments, Input> && ...), "the argument is not what this operation takes");
  static_assert(
      (safe_in_await<Arguments> && ...),
      "gcc 12 destroys this temporary twice inside a co_await expression: name it in a variable and pass that");
  using call = workflow::nexus_call<Output, Input>;
  using start = workflow::nexus_start<Output, Input>;
};
template <class Output, class... Arguments>
struct checked_nexus_calls<void, Output, Arguments...> {
  static_assert(sizeof...(Arguments) == 0, "this operation takes nothing");
  using call = workflow::nexus_call<Output>;
  using start = workflow::nexus_start<Output>;
};
template <class... Arguments>
struct named_nexus_input {
  static_assert(sizeof...(Arguments) <= 1, "a Nexus operation takes at most one value");
  static_assert(
      (safe_in_await<Arguments> && ...),
      "gcc 12 destroys this temporary twice inside a co_await expression: name it in a variable and pass that");
  template <class Result>
  using call = workflow::nexus_call<Result, std::decay_t<Arguments>...>;
  template <class Result>
  using start = workflow::nexus_start<Result, std::decay_t<Arguments>...>;
};

}  // namespace rondo::detail

namespace rondo::workflow {

/// A Nexus service behind an endpoint:
///
///     const workflow::nexus_service<greetings> service("prod-greetings");
///     const auto text = co_await service.execute(greetings::greet, {.schedule_to_close_timeout = 1min}, name);
template <detail::nexus_service_description Service>
class nexus_service {
 public:
  /// `endpoint` must outlive the calls; a literal does.
  explicit constexpr nexus_service(std::string_view endpoint) noexcept : endpoint_(endpoint) {}

  /// Runs an operation to its end. Throws nexus_operation_failure.
  template <class Input, class Output, class... Arguments>
  auto execute(const nexus_operation<Input, Output>& operation, const nexus_operation_options& options,
               Arguments&&... arguments) const {
    using call = typename detail::checked_nexus_calls<Input, Output, Arguments...>::call;
    return call(target(operation.name), options, std::forward<Arguments>(arguments)...);
  }
  /// Starts an operation and gives a handle of it. Throws nexus_operation_failure when it fails before it has started.
  template <class Input, class Output, class... Arguments>
  auto start(const nexus_operation<Input, Output>& operation, const nexus_operation_options& options,
             Arguments&&... arguments) const {
    using call = typename detail::checked_nexus_calls<Input, Output, Arguments...>::start;
    return call(target(operation.name), options, std::forward<Arguments>(arguments)...);
  }

 private:
  nexus_target target(std::string_view operation) const noexcept {
    return {.endpoint = endpoint_, .service = Service::name, .operation = operation};
  }

  std::string_view endpoint_;
};

/// Runs an operation that is known by its names only, such as one of another program. It takes at most one argument.
template <class Result, class... Arguments>
auto execute_nexus(const nexus_target& target, const nexus_operation_options& options, Arguments&&... arguments) {
  using call = typename detail::named_nexus_input<Arguments...>::template call<Result>;
  return call(target, options, std::forward<Arguments>(arguments)...);
}
template <class Result, class... Arguments>
auto start_nexus(const nexus_target& target, const nexus_operation_options& options, Arguments&&... arguments) {
  using call = typename detail::named_nexus_input<Arguments...>::template start<Result>;
  return call(target, options, std::forward<Arguments>(arguments)...);
}

}  // namespace rondo::workflow
