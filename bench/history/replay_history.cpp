// Measures how fast a recorded history is replayed, each round from its bytes, as bench/peers/go_replay does.
//   replay_history FILE [ROUNDS]
#include <google/protobuf/arena.h>
#include <google/protobuf/io/gzip_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <temporal/api/history/v1/message.pb.h>

#include <chrono>
#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>

#include "../workload.hpp"
#include "rondo/detail/engine/replay.hpp"

namespace {

using temporal::api::history::v1::History;

std::string read_compressed(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  google::protobuf::io::IstreamInputStream compressed(&file);
  google::protobuf::io::GzipInputStream plain(&compressed);
  std::string bytes;
  const void* piece = nullptr;
  for (int size = 0; plain.Next(&piece, &size);)
    bytes.append(static_cast<const char*>(piece), static_cast<std::size_t>(size));
  if (bytes.empty()) throw std::runtime_error("cannot read " + path);
  return bytes;
}

/// Replays once and gives the number of events.
int replay_once(const rondo::registry& app, const std::string& bytes) {
  google::protobuf::Arena arena;
  auto* history = google::protobuf::Arena::CreateMessage<History>(&arena);
  if (!history->ParseFromString(bytes)) throw std::runtime_error("the history cannot be parsed");
  const auto& type = history->events(0).workflow_execution_started_event_attributes().workflow_type().name();
  const auto* definition = app.find_workflow(type);
  if (definition == nullptr) throw std::runtime_error("unknown workflow " + type);
  const auto result = rondo::detail::engine::replay(*definition, *history);
  if (!result.ok) throw std::runtime_error(result.message);
  return history->events_size();
}

void measure(const std::string& path, int rounds) {
  const auto app = bench::workload();
  const auto bytes = read_compressed(path);
  int events = replay_once(app, bytes);
  const auto begin = std::chrono::steady_clock::now();
  for (int round = 0; round < rounds; ++round) events = replay_once(app, bytes);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  std::cout << "events=" << events << " rounds=" << rounds
            << " events_per_second=" << static_cast<long long>(events * rounds / time.count()) << "\n";
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::cerr << "usage: replay_history FILE [ROUNDS]\n";
    return 2;
  }
  try {
    measure(arguments[1], count > 2 ? std::stoi(arguments[2]) : 20);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
