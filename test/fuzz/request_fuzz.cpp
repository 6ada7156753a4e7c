#include <google/protobuf/descriptor.h>
#include <google/protobuf/stubs/logging.h>
#include <temporal/api/operatorservice/v1/service.pb.h>
#include <temporal/api/testservice/v1/service.pb.h>
#include <temporal/api/workflowservice/v1/service.pb.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// With all bodies, so that they are compiled with the fuzzer's eyes.
#include "rondo/dev_server.hpp"

// Any sequence of requests is answered, refused or left waiting; none makes the server stumble. The bytes are requests
// one after the other: the number of the method, the length of the message in two bytes, the message.
namespace {

namespace server = rondo::server;

const std::vector<std::string>& methods() {
  static const std::vector<std::string> all = [] {
    google::protobuf::SetLogHandler(nullptr);
    // Named, so that they are linked.
    const google::protobuf::internal::DescriptorTable* tables[] = {
        &descriptor_table_temporal_2fapi_2fworkflowservice_2fv1_2fservice_2eproto,
        &descriptor_table_temporal_2fapi_2foperatorservice_2fv1_2fservice_2eproto,
        &descriptor_table_temporal_2fapi_2ftestservice_2fv1_2fservice_2eproto};
    std::vector<std::string> paths{"", "/", "/a.B/C", "/grpc.health.v1.Health/Check"};
    for (const auto* table : tables) {
      const auto* file = google::protobuf::DescriptorPool::generated_pool()->FindFileByName(table->filename);
      const auto* service = file->service(0);
      for (int i = 0; i < service->method_count(); ++i) {
        paths.push_back("/" + service->full_name() + "/" + service->method(i)->name());
      }
    }
    return paths;
  }();
  return all;
}

class fuzz_call final : public server::incoming_call {
 public:
  fuzz_call(std::string_view path, std::string_view request) : path_(path), request_(request) {}

  std::string_view path() const noexcept override { return path_; }
  std::string_view request() const noexcept override { return request_; }
  server::io::time_point deadline() const noexcept override { return server::io::time_point::max(); }
  std::string_view header(std::string_view) const noexcept override { return {}; }
  void finish(server::io::rpc_result result) override {
    if (finished() || abandoned()) std::abort();
    set_finished();
    // What nobody foresaw; requests that are no messages have a text of their own.
    const bool stumbled = result.status.code == rondo::rpc_code::internal &&
                          !result.status.message.starts_with("grpc: error unmarshalling request");
    if (stumbled) std::abort();
  }
  void go() { abandon(); }

 private:
  std::string path_;
  std::string request_;
};

server::options settings() {
  server::options made;
  made.time_skipping = true;
  made.start_time = 1'577'836'800LL * server::second;
  made.seed = 1;
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  server::dev_service service(settings());
  std::vector<std::shared_ptr<fuzz_call>> calls;
  std::string_view left(reinterpret_cast<const char*>(data), size);
  while (left.size() >= 3) {
    const auto byte = [&left](std::size_t at) { return static_cast<std::uint8_t>(left[at]); };
    const auto& path = methods()[byte(0) % methods().size()];
    const std::size_t length = byte(1) + 256U * byte(2);
    left.remove_prefix(3);
    calls.push_back(std::make_shared<fuzz_call>(path, left.substr(0, length)));
    left.remove_prefix(std::min(length, left.size()));
    service.frontend().handle(calls.back());
    service.loop().poll();
    // Every third client leaves, every fourth request takes its time.
    if (calls.size() % 3 == 0) calls[calls.size() / 2]->go();
    if (calls.size() % 4 == 0) service.clock().skip_to(service.clock().now() + 30 * server::second);
  }
  service.clock().skip_to(service.clock().now() + 2 * server::day);
  for (int turns = 0; turns < 4; ++turns) service.loop().poll();
  return 0;
}
