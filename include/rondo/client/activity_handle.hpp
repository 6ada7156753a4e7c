#pragma once
#include <concepts>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "rondo/client/call.hpp"
#include "rondo/detail/client/activity_requests.hpp"
#include "rondo/detail/client/arguments.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/failure.hpp"

namespace rondo {

/// An activity that ends outside the function that began it: its worker said that it will be completed later.
/// Calls throw not_found when the activity has ended, timed out, or its workflow has.
class async_activity_handle {
 public:
  async_activity_handle(detail::calls::session_ptr through, detail::calls::activity_key which)
      : session_(std::move(through)), key_(std::move(which)) {}

  /// Tells the server that it is still at work. Throws activity_cancelled when it should stop: cancelled, paused or
  /// reset, as that says.
  template <class... Details>
  call<void> heartbeat(const Details&... details) const {
    return session_->make_call(detail::calls::send_heartbeat(session_, key_, encode(details...)));
  }
  /// Ends it with a result, or with none.
  template <class... Result>
    requires(sizeof...(Result) <= 1)
  call<void> complete(const Result&... result) const {
    return session_->make_call(detail::calls::send_completion(session_, key_, encode(result...)));
  }
  /// Ends the attempt with a failure; the server repeats it as its retry policy says. The values are those of a last
  /// heartbeat, which the next attempt finds; without any it finds what the last heartbeat() said.
  template <class... LastHeartbeat>
  call<void> fail(const std::exception_ptr& error, const LastHeartbeat&... details) const {
    return session_->make_call(
        detail::calls::send_activity_failure(session_, key_, error, detail::calls::encode_untyped(details...)));
  }
  template <std::derived_from<std::exception> Error, class... LastHeartbeat>
  call<void> fail(const Error& error, const LastHeartbeat&... details) const {
    return fail(std::make_exception_ptr(error), details...);
  }
  /// Ends it as cancelled; only after it was asked to stop.
  template <class... Details>
  call<void> report_cancelled(const Details&... details) const {
    return session_->make_call(detail::calls::send_activity_cancelled(session_, key_, encode(details...)));
  }

 private:
  template <class... Values>
  detail::calls::Payloads encode(const Values&... values) const {
    return detail::calls::encode_untyped_of([this] { return key_.owner(*session_); }, values...);
  }

  detail::calls::session_ptr session_;
  detail::calls::activity_key key_;
};

}  // namespace rondo
