#pragma once
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "rondo/client/description.hpp"
#include "rondo/nexus_info.hpp"
#include "rondo/options.hpp"
#include "rondo/payload.hpp"

// Nexus operations that no workflow calls: they are started from outside, and are durable in the same way.
namespace rondo {

/// What to do when an operation with the same id has closed.
enum class nexus_operation_reuse_policy : std::uint8_t {
  allow_duplicate,
  allow_duplicate_failed_only,
  reject_duplicate,
};

/// What to do when an operation with the same id is running.
enum class nexus_operation_conflict_policy : std::uint8_t { fail, use_existing };

/// How to start a standalone Nexus operation. Timeouts that are zero: as the server limits them.
struct start_nexus_operation_options {
  /// Empty: a random UUID.
  std::string_view id{};
  /// From the start to the end, all attempts together.
  duration schedule_to_close_timeout{};
  /// Until the handler has started it, or ended it at once.
  duration schedule_to_start_timeout{};
  /// From then on; only for operations that go on after they have started.
  duration start_to_close_timeout{};
  /// Unset: allow_duplicate.
  std::optional<nexus_operation_reuse_policy> reuse{};
  /// Unset: fail.
  std::optional<nexus_operation_conflict_policy> conflict{};
  /// For the handler; they are neither encoded nor encrypted.
  std::span<const nexus_header> headers{};
  /// Values to find it by, each with its `type` in the metadata.
  payload_map_view search_attributes{};
  /// One line, and more, for people who look at the operation.
  std::string_view summary{}, details{};
};
static_assert(std::is_trivially_destructible_v<start_nexus_operation_options>);

/// What has become of a standalone Nexus operation.
enum class nexus_operation_status : std::uint8_t {
  unspecified,
  running,
  completed,
  failed,
  cancelled,
  terminated,
  timed_out,
};

/// A standalone Nexus operation as lists show it.
struct nexus_operation_summary {
  std::string id{}, run_id{}, endpoint{}, service{}, operation{};
  nexus_operation_status status = nexus_operation_status::unspecified;
  std::optional<server_time> scheduled_time{}, close_time{};
  /// Zero for running ones.
  duration execution_duration{};
  payload_map search_attributes{};
};

/// What a description of a standalone Nexus operation tells beside the rest; it may be large.
struct describe_nexus_operation_options {
  bool input = false;
  /// What it gave or failed with, once it has ended.
  bool outcome = false;
};
static_assert(std::is_trivially_destructible_v<describe_nexus_operation_options>);

/// A standalone Nexus operation in full.
struct nexus_operation_description : nexus_operation_summary {
  duration schedule_to_close_timeout{}, schedule_to_start_timeout{}, start_to_close_timeout{};
  pending_nexus_operation_state state = pending_nexus_operation_state::unspecified;
  /// The present or last attempt to start it, from 1.
  int attempt = 0;
  std::optional<server_time> last_attempt_complete_time{}, next_attempt_time{}, expiration_time{};
  /// What the attempt before failed with; null when there was none.
  std::exception_ptr last_failure{};
  std::string last_failure_message{};
  /// Why no attempt is made now.
  std::string blocked_reason{};
  /// Unset when nobody has asked to cancel it.
  std::optional<nexus_operation_cancellation> cancellation{};
  /// What the handler calls the operation; empty until it has started.
  std::string operation_token{};
  nexus_header_map headers{};
  /// Who started it.
  std::string identity{};
  /// Texts given at the start; empty when there are none or they are no texts.
  std::string summary{}, details{};
  /// What it was given, if describe_nexus_operation_options::input asks for it; unset when it takes nothing.
  std::optional<payload> input{};
  /// What it gave or failed with, if describe_nexus_operation_options::outcome asks for it; unset and null until it has
  /// ended.
  std::optional<payload> result{};
  std::exception_ptr error{};
};

}  // namespace rondo
