#pragma once
#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace rondo::test {

/// What the stock server takes for AWS Lambda and Bedrock AgentCore: has every function and every runtime, and notes
/// who is invoked. One request at a time, on a thread of its own.
class fake_cloud {
 public:
  struct invocation {
    std::string target, body;
  };

  /// `address`: host:port.
  explicit fake_cloud(const std::string& address) : acceptor_(context_, endpoint_of(address)) {
    thread_ = std::thread([this] { serve(); });
  }
  fake_cloud(const fake_cloud&) = delete;
  fake_cloud& operator=(const fake_cloud&) = delete;
  ~fake_cloud() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    // The accept that waits ends with a last visitor.
    asio::error_code ignored;
    asio::ip::tcp::socket visitor(context_);
    visitor.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }

  std::vector<invocation> invocations() const {
    const std::lock_guard lock(mutex_);
    return invocations_;
  }
  /// From now on every request is answered with this error of AWS; an empty type: none is.
  void refuse_with(std::string type, int code = 400) {
    const std::lock_guard lock(mutex_);
    refusal_ = std::move(type);
    code_ = code;
  }

 private:
  static asio::ip::tcp::endpoint endpoint_of(const std::string& address) {
    const auto colon = address.rfind(':');
    return {asio::ip::make_address(address.substr(0, colon)),
            static_cast<std::uint16_t>(std::stoul(address.substr(colon + 1)))};
  }
  void serve() {
    for (;;) {
      asio::ip::tcp::socket socket(context_);
      asio::error_code failed;
      acceptor_.accept(socket, failed);
      {
        const std::lock_guard lock(mutex_);
        if (stopped_) return;
      }
      if (!failed) answer(socket);
    }
  }
  void answer(asio::ip::tcp::socket& socket) {
    std::string text;
    asio::error_code failed;
    const std::size_t head = asio::read_until(socket, asio::dynamic_buffer(text), "\r\n\r\n", failed);
    if (failed) return;
    const std::size_t length = content_length(text.substr(0, head));
    if (text.size() < head + length) {
      asio::read(socket, asio::dynamic_buffer(text), asio::transfer_exactly(head + length - text.size()), failed);
    }
    if (failed) return;
    const std::string method = text.substr(0, text.find(' '));
    const std::size_t from = method.size() + 1;
    const std::string reply = reply_to(method, text.substr(from, text.find(' ', from) - from), text.substr(head));
    asio::write(socket, asio::buffer(reply), failed);
  }
  static std::size_t content_length(std::string head) {
    for (char& c : head) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const std::size_t at = head.find("\r\ncontent-length:");
    return at == head.npos ? 0 : std::stoul(head.substr(at + 17));
  }
  static std::string response(int code, const std::string& body, const std::string& headers = {}) {
    return "HTTP/1.1 " + std::to_string(code) + " X\r\nConnection: close\r\nContent-Type: application/json\r\n" +
           headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  std::string reply_to(const std::string& method, const std::string& target, const std::string& body) {
    const std::lock_guard lock(mutex_);
    if (!refusal_.empty()) {
      return response(code_, R"({"message":"refused by the test"})", "x-amzn-ErrorType: " + refusal_ + "\r\n");
    }
    if (method == "POST") {
      invocations_.push_back({target, body});
      return target.starts_with("/runtimes/") ? response(200, "{}") : response(202, "");
    }
    if (target.starts_with("/runtimes/")) {
      return response(200, R"({"agentRuntimeArn":"a","agentRuntimeEndpointArn":"e","name":"DEFAULT","status":"READY",)"
                           R"("createdAt":"2026-01-01T00:00:00Z","lastUpdatedAt":"2026-01-01T00:00:00Z","id":"x"})");
    }
    return response(200, R"({"Configuration":{"FunctionName":"f","FunctionArn":"a","State":"Active"},"Code":{}})");
  }

  asio::io_context context_;
  asio::ip::tcp::acceptor acceptor_;
  mutable std::mutex mutex_;
  bool stopped_ = false;
  std::string refusal_;
  int code_ = 400;
  std::vector<invocation> invocations_;
  std::thread thread_;
};

}  // namespace rondo::test
