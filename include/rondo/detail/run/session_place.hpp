#pragma once
#include <string>
#include <string_view>

// What the two sides of a session agree on: the workflow that opens it, and the worker that holds it.
namespace rondo::detail::run {

/// Where a session lives.
struct session_place {
  std::string task_queue{};
  std::string identity{};
};

/// Runs for as long as the session is open, and beats.
inline constexpr std::string_view hold_session_activity = "rondo.hold_session";
/// Ends the one that holds the session.
inline constexpr std::string_view end_session_activity = "rondo.end_session";

/// Where workers with room for a session look for those that are wanted.
inline std::string session_creation_queue(std::string_view shared) {
  return std::string(shared) + "__rondo_session_creation";
}
/// By which a worker tells the workflow where the session is.
inline std::string session_signal(std::string_view id) { return "rondo.session." + std::string(id); }

}  // namespace rondo::detail::run
