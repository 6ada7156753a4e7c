#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/base/utf8.hpp"
#include "rondo/detail/http/parser.hpp"
#include "rondo/detail/http/serialize.hpp"
#include "rondo/json.hpp"
#include "rondo/serverless/lambda_error.hpp"
#include "rondo/serverless/runtime_api.hpp"

// Any bytes are an HTTP message or are refused. A message that reads differently when it comes in other portions, that
// is larger than its limits, or that cannot be written so that it reads the same, ends the program. The first byte says
// where the rest is cut.
namespace {

namespace http = rondo::detail::http;

constexpr http::message_limits limits{.header_bytes = 1024, .header_count = 20, .body_bytes = 512};

void require(bool holds) {
  if (!holds) std::abort();
}

template <class Parser>
std::size_t feed(Parser& parser, std::string_view bytes, std::size_t cut) {
  cut = std::min(cut, bytes.size());
  std::size_t used = parser.feed(bytes.substr(0, cut));
  if (used == cut) used += parser.feed(bytes.substr(cut));
  return used;
}

void same(const http::header_list& a, const http::header_list& b) {
  require(a.size() == b.size());
  auto other = b.begin();
  for (const auto& each : a) {
    require(each.name == other->name && each.value == other->value);
    ++other;
  }
}

void read_request(std::string_view bytes, std::size_t cut) {
  http::request_parser whole(limits), parts(limits);
  const std::size_t used = whole.feed(bytes);
  const std::size_t used_in_parts = feed(parts, bytes, cut);
  require(whole.complete() == parts.complete());
  require((whole.error() == http::parse_error::none) == (parts.error() == http::parse_error::none));
  require(!(whole.complete() && whole.error() != http::parse_error::none));
  if (!whole.complete()) return;
  require(used == used_in_parts);
  const auto& got = whole.message();
  require(got.method == parts.message().method && got.target == parts.message().target);
  require(got.body == parts.message().body && whole.keep_alive() == parts.keep_alive());
  same(got.headers, parts.message().headers);
  require(got.body.size() <= limits.body_bytes && got.headers.size() <= limits.header_count);
  // What an intermediary would pass on reads the same, and leaves nothing over.
  std::string again;
  try {
    again = http::serialize(got, "host");
  } catch (const std::exception&) {
    return;
  }
  http::request_parser second({});
  require(second.feed(again) == again.size());
  require(second.complete() && second.error() == http::parse_error::none);
  require(second.message().method == got.method && second.message().target == got.target);
  require(second.message().body == got.body);
}

void read_response(std::string_view bytes, std::size_t cut) {
  http::response_parser whole(limits, "GET"), parts(limits, "GET");
  whole.feed(bytes);
  whole.finish();
  feed(parts, bytes, cut);
  parts.finish();
  require(whole.complete() == parts.complete());
  if (!whole.complete()) return;
  require(whole.message().body == parts.message().body && whole.message().status == parts.message().status);
  try {
    const auto event = rondo::serverless::event_of(std::move(whole.message()), {}, {});
    require(http::is_token(event.invocation.request_id));
  } catch (const rondo::serverless::lambda_failure&) {
    // No event.
  }
}

void write_error(std::string_view text) {
  const rondo::serverless::lambda_error error{std::string(text.substr(0, 40)), std::string(text), {std::string(text)}};
  const std::string body = rondo::serverless::error_body(error);
  rondo::json::check(body);
  require(rondo::detail::find_invalid_utf8(body) == std::string_view::npos);
  const std::string cause = rondo::serverless::xray_cause(error, text);
  rondo::json::check(cause);
  std::string header;
  http::append_header(header, "Cause", cause);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  read_request(bytes, data[0]);
  read_response(bytes, data[0]);
  write_error(bytes);
  return 0;
}
