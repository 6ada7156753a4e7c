#pragma once

#include "rondo/server/notifier.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <stdexcept>
#include <utility>

#include "rondo/detail/base/rfc3339.hpp"
#include "rondo/detail/crypto/hmac.hpp"
#include "rondo/detail/curl/http_client.hpp"
#include "rondo/detail/curl/url.hpp"
#include "rondo/json.hpp"
#include "rondo/server/matching.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/queue_state.hpp"
#include "rondo/version.hpp"

namespace rondo::server {

namespace detail_notifier {

using namespace std::chrono_literals;

inline constexpr io::duration after_success = 100ms;
inline constexpr io::duration after_failure = 100ms;
inline constexpr io::duration after_nobody_came = 500ms;
inline constexpr io::duration longest = 10s;
inline constexpr double jitter = 0.2;

/// first * 2^(times - 1), at most the longest pause.
inline io::duration grown(io::duration first, int times) {
  io::duration pause = first;
  for (int each = 1; each < times && pause < longest; ++each) pause *= 2;
  return std::min(pause, longest);
}

/// A queue and version that had work and nobody to do it.
struct subject {
  queue_key queue;
  std::optional<deployment_version> version;
  bool sending = false;
  /// The last notification began then.
  io::time_point began{};
  int failures = 0;
  /// Notifications in a row that reached the endpoint and brought no poll.
  int in_vain = 0;
  queue_timer again;
};

}  // namespace detail_notifier

struct notifier::impl {
  using subject = detail_notifier::subject;
  using http_request = rondo::detail::curl::http_request;
  using http_response = rondo::detail::curl::http_response;

  explicit impl(core& owner) : in(owner) {
    if (!enabled()) return;
    const std::string problem = rondo::detail::curl::problem_of(in.settings().notify_url);
    if (!problem.empty()) {
      throw std::invalid_argument("rondo: the notify URL \"" + in.settings().notify_url +
                                  "\" cannot be used: " + problem);
    }
    http = std::make_unique<rondo::detail::curl::http_client>(in.loop());
  }
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;
  ~impl() {
    for (auto& [key, each] : subjects) in.loop().disarm(each.again);
  }

  bool enabled() const noexcept { return !in.settings().notify_url.empty(); }

  using subject_key = std::pair<queue_key, std::string>;

  void need(const queue_key& queue, const std::optional<deployment_version>& version) {
    const subject_key key(queue, version_text(version));
    const auto [found, added] = subjects.try_emplace(key);
    if (!added) return;  // it is looked at again when the request or the pause ends
    subject& made = found->second;
    made.queue = queue;
    made.version = version;
    made.again.on_due = [this, key] { look(key); };
    send(key, made);
  }

  /// Once more if it is still needed; forgotten otherwise.
  void look(const subject_key& key) {
    const auto found = subjects.find(key);
    if (found == subjects.end() || found->second.sending) return;
    subject& of = found->second;
    const bool served = in.matching().has_poller(of.queue, of.version);
    if (served || in.matching().backlog(of.queue, of.version) == 0) {
      in.loop().disarm(of.again);
      subjects.erase(found);
      return;
    }
    send(key, of);
  }

  void send(const subject_key& key, subject& of) {
    name_space* space = in.namespaces().find_by_id(of.queue.namespace_id);
    if (space == nullptr) {
      subjects.erase(key);
      return;
    }
    notification what;
    what.namespace_name = space->name();
    what.task_queue = of.queue.name;
    what.type = of.queue.type;
    what.version = of.version;
    what.backlog = in.matching().backlog(of.queue, of.version);
    what.time = in.now();
    of.sending = true;
    of.began = io::steady_clock::now();
    http->send(make_request(what), [this, key](const http_response& outcome) { ended(key, outcome); });
  }

  http_request make_request(const notification& what) const {
    http_request request;
    request.url = in.settings().notify_url;
    request.body = notification_body(what);
    request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("User-Agent", std::string("rondo/").append(version_string));
    const std::string& secret = in.settings().notify_secret;
    if (secret.empty()) return request;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const std::string timestamp = std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count());
    request.headers.emplace_back("X-Rondo-Timestamp", timestamp);
    request.headers.emplace_back("X-Rondo-Signature", notification_signature(secret, timestamp, request.body));
    return request;
  }

  void ended(const subject_key& key, const http_response& outcome) {
    const auto found = subjects.find(key);
    if (found == subjects.end()) return;
    subject& of = found->second;
    of.sending = false;
    const bool somebody_came = in.matching().polled_since(of.queue, of.version, of.began);
    if (outcome.ok()) {
      of.failures = 0;
      of.in_vain = somebody_came ? 0 : of.in_vain + 1;
    } else {
      ++of.failures;
      report(of, outcome);
    }
    in.loop().arm(of.again, io::steady_clock::now() + next_pause(of));
  }

  io::duration next_pause(const subject& of) const {
    using namespace detail_notifier;
    io::duration pause = after_success;
    if (of.failures > 0) {
      pause = grown(after_failure, of.failures);
    } else if (of.in_vain > 0) {
      pause = grown(after_nobody_came, of.in_vain);
    }
    const double factor = 1 + jitter * (2 * in.random() - 1);
    return std::chrono::duration_cast<io::duration>(pause * factor);
  }

  void report(const subject& of, const http_response& outcome) const {
    const std::string reason = outcome.status == 0 ? outcome.error : "status " + std::to_string(outcome.status);
    in.log().warn("a notification failed",
                  {{"task queue", of.queue.name}, {"error", reason}, {"failures", of.failures}});
  }

  core& in;
  std::unique_ptr<rondo::detail::curl::http_client> http;
  std::map<subject_key, subject> subjects;
};

RONDO_SERVER_FUNCTION notifier::notifier(core& owner) : impl_(std::make_unique<impl>(owner)) {}
RONDO_SERVER_FUNCTION notifier::~notifier() = default;

RONDO_SERVER_FUNCTION bool notifier::enabled() const noexcept { return impl_->enabled(); }

RONDO_SERVER_FUNCTION void notifier::queue_needs_worker(const queue_key& queue,
                                                        const std::optional<deployment_version>& version) {
  if (impl_->enabled()) impl_->need(queue, version);
}

RONDO_SERVER_FUNCTION std::string notification_body(const notification& of) {
  std::string body = "{\"namespace\":";
  json::writer to(body);
  to.write_text(of.namespace_name);
  body += ",\"task_queue\":";
  to.write_text(of.task_queue);
  body += of.type == queue_type::activity ? ",\"kind\":\"activity\"" : ",\"kind\":\"workflow\"";
  body += ",\"deployment\":";
  if (of.version) {
    body += "{\"name\":";
    to.write_text(of.version->deployment_name());
    body += ",\"build_id\":";
    to.write_text(of.version->build_id());
    body += "}";
  } else {
    body += "null";
  }
  body += ",\"backlog\":" + std::to_string(of.backlog) + ",\"time\":";
  to.write(std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(std::chrono::nanoseconds(of.time))));
  body += "}";
  return body;
}

RONDO_SERVER_FUNCTION std::string notification_signature(const std::string& secret, const std::string& timestamp,
                                                         const std::string& body) {
  return rondo::detail::crypto::request_signature(secret, timestamp, body);
}

}  // namespace rondo::server
