#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/codec.hpp"
#include "rondo/detail/aws/signature.hpp"
#include "rondo/detail/crypto/hmac.hpp"
#include "rondo/detail/curl/patient.hpp"
#include "rondo/detail/curl/transfer.hpp"
#include "rondo/payload_storage.hpp"
#include "rondo/storage/bucket.hpp"
#include "rondo/storage/stored_payload.hpp"

// Needs libcurl (package libcurl4-openssl-dev), which is loaded when it is used, and OpenSSL.
namespace rondo {

/// What requests to S3 are signed with.
struct s3_credentials {
  std::string access_key_id{};
  std::string secret_access_key{};
  /// Of credentials that expire; else empty.
  std::string session_token{};
};

/// A bucket of S3, or of a service that speaks its language.
struct s3_options {
  std::string bucket{};
  std::string region = "us-east-1";
  /// Empty: that of AWS in the region. The bucket comes into the path behind it.
  std::string endpoint{};
  /// Asked for each request, from several threads. Required.
  std::function<s3_credentials()> credentials{};
  /// For one payload, with all attempts.
  std::chrono::milliseconds timeout = std::chrono::seconds(60);
  bucket_retries retries{};
  /// Bytes; larger objects are not read.
  std::size_t max_size = std::size_t{256} * 1024 * 1024;
};

/// Keeps payloads in S3, where the drivers of Temporal's other SDKs find them. Nothing is deleted: give the bucket a
/// lifecycle rule that is longer than the retention of the namespace.
class s3_storage final : public storage_driver {
 public:
  /// Throws std::invalid_argument without a bucket or credentials.
  explicit s3_storage(s3_options options, std::string name = "aws.s3driver")
      : options_(std::move(options)), name_(std::move(name)) {
    if (options_.bucket.empty()) throw std::invalid_argument("rondo: storage in S3 needs a bucket");
    if (!options_.credentials) throw std::invalid_argument("rondo: storage in S3 needs credentials");
    detail::storage::check_retries(options_.retries);
    if (options_.endpoint.empty()) options_.endpoint = "https://s3." + options_.region + ".amazonaws.com";
    while (options_.endpoint.ends_with('/')) options_.endpoint.pop_back();
  }

  std::string name() const override { return name_; }
  std::string type() const override { return "aws.s3driver"; }

  storage_claim store(std::string_view serialized, const serialization_context& context) const override {
    storage_claim claim;
    detail::storage::add_hash(claim, serialized);
    claim["bucket"] = options_.bucket;
    claim["key"] = detail::storage::object_key(context, claim.at("hash_value"));
    s3_credentials by;
    const auto answer = send("PUT", claim.at("bucket"), claim.at("key"), std::string(serialized), by);
    if (!answer.ok()) detail::storage::fail("stored in", claim.at("bucket"), why(answer, by));
    return claim;
  }

  std::string retrieve(const storage_claim& claim, const serialization_context& /*context*/) const override {
    const auto& bucket = detail::storage::entry(claim, "bucket");
    const auto& key = detail::storage::entry(claim, "key");
    s3_credentials by;
    auto answer = send("GET", bucket, key, {}, by);
    if (!answer.ok()) detail::storage::fail("read from", bucket, why(answer, by));
    detail::storage::check_hash(claim, answer.body);
    return std::move(answer.body);
  }

 private:
  /// `by`: gets the credentials of the last attempt.
  detail::curl::http_response send(const std::string& method, const std::string& bucket, const std::string& key,
                                   const std::string& body, s3_credentials& by) const {
    const auto make = [&] {
      by = options_.credentials();
      // Each attempt is signed anew: signatures hold the time.
      return signed_request(method, bucket, key, body, by);
    };
    return detail::curl::fetch_patiently(make, detail::storage::limits_of(options_.retries, options_.timeout));
  }

  detail::curl::http_request signed_request(const std::string& method, const std::string& bucket,
                                            const std::string& key, const std::string& body,
                                            const s3_credentials& given) const {
    const detail::aws::credentials by{.access_key_id = given.access_key_id,
                                      .secret_access_key = given.secret_access_key,
                                      .session_token = given.session_token};
    detail::aws::unsigned_request what;
    what.method = method;
    // Signing encodes it, once, which is how it is sent.
    what.path = "/" + bucket + "/" + key;
    what.body = body;
    const auto host = options_.endpoint.find("://");
    what.headers.emplace_back("Host",
                              host == std::string::npos ? options_.endpoint : options_.endpoint.substr(host + 3));
    what.headers.emplace_back("X-Amz-Content-Sha256", detail::crypto::hex(detail::crypto::sha256(what.body)));
    detail::curl::http_request request;
    request.method = method;
    request.url = options_.endpoint + detail::aws::uri_encoded(what.path, /*keep_slashes=*/true);
    request.headers = detail::aws::sign(what, by, options_.region, "s3", now());
    request.body = std::move(what.body);
    request.timeout = options_.timeout;
    request.most_bytes = options_.max_size;
    return request;
  }

  /// "20150830T123600Z"
  static std::string now() {
    const std::time_t time = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm parts{};
    gmtime_r(&time, &parts);
    std::array<char, 32> text{};
    const std::size_t size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
    return {text.data(), size};
  }

  static std::string why(const detail::curl::http_response& answer, const s3_credentials& by) {
    return detail::storage::outcome_of(answer, {by.secret_access_key, by.session_token, by.access_key_id});
  }

  s3_options options_;
  std::string name_;
};

}  // namespace rondo
