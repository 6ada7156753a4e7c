// A worker in the shape of a Lambda function, as small as one can be: it asks the Runtime API for an invocation, works
// for a while and answers. It shows what Rondo itself costs there; see scripts/bench_lambda.sh.
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <asio/connect.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>

#include "rondo/client.hpp"
#include "rondo/worker.hpp"
#include "rondo/workflow.hpp"

namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

std::string greet(std::string name) { return "Hello, " + name + "!"; }

rondo::task<std::string> hello(std::string name) {
  co_return co_await rondo::workflow::execute_activity<greet>({.start_to_close_timeout = 5s}, name);
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  if (!value) throw std::runtime_error(std::string(name) + " is not set");
  return value;
}

/// Sends a request to the Runtime API and returns the head of the answer.
std::string ask(tcp::socket& socket, const std::string& request) {
  asio::write(socket, asio::buffer(request));
  std::string head;
  head.resize(asio::read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n"));
  return head;
}

std::string header(std::string_view head, std::string_view name) {
  const std::size_t at = head.find(name);
  if (at == head.npos) return {};
  const std::size_t begin = at + name.size() + 2;
  return std::string(head.substr(begin, head.find("\r\n", begin) - begin));
}

/// Runs as many workflows at once as WORKFLOWS says, then works on for a while.
void work(std::chrono::milliseconds time) {
  rondo::client_options options{.target = variable("TEMPORAL_ADDRESS")};
  if (std::getenv("TEMPORAL_TLS")) options.tls.emplace();
  auto client = rondo::client::connect(options);
  rondo::worker worker(client, rondo::registry{}.workflow<hello>().activity<greet>(), {.task_queue = "lambda"});
  std::thread runner([&worker] { worker.run(); });
  const char* count = std::getenv("WORKFLOWS");
  std::vector<decltype(client.start_workflow<hello>({}, std::string()).get())> started;
  for (int i = 0; i < (count ? std::atoi(count) : 1); ++i) {
    started.push_back(client.start_workflow<hello>({.task_queue = "lambda"}, std::string("Lambda")).get());
  }
  for (auto& each : started) std::cout << each.result().get() << '\n';
  std::this_thread::sleep_for(time);
  worker.stop();
  runner.join();
}

}  // namespace

int main() try {
  const std::string address = variable("AWS_LAMBDA_RUNTIME_API");
  const std::size_t colon = address.rfind(':');
  asio::io_context context;
  for (;;) {
    tcp::socket socket(context);
    socket.connect({asio::ip::make_address(address.substr(0, colon)),
                    static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)))});
    const auto head = ask(socket, "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: " + address + "\r\n\r\n");
    const std::string id = header(head, "Lambda-Runtime-Aws-Request-Id");
    if (id.empty()) return EXIT_SUCCESS;
    work(500ms);
    tcp::socket answer(context);
    answer.connect(socket.remote_endpoint());
    ask(answer, "POST /2018-06-01/runtime/invocation/" + id + "/response HTTP/1.1\r\nHost: " + address +
                    "\r\nContent-Length: 2\r\n\r\n{}");
  }
} catch (const std::exception& failed) {
  std::cerr << "error: " << failed.what() << std::endl;
  return EXIT_FAILURE;
}
