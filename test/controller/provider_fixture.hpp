#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "rondo/controller/provider.hpp"
#include "rondo/detail/curl/http_client.hpp"
#include "support/http_receiver.hpp"

namespace rondo::test {

/// A port on which nobody listens, as far as one can know.
inline unsigned short free_port() {
  asio::io_context context;
  const asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  return acceptor.local_endpoint().port();
}

/// A provider's outside.
struct provider_fixture : ::testing::Test {
  detail::io::event_loop loop;
  http_receiver endpoint{loop.context()};
  detail::curl::http_client client{loop};

  std::string endpoint_url() const { return "http://127.0.0.1:" + std::to_string(endpoint.port()); }
  controller::provider_outcome invoke(controller::provider& by, controller::invocation_request what = request()) {
    return loop.block_on(by.invoke(std::move(what)));
  }
  controller::provider_outcome set_size(controller::provider& by, std::int32_t size) {
    return loop.block_on(by.set_size(size));
  }
  controller::provider_outcome validate(controller::provider& by) { return loop.block_on(by.validate()); }
  /// Every request is answered with that status and body.
  void answer_with(int status, std::string body = "{}", std::string headers = {}) {
    endpoint.answer_body = std::move(body);
    endpoint.answer_headers = std::move(headers);
    endpoint.on_post = [status](http_receiver::post& got) { got.answer(status); };
  }

  static controller::invocation_request request() {
    return {.id = "i-1", .target = "orders", .namespace_ = "ns", .task_queues = {"queue"}, .backlog = 3};
  }
  static bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
};

}  // namespace rondo::test
