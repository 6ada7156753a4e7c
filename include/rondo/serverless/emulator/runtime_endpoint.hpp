#pragma once
#include <algorithm>
#include <asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/base/readable_text.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/http/address.hpp"
#include "rondo/detail/http/message.hpp"
#include "rondo/detail/http/server.hpp"
#include "rondo/detail/http/waiting.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/json.hpp"

namespace rondo::serverless::emulation {

namespace http = rondo::detail::http;
namespace io = rondo::detail::io;

/// An event for a program.
struct emulated_event {
  std::string request_id{};
  std::string arn{};
  std::string trace_id{};
  std::string client_context{};
  std::string payload{};
  std::chrono::system_clock::time_point deadline{};
};

/// What a program gave back for an event.
struct emulated_answer {
  std::string body{};
  /// Empty: it is a response, not an error.
  std::string error_type{};
};

/// The Runtime API and the Extensions API of one execution environment. It knows nothing of processes, so that a
/// runtime in the same process can be tested with it. Loop thread only.
class runtime_endpoint {
 public:
  /// `changed` is called when the program asked, answered or failed.
  runtime_endpoint(io::event_loop& loop, std::size_t concurrency, std::function<void()> changed)
      : state_(std::make_shared<state>(loop)),
        server_(loop, http::parse_address("127.0.0.1:0"), {.limits = {.body_bytes = most_body + 4096}}, handler()) {
    state_->concurrency = concurrency;
    state_->changed = std::move(changed);
  }
  runtime_endpoint(const runtime_endpoint&) = delete;
  runtime_endpoint& operator=(const runtime_endpoint&) = delete;
  ~runtime_endpoint() { state_->changed = nullptr; }

  /// For AWS_LAMBDA_RUNTIME_API.
  std::string address() const { return server_.listening().text(); }

  /// The program waits for an event: initialisation is over.
  bool ready() const noexcept { return !state_->waiting.empty(); }
  /// All that runs in the environment waits, so that it can be frozen.
  bool parked() const noexcept {
    return state_->waiting.size() >= (state_->was_asked_by_all ? state_->concurrency : 1) &&
           state_->unanswered() == 0 && state_->extensions.size() == state_->extensions_waiting;
  }
  bool has_extension() const noexcept { return !state_->extensions.empty(); }
  /// The body of POST /init/error or /restore/error.
  const std::optional<emulated_answer>& init_error() const noexcept { return state_->init_error; }
  bool waits_for_restore() const noexcept { return state_->restoring != nullptr; }

  /// SnapStart: the program goes on as if it had been restored.
  void restore() {
    state_->restored = true;
    if (state_->restoring) state_->restoring->wake();
  }

  /// Gives the event to a program that is ready().
  void give(emulated_event event) {
    const auto to = state_->waiting.front();
    state_->waiting.pop_front();
    state_->pending.emplace(event.request_id, std::nullopt);
    to->event = std::move(event);
    to->wake.wake();
  }

  /// The answer to an event, once.
  std::optional<emulated_answer> take_answer(const std::string& request_id) {
    const auto found = state_->pending.find(request_id);
    if (found == state_->pending.end() || !found->second) return std::nullopt;
    auto answer = std::move(found->second);
    state_->pending.erase(found);
    return answer;
  }

  /// Breaks the connections of the program.
  void close() { server_.close(); }

 private:
  static constexpr std::size_t most_body = 6 * 1024 * 1024;

  struct waiter {
    explicit waiter(io::event_loop& loop) : wake(loop) {}
    http::wakeup wake;
    std::optional<emulated_event> event;
    bool gone = false;
  };

  struct state {
    explicit state(io::event_loop& on) : loop(on) {}
    void tell() const {
      if (changed) changed();
    }

    std::size_t unanswered() const {
      return static_cast<std::size_t>(
          std::count_if(pending.begin(), pending.end(), [](const auto& each) { return !each.second; }));
    }

    io::event_loop& loop;
    std::function<void()> changed;
    std::size_t concurrency = 1;
    std::deque<std::shared_ptr<waiter>> waiting;
    /// By request id; with the answer when there is one that nobody took yet.
    std::map<std::string, std::optional<emulated_answer>> pending;
    std::optional<emulated_answer> init_error;
    std::map<std::string, std::string> extensions;
    std::size_t extensions_waiting = 0;
    std::shared_ptr<http::wakeup> restoring;
    bool restored = false, was_asked_by_all = false;
  };
  using state_ptr = std::shared_ptr<state>;

  http::handler handler() {
    return [state = state_](http::request what) { return answer(state, std::move(what)); };
  }

  static asio::awaitable<http::response> answer(state_ptr of, http::request what) {
    const std::string path(what.path());
    const std::string route = what.method + " " + path;
    constexpr std::string_view runtime = "/2018-06-01/runtime/", extension = "/2020-01-01/extension/";
    if (route == "GET /2018-06-01/runtime/invocation/next") return give_next(of, std::move(what));
    if (route == "GET /2018-06-01/runtime/restore/next") return restore_next(of, std::move(what));
    if (route == "POST /2020-01-01/extension/register") return enter_extension(of, std::move(what));
    if (route == "GET /2020-01-01/extension/event/next") return extension_next(of, std::move(what));
    if (route == "POST /2018-06-01/runtime/init/error" || route == "POST /2018-06-01/runtime/restore/error") {
      return take_init_error(of, std::move(what));
    }
    constexpr std::string_view invocation = "/2018-06-01/runtime/invocation/";
    if (what.method == "POST" && path.starts_with(invocation)) return take_result(of, std::move(what));
    const bool known = path.starts_with(runtime) || path.starts_with(extension);
    return refuse(known ? 405 : 404, "InvalidRequest", "there is no " + route);
  }

  static http::response problem(int status, const std::string& type, const std::string& message) {
    std::string body = "{\"errorMessage\":";
    json::write(body, rondo::detail::readable_text(message, 1024));
    return http::response(status, body + ",\"errorType\":\"" + type + "\"}");
  }

  static asio::awaitable<http::response> refuse(int status, std::string type, std::string message) {
    co_return problem(status, type, message);
  }

  static asio::awaitable<http::response> give_next(state_ptr of, http::request what) {
    if (of->waiting.size() + of->unanswered() >= of->concurrency) {
      co_return problem(403, "InvalidStateTransition", "the invocation before is not answered");
    }
    const auto self = std::make_shared<waiter>(of->loop);
    of->waiting.push_back(self);
    of->was_asked_by_all = of->was_asked_by_all || of->waiting.size() == of->concurrency;
    const std::stop_callback leave(what.stop, [of, self] {
      self->gone = true;
      std::erase(of->waiting, self);
      self->wake.wake();
    });
    of->tell();
    while (!self->event && !self->gone) co_await self->wake.wait_until(io::time_point::max());
    if (!self->event) co_return problem(410, "Gone", "nobody waits");
    http::response made(200, std::move(self->event->payload));
    auto& headers = made.headers;
    headers.add("Lambda-Runtime-Aws-Request-Id", self->event->request_id);
    headers.add("Lambda-Runtime-Invoked-Function-Arn", self->event->arn);
    headers.add("Lambda-Runtime-Trace-Id", self->event->trace_id);
    const auto deadline =
        std::chrono::duration_cast<std::chrono::milliseconds>(self->event->deadline.time_since_epoch()).count();
    headers.add("Lambda-Runtime-Deadline-Ms", std::to_string(deadline));
    if (!self->event->client_context.empty()) {
      headers.add("Lambda-Runtime-Client-Context", self->event->client_context);
    }
    co_return made;
  }

  static asio::awaitable<http::response> take_result(state_ptr of, http::request what) {
    constexpr std::string_view prefix = "/2018-06-01/runtime/invocation/";
    const auto rest = what.path().substr(prefix.size());
    const auto slash = rest.find('/');
    const std::string id(rest.substr(0, slash));
    const auto kind = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    if (kind != "response" && kind != "error") co_return problem(404, "InvalidRequest", "no such call");
    const auto found = of->pending.find(id);
    if (found == of->pending.end() || found->second) {
      co_return problem(403, "InvalidRequestID", "there is no such invocation, or it is answered");
    }
    if (what.body.size() > most_body) {
      co_return problem(413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size (6291556 bytes).");
    }
    emulated_answer got;
    got.body = std::move(what.body);
    if (kind == "error") {
      got.error_type = what.headers.get("Lambda-Runtime-Function-Error-Type");
      if (got.error_type.empty()) got.error_type = "Function.Unknown";
    }
    found->second = std::move(got);
    of->tell();
    co_return http::response(202, "{\"status\":\"OK\"}");
  }

  static asio::awaitable<http::response> take_init_error(state_ptr of, http::request what) {
    emulated_answer got;
    got.body = std::move(what.body);
    got.error_type = what.headers.get("Lambda-Runtime-Function-Error-Type");
    if (got.error_type.empty()) got.error_type = "Runtime.Unknown";
    of->init_error = std::move(got);
    of->tell();
    co_return http::response(202, "{\"status\":\"OK\"}");
  }

  static asio::awaitable<http::response> restore_next(state_ptr of, http::request what) {
    const auto self = std::make_shared<http::wakeup>(of->loop);
    of->restoring = self;
    of->tell();
    const std::stop_callback leave(what.stop, [self] { self->wake(); });
    while (!of->restored && !what.stop.stop_requested()) co_await self->wait_until(io::time_point::max());
    of->restoring = nullptr;
    co_return http::response(200, "");
  }

  static asio::awaitable<http::response> enter_extension(state_ptr of, http::request what) {
    const std::string name(what.headers.get("Lambda-Extension-Name"));
    if (name.empty()) co_return problem(400, "Extension.InvalidExtensionName", "Lambda-Extension-Name is missing");
    if (!of->waiting.empty() || !of->pending.empty()) {
      co_return problem(403, "Extension.RegistrationClosed", "the initialisation is over");
    }
    const std::string identifier = rondo::detail::random_uuid();
    of->extensions.emplace(identifier, name);
    http::response made(200, "{\"functionName\":\"\",\"functionVersion\":\"$LATEST\",\"handler\":\"\"}");
    made.headers.add("Lambda-Extension-Identifier", identifier);
    co_return made;
  }

  static asio::awaitable<http::response> extension_next(state_ptr of, http::request what) {
    if (!of->extensions.contains(std::string(what.headers.get("Lambda-Extension-Identifier")))) {
      co_return problem(403, "Extension.UnknownExtensionIdentifier", "no such extension");
    }
    http::wakeup over(of->loop);
    const std::stop_callback leave(what.stop, [&over] { over.wake(); });
    ++of->extensions_waiting;
    of->tell();
    // Internal extensions register for no events, so none comes.
    while (!what.stop.stop_requested()) co_await over.wait_until(io::time_point::max());
    --of->extensions_waiting;
    co_return problem(410, "Gone", "nobody waits");
  }

  state_ptr state_;
  http::server server_;
};

}  // namespace rondo::serverless::emulation
