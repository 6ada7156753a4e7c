#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rondo/data_options.hpp"

namespace rondo {

class client_interceptor;
class plugin;

/// TLS of a connection; all certificates and keys are PEM text, not file names.
struct tls_options {
  /// The authorities that may have signed the server's certificate; the system's are used when this is empty.
  std::string server_root_ca_certificate{};
  /// This client's certificate and key for mutual TLS; both or none.
  std::string client_certificate{};
  std::string client_private_key{};
  /// The name that the server's certificate must bear, when it is not that of the target.
  std::string server_name{};
  /// False is refused with an error: the gRPC library in use cannot leave the check out.
  bool verify_server = true;
};

/// Whether a connection is encrypted.
enum class tls_mode {
  /// On when `tls` or `api_key` is given.
  automatic,
  off,
  on,
};

/// How a client reaches its server.
struct client_options {
  /// host:port
  std::string target = "localhost:7233";
  std::string namespace_ = "default";
  /// Sent as "authorization: Bearer <key>" unless `metadata` has its own authorization; turns TLS on.
  std::string api_key{};
  /// Gives the API key of each attempt of a call, in place of `api_key`, for keys that are renewed; turns TLS on. Runs
  /// on the client's loop: it must not block. What it throws ends the call.
  std::function<std::string()> api_key_provider{};
  /// The host that calls name (:authority), when it is not the target's.
  std::string authority{};
  std::optional<tls_options> tls{};
  tls_mode tls_usage = tls_mode::automatic;
  /// Who acts, as the server shows it; pid@hostname when empty.
  std::string identity{};
  /// Headers of every call. Names ending in -bin carry bytes, the others printable ASCII.
  std::vector<std::pair<std::string, std::string>> metadata{};
  /// Connect with the first call instead of at once.
  bool lazy = false;
  /// How long the eager connect may try.
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  /// A connection that is silent for the interval is pinged, also when idle; no answer within the timeout closes it.
  /// An interval of zero switches the pings off.
  std::chrono::milliseconds keepalive_interval = std::chrono::seconds(30);
  std::chrono::milliseconds keepalive_timeout = std::chrono::seconds(15);
  /// Bytes; larger answers fail with RESOURCE_EXHAUSTED.
  std::size_t max_receive_message_size = 128 * 1024 * 1024;
  /// Longest time of one attempt of an ordinary call.
  std::chrono::milliseconds rpc_timeout = std::chrono::seconds(30);
  /// What sees the calls of clients, the outermost first.
  std::vector<std::shared_ptr<client_interceptor>> interceptors{};
  /// Change these options before the connection is made, and the options of workers over it.
  std::vector<std::shared_ptr<plugin>> plugins{};
  /// Codecs, external storage and sizes of payloads, for clients and workers of this connection alike.
  data_options data{};
};

}  // namespace rondo
