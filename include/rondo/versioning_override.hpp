#pragma once
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace rondo {

/// Which version of a worker deployment runs a workflow, whatever the workflow and the deployment say. Make it with one
/// of the functions; what they name must live until the call that takes it was made.
struct versioning_override {
  enum class kind_type : std::uint8_t { none, pinned, auto_upgrade, one_time };

  /// It stays with this version until the override is removed or replaced.
  static constexpr versioning_override pinned(std::string_view deployment_name, std::string_view build_id) {
    return {kind_type::pinned, deployment_name, build_id};
  }
  /// It goes with the current version of its deployment.
  static constexpr versioning_override auto_upgrade() { return {kind_type::auto_upgrade, {}, {}}; }
  /// Its next workflow task goes to this version; from there on its own behaviour counts.
  static constexpr versioning_override one_time(std::string_view deployment_name, std::string_view build_id) {
    return {kind_type::one_time, deployment_name, build_id};
  }

  /// It names a version where it needs one.
  constexpr bool complete() const noexcept {
    const bool needs_version = kind == kind_type::pinned || kind == kind_type::one_time;
    return !needs_version || (!deployment_name.empty() && !build_id.empty());
  }

  kind_type kind = kind_type::none;
  std::string_view deployment_name{}, build_id{};
};
static_assert(std::is_trivially_destructible_v<versioning_override>);

}  // namespace rondo
