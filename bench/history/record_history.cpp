// Runs the workload of bench/workload.hpp on a server and keeps its history: a binary temporal.api.history.v1.History,
// compressed by gzip.
//   record_history ADDRESS FILE [ACTIVITIES]
#include <google/protobuf/io/gzip_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <temporal/api/history/v1/message.pb.h>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>

#include "../workload.hpp"
#include "rondo/client.hpp"
#include "rondo/worker.hpp"

namespace {

void write_compressed(const std::string& path, const rondo::workflow_history& recorded) {
  temporal::api::history::v1::History history;
  if (!history.ParseFromString(recorded.bytes())) throw std::runtime_error("the history cannot be read");
  std::ofstream file(path, std::ios::binary);
  google::protobuf::io::OstreamOutputStream plain(&file);
  google::protobuf::io::GzipOutputStream::Options options;
  options.compression_level = 9;
  google::protobuf::io::GzipOutputStream compressed(&plain, options);
  if (!history.SerializeToZeroCopyStream(&compressed) || !compressed.Close()) {
    throw std::runtime_error("cannot write " + path);
  }
}

asio::awaitable<void> record(const rondo::client& client, std::string path, int activities) {
  const auto run = co_await client.start_workflow<bench::sequential_activities>({.task_queue = "record"}, activities);
  const int result = co_await run.result();
  const auto history = co_await run.history();
  write_compressed(path, history);
  std::cout << path << ": result " << result << ", " << history.events() << " events\n";
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::cerr << "usage: record_history ADDRESS FILE [ACTIVITIES]\n";
    return 2;
  }
  const std::string path = arguments[2];
  const int activities = count > 3 ? std::stoi(arguments[3]) : 1000;
  const auto client = rondo::client::connect({.target = arguments[1]});
  rondo::worker worker(client, bench::workload(), {.task_queue = "record"});
  std::exception_ptr failure;
  asio::co_spawn(client.executor(), record(client, path, activities), [&](const std::exception_ptr& error) {
    failure = error;
    worker.stop();
  });
  worker.run();
  if (failure) std::rethrow_exception(failure);
}
