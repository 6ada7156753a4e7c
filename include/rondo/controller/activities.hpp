#pragma once

#include <asio/awaitable.hpp>
#include <string>

#include "rondo/controller/messages.hpp"
#include "rondo/name_of.hpp"

namespace rondo::controller {

/// What a target's workflow asks of the controller's process; activities.
class target_activities {
 public:
  target_activities() = default;
  target_activities(const target_activities&) = delete;
  target_activities& operator=(const target_activities&) = delete;
  virtual ~target_activities() = default;

  /// Looks at the target until something is worth reporting.
  virtual asio::awaitable<watch_result> watch(watch_request request) = 0;
  /// Begins an invocation, once for an id, and returns the process that will tell its end by a signal.
  virtual asio::awaitable<std::string> begin(begin_request request) = 0;
  virtual asio::awaitable<provider_outcome> resize(size_request request) = 0;
};

}  // namespace rondo::controller

template <>
inline constexpr std::string_view rondo::name_of<& rondo::controller::target_activities::watch> =
    "rondo-controller-watch";
template <>
inline constexpr std::string_view rondo::name_of<& rondo::controller::target_activities::begin> =
    "rondo-controller-begin";
template <>
inline constexpr std::string_view rondo::name_of<& rondo::controller::target_activities::resize> =
    "rondo-controller-resize";
