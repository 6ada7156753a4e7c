#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>

// What a temporal.toml says. rondo/config.hpp reads and writes it.
namespace rondo {

/// Something that is given as text or as the name of a file that holds it; never both.
struct data_source {
  std::string path{};
  std::string data{};
  friend bool operator==(const data_source&, const data_source&) = default;
};

/// The table "tls" of a profile: TLS is used when it is there.
struct tls_profile {
  /// True: it is not used although it is described.
  std::optional<bool> disabled{};
  /// In PEM format.
  data_source client_certificate{};
  data_source client_key{};
  /// Of the authorities that vouch for the server; neither: those of the system.
  data_source server_ca{};
  /// In place of the host's name; empty: that.
  std::string server_name{};
  /// Takes whoever answers for the server.
  bool disable_host_verification = false;
  friend bool operator==(const tls_profile&, const tls_profile&) = default;
};

/// One profile of a temporal.toml. Empty texts are settings that it does not have. It may hold an API key, a private
/// key and the like: nothing of the library writes those into logs or messages of errors.
struct client_profile {
  /// Host and port of the server.
  std::string address{};
  std::string namespace_{};
  std::string api_key{};
  std::string authority{};
  /// Of a codec server.
  std::string codec_endpoint{};
  std::string codec_auth{};
  std::optional<tls_profile> tls{};
  /// Headers of every call, their names in lower case with hyphens.
  std::map<std::string, std::string> metadata{};
  friend bool operator==(const client_profile&, const client_profile&) = default;
};

/// The profiles of a temporal.toml by their names.
using client_config = std::map<std::string, client_profile, std::less<>>;

}  // namespace rondo
