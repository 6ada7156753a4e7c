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
  /// Files with both, in place of the texts. When they are replaced while the program runs, calls that begin later go
  /// over new connections: calls look at the files at most once in the interval, and two looks must find the same.
  /// Files that cannot be used are left alone, and the certificate in use goes on. Over the gRPC library a key that
  /// does not belong to its certificate is only found by calls, which fail until the files change again.
  std::string client_certificate_file{};
  std::string client_private_key_file{};
  std::chrono::milliseconds file_check_interval = std::chrono::seconds(30);
  /// The name that the server's certificate must bear, when it is not that of the target.
  std::string server_name{};
  /// False: whoever answers is taken for the server, whatever certificate it shows. Anybody on the way can then read
  /// and change all that is sent, API keys and payloads with it: for tests only. Better give the authority of a server
  /// that signed its certificate itself, and its name in `server_name`.
  bool verify_server = true;
};

/// Whether a connection is encrypted.
enum class tls_mode {
  /// On when `tls` or `api_key` is given.
  automatic,
  off,
  on,
};

/// The way to the server through an HTTP proxy, by its method CONNECT. TLS goes through it from end to end: the server
/// is named, and its certificate checked, as without a proxy. What is between client and proxy is not encrypted.
struct http_proxy_options {
  /// host:port; empty: no proxy, whatever the environment says.
  std::string target{};
  /// Shown to the proxy by basic authentication, when the user is not empty. The user's name has no colon.
  std::string user{};
  std::string password{};
};

/// Whether requests are packed with gzip, and packed answers asked for. A server that does not know gzip gets its calls
/// unpacked from then on, and no call fails for it.
enum class rpc_compression {
  /// gzip over TLS. Without TLS none: there the network is near, and packing costs more than it saves.
  automatic,
  none,
  gzip,
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
  /// Not set: what the environment says as gRPC reads it, the first of grpc_proxy, https_proxy and http_proxy (in small
  /// letters: http://user:password@host:port), but not for hosts that end like an entry of no_grpc_proxy or no_proxy.
  /// A variable in another form is passed over.
  std::optional<http_proxy_options> proxy{};
  rpc_compression compression = rpc_compression::automatic;
  /// Who acts, as the server shows it; pid@hostname when empty.
  std::string identity{};
  /// Headers of every call. Names ending in -bin carry bytes, the others printable ASCII.
  std::vector<std::pair<std::string, std::string>> metadata{};
  /// Connect with the first call instead of at once.
  bool lazy = false;
  /// How long the eager connect may try. It is over before that when there is no connection, or when the connection is
  /// lost before the server's first answer.
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  /// A connection that is silent for the interval is pinged, also when idle; no answer within the timeout closes it.
  /// An interval of zero switches the pings off.
  std::chrono::milliseconds keepalive_interval = std::chrono::seconds(30);
  std::chrono::milliseconds keepalive_timeout = std::chrono::seconds(15);
  /// How old the addresses of the target's name may become. The HTTP/2 transport looks the name up for each connection,
  /// begins each with another address, and looks it up again with a call that comes later than this after the last
  /// time: when two answers in succession lack the address in use, later calls go over a new connection, and those
  /// under way end on the old one. The gRPC library gives calls to all addresses in turn, and looks the name up again
  /// when it loses a connection, but not sooner than this, or 30 seconds if that is less, after the last time. Nothing
  /// of it concerns addresses and "localhost". Zero: off, the first address that answers is used as long as its
  /// connection lives.
  std::chrono::milliseconds dns_refresh_interval = std::chrono::seconds(30);
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
