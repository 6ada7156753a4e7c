#pragma once
#include <asio/awaitable.hpp>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/client.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/client/schedule.hpp"
#include "rondo/detail/client/schedules.hpp"

namespace rondo {

/// A schedule that the server has. Cheap to copy; its client must live while it is used. Calls throw not_found when
/// there is no such schedule.
class schedule_handle {
 public:
  schedule_handle(detail::calls::session_ptr through, std::string id)
      : session_(std::move(through)), id_(std::move(id)) {}

  const std::string& id() const noexcept { return id_; }

  call<schedule_description> describe() const {
    return session_->make_call(detail::calls::describe_schedule(session_, id_));
  }
  /// Describes the schedule, lets `change` alter what it says and sends that, unless it returns false. When somebody
  /// else changed the schedule in between, it begins again, up to ten times; then it throws rpc_error. What is not
  /// changed stays as it is, arguments too. Search attributes and memo of the schedule are set when they were changed.
  call<void> update(std::function<bool(schedule_description&)> change) const {
    return session_->make_call(detail::calls::update_schedule(session_, id_, std::move(change)));
  }
  /// Acts at once.
  call<void> trigger(schedule_overlap overlap = schedule_overlap::unspecified) const {
    return patch(detail::calls::make_trigger(*session_, id_, overlap));
  }
  /// The note replaces that of the schedule; empty: one that says by whom.
  call<void> pause(std::string_view note = {}) const {
    return patch(detail::calls::make_pause(*session_, id_, note, true));
  }
  call<void> unpause(std::string_view note = {}) const {
    return patch(detail::calls::make_pause(*session_, id_, note, false));
  }
  /// Acts for moments in the past as if they were now. At least one.
  call<void> backfill(std::span<const schedule_backfill> moments) const {
    return patch(detail::calls::make_backfill(*session_, id_, moments));
  }
  call<void> backfill(const schedule_backfill& moments) const { return backfill(std::span(&moments, 1)); }
  /// The moments between the two at which it acts, without those that jitter, pauses or limits would change.
  call<std::vector<server_time>> matching_times(server_time from, server_time to) const {
    return session_->make_call(detail::calls::matching_times(session_, id_, from, to));
  }
  /// The schedule is no more; the workflows that it started go on.
  call<void> remove() const {
    return detail::calls::make_telling_call(session_, detail::calls::make_delete_schedule(*session_, id_));
  }

 private:
  call<void> patch(detail::calls::service_call<detail::calls::service::PatchScheduleRequest> what) const {
    return detail::calls::make_telling_call(session_, std::move(what));
  }

  detail::calls::session_ptr session_;
  std::string id_;
};

/// Schedules: workflows that are started by the clock. The client must live while it is used.
class schedule_client {
 public:
  explicit schedule_client(const client& through) : session_(through.session()) {}

  /// Throws schedule_already_exists, or invalid_argument.
  template <class Schedule>
    requires std::same_as<std::remove_cvref_t<Schedule>, schedule>
  call<schedule_handle> create(std::string_view id, Schedule&& what,
                               const create_schedule_options& options = {}) const {
    detail::calls::check_awaitable_arguments<Schedule>();
    return session_->make_call(detail::calls::create_schedule<schedule_handle>(
        session_, detail::calls::make_create(*session_, id, what, options)));
  }
  /// A handle of a schedule that exists; nothing is asked of the server.
  schedule_handle get(std::string id) const { return schedule_handle(session_, std::move(id)); }

  /// Schedules that the query finds ("TemporalSchedulePaused = true"); empty: all.
  paged_list<schedule_summary> list(std::string_view query = {}, const list_options& options = {}) const {
    return detail::calls::list_schedules(session_, std::string(query), options);
  }
  /// How many the query finds. Needs a server of 1.31 or later.
  call<workflow_count> count(std::string_view query = {}) const {
    return session_->make_call(detail::calls::count_schedules(session_, std::string(query)));
  }

 private:
  detail::calls::session_ptr session_;
};

}  // namespace rondo
