#pragma once
#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/converter.hpp"
#include "rondo/deployment_version.hpp"
#include "rondo/detail/base/names.hpp"
#include "rondo/detail/base/signature.hpp"
#include "rondo/detail/run/definition.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/message_call.hpp"
#include "rondo/detail/run/value_shape.hpp"
#include "rondo/exception_types.hpp"
#include "rondo/payload.hpp"
#include "rondo/task.hpp"
#include "rondo/workflow/handlers.hpp"

namespace rondo::detail::run {

/// Runs a workflow's main coroutine and hands its result on.
template <class Result>
task<void> deliver_result(task<Result> body, host& to) {
  if constexpr (std::is_void_v<Result>) {
    co_await std::move(body);
    to.complete({});
  } else {
    const Result value = co_await std::move(body);
    to.complete(encoder(
        &value, [](const void* from, payload_sink& sink) { encode_own(sink, *static_cast<const Result*>(from)); }));
  }
}

/// The arguments of run(). A workflow for any type gets that type's name, and what it was started with.
template <class Parameters, bool Dynamic>
Parameters read_start(payload_span arguments, const host& of) {
  if constexpr (Dynamic) {
    return any_message(of.info().workflow_type, arguments);
  } else {
    return decode_own<Parameters>(arguments);
  }
}
template <class Parameters>
inline constexpr bool takes_any_start = std::is_same_v<Parameters, std::tuple<std::string, payload_list>>;

/// A workflow class with a constructor for the parameters of its run(). Aggregates do not count: what initialises them
/// is not written for that.
template <class Workflow, class Parameters>
inline constexpr bool constructed_from = false;
template <class Workflow, class... Parameters>
inline constexpr bool constructed_from<Workflow, std::tuple<Parameters...>> =
    sizeof...(Parameters) > 0 && std::is_constructible_v<Workflow, Parameters...> && !std::is_aggregate_v<Workflow>;

template <class Workflow>
concept declares_behavior = requires {
  { Workflow::versioning_behavior } -> std::convertible_to<versioning_behavior>;
};

/// The types of a function that others call.
template <class Signature>
inline constexpr const call_shape* shape_of_call =
    &call_shape_of<typename Signature::args, yielded_by<typename Signature::raw>>::value;

template <class Workflow>
concept declares_failure_exceptions = requires {
  { Workflow::failure_exceptions } -> std::convertible_to<exception_list>;
};

/// A workflow that is a class with a coroutine run() and declared handlers. `Dynamic`: for types that nobody else
/// implements.
template <class Workflow, bool Dynamic = false>
class class_workflow final : public workflow_object {
  using run_signature = signature<decltype(&Workflow::run)>;
  using parameters = typename run_signature::args;
  static constexpr bool has_init = !Dynamic && constructed_from<Workflow, parameters>;
  static_assert(is_task<typename run_signature::raw>,
                "run() of a workflow must be a coroutine that returns rondo::task");
  static_assert(run_signature::takes_values, "run() takes its parameters by value: they must outlive its first await");
  static_assert(has_init || std::default_initializable<Workflow>,
                "a workflow class needs a default constructor, or one that takes the parameters of its run()");
  static_assert(!Dynamic || takes_any_start<parameters>,
                "run() of a workflow for any type takes (std::string type, rondo::payload_list arguments)");

 public:
  explicit class_workflow(payload_span arguments) : object_(make(arguments)) {}

  task<void> run(payload_span arguments, host& to) override {
    auto values = read_start<parameters, Dynamic>(arguments, to);
    return deliver_result(
        std::apply([this](auto&&... each) { return object_.run(std::move(each)...); }, std::move(values)), to);
  }
  task<void> signal(std::size_t index, std::string_view name, payload_span arguments) override {
    return signals()[index](object_, name, arguments);
  }
  void query(std::size_t index, std::string_view name, payload_span arguments, payload_sink& answer) override {
    queries()[index](object_, name, arguments, answer);
  }
  task<void> update(std::size_t index, std::string_view name, payload_span arguments, bool validate,
                    update_answer& to) override {
    return updates()[index](object_, name, arguments, validate, to);
  }

  static workflow_definition definition(std::string name) {
    workflow_definition result;
    result.name = std::move(name);
    result.create = [](payload_span arguments) -> std::unique_ptr<workflow_object> {
      return std::make_unique<class_workflow>(arguments);
    };
    if constexpr (!Dynamic) result.shape = shape_of_call<run_signature>;
    if constexpr (declares_behavior<Workflow>) result.behavior = Workflow::versioning_behavior;
    if constexpr (declares_failure_exceptions<Workflow>) result.failure_exceptions = Workflow::failure_exceptions;
    each_handler([&result](const auto& handler) {
      auto& kind = handler.kind == handler_kind::signal  ? result.signals
                   : handler.kind == handler_kind::query ? result.queries
                                                         : result.updates;
      using declared = std::remove_cvref_t<decltype(handler)>;
      kind.push_back({.name = handler.is_dynamic ? std::string() : std::string(handler.options.name),
                      .description = std::string(handler.options.description),
                      .may_be_abandoned = handler.options.unfinished == unfinished_policy::abandon});
      if constexpr (!declared::is_dynamic) kind.back().shape = shape_of_call<typename declared::signature>;
    });
    return result;
  }

 private:
  static Workflow make(payload_span arguments) {
    if constexpr (has_init) {
      return std::make_from_tuple<Workflow>(decode_own<parameters>(arguments));
    } else {
      static_cast<void>(arguments);
      return Workflow();
    }
  }

  using signal_function = task<void> (*)(Workflow&, std::string_view, payload_span);
  using query_function = void (*)(const Workflow&, std::string_view, payload_span, payload_sink&);
  using update_function = task<void> (*)(Workflow&, std::string_view, payload_span, bool, update_answer&);

  template <class Function>
  static void each_handler(Function function) {
    if constexpr (has_handlers<Workflow>) {
      std::apply([&function](const auto&... each) { (function(each), ...); }, Workflow::handlers.all);
    }
  }
  static const std::vector<signal_function>& signals() {
    static const auto all = [] {
      std::vector<signal_function> table;
      each_handler([&table](auto handler) {
        if constexpr (decltype(handler)::kind == handler_kind::signal)
          table.push_back(&handle_signal<decltype(handler)>);
      });
      return table;
    }();
    return all;
  }
  static const std::vector<query_function>& queries() {
    static const auto all = [] {
      std::vector<query_function> table;
      each_handler([&table](auto handler) {
        if constexpr (decltype(handler)::kind == handler_kind::query) table.push_back(&handle_query<decltype(handler)>);
      });
      return table;
    }();
    return all;
  }
  static const std::vector<update_function>& updates() {
    static const auto all = [] {
      std::vector<update_function> table;
      each_handler([&table](auto handler) {
        if constexpr (decltype(handler)::kind == handler_kind::update)
          table.push_back(&handle_update<decltype(handler)>);
      });
      return table;
    }();
    return all;
  }

  template <class Handler>
  static task<void> handle_signal(Workflow& object, std::string_view name, payload_span arguments) {
    return call_handler(
        [&object](auto&&... each) { return (object.*Handler::member)(std::forward<decltype(each)>(each)...); },
        read_message<Handler>(name, arguments));
  }
  template <class Handler>
  static void handle_query(const Workflow& object, std::string_view name, payload_span arguments,
                           payload_sink& answer) {
    encode_own(answer, std::apply([&object](auto&&... each) { return (object.*Handler::member)(std::move(each)...); },
                                  read_message<Handler>(name, arguments)));
  }
  template <class Handler>
  static task<void> handle_update(Workflow& object, std::string_view name, payload_span arguments, bool validate,
                                  update_answer& to) {
    auto values = read_message<Handler>(name, arguments);
    if constexpr (Handler::has_validator) {
      if (validate) {
        const Workflow& read_only = object;
        std::apply([&read_only](const auto&... each) { (read_only.*Handler::validator)(each...); }, values);
      }
    }
    return answer_update(
        [&object](auto&&... each) { return (object.*Handler::member)(std::forward<decltype(each)>(each)...); },
        std::move(values), to);
  }

  Workflow object_;
};

/// A workflow that is a free coroutine.
template <auto Function, bool Dynamic = false>
class function_workflow final : public workflow_object {
  using run_signature = signature_of<Function>;
  static_assert(is_task<typename run_signature::raw>,
                "a workflow function must be a coroutine that returns rondo::task");
  static_assert(run_signature::takes_values,
                "a workflow takes its parameters by value: they must outlive its first await");
  static_assert(!Dynamic || takes_any_start<typename run_signature::args>,
                "a workflow for any type takes (std::string type, rondo::payload_list arguments)");

 public:
  task<void> run(payload_span arguments, host& to) override {
    auto values = read_start<typename run_signature::args, Dynamic>(arguments, to);
    return deliver_result(std::apply([](auto&&... each) { return Function(std::move(each)...); }, std::move(values)),
                          to);
  }
  task<void> signal(std::size_t /*index*/, std::string_view /*name*/, payload_span /*arguments*/) override {
    co_return;
  }
  void query(std::size_t /*index*/, std::string_view /*name*/, payload_span /*arguments*/,
             payload_sink& /*answer*/) override {}
  task<void> update(std::size_t /*index*/, std::string_view /*name*/, payload_span /*arguments*/, bool /*validate*/,
                    update_answer& /*to*/) override {
    co_return;
  }

  static workflow_definition definition(std::string name) {
    workflow_definition result;
    result.name = std::move(name);
    result.create = [](payload_span /*arguments*/) -> std::unique_ptr<workflow_object> {
      return std::make_unique<function_workflow>();
    };
    if constexpr (!Dynamic) result.shape = shape_of_call<run_signature>;
    return result;
  }
};

}  // namespace rondo::detail::run
