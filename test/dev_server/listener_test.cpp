#include <arpa/inet.h>
#include <google/protobuf/descriptor.pb.h>
#include <grpc/health/v1/health.pb.h>
#include <grpc/reflection/v1/reflection.pb.h>
#include <grpc/reflection/v1alpha/reflection.pb.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "rondo/client.hpp"
#include "rondo/detail/io/call_token.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/grpc_transport.hpp"
#include "rondo/detail/io/status_details.hpp"
#include "rondo/server/dev_service.hpp"
#include "rondo/server/gzip.hpp"

namespace rondo::test {
namespace listener_test {

namespace io = rondo::detail::io;
namespace service = temporal::api::workflowservice::v1;

/// What came of one call of the plain gRPC library.
struct spoken {
  std::vector<std::string> answers;
  grpc::Status status;
};

/// A client of the plain gRPC library, on a thread of its own.
class plain_client {
 public:
  explicit plain_client(const std::string& address) {
    grpc::ChannelArguments arguments;
    // Answers stay packed, so that a test sees whether they are.
    arguments.SetInt(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
    channel_ = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  }

  /// Sends the requests one by one, each after the answer to the one before, then says that it is done.
  spoken talk(const std::string& path, const std::vector<std::string>& requests, bool packed = false,
              std::size_t cancel_after = 1000) {
    grpc::GenericStub stub(channel_);
    grpc::CompletionQueue queue;
    grpc::ClientContext context;
    if (packed) context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
    const auto stream = stub.PrepareCall(&context, path, &queue);
    const auto wait = [&queue] {
      void* tag = nullptr;
      bool ok = false;
      return queue.Next(&tag, &ok) && ok;
    };
    spoken result;
    stream->StartCall(this);
    wait();
    for (const auto& request : requests) {
      const grpc::Slice slice(request);
      stream->Write(grpc::ByteBuffer(&slice, 1), this);
      if (!wait()) break;
      grpc::ByteBuffer answer;
      stream->Read(&answer, this);
      if (!wait()) break;
      grpc::Slice whole;
      answer.DumpToSingleSlice(&whole);
      result.answers.emplace_back(reinterpret_cast<const char*>(whole.begin()), whole.size());
      if (result.answers.size() == cancel_after) context.TryCancel();
    }
    stream->WritesDone(this);
    wait();
    stream->Finish(&result.status, this);
    wait();
    queue.Shutdown();
    wait();
    return result;
  }

 private:
  std::shared_ptr<grpc::Channel> channel_;
};

struct listener : ::testing::Test {
  server::dev_service server;
  io::event_loop& loop = server.loop();

  listener() { server.listen("127.0.0.1:0"); }

  /// Drives the server while another thread does something.
  template <class Function>
  auto serve(Function function) {
    std::atomic<bool> over{false};
    decltype(function()) result{};
    std::thread client([&] {
      result = function();
      over = true;
      loop.post([] {});
    });
    loop.run_until([&] { return over.load(); });
    client.join();
    return result;
  }
  spoken talk(const std::string& path, const std::vector<std::string>& requests, bool packed = false,
              std::size_t cancel_after = 1000) {
    return serve([&] { return plain_client(server.address()).talk(path, requests, packed, cancel_after); });
  }
  static std::string method(const std::string& name) { return io::rpc_path(name); }

  struct outcome {
    io::rpc_result result;
    bool over = false;
  };
  /// A call by Rondo's own transport on the server's own loop.
  std::shared_ptr<outcome> begin(io::transport& way, const std::string& name, const std::string& request,
                                 io::call_options how = {}) {
    auto state = std::make_shared<outcome>();
    asio::co_spawn(loop.executor(), io::unary(way, method(name), request, std::move(how)),
                   [state](std::exception_ptr, io::rpc_result result) {
                     state->result = std::move(result);
                     state->over = true;
                   });
    return state;
  }
  rpc_status end(const std::shared_ptr<outcome>& state) {
    loop.run_until([&] { return state->over; });
    return state->result.status;
  }
  std::unique_ptr<io::transport> connect() {
    client_options options;
    options.target = server.address();
    return std::make_unique<io::grpc_transport>(loop, options);
  }
  static std::string poll_request() {
    service::PollWorkflowTaskQueueRequest request;
    request.set_namespace_("default");
    request.mutable_task_queue()->set_name("queue");
    return request.SerializeAsString();
  }
};

TEST_F(listener, picks_a_port_and_serves_clients_of_its_own_loop) {
  EXPECT_GT(server.port(), 0);
  EXPECT_EQ(server.address(), "127.0.0.1:" + std::to_string(server.port()));
  const auto way = connect();
  const auto state = begin(*way, "GetSystemInfo", "");
  EXPECT_TRUE(end(state).ok());
  service::GetSystemInfoResponse response;
  EXPECT_TRUE(response.ParseFromString(std::string(state->result.response.view())));
  EXPECT_FALSE(response.server_version().empty());
}

TEST_F(listener, sends_statuses_with_their_details) {
  const auto way = connect();
  service::DescribeNamespaceRequest request;
  request.set_namespace_("nowhere");
  const auto status = end(begin(*way, "DescribeNamespace", request.SerializeAsString()));
  EXPECT_EQ(status.code, rpc_code::not_found);
  EXPECT_FALSE(status.from_transport);
  EXPECT_EQ(io::status_details(status).size(), 1U);
  EXPECT_EQ(end(begin(*way, "/a.B/C", "")).message, "unknown service a.B");
}

TEST_F(listener, tells_the_server_of_clients_that_go) {
  const auto way = connect();
  io::call_token token;
  io::call_options how;
  how.token = &token;
  const auto state = begin(*way, "PollWorkflowTaskQueue", poll_request(), std::move(how));
  loop.run_until([&] { return server.frontend().under_way() == 1; });
  token.cancel();
  EXPECT_EQ(end(state).code, rpc_code::cancelled);
  loop.run_until([&] { return server.frontend().under_way() == 0; });
}

TEST_F(listener, ends_in_good_order) {
  const auto way = connect();
  const auto poll = begin(*way, "PollWorkflowTaskQueue", poll_request());
  service::GetWorkflowExecutionHistoryRequest history;
  service::StartWorkflowExecutionRequest start;
  start.set_namespace_("default");
  start.set_workflow_id("w");
  start.set_request_id("r");
  start.mutable_workflow_type()->set_name("t");
  start.mutable_task_queue()->set_name("other");
  EXPECT_TRUE(end(begin(*way, "StartWorkflowExecution", start.SerializeAsString())).ok());
  history.set_namespace_("default");
  history.mutable_execution()->set_workflow_id("w");
  history.set_wait_new_event(true);
  history.set_history_event_filter_type(temporal::api::enums::v1::HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT);
  const auto result = begin(*way, "GetWorkflowExecutionHistory", history.SerializeAsString());
  loop.run_until([&] { return server.frontend().under_way() == 2; });
  server.stop();
  server.run();
  EXPECT_TRUE(end(poll).ok());
  EXPECT_TRUE(poll->result.response.view().empty());
  EXPECT_EQ(end(result).code, rpc_code::unavailable);
  EXPECT_EQ(end(begin(*way, "GetSystemInfo", "")).code, rpc_code::unavailable);
}

TEST_F(listener, refuses_large_requests_as_other_servers_do) {
  const auto way = connect();
  const auto status = end(begin(*way, "StartWorkflowExecution", std::string(5U << 20U, '\x02')));
  EXPECT_EQ(status.code, rpc_code::resource_exhausted);
  EXPECT_EQ(status.message, "grpc: received message larger than max (5242880 vs. 4194304)");
  const auto huge = end(begin(*way, "StartWorkflowExecution", std::string(40U << 20U, '\x02')));
  EXPECT_EQ(huge.code, rpc_code::resource_exhausted);
}

TEST_F(listener, answers_garbage_and_calls_without_a_request) {
  const auto way = connect();
  EXPECT_EQ(end(begin(*way, "StartWorkflowExecution", "\xff\xff\xff")).code, rpc_code::internal);
  EXPECT_EQ(talk(method("GetSystemInfo"), {}).status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_TRUE(end(begin(*way, "GetSystemInfo", "")).ok());
}

TEST_F(listener, unpacks_requests_and_packs_no_answers) {
  service::StartWorkflowExecutionRequest start;
  start.set_namespace_("default");
  start.set_workflow_id("w");
  start.set_request_id("r");
  start.mutable_workflow_type()->set_name("t");
  start.mutable_task_queue()->set_name("other");
  start.mutable_input()->add_payloads()->set_data(std::string(2000, 'x'));
  EXPECT_TRUE(talk(method("StartWorkflowExecution"), {start.SerializeAsString()}, true).status.ok());
  service::GetWorkflowExecutionHistoryRequest request;
  request.set_namespace_("default");
  request.mutable_execution()->set_workflow_id("w");
  // gRPC packs only what becomes smaller by it: a field of 2000 bytes that nobody knows makes the request worth it.
  const std::string asked = request.SerializeAsString() + "\xc2\x3e\xd0\x0f" + std::string(2000, 'y');
  const auto plain = talk(method("GetWorkflowExecutionHistory"), {asked});
  const auto packed = talk(method("GetWorkflowExecutionHistory"), {asked}, true);
  ASSERT_EQ(plain.answers.size(), 1U) << plain.status.error_message();
  ASSERT_EQ(packed.answers.size(), 1U) << packed.status.error_message();
  EXPECT_FALSE(server::is_gzip(plain.answers[0]));
  EXPECT_EQ(packed.answers[0], plain.answers[0]);
}

TEST_F(listener, refuses_what_unpacks_to_too_much) {
  const auto bomb = talk(method("StartWorkflowExecution"), {std::string(15U << 20U, '\0')}, true);
  EXPECT_EQ(bomb.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(bomb.status.error_message(), "grpc: received message larger than max (15728640 vs. 4194304)");
}

TEST_F(listener, is_healthy) {
  const auto watched = talk("/grpc.health.v1.Health/Watch", {std::string()}, false, 1);
  ASSERT_EQ(watched.answers.size(), 1U);
  grpc::health::v1::HealthCheckResponse response;
  ASSERT_TRUE(response.ParseFromString(watched.answers[0]));
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  EXPECT_EQ(watched.status.error_code(), grpc::StatusCode::CANCELLED);
  grpc::health::v1::HealthCheckRequest other;
  other.set_service("other");
  const auto unknown = talk("/grpc.health.v1.Health/Watch", {other.SerializeAsString()}, false, 1);
  ASSERT_TRUE(response.ParseFromString(unknown.answers.at(0)));
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVICE_UNKNOWN);
}

/// One conversation with the reflection service: all services, the files of one of them, and two mistakes.
template <class Request, class Response>
void reflect(const std::function<spoken(const std::vector<std::string>&)>& talk) {
  Request list;
  list.set_list_services("*");
  Request file;
  file.set_file_containing_symbol("temporal.api.workflowservice.v1.WorkflowService.StartWorkflowExecution");
  Request again;
  again.set_file_by_filename("temporal/api/common/v1/message.proto");
  Request missing;
  missing.set_file_by_filename("none.proto");
  const auto said = talk({list.SerializeAsString(), file.SerializeAsString(), again.SerializeAsString(),
                          missing.SerializeAsString(), Request().SerializeAsString()});
  EXPECT_TRUE(said.status.ok()) << said.status.error_message();
  ASSERT_EQ(said.answers.size(), 5U);
  Response answer;
  ASSERT_TRUE(answer.ParseFromString(said.answers[0]));
  std::string names;
  for (const auto& each : answer.list_services_response().service()) names += each.name() + " ";
  EXPECT_EQ(names,
            "grpc.health.v1.Health grpc.reflection.v1.ServerReflection grpc.reflection.v1alpha.ServerReflection "
            "temporal.api.operatorservice.v1.OperatorService temporal.api.workflowservice.v1.WorkflowService ");
  ASSERT_TRUE(answer.ParseFromString(said.answers[1]));
  EXPECT_GT(answer.file_descriptor_response().file_descriptor_proto_size(), 10);
  google::protobuf::FileDescriptorProto proto;
  ASSERT_TRUE(proto.ParseFromString(answer.file_descriptor_response().file_descriptor_proto(0)));
  EXPECT_EQ(proto.name(), "temporal/api/workflowservice/v1/service.proto");
  ASSERT_TRUE(answer.ParseFromString(said.answers[2]));
  EXPECT_EQ(answer.file_descriptor_response().file_descriptor_proto_size(), 1);
  EXPECT_EQ(answer.original_request().file_by_filename(), "temporal/api/common/v1/message.proto");
  ASSERT_TRUE(answer.ParseFromString(said.answers[3]));
  EXPECT_EQ(answer.error_response().error_code(), static_cast<int>(rpc_code::not_found));
  ASSERT_TRUE(answer.ParseFromString(said.answers[4]));
  EXPECT_EQ(answer.error_response().error_code(), static_cast<int>(rpc_code::invalid_argument));
}

TEST_F(listener, tells_what_it_serves) {
  namespace v1 = grpc::reflection::v1;
  namespace v1alpha = grpc::reflection::v1alpha;
  reflect<v1::ServerReflectionRequest, v1::ServerReflectionResponse>([&](const std::vector<std::string>& requests) {
    return talk("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", requests);
  });
  reflect<v1alpha::ServerReflectionRequest, v1alpha::ServerReflectionResponse>(
      [&](const std::vector<std::string>& requests) {
        return talk("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", requests);
      });
}

TEST_F(listener, carries_many_calls_at_once) {
  const auto way = connect();
  std::vector<std::shared_ptr<outcome>> all;
  for (int i = 0; i < 300; ++i) all.push_back(begin(*way, "GetSystemInfo", ""));
  for (const auto& each : all) EXPECT_TRUE(end(each).ok());
}

/// Connections that say nothing and connections that hang up without a word of HTTP.
TEST_F(listener, bears_silent_and_rude_connections) {
  std::vector<int> sockets;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(server.port()));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; i < 200; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    if (i % 2 == 0) {
      EXPECT_GT(send(fd, "GET / HTTP/1.0\r\n\r\n", 18, MSG_NOSIGNAL), 0);
    }
    sockets.push_back(fd);
  }
  const auto way = connect();
  EXPECT_TRUE(end(begin(*way, "GetSystemInfo", "")).ok());
  for (const int fd : sockets) close(fd);
  EXPECT_TRUE(end(begin(*way, "GetSystemInfo", "")).ok());
}

/// A client that asks for more and more and reads nothing is refused before the server's memory is full of its answers.
TEST_F(listener, refuses_more_to_clients_that_do_not_read) {
  const auto way = connect();
  service::StartWorkflowExecutionRequest start;
  start.set_namespace_("default");
  start.set_workflow_id("w");
  start.set_request_id("r");
  start.mutable_workflow_type()->set_name("t");
  start.mutable_task_queue()->set_name("other");
  start.mutable_input()->add_payloads()->set_data(std::string(1900U << 10U, 'x'));
  ASSERT_TRUE(end(begin(*way, "StartWorkflowExecution", start.SerializeAsString())).ok());
  service::GetWorkflowExecutionHistoryRequest history;
  history.set_namespace_("default");
  history.mutable_execution()->set_workflow_id("w");

  struct unread {
    grpc::ClientContext context;
    std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream;
    grpc::Status status;
  };
  const auto refused = serve([&] {
    const auto channel = grpc::CreateChannel(server.address(), grpc::InsecureChannelCredentials());
    grpc::GenericStub stub(channel);
    grpc::CompletionQueue queue;
    std::vector<std::unique_ptr<unread>> calls;
    const auto next = [&queue] {
      void* tag = nullptr;
      bool ok = false;
      return queue.Next(&tag, &ok) ? tag : nullptr;
    };
    const grpc::Slice slice(history.SerializeAsString());
    for (int i = 0; i < 80; ++i) {
      auto& each = *calls.emplace_back(std::make_unique<unread>());
      each.stream = stub.PrepareCall(&each.context, method("GetWorkflowExecutionHistory"), &queue);
      each.stream->StartCall(nullptr);
      next();
      each.stream->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
      next();
    }
    // Answers that nobody reads do not end, so the first call that ends was refused.
    for (auto& each : calls) each->stream->Finish(&each->status, each.get());
    const int code = static_cast<const unread*>(next())->status.error_code();
    for (auto& each : calls) each->context.TryCancel();
    for (std::size_t left = calls.size() - 1; left > 0; --left) next();
    queue.Shutdown();
    next();
    return code;
  });
  EXPECT_EQ(refused, static_cast<int>(rpc_code::resource_exhausted));
  EXPECT_TRUE(end(begin(*way, "GetSystemInfo", "")).ok());
}

TEST(listening, says_why_it_cannot_be_done) {
  server::dev_service first;
  const auto& address = first.listen("127.0.0.1:0");
  const auto text_of = [](const std::string& wanted) -> std::string {
    try {
      server::dev_service second;
      second.listen(wanted);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "no exception";
  };
  EXPECT_EQ(text_of(address), "cannot listen on " + address +
                                  ": the address is in use, perhaps by another server; choose another port, or 0 for "
                                  "any free one");
  EXPECT_EQ(text_of("7233"), "cannot listen on 7233: it is not written as ip:port");
  EXPECT_EQ(text_of("127.0.0.1:99999"), "cannot listen on 127.0.0.1:99999: '99999' is not a port");
  EXPECT_EQ(text_of("192.0.2.1:0"), "cannot listen on 192.0.2.1:0: this machine does not have the address");
  EXPECT_NE(text_of("no.such.host.invalid:0").find("cannot listen on"), std::string::npos);
  EXPECT_THROW(first.listen("127.0.0.1:0"), std::logic_error);
}

TEST(listening, ends_at_once_with_calls_under_way) {
  auto server = std::make_unique<server::dev_service>();
  const std::string address = server->listen("127.0.0.1:0");
  client_options options;
  options.target = address;
  io::grpc_transport way(server->loop(), options);
  bool over = false;
  service::PollWorkflowTaskQueueRequest request;
  request.set_namespace_("default");
  request.mutable_task_queue()->set_name("queue");
  asio::co_spawn(server->loop().executor(),
                 io::unary(way, io::rpc_path("PollWorkflowTaskQueue"), request.SerializeAsString(), {}),
                 [&over](std::exception_ptr, io::rpc_result) { over = true; });
  server->loop().run_until([&] { return server->frontend().under_way() == 1; });
  server.reset();
  EXPECT_FALSE(over);
}

TEST(gzip, unpacks_what_is_whole_and_not_too_large) {
  std::string text;
  EXPECT_FALSE(server::is_gzip("\x0a\x01x"));
  EXPECT_FALSE(server::gunzip("\x1f\x8b\x08", 100, text));
  EXPECT_FALSE(server::gunzip("", 100, text));
  // "hello" as gzip writes it.
  const std::string packed("\x1f\x8b\x08\0\0\0\0\0\x02\xff\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\x05\0\0\0", 25);
  EXPECT_TRUE(server::is_gzip(packed));
  EXPECT_TRUE(server::gunzip(packed, 5, text));
  EXPECT_EQ(text, "hello");
  EXPECT_FALSE(server::gunzip(packed, 4, text));
  EXPECT_FALSE(server::gunzip(packed + "more", 100, text));
  EXPECT_FALSE(server::gunzip(packed.substr(0, 20), 100, text));
}

}  // namespace listener_test
}  // namespace rondo::test
