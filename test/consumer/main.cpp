// A program outside the project: reaches the messages, the library's headers and what both link to.
#include <grpcpp/grpcpp.h>
#include <temporal/api/common/v1/message.pb.h>
#include <asio.hpp>
#include <rondo/client/workers.hpp>
#include <rondo/payload.hpp>

#include <iostream>

asio::awaitable<int> answer() { co_return 42; }

int main() {
  temporal::api::common::v1::Payload message;
  message.set_data("consumed");
  rondo::payload payload;
  payload.data = message.data();

  int result = 0;
  asio::io_context context;
  asio::co_spawn(context, answer(), [&result](const std::exception_ptr&, int value) { result = value; });
  context.run();
  std::cout << payload.data << ' ' << result << ' ' << grpc::Version() << '\n';
  return result == 42 && payload.data == "consumed" ? 0 : 1;
}
