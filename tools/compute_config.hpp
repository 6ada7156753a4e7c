#pragma once
#include <temporal/api/compute/v1/config.pb.h>

#include <string>

#include "tools/command_error.hpp"
#include "tools/compute_provider.hpp"
#include "tools/compute_scaler.hpp"
#include "tools/compute_settings.hpp"

// How the workers of a version are started: from flags to what the API calls a compute config. The command makes one
// scaling group for all kinds of tasks, named as the official command names it.
namespace rondo::tools {

using temporal::api::compute::v1::ComputeConfig;
using temporal::api::compute::v1::ComputeConfigScalingGroup;

inline constexpr const char* scaling_group_name = "default";

struct compute_flags {
  provider_values provider{};
  scaler_values scaler{};

  bool any() const { return any_provider_flag(provider) || any_scaler_flag(scaler); }
};

/// The group after the flags. `before` is what the version has, with the provider of which flags change single
/// settings; another provider begins anew. Throws command_error.
inline ComputeConfigScalingGroup scaling_group_of(const compute_flags& flags,
                                                  const ComputeConfigScalingGroup& before = {}) {
  std::string type = provider_type_of(flags.provider);
  if (type.empty()) type = before.provider().type();
  if (type.empty()) {
    throw command_error("no compute provider is given, such as by --aws-lambda-function-arn or --provider-type");
  }
  const auto* kind = find_provider(type);
  if (kind == nullptr) throw command_error("the version has a provider that this command does not know: " + type);
  const bool same = type == before.provider().type();
  compute_settings provider, scaler;
  if (same) provider = compute_settings("the provider's settings", before.provider().details());
  const auto scaler_type = scaler_type_of(*kind, flags.scaler);
  if (same && before.scaler().type() == scaler_type) {
    scaler = compute_settings("the scaler's settings", before.scaler().details());
  }
  ComputeConfigScalingGroup group;
  *group.mutable_task_queue_types() = before.task_queue_types();
  group.mutable_provider()->set_type(type);
  *group.mutable_provider()->mutable_details() = provider_settings(*kind, flags.provider, provider).payload();
  group.mutable_scaler()->set_type(std::string(scaler_type));
  const auto settings = scaler_settings_of(*kind, flags.scaler, scaler);
  if (!settings.empty()) *group.mutable_scaler()->mutable_details() = settings.payload();
  return group;
}

/// The config without what is secret in it.
inline ComputeConfig without_secrets(ComputeConfig config) {
  for (auto& [name, group] : *config.mutable_scaling_groups()) {
    if (!group.provider().has_details()) continue;
    *group.mutable_provider()->mutable_details() = without_secrets(group.provider().details());
  }
  return config;
}

}  // namespace rondo::tools
