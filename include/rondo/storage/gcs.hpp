#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/codec.hpp"
#include "rondo/detail/curl/answer.hpp"
#include "rondo/detail/curl/patient.hpp"
#include "rondo/detail/curl/transfer.hpp"
#include "rondo/detail/curl/url.hpp"
#include "rondo/detail/google_auth/credentials.hpp"
#include "rondo/detail/google_auth/token.hpp"
#include "rondo/detail/google_auth/token_source.hpp"
#include "rondo/detail/http/url.hpp"
#include "rondo/payload_storage.hpp"
#include "rondo/storage/bucket.hpp"
#include "rondo/storage/stored_payload.hpp"

// Needs libcurl (package libcurl4-openssl-dev), which is loaded when it is used, and OpenSSL.
namespace rondo {

/// A bucket of Google Cloud Storage.
struct gcs_options {
  std::string bucket{};
  /// Gives an OAuth2 access token; asked for each request, from several threads, and once more when the token is
  /// refused. An empty one: the request goes without. Left out: the credentials below.
  std::function<std::string()> token{};
  /// A file with the key of a service account, or what gcloud writes for a user. Empty: the application default
  /// credentials, which are the file that GOOGLE_APPLICATION_CREDENTIALS names, that of `gcloud auth
  /// application-default login`, or the metadata server, at GCE_METADATA_HOST if that is set.
  std::string credentials_file{};
  /// Empty: Google's, or the emulator's that STORAGE_EMULATOR_HOST names, to which no credentials are sent.
  std::string endpoint{};
  /// For one payload, with tokens and all attempts.
  std::chrono::milliseconds timeout = std::chrono::seconds(60);
  bucket_retries retries{};
  /// Bytes; larger objects are not read.
  std::size_t max_size = std::size_t{256} * 1024 * 1024;
  /// Looks up variables of the environment; empty: those of the process.
  std::function<std::string(const char* name)> environment{};
};

namespace detail::storage {

/// One part of the name of an object as the drivers for Google have it: only what Google's rules or advice are against
/// is escaped, and '/' and '%'.
inline std::string gcs_segment(std::string_view text) {
  if (text.empty()) return "null";
  if (text == ".") return "%2E";
  if (text == "..") return "%2E%2E";
  constexpr std::string_view unsafe = "#[]*?:\"<>|/%\x7F";
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    // U+0080 to U+009F are control characters.
    const bool is_c1 = byte(at) == 0xC2 && byte(at + 1) >= 0x80 && byte(at + 1) <= 0x9F;
    if (is_c1) {
      out += http::percent_encoded(text.substr(at++, 2));
    } else if (byte(at) < 0x20 || unsafe.find(text[at]) != std::string_view::npos) {
      out += http::percent_encoded(text.substr(at, 1));
    } else {
      out += text[at];
    }
  }
  return out;
}

/// The name that Temporal's drivers give to an object in Google Cloud Storage.
inline std::string gcs_object_name(const serialization_context& context, const std::string& hash) {
  constexpr std::size_t longest = 1024;
  std::string name = object_key(context, hash, gcs_segment);
  if (name.size() > longest) name = "v0/ns/" + gcs_segment(context.namespace_) + "/d/sha256/" + hash;
  return name;
}

/// Whether it could be the name of a bucket.
inline bool is_gcs_bucket(std::string_view name) {
  const auto is_alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return name.size() >= 3 && name.size() <= 222 && is_alnum(name.front()) && is_alnum(name.back()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

}  // namespace detail::storage

/// Keeps payloads in Google Cloud Storage, where the drivers of Temporal's other SDKs find them. What is there already
/// is not written again. Nothing is deleted: give the bucket a lifecycle rule that is longer than the retention of the
/// namespace.
class gcs_storage final : public storage_driver {
 public:
  /// Throws std::invalid_argument without a bucket, or when credentials or an endpoint cannot be used. The metadata
  /// server is not asked before the first payload.
  explicit gcs_storage(gcs_options options, std::string name = "gcp.gcsdriver")
      : options_(std::move(options)), name_(std::move(name)) {
    if (options_.bucket.empty()) throw std::invalid_argument("rondo: storage in Google Cloud needs a bucket");
    if (!detail::storage::is_gcs_bucket(options_.bucket)) {
      throw std::invalid_argument("rondo: '" + options_.bucket +
                                  "' is no bucket: a name has 3 to 222 lower-case letters, digits, '-', '_' and '.'");
    }
    detail::storage::check_retries(options_.retries);
    if (!options_.environment) options_.environment = detail::google_auth::variable_of_process;
    const bool is_emulator = choose_endpoint();
    if (!is_emulator && !options_.token) {
      tokens_ = std::make_unique<detail::google_auth::token_source>(
          options_.credentials_file.empty() ? detail::google_auth::default_identity(options_.environment)
                                            : detail::google_auth::read_credentials_file(options_.credentials_file),
          "https://www.googleapis.com/auth/devstorage.read_write");
    }
    if (is_emulator) options_.token = nullptr;
  }

  std::string name() const override { return name_; }
  std::string type() const override { return "gcp.gcsdriver"; }

  storage_claim store(std::string_view serialized, const serialization_context& context) const override {
    storage_claim claim;
    detail::storage::add_hash(claim, serialized);
    const std::string object = detail::storage::gcs_object_name(context, claim.at("hash_value"));
    claim["bucket"] = options_.bucket;
    claim["object_name"] = object;
    // The first drivers for Go know this name alone.
    claim["key"] = object;
    const auto make = [&] {
      detail::curl::http_request request;
      request.url = options_.endpoint + "/upload/storage/v1/b/" + detail::http::percent_encoded(options_.bucket) +
                    "/o?uploadType=media&ifGenerationMatch=0&name=" + detail::http::percent_encoded(object);
      request.headers.emplace_back("Content-Type", "application/octet-stream");
      request.body = serialized;
      return request;
    };
    constexpr int exists = 412;
    const auto answer = send(make, "stored in", options_.bucket);
    if (!answer.response.ok() && answer.response.status != exists) {
      detail::storage::fail("stored in", options_.bucket, why(answer));
    }
    return claim;
  }

  std::string retrieve(const storage_claim& claim, const serialization_context& /*context*/) const override {
    const auto& bucket = detail::storage::entry(claim, "bucket");
    // "key": of the first drivers for Go; "object": of those for TypeScript.
    const auto& object = detail::storage::entry(claim, {"object_name", "key", "object"});
    detail::storage::hash_of(claim);
    if (!detail::storage::is_gcs_bucket(bucket)) {
      throw storage_error("a reference to external storage names a bucket that is none");
    }
    if (object.empty() || object.size() > 1024 || object == "." || object == "..") {
      throw storage_error("a reference to external storage names an object that is none");
    }
    const auto make = [&] {
      detail::curl::http_request request;
      request.method = "GET";
      request.url = options_.endpoint + "/storage/v1/b/" + detail::http::percent_encoded(bucket) + "/o/" +
                    detail::http::percent_encoded(object) + "?alt=media";
      request.most_bytes = options_.max_size;
      return request;
    };
    auto answer = send(make, "read from", bucket);
    if (!answer.response.ok()) detail::storage::fail("read from", bucket, why(answer));
    detail::storage::check_hash(claim, answer.response.body);
    return std::move(answer.response.body);
  }

 private:
  struct outcome {
    detail::curl::http_response response{};
    std::string token{};
  };

  /// True for an emulator.
  bool choose_endpoint() {
    const std::string emulator =
        options_.endpoint.empty() ? options_.environment("STORAGE_EMULATOR_HOST") : std::string();
    if (!emulator.empty()) {
      options_.endpoint = emulator.find("://") == std::string::npos ? "http://" + emulator : emulator;
    } else if (options_.endpoint.empty()) {
      options_.endpoint = "https://storage.googleapis.com";
    }
    while (options_.endpoint.ends_with('/')) options_.endpoint.pop_back();
    const auto problem = emulator.empty() ? detail::curl::problem_for_secrets(options_.endpoint)
                                          : detail::curl::problem_of(options_.endpoint);
    if (problem.empty()) return !emulator.empty();
    throw std::invalid_argument(
        std::string("rondo: ") +
        (emulator.empty() ? "the endpoint of Google Cloud Storage" : "what STORAGE_EMULATOR_HOST names") +
        " cannot be used: " + problem);
  }

  /// `what` and `bucket`: for errors.
  outcome send(const std::function<detail::curl::http_request()>& make, const std::string& what,
               const std::string& bucket) const {
    const auto limits = detail::storage::limits_of(options_.retries, options_.timeout);
    constexpr int refused = 401;
    outcome got = attempt(make, what, bucket, limits);
    const bool has_other = tokens_ != nullptr || options_.token;
    if (got.response.status != refused || !has_other) return got;
    if (tokens_) tokens_->forget(got.token);
    return attempt(make, what, bucket, limits);
  }

  outcome attempt(const std::function<detail::curl::http_request()>& make, const std::string& what,
                  const std::string& bucket, const detail::curl::retry_limits& limits) const {
    outcome got;
    try {
      got.token = token(limits);
    } catch (const detail::google_auth::token_error& failed) {
      detail::storage::fail(what, bucket, failed.what());
    }
    const auto with_token = [&] {
      auto request = make();
      if (!got.token.empty()) request.headers.emplace_back("Authorization", "Bearer " + got.token);
      return request;
    };
    got.response = detail::curl::fetch_patiently(with_token, limits);
    return got;
  }

  std::string token(const detail::curl::retry_limits& limits) const {
    if (tokens_) return tokens_->get(limits);
    std::string given = options_.token ? options_.token() : std::string();
    if (!given.empty() && !detail::google_auth::is_token(given)) {
      throw detail::google_auth::token_error("the function for tokens gives one that cannot be sent");
    }
    return given;
  }

  static std::string why(const outcome& of) {
    const std::string said = detail::google_auth::said_by(of.response, of.token);
    return said.empty() ? detail::storage::outcome_of(of.response, {of.token})
                        : detail::curl::outcome_text(of.response, said);
  }

  gcs_options options_;
  std::string name_;
  std::unique_ptr<detail::google_auth::token_source> tokens_;
};

}  // namespace rondo
