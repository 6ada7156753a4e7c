#include <CLI/CLI.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/stop_signals.hpp"
#include "rondo/log_sinks.hpp"
#include "rondo/serverless/emulator.hpp"
#include "tools/choices.hpp"
#include "tools/cli.hpp"
#include "tools/commands.hpp"
#include "tools/emulate_flags.hpp"

namespace rondo::tools {
namespace {

void run_emulate(const emulate_flags& flags) {
  constexpr choice<std::optional<log_level>> levels[] = {
      {"debug", log_level::debug}, {"info", log_level::info}, {"warn", log_level::warn},
      {"error", log_level::error}, {"never", std::nullopt},   {"trace", log_level::trace},
  };
  const auto form = output_of(flags.output);
  const bool as_json = form == output_format::json || form == output_format::json_lines;
  auto options = emulator_options_of(flags);
  const auto level = choose("--log-level", levels, flags.log_level);
  if (level) options.log = logger(std::make_shared<text_log_sink>(), *level);
  const auto patience = options.timeout;

  rondo::detail::io::event_loop loop;
  serverless::emulator emulator(loop, std::move(options));
  if (form == output_format::text) {
    std::cout << emulating_text(emulator.address(), emulator.function_arn()) << std::flush;
  }
  if (as_json) std::cout << emulating_json(emulator.address(), emulator.function_arn()) << std::endl;
  bool ended = false;
  const rondo::detail::worker::stop_signals stop([&](int) {
    loop.post([&] {
      const auto deadline = rondo::detail::io::later(std::chrono::steady_clock::now(), patience);
      asio::co_spawn(loop.executor(), emulator.stop(deadline), [&ended](const std::exception_ptr&) { ended = true; });
    });
  });
  loop.run_until([&ended] { return ended; });
  if (form == output_format::text) std::cout << stats_text(emulator.stats()) << std::flush;
  if (as_json) std::cout << to_json(emulator.stats()) << std::endl;
}

void add_function_flags(CLI::App& app, emulate_flags& flags) {
  app.add_option("--lambda", flags.program, "The program of the function: its bootstrap")->type_name("PATH");
  add_repeated(app, "--argument", flags.arguments, "Argument of the program; may be given many times")
      ->type_name("TEXT");
  add_repeated(app, "-e,--env", flags.environment, "Environment variable of the program; may be given many times")
      ->type_name("NAME=VALUE");
  app.add_option("--function-name", flags.function_name, "Name of the function")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--region", flags.region, "Region in the function's ARN")->type_name("NAME")->capture_default_str();
  app.add_option("--account", flags.account, "Account in the function's ARN")->type_name("ID")->capture_default_str();
  app.add_option("--memory", flags.memory_mb, "What the program is told of its memory, in MB; it is not limited")
      ->type_name("MB")
      ->capture_default_str();
  app.add_option("--agentcore", flags.agentcore, "AgentCore container that gets the invocations of agent runtimes")
      ->type_name("HOST:PORT");
}

void add_environment_flags(CLI::App& app, emulate_flags& flags) {
  const auto time = [&app](const char* name, std::string& to, const char* what) {
    app.add_option(name, to, what)->type_name("DURATION")->capture_default_str();
  };
  time("--timeout", flags.timeout, "An invocation that takes longer is killed");
  time("--init-timeout", flags.init_timeout, "The first request for an event must come within this time");
  time("--idle-lifetime", flags.idle_lifetime, "An environment that is idle for this long is shut down");
  app.add_option("--max-concurrency", flags.max_concurrency, "Environments at once; more invocations are throttled")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--concurrency-per-environment", flags.concurrency_per_environment, "As with Managed Instances")
      ->type_name("N")
      ->capture_default_str();
  app.add_flag("--no-freeze", flags.no_freeze, "Do not stop programs while they wait for an event");
  app.add_flag("--snap-start", flags.snap_start, "Start programs as for SnapStart");
  app.add_option("--program-output", flags.program_output, "File that programs print to; standard error if not given")
      ->type_name("PATH");
}

void add_event_flags(CLI::App& app, emulate_flags& flags) {
  app.add_flag("--queue-events", flags.queue_events, "Events wait for an environment in place of being throttled");
  add_repeated(app, "--event-retry", flags.event_retries,
               "Pause before a failed event is repeated; may be given many times; 1m and 2m if not given")
      ->type_name("DURATION");
  app.add_flag("--no-event-retries", flags.no_event_retries, "Do not repeat failed events");
  app.add_option("--kill-fraction", flags.kill_fraction, "This part of the invocations is killed in the middle, 0 to 1")
      ->type_name("NUMBER")
      ->capture_default_str();
  app.add_option("--kill-within", flags.kill_within, "They are killed within this time after their begin")
      ->type_name("DURATION")
      ->capture_default_str();
  app.add_option("--seed", flags.seed, "Decides which ones are")->type_name("N")->capture_default_str();
}

}  // namespace

void add_emulate_commands(CLI::App& to, chosen_command& chosen) {
  auto* app = to.add_subcommand(
      "emulate",
      "Emulate AWS Lambda and AgentCore with a program; ends with SIGINT or SIGTERM and prints what it counted");
  auto flags = std::make_shared<emulate_flags>();
  app->add_option("--ip", flags->ip, "Address to listen on")->type_name("IP")->capture_default_str();
  app->add_option("-p,--port", flags->port, "Port to listen on; 0: any free one")
      ->type_name("PORT")
      ->capture_default_str();
  add_function_flags(*app, *flags);
  add_environment_flags(*app, *flags);
  add_event_flags(*app, *flags);
  app->add_option("--log-level", flags->log_level, "debug, info, warn, error or never; on stderr")
      ->type_name("LEVEL")
      ->capture_default_str();
  app->add_option("-o,--output", flags->output, "How to print: text, json or none")
      ->type_name("FORM")
      ->capture_default_str();
  app->callback([flags, &chosen] { chosen = [flags] { run_emulate(*flags); }; });
}

}  // namespace rondo::tools
