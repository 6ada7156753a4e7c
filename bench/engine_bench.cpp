// Replay of 1,000 activities one after the other, against the cost of reading the history alone.
//
//     engine_bench [benchmark options]      reads bench/data from the project's folder, or from RONDO_BENCH_DATA
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include <google/protobuf/arena.h>
#include <google/protobuf/io/gzip_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>

#include "rondo/detail/engine/replay.hpp"
#include "rondo/detail/engine/workflow_run.hpp"
#include "workload.hpp"

namespace {

std::size_t allocations = 0;

namespace engine = rondo::detail::engine;

/// The recorded history as bytes.
const std::string& recorded() {
  static const std::string bytes = [] {
    const char* folder = std::getenv("RONDO_BENCH_DATA");
    const std::string path =
        std::string(folder == nullptr ? "bench/data" : folder) + "/rondo_1000_activities.history.gz";
    std::ifstream file(path, std::ios::binary);
    if (!file)
      throw std::runtime_error("cannot open " + path + ": run in the project's folder or set RONDO_BENCH_DATA");
    google::protobuf::io::IstreamInputStream compressed(&file);
    google::protobuf::io::GzipInputStream plain(&compressed);
    engine::History history;
    if (!history.ParseFromZeroCopyStream(&plain)) throw std::runtime_error("cannot read " + path);
    return history.SerializeAsString();
  }();
  return bytes;
}

/// An arena whose first block is used again and again.
class reused_arena {
 public:
  reused_arena() : block_(4U << 20U) {}
  google::protobuf::Arena& begin() {
    arena_.reset();
    google::protobuf::ArenaOptions options;
    options.initial_block = block_.data();
    options.initial_block_size = block_.size();
    arena_ = std::make_unique<google::protobuf::Arena>(options);
    return *arena_;
  }
  engine::History& parse() {
    auto& history = *google::protobuf::Arena::CreateMessage<engine::History>(&begin());
    history.ParseFromString(recorded());
    return history;
  }

 private:
  std::vector<char> block_;
  std::unique_ptr<google::protobuf::Arena> arena_;
};

void per_event(benchmark::State& state, int events) {
  state.counters["cpu/event"] = benchmark::Counter(
      static_cast<double>(events), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void parse(benchmark::State& state) {
  reused_arena arena;
  int events = 0;
  for (auto unused : state) {
    static_cast<void>(unused);
    events = arena.parse().events_size();
  }
  per_event(state, events);
}
BENCHMARK(parse)->Unit(benchmark::kMicrosecond);

const rondo::detail::run::workflow_definition& workflow() {
  static const auto registry = bench::workload();
  return *registry.find_workflow("sequential_activities");
}

void replay(benchmark::State& state) {
  reused_arena arena;
  rondo::detail::block_store blocks;
  engine::replay_options options;
  options.run.blocks = &blocks;
  const auto& history = arena.parse();
  std::size_t counted = 0, rounds = 0;
  for (auto unused : state) {
    static_cast<void>(unused);
    const auto before = allocations;
    const auto result = engine::replay(workflow(), history, options);
    counted += allocations - before;
    ++rounds;
    if (!result.ok) state.SkipWithError(result.message.c_str());
  }
  per_event(state, history.events_size());
  state.counters["allocations/run"] = static_cast<double>(counted) / static_cast<double>(rounds);
}
BENCHMARK(replay)->Unit(benchmark::kMicrosecond);

void parse_and_replay(benchmark::State& state) {
  reused_arena arena;
  rondo::detail::block_store blocks;
  engine::replay_options options;
  options.run.blocks = &blocks;
  int events = 0;
  for (auto unused : state) {
    static_cast<void>(unused);
    const auto& history = arena.parse();
    events = history.events_size();
    const auto result = engine::replay(workflow(), history, options);
    if (!result.ok) state.SkipWithError(result.message.c_str());
  }
  per_event(state, events);
}
BENCHMARK(parse_and_replay)->Unit(benchmark::kMicrosecond);

/// The tasks that a server would have sent for the recorded run, the last event of each being its start.
std::vector<engine::service::PollWorkflowTaskQueueResponse> tasks_of(const engine::History& history) {
  std::vector<engine::service::PollWorkflowTaskQueueResponse> tasks(1);
  std::int64_t previous = 0;
  for (const auto& event : history.events()) {
    *tasks.back().mutable_history()->add_events() = event;
    if (event.event_type() != engine::enums::EVENT_TYPE_WORKFLOW_TASK_STARTED) continue;
    tasks.back().set_started_event_id(event.event_id());
    tasks.back().set_previous_started_event_id(previous);
    previous = event.event_id();
    tasks.emplace_back();
  }
  tasks.pop_back();
  return tasks;
}

/// Live: one task after the other on a cached run, commands are made and sent.
void cached_run(benchmark::State& state) {
  reused_arena parsed;
  const auto& history = parsed.parse();
  const auto tasks = tasks_of(history);
  std::vector<char> block(64U << 10U);
  google::protobuf::ArenaOptions arena_options;
  arena_options.initial_block = block.data();
  arena_options.initial_block_size = block.size();
  const auto options = std::make_shared<const engine::run_options>();
  for (auto unused : state) {
    static_cast<void>(unused);
    engine::workflow_run run(workflow(), options);
    for (const auto& task : tasks) {
      google::protobuf::Arena arena(arena_options);
      const auto step = run.accept(task, arena);
      if (step.kind != engine::step_kind::completed) state.SkipWithError("a task was not completed");
      run.accepted();
    }
  }
  per_event(state, history.events_size());
  state.counters["cpu/task"] = benchmark::Counter(
      static_cast<double>(tasks.size()), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(cached_run)->Unit(benchmark::kMicrosecond);

}  // namespace

// Not inlined: gcc 12 would warn of mismatched pairs.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }

BENCHMARK_MAIN();
