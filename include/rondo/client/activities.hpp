#pragma once
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/client/activity_options.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/detail/client/arguments.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/standalone.hpp"
#include "rondo/name_of.hpp"
#include "rondo/workflow/call.hpp"

namespace rondo {

/// A standalone activity on the server, whatever its result is. Calls go to the run it was made for; without one, to
/// the present run. Cheap to copy; its client must live while it is used. Calls throw not_found when there is no such
/// activity.
class activity_execution_base {
 public:
  explicit activity_execution_base(detail::calls::activity_target where) : target_(std::move(where)) {}

  const std::string& id() const noexcept { return target_.activity_id; }
  const std::string& run_id() const noexcept { return target_.run_id; }

  call<activity_description> describe(const describe_activity_options& options = {}) const {
    auto what = target_.make<detail::calls::service::DescribeActivityExecutionRequest>("describe");
    what.request.set_include_input(options.input);
    what.request.set_include_outcome(options.outcome);
    what.request.set_include_heartbeat_details(true);
    what.request.set_include_last_failure(true);
    // The call keeps the session, and that the converter.
    return detail::calls::make_reading_call(target_.session, std::move(what),
                                            [by = target_.session->failures()](const auto& response) {
                                              return detail::calls::description_of(response, by);
                                            });
  }
  /// Asks the activity to end; it hears of it with its next heartbeat.
  call<void> cancel(std::string_view reason = {}) const {
    return tell_why<detail::calls::service::RequestCancelActivityExecutionRequest>("cancel", reason);
  }
  /// Ends the activity at once; its code does not hear of it.
  call<void> terminate(std::string_view reason = {}) const {
    return tell_why<detail::calls::service::TerminateActivityExecutionRequest>("terminate", reason);
  }
  /// Ends it at once if it runs, and removes what the server knows of it. The server does so a little later.
  call<void> remove() const {
    return detail::calls::make_telling_call(
        target_.session, target_.make<detail::calls::service::DeleteActivityExecutionRequest>("delete"));
  }

  /// No attempt begins any more; one that runs hears of it with its next heartbeat.
  call<void> pause(std::string_view reason = {}) const {
    return tell_why<detail::calls::service::PauseActivityExecutionRequest>("pause", reason);
  }
  /// Only reason and jitter of the options count.
  call<void> unpause(const unpause_activity_options& options = {}) const {
    auto what = target_.make<detail::calls::service::UnpauseActivityExecutionRequest>("unpause");
    if (options.reset_attempts || options.reset_heartbeat) {
      detail::calls::refuse(what.subject, "a standalone activity is reset by reset()");
    }
    what.request.set_reason(std::string(options.reason));
    detail::calls::set_duration(what.subject, "jitter", options.jitter, [&] { return what.request.mutable_jitter(); });
    return detail::calls::make_telling_call(target_.session, std::move(what));
  }
  /// The next attempt is the first, and waits for nothing but one that runs. That one hears of the reset with its next
  /// heartbeat, and may still end the activity.
  call<void> reset(const reset_activity_options& options = {}) const {
    auto what = target_.make<detail::calls::service::ResetActivityExecutionRequest>("reset");
    what.request.set_reset_heartbeat(options.reset_heartbeat);
    what.request.set_keep_paused(options.keep_paused);
    what.request.set_restore_original_options(options.restore_original_options);
    detail::calls::set_duration(what.subject, "jitter", options.jitter, [&] { return what.request.mutable_jitter(); });
    return detail::calls::make_telling_call(target_.session, std::move(what));
  }
  /// Changes the options; gives those that it has then.
  call<activity_settings> update_options(const activity_options_change& change) const {
    auto what = target_.make<detail::calls::service::UpdateActivityExecutionOptionsRequest>("update the options of");
    detail::calls::write_options_change(what.subject, change, what.request);
    return detail::calls::make_reading_call(target_.session, std::move(what), [](const auto& response) {
      return detail::calls::settings_of(response.activity_options());
    });
  }

 protected:
  template <class Result>
  call<Result> wait() const {
    return target_.session->make_call(detail::calls::wait_activity<Result>(target_));
  }

 private:
  template <class Request>
  call<void> tell_why(std::string_view action, std::string_view reason) const {
    auto what = target_.make<Request>(action);
    what.request.set_reason(std::string(reason));
    return detail::calls::make_telling_call(target_.session, std::move(what));
  }

  detail::calls::activity_target target_;
};

/// A standalone activity whose result is known.
template <class Result = void>
class activity_execution : public activity_execution_base {
 public:
  using activity_execution_base::activity_execution_base;

  /// Waits until the activity has ended, however long that takes. Throws activity_failure, whose cause tells how it
  /// ended; not_found, conversion_error.
  call<Result> result() const { return this->template wait<Result>(); }
};

/// Standalone activities: started from outside of workflows, run by the same workers, durable in the same way. Needs a
/// server of 1.31 or later. The client must live while it is used.
class activity_client {
 public:
  explicit activity_client(const client& through) : session_(through.session()) {}

  /// Starts the activity that is, or that a declared function stands for. Throws activity_already_started,
  /// invalid_argument, ...
  template <auto Activity, class... Arguments>
  auto start(const start_activity_options& options, Arguments&&... arguments) const {
    const new_activity to(*session_, name_of<Activity>, options);
    return begin<detail::result_of<Activity>>(to, encode_for<Activity>(to, std::forward<Arguments>(arguments)...));
  }
  /// Starts an activity by its name, such as one of another program.
  template <class Result = void, class... Arguments>
  call<activity_execution<Result>> start(std::string_view type, const start_activity_options& options,
                                         Arguments&&... arguments) const {
    detail::calls::check_awaitable_arguments<Arguments...>();
    const new_activity to(*session_, type, options);
    return begin<Result>(to, detail::calls::encode_untyped_of(to.owner(), arguments...));
  }
  /// Starts it and waits for its result.
  template <auto Activity, class... Arguments>
  auto execute(const start_activity_options& options, Arguments&&... arguments) const {
    const new_activity to(*session_, name_of<Activity>, options);
    return run<detail::result_of<Activity>>(to, encode_for<Activity>(to, std::forward<Arguments>(arguments)...));
  }
  template <class Result, class... Arguments>
  call<Result> execute(std::string_view type, const start_activity_options& options, Arguments&&... arguments) const {
    detail::calls::check_awaitable_arguments<Arguments...>();
    const new_activity to(*session_, type, options);
    return run<Result>(to, detail::calls::encode_untyped_of(to.owner(), arguments...));
  }

  /// A handle of an activity that exists; nothing is asked of the server. Without a run it means the present one.
  template <class Result = void>
  activity_execution<Result> get(std::string id, std::string run_id = {}) const {
    return activity_execution<Result>(detail::calls::activity_target(session_, std::move(id), std::move(run_id)));
  }
  /// Activities that the query finds ("ActivityType = 'charge' AND ExecutionStatus = 'Running'"); empty: all.
  paged_list<activity_summary> list(std::string_view query = {}, const list_options& options = {}) const {
    return detail::calls::list_activities(session_, std::string(query), options);
  }
  /// How many the query finds; it may GROUP BY ExecutionStatus.
  call<workflow_count> count(std::string_view query = {}) const {
    auto request = detail::calls::new_request<detail::calls::service::CountActivityExecutionsRequest>(*session_);
    request.set_query(std::string(query));
    auto what = detail::calls::call_with(*session_, std::move(request), "count activities");
    return detail::calls::make_reading_call(session_, std::move(what),
                                            [](const auto& response) { return detail::calls::count_of(response); });
  }

 private:
  using new_activity = detail::calls::new_activity;

  template <auto Activity, class... Arguments>
  static detail::calls::Payloads encode_for(const new_activity& to, Arguments&&... arguments) {
    using parameters = typename detail::signature_of<Activity>::args;
    static_assert(detail::callable_with<parameters, Arguments...>,
                  "the arguments do not match the parameters of this activity");
    detail::calls::check_awaitable_arguments<Arguments...>();
    return detail::calls::typed_arguments<parameters>::encode_of(to.owner(), std::forward<Arguments>(arguments)...);
  }
  template <class Result>
  call<activity_execution<Result>> begin(const new_activity& what, detail::calls::Payloads input) const {
    return session_->make_call(detail::calls::start_activity_for<activity_execution<Result>>(
        session_, detail::calls::make_start_activity(*session_, what.type(), what.options(), std::move(input))));
  }
  template <class Result>
  call<Result> run(const new_activity& what, detail::calls::Payloads input) const {
    return session_->make_call(detail::calls::execute_activity<Result>(
        session_, detail::calls::make_start_activity(*session_, what.type(), what.options(), std::move(input))));
  }

  detail::calls::session_ptr session_;
};

}  // namespace rondo
