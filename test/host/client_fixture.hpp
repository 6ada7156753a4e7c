#pragma once
#include <google/protobuf/any.pb.h>
#include <google/rpc/status.pb.h>
#include <gtest/gtest.h>
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rondo/client.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/memory_transport.hpp"
#include "rondo/workflow.hpp"

namespace client_test {

namespace service = temporal::api::workflowservice::v1;
namespace io = rondo::detail::io;

inline std::string method_path(const std::string& method) {
  return "/temporal.api.workflowservice.v1.WorkflowService/" + method;
}

/// A status with an attached message, as servers send it.
template <class Detail>
rondo::rpc_status status_with(rondo::rpc_code code, const std::string& text, const Detail& detail) {
  google::rpc::Status message;
  message.set_code(static_cast<int>(code));
  message.set_message(text);
  message.add_details()->PackFrom(detail);
  rondo::rpc_status status(code, text);
  status.details = message.SerializeAsString();
  return status;
}

inline void add_json(temporal::api::common::v1::Payloads& to, const std::string& json) {
  auto& added = *to.add_payloads();
  (*added.mutable_metadata())["encoding"] = "json/plain";
  added.set_data(json);
}

/// The bytes of the payloads, "1 \"a\"".
inline std::string texts(const temporal::api::common::v1::Payloads& of) {
  std::string all;
  for (const auto& each : of.payloads()) all += (all.empty() ? "" : " ") + each.data();
  return all;
}

inline std::string header(const io::metadata_list& of, const std::string& name) {
  for (const auto& [key, value] : of) {
    if (key == name) return value;
  }
  return {};
}

/// A client over a server made of functions; retries wait for nothing.
class ClientTest : public ::testing::Test {
 protected:
  ClientTest() : ClientTest(rondo::client_options()) {}
  explicit ClientTest(rondo::client_options options) : loop(std::make_unique<io::event_loop>()) {
    auto transport = std::make_unique<io::memory_transport>(*loop);
    server = transport.get();
    options.namespace_ = "shop";
    options.identity = "tester";
    connection = std::make_shared<io::connection>(options, std::move(transport));
    connection->retries().numbers.unary.initial = std::chrono::nanoseconds(0);
    connection->retries().numbers.unary.maximum = std::chrono::nanoseconds(0);
    connection->retries().numbers.throttled.initial = std::chrono::nanoseconds(0);
    connection->retries().numbers.throttled.maximum = std::chrono::nanoseconds(0);
    client = std::make_unique<rondo::client>(rondo::client::over(connection));
  }

  /// Answers a method; the requests and their headers are kept.
  template <class Request, class Response>
  std::shared_ptr<std::vector<Request>> serve(const std::string& method,
                                              std::function<Response(const Request&)> answer) {
    auto seen = std::make_shared<std::vector<Request>>();
    server->on(method_path(method), [this, seen, answer = std::move(answer)](const io::memory_transport::call& call) {
      Request request;
      ASSERT_TRUE(request.ParseFromString(call.request()));
      headers = call.metadata();
      seen->push_back(request);
      call.reply(answer(request).SerializeAsString());
    });
    return seen;
  }
  /// Answers a method with the same response again and again.
  template <class Request, class Response>
  std::shared_ptr<std::vector<Request>> serve(const std::string& method, Response answer = {}) {
    return serve<Request, Response>(method, [answer](const Request&) { return answer; });
  }
  /// Every call of the method fails.
  void refuse(const std::string& method, const rondo::rpc_status& status) {
    server->on_unary(method_path(method), [status](const std::string&) { return status; });
  }
  std::size_t calls(const std::string& method) const { return server->calls(method_path(method)); }

  std::shared_ptr<io::connection> connection;
  // Destroyed before the connection, whose transport must outlive its calls.
  std::unique_ptr<io::event_loop> loop;
  std::unique_ptr<rondo::client> client;
  io::memory_transport* server = nullptr;
  io::metadata_list headers;
};

/// The message of the exception of type `Error` that the function throws; fails when it throws none or another.
template <class Error, class Function>
std::string message_of(Function function) {
  try {
    function();
  } catch (const Error& error) {
    return error.what();
  } catch (const std::exception& other) {
    ADD_FAILURE() << "another exception was thrown: " << other.what();
    return {};
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

struct order {
  std::string id{};
  int cents = 0;
};

class order_workflow {
 public:
  rondo::task<int> run(order what, double factor) { co_return static_cast<int>(what.cents * factor); }
  void approve(std::string by, int level) { by_ = std::move(by) + std::to_string(level); }
  std::string status(int detail) const { return by_ + std::to_string(detail); }
  static constexpr auto handlers =
      rondo::handlers(rondo::signal<&order_workflow::approve>, rondo::query<&order_workflow::status>("order-status"));

 private:
  std::string by_;
};

}  // namespace client_test
