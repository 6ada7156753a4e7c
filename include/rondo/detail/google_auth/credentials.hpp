#pragma once

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "rondo/detail/crypto/rsa.hpp"
#include "rondo/detail/curl/url.hpp"
#include "rondo/json.hpp"

// Who a program is for Google Cloud: the application default credentials. Error texts hold nothing secret.
namespace rondo::detail::google_auth {

/// Looks up a variable of the environment; empty: it is not set.
using variable_lookup = std::function<std::string(const char* name)>;

inline std::string variable_of_process(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

/// A key signs for it.
struct service_account {
  std::string email{}, key_id{}, token_uri{};
  crypto::rsa_key key;
};

/// A person who logged in with gcloud.
struct authorized_user {
  std::string client_id{}, client_secret{}, refresh_token{}, token_uri{};
};

/// The machine's own service account.
struct metadata_server {
  std::string endpoint{};
};

using identity = std::variant<metadata_server, service_account, authorized_user>;

/// What a file with credentials holds.
struct credentials_json {
  std::string type{}, client_email{}, private_key_id{}, private_key{};
  std::string client_id{}, client_secret{}, refresh_token{};
  std::string token_uri = "https://oauth2.googleapis.com/token";
};

/// `what`: which credentials these are, for errors. Throws std::invalid_argument when they cannot be used.
inline identity read_credentials(std::string_view text, const std::string& what) {
  const auto wrong = [&](const std::string& why) { return std::invalid_argument("rondo: " + what + " " + why); };
  const auto need = [&](const std::string& value, const char* name) {
    if (value.empty()) throw wrong(std::string("has no '") + name + "'");
  };
  credentials_json read;
  try {
    read = json::parse<credentials_json>(text);
  } catch (const json::error&) {
    throw wrong("is not the JSON of Google credentials");
  }
  const bool is_account = read.type == "service_account";
  if (!is_account && read.type != "authorized_user") {
    throw wrong(read.type.empty()
                    ? "has no 'type'"
                    : "is of a type that is not supported: use the key of a service account, what 'gcloud "
                      "auth application-default login' writes, or a function that gives tokens");
  }
  if (const auto problem = curl::problem_for_secrets(read.token_uri); !problem.empty()) {
    throw wrong("has a 'token_uri' that cannot be used: " + problem);
  }
  if (!is_account) {
    need(read.client_id, "client_id");
    need(read.client_secret, "client_secret");
    need(read.refresh_token, "refresh_token");
    return authorized_user{.client_id = std::move(read.client_id),
                           .client_secret = std::move(read.client_secret),
                           .refresh_token = std::move(read.refresh_token),
                           .token_uri = std::move(read.token_uri)};
  }
  need(read.client_email, "client_email");
  need(read.private_key, "private_key");
  try {
    return service_account{.email = std::move(read.client_email),
                           .key_id = std::move(read.private_key_id),
                           .token_uri = std::move(read.token_uri),
                           .key = crypto::rsa_key(read.private_key)};
  } catch (const std::invalid_argument& failed) {
    throw wrong(std::string("has a 'private_key' that cannot be used: ") + failed.what());
  }
}

/// Throws std::invalid_argument when the file cannot be read or used.
inline identity read_credentials_file(const std::string& path) {
  constexpr std::size_t most_bytes = std::size_t{1} << 20U;
  const std::string what = "the file of Google credentials '" + path + "'";
  std::ifstream in(path, std::ios::binary);
  std::string text(most_bytes, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  // At the end of the file it has failed too, but not badly.
  if (in.gcount() == 0) throw std::invalid_argument("rondo: " + what + " cannot be read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  return read_credentials(text, what);
}

/// The file that GOOGLE_APPLICATION_CREDENTIALS names, the one that gcloud writes, or else the metadata server. Throws
/// std::invalid_argument when what is there cannot be used.
inline identity default_identity(const variable_lookup& variables) {
  if (const auto named = variables("GOOGLE_APPLICATION_CREDENTIALS"); !named.empty()) {
    return read_credentials_file(named);
  }
  std::string folder = variables("CLOUDSDK_CONFIG");
  if (const auto home = variables("HOME"); folder.empty() && !home.empty()) folder = home + "/.config/gcloud";
  if (!folder.empty()) {
    const std::string file = folder + "/application_default_credentials.json";
    if (std::ifstream(file).good()) return read_credentials_file(file);
  }
  const std::string host = variables("GCE_METADATA_HOST");
  const std::string endpoint = "http://" + (host.empty() ? "metadata.google.internal" : host);
  const auto parts = curl::parse_url(endpoint);
  if (!parts || !parts->user.empty() || parts->path != "/" || !parts->query.empty()) {
    throw std::invalid_argument("rondo: GCE_METADATA_HOST must be a host, or host:port");
  }
  return metadata_server{.endpoint = endpoint};
}

}  // namespace rondo::detail::google_auth
