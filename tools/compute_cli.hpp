#pragma once
#include <CLI/CLI.hpp>
#include <cstddef>
#include <iterator>
#include <string>

#include "tools/cli.hpp"
#include "tools/compute_config.hpp"

namespace rondo::tools {

/// The flags that say who starts the workers of a version, and how many.
inline void add_compute_flags(CLI::App& app, compute_flags& to) {
  for (std::size_t i = 0; i < std::size(provider_flags); ++i) {
    const auto& flag = provider_flags[i];
    app.add_option(std::string(flag.names), to.provider.values[i], std::string(flag.what))
        ->type_name(flag.setting == "kubeconfig" ? "PATH" : "TEXT")
        ->group("Provider " + std::string(flag.type));
  }
  for (const auto& kind : provider_kinds) {
    if (kind.skip_role_flag.empty()) continue;
    app.add_flag(std::string(kind.skip_role_flag), to.provider.skip_role,
                 "The server uses its own credentials; servers of others do not allow it")
        ->group("Provider " + std::string(kind.type));
  }
  app.add_option("--provider-type", to.provider.type, "A provider by its type")->type_name("TYPE")->group("Provider");
  add_repeated(app, "--provider-detail", to.provider.details, "A setting of the provider; may be given many times")
      ->type_name("NAME=TEXT")
      ->group("Provider");
  for (std::size_t i = 0; i < std::size(scaler_flags); ++i) {
    app.add_option(std::string(scaler_flags[i].names), to.scaler.values[i], std::string(scaler_flags[i].what))
        ->type_name(scaler_flags[i].setting == "no_sync_quiet_ms" ? "DURATION" : "NUMBER")
        ->group("Scaler");
  }
  app.add_option("--scaler-type", to.scaler.type, "no-sync or rate-based; as the provider needs it if not given")
      ->type_name("TYPE")
      ->group("Scaler");
  add_repeated(app, "--scaler-setting", to.scaler.settings, "A setting of the scaler; may be given many times")
      ->type_name("NAME=NUMBER")
      ->group("Scaler");
}

}  // namespace rondo::tools
