#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace rondo::test {

/// What the test server answers; `hang` waits until the caller goes away.
struct grpc_answer {
  grpc::Status status;
  std::string bytes;
  bool hang = false;
};

/// gRPC server on a loopback port whose one handler gets every call.
class grpc_test_server {
 public:
  using handler = std::function<grpc_answer(const grpc::GenericCallbackServerContext&, const std::string& request)>;

  explicit grpc_test_server(handler function,
                            std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials())
      : function_(std::move(function)), credentials_(std::move(credentials)) {
    start();
  }
  ~grpc_test_server() { stop(); }
  grpc_test_server(const grpc_test_server&) = delete;
  grpc_test_server& operator=(const grpc_test_server&) = delete;

  void start() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port_), credentials_, &port_);
    builder.SetMaxReceiveMessageSize(64 * 1024 * 1024);
    // gRPC lets a service live in one server only.
    service_ = std::make_unique<service>(function_, counters_);
    builder.RegisterCallbackGenericService(service_.get());
    server_ = builder.BuildAndStart();
  }

  void stop() {
    if (!server_) return;
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
    server_.reset();
  }

  bool running() const { return server_ != nullptr; }
  std::uint16_t port() const { return static_cast<std::uint16_t>(port_); }
  std::string target() const { return "127.0.0.1:" + std::to_string(port_); }
  int calls() const { return counters_.calls; }
  int cancelled() const { return counters_.cancelled; }

 private:
  struct counters {
    std::atomic<int> calls{0};
    std::atomic<int> cancelled{0};
  };

  class service final : public grpc::CallbackGenericService {
   public:
    service(handler answer, counters& to) : function(std::move(answer)), count(to) {}
    grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override;

    handler function;
    counters& count;
  };

  class reactor final : public grpc::ServerGenericBidiReactor {
   public:
    reactor(service& owner, grpc::GenericCallbackServerContext* context) : owner_(owner), context_(context) {
      StartRead(&request_);
    }

    void OnReadDone(bool ok) override {
      if (!ok) return finish(grpc::Status(grpc::StatusCode::INTERNAL, "no request"));
      grpc::Slice slice;
      request_.DumpToSingleSlice(&slice);
      ++owner_.count.calls;
      const auto answer =
          owner_.function(*context_, std::string(reinterpret_cast<const char*>(slice.begin()), slice.size()));
      if (answer.hang) return;
      if (!answer.status.ok()) return finish(answer.status);
      const grpc::Slice bytes(answer.bytes);
      response_ = grpc::ByteBuffer(&bytes, 1);
      const std::lock_guard lock(mutex_);
      if (std::exchange(finished_, true)) return;
      StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
    }

    void OnCancel() override {
      ++owner_.count.cancelled;
      finish(grpc::Status::CANCELLED);
    }

    void OnDone() override { delete this; }

   private:
    void finish(const grpc::Status& status) {
      const std::lock_guard lock(mutex_);
      if (std::exchange(finished_, true)) return;
      Finish(status);
    }

    service& owner_;
    grpc::GenericCallbackServerContext* context_;
    grpc::ByteBuffer request_;
    grpc::ByteBuffer response_;
    std::mutex mutex_;
    bool finished_ = false;
  };

  int port_ = 0;
  handler function_;
  counters counters_;
  std::unique_ptr<service> service_;
  std::shared_ptr<grpc::ServerCredentials> credentials_;
  std::unique_ptr<grpc::Server> server_;
};

inline grpc::ServerGenericBidiReactor* grpc_test_server::service::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  return new reactor(*this, context);
}

}  // namespace rondo::test
