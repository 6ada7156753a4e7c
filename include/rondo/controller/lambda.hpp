#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/controller/aws_credentials.hpp"
#include "rondo/controller/gateway.hpp"
#include "rondo/controller/provider.hpp"
#include "rondo/detail/aws/signature.hpp"

namespace rondo::controller {

/// A worker that is an AWS Lambda function.
struct lambda_provider_config {
  /// Of the function, with or without a qualifier: "arn:aws:lambda:REGION:ACCOUNT:function:NAME".
  std::string function_arn{};
  /// Empty `arn`: the controller's own credentials are used.
  aws_role role{};
  /// In place of AWS's own: "https://lambda.REGION.amazonaws.com", "https://sts.REGION.amazonaws.com".
  std::string lambda_endpoint{}, sts_endpoint{};
  std::chrono::milliseconds timeout{30'000};
};

/// Invokes asynchronously (type Event): AWS answers at once, and nobody tells the end.
class lambda_provider final : public provider {
 public:
  /// Throws std::invalid_argument for an ARN or an endpoint that is none.
  lambda_provider(http_client& through, lambda_provider_config config, variable_lookup variables = variable_of_process)
      : config_(completed(std::move(config))),
        region_(region_of(config_.function_arn)),
        out_(through, {host_of(config_.lambda_endpoint), host_of(config_.sts_endpoint)}),
        own_(through, std::move(variables)),
        role_(out_, config_.role, region_, config_.sts_endpoint) {}

  std::vector<std::string> hosts() const override { return out_.hosts(); }

  /// Asks for the function's configuration.
  asio::awaitable<provider_outcome> validate() override {
    auto outcome = co_await ask("GET", function_path(), {}, {});
    co_return outcome;
  }

  asio::awaitable<provider_outcome> invoke(invocation_request what) override {
    const std::string body = invocation_body(what, std::chrono::system_clock::now());
    auto outcome = co_await ask("POST", function_path() + "/invocations", body, "Event");
    if (outcome.ok()) outcome.ended = false;
    co_return outcome;
  }

 private:
  static std::string region_of(const std::string& arn) {
    std::vector<std::string> parts;
    for (std::size_t from = 0; from <= arn.size();) {
      const auto end = std::min(arn.find(':', from), arn.size());
      parts.push_back(arn.substr(from, end - from));
      from = end + 1;
    }
    const bool right = (parts.size() == 7 || parts.size() == 8) && parts[0] == "arn" && parts[2] == "lambda" &&
                       !parts[3].empty() && parts[5] == "function" && !parts[6].empty();
    if (!right) {
      throw std::invalid_argument("'" + arn +
                                  "' is not the ARN of a Lambda function: it is written "
                                  "arn:aws:lambda:REGION:ACCOUNT:function:NAME");
    }
    return parts[3];
  }
  static lambda_provider_config completed(lambda_provider_config from) {
    const std::string region = region_of(from.function_arn);
    const std::string domain = from.function_arn.starts_with("arn:aws-cn:") ? ".amazonaws.com.cn" : ".amazonaws.com";
    if (from.lambda_endpoint.empty()) from.lambda_endpoint = "https://lambda." + region + domain;
    if (from.sts_endpoint.empty()) from.sts_endpoint = "https://sts." + region + domain;
    return from;
  }
  static std::string host_of(const std::string& endpoint) {
    const std::string problem = rondo::detail::curl::problem_of(endpoint);
    if (!problem.empty()) throw std::invalid_argument("the endpoint '" + endpoint + "' cannot be used: " + problem);
    const auto parts = rondo::detail::curl::parse_url(endpoint);
    if (!parts->user.empty() || parts->path != "/" || !parts->query.empty()) {
      throw std::invalid_argument("an endpoint is written https://HOST or https://HOST:PORT, without anything else");
    }
    return parts->authority();
  }

  std::string function_path() const {
    return "/2015-03-31/functions/" + rondo::detail::aws::uri_encoded(config_.function_arn);
  }

  asio::awaitable<provider_outcome> ask(std::string method, std::string path, std::string body,
                                        std::string invocation_type) {
    aws_credentials keys;
    std::string problem;
    try {
      keys = co_await own_.get();
      if (!config_.role.arn.empty()) keys = co_await role_.get(keys);
    } catch (const credentials_error& failed) {
      problem = failed.what();
    }
    if (!problem.empty()) co_return provider_outcome::failed(failure_class::access_denied, problem);
    rondo::detail::aws::unsigned_request what;
    what.method = std::move(method);
    what.path = std::move(path);
    what.body = std::move(body);
    what.headers.emplace_back("Host", host_of(config_.lambda_endpoint));
    if (!invocation_type.empty()) what.headers.emplace_back("X-Amz-Invocation-Type", invocation_type);
    http_request request;
    request.method = what.method;
    request.url = config_.lambda_endpoint;
    while (request.url.ends_with('/')) request.url.pop_back();
    request.url += what.path;
    request.body = what.body;
    request.timeout = config_.timeout;
    const std::string time = detail_aws::signing_time(std::chrono::system_clock::now());
    request.headers = rondo::detail::aws::sign(what, keys, region_, "lambda", time);
    const auto response = co_await out_.send(std::move(request));
    co_return outcome_of(response, detail_aws::said_by(response, keys));
  }

  lambda_provider_config config_;
  std::string region_;
  gateway out_;
  aws_default_credentials own_;
  aws_role_credentials role_;
};

}  // namespace rondo::controller
