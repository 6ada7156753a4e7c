#pragma once

#include <algorithm>
#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/controller/gateway.hpp"
#include "rondo/detail/aws/signature.hpp"
#include "rondo/detail/base/rfc3339.hpp"
#include "rondo/json.hpp"

namespace rondo::controller {

using aws_credentials = rondo::detail::aws::credentials;

/// Looks up a variable of the environment; empty: it is not set.
using variable_lookup = std::function<std::string(const char* name)>;

inline std::string variable_of_process(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

/// Credentials cannot be had. what() says why and holds none.
class credentials_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail_aws {

struct expiring_credentials {
  aws_credentials keys{};
  std::chrono::system_clock::time_point expires = std::chrono::system_clock::time_point::max();
};

/// Credentials are renewed before the last moment.
inline bool usable(const std::optional<expiring_credentials>& of, std::chrono::system_clock::time_point now) {
  constexpr std::chrono::minutes reserve{5};
  return of && now + reserve < of->expires;
}

inline std::chrono::system_clock::time_point time_of(const std::string& text) {
  const auto parsed = rondo::detail::parse_rfc3339(text);
  // Unreadable: not kept at all.
  if (!parsed) return std::chrono::system_clock::time_point::min();
  // The clock ends in 2262.
  constexpr auto latest = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::time_point::max());
  return std::min(parsed->seconds, latest);
}

/// What the endpoint for credentials of a container answers.
struct container_answer {
  std::string AccessKeyId{}, SecretAccessKey{}, Token{}, Expiration{};  // NOLINT: AWS's names
};

/// The text of the first element of that name; empty: there is none.
inline std::string element_of(std::string_view xml, std::string_view name) {
  const std::string open = "<" + std::string(name) + ">";
  const auto from = xml.find(open);
  if (from == std::string_view::npos) return {};
  const auto to = xml.find("</", from);
  if (to == std::string_view::npos) return {};
  return std::string(xml.substr(from + open.size(), to - from - open.size()));
}

/// "20150830T123600Z"
inline std::string signing_time(std::chrono::system_clock::time_point now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(seconds - day);
  char text[32];
  std::snprintf(text, sizeof text, "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

/// What an error answer of AWS says, in short: its type and message.
inline std::string said_by(const http_response& of, const aws_credentials& with) {
  std::string type(of.header("x-amzn-errortype"));
  type = type.substr(0, type.find(':'));
  if (type.empty()) type = element_of(of.body, "Code");
  std::string message = element_of(of.body, "Message");
  struct answer {
    std::string message{}, Message{};  // NOLINT: AWS writes either
  };
  if (message.empty()) {
    try {
      const auto read = json::parse<answer>(of.body);
      message = read.message.empty() ? read.Message : read.message;
    } catch (const json::error&) {
      message.clear();
    }
  }
  if (!type.empty() && !message.empty()) type += ": ";
  return scrubbed(type + message, {with.secret_access_key, with.session_token, with.access_key_id});
}

}  // namespace detail_aws

/// The credentials that a program has by where it runs: variables of the environment, or what the container's endpoint
/// gives.
class aws_default_credentials {
 public:
  explicit aws_default_credentials(http_client& through, variable_lookup variables = variable_of_process)
      : client_(through), variables_(std::move(variables)) {}

  /// Throws credentials_error.
  asio::awaitable<aws_credentials> get() {
    aws_credentials own{variables_("AWS_ACCESS_KEY_ID"), variables_("AWS_SECRET_ACCESS_KEY"),
                        variables_("AWS_SESSION_TOKEN")};
    if (!own.empty()) co_return own;
    if (detail_aws::usable(cached_, std::chrono::system_clock::now())) co_return cached_->keys;
    http_request request = container_request();
    const auto parts = rondo::detail::curl::parse_url(request.url);
    gateway out(client_, {parts ? parts->authority() : std::string()});
    const auto response = co_await out.send(std::move(request));
    if (!response.ok()) {
      throw credentials_error("the container's endpoint for AWS credentials answers: " + outcome_of(response).message);
    }
    cached_ = read(response.body);
    co_return cached_->keys;
  }

 private:
  http_request container_request() const {
    http_request request;
    request.method = "GET";
    request.timeout = std::chrono::seconds(5);
    request.most_bytes = 64U << 10U;
    const std::string relative = variables_("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const std::string full = variables_("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (!relative.empty()) {
      request.url = "http://169.254.170.2" + relative;
    } else if (!full.empty()) {
      request.url = full;
      check_endpoint(full);
    } else {
      throw credentials_error(
          "there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where "
          "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or AWS_CONTAINER_CREDENTIALS_FULL_URI is set");
    }
    std::string token = variables_("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (const auto file = variables_("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !file.empty()) {
      std::ifstream in(file);
      if (!in) throw credentials_error("cannot read AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE '" + file + "'");
      std::getline(in, token);
    }
    if (!token.empty()) request.headers.emplace_back("Authorization", token);
    return request;
  }

  /// Without TLS the credentials come from this machine only.
  static void check_endpoint(const std::string& url) {
    const auto parts = rondo::detail::curl::parse_url(url);
    const bool known = parts && (parts->scheme == "https" || parts->is_loopback() || parts->host == "169.254.170.2" ||
                                 parts->host == "169.254.170.23" || parts->host == "[fd00:ec2::23]");
    if (!known)
      throw credentials_error("AWS_CONTAINER_CREDENTIALS_FULL_URI names a host that credentials must not come from");
  }

  static detail_aws::expiring_credentials read(const std::string& body) {
    detail_aws::container_answer answer;
    try {
      answer = json::parse<detail_aws::container_answer>(body);
    } catch (const json::error&) {
      throw credentials_error("the container's endpoint for AWS credentials answers something else than credentials");
    }
    detail_aws::expiring_credentials made{{answer.AccessKeyId, answer.SecretAccessKey, answer.Token}};
    if (made.keys.empty()) throw credentials_error("the container's endpoint for AWS credentials answers without keys");
    if (!answer.Expiration.empty()) made.expires = detail_aws::time_of(answer.Expiration);
    return made;
  }

  http_client& client_;
  variable_lookup variables_;
  std::optional<detail_aws::expiring_credentials> cached_;
};

/// Which role to take on, and how.
struct aws_role {
  std::string arn{};
  std::string external_id{};
  std::string session_name = "rondo-controller";
};

/// The credentials of a role, kept until shortly before they expire.
class aws_role_credentials {
 public:
  /// `endpoint`: of STS, "https://sts.eu-west-1.amazonaws.com".
  aws_role_credentials(gateway& out, aws_role role, std::string region, std::string endpoint)
      : out_(out), role_(std::move(role)), region_(std::move(region)), endpoint_(std::move(endpoint)) {}

  /// Throws credentials_error.
  asio::awaitable<aws_credentials> get(aws_credentials own) {
    const auto now = std::chrono::system_clock::now();
    if (detail_aws::usable(cached_, now)) co_return cached_->keys;
    http_request request = signed_request(own, now);
    const auto response = co_await out_.send(std::move(request));
    if (!response.ok()) {
      throw credentials_error("the role '" + role_.arn + "' cannot be assumed: " +
                              outcome_of(response, detail_aws::said_by(response, own)).message);
    }
    detail_aws::expiring_credentials made;
    made.keys.access_key_id = detail_aws::element_of(response.body, "AccessKeyId");
    made.keys.secret_access_key = detail_aws::element_of(response.body, "SecretAccessKey");
    made.keys.session_token = detail_aws::element_of(response.body, "SessionToken");
    made.expires = detail_aws::time_of(detail_aws::element_of(response.body, "Expiration"));
    if (made.keys.empty()) throw credentials_error("STS answers AssumeRole without credentials");
    cached_ = std::move(made);
    co_return cached_->keys;
  }

 private:
  http_request signed_request(const aws_credentials& own, std::chrono::system_clock::time_point now) const {
    using rondo::detail::aws::uri_encoded;
    rondo::detail::aws::unsigned_request what;
    what.method = "POST";
    what.path = "/";
    what.body = "Action=AssumeRole&Version=2011-06-15&DurationSeconds=3600&RoleArn=" + uri_encoded(role_.arn) +
                "&RoleSessionName=" + uri_encoded(role_.session_name);
    if (!role_.external_id.empty()) what.body += "&ExternalId=" + uri_encoded(role_.external_id);
    const auto parts = rondo::detail::curl::parse_url(endpoint_);
    what.headers = {{"Host", parts ? parts->authority() : std::string()},
                    {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
    http_request request;
    request.url = endpoint_ + "/";
    request.body = what.body;
    request.timeout = std::chrono::seconds(30);
    request.headers = rondo::detail::aws::sign(what, own, region_, "sts", detail_aws::signing_time(now));
    return request;
  }

  gateway& out_;
  aws_role role_;
  std::string region_;
  std::string endpoint_;
  std::optional<detail_aws::expiring_credentials> cached_;
};

}  // namespace rondo::controller
