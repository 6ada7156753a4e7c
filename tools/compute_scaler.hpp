#pragma once
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/command_error.hpp"
#include "tools/compute_provider.hpp"
#include "tools/compute_settings.hpp"
#include "tools/inputs.hpp"
#include "tools/options.hpp"

// How many workers of a version there shall be: from flags to the settings of the server's scaling algorithms.
namespace rondo::tools {

inline constexpr std::string_view no_sync = "no-sync", rate_based = "rate-based";

/// A number that a scaling algorithm knows.
struct scaler_setting {
  std::string_view scaler, name;
  bool whole;
  double least, most;
  /// The least is not allowed itself.
  bool above_least = false;
};
inline constexpr double most_instances = std::numeric_limits<std::int32_t>::max();
inline constexpr double no_limit = 9e15;
inline constexpr scaler_setting scaler_settings[] = {
    {no_sync, "scale_up_cooloff_ms", true, 0, no_limit},
    {no_sync, "scale_up_backlog_threshold", true, 0, no_limit},
    {no_sync, "max_worker_lifetime_ms", true, 0, no_limit},
    {no_sync, "scale_up_dispatch_rate_epsilon", false, 0, no_limit},
    {no_sync, "metrics_poll_interval_ms", true, 10000, no_limit},
    {rate_based, "min_count", true, 0, most_instances},
    {rate_based, "max_count", true, 1, most_instances},
    {rate_based, "initial_count", true, 0, most_instances},
    {rate_based, "metrics_poll_interval_ms", true, 30000, no_limit},
    {rate_based, "ewma_alpha", false, 0, 1, true},
    {rate_based, "initial_per_consumer_capacity", false, 0, no_limit, true},
    {rate_based, "no_sync_quiet_ms", true, 0, no_limit},
    {rate_based, "target_backlog_drain_rate", false, 0, no_limit},
    {rate_based, "material_backlog_threshold", true, 1, no_limit},
    {rate_based, "utilization_target", false, 0, 1, true},
    {rate_based, "halfin_whitt_beta", false, 0, no_limit},
    {rate_based, "max_scale_up_step", true, 1, most_instances},
    {rate_based, "scale_up_cooldown_ms", true, 0, no_limit},
    {rate_based, "scale_down_cooldown_ms", true, 0, no_limit},
};

struct scaler_flag {
  std::string_view names;
  std::string_view setting;
  std::string_view what;

  std::string name() const { return std::string(names.substr(0, names.find(','))); }
};
inline constexpr scaler_flag scaler_flags[] = {
    {"--scaler-min-instances,--gcp-cloud-run-min-instances", "min_count", "Workers that always run; 0 if not given"},
    {"--scaler-max-instances,--gcp-cloud-run-max-instances", "max_count", "Most workers at once; 30 if not given"},
    {"--scaler-initial-instances,--gcp-cloud-run-initial-instances", "initial_count", "Workers to begin with"},
    {"--scaler-utilization-target,--gcp-cloud-run-utilization-target", "utilization_target",
     "How busy workers shall be, above 0 and up to 1; 0.8 if not given"},
    {"--scaler-scale-down-stabilization-duration,--gcp-cloud-run-scale-down-stabilization-duration", "no_sync_quiet_ms",
     "How long to wait after work had to wait before workers are taken away; 90s if not given"},
};

/// Flags as they are given; empty: not given.
struct scaler_values {
  std::array<std::string, std::size(scaler_flags)> values{};
  std::string type{};
  /// NAME=NUMBER, in the words of the algorithm.
  std::vector<std::string> settings{};
};

inline bool any_scaler_flag(const scaler_values& given) {
  if (!given.type.empty() || !given.settings.empty()) return true;
  for (const auto& each : given.values) {
    if (!each.empty()) return true;
  }
  return false;
}

inline std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

/// "at least 1", "from 0 to 1"
inline std::string range_text(const scaler_setting& of) {
  const auto text = [](double value) { return std::to_string(static_cast<long long>(value)); };
  if (of.above_least && of.most == no_limit) return "above " + text(of.least);
  if (of.above_least) return "above " + text(of.least) + " and at most " + text(of.most);
  return of.most == no_limit ? "at least " + text(of.least) : "from " + text(of.least) + " to " + text(of.most);
}

/// Writes a number into the settings. Throws command_error that names the flag.
inline void write_scaler_setting(const std::string& flag, std::string_view scaler, const std::string& name,
                                 const std::string& text, compute_settings& to) {
  std::string known;
  for (const auto& each : scaler_settings) {
    if (each.scaler != scaler) continue;
    known.append(known.empty() ? "" : ", ").append(each.name);
    if (each.name != name) continue;
    const auto value = number_of(text);
    const bool fits = value && (!each.whole || *value == std::floor(*value)) && *value <= each.most &&
                      (each.above_least ? *value > each.least : *value >= each.least);
    if (!fits) {
      throw command_error(flag + ": '" + text + "' is not a " + (each.whole ? "whole number " : "number ") +
                          range_text(each));
    }
    return to.set_json(name, each.whole ? std::to_string(static_cast<long long>(*value)) : json::dump(*value));
  }
  throw command_error(flag + ": the scaler " + std::string(scaler) + " has no '" + name + "'; it has " + known);
}

/// A flag for instances, with a provider that starts a worker per call and counts none.
inline void refuse_count(const scaler_flag& flag, std::string_view value, std::string_view provider) {
  if (value == "0" && flag.setting != "utilization_target") return;
  const std::string said = flag.name() + ": the server scales " + std::string(provider) + " by " +
                           std::string(no_sync) + ", which starts a worker whenever work waits and ";
  if (flag.setting == "max_count") {
    throw command_error(said +
                        "has no maximum; leave the flag out and limit the function itself, such as by its reserved "
                        "concurrency, or let `rondo controller` start the workers: it keeps a maximum");
  }
  throw command_error(said + "counts no workers; leave the flag out");
}

inline double setting_or(const compute_settings& of, const std::string& name, double otherwise) {
  return number_of(of.json(name)).value_or(otherwise);
}

/// What the server would refuse, in the words of the flags.
inline void check_counts(compute_settings& settings) {
  if (!settings.has("min_count") && !settings.has("max_count") && !settings.has("initial_count")) return;
  const double least = setting_or(settings, "min_count", 0), most = setting_or(settings, "max_count", 30);
  if (least > most) {
    throw command_error("--scaler-min-instances is larger than --scaler-max-instances (" +
                        std::to_string(static_cast<long long>(most)) + ")");
  }
  // The server begins with none unless it is told otherwise, and refuses that when some must always run.
  if (!settings.has("initial_count")) {
    settings.set_json("initial_count", settings.has("min_count") ? settings.json("min_count") : "0");
  }
  const double first = setting_or(settings, "initial_count", 0);
  if (first < least || first > most) {
    throw command_error("--scaler-initial-instances is not between --scaler-min-instances and --scaler-max-instances");
  }
}

inline std::string_view scaler_type_of(const provider_kind& provider, const scaler_values& given) {
  const std::string_view usual = provider.how == launch::invoke ? no_sync : rate_based;
  if (given.type.empty() || given.type == usual) return usual;
  if (given.type != no_sync && given.type != rate_based) {
    throw command_error("--scaler-type: '" + given.type + "' is neither no-sync nor rate-based");
  }
  throw command_error("--scaler-type: " + given.type + " does not fit the provider " + std::string(provider.type) +
                      ", which is scaled by " + std::string(usual));
}

/// The settings after the flags; `before` are those of a version that is scaled so already. Throws command_error.
inline compute_settings scaler_settings_of(const provider_kind& provider, const scaler_values& given,
                                           compute_settings before) {
  const std::string_view type = scaler_type_of(provider, given);
  for (std::size_t i = 0; i < given.values.size(); ++i) {
    const auto& flag = scaler_flags[i];
    std::string text = given.values[i];
    if (text.empty()) continue;
    if (type == no_sync) {
      refuse_count(flag, text, provider.type);
      continue;
    }
    if (flag.setting == "no_sync_quiet_ms") {
      text = std::to_string(std::chrono::floor<std::chrono::milliseconds>(duration_of(flag.name(), text)).count());
    }
    write_scaler_setting(flag.name(), type, std::string(flag.setting), text, before);
  }
  for (const auto& each : given.settings) {
    const auto [name, value] = split_pair("--scaler-setting", each);
    write_scaler_setting("--scaler-setting " + name, type, name, value, before);
  }
  check_counts(before);
  return before;
}

}  // namespace rondo::tools
