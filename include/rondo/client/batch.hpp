#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/client/activity_changes.hpp"
#include "rondo/client/batch_options.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/client/workflow_changes.hpp"
#include "rondo/detail/client/activity_changes.hpp"
#include "rondo/detail/client/arguments.hpp"
#include "rondo/detail/client/batch.hpp"
#include "rondo/detail/client/requesting.hpp"

namespace rondo {

/// A batch job that was started. Cheap to copy; its client must live while it is used.
class batch_handle {
 public:
  batch_handle(detail::calls::session_ptr through, std::string job_id)
      : session_(std::move(through)), job_id_(std::move(job_id)) {}

  const std::string& job_id() const noexcept { return job_id_; }
  call<batch_description> describe() const {
    auto request = detail::calls::new_request<detail::calls::service::DescribeBatchOperationRequest>(*session_);
    request.set_job_id(job_id_);
    auto what = detail::calls::batch_call(*session_, std::move(request), "describe");
    return detail::calls::make_reading_call(
        session_, std::move(what), [](const auto& response) { return detail::calls::description_of(response); });
  }
  /// What it has not done yet stays undone.
  call<void> stop(std::string_view reason = {}) const {
    auto request = detail::calls::new_request<detail::calls::service::StopBatchOperationRequest>(*session_);
    request.set_job_id(job_id_);
    request.set_reason(std::string(reason));
    return detail::calls::make_telling_call(session_, detail::calls::batch_call(*session_, std::move(request), "stop"));
  }

 private:
  detail::calls::session_ptr session_;
  std::string job_id_;
};

/// Jobs of the server that do one thing to many workflows or activities. The client must live while it is used.
/// Starting one throws invalid_argument, or resource_exhausted when too many run.
class batch_client {
 public:
  explicit batch_client(const client& through) : session_(through.session()) {}

  call<batch_handle> terminate(const batch_target& which, const batch_options& options = {}) const {
    return start("terminate", which, options, [&](auto&, auto& request) {
      request.mutable_termination_operation()->set_identity(session_->identity);
    });
  }
  call<batch_handle> cancel(const batch_target& which, const batch_options& options = {}) const {
    return start("cancel", which, options, [&](auto&, auto& request) {
      request.mutable_cancellation_operation()->set_identity(session_->identity);
    });
  }
  /// Removes what the server knows of them; those that run are ended.
  call<batch_handle> remove(const batch_target& which, const batch_options& options = {}) const {
    return start("delete", which, options,
                 [&](auto&, auto& request) { request.mutable_deletion_operation()->set_identity(session_->identity); });
  }
  template <class... Arguments>
  call<batch_handle> signal(std::string_view name, const batch_target& which, const batch_options& options,
                            const Arguments&... arguments) const {
    auto input = detail::calls::encode_untyped(arguments...);
    return start("signal", which, options, [&](auto& subject, auto& request) {
      if (name.empty()) detail::calls::refuse(subject, "the name of the signal is missing");
      auto& operation = *request.mutable_signal_operation();
      operation.set_identity(session_->identity);
      operation.set_signal(std::string(name));
      if (input.payloads_size() > 0) *operation.mutable_input() = std::move(input);
    });
  }
  /// Each goes back to the point; one that has none stays as it is. The reason is that of the batch.
  call<batch_handle> reset(const reset_options& how, const batch_target& which,
                           const batch_options& options = {}) const {
    return start("reset", which, options, [&](auto& subject, auto& request) {
      auto& operation = *request.mutable_reset_operation();
      operation.set_identity(session_->identity);
      detail::calls::write_reset(subject, how, operation);
    });
  }
  call<batch_handle> update_workflow_options(const workflow_options_change& change, const batch_target& which,
                                             const batch_options& options = {}) const {
    return start("update options", which, options, [&](auto& subject, auto& request) {
      auto& operation = *request.mutable_update_workflow_options_operation();
      operation.set_identity(session_->identity);
      detail::calls::write_options_change(subject, change, *operation.mutable_workflow_execution_options(),
                                          *operation.mutable_update_mask());
    });
  }

  /// Activities of the workflows, of a type, or all of them.
  call<batch_handle> unpause_activities(const activity_selector& activities, const batch_target& which,
                                        const unpause_activity_options& how = {},
                                        const batch_options& options = {}) const {
    return start("unpause activities", which, options, [&](auto& subject, auto& request) {
      auto& operation = *request.mutable_unpause_activities_operation();
      operation.set_identity(session_->identity);
      detail::calls::write_selector(subject, activities, operation);
      operation.set_reset_attempts(how.reset_attempts);
      operation.set_reset_heartbeat(how.reset_heartbeat);
      detail::calls::set_duration(subject, "jitter", how.jitter, [&] { return operation.mutable_jitter(); });
    });
  }
  call<batch_handle> reset_activities(const activity_selector& activities, const batch_target& which,
                                      const reset_activity_options& how = {}, const batch_options& options = {}) const {
    return start("reset activities", which, options, [&](auto& subject, auto& request) {
      auto& operation = *request.mutable_reset_activities_operation();
      operation.set_identity(session_->identity);
      detail::calls::write_selector(subject, activities, operation);
      operation.set_reset_heartbeat(how.reset_heartbeat);
      operation.set_keep_paused(how.keep_paused);
      operation.set_restore_original_options(how.restore_original_options);
      detail::calls::set_duration(subject, "jitter", how.jitter, [&] { return operation.mutable_jitter(); });
    });
  }
  call<batch_handle> update_activity_options(const activity_selector& activities, const activity_options_change& change,
                                             const batch_target& which, const batch_options& options = {}) const {
    return start("update activities", which, options, [&](auto& subject, auto& request) {
      auto& operation = *request.mutable_update_activity_options_operation();
      operation.set_identity(session_->identity);
      detail::calls::write_selector(subject, activities, operation);
      detail::calls::write_options_change(subject, change, operation);
    });
  }

  /// The same for standalone activities: the query, or the ids, are theirs.
  call<batch_handle> cancel_activities(const batch_target& which, const batch_options& options = {}) const {
    return start_for_activities("cancel activities", which, options, [&](auto&, auto& request) {
      request.mutable_cancel_activities_operation()->set_identity(session_->identity);
      request.mutable_cancel_activities_operation()->set_reason(std::string(options.reason));
    });
  }
  call<batch_handle> terminate_activities(const batch_target& which, const batch_options& options = {}) const {
    return start_for_activities("terminate activities", which, options, [&](auto&, auto& request) {
      request.mutable_terminate_activities_operation()->set_identity(session_->identity);
      request.mutable_terminate_activities_operation()->set_reason(std::string(options.reason));
    });
  }
  call<batch_handle> remove_activities(const batch_target& which, const batch_options& options = {}) const {
    return start_for_activities("delete activities", which, options,
                                [&](auto&, auto& request) { request.mutable_delete_activities_operation(); });
  }

  /// A handle of a job that exists; nothing is asked of the server.
  batch_handle get(std::string job_id) const { return batch_handle(session_, std::move(job_id)); }
  paged_list<batch_summary> list(const list_options& options = {}) const {
    return detail::calls::list_batches(session_, options);
  }

 private:
  using request_type = detail::calls::service::StartBatchOperationRequest;

  template <class Fill>
  call<batch_handle> start(std::string_view what, const batch_target& which, const batch_options& options,
                           Fill fill) const {
    return begin(what, which, options, temporal::api::enums::v1::EXECUTION_TYPE_WORKFLOW, fill);
  }
  template <class Fill>
  call<batch_handle> start_for_activities(std::string_view what, const batch_target& which,
                                          const batch_options& options, Fill fill) const {
    return begin(what, which, options, temporal::api::enums::v1::EXECUTION_TYPE_ACTIVITY, fill);
  }
  template <class Fill>
  call<batch_handle> begin(std::string_view what, const batch_target& which, const batch_options& options,
                           temporal::api::enums::v1::ExecutionType kind, Fill& fill) const {
    auto made = detail::calls::make_batch(*session_, what, which, options, kind);
    fill(made.subject, made.request);
    return session_->make_call(detail::calls::start_batch<batch_handle>(session_, std::move(made)));
  }

  detail::calls::session_ptr session_;
};

}  // namespace rondo
