#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/io/loop.hpp"
#include "rondo/server/config.hpp"

namespace rondo::server {

namespace io = rondo::detail::io;

/// How a POST ended.
struct http_outcome {
  /// 0: there was no answer.
  int status = 0;
  /// Why there was none.
  std::string error;

  bool ok() const noexcept { return status >= 200 && status < 300; }
};

/// Sends HTTP POSTs on the event loop. Answers are read up to a limit and thrown away; redirects are not followed.
class http_poster {
 public:
  struct request {
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::chrono::milliseconds connect_timeout{5'000};
    /// From the beginning to the end of the answer.
    std::chrono::milliseconds timeout{15 * 60'000};
  };

  explicit http_poster(io::event_loop& loop);
  http_poster(const http_poster&) = delete;
  http_poster& operator=(const http_poster&) = delete;
  /// Breaks off what is under way; nobody is told.
  ~http_poster();

  /// Calls the function on the loop when the request has ended, not before this returns.
  void post(request what, std::function<void(http_outcome)> then);

  std::size_t under_way() const noexcept;

  /// Empty when the URL can be posted to; otherwise what is wrong with it.
  static std::string problem_of(const std::string& url);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace rondo::server
