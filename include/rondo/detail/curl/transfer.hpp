#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/curl/library.hpp"
#include "rondo/detail/curl/url.hpp"

namespace rondo::detail::curl {

/// How the other side proves who it is, and this one; PEM texts, empty: as the system says.
struct tls_material {
  std::string authorities{};
  std::string certificate{};
  std::string private_key{};
};

struct http_request {
  std::string method = "POST";
  std::string url{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  tls_material tls{};
  std::chrono::milliseconds connect_timeout{5'000};
  /// From the beginning to the end of the answer.
  std::chrono::milliseconds timeout{15 * 60'000};
  /// A longer answer is broken off and counts as none.
  std::size_t most_bytes = std::size_t{1} << 20U;
};

/// Why there is no answer.
enum class no_answer : std::uint8_t { none, unreachable, timed_out, untrusted, too_long, broken_off };

struct http_response {
  /// 0: there was no answer.
  int status = 0;
  no_answer why = no_answer::none;
  /// The same in words, without the URL.
  std::string error{};
  /// Names in lower case.
  std::map<std::string, std::string, std::less<>> headers{};
  std::string body{};

  bool ok() const noexcept { return status >= 200 && status < 300; }
  std::string_view header(std::string_view name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
  }
};

/// One request under way.
class transfer {
 public:
  transfer(const http_request& what, std::function<void(http_response)> at_end)
      : handle(curl_.easy_init()), then(std::move(at_end)), body_(what.body), most_bytes_(what.most_bytes) {
    if (!handle) throw std::runtime_error("rondo: libcurl has no memory");
    for (const auto& [name, value] : what.headers) add_header(name, value);
    add_line("Expect:");
    set_target(what);
    set_tls(what.tls);
    set_method(what.method);
    set(CURLOPT_HTTPHEADER, headers_.get());
    set(CURLOPT_WRITEFUNCTION, &transfer::on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_HEADERFUNCTION, &transfer::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(what.connect_timeout.count()));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(what.timeout.count()));
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_TCP_KEEPALIVE, 1L);
  }
  transfer(const transfer&) = delete;
  transfer& operator=(const transfer&) = delete;
  ~transfer() = default;

  http_response take_response(CURLcode result) {
    if (result != CURLE_OK) {
      http_response none;
      none.why = reason_of(result);
      none.error = too_long_ ? "the answer is longer than " + std::to_string(most_bytes_) + " bytes"
                             : std::string(curl_.easy_strerror(result));
      return none;
    }
    long status = 0;
    curl_.easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    return std::move(response_);
  }

 private:
  const library& curl_ = library::get();

 public:
  easy_ptr handle;
  std::function<void(http_response)> then;

 private:
  static constexpr std::size_t most_headers = 100;

  template <class Value>
  void set(CURLoption option, Value value) {
    if (curl_.easy_setopt(handle.get(), option, value) != CURLE_OK) {
      throw std::runtime_error("rondo: this libcurl lacks something that is needed (option " +
                               std::to_string(static_cast<int>(option)) + ")");
    }
  }

  void add_header(const std::string& name, const std::string& value) {
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (name.empty() || std::any_of(name.begin(), name.end(), is_control) ||
        std::any_of(value.begin(), value.end(), is_control)) {
      throw std::invalid_argument("rondo: the header '" + name + "' cannot be sent: it holds control characters");
    }
    // Curl would leave out a header without a value.
    add_line(value.empty() ? name + ";" : name + ": " + value);
  }
  void add_line(const std::string& line) {
    curl_slist* longer = curl_.slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) throw std::runtime_error("rondo: libcurl has no memory");
    static_cast<void>(headers_.release());
    headers_.reset(longer);
  }

  void set_target(const http_request& what) {
    set(CURLOPT_URL, what.url.c_str());
#if LIBCURL_VERSION_NUM >= 0x075500
    set(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    set(CURLOPT_FOLLOWLOCATION, 0L);
    // The path is what was signed.
    set(CURLOPT_PATH_AS_IS, 1L);
    const auto parts = parse_url(what.url);
    if (parts && parts->is_loopback()) set(CURLOPT_PROXY, "");
  }

  void set_method(const std::string& method) {
    if (method == "GET") {
      set(CURLOPT_HTTPGET, 1L);
      return;
    }
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_.size()));
    set(CURLOPT_POSTFIELDS, body_.data());
    if (method != "POST") set(CURLOPT_CUSTOMREQUEST, method.c_str());
  }

  void set_tls(const tls_material& from) {
    set_blob(CURLOPT_CAINFO_BLOB, from.authorities);
    set_blob(CURLOPT_SSLCERT_BLOB, from.certificate);
    set_blob(CURLOPT_SSLKEY_BLOB, from.private_key);
  }
  void set_blob(CURLoption option, const std::string& text) {
    if (text.empty()) return;
    std::string copy(text);
    curl_blob blob{copy.data(), copy.size(), CURL_BLOB_COPY};
    set(option, &blob);
  }

  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* of) {
    auto& self = *static_cast<transfer*>(of);
    const std::size_t bytes = size * count;
    if (bytes > self.most_bytes_ - self.response_.body.size()) {
      self.too_long_ = true;
      return 0;
    }
    self.response_.body.append(data, bytes);
    return bytes;
  }

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* of) {
    auto& headers = static_cast<transfer*>(of)->response_.headers;
    const std::string_view line(data, size * count);
    const auto colon = line.find(':');
    if (line.substr(0, 5) == "HTTP/") headers.clear();  // after a 1xx answer the real one begins
    if (colon == std::string_view::npos || headers.size() >= most_headers) return line.size();
    std::string name(line.substr(0, colon));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    std::string_view value = line.substr(colon + 1);
    constexpr std::string_view blank = " \t\r\n";
    value.remove_prefix(std::min(value.find_first_not_of(blank), value.size()));
    const auto last = value.find_last_not_of(blank);
    headers[name] = last == std::string_view::npos ? std::string() : std::string(value.substr(0, last + 1));
    return line.size();
  }

  no_answer reason_of(CURLcode result) const {
    if (too_long_) return no_answer::too_long;
    switch (result) {
      case CURLE_COULDNT_RESOLVE_HOST:
      case CURLE_COULDNT_RESOLVE_PROXY:
      case CURLE_COULDNT_CONNECT:
        return no_answer::unreachable;
      case CURLE_OPERATION_TIMEDOUT:
        return no_answer::timed_out;
      case CURLE_SSL_CONNECT_ERROR:
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_CACERT_BADFILE:
      case CURLE_SSL_CERTPROBLEM:
        return no_answer::untrusted;
      default:
        return no_answer::broken_off;
    }
  }

  list_ptr headers_;
  std::string body_;
  std::size_t most_bytes_;
  bool too_long_ = false;
  http_response response_;
};

}  // namespace rondo::detail::curl
