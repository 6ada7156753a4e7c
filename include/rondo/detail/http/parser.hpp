#pragma once
#include <http_parser.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/http/message.hpp"

namespace rondo::detail::http {

/// How large a message may be.
struct message_limits {
  /// First line and headers (and trailers) together.
  std::size_t header_bytes = 32 * 1024;
  std::size_t header_count = 100;
  std::size_t body_bytes = 8 * 1024 * 1024;
};

enum class parse_error : std::uint8_t { none, malformed, header_too_large, body_too_large, version, method, truncated };

/// The status that a server answers such a request with.
constexpr int status_of(parse_error error) noexcept {
  switch (error) {
    case parse_error::header_too_large:
      return 431;
    case parse_error::body_too_large:
      return 413;
    case parse_error::version:
      return 505;
    case parse_error::method:
      return 501;
    case parse_error::none:
    case parse_error::malformed:
    case parse_error::truncated:
      break;
  }
  return 400;
}

/// Reads one message from bytes that come in any portions. http_parser does the reading; this bounds it, and refuses
/// what readers of HTTP understand differently: folded headers, lines that do not end with CR and LF, chunks that are
/// not followed by CR and LF. (Debian's http_parser is built without its strict checks.)
class message_parser {
 public:
  message_parser(const message_parser&) = delete;
  message_parser& operator=(const message_parser&) = delete;

  /// Takes bytes up to the end of the message and returns how many; all of them unless it is complete or failed.
  std::size_t feed(std::string_view data) {
    std::size_t used = 0;
    while (used < data.size() && !complete_ && error_ == parse_error::none) {
      used += feed_part(data.substr(used));
    }
    return used;
  }

  /// The peer sends no more.
  void finish() {
    if (complete_ || error_ != parse_error::none) return;
    if (head_complete_) http_parser_execute(&parser_, &callbacks(), nullptr, 0);
    if (!complete_) fail(parse_error::truncated, "the message ends too early");
  }

  bool started() const noexcept { return started_; }
  bool head_complete() const noexcept { return head_complete_; }
  bool complete() const noexcept { return complete_; }
  parse_error error() const noexcept { return error_; }
  /// What is wrong, in words; it quotes nothing of the message.
  std::string_view error_text() const noexcept { return error_text_; }
  /// Whether the connection can carry another message after this one.
  bool keep_alive() const noexcept { return keep_alive_; }
  /// HTTP/1.0, or HTTP/1.1?
  unsigned minor_version() const noexcept { return parser_.http_minor; }

 protected:
  message_parser(http_parser_type type, const message_limits& limits, header_list& headers, std::string& body)
      : limits_(limits), headers_(headers), body_(body) {
    http_parser_init(&parser_, type);
    parser_.data = this;
  }
  ~message_parser() = default;

  enum class body_kind : std::uint8_t { as_told, none };
  /// The head is complete: checks it, and tells whether a body can follow.
  virtual body_kind on_head() = 0;
  virtual void on_first_line(std::string_view) {}

  int fail(parse_error error, std::string_view text) noexcept {
    if (error_ == parse_error::none) {
      error_ = error;
      error_text_ = text;
    }
    return 1;
  }

  http_parser parser_{};

 private:
  /// Where in the message the next byte belongs.
  enum class part : std::uint8_t { head, body, chunk_size, chunk_data, chunk_end, trailers };

  std::size_t feed_part(std::string_view data) {
    if (part_ == part::body) return execute(data);
    if (part_ != part::chunk_data) return feed_line(data);
    const std::size_t used = execute(data.substr(0, chunk_left_));
    chunk_left_ -= used;
    if (chunk_left_ == 0) part_ = part::chunk_end;
    return used;
  }

  std::size_t feed_line(std::string_view data) {
    // Empty lines before a message are allowed, see RFC 9112, section 2.2.
    if (!started_ && (data[0] == '\r' || data[0] == '\n')) return skip(1);
    const bool at_start = started_ && last_ == '\n';
    if (at_start && (data[0] == ' ' || data[0] == '\t')) return refuse("a header is folded");
    if (part_ == part::chunk_end && at_start && data[0] != '\r') return refuse("a chunk is longer than it says");
    started_ = true;
    const auto end = data.find('\n');
    const auto line = data.substr(0, end == std::string_view::npos ? end : end + 1);
    if (!count_line(line.size(), at_start)) return 0;
    if (!ends_well(line)) return refuse("a line does not end with CR and LF");
    last_ = line.back();
    const bool was_end = part_ == part::chunk_end;
    const std::size_t used = execute(line);
    if (was_end && last_ == '\n') part_ = part::chunk_size;
    return used;
  }

  /// A carriage return is followed by a line feed, and nothing else is.
  bool ends_well(std::string_view line) const {
    char before = last_;
    for (const char c : line) {
      if ((before == '\r') != (c == '\n')) return false;
      before = c;
    }
    return true;
  }

  bool count_line(std::size_t bytes, bool at_start) {
    constexpr std::size_t most_of_chunk_size = 256;
    if (part_ == part::head || part_ == part::trailers) return count(bytes);
    line_bytes_ = at_start ? bytes : line_bytes_ + bytes;
    if (line_bytes_ <= most_of_chunk_size) return true;
    refuse("the size of a chunk is too long");
    return false;
  }

  std::size_t refuse(std::string_view text) noexcept {
    fail(parse_error::malformed, text);
    return 0;
  }

  std::size_t skip(std::size_t size) {
    count(size);
    return size;
  }

  bool count(std::size_t bytes) {
    header_bytes_ += bytes;
    if (header_bytes_ <= limits_.header_bytes) return true;
    fail(parse_error::header_too_large, "the headers are too large");
    return false;
  }

  std::size_t execute(std::string_view data) {
    const std::size_t used = http_parser_execute(&parser_, &callbacks(), data.data(), data.size());
    const auto problem = HTTP_PARSER_ERRNO(&parser_);
    if (problem == HPE_OK || problem == HPE_PAUSED) return used;
    switch (problem) {
      case HPE_HEADER_OVERFLOW:
        fail(parse_error::header_too_large, "the headers are too large");
        break;
      case HPE_INVALID_VERSION:
        fail(parse_error::version, "the HTTP version is not supported");
        break;
      case HPE_INVALID_METHOD:
        fail(parse_error::method, "the method is not known");
        break;
      default:
        fail(parse_error::malformed, http_errno_description(problem));
    }
    return used;
  }

  // http_parser gives each name and value in any number of pieces.
  int field_piece(std::string_view piece) {
    if (in_value_ || names_ == 0) {
      if (!keep_header()) return 1;
      if (++names_ > limits_.header_count) return fail(parse_error::header_too_large, "there are too many headers");
    }
    name_.append(piece);
    return 0;
  }

  int value_piece(std::string_view piece) {
    in_value_ = true;
    value_.append(piece);
    return 0;
  }

  // Trailers are read and thrown away: they must not change what was said in the head.
  bool keep_header() {
    if (in_value_ && !head_complete_) {
      if (!is_token(name_)) {
        fail(parse_error::malformed, "the name of a header has characters that names cannot have");
        return false;
      }
      while (!value_.empty() && (value_.back() == ' ' || value_.back() == '\t')) value_.pop_back();
      headers_.add(std::move(name_), std::move(value_));
    }
    name_.clear();
    value_.clear();
    in_value_ = false;
    return true;
  }

  int head_is_complete() {
    if (!keep_header()) return -1;
    head_complete_ = true;
    if (parser_.http_major != 1) {
      fail(parse_error::version, "the HTTP version is not supported");
      return -1;
    }
    // Other protocols are never agreed on; what follows is HTTP.
    parser_.upgrade = 0;
    const auto kind = on_head();
    if (error_ != parse_error::none) return -1;
    const bool has_length = parser_.content_length != UINT64_MAX;
    if (kind == body_kind::as_told && has_length && parser_.content_length > limits_.body_bytes) {
      fail(parse_error::body_too_large, "the body is too large");
      return -1;
    }
    part_ = (parser_.flags & F_CHUNKED) != 0 ? part::chunk_size : part::body;
    return kind == body_kind::none ? 1 : 0;
  }

  int chunk_begins() {
    if (parser_.content_length > limits_.body_bytes - body_.size()) {
      return fail(parse_error::body_too_large, "the body is too large");
    }
    chunk_left_ = static_cast<std::size_t>(parser_.content_length);
    part_ = chunk_left_ == 0 ? part::trailers : part::chunk_data;
    return 0;
  }

  int body_piece(std::string_view piece) {
    if (piece.size() > limits_.body_bytes - body_.size()) {
      return fail(parse_error::body_too_large, "the body is too large");
    }
    body_.append(piece);
    return 0;
  }

  int message_is_complete() {
    complete_ = true;
    keep_alive_ = http_should_keep_alive(&parser_) != 0;
    http_parser_pause(&parser_, 1);
    return 0;
  }

  static message_parser& self(http_parser* of) { return *static_cast<message_parser*>(of->data); }

  static const http_parser_settings& callbacks() {
    static const http_parser_settings all = [] {
      http_parser_settings made;
      http_parser_settings_init(&made);
      made.on_url = [](http_parser* of, const char* at, std::size_t size) {
        self(of).on_first_line({at, size});
        return 0;
      };
      made.on_header_field = [](http_parser* of, const char* at, std::size_t size) {
        return self(of).field_piece({at, size});
      };
      made.on_header_value = [](http_parser* of, const char* at, std::size_t size) {
        return self(of).value_piece({at, size});
      };
      made.on_headers_complete = [](http_parser* of) { return self(of).head_is_complete(); };
      made.on_body = [](http_parser* of, const char* at, std::size_t size) { return self(of).body_piece({at, size}); };
      made.on_chunk_header = [](http_parser* of) { return self(of).chunk_begins(); };
      made.on_message_complete = [](http_parser* of) { return self(of).message_is_complete(); };
      return made;
    }();
    return all;
  }

  message_limits limits_;
  header_list& headers_;
  std::string& body_;
  std::string name_, value_;
  std::string_view error_text_;
  std::size_t header_bytes_ = 0, names_ = 0, line_bytes_ = 0, chunk_left_ = 0;
  parse_error error_ = parse_error::none;
  part part_ = part::head;
  char last_ = '\n';
  bool started_ = false, head_complete_ = false, complete_ = false, keep_alive_ = false, in_value_ = false;
};

/// Reads a request, as servers do.
class request_parser final : public message_parser {
 public:
  explicit request_parser(const message_limits& limits)
      : message_parser(HTTP_REQUEST, limits, got_.headers, got_.body) {
    got_.method.clear();
    got_.target.clear();
  }

  /// Complete when complete() says so.
  request& message() noexcept { return got_; }

  /// The client waits for leave to send the body.
  bool expects_continue() const noexcept {
    return minor_version() >= 1 && equal_ignoring_case(got_.headers.get("Expect"), "100-continue");
  }

 private:
  void on_first_line(std::string_view piece) override { got_.target.append(piece); }

  body_kind on_head() override {
    got_.method = http_method_str(static_cast<http_method>(parser_.method));
    const auto hosts = got_.headers.count("Host");
    if (hosts > 1 || (hosts == 0 && minor_version() >= 1)) {
      fail(parse_error::malformed, "there must be one Host header");
    }
    return body_kind::as_told;
  }

  request got_;
};

/// Reads the response to a request, as clients do. Interim responses (100 and the like) are skipped by the caller.
class response_parser final : public message_parser {
 public:
  explicit response_parser(const message_limits& limits, std::string_view to_method)
      : message_parser(HTTP_RESPONSE, limits, got_.headers, got_.body), to_head_(to_method == "HEAD") {}

  response& message() noexcept { return got_; }
  bool interim() const noexcept { return got_.status >= 100 && got_.status < 200; }

 private:
  body_kind on_head() override {
    got_.status = static_cast<int>(parser_.status_code);
    if (got_.status < 100 || got_.status > 599) fail(parse_error::malformed, "the status is no HTTP status");
    if (got_.status == 101) fail(parse_error::malformed, "the server wants another protocol");
    return to_head_ ? body_kind::none : body_kind::as_told;
  }

  response got_;
  bool to_head_;
};

}  // namespace rondo::detail::http
