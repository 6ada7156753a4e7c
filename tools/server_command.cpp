#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "rondo/detail/worker/stop_signals.hpp"
#include "rondo/server/dev_service.hpp"
#include "tools/cli.hpp"
#include "tools/commands.hpp"
#include "tools/server_flags.hpp"

namespace rondo::tools {
namespace {

/// Each connection takes a descriptor, and gRPC accepts no connection any more once there was none left. The soft limit
/// is there for programs that use select().
void raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void run_start_dev(const server_flags& flags) {
  raise_descriptor_limit();
  const auto form = output_of(flags.output);
  auto options = server_options_of(flags);
  for (const auto& name : flags.ignored) options.log.debug("this flag changes nothing here", {{"flag", name}});
  const auto namespaces = options.namespaces;
  server::dev_service service(std::move(options));
  if (flags.skipping_unlocked) service.clock().unlock_skipping();
  const rondo::detail::worker::stop_signals stop([&service](int) { service.stop(); });
  const std::string& address = service.listen(host_and_port(flags.ip, flags.port));
  if (form == output_format::text) std::cout << listening_text(address, namespaces) << std::flush;
  if (form == output_format::json || form == output_format::json_lines) {
    std::cout << listening_json(address, namespaces) << std::endl;
  }
  service.run();
}

/// A flag of the official command that has no meaning here.
void add_ignored(CLI::App& app, const std::string& name, server_flags& flags, bool has_value) {
  const std::string what = "Accepted for compatibility, changes nothing";
  const auto note = [&flags, name] { flags.ignored.push_back(name); };
  if (has_value) {
    const CLI::callback_t keep = [note](const CLI::results_t&) {
      note();
      return true;
    };
    app.add_option(name, keep, what)
        ->type_size(1)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false)
        ->type_name("VALUE")
        ->group("Compatibility");
  } else {
    app.add_flag_function(
           name, [note](std::int64_t) { note(); }, what)
        ->group("Compatibility");
  }
}

void add_listening_flags(CLI::App& app, server_flags& flags) {
  app.add_option("--ip", flags.ip, "Address to listen on")->type_name("IP")->capture_default_str();
  app.add_option("-p,--port", flags.port, "Port to listen on; 0: any free one")
      ->type_name("PORT")
      ->capture_default_str();
  add_repeated(app, "-n,--namespace", flags.namespaces, "Namespace beside 'default'; may be given many times")
      ->type_name("NAME");
  add_repeated(app, "--search-attribute", flags.search_attributes,
               "Search attribute of all namespaces; Type is Text, Keyword, Int, Double, Bool, Datetime or KeywordList")
      ->type_name("NAME=Type");
  app.add_option("-o,--output", flags.output, "How to print what it listens on: text, json or none")
      ->type_name("FORM")
      ->capture_default_str();
}

void add_keeping_flags(CLI::App& app, server_flags& flags) {
  app.add_option("-f,--db-filename", flags.db_filename, "SQLite file to keep everything in; in memory if not given")
      ->type_name("PATH");
  add_repeated(app, "--sqlite-pragma", flags.sqlite_pragmas, "Pragma of the SQLite file; may be given many times")
      ->type_name("NAME=VALUE");
  app.add_option("--retention", flags.retention, "How long closed workflows are kept")
      ->type_name("DURATION")
      ->capture_default_str();
  app.add_flag("--time-skipping", flags.time_skipping,
               "Offer the test service: clients may let time jump to the next timer while nothing else goes on");
  app.add_flag("--enable-time-skipping", flags.skipping_unlocked, "The same, and time is skipped from the start");
}

void add_worker_flags(CLI::App& app, server_flags& flags) {
  app.add_option("--task-poll-expiration", flags.task_poll_expiration, "A poll of an empty task queue ends after this")
      ->type_name("DURATION")
      ->capture_default_str();
  app.add_option("--task-notify-url", flags.notify_url, "URL to POST to when a task queue has work and no worker polls")
      ->type_name("URL");
  app.add_option("--notify-secret", flags.notify_secret,
                 "Key that signs these requests; better given as RONDO_NOTIFY_SECRET in the environment")
      ->type_name("TEXT");
}

void add_log_flags(CLI::App& app, server_flags& flags) {
  app.add_option("--log-level", flags.log_level, "debug, info, warn, error or never")
      ->type_name("LEVEL")
      ->capture_default_str();
  app.add_option("--log-format", flags.log_format, "text or json; on stderr")->type_name("FORM")->capture_default_str();
}

}  // namespace

void add_server_commands(CLI::App& to, chosen_command& chosen) {
  auto* group = to.add_subcommand("server", "Run a development server");
  auto* app = group->add_subcommand(
      "start-dev", "Run a Temporal-compatible server for development and tests; it ends with SIGINT or SIGTERM");
  app->footer("'rondo PORT' stands for 'rondo server start-dev --time-skipping --port PORT'.");
  auto flags = std::make_shared<server_flags>();
  add_listening_flags(*app, *flags);
  add_keeping_flags(*app, *flags);
  add_worker_flags(*app, *flags);
  add_log_flags(*app, *flags);
  for (const char* name : {"--ui-port", "--ui-ip", "--ui-asset-path", "--ui-codec-endpoint", "--ui-public-path",
                           "--http-port", "--metrics-port", "--color"}) {
    add_ignored(*app, name, *flags, true);
  }
  add_ignored(*app, "--headless", *flags, false);
  add_ignored(*app, "--log-config", *flags, false);
  add_repeated(*app, "--dynamic-config-value", flags->dynamic_config, "Accepted for compatibility, changes nothing")
      ->type_name("KEY=VALUE")
      ->group("Compatibility");
  app->callback([flags, &chosen] {
    if (!flags->dynamic_config.empty()) flags->ignored.emplace_back("--dynamic-config-value");
    chosen = [flags] { run_start_dev(*flags); };
  });
}

}  // namespace rondo::tools
