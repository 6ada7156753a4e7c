// crash RONDO [--kills N] [--seed N]: kills a development server that keeps its runs in a file, again and again at
// random moments under load, and checks that nothing it acknowledged is lost and nothing happens twice.
#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/client.hpp"
#include "rondo/worker.hpp"
#include "rondo/workflow.hpp"
#include "support/program.hpp"

namespace crash {

using namespace std::chrono_literals;
namespace workflow = rondo::workflow;

inline int echo(int number) { return number; }

struct tally {
  std::vector<int> steps;
  std::vector<int> heard;
};

constexpr rondo::retry_policy quickly{.initial_interval = 10ms, .backoff_coefficient = 1};

/// Does its steps, hears numbers until it is told that there are no more, and returns all of it.
class collector {
 public:
  rondo::task<tally> run(int steps) {
    tally all;
    for (int step = 0; step < steps; ++step) {
      all.steps.push_back(
          co_await workflow::execute_activity<echo>({.start_to_close_timeout = 2s, .retry = quickly}, step));
      co_await workflow::sleep(20ms);
    }
    co_await workflow::wait_condition([this] { return finished_; });
    all.heard = heard_;
    co_return all;
  }
  void hear(int number) { heard_.push_back(number); }
  void finish() { finished_ = true; }

  static constexpr auto handlers = rondo::handlers(rondo::signal<&collector::hear>, rondo::signal<&collector::finish>);

 private:
  std::vector<int> heard_;
  bool finished_ = false;
};

/// The server's process, always on the same port and file.
class server_process {
 public:
  server_process(std::string program, std::filesystem::path folder)
      : program_(std::move(program)), folder_(std::move(folder)) {}

  void start() {
    process_.emplace(
        rondo::test::words{program_, "server", "start-dev", "--ip", "127.0.0.1", "--port", std::to_string(port_),
                           "--db-filename", (folder_ / "runs.db").string(), "--log-level", "error", "-o", "json"},
        rondo::test::program_setup{.show_errors = true});
    const std::string line = process_->first_line();
    const auto colon = line.find("127.0.0.1:");
    if (colon == std::string::npos) throw std::runtime_error("the server does not start; it said: " + line);
    port_ = std::atoi(line.c_str() + colon + 10);
  }

  void kill() { process_.reset(); }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  std::string program_;
  std::filesystem::path folder_;
  int port_ = 0;
  std::optional<rondo::test::running_program> process_;
};

struct plan {
  int kills = 20;
  std::uint64_t seed = 1;
  int at_once = 12;
  int steps = 4;
  int signals = 6;
};

/// What the clients saw, and what is wrong with it.
struct outcome {
  int kills = 0;
  int completed = 0;
  int acknowledged_signals = 0;
  bool stopping = false;
  int active = 0;
  std::vector<std::string> faults;
};

asio::awaitable<void> wait(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

/// Sends until it is acknowledged.
template <class Send>
asio::awaitable<void> insist(Send send) {
  for (;;) {
    bool done = false;
    try {
      co_await send();
      done = true;
    } catch (const rondo::rpc_error&) {
      // The server is down; the next try may find it.
    }
    if (done) co_return;
    co_await wait(20ms);
  }
}

void check_events(const rondo::workflow_history& history, const std::string& id, outcome& into) {
  temporal::api::history::v1::History parsed;
  if (!parsed.ParseFromString(history.bytes())) into.faults.push_back(id + ": the history cannot be read");
  std::int64_t next = 1;
  std::map<std::int64_t, int> ends;
  for (const auto& event : parsed.events()) {
    if (event.event_id() != next++) into.faults.push_back(id + ": event ids have a gap");
    if (event.has_activity_task_completed_event_attributes()) {
      ++ends[event.activity_task_completed_event_attributes().scheduled_event_id()];
    }
  }
  for (const auto& [scheduled, times] : ends) {
    if (times != 1) into.faults.push_back(id + ": an activity completed " + std::to_string(times) + " times");
  }
}

void check_result(const tally& result, const std::set<int>& acknowledged, const plan& by, const std::string& id,
                  outcome& into) {
  for (int step = 0; step < by.steps; ++step) {
    if (result.steps.size() != static_cast<std::size_t>(by.steps) ||
        result.steps[static_cast<std::size_t>(step)] != step) {
      into.faults.push_back(id + ": steps are wrong");
      break;
    }
  }
  const std::set<int> heard(result.heard.begin(), result.heard.end());
  if (heard.size() != result.heard.size()) into.faults.push_back(id + ": a signal was heard twice");
  if (!std::includes(heard.begin(), heard.end(), acknowledged.begin(), acknowledged.end())) {
    into.faults.push_back(id + ": an acknowledged signal is lost");
  }
}

asio::awaitable<void> send_signals(rondo::workflow_handle<collector> handle, int count, std::set<int>& acknowledged) {
  for (int number = 0; number < count; ++number) {
    try {
      co_await handle.signal<&collector::hear>(number);
      acknowledged.insert(number);
    } catch (const rondo::rpc_error&) {
      // Not acknowledged: it may have arrived or not.
    }
    co_await wait(10ms);
  }
}

asio::awaitable<void> drive_one(rondo::client client, const plan& by, std::string id, outcome& into) {
  const rondo::start_workflow_options options{
      .id = id, .task_queue = "crash", .conflict = rondo::id_conflict_policy::use_existing, .task_timeout = 2s};
  std::optional<rondo::workflow_handle<collector>> handle;
  const auto start = [&]() -> asio::awaitable<void> {
    handle.emplace(co_await client.start_workflow<collector>(options, by.steps));
  };
  co_await insist(start);
  std::set<int> acknowledged;
  co_await send_signals(*handle, by.signals, acknowledged);
  const auto finish = [&]() -> asio::awaitable<void> { co_await handle->signal<&collector::finish>(); };
  co_await insist(finish);
  std::optional<tally> result;
  const auto fetch = [&]() -> asio::awaitable<void> { result.emplace(co_await handle->result()); };
  co_await insist(fetch);
  std::optional<rondo::workflow_history> history;
  const auto look = [&]() -> asio::awaitable<void> { history.emplace(co_await handle->history()); };
  co_await insist(look);
  check_result(*result, acknowledged, by, id, into);
  check_events(*history, id, into);
  ++into.completed;
  into.acknowledged_signals += static_cast<int>(acknowledged.size());
}

asio::awaitable<void> drive(rondo::client client, const plan& by, int lane, outcome& into) {
  ++into.active;
  for (int number = 0; !into.stopping; ++number) {
    const std::string id = "crash-" + std::to_string(lane) + "-" + std::to_string(number);
    try {
      co_await drive_one(client, by, id, into);
    } catch (const std::exception& error) {
      into.faults.push_back(id + ": " + error.what());
    }
  }
  --into.active;
}

asio::awaitable<void> kill_again_and_again(server_process& server, const plan& by, outcome& into) {
  std::mt19937_64 random(by.seed);
  std::uniform_int_distribution<int> pause(0, 400);
  while (into.kills < by.kills && into.faults.empty()) {
    co_await wait(std::chrono::milliseconds(pause(random)));
    server.kill();
    server.start();
    ++into.kills;
    if (into.kills % 20 == 0) std::cout << into.kills << " kills, " << into.completed << " workflows\n" << std::flush;
  }
  into.stopping = true;
}

plan read(int count, char** arguments) {
  plan by;
  for (int index = 2; index + 1 < count; index += 2) {
    const std::string_view name = arguments[index];
    if (name == "--kills") by.kills = std::atoi(arguments[index + 1]);
    if (name == "--seed") by.seed = static_cast<std::uint64_t>(std::atoll(arguments[index + 1]));
  }
  return by;
}

asio::awaitable<void> run(rondo::client client, rondo::worker& worker, server_process& server, const plan& by,
                          outcome& into) {
  const auto executor = co_await asio::this_coro::executor;
  asio::co_spawn(executor, worker.async_run(), asio::detached);
  for (int lane = 0; lane < by.at_once; ++lane) asio::co_spawn(executor, drive(client, by, lane, into), asio::detached);
  co_await kill_again_and_again(server, by, into);
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (into.active > 0 && std::chrono::steady_clock::now() < end) co_await wait(20ms);
  if (into.active > 0) into.faults.push_back("a workflow does not complete");
}

}  // namespace crash

int main(int count, char** arguments) {
  using namespace crash;
  if (count < 2) {
    std::cerr << "usage: crash RONDO [--kills N] [--seed N]\n";
    return 2;
  }
  const plan by = read(count, arguments);
  std::string folder = (std::filesystem::temp_directory_path() / "rondo-crash-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return 2;
  outcome into;
  try {
    server_process server(arguments[1], folder);
    server.start();
    auto client = rondo::client::connect({.target = server.address()});
    rondo::worker worker(client, rondo::registry{}.workflow<collector>().activity<echo>(),
                         {.task_queue = "crash", .logger = rondo::logger::silent()});
    client.loop().block_on(run(client, worker, server, by, into));
  } catch (const std::exception& error) {
    into.faults.push_back(error.what());
  }
  std::cout << into.kills << " kills, " << into.completed << " workflows completed, " << into.acknowledged_signals
            << " acknowledged signals\n";
  for (const auto& fault : into.faults) std::cout << "FAULT: " << fault << "\n";
  if (into.faults.empty()) {
    std::filesystem::remove_all(folder);
  } else {
    std::cout << "the database stays at " << folder << "\n";
  }
  return into.faults.empty() && into.completed > 0 ? 0 : 1;
}
