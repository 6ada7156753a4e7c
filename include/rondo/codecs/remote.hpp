#pragma once
#include <chrono>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/codec.hpp"
#include "rondo/detail/curl/blocking.hpp"
#include "rondo/detail/curl/transfer.hpp"
#include "rondo/detail/data/payload_json.hpp"
#include "rondo/payload.hpp"

// Needs libcurl (package libcurl4-openssl-dev), which is loaded when it is used.
namespace rondo {

/// Where a codec server is, and what it is told.
struct remote_codec_options {
  /// "https://codecs.example.com/orders"; "/encode" and "/decode" come behind it. "{namespace}" in it is replaced.
  std::string endpoint{};
  /// The header Authorization; empty: none.
  std::string authorization{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
  /// Bytes; a longer answer is an error.
  std::size_t max_response_size = std::size_t{256} * 1024 * 1024;
};

/// Lets a codec server encode and decode, so that keys can stay there.
class remote_codec final : public codec {
 public:
  /// Throws std::invalid_argument without an endpoint.
  explicit remote_codec(remote_codec_options options) : options_(std::move(options)) {
    if (!options_.endpoint.starts_with("http://") && !options_.endpoint.starts_with("https://")) {
      throw std::invalid_argument("rondo: the endpoint of a codec server must begin with http:// or https://, not '" +
                                  options_.endpoint + "'");
    }
    while (options_.endpoint.ends_with('/')) options_.endpoint.pop_back();
  }

  void encode(std::span<payload> payloads, const serialization_context& context) const override {
    ask("/encode", payloads, context);
  }
  void decode(std::span<payload> payloads, const serialization_context& context) const override {
    ask("/decode", payloads, context);
  }
  bool is_slow() const override { return true; }

 private:
  void ask(std::string_view what, std::span<payload> payloads, const serialization_context& context) const {
    if (payloads.empty()) return;
    detail::curl::http_request request;
    request.url = url(context) + std::string(what);
    request.headers = options_.headers;
    request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("X-Namespace", context.namespace_);
    if (!options_.authorization.empty()) request.headers.emplace_back("Authorization", options_.authorization);
    request.body = detail::data::payloads_to_json(payloads);
    request.timeout = options_.timeout;
    request.most_bytes = options_.max_response_size;
    const auto answer = detail::curl::fetch(request);
    const std::string who = "the codec server at " + options_.endpoint + std::string(what) + " ";
    if (answer.status == 0) throw codec_error(who + "gave no answer: " + answer.error);
    if (!answer.ok()) {
      throw codec_error(who + "answered with status " + std::to_string(answer.status) + ": " +
                        answer.body.substr(0, 200));
    }
    auto changed = detail::data::payloads_from_json(answer.body);
    if (changed.size() != payloads.size()) {
      throw codec_error(who + "gave " + std::to_string(changed.size()) + " payloads for " +
                        std::to_string(payloads.size()));
    }
    for (std::size_t i = 0; i < changed.size(); ++i) payloads[i] = std::move(changed[i]);
  }

  std::string url(const serialization_context& context) const {
    constexpr std::string_view place = "{namespace}";
    std::string made = options_.endpoint;
    const auto at = made.find(place);
    if (at != std::string::npos) made.replace(at, place.size(), context.namespace_);
    return made;
  }

  remote_codec_options options_;
};

}  // namespace rondo
