#pragma once
#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "tools/command_error.hpp"
#include "tools/compute_settings.hpp"
#include "tools/inputs.hpp"

// Who starts the workers of a version: from flags to the settings of a compute provider.
namespace rondo::tools {

/// How a provider is told to start workers.
enum class launch {
  invoke,      ///< each call starts one, which ends by itself
  worker_set,  ///< a call says how many shall run
};

struct provider_kind {
  std::string_view type;
  launch how;
  /// Settings that it cannot do without.
  std::array<std::string_view, 4> needs;
  /// A role and its external id are given both, or the flag that leaves them out.
  std::string_view skip_role_flag;
};
inline constexpr provider_kind provider_kinds[] = {
    {"aws-lambda", launch::invoke, {"arn"}, "--aws-lambda-skip-role-and-external-id"},
    {"aws-agentcore", launch::invoke, {"endpoint_arn"}, "--aws-agentcore-skip-role-and-external-id"},
    {"subprocess", launch::invoke, {"command"}, {}},
    {"test-invoke", launch::invoke, {}, {}},
    {"aws-ecs", launch::worker_set, {"cluster", "service", "region"}, "--aws-ecs-skip-role-and-external-id"},
    {"gcp-cloud-run", launch::worker_set, {"project", "region", "worker_pool", "service_account"}, {}},
    {"k8s", launch::worker_set, {"namespace", "deployment"}, {}},
    {"test-worker-set", launch::worker_set, {}, {}},
};

struct provider_flag {
  /// The first is its name in messages.
  std::string_view names;
  std::string_view type, setting;
  std::string_view what;

  std::string name() const { return std::string(names.substr(0, names.find(','))); }
};
inline constexpr provider_flag provider_flags[] = {
    {"--aws-lambda-function-arn,--aws-lambda-invoke", "aws-lambda", "arn", "Function that is a worker"},
    {"--aws-lambda-assume-role-arn", "aws-lambda", "role", "Role that the server takes on to invoke it"},
    {"--aws-lambda-assume-role-external-id", "aws-lambda", "role_external_id", "External id that the role asks for"},
    {"--aws-agentcore-endpoint-arn", "aws-agentcore", "endpoint_arn", "Endpoint of the runtime that is a worker"},
    {"--aws-agentcore-assume-role-arn", "aws-agentcore", "role", "Role that the server takes on to invoke it"},
    {"--aws-agentcore-assume-role-external-id", "aws-agentcore", "role_external_id",
     "External id that the role asks for"},
    {"--aws-ecs-cluster", "aws-ecs", "cluster", "Cluster of the service"},
    {"--aws-ecs-service", "aws-ecs", "service", "Service whose tasks are workers"},
    {"--aws-ecs-region", "aws-ecs", "region", "Region of the cluster"},
    {"--aws-ecs-assume-role-arn", "aws-ecs", "role", "Role that the server takes on to scale it"},
    {"--aws-ecs-assume-role-external-id", "aws-ecs", "role_external_id", "External id that the role asks for"},
    {"--gcp-cloud-run-project", "gcp-cloud-run", "project", "Project of the worker pool"},
    {"--gcp-cloud-run-region", "gcp-cloud-run", "region", "Region of the worker pool"},
    {"--gcp-cloud-run-worker-pool", "gcp-cloud-run", "worker_pool", "Worker pool"},
    {"--gcp-cloud-run-service-account", "gcp-cloud-run", "service_account", "Account as which the server scales it"},
    {"--k8s-namespace", "k8s", "namespace", "Namespace of the Deployment"},
    {"--k8s-deployment", "k8s", "deployment", "Deployment whose pods are workers"},
    {"--k8s-kubeconfig", "k8s", "kubeconfig", "File that says how to reach the cluster; the server keeps its content"},
    {"--k8s-context", "k8s", "context", "Context in that file"},
    {"--subprocess-command", "subprocess", "command", "Program that the server starts; it is a worker"},
    {"--subprocess-args", "subprocess", "args", "Its arguments, with commas between them"},
    {"--subprocess-timeout", "subprocess", "timeout", "When the server ends it, such as 30s; 1m if not given"},
};

/// Flags as they are given; empty: not given.
struct provider_values {
  std::array<std::string, std::size(provider_flags)> values{};
  bool skip_role = false;
  /// For providers that have no flags of their own.
  std::string type{};
  std::vector<std::string> details{};
};

/// Null when there is no such provider.
inline const provider_kind* find_provider(std::string_view type) {
  for (const auto& each : provider_kinds) {
    if (each.type == type) return &each;
  }
  return nullptr;
}

/// The provider that the flags speak of; empty when they name none. Throws command_error when they name several.
inline std::string provider_type_of(const provider_values& given) {
  std::string type = given.type, by = "--provider-type";
  for (std::size_t i = 0; i < given.values.size(); ++i) {
    const auto& flag = provider_flags[i];
    if (given.values[i].empty() || flag.type == type) continue;
    if (!type.empty()) throw command_error(by + " and " + flag.name() + " belong to different providers");
    type = flag.type;
    by = flag.name();
  }
  if (!type.empty() && find_provider(type) == nullptr) {
    std::string all;
    for (const auto& each : provider_kinds) all.append(all.empty() ? "" : ", ").append(each.type);
    throw command_error("--provider-type: '" + type + "' is none of " + all);
  }
  return type;
}

inline bool any_provider_flag(const provider_values& given) {
  return given.skip_role || !given.details.empty() || !provider_type_of(given).empty();
}

inline std::string flag_of_setting(std::string_view type, std::string_view setting) {
  for (const auto& flag : provider_flags) {
    if (flag.type == type && flag.setting == setting) return flag.name();
  }
  return "--provider-detail " + std::string(setting) + "=";
}

/// `stays_without`: the version did without a role before.
inline void check_provider(const provider_kind& kind, const compute_settings& settings, bool skip_role,
                           bool stays_without) {
  for (const auto need : kind.needs) {
    if (need.empty() || settings.has(std::string(need))) continue;
    throw command_error("provider " + std::string(kind.type) + " needs " + flag_of_setting(kind.type, need));
  }
  if (kind.skip_role_flag.empty()) {
    if (skip_role) throw command_error("provider " + std::string(kind.type) + " has no role to leave out");
    return;
  }
  const bool role = settings.has("role"), id = settings.has("role_external_id");
  if (role && id && !skip_role) return;
  if (!role && !id && (skip_role || stays_without)) return;
  throw command_error("provider " + std::string(kind.type) + " needs both " + flag_of_setting(kind.type, "role") +
                      " and " + flag_of_setting(kind.type, "role_external_id") + ", or " +
                      std::string(kind.skip_role_flag) + " on a server that allows it");
}

/// The settings after the flags; `before` are those of a version that has this provider already. Throws command_error.
inline compute_settings provider_settings(const provider_kind& kind, const provider_values& given,
                                          compute_settings before) {
  const bool had_no_role = !before.empty() && !before.has("role");
  if (given.skip_role) {
    before.erase("role");
    before.erase("role_external_id");
  }
  for (std::size_t i = 0; i < given.values.size(); ++i) {
    const auto& flag = provider_flags[i];
    if (given.values[i].empty()) continue;
    const bool is_file = flag.setting == "kubeconfig";
    before.set_text(std::string(flag.setting), is_file ? file_text(flag.name(), given.values[i]) : given.values[i]);
  }
  for (const auto& each : given.details) {
    const auto [name, value] = split_pair("--provider-detail", each);
    before.set_text(name, value);
  }
  check_provider(kind, before, given.skip_role, had_no_role);
  return before;
}

}  // namespace rondo::tools
