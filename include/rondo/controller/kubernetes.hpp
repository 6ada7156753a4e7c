#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/controller/aws_credentials.hpp"
#include "rondo/controller/cloud_run.hpp"
#include "rondo/controller/gateway.hpp"
#include "rondo/controller/kubeconfig.hpp"
#include "rondo/controller/provider.hpp"
#include "rondo/json.hpp"

namespace rondo::controller {

/// Workers that are a Kubernetes Deployment.
struct kubernetes_provider_config {
  /// Namespace and name of the Deployment.
  std::string namespace_ = "default";
  std::string deployment{};
  /// Empty: as a program that runs in the cluster.
  std::string kubeconfig_file{};
  /// Empty: the current one of the file.
  std::string context{};
  std::chrono::milliseconds timeout{30'000};
};

/// What a program in a cluster finds in its container; throws std::invalid_argument outside of one.
inline kubernetes_access access_in_cluster(
    const variable_lookup& variables = variable_of_process,
    const std::string& folder = "/var/run/secrets/kubernetes.io/serviceaccount") {
  const std::string host = variables("KUBERNETES_SERVICE_HOST");
  const std::string port = variables("KUBERNETES_SERVICE_PORT");
  if (host.empty()) {
    throw std::invalid_argument(
        "this does not run in a Kubernetes cluster (KUBERNETES_SERVICE_HOST is not set): "
        "name a 'kubeconfig' file");
  }
  kubernetes_access made;
  const std::string in_url = host.find(':') == std::string::npos ? host : "[" + host + "]";
  made.server = "https://" + in_url + (port.empty() ? "" : ":" + port);
  made.token_file = folder + "/token";
  made.tls.authorities = read_kubernetes_file(folder + "/ca.crt");
  return made;
}

/// Sets the number of replicas through the Deployment's scale.
class kubernetes_provider final : public provider {
 public:
  /// Throws std::invalid_argument for names and URLs that are none.
  kubernetes_provider(http_client& through, kubernetes_provider_config config, kubernetes_access access)
      : config_(std::move(config)),
        access_(std::move(access)),
        out_(through, {detail_cloud_run::authority_of(access_.server, "the cluster's server")}) {
    using detail_cloud_run::checked_name;
    while (access_.server.ends_with('/')) access_.server.pop_back();
    url_ = access_.server + "/apis/apps/v1/namespaces/" + checked_name(config_.namespace_, "namespace") +
           "/deployments/" + checked_name(config_.deployment, "deployment") + "/scale";
  }

  launch_strategy strategy() const noexcept override { return launch_strategy::set_size; }
  std::vector<std::string> hosts() const override { return out_.hosts(); }

  asio::awaitable<provider_outcome> validate() override {
    auto outcome = co_await ask("GET", {});
    co_return outcome;
  }
  asio::awaitable<provider_outcome> set_size(std::int32_t size) override {
    const std::string body = R"({"spec":{"replicas":)" + std::to_string(size) + "}}";
    auto outcome = co_await ask("PATCH", body);
    co_return outcome;
  }

 private:
  /// What Kubernetes answers when it refuses.
  struct status_answer {
    std::string message{};
  };

  asio::awaitable<provider_outcome> ask(std::string method, std::string body) {
    std::string token = access_.token;
    if (!access_.token_file.empty()) {
      // Read each time: the cluster renews it.
      std::ifstream in(access_.token_file);
      if (!in) {
        co_return provider_outcome::failed(failure_class::access_denied,
                                           "cannot read the token in '" + access_.token_file + "'");
      }
      std::getline(in, token);
    }
    http_request request;
    request.method = std::move(method);
    request.url = url_;
    request.body = std::move(body);
    request.tls = access_.tls;
    request.timeout = config_.timeout;
    request.headers.emplace_back("Accept", "application/json");
    request.headers.emplace_back("Content-Type", "application/merge-patch+json");
    if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
    const auto response = co_await out_.send(std::move(request));
    co_return outcome_of(response, said_by(response, token));
  }

  static std::string said_by(const http_response& of, const std::string& token) {
    try {
      return scrubbed(json::parse<status_answer>(of.body).message, {token});
    } catch (const json::error&) {
      return {};
    }
  }

  kubernetes_provider_config config_;
  kubernetes_access access_;
  gateway out_;
  std::string url_;
};

}  // namespace rondo::controller
