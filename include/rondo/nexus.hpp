#pragma once
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <asio/awaitable.hpp>

#include "rondo/converter.hpp"
#include "rondo/detail/run/activity_definition.hpp"
#include "rondo/detail/run/nexus_definition.hpp"
#include "rondo/detail/run/value_shape.hpp"
#include "rondo/failure.hpp"
#include "rondo/nexus_context.hpp"
#include "rondo/nexus_operation.hpp"
#include "rondo/payload.hpp"

// Nexus services as workers serve them.
namespace rondo::detail::run {

template <class Input>
Input read_nexus_input(const nexus_context& context, payload_span given) {
  try {
    return decode_of<Input>(operation_owner_of(context.info()),
                            given.empty() ? payload_view(encoding::null, {}) : given.front());
  } catch (const conversion_error& failed) {
    throw nexus_handler_failure(failed.what(), nexus_error::bad_request);
  }
}

/// Calls a handler, which takes a context, the input, both or nothing.
template <class Input, class Function>
decltype(auto) call_nexus_handler(const Function& handler, nexus_context& context, payload_span given) {
  if constexpr (std::is_void_v<Input>) {
    if constexpr (std::is_invocable_v<const Function&, nexus_context&>) {
      return handler(context);
    } else {
      static_assert(std::is_invocable_v<const Function&>, "the handler does not take what the operation takes");
      return handler();
    }
  } else if constexpr (std::is_invocable_v<const Function&, nexus_context&, Input>) {
    return handler(context, read_nexus_input<Input>(context, given));
  } else {
    static_assert(std::is_invocable_v<const Function&, Input>, "the handler does not take what the operation takes");
    return handler(read_nexus_input<Input>(context, given));
  }
}

template <class Output, class Returned>
constexpr void check_nexus_result() {
  if constexpr (!std::is_same_v<Returned, nexus_run<Output>>) {
    constexpr bool fits = std::is_void_v<Output> ? std::is_void_v<Returned> : std::is_convertible_v<Returned, Output>;
    static_assert(fits, "the handler, or the workflow it starts, does not return what the operation gives");
  }
}

/// Writes what a handler has returned; nothing for an operation that goes on.
template <class Output, class Returned>
void write_nexus_result(const nexus_context& context, payload_sink& to, Returned&& returned) {
  if constexpr (!std::is_same_v<std::remove_cvref_t<Returned>, nexus_run<Output>>) {
    const Output value = std::forward<Returned>(returned);
    encode_all_of(operation_owner_of(context.info()), to, value);
  }
}

template <class Input, class Output, class Function>
class blocking_nexus_handler_of final : public blocking_nexus_handler {
 public:
  explicit blocking_nexus_handler_of(Function handler) : handler_(std::move(handler)) {}
  void run(nexus_context& context, payload_span input, payload_sink& result) const override {
    using returned = decltype(call_nexus_handler<Input>(handler_, context, input));
    check_nexus_result<Output, std::remove_cvref_t<returned>>();
    if constexpr (std::is_void_v<returned>) {
      call_nexus_handler<Input>(handler_, context, input);
      result.add(encoding::null);
    } else {
      write_nexus_result<Output>(context, result, call_nexus_handler<Input>(handler_, context, input));
    }
  }

 private:
  Function handler_;
};

template <class Input, class Output, class Function>
class async_nexus_handler_of final : public async_nexus_handler {
 public:
  explicit async_nexus_handler_of(Function handler) : handler_(std::move(handler)) {}
  coroutine run(nexus_context& context, payload_span input, payload_sink& result) const override {
    return deliver(call_nexus_handler<Input>(handler_, context, input), context, result);
  }

 private:
  template <class Returned, class Executor>
  static coroutine deliver(asio::awaitable<Returned, Executor> body, const nexus_context& context,
                           payload_sink& result) {
    check_nexus_result<Output, Returned>();
    if constexpr (std::is_void_v<Returned>) {
      co_await std::move(body);
      result.add(encoding::null);
    } else {
      const Returned value = co_await std::move(body);
      write_nexus_result<Output>(context, result, value);
    }
  }

  Function handler_;
};

template <class Input, class Output, class Function>
nexus_code define_nexus_code(Function handler) {
  using returned =
      decltype(call_nexus_handler<Input>(handler, std::declval<nexus_context&>(), std::declval<payload_span>()));
  nexus_code made;
  if constexpr (is_asio_awaitable<std::remove_cvref_t<returned>>) {
    made.async = std::make_shared<const async_nexus_handler_of<Input, Output, Function>>(std::move(handler));
  } else {
    made.blocking = std::make_shared<const blocking_nexus_handler_of<Input, Output, Function>>(std::move(handler));
  }
  return made;
}

template <class Input, class Output, class Function>
nexus_operation_definition define_nexus_operation(Function handler) {
  using inputs = std::conditional_t<std::is_void_v<Input>, std::tuple<>, std::tuple<Input>>;
  return {.start = define_nexus_code<Input, Output>(std::move(handler)),
          .shape = &call_shape_of<inputs, Output>::value};
}

}  // namespace rondo::detail::run

namespace rondo {

/// The handlers of a Nexus service:
///
///     app.nexus_service(rondo::nexus_handlers<greetings>()
///                           .operation(greetings::greet, greet)
///                           .operation(greetings::order, [](rondo::nexus_context& context, order what) {
///                             return context.start_workflow<order_workflow>({.id = what.id}, what);
///                           }));
///
/// A handler is a function or a callable that takes a nexus_context&, the input, both, or nothing. It gives the result
/// of the operation at once, or a nexus_run; one that returns asio::awaitable runs on the event loop, others on a pool
/// of threads, where several calls run at once.
///
/// Cancelling an operation cancels the workflow or the activity that it goes on as, unless on_cancel() says otherwise.
template <detail::nexus_service_description Service>
class nexus_handlers {
 public:
  nexus_handlers() { definition_.name = Service::name; }

  /// Throws std::invalid_argument when the operation has no name, or a handler already.
  template <class Input, class Output, class Function>
  nexus_handlers& operation(const nexus_operation<Input, Output>& which, Function handler) {
    if (which.name.empty()) throw std::invalid_argument("a Nexus operation of '" + definition_.name + "' has no name");
    const auto added = definition_.operations
                           .try_emplace(std::string(which.name),
                                        detail::run::define_nexus_operation<Input, Output>(std::move(handler)))
                           .second;
    if (!added) throw std::invalid_argument("Nexus operation '" + full_name(which.name) + "' has two handlers");
    return *this;
  }

  /// Runs the function, which takes a nexus_context& or nothing, whenever an operation that goes on is to be cancelled.
  /// `info().cancels` says what is behind it; nothing is done to that but what the function does. What it throws fails
  /// the request. Throws std::invalid_argument when the operation has no handler, or such a function already.
  template <class Input, class Output, class Function>
  nexus_handlers& on_cancel(const nexus_operation<Input, Output>& which, Function function) {
    const auto found = definition_.operations.find(which.name);
    if (found == definition_.operations.end()) {
      throw std::invalid_argument("Nexus operation '" + full_name(which.name) + "' has no handler to cancel");
    }
    auto& cancel = found->second.cancel;
    if (cancel) {
      throw std::invalid_argument("Nexus operation '" + full_name(which.name) + "' is cancelled in two ways");
    }
    cancel = detail::run::define_nexus_code<void, void>(std::move(function));
    return *this;
  }

  const detail::run::nexus_service_definition& definition() const noexcept { return definition_; }

 private:
  std::string full_name(std::string_view operation) const { return definition_.name + "." + std::string(operation); }

  detail::run::nexus_service_definition definition_;
};

}  // namespace rondo
