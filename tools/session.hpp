#pragma once
#include <temporal/api/errordetails/v1/message.pb.h>

#include <algorithm>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/io/connect.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/sleep.hpp"
#include "rondo/detail/io/status_details.hpp"
#include "rondo/rpc_error.hpp"
#include "tools/command_error.hpp"
#include "tools/options.hpp"

namespace rondo::tools {

/// The connection's words for its options, as flags.
inline std::string in_flags(std::string text) {
  constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"tls.server_root_ca_certificate", "--tls-ca-path"},
      {"tls.server_name", "--tls-server-name"},
      {"client_private_key", "--tls-key-path"},
      {"client_certificate", "--tls-cert-path"},
      {"switch tls_usage off", "leave out the TLS flags"},
      {"raise connect_timeout", "raise --client-connect-timeout"},
      {"set tls or api_key", "give --tls or --api-key"},
      {"set tls", "give --tls"},
      {"check api_key and namespace_", "check --api-key and --namespace"},
      {"check api_key", "check --api-key"},
  };
  for (const auto& [option, flag] : names) {
    for (std::size_t at = 0; (at = text.find(option, at)) != text.npos; at += flag.size()) {
      text.replace(at, option.size(), flag);
    }
  }
  if (text.starts_with("rondo: ")) text.erase(0, 7);
  return text;
}

/// What the user may do about a call that failed; empty when the server's words are enough.
inline std::string advice_of(const rpc_status& status) {
  namespace details = temporal::api::errordetails::v1;
  switch (status.code) {
    case rpc_code::not_found:
      if (status.message.find("already completed") != status.message.npos) return {};
      for (const auto& each : rondo::detail::io::status_details(status)) {
        if (each.Is<details::NamespaceNotFoundFailure>()) return "check --namespace";
      }
      return "check the ids and --namespace";
    case rpc_code::already_exists:
      return "use another --workflow-id, or --id-conflict-policy and --id-reuse-policy";
    case rpc_code::permission_denied:
    case rpc_code::unauthenticated:
      return "check --api-key, the client's certificate and --namespace";
    case rpc_code::unimplemented:
      return "the server does not offer this";
    default:
      return {};
  }
}

/// One line about a call that failed: "describe workflow 'a': workflow not found; check the ids and --namespace".
inline std::string failure_of_call(std::string_view action, const rpc_status& status) {
  std::string text(action);
  text += ": ";
  text += status.message.empty() ? std::string(to_string(status.code)) : status.message;
  if (text.ends_with('.')) text.pop_back();
  const std::string advice = advice_of(status);
  return advice.empty() ? text : text + "; " + advice;
}

/// A connection for the length of one command, and the time that the command may take.
class session {
 public:
  /// Connects. Throws command_error that says what to do.
  explicit session(const common_flags& flags) : timeout_(duration_of("--command-timeout", flags.command_timeout)) {
    client_options options = connection_of(flags);
    if (timeout_ > nanoseconds(0)) {
      deadline_ = std::chrono::steady_clock::now() + timeout_;
      options.connect_timeout =
          std::min(options.connect_timeout, std::chrono::ceil<std::chrono::milliseconds>(timeout_));
    }
    try {
      connection_ = loop_.block_on(rondo::detail::io::connect(loop_, options));
    } catch (const rpc_error& failed) {
      throw command_error(in_flags(failed.what()));
    } catch (const std::invalid_argument& wrong) {
      throw command_error(in_flags(wrong.what()));
    }
  }

  const std::string& namespace_() const { return connection_->options().namespace_; }
  const std::string& identity() const { return connection_->identity(); }
  rondo::detail::io::connection& connection() { return *connection_; }
  /// For clients of this connection.
  const std::shared_ptr<rondo::detail::io::connection>& shared_connection() const { return connection_; }
  rondo::detail::io::event_loop& loop() { return loop_; }

  /// A call whose failure the caller looks at.
  template <class Response>
  rondo::detail::io::rpc_reply<Response> try_call(
      std::string_view method, const google::protobuf::MessageLite& request,
      rondo::detail::io::rpc_class kind = rondo::detail::io::rpc_class::unary) {
    rondo::detail::io::retry_options how(kind);
    how.options.deadline = deadline_;
    return loop_.block_on(rondo::detail::io::call<Response>(*connection_, method, request, std::move(how)));
  }

  /// The same with a limit of its own, and without a second attempt.
  template <class Response>
  rondo::detail::io::rpc_reply<Response> try_call_within(std::chrono::milliseconds limit, std::string_view method,
                                                         const google::protobuf::MessageLite& request) {
    rondo::detail::io::retry_options how(rondo::detail::io::rpc_class::once);
    how.options.deadline = deadline_;
    how.attempt_timeout = limit;
    return loop_.block_on(rondo::detail::io::call<Response>(*connection_, method, request, std::move(how)));
  }

  /// Lets time pass, but not more than the command has.
  void wait(std::chrono::milliseconds time) {
    const auto until = std::min(std::chrono::steady_clock::now() + time, deadline_);
    loop_.block_on(rondo::detail::io::async_sleep_until(loop_, until, nullptr, asio::use_awaitable));
  }

  /// A call that must succeed. Throws command_error.
  template <class Response>
  Response call(std::string_view action, std::string_view method, const google::protobuf::MessageLite& request) {
    auto reply = try_call<Response>(method, request);
    if (!reply.status.ok()) fail(action, reply.status);
    return std::move(reply.response);
  }

  /// The command has used up its time.
  bool is_late() const { return std::chrono::steady_clock::now() >= deadline_; }

  /// Throws the command_error of a failed call; `hint` says what may be the cause if there was no answer in time.
  [[noreturn]] void fail(std::string_view action, const rpc_status& status, std::string_view hint = {}) const {
    std::string text = failure_of_call(action, status);
    if (is_late()) text = std::string(action) + ": not done within " + duration_text(timeout_) + " (--command-timeout)";
    if (status.code == rpc_code::deadline_exceeded && !hint.empty()) text.append("; ").append(hint);
    throw command_error(text);
  }

 private:
  rondo::detail::io::event_loop loop_;
  nanoseconds timeout_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  std::shared_ptr<rondo::detail::io::connection> connection_;
};

}  // namespace rondo::tools
