#pragma once
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/registry.hpp"
#include "rondo/workflow.hpp"

// Workflows whose histories lie in test/histories. What they do must never change: every later version replays them.
namespace rondo::test::recorded {

struct item {
  std::string sku;
  int count = 0;
  friend bool operator==(const item&, const item&) = default;
};

// Implemented where the tests run activities; replays need only their names.
std::string greet(std::string name);
int add(int left, int right);
item pick(item wanted);
bool fails_first(std::string key);
void never();

namespace detail {
constexpr activity_options soon{.start_to_close_timeout = std::chrono::seconds(10)};
}  // namespace detail

/// Activities one after another, a struct both ways, a timer between.
struct steps {
  task<int> run(int rounds) {
    int sum = 0;
    for (int round = 0; round < rounds; ++round) {
      sum = co_await workflow::execute_activity<add>(detail::soon, sum, round);
    }
    item wanted{.sku = "apple", .count = sum};
    const item picked = co_await workflow::execute_activity<pick>(detail::soon, wanted);
    co_await workflow::sleep(std::chrono::milliseconds(50));
    co_return picked.count;
  }
};

/// Several at once: all, the first, and one that is cancelled by losing.
struct fan_out {
  task<std::string> run(std::string name) {
    auto [one, two, text] = co_await workflow::when_all(workflow::execute_activity<add>(detail::soon, 1, 2),
                                                        workflow::execute_activity<add>(detail::soon, 3, 4),
                                                        workflow::execute_activity<greet>(detail::soon, name));
    auto first = co_await workflow::when_any(workflow::execute_activity<add>(detail::soon, one, two),
                                             workflow::sleep(std::chrono::minutes(10)));
    co_return text + " " + std::to_string(std::get<0>(first));
  }
};

/// Signals, plain and as coroutines, before and during main; a condition with and without a time limit.
struct inbox {
  task<std::vector<std::string>> run(int wanted) {
    co_await workflow::wait_condition([this, &wanted] { return static_cast<int>(lines_.size()) >= wanted; });
    const bool more = co_await workflow::wait_condition([this] { return closed_; }, std::chrono::milliseconds(100));
    lines_.push_back(more ? "closed" : "timeout");
    co_return lines_;
  }
  void write(std::string line) { lines_.push_back(std::move(line)); }
  task<> write_later(std::string line) {
    const auto text = co_await workflow::execute_activity<greet>(detail::soon, line);
    lines_.push_back(text);
  }
  void close() { closed_ = true; }
  int count() const { return static_cast<int>(lines_.size()); }
  std::string at(int index) const { return lines_.at(static_cast<std::size_t>(index)); }

  static constexpr auto handlers =
      rondo::handlers(rondo::signal<&inbox::write>, rondo::signal<&inbox::write_later>, rondo::signal<&inbox::close>,
                      rondo::query<&inbox::count>, rondo::query<&inbox::at>("line"));

 private:
  std::vector<std::string> lines_;
  bool closed_ = false;
};

/// Waits until it is cancelled, then gives back what it took.
struct gives_back {
  task<std::string> run(std::string name) {
    co_await workflow::execute_activity<greet>(detail::soon, name);
    auto waited = co_await workflow::as_result(workflow::sleep(std::chrono::hours(24)));
    if (!waited) {
      co_await workflow::shield(workflow::execute_activity<greet>(detail::soon, "back " + name));
      waited.rethrow();
    }
    co_return "not cancelled";
  }
};

/// An activity that fails, is repeated, and in the end is caught or not.
struct stumbles {
  task<std::string> run(std::string key, bool catches) {
    constexpr activity_options options{
        .start_to_close_timeout = std::chrono::seconds(10),
        .retry = retry_policy{.initial_interval = std::chrono::milliseconds(10), .maximum_attempts = 2}};
    co_await workflow::execute_activity<fails_first>(options, key);
    auto outcome = co_await workflow::as_result(workflow::execute_activity<never>(options));
    if (!catches) outcome.rethrow();
    const auto* failed = outcome.failed_with<activity_failure>();
    const auto* reason = failed->cause_as<application_failure>();
    co_return reason->type() + ": " + reason->message();
  }
};

/// Counts down by continuing as new.
struct countdown {
  task<std::string> run(int from) {
    co_await workflow::execute_activity<add>(detail::soon, from, 0);
    if (from > 0) workflow::continue_as_new<countdown>({}, from - 1);
    co_return "done";
  }
};

/// Patched code, random numbers, time.
struct patched_and_random {
  task<std::vector<std::string>> run() {
    std::vector<std::string> seen;
    seen.push_back(workflow::uuid4());
    seen.push_back(std::to_string(workflow::random().uniform(1, 1000)));
    if (workflow::patched("first-change")) co_await workflow::execute_activity<add>(detail::soon, 1, 1);
    seen.push_back(std::to_string(workflow::now().time_since_epoch().count()));
    co_await workflow::sleep(std::chrono::milliseconds(10));
    if (workflow::patched("second-change")) seen.emplace_back("patched");
    if (workflow::patched("first-change")) seen.emplace_back("still patched");
    workflow::deprecate_patch("third-change");
    seen.push_back(workflow::uuid4());
    co_return seen;
  }
};

inline task<std::string> a_function(std::string name) {
  co_return co_await workflow::execute_activity<greet>(detail::soon, name);
}

/// The workflows, without activities.
inline registry workflows() {
  return registry{}
      .workflow<steps>()
      .workflow<fan_out>()
      .workflow<inbox>()
      .workflow<gives_back>()
      .workflow<stumbles>()
      .workflow<countdown>()
      .workflow<patched_and_random>()
      .workflow<a_function>();
}

}  // namespace rondo::test::recorded
