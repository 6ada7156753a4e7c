#pragma once
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "rondo/deployment_version.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/stop_signals.hpp"
#include "rondo/log_sinks.hpp"
#include "rondo/serverless/environment.hpp"
#include "rondo/serverless/lambda_environment.hpp"
#include "rondo/serverless/lambda_error.hpp"
#include "rondo/serverless/lambda_host.hpp"
#include "rondo/serverless/options.hpp"
#include "rondo/serverless/report_json.hpp"
#include "rondo/serverless/runner.hpp"

namespace rondo::lambda {

using serverless::options;

namespace detail {

/// How Lambda's variables are read.
inline std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  return value;
}

/// The file name of the program; Lambda asks for it when an extension registers.
inline std::string executable_name() {
  std::error_code failed;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", failed);
  return failed ? "bootstrap" : path.filename().string();
}

/// Says what is wrong on the standard error output and to Lambda; what the process exits with.
inline int refuse(rondo::detail::io::event_loop& loop, const serverless::lambda_environment& environment,
                  std::string type, const std::string& text) {
  const logger log(std::make_shared<json_log_sink>());
  log.error("the Lambda function cannot start", {{"error", text}, {"errorType", type}});
  serverless::lambda_error error{std::move(type), text, {}};
  if (!environment.empty()) {
    loop.block_on(serverless::report_init_error(loop, environment, std::move(error), log));
  }
  return EXIT_FAILURE;
}

/// Serves with these options until Lambda ends the environment.
inline int serve(rondo::detail::io::event_loop& loop, const serverless::lambda_environment& environment,
                 serverless::options how) {
  serverless::lambda_parts parts;
  parts.log = how.worker.logger;
  parts.executable = executable_name();
  how.max_sessions = std::max(how.max_sessions, environment.concurrency);
  if (how.before_snapshot) parts.before_snapshot.push_back(how.before_snapshot);
  if (how.after_restore) parts.after_restore.push_back(how.after_restore);
  serverless::runner runner(loop, std::move(how));
  // Nothing that is connected outlives the snapshot.
  parts.before_snapshot.emplace_back([&runner] { runner.disconnect(); });
  parts.run = [&runner](serverless::invocation of) { return runner.run(std::move(of)); };
  parts.answer = [](const serverless::report& of) { return serverless::to_json(of); };
  serverless::lambda_host host(loop, environment, std::move(parts));
  const rondo::detail::worker::stop_signals stop([&](int) { loop.post([&host] { host.stop(); }); });
  return loop.block_on(host.run());
}

/// `prepare` makes the options.
inline int run(const std::function<serverless::options()>& prepare) {
  rondo::detail::io::event_loop loop;
  serverless::lambda_environment environment;
  std::string type = "Runtime.InitError", text;
  try {
    environment = serverless::lambda_environment_of(variable);
    if (environment.empty()) {
      text =
          "AWS_LAMBDA_RUNTIME_API is not set: this program is a Lambda function, and runs on AWS Lambda or with 'rondo "
          "emulate --lambda <this program>'";
      return refuse(loop, environment, type, text);
    }
    return serve(loop, environment, prepare());
  } catch (const std::invalid_argument& wrong) {
    type = "Runtime.InvalidConfig";
    text = wrong.what();
  } catch (const std::exception& failed) {
    text = failed.what();
  } catch (...) {
    text = "something was thrown that is no std::exception";
  }
  return refuse(loop, environment, type, text);
}

}  // namespace detail

/// The main function of a worker that runs on AWS Lambda, as a custom runtime (provided.al2023): each invocation works
/// until there is nothing left to do or its time is over. `configure` takes a `rondo::lambda::options&`, which holds
/// already what the environment and temporal.toml say, and is called once. Returns what main() returns, after Lambda
/// has ended the environment. What is thrown before that, or makes no sense, Lambda is told as an error of the
/// initialisation.
///
///   int main() {
///     return rondo::lambda::run_worker({.deployment_name = "orders", .build_id = "v1"}, [](auto& config) {
///       config.task_queue = "orders";
///       config.registry.template workflow<order_workflow>();
///     });
///   }
template <class Configure>
int run_worker(worker_deployment_version version, Configure&& configure) {
  return detail::run([&] {
    return serverless::prepare(serverless::profile::lambda, configure, true,
                               rondo::detail::config::variables_of_process(), std::move(version));
  });
}

/// The same with the version of TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_WORKER_BUILD_ID.
template <class Configure>
int run_worker(Configure&& configure) {
  return run_worker(worker_deployment_version{}, std::forward<Configure>(configure));
}

}  // namespace rondo::lambda
