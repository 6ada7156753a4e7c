#pragma once
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/config.hpp"
#include "rondo/detail/base/duration_text.hpp"
#include "rondo/log_sinks.hpp"
#include "rondo/serverless/options.hpp"

// What the environment says about a serverless worker. Needs toml++ (package libtomlplusplus-dev).
namespace rondo::serverless {

/// The first file that can be read of the one that TEMPORAL_CONFIG_FILE names, temporal.toml in the function's folder,
/// temporal.toml in the present one; empty: none of them, so that the user's own file is looked for.
inline std::string config_file(const environment_variables& environment) {
  using rondo::detail::config::find_variable;
  // A file that is named but missing is an error when it is read, not something to pass over.
  if (const auto* named = find_variable(environment, "TEMPORAL_CONFIG_FILE")) return *named;
  const auto readable = [](const std::filesystem::path& path) {
    std::error_code none;
    return std::filesystem::is_regular_file(path, none) && access(path.c_str(), R_OK) == 0;
  };
  if (const auto* root = find_variable(environment, "LAMBDA_TASK_ROOT")) {
    const auto path = std::filesystem::path(*root) / "temporal.toml";
    if (readable(path)) return path.string();
  }
  return readable("temporal.toml") ? "temporal.toml" : "";
}

namespace detail {

inline void read_duration(const environment_variables& from, std::string_view name, std::optional<duration>& into) {
  const auto* text = rondo::detail::config::find_variable(from, name);
  if (text == nullptr) return;
  try {
    into = rondo::detail::parse_duration(*text);
  } catch (const std::invalid_argument& wrong) {
    throw std::invalid_argument("rondo: " + std::string(name) + ": " + wrong.what());
  }
}

inline std::optional<log_level> level_of(std::string_view name) {
  if (name == "TRACE") return log_level::trace;
  if (name == "DEBUG") return log_level::debug;
  if (name == "INFO") return log_level::info;
  if (name == "WARN") return log_level::warn;
  if (name == "ERROR" || name == "FATAL") return log_level::error;
  return std::nullopt;
}

}  // namespace detail

/// Fills in what the environment says: the client from temporal.toml and TEMPORAL_*, the task queue from
/// TEMPORAL_TASK_QUEUE, the version from TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_WORKER_BUILD_ID, times from
/// TEMPORAL_SERVERLESS_IDLE_TIMEOUT, _STOP_TIMEOUT and _SHUTDOWN_BUFFER ("3s", "500ms"), the log's level from
/// AWS_LAMBDA_LOG_LEVEL. Throws std::invalid_argument, naming file or variable, when something makes no sense.
inline void apply_environment(options& to, const environment_variables& environment) {
  using rondo::detail::config::find_variable;
  config_source source;
  source.file = config_file(environment);
  source.environment = environment;
  to.client = load_client_options(source);
  const auto text = [&environment](std::string_view name, std::string& into) {
    if (const auto* value = find_variable(environment, name)) into = *value;
  };
  text("TEMPORAL_TASK_QUEUE", to.task_queue);
  text("TEMPORAL_DEPLOYMENT_NAME", to.version.deployment_name);
  text("TEMPORAL_WORKER_BUILD_ID", to.version.build_id);
  detail::read_duration(environment, "TEMPORAL_SERVERLESS_IDLE_TIMEOUT", to.idle_timeout);
  detail::read_duration(environment, "TEMPORAL_SERVERLESS_SHUTDOWN_BUFFER", to.limits.shutdown_buffer);
  std::optional<duration> stop_timeout;
  detail::read_duration(environment, "TEMPORAL_SERVERLESS_STOP_TIMEOUT", stop_timeout);
  if (stop_timeout) to.limits.stop_timeout = *stop_timeout;
  if (const auto* name = find_variable(environment, "AWS_LAMBDA_LOG_LEVEL")) {
    const auto level = detail::level_of(*name);
    if (!level) {
      throw std::invalid_argument(
          "rondo: AWS_LAMBDA_LOG_LEVEL must be TRACE, DEBUG, INFO, WARN, ERROR or FATAL, but "
          "it is '" +
          *name + "'");
    }
    to.worker.logger = logger(std::make_shared<json_log_sink>(), *level);
  }
}

/// Options of a host as its main function makes them: the defaults, then the environment, then the program's own word
/// (`configure` takes `options&`), then the check. Throws std::invalid_argument, and what `configure` throws.
template <class Configure>
options prepare(profile kind, Configure&& configure, bool needs_version,
                const environment_variables& environment = rondo::detail::config::variables_of_process(),
                worker_deployment_version version = {}) {
  options made = defaults_of(kind);
  apply_environment(made, environment);
  if (!version.empty()) made.version = version;
  std::forward<Configure>(configure)(made);
  // What the program was built as is not changed by its configuration.
  if (!version.empty()) made.version = std::move(version);
  check(made, needs_version);
  return made;
}

}  // namespace rondo::serverless
