#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "rondo/detail/http/address.hpp"
#include "rondo/serverless/environment.hpp"
#include "rondo/serverless/options.hpp"

namespace rondo::serverless {

/// What a request does while another one is in work.
enum class on_concurrent : std::uint8_t {
  coalesce,  ///< it joins that run: one run at a time sees all the work there is
  parallel,  ///< it has a run of its own, up to `max_sessions`
};

/// Options of a worker that is invoked by HTTP.
struct http_options : options {
  http_options() : options(defaults_of(profile::http)) {}

  /// An IP address, and a port; 0: any free one. PORT, as Cloud Run and Knative set it, and FC_SERVER_PORT of Function
  /// Compute change them to 0.0.0.0 and that port.
  std::string host = "127.0.0.1";
  std::uint16_t port = 9233;
  serverless::on_concurrent on_concurrent = serverless::on_concurrent::coalesce;
  /// Requests that wait for the end of a run at once; more are answered with 429.
  std::size_t max_waiting = 64;
  /// Most bytes of a request's body.
  std::size_t max_body = std::size_t{1} * 1024 * 1024;

  /// Only requests with "Authorization: Bearer <token>" invoke the worker; empty: not asked for.
  std::string bearer_token{};
  /// Only requests signed with this invoke the worker (X-Rondo-Timestamp, X-Rondo-Signature); empty: not asked for.
  /// With a token as well, one of the two is enough.
  std::string secret{};
  /// How old a signed request may be, and how far ahead its sender's clock.
  duration signature_window = std::chrono::minutes(5);
  /// Answer as the invocation APIs of AWS Lambda and AgentCore too, so that a Temporal server can be pointed at the
  /// worker. Such requests carry no signature of ours, so this is off when a secret or token is asked for.
  bool aws_paths = true;

  /// A client that goes away ends its run; otherwise it goes on.
  bool stop_on_disconnect = false;

  bool asks_for_credentials() const noexcept { return !bearer_token.empty() || !secret.empty(); }
};

/// Fills in what the environment says about an HTTP worker, see apply_environment(options&, ...): PORT or
/// FC_SERVER_PORT, RONDO_HTTP_SECRET and RONDO_HTTP_BEARER_TOKEN besides.
inline void apply_http_environment(http_options& to, const environment_variables& environment) {
  using rondo::detail::config::find_variable;
  apply_environment(to, environment);
  for (const char* name : {"FC_SERVER_PORT", "PORT"}) {
    const auto* text = find_variable(environment, name);
    if (text == nullptr) continue;
    try {
      const auto where = rondo::detail::http::parse_address("0.0.0.0:" + *text);
      to.host = where.host;
      to.port = where.port;
    } catch (const std::invalid_argument&) {
      throw std::invalid_argument("rondo: " + std::string(name) + " must be a port, but it is '" + *text + "'");
    }
  }
  if (const auto* secret = find_variable(environment, "RONDO_HTTP_SECRET")) to.secret = *secret;
  if (const auto* token = find_variable(environment, "RONDO_HTTP_BEARER_TOKEN")) to.bearer_token = *token;
}

/// Throws std::invalid_argument, saying what to change.
inline void check(const http_options& all) {
  check(static_cast<const options&>(all), false);
  detail::require_time("signature_window", all.signature_window, std::chrono::seconds(1));
  if (all.max_waiting == 0) throw std::invalid_argument("rondo: max_waiting must be at least 1");
  if (!all.secret.empty() && all.secret.size() < 16) {
    throw std::invalid_argument("rondo: the secret must have at least 16 characters");
  }
}

}  // namespace rondo::serverless
