#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace rondo::detail {

/// How much of what this process may use is in use: parts of 1. Limits of its control group (version 1 or 2, also those
/// of the groups around it) count where they are set, else the whole machine does.
struct system_load {
  double cpu = 0, memory = 0;
};

/// Reads the load from the files of Linux. Memory that the kernel gives back on its own, such as its cache of files,
/// counts as free. What cannot be read counts as idle.
class system_load_reader {
 public:
  using clock = std::chrono::steady_clock;

  /// `root` holds `proc` and `sys`: for tests.
  explicit system_load_reader(std::filesystem::path root = "/") : root_(std::move(root)) { find_groups(); }

  /// The cpu load is that since the sample before, 0 for the first one.
  system_load sample(clock::time_point now) {
    system_load found{.cpu = 0, .memory = machine_memory()};
    const double seconds = std::chrono::duration<double>(now - last_).count();
    const auto machine = machine_ticks();
    if (last_ != clock::time_point{} && machine.second > ticks_.second && machine.first >= ticks_.first) {
      found.cpu =
          static_cast<double>(machine.first - ticks_.first) / static_cast<double>(machine.second - ticks_.second);
    }
    ticks_ = machine;
    for (auto& each : groups_) {
      if (const auto memory = memory_of(each)) found.memory = std::max(found.memory, *memory);
      const auto used = cpu_seconds(each);
      const auto cores = cpu_limit(each);
      if (used && cores && each.cpu_before && seconds > 0) {
        found.cpu = std::max(found.cpu, (*used - *each.cpu_before) / (seconds * *cores));
      }
      each.cpu_before = used;
    }
    last_ = now;
    found.cpu = std::clamp(found.cpu, 0.0, 1.0);
    found.memory = std::clamp(found.memory, 0.0, 1.0);
    return found;
  }

 private:
  using path = std::filesystem::path;
  struct group {
    /// The same folder in version 2.
    path memory, cpu;
    bool second_version = true;
    std::optional<double> cpu_before{};
  };

  /// The group of this process and those that contain it.
  void find_groups() {
    std::ifstream file(root_ / "proc/self/cgroup");
    std::string line;
    path memory, cpu;
    while (std::getline(file, line)) {
      const auto first = line.find(':'), second = line.find(':', first + 1);
      if (first == std::string::npos || second == std::string::npos) continue;
      const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
      const path inside = path(line.substr(second + 1)).relative_path();
      if (controllers == ",,") add_groups(root_ / "sys/fs/cgroup", inside);
      if (controllers.find(",memory,") != std::string::npos) memory = inside;
      if (controllers.find(",cpu,") != std::string::npos) cpu = inside;
    }
    // Containers see their own group at the top, whatever its path is outside.
    for (const auto& inside : {memory, path()}) {
      group found{.memory = root_ / "sys/fs/cgroup/memory" / inside, .cpu = {}, .second_version = false};
      if (!exists(found.memory)) continue;
      found.cpu = root_ / "sys/fs/cgroup/cpu" / (exists(root_ / "sys/fs/cgroup/cpu" / cpu) ? cpu : path());
      groups_.push_back(std::move(found));
      break;
    }
  }
  void add_groups(const path& top, path inside) {
    if (!exists(top / inside)) inside.clear();
    for (;; inside = inside.parent_path()) {
      groups_.push_back({.memory = top / inside, .cpu = top / inside});
      if (inside.empty()) return;
    }
  }

  static std::optional<double> memory_of(const group& of) {
    const auto limit = number(of.memory / (of.second_version ? "memory.max" : "memory.limit_in_bytes"));
    const auto used = number(of.memory / (of.second_version ? "memory.current" : "memory.usage_in_bytes"));
    // Version 1 says "no limit" by a number that no machine has.
    constexpr double no_limit = 1e15;
    if (!limit || !used || *limit <= 0 || *limit > no_limit) return std::nullopt;
    const auto cache = entry(of.memory / "memory.stat", of.second_version ? "inactive_file" : "total_inactive_file");
    return std::max(0.0, *used - cache.value_or(0)) / *limit;
  }
  static std::optional<double> cpu_seconds(const group& of) {
    if (of.second_version) {
      const auto used = entry(of.cpu / "cpu.stat", "usage_usec");
      return used ? std::optional(*used / 1e6) : std::nullopt;
    }
    const auto used = number(of.cpu / "cpuacct.usage");
    return used ? std::optional(*used / 1e9) : std::nullopt;
  }
  /// In cores; empty: no limit.
  static std::optional<double> cpu_limit(const group& of) {
    if (of.second_version) {
      std::ifstream file(of.cpu / "cpu.max");
      double quota = 0, period = 0;
      if (file >> quota >> period && quota > 0 && period > 0) return quota / period;
      return std::nullopt;
    }
    const auto quota = number(of.cpu / "cpu.cfs_quota_us"), period = number(of.cpu / "cpu.cfs_period_us");
    if (quota && period && *quota > 0 && *period > 0) return *quota / *period;
    return std::nullopt;
  }
  double machine_memory() const {
    const auto all = entry(root_ / "proc/meminfo", "MemTotal:"), left = entry(root_ / "proc/meminfo", "MemAvailable:");
    return all && left && *all > 0 ? 1 - *left / *all : 0;
  }
  /// Busy and all ticks of all processors.
  std::pair<std::uint64_t, std::uint64_t> machine_ticks() const {
    std::ifstream file(root_ / "proc/stat");
    std::string name;
    file >> name;
    std::uint64_t all = 0, idle = 0, value = 0;
    // Fields 4 and 5 are idle time; those after the eighth are contained in the others.
    for (int field = 1; field <= 8 && file >> value; ++field) {
      all += value;
      if (field == 4 || field == 5) idle += value;
    }
    return {all - idle, all};
  }

  static bool exists(const path& which) {
    std::error_code ignored;
    return std::filesystem::exists(which, ignored);
  }
  /// Empty for texts such as "max".
  static std::optional<double> number(const path& of) {
    std::ifstream file(of);
    double value = 0;
    return file >> value ? std::optional(value) : std::nullopt;
  }
  /// The number behind a name at the begin of a line.
  static std::optional<double> entry(const path& of, std::string_view name) {
    std::ifstream file(of);
    std::string line;
    while (std::getline(file, line)) {
      std::istringstream words(line);
      std::string key;
      double value = 0;
      if (words >> key >> value && key == name) return value;
    }
    return std::nullopt;
  }

  path root_;
  std::vector<group> groups_;
  clock::time_point last_{};
  std::pair<std::uint64_t, std::uint64_t> ticks_{};
};

}  // namespace rondo::detail
