// Coroutines of a run without an engine: calling tasks, waking them, awaiting operations.
#include <benchmark/benchmark.h>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <coroutine>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

#include "rondo/detail/run/instance.hpp"
#include "rondo/registry.hpp"
#include "rondo/workflow.hpp"

namespace {

std::size_t allocations = 0;

namespace run = rondo::detail::run;
namespace workflow = rondo::workflow;

/// An engine that resolves everything at once when it is told to.
class instant_host final : public run::host {
 public:
  class timer final : public run::pending {
   public:
    void begin(run::completion& waiter) { bind(waiter); }
    void fire() { resolve({}); }
    void cancel() override {}
  };
  run::pending& schedule_activity(const run::activity_call& /*call*/, run::completion& waiter) override {
    last.begin(waiter);
    return last;
  }
  run::pending& schedule_local_activity(const run::local_activity_call& /*call*/, run::completion& waiter) override {
    last.begin(waiter);
    return last;
  }
  run::pending& start_timer(rondo::duration /*delay*/, std::string_view /*summary*/, run::completion& waiter) override {
    last.begin(waiter);
    return last;
  }
  run::child_identity start_child(const run::child_workflow_call& /*call*/, run::completion* /*started*/,
                                  run::completion& closed) override {
    last.begin(closed);
    return {"child", {}};
  }
  void start_nexus_operation(const run::nexus_call& /*call*/, run::completion* /*started*/,
                             run::completion& closed) override {
    last.begin(closed);
  }
  run::pending& signal_workflow(const run::signal_call& /*call*/, run::completion& waiter) override {
    last.begin(waiter);
    return last;
  }
  std::string signal_with_start(const run::signal_with_start_call& call, run::completion& closed) override {
    last.begin(closed);
    return std::string(call.options.id);
  }
  run::pending& cancel_workflow(const run::other_workflow& /*which*/, std::string_view /*reason*/,
                                run::completion& waiter) override {
    last.begin(waiter);
    return last;
  }
  bool patched(std::string_view /*id*/, bool /*deprecated*/) override { return true; }
  int version(std::string_view /*change*/, int /*oldest*/, int newest) override { return newest; }
  rondo::payload_span side_effect(run::encoder /*make*/, std::string_view /*summary*/) override { std::abort(); }
  rondo::payload_span mutable_side_effect(std::string_view /*id*/, run::changing_value& /*value*/,
                                          std::string_view /*summary*/) override {
    std::abort();
  }
  void upsert_search_attributes(const rondo::payload_map& /*changes*/) override {}
  void upsert_memo(const rondo::payload_map& /*changes*/) override {}
  void accept_update(std::string_view /*id*/) override {}
  void reject_update(std::string_view /*id*/, const std::exception_ptr& /*why*/) override { std::abort(); }
  void complete_update(std::string_view /*id*/, run::encoder /*result*/) override {}
  void fail_update(std::string_view /*id*/, const std::exception_ptr& /*error*/) override { std::abort(); }
  bool ending() const override { return done; }
  void complete(run::encoder /*result*/) override { done = true; }
  void fail(const std::exception_ptr& /*error*/) override { std::abort(); }
  void cancelled() override { std::abort(); }
  void continue_as_new(const run::continue_as_new_call& /*call*/) override { std::abort(); }
  void fail_task(std::exception_ptr /*error*/) noexcept override { std::abort(); }
  std::string next_child_id() const override { return "child"; }
  const rondo::workflow_info& info() const override { return about; }
  rondo::workflow_time now() const override { return {}; }
  std::uint64_t random_seed() const override { return 1; }
  bool is_replaying() const override { return false; }
  const rondo::logger& logger() const override { return log; }
  bool use_flag(std::uint32_t /*flag*/) override { return true; }

  timer last;
  bool done = false;
  rondo::workflow_info about;
  rondo::logger log = rondo::logger::silent();
};

constexpr int rounds = 1000;

rondo::task<int> child(int value) { co_return value + 1; }
rondo::task<int> calls_children(int count) {
  int sum = 0;
  for (int round = 0; round < count; ++round) sum = co_await child(sum);
  co_return sum;
}
rondo::task<> waits_again_and_again(int count) {
  for (int round = 0; round < count; ++round) co_await workflow::sleep(std::chrono::seconds(1));
}
rondo::task<int> deep(int depth) {
  if (depth == 0) co_return 0;
  const int below = co_await deep(depth - 1);
  co_return below + 1;
}

const rondo::registry& app() {
  static const auto all =
      rondo::registry{}.workflow<calls_children>().workflow<waits_again_and_again>().workflow<deep>();
  return all;
}

template <class Drive>
void run_workflow(benchmark::State& state, const char* name, Drive drive) {
  rondo::detail::block_store blocks;
  const rondo::payload_view argument("json/plain", "1000");
  const std::size_t before = allocations;
  for (auto _ : state) {
    instant_host host;
    rondo::detail::run_arena memory(&blocks);
    run::instance instance(*app().find_workflow(name), host, &memory);
    instance.create({});
    instance.start(rondo::payload_span(&argument, 1));
    drive(instance, host);
  }
  const auto operations = static_cast<double>(state.iterations()) * rounds;
  state.SetItemsProcessed(state.iterations() * rounds);
  state.counters["allocations_per_item"] = static_cast<double>(allocations - before) / operations;
}

/// Creating, awaiting and destroying a child task.
void task_call(benchmark::State& state) {
  run_workflow(state, "calls_children", [](auto& instance, auto& /*host*/) { instance.run(); });
}
BENCHMARK(task_call);

/// The same with the coroutine type of asio.
asio::awaitable<int> asio_child(int value) { co_return value + 1; }
asio::awaitable<void> asio_calls(int count) {
  int sum = 0;
  for (int round = 0; round < count; ++round) sum = co_await asio_child(sum);
  benchmark::DoNotOptimize(sum);
}
void task_call_asio(benchmark::State& state) {
  asio::io_context context;
  for (auto _ : state) {
    asio::co_spawn(context, asio_calls(rounds), asio::detached);
    context.run();
    context.restart();
  }
  state.SetItemsProcessed(state.iterations() * rounds);
}
BENCHMARK(task_call_asio);

/// Calls a thousand deep.
void task_depth(benchmark::State& state) {
  run_workflow(state, "deep", [](auto& instance, auto& /*host*/) { instance.run(); });
}
BENCHMARK(task_depth);

/// An operation that is begun, resolved by the engine, and resumes its awaiter through the queue.
void operation_resume(benchmark::State& state) {
  run_workflow(state, "waits_again_and_again", [](auto& instance, auto& host) {
    instance.run();
    while (!host.done) {
      host.last.fire();
      instance.run();
    }
  });
}
BENCHMARK(operation_resume);

}  // namespace

// Counted, to show that nothing is allocated per operation. Not inlined: gcc 12 would warn of mismatched pairs.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }

BENCHMARK_MAIN();
