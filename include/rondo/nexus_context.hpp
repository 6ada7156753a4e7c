#pragma once
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/client.hpp"
#include "rondo/client/activity_options.hpp"
#include "rondo/client/start.hpp"
#include "rondo/detail/base/signature.hpp"
#include "rondo/detail/client/arguments.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/client/standalone.hpp"
#include "rondo/failure.hpp"
#include "rondo/log.hpp"
#include "rondo/name_of.hpp"
#include "rondo/nexus_info.hpp"
#include "rondo/serialization_context.hpp"
#include "rondo/workflow/call.hpp"
#include "rondo/workflow/traits.hpp"

// What handlers of Nexus operations know, do and throw.
namespace rondo {

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

/// What a handler gives back whose operation goes on as a workflow, an update or an activity; its result is that of the
/// operation.
template <class Output>
class nexus_run {
 public:
  using output = Output;

 private:
  friend class nexus_context;
  nexus_run() = default;
};

/// Which workflow is asked for the update that an operation goes on as.
struct nexus_update_options {
  std::string_view workflow_id{};
  /// Empty: the present run.
  std::string_view run_id{};
  /// Two updates of a workflow with one id are one. Empty: the id of the request.
  std::string_view id{};
};
static_assert(std::is_trivially_destructible_v<nexus_update_options>);

namespace detail {

/// The values of an activity that an operation goes on as. Sees texts that must outlive it.
class backing_activity_owner {
 public:
  backing_activity_owner(const calls::session& by, std::string_view id, std::string_view type,
                         std::string_view task_queue) noexcept
      : by_(by), id_(id), type_(type), task_queue_(task_queue) {}
  serialization_context operator()() const { return calls::standalone_owner(by_, id_, type_, task_queue_); }

 private:
  const calls::session& by_;
  std::string_view id_, type_, task_queue_;
};

}  // namespace detail

/// What a handler knows and can do. Valid while the handler runs, on its thread.
class nexus_context {
 public:
  nexus_context(const nexus_context&) = delete;
  nexus_context& operator=(const nexus_context&) = delete;

  const nexus_info& info() const noexcept { return info_; }
  /// With the fields of the request.
  const rondo::logger& logger() const noexcept { return logger_; }
  /// The client of the worker: its namespace and its connection. Its starts and signals take along the links of the
  /// request, so that what they start or tell leads back to the caller, and what they and its updates and queries lead
  /// to becomes part of the answer.
  const rondo::client& client() const noexcept { return client_; }
  /// Requested when the answer would come too late, or the worker stops.
  std::stop_token stop_token() const noexcept { return stop_.get_token(); }
  bool cancelled() const noexcept { return stop_.stop_requested(); }

  /// Adds a link to the answer: to what the operation has to do with. Those to what is started here, or with client(),
  /// come by themselves.
  void add_link(nexus_link to) { links_.push_back(std::move(to)); }

  /// Lets the operation go on as a workflow: `return context.start_workflow<order_workflow>({.id = id}, order);`. It is
  /// started once the handler has returned, and ends the operation with its result; cancelling the operation cancels
  /// it. An empty `id` becomes the id of the request, an empty `task_queue` the one of the worker. When such a workflow
  /// is running already the operation waits for that one, unless `options.conflict` says otherwise. A handler starts
  /// one thing only: a workflow, an update or an activity.
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
    begin_workflow(type, options, detail::calls::encode_untyped_of(owner_of(options), arguments...));
    return {};
  }

  /// Lets the operation go on as an update of a workflow that runs:
  /// `return context.start_update<&order_workflow::add_item>({.workflow_id = id}, item);`. It is asked for once the
  /// handler has returned; one that has ended by then ends the operation at once. Updates cannot be cancelled: give the
  /// operation a function for that, see nexus_handlers::on_cancel. Needs a server that tells the end of updates to
  /// callbacks; others are not asked, and the request fails as not implemented.
  template <auto Member, class... Arguments>
  auto start_update(const nexus_update_options& options, Arguments&&... arguments) {
    using parameters = typename detail::signature_of<Member>::args;
    static_assert(detail::callable_with<parameters, Arguments...>,
                  "the arguments do not match the parameters of this handler");
    begin_update(detail::handler_name_in<Member, void>(), options,
                 detail::calls::typed_arguments<parameters>::encode_of(owner_of(options),
                                                                       std::forward<Arguments>(arguments)...));
    return nexus_run<detail::result_of<Member>>();
  }
  /// The same by name.
  template <class Result, class... Arguments>
  nexus_run<Result> start_update(std::string_view name, const nexus_update_options& options, Arguments&&... arguments) {
    begin_update(name, options, detail::calls::encode_untyped_of(owner_of(options), arguments...));
    return {};
  }

  /// Lets the operation go on as a standalone activity: `return context.start_activity<charge>({.start_to_close_timeout
  /// = 1min}, order);`. It is started once the handler has returned; cancelling the operation asks the activity to end.
  /// The defaults of `id`, `task_queue` and `conflict` are those of start_workflow. Needs a server that tells the end
  /// of activities to callbacks.
  template <auto Activity, class... Arguments>
  auto start_activity(const start_activity_options& options, Arguments&&... arguments) {
    using parameters = typename detail::signature_of<Activity>::args;
    static_assert(detail::callable_with<parameters, Arguments...>,
                  "the arguments do not match the parameters of this activity");
    begin_activity(name_of<Activity>, options,
                   detail::calls::typed_arguments<parameters>::encode_of(owner_of(name_of<Activity>, options),
                                                                         std::forward<Arguments>(arguments)...));
    return nexus_run<detail::result_of<Activity>>();
  }
  /// The same by name.
  template <class Result, class... Arguments>
  nexus_run<Result> start_activity(std::string_view type, const start_activity_options& options,
                                   Arguments&&... arguments) {
    begin_activity(type, options, detail::calls::encode_untyped_of(owner_of(type, options), arguments...));
    return {};
  }

 protected:
  nexus_context(nexus_info about, rondo::logger log, rondo::client through)
      : info_(std::move(about)), logger_(std::move(log)), client_(std::move(through)) {}
  ~nexus_context() = default;
  bool request_stop() { return stop_.request_stop(); }
  const std::vector<nexus_link>& links() const noexcept { return links_; }
  nexus_header_map& headers() noexcept { return info_.headers; }
  virtual void begin_workflow(std::string_view type, const start_workflow_options& options,
                              detail::calls::Payloads input) = 0;
  virtual void begin_update(std::string_view name, const nexus_update_options& options,
                            detail::calls::Payloads input) = 0;
  virtual void begin_activity(std::string_view type, const start_activity_options& options,
                              detail::calls::Payloads input) = 0;

 private:
  detail::calls::workflow_owner owner_of_workflow(std::string_view id) const noexcept {
    return {client_.namespace_(), id.empty() ? std::string_view(info_.request_id) : id};
  }
  detail::calls::workflow_owner owner_of(const start_workflow_options& options) const noexcept {
    return owner_of_workflow(options.id);
  }
  detail::calls::workflow_owner owner_of(const nexus_update_options& options) const noexcept {
    return owner_of_workflow(options.workflow_id);
  }
  detail::backing_activity_owner owner_of(std::string_view type, const start_activity_options& options) const noexcept {
    return {*client_.session(), options.id.empty() ? std::string_view(info_.request_id) : options.id, type,
            options.task_queue.empty() ? std::string_view(info_.task_queue) : options.task_queue};
  }
  template <class Workflow, class... Arguments>
  auto start_typed(std::string_view type, const start_workflow_options& options, Arguments&&... arguments) {
    using traits = detail::calls::workflow_traits<Workflow>;
    static_assert(detail::callable_with<typename traits::arguments, Arguments...>,
                  "the arguments do not match the parameters of this workflow");
    begin_workflow(type, options,
                   detail::calls::typed_arguments<typename traits::arguments>::encode_of(
                       owner_of(options), std::forward<Arguments>(arguments)...));
    return nexus_run<typename traits::result>();
  }

  nexus_info info_;
  rondo::logger logger_;
  rondo::client client_;
  std::stop_source stop_;
  std::vector<nexus_link> links_;
};

}  // namespace rondo
