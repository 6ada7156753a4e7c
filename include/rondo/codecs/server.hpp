#pragma once
#include <asio/awaitable.hpp>
#include <asio/thread_pool.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/codec.hpp"
#include "rondo/detail/data/payload_json.hpp"
#include "rondo/detail/data/wire.hpp"
#include "rondo/detail/http/address.hpp"
#include "rondo/detail/http/message.hpp"
#include "rondo/detail/http/server.hpp"
#include "rondo/detail/io/elsewhere.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/log.hpp"
#include "rondo/payload.hpp"
#include "rondo/payload_storage.hpp"

// Needs http-parser (package libhttp-parser-dev).
namespace rondo {

/// What a codec server does, and for whom.
struct codec_server_options {
  /// As in data_options.
  codec_chain codecs{};
  /// For payloads outside of the server; null: references are refused.
  std::shared_ptr<const payload_storage> storage{};
  /// The web pages that may ask, such as "http://localhost:8233"; empty: none, only programs.
  std::string allowed_origin{};
  /// Whether a request may be answered: it gets the header Authorization and the namespace. Null: every one.
  std::function<bool(std::string_view authorization, std::string_view namespace_name)> authorize{};
  logger log{};
};

namespace detail::data {

/// Answers the requests of one codec server. Used by several threads at a time.
class codec_service {
 public:
  explicit codec_service(codec_server_options options) : options_(std::move(options)) {}

  http::response answer(const http::request& request) const {
    http::response made = of(request);
    if (!options_.allowed_origin.empty() && request.headers.get("Origin") == options_.allowed_origin) {
      made.headers.set("Access-Control-Allow-Origin", options_.allowed_origin);
      made.headers.set("Access-Control-Allow-Methods", "POST, OPTIONS");
      made.headers.set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Namespace");
      made.headers.set("Access-Control-Allow-Credentials", "true");
      made.headers.set("Vary", "Origin");
    }
    return made;
  }

 private:
  http::response of(const http::request& request) const {
    const std::string_view path = request.path();
    const bool encodes = path.ends_with("/encode"), decodes = path.ends_with("/decode");
    const bool downloads = path.ends_with("/download");
    if (!encodes && !decodes && !downloads) return refusal(404, "there is /encode, /decode and /download");
    if (request.method == "OPTIONS") return http::response(204);
    if (request.method != "POST") return refusal(404, "use POST");
    const std::string_view name = request.headers.get("X-Namespace");
    if (options_.authorize && !options_.authorize(request.headers.get("Authorization"), name)) {
      return refusal(403, "not allowed");
    }
    try {
      payload_list payloads = payloads_from_json(request.body);
      const serialization_context context{.namespace_ = std::string(name)};
      if (encodes) {
        encode_with(options_.codecs, payloads, context);
      } else {
        const bool keeps = decodes && request.query().find("preserveStorageRefs=true") != std::string_view::npos;
        if (!keeps) fetch(payloads, context, downloads);
        decode_with(options_.codecs, payloads, context);
      }
      return http::response(200, payloads_to_json(payloads));
    } catch (const std::exception& failed) {
      options_.log.warn("payloads were refused", {{"path", path}, {"error", std::string_view(failed.what())}});
      return refusal(400, failed.what());
    }
  }

  void fetch(payload_list& payloads, const serialization_context& context, bool references_only) const {
    for (auto& each : payloads) {
      if (!is_reference(each)) {
        if (references_only) throw codec_error("a payload is no reference to external storage");
        continue;
      }
      if (options_.storage == nullptr) throw storage_error("[TMPRL1105] there is no external storage here");
      each = read_payload(options_.storage->retrieve(each, context));
    }
  }

  static http::response refusal(int status, const std::string& why) {
    return http::response(status, why + "\n", "text/plain; charset=utf-8");
  }

  codec_server_options options_;
};

}  // namespace detail::data

/// Serves codecs over HTTP to the web interface, the command line and remote codecs: POST /encode, /decode and
/// /download, whatever is before them in the path. It speaks plain HTTP: put a proxy with TLS before it unless it
/// serves its own machine alone.
class codec_server {
 public:
  /// Listens at "host:port" when it returns; port 0: any free one. Throws std::runtime_error when it cannot,
  /// std::invalid_argument when the address is none.
  explicit codec_server(codec_server_options options, std::string_view address = "127.0.0.1:8081")
      : service_(std::make_shared<const detail::data::codec_service>(std::move(options))),
        server_(loop_, detail::http::parse_address(address), {},
                [this](detail::http::request request) { return serve(std::move(request)); }) {}
  codec_server(const codec_server&) = delete;
  codec_server& operator=(const codec_server&) = delete;

  std::uint16_t port() const { return server_.listening().port; }

  /// Answers on this thread until stop().
  void run() { loop_.run(); }
  /// From any thread.
  void stop() { loop_.stop(); }

 private:
  static constexpr std::size_t threads = 4;

  struct exchange {
    detail::http::request request;
    detail::http::response response;
  };

  asio::awaitable<detail::http::response> serve(detail::http::request request) {
    const auto job = std::make_shared<exchange>();
    job->request = std::move(request);
    std::function<void()> work = [job, service = service_] { job->response = service->answer(job->request); };
    co_await detail::io::run_elsewhere(loop_, pool_, std::move(work));
    co_return std::move(job->response);
  }

  std::shared_ptr<const detail::data::codec_service> service_;
  asio::thread_pool pool_{threads};
  detail::io::event_loop loop_;
  detail::http::server server_;
};

}  // namespace rondo
