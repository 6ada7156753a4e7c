#include <CLI/CLI.hpp>
#include <asio/awaitable.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rondo/client.hpp"
#include "rondo/controller/config.hpp"
#include "rondo/controller/controller.hpp"
#include "rondo/controller/watcher.hpp"
#include "rondo/detail/curl/http_client.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/sleep.hpp"
#include "rondo/detail/worker/stop_signals.hpp"
#include "rondo/json.hpp"
#include "rondo/log_sinks.hpp"
#include "tools/choices.hpp"
#include "tools/cli.hpp"
#include "tools/command_error.hpp"
#include "tools/commands.hpp"
#include "tools/session.hpp"

namespace rondo::tools {
namespace {

struct controller_flags {
  common_flags common;
  std::string config;
  std::string log_level = "info";
  std::string log_format = "json";
  bool once = false;
  bool dry_run = false;
};

logger log_of(const controller_flags& flags) {
  constexpr choice<log_level> levels[] = {
      {"debug", log_level::debug}, {"info", log_level::info}, {"warn", log_level::warn}, {"error", log_level::error}};
  constexpr choice<bool> forms[] = {{"json", true}, {"text", false}};
  const auto least = choose("--log-level", levels, flags.log_level);
  if (choose("--log-format", forms, flags.log_format)) return logger(std::make_shared<json_log_sink>(), least);
  return stderr_logger(least);
}

client connect(const controller_flags& flags, rondo::detail::io::event_loop& loop) {
  try {
    return client::connect(connection_of(flags.common), loop);
  } catch (const rpc_error& failed) {
    throw command_error(in_flags(failed.what()));
  } catch (const std::invalid_argument& wrong) {
    throw command_error(in_flags(wrong.what()));
  }
}

/// One look at a target, as a line of JSON.
struct shown_look {
  std::string target{};
  bool registered = true;
  double backlog = 0;
  int pollers = 0;
  bool rate_limited = false;
  int invoke = 0;
  std::optional<std::int32_t> size{};
  std::optional<std::string> error{};
};

asio::awaitable<shown_look> look_at(std::shared_ptr<rondo::detail::io::connection> through,
                                    const controller::target_config& target) {
  shown_look shown;
  shown.target = target.name;
  controller::observation seen;
  try {
    controller::watcher looks(std::move(through), target);
    seen = co_await looks.look();
  } catch (const rpc_error& failed) {
    shown.error = failed.what();
  }
  if (shown.error) co_return shown;
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  auto state = controller::begin(target.scaler);
  constexpr double no_jitter = 0.5;
  const auto made = controller::decide(target.scaler, state, seen, std::nullopt, now, no_jitter);
  shown.registered = seen.registered;
  shown.backlog = seen.backlog();
  shown.pollers = state.workers.live_pollers(target.scaler.fleet, seen, now);
  shown.rate_limited = seen.rate_limited;
  shown.invoke = made.invoke;
  shown.size = made.size;
  co_return shown;
}

/// Shows what a controller that begins now would do; nothing is invoked and nothing is kept.
asio::awaitable<void> show(client& over, const controller::controller_config& config, bool once, const bool& stop) {
  std::vector<std::string> last(config.targets.size());
  do {
    for (std::size_t each = 0; each < config.targets.size(); ++each) {
      const auto shown = co_await look_at(over.connection(), config.targets[each].config);
      std::string line = json::dump(shown);
      if (line != last[each]) std::cout << line << std::endl;
      last[each] = std::move(line);
    }
    if (!once && !stop) co_await rondo::detail::io::sleep_for(over.loop(), std::chrono::seconds(1));
  } while (!once && !stop);
}

void run_controller(const controller_flags& flags) {
  const logger log = log_of(flags);
  const auto config = controller::load_controller_config(flags.config, flags.common.namespace_);
  rondo::detail::io::event_loop loop;
  rondo::detail::curl::http_client http(loop);
  auto targets = controller::make_targets(config, loop, http);
  client over = connect(flags, loop);
  if (flags.once || flags.dry_run) {
    bool stop = false;
    const rondo::detail::worker::stop_signals signals([&](int) { loop.post([&stop] { stop = true; }); });
    loop.block_on(show(over, config, flags.once, stop));
    return;
  }
  controller::controller_options options;
  options.task_queue = config.task_queue;
  options.stop_timeout = config.stop_timeout;
  options.logger = log;
  controller::controller service(over, std::move(targets), std::move(options));
  service.run();
}

}  // namespace

void add_controller_command(CLI::App& to, chosen_command& chosen) {
  auto [app, flags] = add_command<controller_flags>(
      to, "controller", "Start workers when their task queues have work; it ends with SIGINT or SIGTERM", chosen,
      run_controller);
  app->footer("For servers without a worker controller of their own. See docs/controller.md for the file.");
  app->add_option("--config", flags->config, "File that names the targets and what starts their workers (TOML)")
      ->required()
      ->type_name("PATH");
  app->add_flag("--once", flags->once, "Look once at every target, print what would be done, and end");
  app->add_flag("--dry-run", flags->dry_run, "Look all the time and print what would be done; start nothing");
  app->add_option("--log-level", flags->log_level, "debug, info, warn or error")
      ->type_name("LEVEL")
      ->capture_default_str();
  app->add_option("--log-format", flags->log_format, "json or text; on stderr")
      ->type_name("FORM")
      ->capture_default_str();
}

}  // namespace rondo::tools
