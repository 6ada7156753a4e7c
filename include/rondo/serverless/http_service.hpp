#pragma once
#include <algorithm>
#include <asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/http/address.hpp"
#include "rondo/detail/http/message.hpp"
#include "rondo/detail/http/server.hpp"
#include "rondo/detail/http/url.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/change_signal.hpp"
#include "rondo/detail/worker/stop_signals.hpp"
#include "rondo/log.hpp"
#include "rondo/log_sinks.hpp"
#include "rondo/options.hpp"

namespace rondo::http {

using request = rondo::detail::http::request;
using response = rondo::detail::http::response;

/// Thrown by a handler to answer with this status and {"error": "<text>"}.
class problem : public std::runtime_error {
 public:
  problem(int status, const std::string& text) : std::runtime_error(text), status_(status) {}
  int status() const noexcept { return status_; }

 private:
  int status_;
};

/// A parameter of the request's query, "?name=value", its escapes undone; empty: it is not there. Throws `problem`
/// (400) when it is there twice or cannot be read.
inline std::optional<std::string> parameter(const request& of, std::string_view name) {
  const auto decoded = [](std::string_view text) {
    std::string spaced(text);
    for (char& each : spaced) each = each == '+' ? ' ' : each;
    auto made = rondo::detail::http::percent_decoded(spaced);
    if (!made) throw problem(400, "the query has a % that no two hexadecimal digits follow");
    return *made;
  };
  std::optional<std::string> found;
  for (auto rest = of.query(); !rest.empty();) {
    const auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    if (decoded(pair.substr(0, equals)) != name) continue;
    if (found) throw problem(400, "the parameter " + std::string(name) + " is given twice");
    found = equals == std::string_view::npos ? std::string() : decoded(pair.substr(equals + 1));
  }
  return found;
}

/// How an HTTP service listens.
struct service_options {
  /// An IP address, and a port; 0: any free one.
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  /// Most bytes of a request's body.
  std::size_t max_body = std::size_t{1} * 1024 * 1024;
  /// How long requests under way have to end after stop().
  duration stop_grace = std::chrono::seconds(10);
  rondo::logger logger = rondo::logger(std::make_shared<json_log_sink>());
};

/// A small HTTP service beside a client of Temporal, such as one that starts workflows and tells what became of them:
///
///   rondo::http::service service(client.loop(), {.port = 8080});
///   service.on("POST", "/start", [&client](rondo::http::request what) -> asio::awaitable<rondo::http::response> {
///     const auto handle = co_await client.start_workflow<order_workflow>({.task_queue = "orders"}, what.body);
///     co_return rondo::http::response(200, rondo::json::dump(handle.id()));
///   });
///   service.run();
///
/// Speaks HTTP/1.1 without TLS: a gateway in front of it does that, and asks for credentials.
class service {
 public:
  /// Runs on the loop, so it can await calls of the loop's clients. What it throws besides `problem` is logged and
  /// answered with 500.
  using handler = std::function<asio::awaitable<response>(request)>;

  /// Listens when it returns. The loop outlives it. Throws std::runtime_error, naming the address, when it cannot.
  explicit service(rondo::detail::io::event_loop& loop, service_options how = {})
      : loop_(loop),
        how_(std::move(how)),
        changes_(loop),
        server_(loop, {.host = how_.host, .port = how_.port}, server_options_of(how_),
                [this](request what) { return answer(std::move(what)); }) {}
  service(const service&) = delete;
  service& operator=(const service&) = delete;

  /// Answers requests to this path; GET answers HEAD too. Other methods of the path get 405, other paths 404. Before
  /// the loop runs.
  service& on(std::string method, std::string path, handler call) {
    routes_[std::move(path)].insert_or_assign(std::move(method), std::move(call));
    return *this;
  }

  /// Serves until SIGTERM or SIGINT, and lets the requests under way end.
  void run() {
    const rondo::detail::worker::stop_signals stop_at_signal([this](int /*signal*/) { stop(); });
    loop_.block_on(async_run());
  }
  /// As run(), as a coroutine on the loop, until stop().
  asio::awaitable<void> async_run() {
    how_.logger.info("service listens", {{"address", listening()}});
    co_await changes_.wait_until([this] { return stopping_; }, std::chrono::steady_clock::time_point::max());
    co_await server_.stop(rondo::detail::io::later(std::chrono::steady_clock::now(), how_.stop_grace));
  }
  /// Ends run(). Any thread; the service lives until run() has returned.
  void stop() {
    loop_.post([this] {
      stopping_ = true;
      changes_.notify();
    });
  }

  /// host:port, with the port that was chosen.
  std::string listening() const { return server_.listening().text(); }
  std::uint16_t port() const { return server_.listening().port; }

 private:
  using methods = std::map<std::string, handler, std::less<>>;

  static rondo::detail::http::server_options server_options_of(const service_options& from) {
    rondo::detail::http::server_options made;
    made.limits.body_bytes = from.max_body;
    made.log = from.logger;
    return made;
  }
  static response problem_response(int status, std::string_view text) {
    std::string body = "{\"error\":";
    rondo::detail::append_quoted(body, text);
    return {status, body + "}"};
  }
  static response refuse_method(const std::string& method, const methods& known) {
    auto refused = problem_response(405, "this path does not take the method " + method);
    std::string allowed;
    for (const auto& [each, call] : known) allowed += (allowed.empty() ? "" : ", ") + each;
    refused.headers.add("Allow", allowed);
    return refused;
  }

  asio::awaitable<response> answer(request what) {
    const auto route = routes_.find(what.path());
    if (route == routes_.end()) co_return problem_response(404, "there is nothing at this path");
    const auto& known = route->second;
    auto call = known.find(what.method);
    if (call == known.end() && what.method == "HEAD") call = known.find("GET");
    if (call == known.end()) co_return refuse_method(what.method, known);
    try {
      co_return co_await call->second(std::move(what));
    } catch (const problem& wrong) {
      co_return problem_response(wrong.status(), wrong.what());
    }
  }

  rondo::detail::io::event_loop& loop_;
  const service_options how_;
  std::map<std::string, methods, std::less<>> routes_;
  rondo::detail::worker::change_signal changes_;
  bool stopping_ = false;
  rondo::detail::http::server server_;
};

}  // namespace rondo::http
