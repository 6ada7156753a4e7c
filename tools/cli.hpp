#pragma once
#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tools/inputs.hpp"
#include "tools/options.hpp"

// What the commands' flags have in common.
namespace rondo::tools {

/// What the command line asks for; run after all of it was read.
using chosen_command = std::function<void()>;

/// A flag with a value that may be given many times. Values stay as they are: no lists in brackets, no empty braces.
inline CLI::Option* add_repeated(CLI::App& app, const std::string& names, std::vector<std::string>& to,
                                 const std::string& what) {
  const CLI::callback_t keep = [&to](const CLI::results_t& values) {
    to = values;
    return true;
  };
  return app.add_option(names, keep, what)
      ->type_size(1)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
}

inline void add_output_flags(CLI::App& app, common_flags& flags) {
  app.add_option("-o,--output", flags.output, "Form of the output: text, json, jsonl or none")
      ->type_name("FORM")
      ->group("Output");
  app.add_option("--time-format", flags.time_format, "Form of times in text: relative, iso or raw")
      ->type_name("FORM")
      ->group("Output");
  app.add_flag("--no-json-shorthand-payloads", flags.full_payloads, "In JSON, print payloads as they are sent")
      ->group("Output");
  // Accepted for scripts written for other commands: the output has no colours.
  app.add_option("--color", "Accepted; the output has no colours")->group("");
}

inline void add_tls_flags(CLI::App& app, tls_flags& flags) {
  const auto text = [&](const char* name, std::string& to, const char* variable, const char* what) {
    app.add_option(name, to, what)->envname(variable)->type_name("TEXT")->group("Connection");
  };
  const auto decide = [&flags](std::int64_t times) {
    flags.on = times > 0;
    flags.off = times < 0;
  };
  app.add_flag_function("--tls", decide, "Use TLS; on by itself with an API key or other TLS flags; --tls=false: off")
      ->envname("TEMPORAL_TLS")
      ->group("Connection");
  text("--tls-ca-path", flags.ca_path, "TEMPORAL_TLS_SERVER_CA_CERT_PATH", "File of the server's authority (PEM)");
  text("--tls-ca-data", flags.ca_data, "TEMPORAL_TLS_SERVER_CA_CERT_DATA", "The server's authority (PEM)");
  text("--tls-cert-path", flags.cert_path, "TEMPORAL_TLS_CLIENT_CERT_PATH", "File of the client's certificate (PEM)");
  text("--tls-cert-data", flags.cert_data, "TEMPORAL_TLS_CLIENT_CERT_DATA", "The client's certificate (PEM)");
  text("--tls-key-path", flags.key_path, "TEMPORAL_TLS_CLIENT_KEY_PATH", "File of the client's private key (PEM)");
  text("--tls-key-data", flags.key_data, "TEMPORAL_TLS_CLIENT_KEY_DATA", "The client's private key (PEM)");
  text("--tls-server-name", flags.server_name, "TEMPORAL_TLS_SERVER_NAME", "Name in the server's certificate");
  app.add_flag("--tls-disable-host-verification", flags.skip_host_verification,
               "Do not check the server's certificate: anybody on the way can read and change all. For tests only")
      ->envname("TEMPORAL_TLS_DISABLE_HOST_VERIFICATION")
      ->group("Connection");
}

/// The flags of every command that talks to a server.
inline void add_common_flags(CLI::App& app, common_flags& flags) {
  app.add_option("--address", flags.address, "Server, host:port")
      ->envname("TEMPORAL_ADDRESS")
      ->type_name("HOST:PORT")
      ->capture_default_str()
      ->group("Connection");
  app.add_option("-n,--namespace", flags.namespace_, "Namespace")
      ->envname("TEMPORAL_NAMESPACE")
      ->type_name("NAME")
      ->capture_default_str()
      ->group("Connection");
  app.add_option("--api-key", flags.api_key, "API key; turns TLS on")
      ->envname("TEMPORAL_API_KEY")
      ->type_name("KEY")
      ->group("Connection");
  add_repeated(app, "--grpc-meta", flags.metadata, "Header of every request; may be given many times")
      ->type_name("KEY=VALUE")
      ->group("Connection");
  app.add_option("--identity", flags.identity, "Who acts, as the server shows it; rondo:USER@HOST if not given")
      ->type_name("TEXT")
      ->group("Connection");
  app.add_option("--command-timeout", flags.command_timeout, "Longest time of the command, such as 10s; 0: no limit")
      ->type_name("DURATION")
      ->group("Connection");
  app.add_option("--client-connect-timeout", flags.connect_timeout, "Longest time to connect; 10s if not given")
      ->type_name("DURATION")
      ->group("Connection");
  add_tls_flags(app, flags.tls);
  add_output_flags(app, flags);
}

/// Input of a workflow, a signal or a query.
inline void add_input_flags(CLI::App& app, input_options& to) {
  add_repeated(app, "-i,--input", to.values, "An argument as JSON; may be given many times")->type_name("JSON");
  add_repeated(app, "--input-file", to.files, "File with an argument as JSON; may be given many times")
      ->type_name("PATH");
  add_repeated(app, "--input-meta", to.metadata, "Metadata of the input, such as encoding=binary/plain")
      ->type_name("KEY=VALUE");
  app.add_flag("--input-base64", to.base64, "The input is base64 and is decoded before it is sent");
}

/// A command with flags of its own type, which has `common_flags common`; `run` is called with them.
template <class Flags, class Run>
std::pair<CLI::App*, Flags*> add_command(CLI::App& parent, const std::string& name, const std::string& what,
                                         chosen_command& chosen, Run run) {
  auto* app = parent.add_subcommand(name, what);
  auto flags = std::make_shared<Flags>();
  add_common_flags(*app, flags->common);
  auto* raw = flags.get();
  app->callback([flags = std::move(flags), run = std::move(run), &chosen] { chosen = [flags, run] { run(*flags); }; });
  return {app, raw};
}

}  // namespace rondo::tools
