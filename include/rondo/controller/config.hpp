#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rondo/controller/cloud_run.hpp"
#include "rondo/controller/controller.hpp"
#include "rondo/controller/http.hpp"
#include "rondo/controller/kubernetes.hpp"
#include "rondo/controller/lambda.hpp"
#include "rondo/controller/process.hpp"
#include "rondo/controller/toml_section.hpp"
#include "rondo/detail/io/loop.hpp"

// The controller's file.
namespace rondo::controller {

/// A target as the file has it; its provider is made when the loop and the HTTP client are there.
struct configured_target {
  target_config config{};
  std::function<std::shared_ptr<provider>(rondo::detail::io::event_loop&, http_client&)> make_provider{};
};

struct controller_config {
  std::string task_queue = "rondo-controller";
  std::chrono::milliseconds stop_timeout{10'000};
  std::vector<configured_target> targets{};
};

namespace detail_config {

using maker = decltype(configured_target::make_provider);
using variables = variable_lookup;

inline maker http_maker(toml_section& from, const variables& environment) {
  http_provider_config config;
  config.url = from.text("url");
  config.secret = from.secret("secret", environment);
  config.bearer_token = from.secret("bearer_token", environment);
  config.timeout = from.duration("timeout", config.timeout);
  config.connect_timeout = from.duration("connect_timeout", config.connect_timeout);
  return [config](auto&, http_client& client) { return std::make_shared<http_provider>(client, config); };
}

inline maker lambda_maker(toml_section& from, const variables& environment) {
  lambda_provider_config config;
  config.function_arn = from.text("arn");
  config.role.arn = from.text("role", "");
  config.role.external_id = from.text("role_external_id", "");
  config.lambda_endpoint = from.text("endpoint", environment("AWS_ENDPOINT_URL_LAMBDA"));
  config.sts_endpoint = from.text("sts_endpoint", environment("AWS_ENDPOINT_URL_STS"));
  config.timeout = from.duration("timeout", config.timeout);
  return [config, environment](auto&, http_client& client) {
    return std::make_shared<lambda_provider>(client, config, environment);
  };
}

inline maker process_maker(toml_section& from) {
  process_provider_config config;
  config.command = from.text("command");
  config.arguments = from.texts("args");
  config.timeout = from.duration("timeout", config.timeout);
  config.grace = from.duration("grace", config.grace);
  if (auto own = from.section("environment")) config.environment = own->all_texts();
  return
      [config](rondo::detail::io::event_loop& loop, auto&) { return std::make_shared<process_provider>(loop, config); };
}

inline google_token_config google_tokens_of(toml_section& from, const variables& environment) {
  google_token_config tokens;
  tokens.token = from.secret("token", environment);
  tokens.metadata_endpoint = from.text("metadata_endpoint", tokens.metadata_endpoint);
  return tokens;
}

inline maker pool_maker(toml_section& from, const variables& environment) {
  cloud_run_pool_config config;
  config.project = from.text("project");
  config.region = from.text("region");
  config.worker_pool = from.text("worker_pool");
  config.endpoint = from.text("endpoint", config.endpoint);
  config.tokens = google_tokens_of(from, environment);
  config.timeout = from.duration("timeout", config.timeout);
  return [config](auto&, http_client& client) { return std::make_shared<cloud_run_pool_provider>(client, config); };
}

inline maker service_maker(toml_section& from, const variables& environment) {
  cloud_run_service_config config;
  config.url = from.text("url");
  config.audience = from.text("audience", "");
  config.tokens = google_tokens_of(from, environment);
  config.timeout = from.duration("timeout", config.timeout);
  return [config](auto&, http_client& client) { return std::make_shared<cloud_run_service_provider>(client, config); };
}

inline maker kubernetes_maker(toml_section& from, const variables& environment) {
  kubernetes_provider_config config;
  config.namespace_ = from.text("namespace", config.namespace_);
  config.deployment = from.text("deployment");
  config.kubeconfig_file = from.text("kubeconfig", "");
  config.context = from.text("context", "");
  config.timeout = from.duration("timeout", config.timeout);
  return [config, environment](auto&, http_client& client) {
    const auto& file = config.kubeconfig_file;
    const std::string folder = file.find('/') == std::string::npos ? "." : file.substr(0, file.rfind('/'));
    return std::make_shared<kubernetes_provider>(
        client, config,
        file.empty() ? access_in_cluster(environment)
                     : read_kubeconfig(read_kubernetes_file(file), config.context, folder));
  };
}

struct read_provider {
  launch_strategy strategy = launch_strategy::invoke;
  maker make{};
};

inline read_provider provider_of(toml_section& from, const variables& environment) {
  const std::string type = from.text("type");
  if (type == "http") return {launch_strategy::invoke, http_maker(from, environment)};
  if (type == "aws-lambda") return {launch_strategy::invoke, lambda_maker(from, environment)};
  if (type == "subprocess") return {launch_strategy::invoke, process_maker(from)};
  if (type == "gcp-cloud-run") return {launch_strategy::set_size, pool_maker(from, environment)};
  if (type == "gcp-cloud-run-service") return {launch_strategy::invoke, service_maker(from, environment)};
  if (type == "k8s") return {launch_strategy::set_size, kubernetes_maker(from, environment)};
  from.fail("type", "is '" + type +
                        "', but there are only http, aws-lambda, subprocess, gcp-cloud-run, "
                        "gcp-cloud-run-service and k8s");
}

/// Says in which line of the file it is, whatever a provider does not like about its settings.
inline maker placed(maker make, const toml_section& from, std::vector<std::string> allowed, bool all_allowed) {
  const std::string place = from.place();
  return [make = std::move(make), place, allowed = std::move(allowed), all_allowed](auto& loop, http_client& client) {
    std::shared_ptr<provider> made;
    try {
      made = make(loop, client);
    } catch (const std::exception& wrong) {
      throw std::invalid_argument(place + ": " + wrong.what());
    }
    for (const auto& host : made->hosts()) {
      if (all_allowed || is_listed(allowed, host)) continue;
      throw std::invalid_argument(place + ": the host '" + host + "' is not among 'controller.allowed_hosts'");
    }
    return made;
  };
}

inline scaler_config scaler_of(toml_section* from, launch_strategy strategy) {
  if (from == nullptr) return read_scaler("demand", strategy, {});
  const std::string type = from->text("type", "demand");
  const auto settings = from->numbers();
  try {
    return read_scaler(type, strategy, settings);
  } catch (const setting_error& wrong) {
    from->fail_at(wrong.key(), wrong.what());
  } catch (const std::invalid_argument& wrong) {
    from->fail_at("type", wrong.what());
  }
}

inline configured_target target_of(toml_section& from, const std::string& default_namespace,
                                   const std::vector<std::string>& allowed, bool all_allowed,
                                   const variables& environment) {
  configured_target made;
  auto& config = made.config;
  config.name = from.text("name");
  config.namespace_ = from.text("namespace", default_namespace);
  config.version.deployment_name = from.text("deployment", "");
  config.version.build_id = from.text("build_id", "");
  config.task_queues = from.texts("task_queues");
  config.nexus = from.flag("nexus", false);
  config.interval = from.duration("interval", config.interval, std::chrono::milliseconds(100));
  if (config.version.deployment_name.empty() != config.version.build_id.empty()) {
    from.fail("build_id", "and 'deployment' belong together: give both, or none");
  }
  if (config.version.empty() && config.task_queues.empty()) {
    from.fail("task_queues", "is missing: without a deployment version it says what to look at");
  }
  auto source = from.section("provider");
  if (!source) from.fail("provider", "is missing");
  auto [strategy, make] = provider_of(*source, environment);
  source->finish();
  made.make_provider = placed(std::move(make), *source, allowed, all_allowed);
  auto scaler = from.section("scaler");
  config.scaler = scaler_of(scaler ? &*scaler : nullptr, strategy);
  auto& fleet = config.scaler.fleet;
  const auto milliseconds = [&from](const char* key, std::int64_t& into) {
    into = from.duration(key, std::chrono::milliseconds(into)).count();
  };
  milliseconds("poller_window", fleet.poller_window_ms);
  milliseconds("start_grace", fleet.start_grace_ms);
  milliseconds("stall", fleet.stall_ms);
  from.finish();
  return made;
}

}  // namespace detail_config

/// Reads the controller's file. Throws std::invalid_argument that names file, line and setting. Nothing is reached yet.
inline controller_config parse_controller_config(const std::string& text, const std::string& file,
                                                 const std::string& default_namespace = "default",
                                                 const variable_lookup& environment = variable_of_process) {
  const toml::table document = parse_toml(text, file);
  toml_section root(document, file, "");
  controller_config made;
  std::vector<std::string> allowed;
  bool all_allowed = true;
  if (auto own = root.section("controller")) {
    made.task_queue = own->text("task_queue", made.task_queue);
    made.stop_timeout = own->duration("stop_timeout", made.stop_timeout);
    all_allowed = !own->has("allowed_hosts");
    allowed = own->texts("allowed_hosts");
    own->finish();
  }
  for (auto& each : root.sections("target")) {
    made.targets.push_back(detail_config::target_of(each, default_namespace, allowed, all_allowed, environment));
    const auto& name = made.targets.back().config.name;
    const auto same = [&name](const auto& other) { return other.config.name == name; };
    if (std::count_if(made.targets.begin(), made.targets.end(), same) > 1) {
      each.fail("name", "is '" + name + "', as another target's");
    }
  }
  root.finish();
  if (made.targets.empty()) root.fail("target", "is missing: write [[target]] for each one");
  return made;
}

/// The same from a file.
inline controller_config load_controller_config(const std::string& path,
                                                const std::string& default_namespace = "default") {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::invalid_argument("cannot read '" + path + "'");
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  return parse_controller_config(text, path, default_namespace);
}

/// The targets with their providers. Throws std::invalid_argument that names file and line.
inline std::vector<controlled_target> make_targets(const controller_config& from, rondo::detail::io::event_loop& loop,
                                                   http_client& client) {
  std::vector<controlled_target> made;
  for (const auto& each : from.targets) made.push_back({each.config, each.make_provider(loop, client)});
  return made;
}

}  // namespace rondo::controller
