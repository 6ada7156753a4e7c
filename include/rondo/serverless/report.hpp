#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/options.hpp"

namespace rondo::serverless {

/// Why an invocation ended.
enum class end_reason : std::uint8_t {
  idle,      ///< nothing was left to do
  deadline,  ///< its time was over
  stopped,   ///< SIGTERM, or its stop token
  error,     ///< it could not work; `report::error` says why
};

constexpr std::string_view to_string(end_reason reason) noexcept {
  switch (reason) {
    case end_reason::idle:
      return "idle";
    case end_reason::deadline:
      return "deadline";
    case end_reason::stopped:
      return "sigterm";
    case end_reason::error:
      break;
  }
  return "error";
}

/// What an invocation did: its answer, and one line of its log.
struct report {
  std::string request_id{};
  end_reason reason = end_reason::idle;
  /// Why it could not work; empty unless the reason is `error`.
  std::string error{};
  /// A name for that kind of error, such as "Runtime.NotEnoughTime".
  std::string error_type{};
  bool cold = false;
  /// Until the server had answered, until the first poll was sent, and in all.
  duration connect{}, first_poll{}, run{};
  /// How much of it was waiting with nothing in work.
  duration idle{};
  std::size_t workflow_tasks = 0, activities = 0;
  /// Tasks and attempts that ended as failed.
  std::size_t failed = 0;
  /// Activities that were given back, to be repeated by the next invocation.
  std::size_t handed_back = 0;
  /// Polls that had to be broken off: each may have held a task.
  std::size_t lost_polls = 0;
  /// The server knows that the worker's sticky queue is not polled any more.
  bool sticky_shutdown = false;
  /// What shutdown hooks threw, in their order.
  std::vector<std::string> hook_errors{};
};

}  // namespace rondo::serverless
