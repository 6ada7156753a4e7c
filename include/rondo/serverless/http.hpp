#pragma once
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "rondo/config.hpp"
#include "rondo/deployment_version.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/stop_signals.hpp"
#include "rondo/log_sinks.hpp"
#include "rondo/serverless/http_host.hpp"
#include "rondo/serverless/http_options.hpp"

namespace rondo::http {

using options = serverless::http_options;

namespace detail {

inline int serve(options how) {
  rondo::detail::io::event_loop loop;
  serverless::http_host host(loop, std::move(how));
  const rondo::detail::worker::stop_signals stop([&](int) { loop.post([&host] { host.stop(); }); });
  loop.block_on(host.run());
  return EXIT_SUCCESS;
}

inline int run(const std::function<options()>& prepare) {
  std::string problem;
  try {
    return serve(prepare());
  } catch (const std::exception& failed) {
    problem = failed.what();
  } catch (...) {
    problem = "something was thrown that is no std::exception";
  }
  logger(std::make_shared<json_log_sink>()).error("the worker cannot start", {{"error", problem}});
  return EXIT_FAILURE;
}

}  // namespace detail

/// The main function of a worker that is invoked by HTTP: each request to / is one run, which works until there has
/// been nothing to do for a while (3 s) and is answered with its report. `configure` takes a `rondo::http::options&`,
/// which holds already what the environment and temporal.toml say. Listens at 127.0.0.1:9233, or where PORT says, until
/// SIGTERM or SIGINT, which let the runs under way end. Returns what main() returns.
///
///   int main() {
///     return rondo::http::run_worker([](auto& config) {
///       config.task_queue = "orders";
///       config.registry.template workflow<order_workflow>();
///     });
///   }
template <class Configure>
int run_worker(worker_deployment_version version, Configure&& configure) {
  return detail::run([&] {
    options made;
    serverless::apply_http_environment(made, rondo::detail::config::variables_of_process());
    if (!version.empty()) made.version = version;
    configure(made);
    if (!version.empty()) made.version = version;
    check(made);
    return made;
  });
}

/// The same without a version, or with the one of TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_WORKER_BUILD_ID.
template <class Configure>
int run_worker(Configure&& configure) {
  return run_worker(worker_deployment_version{}, std::forward<Configure>(configure));
}

}  // namespace rondo::http
