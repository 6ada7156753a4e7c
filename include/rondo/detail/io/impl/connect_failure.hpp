#pragma once
#include <initializer_list>
#include <string>
#include <string_view>

#include "rondo/connection_options.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/io/connect_failure.hpp"
#include "rondo/detail/io/pem.hpp"
#include "rondo/rpc_error.hpp"

namespace rondo::detail::io {

RONDO_FUNCTION std::string connect_advice(const client_options& options, const rpc_status& status) {
  const bool tls = uses_tls(options);
  const std::string_view text = status.message;
  const auto says = [text](std::initializer_list<std::string_view> words) {
    for (const auto word : words) {
      if (text.find(word) != text.npos) return true;
    }
    return false;
  };
  if (status.code == rpc_code::deadline_exceeded) {
    return "it did not answer within " + std::to_string(options.connect_timeout.count()) +
           " ms; check address and firewall, or raise connect_timeout";
  }
  if (says({"HTTP proxy returned response code 407"})) return "the proxy wants a user; check proxy.user and password";
  if (says({"HTTP proxy returned", "the proxy", "handshake shutdown"}) && options.proxy) {
    return "the proxy does not let calls through; check proxy.target, and that it allows CONNECT to the server";
  }
  if (says({"DNS resolution failed", "Domain name not found"})) return "the host name is unknown; check the spelling";
  if (says({"Connection refused"})) return "nothing listens there; start the server, or correct host and port";
  if (says({"CERTIFICATE_VERIFY_FAILED", "certificate verify failed", "Peer name", "Hostname Verification"})) {
    return "the server's certificate was not accepted; tls.server_root_ca_certificate must hold the authority that "
           "signed it, and its name must be the host's or tls.server_name";
  }
  if (says({"WRONG_VERSION_NUMBER", "wrong version number"}))
    return "the server does not speak TLS; switch tls_usage off";
  if (says({"handshake"})) {
    return tls ? "the TLS handshake failed; check the authority, the client's certificate and key, and that the server "
                 "speaks TLS"
               : "the connection was closed at once; the server may want TLS: set tls";
  }
  // gRPC has no better words for material that it cannot make a TLS context of.
  if (tls && says({"empty address list", "lame client channel"})) {
    return "the certificates could not be used; check that client_private_key belongs to client_certificate";
  }
  if (status.from_transport && status.code == rpc_code::unavailable) {
    return tls ? "the connection broke; check that the server speaks TLS and accepts the client's certificate"
               : "the connection broke; the server may want TLS: set tls or api_key";
  }
  if (status.code == rpc_code::unauthenticated) return "the server wants other credentials; check api_key";
  if (status.code == rpc_code::permission_denied)
    return "these credentials may not use it; check api_key and namespace_";
  if (status.code == rpc_code::unimplemented) return "it does not seem to be a Temporal frontend; check host and port";
  return "the server refused the first call";
}

RONDO_FUNCTION rpc_error connect_error(const client_options& options, rpc_status status) {
  std::string text = "rondo: cannot connect to " + options.target + (uses_tls(options) ? " with TLS" : " without TLS");
  text += ": " + connect_advice(options, status) + " [" + std::string(to_string(status.code));
  if (!status.message.empty()) text += ": " + status.message;
  text += "]";
  return rpc_error(text, std::move(status));
}

}  // namespace rondo::detail::io
