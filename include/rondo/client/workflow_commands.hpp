#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/client/activity_changes.hpp"
#include "rondo/client/workflow_changes.hpp"
#include "rondo/client/workflow_handle.hpp"
#include "rondo/detail/client/activity_changes.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/requests.hpp"
#include "rondo/detail/client/workflow_changes.hpp"

namespace rondo {

/// What people who operate a system do to a workflow and to its activities, beyond what a handle offers:
/// `workflow_commands(client, handle).reset(...)`. The client must live while it is used.
class workflow_commands {
 public:
  /// Without a run it means the present one.
  workflow_commands(const client& through, std::string workflow_id, std::string run_id = {})
      : target_(through.session(), std::move(workflow_id), run_id, run_id, {}) {}
  workflow_commands(const client& through, const workflow_handle_base& of)
      : workflow_commands(through, of.id(), of.run_id()) {}

  /// Ends the run and begins another with its events up to a point; gives the id of the new run. Throws
  /// invalid_argument when there is no such point.
  call<std::string> reset(const reset_options& options = {}) const {
    return target_.session->make_call(detail::calls::reset_workflow(
        target_, detail::calls::make_reset(target_, options), options.to.kind, std::string(options.to.build_id)));
  }
  /// Ends the workflow at once if it runs, and removes what the server knows of it. The server does so a little later.
  call<void> remove() const {
    auto request = detail::calls::new_request<detail::calls::service::DeleteWorkflowExecutionRequest>(*target_.session);
    detail::calls::set_execution(target_, *request.mutable_workflow_execution());
    return tell(std::move(request), "delete");
  }
  /// No workflow task and no activity of it begins any more, until unpause(). Needs a server that allows it.
  call<void> pause(std::string_view reason = {}) const {
    return tell(addressed<detail::calls::service::PauseWorkflowExecutionRequest>(reason), "pause");
  }
  call<void> unpause(std::string_view reason = {}) const {
    return tell(addressed<detail::calls::service::UnpauseWorkflowExecutionRequest>(reason), "unpause");
  }
  /// Changes the options of the workflow while it runs; gives those that it has then.
  call<workflow_settings> update_options(const workflow_options_change& change) const {
    auto request =
        detail::calls::new_request<detail::calls::service::UpdateWorkflowExecutionOptionsRequest>(*target_.session);
    detail::calls::set_execution(target_, *request.mutable_workflow_execution());
    auto what = to_call(std::move(request), "update the options of");
    detail::calls::write_options_change(what.subject, change, *what.request.mutable_workflow_execution_options(),
                                        *what.request.mutable_update_mask());
    return detail::calls::make_reading_call(target_.session, std::move(what), [](const auto& response) {
      return detail::calls::settings_of(response.workflow_execution_options());
    });
  }

  /// No attempt of the activity begins any more; one that runs hears of it with its next heartbeat.
  call<void> pause_activity(const activity_selector& which, std::string_view reason = {}) const {
    auto what = of_activity<detail::calls::service::PauseActivityRequest>(which, "pause");
    what.request.set_reason(std::string(reason));
    return detail::calls::make_telling_call(target_.session, std::move(what));
  }
  call<void> unpause_activity(const activity_selector& which, const unpause_activity_options& options = {}) const {
    auto what = of_activity<detail::calls::service::UnpauseActivityRequest>(which, "unpause");
    what.request.set_reset_attempts(options.reset_attempts);
    what.request.set_reset_heartbeat(options.reset_heartbeat);
    detail::calls::set_duration(what.subject, "jitter", options.jitter, [&] { return what.request.mutable_jitter(); });
    return detail::calls::make_telling_call(target_.session, std::move(what));
  }
  /// The next attempt is the first, and waits for nothing. One that runs counts as the first itself, so the next one as
  /// the second. It hears of the reset with its next heartbeat, and may still end the activity; but only if it was the
  /// first: servers do not know a later one any more, and begin the next one when its timeouts have passed.
  call<void> reset_activity(const activity_selector& which, const reset_activity_options& options = {}) const {
    auto what = of_activity<detail::calls::service::ResetActivityRequest>(which, "reset");
    what.request.set_reset_heartbeat(options.reset_heartbeat);
    what.request.set_keep_paused(options.keep_paused);
    what.request.set_restore_original_options(options.restore_original_options);
    detail::calls::set_duration(what.subject, "jitter", options.jitter, [&] { return what.request.mutable_jitter(); });
    return detail::calls::make_telling_call(target_.session, std::move(what));
  }
  /// Changes the options of the activity; gives those that it has then.
  call<activity_settings> update_activity_options(const activity_selector& which,
                                                  const activity_options_change& change) const {
    auto what = of_activity<detail::calls::service::UpdateActivityOptionsRequest>(which, "update the options of");
    detail::calls::write_options_change(what.subject, change, what.request);
    return detail::calls::make_reading_call(target_.session, std::move(what), [](const auto& response) {
      return detail::calls::settings_of(response.activity_options());
    });
  }

 private:
  template <class Request>
  detail::calls::service_call<Request> to_call(Request request, std::string_view action) const {
    return detail::calls::service_call<Request>(detail::calls::method_path<Request>::value,
                                                target_.subject(std::string(action)), target_.resource_id(),
                                                std::move(request));
  }
  template <class Request>
  call<void> tell(Request request, std::string_view action) const {
    return detail::calls::make_telling_call(target_.session, to_call(std::move(request), action));
  }
  template <class Request>
  Request addressed(std::string_view reason) const {
    auto request = detail::calls::new_request<Request>(*target_.session);
    request.set_workflow_id(target_.workflow_id);
    request.set_run_id(target_.run_id);
    request.set_reason(std::string(reason));
    return request;
  }
  template <class Request>
  detail::calls::service_call<Request> of_activity(const activity_selector& which, std::string_view action) const {
    auto request = detail::calls::new_request<Request>(*target_.session);
    detail::calls::set_execution(target_, *request.mutable_execution());
    auto what = to_call(std::move(request), std::string(action) + " " + detail::calls::text_of(which) + " of");
    detail::calls::write_selector(what.subject, which, what.request);
    return what;
  }

  detail::calls::target target_;
};

}  // namespace rondo
