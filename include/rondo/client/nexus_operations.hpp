#pragma once
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/client/nexus_operation_options.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/detail/base/signature.hpp"
#include "rondo/detail/client/arguments.hpp"
#include "rondo/detail/client/nexus_operations.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/nexus_operation.hpp"
#include "rondo/workflow/nexus.hpp"

namespace rondo {

/// A standalone Nexus operation on the server, whatever its result is. Calls go to the run it was made for; without
/// one, to the present run. Cheap to copy; its client must live while it is used. Calls throw not_found when there is
/// no such operation.
class nexus_operation_execution_base {
 public:
  explicit nexus_operation_execution_base(detail::calls::operation_target where) : target_(std::move(where)) {}

  const std::string& id() const noexcept { return target_.operation_id; }
  const std::string& run_id() const noexcept { return target_.run_id; }

  call<nexus_operation_description> describe(const describe_nexus_operation_options& options = {}) const {
    auto what = target_.make<detail::calls::service::DescribeNexusOperationExecutionRequest>("describe");
    what.request.set_include_input(options.input);
    what.request.set_include_outcome(options.outcome);
    // The call keeps the session, and that the converter.
    return detail::calls::make_reading_call(target_.session, std::move(what),
                                            [by = target_.session->failures()](const auto& response) {
                                              return detail::calls::description_of(response, by);
                                            });
  }
  /// Waits until its handler has started the operation or ended it; gives what the handler calls it, or nothing for one
  /// that has ended at once.
  call<std::string> wait_started() const {
    return target_.session->make_call(detail::calls::wait_operation_token(target_));
  }
  /// Asks the handler to cancel it.
  call<void> cancel(std::string_view reason = {}) const {
    return tell_why<detail::calls::service::RequestCancelNexusOperationExecutionRequest>("cancel", reason);
  }
  /// Ends it at once; its handler does not hear of it.
  call<void> terminate(std::string_view reason = {}) const {
    return tell_why<detail::calls::service::TerminateNexusOperationExecutionRequest>("terminate", reason);
  }
  /// Ends it at once if it runs, and removes what the server knows of it. The server does so a little later.
  call<void> remove() const {
    return detail::calls::make_telling_call(
        target_.session, target_.make<detail::calls::service::DeleteNexusOperationExecutionRequest>("delete"));
  }

 protected:
  template <class Result>
  call<Result> wait() const {
    return target_.session->make_call(detail::calls::wait_operation<Result>(target_));
  }

 private:
  template <class Request>
  call<void> tell_why(std::string_view action, std::string_view reason) const {
    auto what = target_.make<Request>(action);
    what.request.set_reason(std::string(reason));
    return detail::calls::make_telling_call(target_.session, std::move(what));
  }

  detail::calls::operation_target target_;
};

/// A standalone Nexus operation whose result is known.
template <class Result = void>
class nexus_operation_execution : public nexus_operation_execution_base {
 public:
  using nexus_operation_execution_base::nexus_operation_execution_base;

  /// Waits until the operation has ended, however long that takes. Throws nexus_operation_failure, whose cause tells
  /// how it ended; not_found, conversion_error.
  call<Result> result() const { return this->template wait<Result>(); }
};

template <detail::nexus_service_description Service>
class nexus_service_client;

/// Standalone Nexus operations: started from outside of workflows, with the same handlers behind the same endpoints,
/// durable in the same way. Needs a server of 1.32 or later that has them enabled. The client must live while it is
/// used.
///
///     const auto greetings_there = rondo::nexus_operation_client(client).service<greetings>("prod-greetings");
///     const auto text = co_await greetings_there.execute(greetings::greet, {.schedule_to_close_timeout = 1min}, name);
class nexus_operation_client {
 public:
  explicit nexus_operation_client(const client& through) : session_(through.session()) {}

  /// The operations of a service behind an endpoint.
  template <detail::nexus_service_description Service>
  nexus_service_client<Service> service(std::string endpoint) const {
    return nexus_service_client<Service>(*this, std::move(endpoint));
  }

  /// Starts an operation that is known by its names, such as one of another program. It takes at most one argument.
  /// Throws nexus_operation_already_started, invalid_argument, not_found for an unknown endpoint, ...
  template <class Result = void, class... Arguments>
  call<nexus_operation_execution<Result>> start(const workflow::nexus_target& where,
                                                const start_nexus_operation_options& options,
                                                Arguments&&... arguments) const {
    detail::calls::check_awaitable_arguments<Arguments...>();
    static_assert(sizeof...(Arguments) <= 1, "a Nexus operation takes at most one value");
    return begin<Result>(where, options,
                         detail::calls::encode_untyped_of(detail::calls::owner_of(where), arguments...));
  }
  /// Starts it and waits for its result.
  template <class Result = void, class... Arguments>
  call<Result> execute(const workflow::nexus_target& where, const start_nexus_operation_options& options,
                       Arguments&&... arguments) const {
    detail::calls::check_awaitable_arguments<Arguments...>();
    static_assert(sizeof...(Arguments) <= 1, "a Nexus operation takes at most one value");
    return run<Result>(where, options, detail::calls::encode_untyped_of(detail::calls::owner_of(where), arguments...));
  }

  /// A handle of an operation that exists; nothing is asked of the server. Without a run it means the present one.
  template <class Result = void>
  nexus_operation_execution<Result> get(std::string id, std::string run_id = {}) const {
    return nexus_operation_execution<Result>(
        detail::calls::operation_target(session_, std::move(id), std::move(run_id)));
  }
  /// Operations that the query finds ("Endpoint = 'prod' AND ExecutionStatus = 'Running'"); empty: all.
  paged_list<nexus_operation_summary> list(std::string_view query = {}, const list_options& options = {}) const {
    return detail::calls::list_operations(session_, std::string(query), options);
  }
  /// How many the query finds; it may GROUP BY ExecutionStatus.
  call<workflow_count> count(std::string_view query = {}) const {
    auto request = detail::calls::new_request<detail::calls::service::CountNexusOperationExecutionsRequest>(*session_);
    request.set_query(std::string(query));
    auto what = detail::calls::call_with(*session_, std::move(request), "count Nexus operations");
    return detail::calls::make_reading_call(session_, std::move(what),
                                            [](const auto& response) { return detail::calls::count_of(response); });
  }

 private:
  template <detail::nexus_service_description Service>
  friend class nexus_service_client;

  template <class Result>
  call<nexus_operation_execution<Result>> begin(const workflow::nexus_target& where,
                                                const start_nexus_operation_options& options,
                                                detail::calls::Payloads input) const {
    return session_->make_call(detail::calls::start_operation_for<nexus_operation_execution<Result>>(
        session_, detail::calls::make_start_operation(*session_, where, options, std::move(input))));
  }
  template <class Result>
  call<Result> run(const workflow::nexus_target& where, const start_nexus_operation_options& options,
                   detail::calls::Payloads input) const {
    return session_->make_call(detail::calls::execute_operation<Result>(
        session_, detail::calls::make_start_operation(*session_, where, options, std::move(input))));
  }

  detail::calls::session_ptr session_;
};

/// The operations of a service behind an endpoint, called from outside of workflows.
template <detail::nexus_service_description Service>
class nexus_service_client {
 public:
  nexus_service_client(nexus_operation_client through, std::string endpoint)
      : client_(std::move(through)), endpoint_(std::move(endpoint)) {}

  template <class Input, class Output, class... Arguments>
  call<nexus_operation_execution<Output>> start(const nexus_operation<Input, Output>& operation,
                                                const start_nexus_operation_options& options,
                                                Arguments&&... arguments) const {
    const auto where = target(operation.name);
    return client_.template begin<Output>(where, options, encode<Input>(where, std::forward<Arguments>(arguments)...));
  }
  /// Starts an operation and waits for its result.
  template <class Input, class Output, class... Arguments>
  call<Output> execute(const nexus_operation<Input, Output>& operation, const start_nexus_operation_options& options,
                       Arguments&&... arguments) const {
    const auto where = target(operation.name);
    return client_.template run<Output>(where, options, encode<Input>(where, std::forward<Arguments>(arguments)...));
  }

 private:
  workflow::nexus_target target(std::string_view operation) const noexcept {
    return {.endpoint = endpoint_, .service = Service::name, .operation = operation};
  }
  template <class Input, class... Arguments>
  static detail::calls::Payloads encode(const workflow::nexus_target& where, Arguments&&... arguments) {
    detail::calls::check_awaitable_arguments<Arguments...>();
    if constexpr (std::is_void_v<Input>) {
      static_assert(sizeof...(Arguments) == 0, "this operation takes nothing");
      return {};
    } else {
      using parameters = std::tuple<Input>;
      static_assert(detail::callable_with<parameters, Arguments...>,
                    "the argument is not what this operation takes, which is one value");
      return detail::calls::typed_arguments<parameters>::encode_of(detail::calls::owner_of(where),
                                                                   std::forward<Arguments>(arguments)...);
    }
  }

  nexus_operation_client client_;
  std::string endpoint_;
};

}  // namespace rondo
