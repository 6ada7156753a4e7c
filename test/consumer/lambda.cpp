// A program of rondo_add_lambda(): it throws, asks for random numbers and calls a server, without what glibc 2.34
// lacks.
#include <rondo/client.hpp>
#include <rondo/rpc_error.hpp>

#include <chrono>
#include <iostream>
#include <random>
#include <string>

#if !defined(RONDO_HTTP2_TRANSPORT) || !defined(RONDO_LITE_MESSAGES)
#error "the properties of the program did not reach its sources"
#endif

int main() {
  const unsigned number = std::random_device()();
  try {
    rondo::client::connect({.target = "127.0.0.1:1", .connect_timeout = std::chrono::seconds(5)});
  } catch (const rondo::rpc_error& failed) {
    const std::string said = failed.what();
    std::cout << number << ' ' << said << '\n';
    return said.find("nothing listens there") == said.npos ? 1 : 0;
  }
  return 1;
}
