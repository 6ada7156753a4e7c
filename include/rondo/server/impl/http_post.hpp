#pragma once

#include "rondo/server/http_post.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string_view>

#include "rondo/server/curl_library.hpp"

namespace rondo::server {

namespace detail_http_post {

using namespace std::chrono_literals;

/// The answer of a worker is at most a summary.
inline constexpr std::size_t most_bytes = 1U << 20U;
/// The sockets are looked at after this time, and then after growing ones: answers may take minutes.
inline constexpr auto first_look = 1ms;
inline constexpr auto last_look = 20ms;

struct url_deleter {
  void operator()(CURLU* which) const noexcept { curl_library::get().url_cleanup(which); }
};
struct easy_deleter {
  void operator()(CURL* which) const noexcept { curl_library::get().easy_cleanup(which); }
};
struct multi_deleter {
  void operator()(CURLM* which) const noexcept { curl_library::get().multi_cleanup(which); }
};
struct list_deleter {
  void operator()(curl_slist* which) const noexcept { curl_library::get().slist_free_all(which); }
};

struct transfer {
  std::unique_ptr<CURL, easy_deleter> handle;
  std::unique_ptr<curl_slist, list_deleter> headers;
  std::string body;
  std::size_t received = 0;
  std::function<void(http_outcome)> then;
};

inline std::size_t swallow(char*, std::size_t size, std::size_t count, void* of) {
  auto& received = static_cast<transfer*>(of)->received;
  received += size * count;
  return received > most_bytes ? 0 : size * count;
}

inline std::string part_of(CURLU* url, CURLUPart part) {
  const auto& curl = curl_library::get();
  char* text = nullptr;
  if (curl.url_get(url, part, &text, 0) != CURLUE_OK || text == nullptr) return {};
  std::string copy(text);
  curl.free(text);
  return copy;
}

inline bool is_loopback(const std::string& url) {
  const auto& curl = curl_library::get();
  const std::unique_ptr<CURLU, url_deleter> parsed(curl.url());
  if (!parsed || curl.url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return false;
  const std::string host = part_of(parsed.get(), CURLUPART_HOST);
  return host == "localhost" || host == "[::1]" || host.rfind("127.", 0) == 0;
}

}  // namespace detail_http_post

struct http_poster::impl {
  explicit impl(io::event_loop& on) : loop(on), multi(curl.multi_init()) {
    if (!multi) throw std::runtime_error("rondo: libcurl has no memory");
    look.owner = this;
  }
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;
  ~impl() {
    loop.disarm(look);
    for (auto& [handle, each] : transfers) curl.multi_remove_handle(multi.get(), handle);
  }

  struct look_timer final : io::timer_node {
    impl* owner = nullptr;
    void on_timer() override { owner->on_look(); }
  };

  void on_look() {
    int running = 0;
    curl.multi_perform(multi.get(), &running);
    finish_ended();
    if (transfers.empty()) return;
    pause = std::min<io::duration>(pause * 2, detail_http_post::last_look);
    loop.arm(look, io::steady_clock::now() + pause);
  }

  void finish_ended() {
    int left = 0;
    while (CURLMsg* message = curl.multi_info_read(multi.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* handle = message->easy_handle;
      const CURLcode result = message->data.result;
      http_outcome outcome;
      long status = 0;
      curl.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
      if (result == CURLE_OK) {
        outcome.status = static_cast<int>(status);
      } else {
        outcome.error = curl.easy_strerror(result);
      }
      curl.multi_remove_handle(multi.get(), handle);
      const auto found = transfers.find(handle);
      const auto ended = std::move(found->second);
      transfers.erase(found);
      ended->then(std::move(outcome));
    }
  }

  void begin(const request& what, std::function<void(http_outcome)> then) {
    auto made = std::make_unique<detail_http_post::transfer>();
    made->handle.reset(curl.easy_init());
    CURL* handle = made->handle.get();
    if (handle == nullptr) throw std::runtime_error("rondo: libcurl has no memory");
    made->body = what.body;
    made->then = std::move(then);
    for (const auto& [name, value] : what.headers) add_header(*made, name + ": " + value);
    add_header(*made, "Expect:");
    curl.easy_setopt(handle, CURLOPT_URL, what.url.c_str());
#if LIBCURL_VERSION_NUM >= 0x075500
    curl.easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
#endif
    curl.easy_setopt(handle, CURLOPT_HTTPHEADER, made->headers.get());
    curl.easy_setopt(handle, CURLOPT_POST, 1L);
    curl.easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(made->body.size()));
    curl.easy_setopt(handle, CURLOPT_POSTFIELDS, made->body.data());
    curl.easy_setopt(handle, CURLOPT_WRITEFUNCTION, &detail_http_post::swallow);
    curl.easy_setopt(handle, CURLOPT_WRITEDATA, made.get());
    curl.easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(what.connect_timeout.count()));
    curl.easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(what.timeout.count()));
    curl.easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl.easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
    if (detail_http_post::is_loopback(what.url)) curl.easy_setopt(handle, CURLOPT_PROXY, "");
    curl.multi_add_handle(multi.get(), handle);
    transfers[handle] = std::move(made);
    pause = detail_http_post::first_look;
    loop.arm(look, io::steady_clock::now());
  }

  void add_header(detail_http_post::transfer& to, const std::string& line) const {
    curl_slist* longer = curl.slist_append(to.headers.get(), line.c_str());
    if (longer == nullptr) throw std::runtime_error("rondo: libcurl has no memory");
    static_cast<void>(to.headers.release());
    to.headers.reset(longer);
  }

  io::event_loop& loop;
  const curl_library& curl = curl_library::get();
  std::unique_ptr<CURLM, detail_http_post::multi_deleter> multi;
  std::map<CURL*, std::unique_ptr<detail_http_post::transfer>> transfers;
  look_timer look;
  io::duration pause = detail_http_post::first_look;
};

RONDO_SERVER_FUNCTION http_poster::http_poster(io::event_loop& loop) : impl_(std::make_unique<impl>(loop)) {}
RONDO_SERVER_FUNCTION http_poster::~http_poster() = default;

RONDO_SERVER_FUNCTION void http_poster::post(request what, std::function<void(http_outcome)> then) {
  impl_->begin(what, std::move(then));
}

RONDO_SERVER_FUNCTION std::size_t http_poster::under_way() const noexcept { return impl_->transfers.size(); }

RONDO_SERVER_FUNCTION std::string http_poster::problem_of(const std::string& url) {
  const auto& curl = curl_library::get();
  const std::unique_ptr<CURLU, detail_http_post::url_deleter> parsed(curl.url());
  if (!parsed || curl.url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return "it is not a URL";
  const std::string scheme = detail_http_post::part_of(parsed.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return "it begins with neither http:// nor https://";
  if (detail_http_post::part_of(parsed.get(), CURLUPART_HOST).empty()) return "it names no host";
  return {};
}

}  // namespace rondo::server
