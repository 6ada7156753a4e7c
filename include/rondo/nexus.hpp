#pragma once
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>

#include "rondo/client.hpp"
#include "rondo/client/start.hpp"
#include "rondo/converter.hpp"
#include "rondo/detail/client/arguments.hpp"
#include "rondo/detail/run/activity_definition.hpp"
#include "rondo/detail/run/nexus_definition.hpp"
#include "rondo/failure.hpp"
#include "rondo/log.hpp"
#include "rondo/name_of.hpp"
#include "rondo/nexus_operation.hpp"
#include "rondo/options.hpp"
#include "rondo/payload.hpp"

// Nexus services as workers serve them.
namespace rondo {

/// Points from one execution to another, such as from an operation to the workflow behind it.
struct nexus_link {
  std::string url, type;
  friend bool operator==(const nexus_link&, const nexus_link&) = default;
};

/// Facts about a request to start an operation.
struct nexus_info {
  std::string namespace_{}, task_queue{};
  /// Empty when the server does not say it.
  std::string endpoint{};
  std::string service{}, operation{};
  /// The same for every attempt to start this operation.
  std::string request_id{};
  /// Names are lower case.
  std::map<std::string, std::string, std::less<>> headers{};
  /// Where the request comes from.
  std::vector<nexus_link> links{};
  /// When the handler must have answered; the maximum when nothing limits it. The caller's server tries again later.
  std::chrono::sys_time<duration> deadline = std::chrono::sys_time<duration>::max();
};

/// Thrown by a handler: the operation itself has failed, for good. The caller gets it as the cause of its
/// nexus_operation_failure. Everything else that a handler throws fails the request only: nexus_handler_failure says
/// how, and what is none counts as an internal error, which is retried unless it is a non-retryable
/// application_failure.
class nexus_operation_error : public failure {
 public:
  using failure::failure;
};

/// Thrown by a handler: the operation has ended as cancelled.
class nexus_operation_cancelled : public nexus_operation_error {
 public:
  explicit nexus_operation_cancelled(std::string message = "operation cancelled")
      : nexus_operation_error(std::move(message)) {}
};

/// What a handler gives back whose operation goes on as a workflow; the workflow's result is that of the operation.
template <class Output>
class nexus_run {
 public:
  using output = Output;

 private:
  friend class nexus_context;
  nexus_run() = default;
};

/// What a handler knows and can do. Valid while the handler runs, on its thread.
class nexus_context {
 public:
  nexus_context(const nexus_context&) = delete;
  nexus_context& operator=(const nexus_context&) = delete;

  const nexus_info& info() const noexcept { return info_; }
  /// With the fields of the request.
  const rondo::logger& logger() const noexcept { return logger_; }
  /// The client of the worker: its namespace and its connection.
  const rondo::client& client() const noexcept { return client_; }
  /// Requested when the answer would come too late, or the worker stops.
  std::stop_token stop_token() const noexcept { return stop_.get_token(); }
  bool cancelled() const noexcept { return stop_.stop_requested(); }

  /// Adds a link to the answer: to what the operation has to do with. The one to a workflow that is started here comes
  /// by itself.
  void add_link(nexus_link to) { links_.push_back(std::move(to)); }

  /// Lets the operation go on as a workflow: `return context.start_workflow<order_workflow>({.id = id}, order);`. It is
  /// started once the handler has returned, and ends the operation with its result; cancelling the operation cancels
  /// it. An empty `id` becomes the id of the request, an empty `task_queue` the one of the worker. When such a workflow
  /// is running already the operation waits for that one, unless `options.conflict` says otherwise. Once in a handler.
  template <class Workflow, class... Arguments>
    requires detail::calls::workflow_class<Workflow>
  auto start_workflow(const start_workflow_options& options, Arguments&&... arguments) {
    return start_typed<Workflow>(detail::workflow_name<Workflow>(), options, std::forward<Arguments>(arguments)...);
  }
  /// The same for a workflow that is a function, or that a declared function stands for.
  template <auto Function, class... Arguments>
  auto start_workflow(const start_workflow_options& options, Arguments&&... arguments) {
    return start_typed<detail::calls::workflow_function<Function>>(name_of<Function>, options,
                                                                   std::forward<Arguments>(arguments)...);
  }
  /// The same by name, such as for a workflow of another program.
  template <class Result, class... Arguments>
  nexus_run<Result> start_workflow(std::string_view type, const start_workflow_options& options,
                                   Arguments&&... arguments) {
    begin_run(type, options, detail::calls::encode_untyped(arguments...));
    return {};
  }

 protected:
  nexus_context(nexus_info about, rondo::logger log, rondo::client through)
      : info_(std::move(about)), logger_(std::move(log)), client_(std::move(through)) {}
  ~nexus_context() = default;
  bool request_stop() { return stop_.request_stop(); }
  const std::vector<nexus_link>& links() const noexcept { return links_; }
  virtual void begin_run(std::string_view type, const start_workflow_options& options,
                         detail::calls::Payloads input) = 0;

 private:
  template <class Workflow, class... Arguments>
  auto start_typed(std::string_view type, const start_workflow_options& options, Arguments&&... arguments) {
    using traits = detail::calls::workflow_traits<Workflow>;
    static_assert(detail::callable_with<typename traits::arguments, Arguments...>,
                  "the arguments do not match the parameters of this workflow");
    begin_run(
        type, options,
        detail::calls::typed_arguments<typename traits::arguments>::encode(std::forward<Arguments>(arguments)...));
    return nexus_run<typename traits::result>();
  }

  nexus_info info_;
  rondo::logger logger_;
  rondo::client client_;
  std::stop_source stop_;
  std::vector<nexus_link> links_;
};

}  // namespace rondo

namespace rondo::detail::run {

template <class Input>
Input read_nexus_input(payload_span given) {
  try {
    return decode<Input>(given.empty() ? payload_view(encoding::null, {}) : given.front());
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
    return handler(context, read_nexus_input<Input>(given));
  } else {
    static_assert(std::is_invocable_v<const Function&, Input>, "the handler does not take what the operation takes");
    return handler(read_nexus_input<Input>(given));
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
void write_nexus_result(payload_sink& to, Returned&& returned) {
  if constexpr (!std::is_same_v<std::remove_cvref_t<Returned>, nexus_run<Output>>) {
    const Output value = std::forward<Returned>(returned);
    encode(to, value);
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
      write_nexus_result<Output>(result, call_nexus_handler<Input>(handler_, context, input));
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
    return deliver(call_nexus_handler<Input>(handler_, context, input), result);
  }

 private:
  template <class Returned, class Executor>
  static coroutine deliver(asio::awaitable<Returned, Executor> body, payload_sink& result) {
    check_nexus_result<Output, Returned>();
    if constexpr (std::is_void_v<Returned>) {
      co_await std::move(body);
      result.add(encoding::null);
    } else {
      const Returned value = co_await std::move(body);
      write_nexus_result<Output>(result, value);
    }
  }

  Function handler_;
};

template <class Input, class Output, class Function>
nexus_operation_definition define_nexus_operation(Function handler) {
  using returned =
      decltype(call_nexus_handler<Input>(handler, std::declval<nexus_context&>(), std::declval<payload_span>()));
  nexus_operation_definition made;
  if constexpr (is_asio_awaitable<std::remove_cvref_t<returned>>) {
    made.async = std::make_shared<const async_nexus_handler_of<Input, Output, Function>>(std::move(handler));
  } else {
    made.blocking = std::make_shared<const blocking_nexus_handler_of<Input, Output, Function>>(std::move(handler));
  }
  return made;
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
    if (!added) {
      throw std::invalid_argument("Nexus operation '" + definition_.name + "." + std::string(which.name) +
                                  "' has two handlers");
    }
    return *this;
  }

  const detail::run::nexus_service_definition& definition() const noexcept { return definition_; }

 private:
  detail::run::nexus_service_definition definition_;
};

}  // namespace rondo
