#pragma once
#include <asio/awaitable.hpp>
#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rondo/client/call.hpp"
#include "rondo/client/description.hpp"
#include "rondo/client/history.hpp"
#include "rondo/client/history_event.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/client/start.hpp"
#include "rondo/client/update_handle.hpp"
#include "rondo/detail/client/arguments.hpp"
#include "rondo/detail/client/requests.hpp"
#include "rondo/detail/client/result.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/client/updates.hpp"
#include "rondo/workflow/handlers.hpp"

namespace rondo {

/// A workflow on the server. Signals, queries, cancel, terminate and describe go to the run it was made for; to the
/// present run when it was made by a start, or without a run. Cheap to copy; its client must live while it is used.
class workflow_handle_base {
 public:
  explicit workflow_handle_base(detail::calls::target where) : target_(std::move(where)) {}

  const std::string& id() const noexcept { return target_.workflow_id; }
  /// The run that was started or asked for; empty: the present one.
  const std::string& run_id() const noexcept { return target_.result_run_id; }
  /// First run of the chain that was started or named; may be empty when the handle was not made by a start. When it is
  /// there, cancel(), terminate() and updates leave other chains with the same id alone.
  const std::string& first_execution_run_id() const noexcept { return target_.first_run_id; }

  /// Sends a signal; it is delivered once, also when the request has to be repeated.
  template <class... Arguments>
  call<void> signal(std::string_view name, Arguments&&... arguments) const {
    detail::calls::check_awaitable_arguments<Arguments...>();
    return send_signal(name, detail::calls::encode_untyped_of(target_.owner(), arguments...));
  }
  /// Asks a query. Throws query_failed, workflow_not_ready, or rpc_error (DEADLINE_EXCEEDED: no worker answered).
  template <class Result, class... Arguments>
    requires detail::calls::without_options<Arguments...>
  call<Result> query(std::string_view name, Arguments&&... arguments) const {
    return query<Result>(name, query_options{}, std::forward<Arguments>(arguments)...);
  }
  /// May throw query_rejected.
  template <class Result, class... Arguments>
  call<Result> query(std::string_view name, const query_options& options, Arguments&&... arguments) const {
    detail::calls::check_awaitable_arguments<Arguments...>();
    return send_query<Result>(name, options, detail::calls::encode_untyped_of(target_.owner(), arguments...));
  }

  /// Asks for an update and waits until its handler has ended. Throws update_failure when it was rejected or failed,
  /// not_found when the workflow has ended.
  template <class Result, class... Arguments>
  call<Result> execute_update(std::string_view name, Arguments&&... arguments) const {
    detail::calls::check_awaitable_arguments<Arguments...>();
    return send_update_and_wait<Result>(name, detail::calls::encode_untyped_of(target_.owner(), arguments...));
  }
  /// Asks for an update and gives a handle once it has come as far as the options say.
  template <class Result, class... Arguments>
  call<update_handle<Result>> start_update(std::string_view name, const update_options& options,
                                           Arguments&&... arguments) const {
    detail::calls::check_awaitable_arguments<Arguments...>();
    return send_update<Result>(name, options, detail::calls::encode_untyped_of(target_.owner(), arguments...));
  }
  /// A handle of an update that was asked for; nothing is asked of the server.
  template <class Result = void>
  update_handle<Result> get_update_handle(std::string id) const {
    return update_handle<Result>({.session = target_.session,
                                  .workflow_id = target_.workflow_id,
                                  .run_id = target_.run_id,
                                  .id = std::move(id)});
  }

  /// Asks the workflow to end; it may clean up first, or refuse.
  call<void> cancel(std::string_view reason = {}) const {
    return make_call(detail::calls::send_only<detail::calls::service::RequestCancelWorkflowExecutionResponse>(
        target_.session, detail::calls::make_cancel(target_, reason)));
  }
  /// Ends the workflow at once; its code does not hear of it.
  template <class... Details>
  call<void> terminate(std::string_view reason = {}, const Details&... details) const {
    return make_call(detail::calls::send_only<detail::calls::service::TerminateWorkflowExecutionResponse>(
        target_.session,
        detail::calls::make_terminate(target_, reason, detail::calls::encode_untyped_of(target_.owner(), details...))));
  }
  call<workflow_description> describe() const { return make_call(detail::calls::describe(target_)); }
  /// All events of the run so far.
  call<workflow_history> history() const { return make_call(detail::calls::fetch_history(target_)); }
  /// The events of the run, page by page: `for (auto& each : handle.events({.wait_new = true}))` follows it to its end.
  /// Of one without a run that is given, the present run when the first page is asked for.
  paged_list<history_event> events(const history_options& options = {}) const {
    return detail::calls::list_events(target_, options);
  }

 protected:
  template <class Result>
  call<Result> make_call(asio::awaitable<Result> work) const {
    return target_.session->make_call(std::move(work));
  }
  /// Whose the values are that go to it.
  detail::calls::workflow_owner owner() const noexcept { return target_.owner(); }
  template <class Result>
  call<Result> wait(const result_options& options) const {
    return make_call(detail::calls::wait_result<Result>(target_.session, target_.workflow_id, target_.result_run_id,
                                                        options.follow_runs));
  }
  call<void> send_signal(std::string_view name, detail::calls::Payloads input) const {
    return make_call(
        detail::calls::send_signal(target_.session, detail::calls::make_signal(target_, name, std::move(input))));
  }
  template <class Result>
  call<Result> send_query(std::string_view name, const query_options& options, detail::calls::Payloads input) const {
    return make_call(detail::calls::ask<Result>(target_.session,
                                                detail::calls::make_query(target_, name, options, std::move(input))));
  }
  template <class Result>
  call<Result> send_update_and_wait(std::string_view name, detail::calls::Payloads input) const {
    const update_options to_its_end{.wait_for = update_stage::completed};
    return make_call(detail::calls::execute_update<Result>(
        target_.session, detail::calls::make_update(target_, name, to_its_end, std::move(input))));
  }
  template <class Result>
  call<update_handle<Result>> send_update(std::string_view name, const update_options& options,
                                          detail::calls::Payloads input) const {
    return make_call(detail::calls::start_update<update_handle<Result>>(
        target_.session, detail::calls::make_update(target_, name, options, std::move(input))));
  }

 private:
  detail::calls::target target_;
};

namespace detail::calls {

/// What every handle offers by member function.
template <class Workflow>
class typed_handle : public workflow_handle_base {
 public:
  using workflow_handle_base::execute_update;
  using workflow_handle_base::query;
  using workflow_handle_base::signal;
  using workflow_handle_base::start_update;
  using workflow_handle_base::workflow_handle_base;

  /// Sends the signal that this member function handles.
  template <auto Member, class... Arguments>
  call<void> signal(Arguments&&... arguments) const {
    return this->send_signal(handler_name_in<Member, Workflow>(),
                             encode_for<Member>(std::forward<Arguments>(arguments)...));
  }
  /// Asks the query that this member function answers.
  template <auto Member, class... Arguments>
    requires without_options<Arguments...>
  auto query(Arguments&&... arguments) const {
    return query<Member>(query_options{}, std::forward<Arguments>(arguments)...);
  }
  template <auto Member, class... Arguments>
  auto query(const query_options& options, Arguments&&... arguments) const {
    using result = std::remove_cvref_t<typename signature_of<Member>::raw>;
    return this->template send_query<result>(handler_name_in<Member, Workflow>(), options,
                                             encode_for<Member>(std::forward<Arguments>(arguments)...));
  }
  /// Asks for the update that this member function handles, and waits until it has ended.
  template <auto Member, class... Arguments>
  auto execute_update(Arguments&&... arguments) const {
    return this->template send_update_and_wait<result_of<Member>>(
        handler_name_in<Member, Workflow>(), encode_for<Member>(std::forward<Arguments>(arguments)...));
  }
  template <auto Member, class... Arguments>
  auto start_update(const update_options& options, Arguments&&... arguments) const {
    return this->template send_update<result_of<Member>>(handler_name_in<Member, Workflow>(), options,
                                                         encode_for<Member>(std::forward<Arguments>(arguments)...));
  }

 private:
  template <auto Member, class... Arguments>
  Payloads encode_for(Arguments&&... arguments) const {
    using parameters = typename signature_of<Member>::args;
    static_assert(callable_with<parameters, Arguments...>, "the arguments do not match the parameters of this handler");
    check_awaitable_arguments<Arguments...>();
    return typed_arguments<parameters>::encode_of(this->owner(), std::forward<Arguments>(arguments)...);
  }
};

}  // namespace detail::calls

/// A workflow of a known type.
template <class Workflow = void>
class workflow_handle : public detail::calls::typed_handle<Workflow> {
 public:
  using result_type = typename detail::calls::workflow_traits<Workflow>::result;
  using detail::calls::typed_handle<Workflow>::typed_handle;

  /// Waits until the workflow has ended, however long that takes. Throws workflow_failure, not_found, conversion_error.
  call<result_type> result(const result_options& options = {}) const {
    return this->template wait<result_type>(options);
  }
};

/// A workflow of any type.
template <>
class workflow_handle<void> : public detail::calls::typed_handle<void> {
 public:
  using detail::calls::typed_handle<void>::typed_handle;

  /// Waits until the workflow has ended, however long that takes. Throws workflow_failure, not_found, conversion_error.
  template <class Result>
  call<Result> result(const result_options& options = {}) const {
    return this->template wait<Result>(options);
  }
};

}  // namespace rondo
