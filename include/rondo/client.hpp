#pragma once
#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "rondo/client/activity_handle.hpp"
#include "rondo/client/call.hpp"
#include "rondo/client/description.hpp"
#include "rondo/client/errors.hpp"
#include "rondo/client/history.hpp"
#include "rondo/client/history_event.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/client/start.hpp"
#include "rondo/client/workflow_handle.hpp"
#include "rondo/client/workflow_list.hpp"
#include "rondo/connection_options.hpp"
#include "rondo/detail/base/names.hpp"
#include "rondo/detail/client/arguments.hpp"
#include "rondo/detail/client/begin.hpp"
#include "rondo/detail/client/interception.hpp"
#include "rondo/detail/client/link_exchange.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/client/start.hpp"
#include "rondo/detail/client/update_with_start.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/executor.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/name_of.hpp"

namespace rondo {

/// Starts workflows and talks to them. Cheap to copy: copies share one connection and one event loop.
///
/// Every call can be awaited, or driven to its end with `.get()`:
/// - `auto handle = client.start_workflow<order_workflow>(options, order).get();` in ordinary functions, any thread;
/// - `co_await client.start_workflow<order_workflow>(options, order)` in coroutines on the client's loop, which a
///   worker or `client.run()` drives.
///
/// Arguments are encoded when the call is made; the request is sent when it is awaited. Its request id stays the same
/// when it has to be repeated, so nothing is started or signalled twice.
class client {
 public:
  using executor_type = detail::io::loop_executor;

  /// Connects, unless `options.lazy`; the client gets a loop of its own. Throws rpc_error, which says what to do, or
  /// std::invalid_argument. A server that answers that it is not ready is asked again until `connect_timeout`; no
  /// connection, or one that is lost before its first answer, fails at once, over gRPC and HTTP/2 alike.
  static client connect(client_options options = {}) {
    return connect(std::make_shared<detail::calls::loop_owner>(), std::move(options));
  }
  /// Connects on a loop that outlives the client and that nobody drives at the moment.
  static client connect(client_options options, detail::io::event_loop& loop) {
    return connect(std::make_shared<detail::calls::loop_owner>(loop), std::move(options));
  }
  /// Connects with the first call.
  static client connect_lazy(client_options options = {}) {
    options.lazy = true;
    return connect(std::move(options));
  }
  /// A client of a connection that exists, on that connection's loop; both outlive it.
  static client over(std::shared_ptr<detail::io::connection> existing) {
    auto& loop = existing->loop();
    return client(std::make_shared<detail::calls::loop_owner>(loop), std::move(existing));
  }
  /// This client for what is done for one request of a Nexus caller, whose links go along with its calls.
  client answering(std::shared_ptr<detail::calls::link_exchange> request) const {
    auto made = std::make_shared<detail::calls::session>(*session_);
    made->links = std::move(request);
    return client(owner_, detail::calls::session_ptr(std::move(made)));
  }

  /// Starts a workflow class. Throws workflow_already_started, namespace_not_found, invalid_argument, ...
  template <class Workflow, class... Arguments>
    requires detail::calls::workflow_class<Workflow>
  call<workflow_handle<Workflow>> start_workflow(const start_workflow_options& options,
                                                 Arguments&&... arguments) const {
    const detail::calls::new_workflow to(*session_, options);
    return start<Workflow>(detail::workflow_name<Workflow>(), to,
                           encode_for<Workflow>(to, std::forward<Arguments>(arguments)...));
  }
  /// Starts a workflow that is a function, or that a declared function stands for.
  template <auto Function, class... Arguments>
  auto start_workflow(const start_workflow_options& options, Arguments&&... arguments) const {
    using workflow = detail::calls::workflow_function<Function>;
    const detail::calls::new_workflow to(*session_, options);
    return start<workflow>(name_of<Function>, to, encode_for<workflow>(to, std::forward<Arguments>(arguments)...));
  }
  /// Starts a workflow by its name, such as one of another program.
  template <class Result = void, class... Arguments>
  call<workflow_handle<detail::calls::workflow_named<Result>>> start_workflow(std::string_view type,
                                                                              const start_workflow_options& options,
                                                                              Arguments&&... arguments) const {
    detail::calls::check_awaitable_arguments<Arguments...>();
    const detail::calls::new_workflow to(*session_, options);
    return start<detail::calls::workflow_named<Result>>(type, to,
                                                        detail::calls::encode_untyped_of(to.owner(), arguments...));
  }

  /// Starts a workflow and waits for its result.
  template <class Workflow, class... Arguments>
    requires detail::calls::workflow_class<Workflow>
  auto execute_workflow(const start_workflow_options& options, Arguments&&... arguments) const {
    const detail::calls::new_workflow to(*session_, options);
    return execute<typename detail::calls::workflow_traits<Workflow>::result>(
        detail::workflow_name<Workflow>(), to, encode_for<Workflow>(to, std::forward<Arguments>(arguments)...));
  }
  template <auto Function, class... Arguments>
  auto execute_workflow(const start_workflow_options& options, Arguments&&... arguments) const {
    using workflow = detail::calls::workflow_function<Function>;
    const detail::calls::new_workflow to(*session_, options);
    return execute<typename detail::calls::workflow_traits<workflow>::result>(
        name_of<Function>, to, encode_for<workflow>(to, std::forward<Arguments>(arguments)...));
  }
  template <class Result, class... Arguments>
  call<Result> execute_workflow(std::string_view type, const start_workflow_options& options,
                                Arguments&&... arguments) const {
    detail::calls::check_awaitable_arguments<Arguments...>();
    const detail::calls::new_workflow to(*session_, options);
    return execute<Result>(type, to, detail::calls::encode_untyped_of(to.owner(), arguments...));
  }

  /// Signals a workflow, after starting it if it does not run:
  /// `signal_with_start<order_workflow, &order_workflow::approve>(options, std::tuple{"ada"}, order)`.
  template <class Workflow, auto Signal, class... SignalArguments, class... Arguments>
  call<workflow_handle<Workflow>> signal_with_start(const start_workflow_options& options,
                                                    std::tuple<SignalArguments...> signal_arguments,
                                                    Arguments&&... arguments) const {
    using parameters = typename detail::signature_of<Signal>::args;
    static_assert(detail::callable_with<parameters, SignalArguments...>,
                  "the arguments do not match the parameters of this signal");
    const detail::calls::new_workflow to(*session_, options);
    return signal_started<Workflow>(
        detail::workflow_name<Workflow>(), to, encode_for<Workflow>(to, std::forward<Arguments>(arguments)...),
        detail::handler_name<Signal, Workflow>(), encode_tuple<parameters>(to, std::move(signal_arguments)));
  }
  /// The same with a signal by its name.
  template <class Workflow, class... SignalArguments, class... Arguments>
    requires detail::calls::workflow_class<Workflow>
  call<workflow_handle<Workflow>> signal_with_start(const start_workflow_options& options, std::string_view signal,
                                                    std::tuple<SignalArguments...> signal_arguments,
                                                    Arguments&&... arguments) const {
    const detail::calls::new_workflow to(*session_, options);
    return signal_started<Workflow>(detail::workflow_name<Workflow>(), to,
                                    encode_for<Workflow>(to, std::forward<Arguments>(arguments)...), signal,
                                    encode_tuple(to, signal_arguments));
  }
  /// The same for a workflow that is a function, or that a declared function stands for.
  template <auto Function, class... SignalArguments, class... Arguments>
  auto signal_with_start(const start_workflow_options& options, std::string_view signal,
                         std::tuple<SignalArguments...> signal_arguments, Arguments&&... arguments) const {
    using workflow = detail::calls::workflow_function<Function>;
    const detail::calls::new_workflow to(*session_, options);
    return signal_started<workflow>(name_of<Function>, to,
                                    encode_for<workflow>(to, std::forward<Arguments>(arguments)...), signal,
                                    encode_tuple(to, signal_arguments));
  }
  /// All by name, such as for a workflow of another program:
  /// `signal_with_start("Order", options, "approve", std::tuple{"ada"}, order)`.
  template <class Result = void, class... SignalArguments, class... Arguments>
  call<workflow_handle<detail::calls::workflow_named<Result>>> signal_with_start(
      std::string_view type, const start_workflow_options& options, std::string_view signal,
      std::tuple<SignalArguments...> signal_arguments, Arguments&&... arguments) const {
    detail::calls::check_awaitable_arguments<Arguments...>();
    const detail::calls::new_workflow to(*session_, options);
    return signal_started<detail::calls::workflow_named<Result>>(
        type, to, detail::calls::encode_untyped_of(to.owner(), arguments...), signal,
        encode_tuple(to, signal_arguments));
  }

  /// Asks for an update of a workflow, after starting it if it does not run, both or neither:
  /// `start_update_with_start<order_workflow, &order_workflow::add_item>(options, {}, std::tuple{"sku"}, order)`. The
  /// start needs `conflict`; one without a run in the way starts it. Throws what a start and an update throw.
  template <class Workflow, auto Update, class... UpdateArguments, class... Arguments>
  auto start_update_with_start(const start_workflow_options& options, const update_options& update,
                               std::tuple<UpdateArguments...> update_arguments, Arguments&&... arguments) const {
    return start_both<Workflow, detail::result_of<Update>>(update_of_start<Workflow, Update>(
        options, update, std::move(update_arguments), std::forward<Arguments>(arguments)...));
  }
  /// The same with an update by its name, and the type of its result.
  template <class Workflow, class UpdateResult = void, class... UpdateArguments, class... Arguments>
    requires detail::calls::workflow_class<Workflow>
  call<update_with_start<Workflow, UpdateResult>> start_update_with_start(
      const start_workflow_options& options, std::string_view name, const update_options& update,
      std::tuple<UpdateArguments...> update_arguments, Arguments&&... arguments) const {
    const detail::calls::new_workflow to(*session_, options);
    return start_both<Workflow, UpdateResult>(
        update_of_start(make_start(detail::workflow_name<Workflow>(), to,
                                   encode_for<Workflow>(to, std::forward<Arguments>(arguments)...)),
                        name, update, encode_tuple(to, update_arguments)));
  }
  /// The same for a workflow that is a function, or that a declared function stands for.
  template <auto Function, class UpdateResult = void, class... UpdateArguments, class... Arguments>
  auto start_update_with_start(const start_workflow_options& options, std::string_view name,
                               const update_options& update, std::tuple<UpdateArguments...> update_arguments,
                               Arguments&&... arguments) const {
    using workflow = detail::calls::workflow_function<Function>;
    const detail::calls::new_workflow to(*session_, options);
    return start_both<workflow, UpdateResult>(update_of_start(
        make_start(name_of<Function>, to, encode_for<workflow>(to, std::forward<Arguments>(arguments)...)), name,
        update, encode_tuple(to, update_arguments)));
  }
  /// All by name: `start_update_with_start<int>("Order", options, "add_item", {}, std::tuple{"sku"}, order)`. The types
  /// are the results of the update and of the workflow.
  template <class UpdateResult = void, class Result = void, class... UpdateArguments, class... Arguments>
  call<update_with_start<detail::calls::workflow_named<Result>, UpdateResult>> start_update_with_start(
      std::string_view type, const start_workflow_options& options, std::string_view name, const update_options& update,
      std::tuple<UpdateArguments...> update_arguments, Arguments&&... arguments) const {
    detail::calls::check_awaitable_arguments<Arguments...>();
    const detail::calls::new_workflow to(*session_, options);
    return start_both<detail::calls::workflow_named<Result>, UpdateResult>(
        update_of_start(make_start(type, to, detail::calls::encode_untyped_of(to.owner(), arguments...)), name, update,
                        encode_tuple(to, update_arguments)));
  }

  /// The same as start_update_with_start, but waits until the update has ended and gives its result. Throws
  /// update_failure, too, when it was rejected or failed. The workflow has the id of the options.
  template <class Workflow, auto Update, class... UpdateArguments, class... Arguments>
  call<detail::result_of<Update>> execute_update_with_start(const start_workflow_options& options,
                                                            std::tuple<UpdateArguments...> update_arguments,
                                                            Arguments&&... arguments) const {
    return execute_both<detail::result_of<Update>>(update_of_start<Workflow, Update>(
        options, to_its_end, std::move(update_arguments), std::forward<Arguments>(arguments)...));
  }
  template <class Workflow, class UpdateResult = void, class... UpdateArguments, class... Arguments>
    requires detail::calls::workflow_class<Workflow>
  call<UpdateResult> execute_update_with_start(const start_workflow_options& options, std::string_view name,
                                               std::tuple<UpdateArguments...> update_arguments,
                                               Arguments&&... arguments) const {
    const detail::calls::new_workflow to(*session_, options);
    return execute_both<UpdateResult>(
        update_of_start(make_start(detail::workflow_name<Workflow>(), to,
                                   encode_for<Workflow>(to, std::forward<Arguments>(arguments)...)),
                        name, to_its_end, encode_tuple(to, update_arguments)));
  }
  template <auto Function, class UpdateResult = void, class... UpdateArguments, class... Arguments>
  call<UpdateResult> execute_update_with_start(const start_workflow_options& options, std::string_view name,
                                               std::tuple<UpdateArguments...> update_arguments,
                                               Arguments&&... arguments) const {
    using workflow = detail::calls::workflow_function<Function>;
    const detail::calls::new_workflow to(*session_, options);
    return execute_both<UpdateResult>(update_of_start(
        make_start(name_of<Function>, to, encode_for<workflow>(to, std::forward<Arguments>(arguments)...)), name,
        to_its_end, encode_tuple(to, update_arguments)));
  }
  template <class UpdateResult = void, class... UpdateArguments, class... Arguments>
  call<UpdateResult> execute_update_with_start(std::string_view type, const start_workflow_options& options,
                                               std::string_view name, std::tuple<UpdateArguments...> update_arguments,
                                               Arguments&&... arguments) const {
    detail::calls::check_awaitable_arguments<Arguments...>();
    const detail::calls::new_workflow to(*session_, options);
    return execute_both<UpdateResult>(
        update_of_start(make_start(type, to, detail::calls::encode_untyped_of(to.owner(), arguments...)), name,
                        to_its_end, encode_tuple(to, update_arguments)));
  }

  /// A handle of a workflow that exists; nothing is asked of the server. Without a run it means the present one. With
  /// the first run of a chain its cancel(), terminate() and updates throw not_found when the id belongs to another
  /// chain by then; handles from a start have it by themselves.
  template <class Workflow = void>
  workflow_handle<Workflow> get_workflow_handle(std::string id, std::string run_id = {},
                                                std::string first_execution_run_id = {}) const {
    return workflow_handle<Workflow>(
        detail::calls::target(session_, std::move(id), run_id, run_id, std::move(first_execution_run_id)));
  }

  /// Workflows that the query finds ("WorkflowType = 'order_workflow' AND ExecutionStatus = 'Running'"); empty: all.
  workflow_list list_workflows(std::string_view query = {}, const list_options& options = {}) const {
    return detail::calls::list_workflows(session_, std::string(query), options);
  }
  /// Closed workflows that the server has put into its archive; they may be in list_workflows() too until the retention
  /// of the namespace is over. The archive sets what a query may say, and is given 3 minutes for each answer unless the
  /// call is given less. Throws invalid_argument when the namespace has no archive for it.
  workflow_list list_archived_workflows(std::string_view query = {}, const list_options& options = {}) const {
    return detail::calls::list_archived_workflows(session_, std::string(query), options);
  }
  /// The histories of the workflows that the query finds, each of the run that it finds. All histories of a page are in
  /// memory at once: `page_size` 0 means 10 here. Those that the server removes meanwhile are left out.
  paged_list<workflow_history> list_histories(std::string_view query = {}, const list_options& options = {}) const {
    return detail::calls::list_histories(session_, std::string(query), options);
  }
  /// How many the query finds; it may GROUP BY ExecutionStatus.
  call<workflow_count> count_workflows(std::string_view query = {}) const {
    return session_->make_call(detail::calls::count(session_, std::string(query)));
  }

  /// An activity that is completed from outside, by the task token it gave away.
  async_activity_handle activity_handle(std::string task_token) const {
    return async_activity_handle(session_, detail::calls::activity_key(std::move(task_token)));
  }
  /// The same by ids; an empty run means the present one, an empty workflow an activity without one.
  async_activity_handle activity_handle(std::string workflow_id, std::string run_id, std::string activity_id) const {
    return async_activity_handle(
        session_, detail::calls::activity_key(std::move(workflow_id), std::move(run_id), std::move(activity_id)));
  }

  /// Drives a coroutine on the client's loop to its end and returns its result, or throws what it threw.
  template <class Result>
  Result run(asio::awaitable<Result> work) const {
    const auto keep = owner_;
    return keep->loop().block_on(std::move(work));
  }

  /// Calls that begin from now on go over new connections with this client's certificate and key, PEM texts; those
  /// under way end on the old ones. On the loop's thread, or while nobody drives the loop. Throws std::invalid_argument
  /// when the texts cannot be used, or the connection has no TLS; all stays as it was then.
  void set_client_certificate(std::string certificate, std::string private_key) const {
    session_->connection->set_client_certificate(std::move(certificate), std::move(private_key));
  }
  /// Later calls bear this API key; from the thread of the loop, or while nobody drives it.
  void set_api_key(std::string key) const { session_->connection->set_api_key(std::move(key)); }

  const std::string& namespace_() const noexcept { return session_->namespace_; }
  const std::string& identity() const noexcept { return session_->identity; }
  /// For co_spawn: coroutines that await calls of this client run here. They must not own the client.
  executor_type executor() const noexcept { return owner_->loop().executor(); }
  detail::io::event_loop& loop() const noexcept { return owner_->loop(); }
  const std::shared_ptr<detail::io::connection>& connection() const noexcept { return session_->connection; }
  /// What the classes of rondo/client/ are made over.
  const detail::calls::session_ptr& session() const noexcept { return session_; }

 private:
  client(std::shared_ptr<detail::calls::loop_owner> owner, std::shared_ptr<detail::io::connection> over)
      : session_(std::make_shared<detail::calls::session>(over, owner, over->options().namespace_, over->identity())),
        owner_(std::move(owner)) {}

  client(std::shared_ptr<detail::calls::loop_owner> owner, detail::calls::session_ptr of)
      : session_(std::move(of)), owner_(std::move(owner)) {}

  static client connect(std::shared_ptr<detail::calls::loop_owner> owner, client_options options);

  using new_workflow = detail::calls::new_workflow;

  template <class Workflow, class... Arguments>
  static detail::calls::Payloads encode_for(const new_workflow& to, Arguments&&... arguments) {
    using parameters = typename detail::calls::workflow_traits<Workflow>::arguments;
    static_assert(detail::callable_with<parameters, Arguments...>,
                  "the arguments do not match the parameters of this workflow");
    detail::calls::check_awaitable_arguments<Arguments...>();
    return detail::calls::typed_arguments<parameters>::encode_of(to.owner(), std::forward<Arguments>(arguments)...);
  }
  template <class Workflow>
  call<workflow_handle<Workflow>> start(std::string_view type, const new_workflow& what,
                                        detail::calls::Payloads input) const {
    return session_->make_call(
        detail::calls::start_typed<Workflow>(session_, make_start(type, what, std::move(input))));
  }
  template <class Result>
  call<Result> execute(std::string_view type, const new_workflow& what, detail::calls::Payloads input) const {
    return session_->make_call(detail::calls::execute<Result>(session_, make_start(type, what, std::move(input))));
  }
  /// The arguments of a message, converted to its parameters, or as they are.
  template <class Parameters, class... Given>
  static detail::calls::Payloads encode_tuple(const new_workflow& to, std::tuple<Given...> arguments) {
    return std::apply(
        [&to](auto&&... each) {
          return detail::calls::typed_arguments<Parameters>::encode_of(to.owner(), std::move(each)...);
        },
        std::move(arguments));
  }
  template <class... Given>
  static detail::calls::Payloads encode_tuple(const new_workflow& to, const std::tuple<Given...>& arguments) {
    return std::apply([&to](const auto&... each) { return detail::calls::encode_untyped_of(to.owner(), each...); },
                      arguments);
  }
  template <class Workflow>
  call<workflow_handle<Workflow>> signal_started(std::string_view type, const new_workflow& to,
                                                 detail::calls::Payloads input, std::string_view signal,
                                                 detail::calls::Payloads signal_input) const {
    auto what = detail::calls::make_signal_with_start(*session_, type, to.options(), std::move(input), signal,
                                                      std::move(signal_input));
    return session_->make_call(detail::calls::start_typed<Workflow>(session_, std::move(what)));
  }

  static constexpr update_options to_its_end{.wait_for = update_stage::completed};
  detail::calls::update_and_start update_of_start(detail::calls::service_call<detail::calls::start_request> start,
                                                  std::string_view name, const update_options& update,
                                                  detail::calls::Payloads input) const {
    auto what = detail::calls::make_update_of_start(session_, start, name, update, std::move(input));
    return detail::calls::update_and_start(std::move(start), std::move(what));
  }
  template <class Workflow, auto Update, class... UpdateArguments, class... Arguments>
  detail::calls::update_and_start update_of_start(const start_workflow_options& options, const update_options& update,
                                                  std::tuple<UpdateArguments...> update_arguments,
                                                  Arguments&&... arguments) const {
    using parameters = typename detail::signature_of<Update>::args;
    static_assert(detail::callable_with<parameters, UpdateArguments...>,
                  "the arguments do not match the parameters of this update");
    const new_workflow to(*session_, options);
    return update_of_start(make_start(detail::workflow_name<Workflow>(), to,
                                      encode_for<Workflow>(to, std::forward<Arguments>(arguments)...)),
                           detail::handler_name<Update, Workflow>(), update,
                           encode_tuple<parameters>(to, std::move(update_arguments)));
  }
  template <class Workflow, class Result>
  call<update_with_start<Workflow, Result>> start_both(detail::calls::update_and_start both) const {
    return session_->make_call(detail::calls::start_update<Workflow, Result>(session_, std::move(both)));
  }
  template <class Result>
  call<Result> execute_both(detail::calls::update_and_start both) const {
    return session_->make_call(detail::calls::execute_update_with_start<Result>(session_, std::move(both)));
  }
  detail::calls::service_call<detail::calls::start_request> make_start(std::string_view type, const new_workflow& to,
                                                                       detail::calls::Payloads input) const {
    auto what = detail::calls::make_start<detail::calls::start_request>(*session_, "StartWorkflowExecution", type,
                                                                        to.options(), std::move(input));
    what.request.set_request_eager_execution(to.options().eager_start);
    return detail::calls::intercepted(*session_, std::move(what));
  }

  // Destroyed after the loop, whose coroutines may still use it.
  detail::calls::session_ptr session_;
  std::shared_ptr<detail::calls::loop_owner> owner_;
};

}  // namespace rondo

#ifndef RONDO_COMPILED
#include "rondo/impl/client.hpp"
#endif
