#pragma once

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>
#include <cctype>
#include <charconv>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rondo::test {

/// A web server for tests, as small as it can be: keeps what was posted, and answers when and how the test says.
class http_receiver {
 public:
  /// Answers with the status; 0: breaks the connection.
  using reply = std::function<void(int status)>;
  struct post {
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
    reply answer;
  };

  explicit http_receiver(asio::io_context& context, unsigned short port = 0)
      : acceptor_(context, {asio::ip::address_v4::loopback(), port}) {
    accept();
  }

  unsigned short port() const { return acceptor_.local_endpoint().port(); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port()) + "/run"; }

  /// Called for each POST after it was kept; without it every one is answered with 200.
  std::function<void(post&)> on_post;
  std::vector<post> posts;
  /// What answers hold besides their status; headers end with "\r\n" each.
  std::string answer_headers;
  std::string answer_body = "{}";
  int open = 0;
  int most_open = 0;

 private:
  struct connection {
    explicit connection(asio::ip::tcp::socket accepted) : socket(std::move(accepted)) {}
    asio::ip::tcp::socket socket;
    std::string data;
    std::string out;
    bool answered = false;
  };
  using connection_ptr = std::shared_ptr<connection>;

  void accept() {
    acceptor_.async_accept([this](const asio::error_code& error, asio::ip::tcp::socket socket) {
      if (error) return;
      const auto made = std::make_shared<connection>(std::move(socket));
      asio::async_read_until(made->socket, asio::dynamic_buffer(made->data), "\r\n\r\n",
                             [this, made](const asio::error_code& failed, std::size_t size) {
                               if (!failed) read_body(made, size);
                             });
      accept();
    });
  }

  void read_body(const connection_ptr& from, std::size_t head_size) {
    post got = read_head(from->data.substr(0, head_size));
    std::size_t length = 0;
    const std::string& text = got.headers["content-length"];
    std::from_chars(text.data(), text.data() + text.size(), length);
    const std::size_t wanted = head_size + length;
    const std::size_t missing = wanted > from->data.size() ? wanted - from->data.size() : 0;
    auto done = [this, from, head_size, got = std::move(got)](const asio::error_code& failed, std::size_t) mutable {
      if (failed) return;
      got.body = from->data.substr(head_size);
      take(from, std::move(got));
    };
    asio::async_read(from->socket, asio::dynamic_buffer(from->data), asio::transfer_exactly(missing), std::move(done));
  }

  static post read_head(const std::string& head) {
    post got;
    const auto first = head.find(' ');
    got.method = head.substr(0, first);
    got.target = head.substr(first + 1, head.find(' ', first + 1) - first - 1);
    for (auto at = head.find("\r\n") + 2; at < head.size();) {
      const auto end = head.find("\r\n", at);
      const auto colon = head.find(':', at);
      if (colon < end) {
        std::string name = head.substr(at, colon - at);
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        got.headers[name] = head.substr(std::min(colon + 2, end), end - std::min(colon + 2, end));
      }
      at = end + 2;
    }
    return got;
  }

  void take(const connection_ptr& from, post got) {
    most_open = std::max(most_open, ++open);
    got.answer = [this, from](int status) { answer(from, status); };
    posts.push_back(std::move(got));
    post kept = posts.back();
    on_post ? on_post(kept) : kept.answer(200);
  }

  void answer(const connection_ptr& to, int status) {
    if (std::exchange(to->answered, true)) return;
    --open;
    if (status == 0) {
      to->socket.close();
      return;
    }
    to->out = "HTTP/1.1 " + std::to_string(status) +
              " status\r\nContent-Length: " + std::to_string(answer_body.size()) + "\r\nConnection: close\r\n" +
              answer_headers + "\r\n" + answer_body;
    asio::async_write(to->socket, asio::buffer(to->out), [to](const asio::error_code&, std::size_t) {
      asio::error_code ignored;
      to->socket.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
    });
  }

  asio::ip::tcp::acceptor acceptor_;
};

}  // namespace rondo::test
