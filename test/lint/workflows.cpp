// What scripts/lint_workflows.py must find, each marked with the name of its match, and what it must leave alone.
// Read by the lint's own test only; not part of any program.
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <future>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "rondo/workflow.hpp"

using namespace std::chrono_literals;

int counter = 0;
const int limit = 3;
constexpr int most = 5;
struct item {
  int price = 0;
};

rondo::task<int> reads_clocks() {
  auto first = std::chrono::system_clock::now();  // lint: clock
  auto then = std::chrono::steady_clock::now();   // lint: clock
  auto seconds = std::time(nullptr);              // lint: clock
  auto right = rondo::workflow::now();
  co_await rondo::workflow::sleep(1s);
  (void)first, (void)then, (void)right;
  co_return static_cast<int>(seconds);
}

rondo::task<int> rolls_dice() {
  std::random_device device;                // lint: random
  int first = std::rand();                  // lint: random
  std::mt19937 seeded(42);                  // A seed of one's own is repeated.
  auto later = [] { return std::rand(); };  // lint: random
  co_return static_cast<int>(device()) + first + later() + static_cast<int>(seeded());
}

rondo::task<void> waits() {
  std::this_thread::sleep_for(1ms);            // lint: thread
  std::thread other([] {});                    // lint: thread
  auto result = std::async([] { return 1; });  // lint: thread
  other.join();
  co_return;
}

rondo::task<std::string> reads_files() {
  std::ifstream file("prices.txt");        // lint: outside
  const char* home = std::getenv("HOME");  // lint: outside
  co_return home == nullptr ? "" : home;
}

rondo::task<int> remembers(int value) {
  static int calls = 0;       // lint: static
  thread_local int mine = 0;  // lint: static
  static const int fixed = 7;
  static constexpr int known = 8;
  ++counter;           // lint: global
  std::cout << value;  // lint: global
  ++calls, ++mine;
  co_return fixed + known + limit + most + calls + mine;
}

rondo::task<int> walks(std::unordered_map<std::string, int> prices) {
  int sum = 0;
  for (const auto& [name, price] : prices) sum += price;  // lint: unordered
  std::set<const item*> items;
  for (const auto* each : items) sum += each->price;  // lint: pointer-order
  std::map<std::string, int> sorted(prices.begin(), prices.end());
  for (const auto& [name, price] : sorted) sum += price;
  sum += prices.at("one");
  co_return sum;
}

struct order_workflow {
  rondo::task<void> run() { co_await rondo::workflow::sleep(1s); }
  void approve() { approved_at = std::chrono::system_clock::now(); }  // lint: clock
  std::chrono::system_clock::time_point approved_at{};
};

// What workflow code calls of the same source is part of it.
int price_of(int number);
struct order_prices {
  explicit order_prices(int of) : first(of + std::rand()) {}  // lint: random through order_prices
  int total() const;
  int first = 0;
};
int hours_now() {
  const auto now = std::chrono::steady_clock::now();  // lint: clock through total, hours_now
  return static_cast<int>(now.time_since_epoch() / 1h);
}
int logged(int value) {
  // lint: ignore global - what is shown decides nothing
  std::cerr << value;
  // lint: ignore clock - another name than that of what is found
  std::cout << value;  // lint: global through logged
  return value;
}
int measured() { return static_cast<int>(std::time(nullptr)); }
int recorded_once() { return std::rand(); }
rondo::task<int> calls_others(int number) {
  const order_prices prices(number);
  const auto later = [&] { return price_of(number) + logged(prices.total()); };
  const int took = measured();  // lint: ignore clock - for the log alone
  const int chosen = rondo::workflow::side_effect([] { return std::rand() + recorded_once(); });
  co_return later() + took + chosen;
}
int price_of(int number) {
  static int last = 0;  // lint: static through price_of
  last = number > 1 ? price_of(number - 1) : 0;
  return last;
}
int order_prices::total() const { return first + hours_now(); }

// Activities do as they please.
int activity() {
  ++counter;
  std::this_thread::sleep_for(1ms);
  return std::rand();
}

// A class that is no workflow.
struct cache {
  void run() { read_at = std::chrono::steady_clock::now(); }
  std::chrono::steady_clock::time_point read_at{};
};
