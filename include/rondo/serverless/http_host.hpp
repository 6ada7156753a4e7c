#pragma once
#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/http/message.hpp"
#include "rondo/detail/http/server.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/change_signal.hpp"
#include "rondo/json.hpp"
#include "rondo/log_sinks.hpp"
#include "rondo/serverless/http_guard.hpp"
#include "rondo/serverless/http_options.hpp"
#include "rondo/serverless/http_routes.hpp"
#include "rondo/serverless/report_json.hpp"
#include "rondo/serverless/runner.hpp"

namespace rondo::serverless {

/// A worker that is invoked by HTTP: a request is a run, which works until nothing is left to do, and is answered with
/// its report. Loop thread only; lives until run() has returned.
class http_host {
 public:
  /// Listens when it returns. Throws std::runtime_error, naming the address, when it cannot.
  http_host(rondo::detail::io::event_loop& loop, http_options how) : http_host(loop, std::move(how), nullptr) {}
  /// The same over a connection that exists.
  http_host(rondo::detail::io::event_loop& loop, http_options how,
            std::shared_ptr<rondo::detail::io::connection> connection)
      : loop_(loop),
        options_(std::move(how)),
        guard_(options_),
        runner_(loop, options_, std::move(connection)),
        changes_(loop),
        server_(loop, address_of(options_), server_options_of(options_),
                [this](request of) { return answer(std::move(of)); }) {}
  http_host(const http_host&) = delete;
  http_host& operator=(const http_host&) = delete;

  /// Serves until stop(), lets the runs under way end as `stop_grace` says, and answers their requests.
  asio::awaitable<void> run() {
    options_.worker.logger.info("worker listens", {{"address", listening()}, {"task_queue", options_.task_queue}});
    co_await changes_.wait_until([this] { return stopping(); }, time_point::max());
    co_await changes_.wait_until([this] { return runs_.empty(); }, time_point::max());
    co_await server_.stop(std::chrono::steady_clock::now() + std::chrono::seconds(1));
    options_.worker.logger.info("worker stopped", {{"address", listening()}});
  }
  /// As after SIGTERM: runs end soon, and none begins.
  void stop() {
    stop_.request_stop();
    if (const auto waiting = std::exchange(next_, nullptr)) end(*waiting, stopped_report());
    changes_.notify();
  }

  /// host:port, with the port that was chosen.
  std::string listening() const { return server_.listening().text(); }
  std::uint16_t port() const { return server_.listening().port; }

 private:
  using request = rondo::detail::http::request;
  using response = rondo::detail::http::response;
  using clock = std::chrono::steady_clock;

  /// A run, and the requests that wait for its end.
  struct shared_run {
    invocation what;
    std::stop_source stop;
    bool ended = false;
    report result;
  };
  using run_ptr = std::shared_ptr<shared_run>;

  static rondo::detail::http::address address_of(const http_options& from) {
    return {.host = from.host, .port = from.port};
  }
  static rondo::detail::http::server_options server_options_of(const http_options& from) {
    rondo::detail::http::server_options made;
    made.limits.body_bytes = from.max_body;
    made.log = from.worker.logger;
    return made;
  }
  bool stopping() const noexcept { return stop_.stop_requested(); }

  asio::awaitable<response> answer(request of) {
    const auto call = understand(of);
    switch (call.route) {
      case http_route::unknown:
        co_return problem(404, "there is nothing at this path; POST / invokes the worker");
      case http_route::wrong_method: {
        auto refused = problem(405, "this path does not take the method " + of.method);
        refused.headers.add("Allow", "GET, POST");
        co_return refused;
      }
      case http_route::health:
        if (stopping()) co_return problem(503, "the worker stops");
        co_return response(200, R"({"status":"ok"})");
      case http_route::ping:
        co_return ping();
      case http_route::nothing:
        co_return response(200, "{}");
      case http_route::lambda_function:
      case http_route::agent_endpoint:
      case http_route::run:
        break;
    }
    if (call.is_aws && (!options_.aws_paths || options_.asks_for_credentials())) {
      co_return problem(403,
                        "this worker is not invoked in place of an AWS function: requests that a Temporal server "
                        "makes cannot be told from others where a secret or a token is asked for");
    }
    if (call.route == http_route::lambda_function) co_return lambda_function(call.name);
    if (call.route == http_route::agent_endpoint) co_return agent_endpoint(call.name);
    if (!call.is_aws) {
      const auto wall =
          std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
      if (const auto why = guard_.refuse(of, wall)) {
        auto refused = problem(401, *why);
        refused.headers.add("WWW-Authenticate", "Bearer");
        co_return refused;
      }
    }
    co_return co_await invoke(std::move(of), call);
  }

  asio::awaitable<response> invoke(request of, http_call call) {
    invocation what;
    std::string wrong;
    try {
      what = invocation_of(of, call, listening(), clock::now());
    } catch (const std::invalid_argument& error) {
      wrong = error.what();
    }
    if (!wrong.empty()) co_return problem(400, wrong);
    if (stopping()) co_return busy(503, "the worker stops");
    if (!call.answers_at_once && waiting_ >= options_.max_waiting)
      co_return busy(429, "too many requests wait already");

    const auto deadline = what.deadline.value_or(time_point::max());
    const auto id = what.request_id;
    const auto in = join(std::move(what), call.answers_at_once);
    if (in == nullptr) co_return busy(429, "as many runs as max_sessions allows are in work");
    if (call.answers_at_once) co_return accepted(call, *in, id);

    std::optional<std::stop_callback<disconnected>> on_leave;
    if (options_.stop_on_disconnect && in->what.request_id == id) on_leave.emplace(of.stop, disconnected{in.get()});
    ++waiting_;
    // The answer needs a moment too.
    const auto until = deadline == time_point::max() ? deadline : deadline - std::chrono::milliseconds(50);
    const bool ended = co_await changes_.wait_until([&in] { return in->ended; }, until);
    --waiting_;
    if (!ended) co_return accepted(call, *in, id);
    response made(status_of(in->result), to_json(in->result));
    if (made.status == 503) made.headers.add("Retry-After", "1");
    co_return made;
  }

  /// The run that does the work of a request; null when there is no room for it.
  run_ptr join(invocation what, bool must) {
    const bool coalesces = options_.on_concurrent == on_concurrent::coalesce;
    // A version that is not this one's gets its own answer.
    const bool fits = what.wanted.empty() || what.wanted == options_.version;
    if (coalesces && fits && !runs_.empty() && runner_.expect_work()) return runs_.front();
    if (runs_.size() < (coalesces ? 1 : options_.max_sessions)) return start(make(std::move(what)));
    if (!coalesces && !must) return nullptr;
    if (!coalesces && fits && runner_.expect_work()) return runs_.front();
    // The present run polls no more, so what the request knows of may be left to the next one.
    if (next_ == nullptr) next_ = make(std::move(what));
    return next_;
  }
  run_ptr make(invocation what) {
    auto made = std::make_shared<shared_run>();
    what.stop = made->stop.get_token();
    made->what = std::move(what);
    return made;
  }
  run_ptr start(run_ptr one) {
    runs_.push_back(one);
    asio::co_spawn(loop_.executor(), work(one), [](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
    });
    return one;
  }
  asio::awaitable<void> work(run_ptr one) {
    const std::stop_callback passes_on(stop_.get_token(), [&one] { one->stop.request_stop(); });
    report result = co_await runner_.run(one->what);
    runs_.erase(std::find(runs_.begin(), runs_.end(), one));
    end(*one, std::move(result));
    if (const auto following = std::exchange(next_, nullptr)) start(following);
  }
  void end(shared_run& one, report result) {
    one.result = std::move(result);
    one.ended = true;
    changes_.notify();
  }
  static report stopped_report() {
    report made;
    made.reason = end_reason::error;
    made.error = "the worker stopped before the run began";
    made.error_type = "Runtime.Stopped";
    return made;
  }
  struct disconnected {
    void operator()() const { run->stop.request_stop(); }
    shared_run* run;
  };

  static int status_of(const report& of) {
    if (of.error.empty()) return 200;
    if (of.error_type == "Runtime.NotEnoughTime") return 400;
    if (of.error_type == "Runtime.WrongVersion") return 409;
    const bool later = of.error_type == "Runtime.ServerError" || of.error_type == "Runtime.PollsFailed" ||
                       of.error_type == "Runtime.Stopped";
    return later ? 503 : 500;
  }
  static std::string quoted(std::string_view text) {
    std::string out;
    rondo::detail::append_quoted(out, text);
    return out;
  }
  static response problem(int status, std::string_view text) { return {status, "{\"error\":" + quoted(text) + "}"}; }
  static response busy(int status, std::string_view text) {
    auto made = problem(status, text);
    made.headers.add("Retry-After", "1");
    return made;
  }
  /// Lambda and AgentCore say so in their own ways.
  static response accepted(const http_call& call, const shared_run& in, const std::string& id) {
    const bool joined = in.what.request_id != id;
    if (call.is_aws && call.provider == provider::aws_lambda) return {202, ""};
    return {call.is_aws ? 200 : 202,
            std::string(joined ? "{\"joined\":" : "{\"accepted\":") + quoted(in.what.request_id) + "}"};
  }
  response ping() {
    const bool is_busy = !runs_.empty();
    if (std::exchange(was_busy_, is_busy) != is_busy) changed_ = std::chrono::system_clock::now();
    const auto since = std::chrono::duration_cast<std::chrono::seconds>(changed_.time_since_epoch()).count();
    return {200, std::string(R"({"status":")") + (is_busy ? "HealthyBusy" : "Healthy") + R"(","time_of_last_update":)" +
                     std::to_string(since) + "}"};
  }
  static response lambda_function(std::string_view name) {
    return {200, R"({"Configuration":{"FunctionName":)" + quoted(name) + R"(,"FunctionArn":)" + quoted(name) +
                     R"(,"State":"Active"},"Code":{}})"};
  }
  static response agent_endpoint(std::string_view name) {
    return {200, R"({"agentRuntimeArn":"rondo","agentRuntimeEndpointArn":"rondo","id":"rondo","name":)" + quoted(name) +
                     R"(,"status":"READY","createdAt":"2026-01-01T00:00:00Z","lastUpdatedAt":"2026-01-01T00:00:00Z"})"};
  }

  rondo::detail::io::event_loop& loop_;
  const http_options options_;
  http_guard guard_;
  runner runner_;
  rondo::detail::worker::change_signal changes_;
  std::stop_source stop_;
  std::vector<run_ptr> runs_;
  /// Begins when a run has ended.
  run_ptr next_;
  std::size_t waiting_ = 0;
  bool was_busy_ = false;
  std::chrono::system_clock::time_point changed_ = std::chrono::system_clock::now();
  rondo::detail::http::server server_;
};

}  // namespace rondo::serverless
