// Starts a workflow every INTERVAL for as long as DURATION says, waits until all have ended, and sums up:
//   multistarter [--interval 20ms] [--duration 10s]
// Exit code 0: all of them completed.
#include <unistd.h>

#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "rondo/client.hpp"
#include "rondo/config.hpp"
#include "workflows.hpp"

namespace {

using clock_type = std::chrono::steady_clock;
using seconds = std::chrono::duration<double>;

struct settings {
  seconds interval{0.02}, duration{10};
};

/// "20ms", "1.5s", "2m"
seconds parse_time(std::string_view text) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (problem == std::errc() && std::isfinite(value) && value > 0) {
    if (unit == "ms") return seconds(value / 1000);
    if (unit == "s") return seconds(value);
    if (unit == "m") return seconds(value * 60);
  }
  throw std::invalid_argument("'" + std::string(text) + "' is no time such as 20ms, 10s or 1m");
}

settings parse(int count, char** arguments) {
  settings made;
  for (int i = 1; i < count; ++i) {
    std::string_view flag = arguments[i];
    if (flag.starts_with("--")) flag.remove_prefix(1);
    if ((flag != "-interval" && flag != "-duration") || i + 1 == count) {
      throw std::invalid_argument("usage: multistarter [--interval 20ms] [--duration 10s]");
    }
    (flag == "-interval" ? made.interval : made.duration) = parse_time(arguments[++i]);
  }
  return made;
}

struct totals {
  std::size_t planned = 0, started = 0, failed = 0, ended = 0;
  /// From the start to the result, of those that completed.
  std::vector<seconds> latencies{};
  std::string first_problem{};

  /// The latency that a part of all stays below: 0.5, 0.99.
  double percentile(double part) const {
    if (latencies.empty()) return 0;
    const auto rank = static_cast<std::size_t>(std::ceil(part * static_cast<double>(latencies.size())));
    return latencies[std::max<std::size_t>(rank, 1) - 1].count();
  }
};

/// One workflow from its start to its end.
asio::awaitable<void> run_one(const rondo::client& client, totals& sum) {
  const auto began = clock_type::now();
  const std::string name = "number " + std::to_string(sum.planned);
  try {
    const auto handle =
        co_await client.start_workflow<greetings::greet_twice>({.task_queue = greetings::task_queue}, name);
    ++sum.started;
    co_await handle.result();
    sum.latencies.emplace_back(clock_type::now() - began);
  } catch (const std::exception& error) {
    ++sum.failed;
    if (sum.first_problem.empty()) sum.first_problem = error.what();
  }
  ++sum.ended;
}

void show_progress(const totals& sum, std::size_t goal) {
  constexpr std::size_t width = 40;
  const auto filled = std::min(width, sum.ended * width / std::max<std::size_t>(goal, 1));
  std::fprintf(stderr, "\r[%s%s] %zu of %zu ended, %zu started ", std::string(filled, '#').c_str(),
               std::string(width - filled, '.').c_str(), sum.ended, goal, sum.started);
}

asio::awaitable<void> run_all(const rondo::client& client, settings how, totals& sum) {
  asio::steady_timer timer(client.executor());
  const auto wait_until = [&timer](clock_type::time_point when) {
    timer.expires_at(when);
    return timer.async_wait(asio::use_awaitable);
  };
  const auto at = [began = clock_type::now()](seconds since) {
    return began + std::chrono::duration_cast<clock_type::duration>(since);
  };
  const auto goal = static_cast<std::size_t>(std::ceil(how.duration / how.interval));
  const bool on_terminal = isatty(STDERR_FILENO) != 0;
  while (sum.planned < goal) {
    asio::co_spawn(client.executor(), run_one(client, sum), asio::detached);
    ++sum.planned;
    if (on_terminal) show_progress(sum, goal);
    co_await wait_until(at(how.interval * static_cast<double>(sum.planned)));
  }
  while (sum.ended < sum.planned) {
    if (on_terminal) show_progress(sum, goal);
    co_await wait_until(clock_type::now() + std::chrono::milliseconds(100));
  }
  if (on_terminal) {
    show_progress(sum, goal);
    std::fprintf(stderr, "\n");
  }
}

void show_summary(totals& sum) {
  std::sort(sum.latencies.begin(), sum.latencies.end());
  std::printf("started    %zu\ncompleted  %zu\nfailed     %zu\n", sum.started, sum.latencies.size(), sum.failed);
  std::printf("latency    p50 %.2f s, p90 %.2f s, p99 %.2f s, max %.2f s\n", sum.percentile(0.5), sum.percentile(0.9),
              sum.percentile(0.99), sum.percentile(1));
  if (!sum.first_problem.empty()) std::printf("problem    %s\n", sum.first_problem.c_str());
}

}  // namespace

int main(int count, char** arguments) try {
  const auto how = parse(count, arguments);
  auto client = rondo::client::connect(rondo::load_client_options());
  totals sum;
  client.run(run_all(client, how, sum));
  show_summary(sum);
  return sum.latencies.size() == sum.planned ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 2;
}
