#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rondo/controller/provider.hpp"
#include "rondo/controller/scaling.hpp"
#include "rondo/json.hpp"

template <>
inline constexpr auto rondo::json::names<rondo::controller::scaler_type> =
    rondo::json::enumerators<rondo::controller::scaler_type>(
        {{rondo::controller::scaler_type::demand, "demand"},
         {rondo::controller::scaler_type::no_sync, "no-sync"},
         {rondo::controller::scaler_type::rate_based, "rate-based"}});
template <>
inline constexpr auto rondo::json::names<rondo::controller::launch_strategy> =
    rondo::json::enumerators<rondo::controller::launch_strategy>(
        {{rondo::controller::launch_strategy::invoke, "invoke"},
         {rondo::controller::launch_strategy::set_size, "set_size"}});
template <>
inline constexpr auto rondo::json::names<rondo::controller::failure_class> =
    rondo::json::enumerators<rondo::controller::failure_class>(
        {{rondo::controller::failure_class::none, "none"},
         {rondo::controller::failure_class::rejected, "rejected"},
         {rondo::controller::failure_class::not_found, "not_found"},
         {rondo::controller::failure_class::access_denied, "access_denied"},
         {rondo::controller::failure_class::unavailable, "unavailable"},
         {rondo::controller::failure_class::throttled, "throttled"},
         {rondo::controller::failure_class::internal, "internal"}});

// What a target's workflow and the controller's process tell each other. None of it holds credentials.
namespace rondo::controller {

/// With what a target's workflow begins, and what its next run goes on with.
struct target_start {
  std::string target{};
  scaler_config scaler{};
  std::optional<scaler_state> state{};
  /// Of a set of workers; empty: nobody has set it yet.
  std::optional<std::int32_t> size{};
  std::int64_t invocations = 0;
  std::string process{};
};

/// A controller's process has started, and this is how it is configured.
struct process_started {
  std::string process{};
  scaler_config scaler{};
};

struct watch_request {
  std::string target{};
  scaler_config scaler{};
  scaler_state state{};
  std::optional<std::int32_t> size{};
  /// The last report led to nothing, so the next look has time.
  bool rest = false;
};
struct watch_result {
  observation seen{};
  /// Who looked, and which of the target's invocations it knows of.
  std::string process{};
  std::vector<std::string> under_way{};
};

struct begin_request {
  std::string target{};
  std::string id{};
  std::int64_t backlog = 0;
};

struct size_request {
  std::string target{};
  std::int32_t size = 0;
};

/// An invocation has ended, or was accepted by a provider that does not tell the end.
struct invocation_ended {
  std::string id{};
  provider_outcome outcome{};
};

/// For queries.
struct target_status {
  scaler_state state{};
  std::optional<std::int32_t> size{};
  std::int64_t invocations = 0;
  std::string process{};
  /// The provider's last words when it did not do what it was asked for.
  std::string last_failure{};
};

}  // namespace rondo::controller
