#pragma once
#include <charconv>
#include <cstddef>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace rondo::serverless {

/// What Lambda says to a process in its environment variables.
struct lambda_environment {
  /// host:port of the Runtime API; empty: the process was not started by Lambda.
  std::string runtime_api{};
  std::string function_name{};
  std::string function_version{};
  std::string task_root{};
  /// So many events may come at once.
  std::size_t concurrency = 1;
  /// The process is started to have a snapshot of it taken.
  bool snap_start = false;

  bool empty() const noexcept { return runtime_api.empty(); }
};

/// Reads one environment variable; empty when it is not set.
using environment_reader = std::function<std::optional<std::string>(const char* name)>;

/// Throws std::invalid_argument, naming the variable, when one has a value that makes no sense.
inline lambda_environment lambda_environment_of(const environment_reader& variable) {
  constexpr std::size_t most = 1024;
  lambda_environment result;
  result.runtime_api = variable("AWS_LAMBDA_RUNTIME_API").value_or("");
  result.function_name = variable("AWS_LAMBDA_FUNCTION_NAME").value_or("");
  result.function_version = variable("AWS_LAMBDA_FUNCTION_VERSION").value_or("");
  result.task_root = variable("LAMBDA_TASK_ROOT").value_or("");
  result.snap_start = variable("AWS_LAMBDA_INITIALIZATION_TYPE").value_or("") == "snap-start";
  const std::string concurrency = variable("AWS_LAMBDA_MAX_CONCURRENCY").value_or("");
  if (!concurrency.empty()) {
    const auto* const end = concurrency.data() + concurrency.size();
    const auto [stopped, problem] = std::from_chars(concurrency.data(), end, result.concurrency);
    if (problem != std::errc() || stopped != end || result.concurrency == 0 || result.concurrency > most) {
      throw std::invalid_argument("rondo: AWS_LAMBDA_MAX_CONCURRENCY must be a number from 1 to " +
                                  std::to_string(most) + ", but it is \"" + concurrency + "\"");
    }
  }
  return result;
}

}  // namespace rondo::serverless
