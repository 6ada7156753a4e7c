#pragma once
#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client/call.hpp"
#include "rondo/detail/client/updates.hpp"

namespace rondo {

/// An update that was asked for. Cheap to copy; its client must live while it is used.
template <class Result = void>
class update_handle {
 public:
  explicit update_handle(detail::calls::update_ref of) : update_(std::move(of)) {}

  const std::string& id() const noexcept { return update_.id; }
  const std::string& workflow_id() const noexcept { return update_.workflow_id; }
  /// The run that took it; empty for a handle made by an id alone.
  const std::string& run_id() const noexcept { return update_.run_id; }

  /// Waits until the handler has ended, however long that takes. Throws update_failure, not_found, conversion_error.
  call<Result> result() const { return update_.session->make_call(detail::calls::wait_update<Result>(update_)); }

 private:
  detail::calls::update_ref update_;
};

template <class Workflow>
class workflow_handle;

/// What an update together with a start gives.
template <class Workflow, class Result>
struct update_with_start {
  workflow_handle<Workflow> workflow;
  update_handle<Result> update;
};

}  // namespace rondo
