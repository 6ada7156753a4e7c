#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "rondo/version.hpp"
#include "tools/arguments.hpp"
#include "tools/cli.hpp"
#include "tools/command_error.hpp"
#include "tools/commands.hpp"
#include "tools/table.hpp"

namespace {

using rondo::tools::one_line;

/// The innermost command that was named, as it is typed: "rondo workflow list".
std::string command_path(const CLI::App& app) {
  std::string path = app.get_name();
  for (const auto* each : app.get_subcommands()) path += " " + command_path(*each);
  return path;
}

int fail(const std::string& text) {
  std::cerr << "error: " << one_line(text) << std::endl;
  return EXIT_FAILURE;
}

int parse_and_run(CLI::App& app, const rondo::tools::chosen_command& chosen, std::vector<std::string> words) {
  try {
    std::reverse(words.begin(), words.end());
    app.parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return EXIT_SUCCESS;
  } catch (const CLI::CallForVersion& version) {
    std::cout << version.what() << "\n";
    return EXIT_SUCCESS;
  } catch (const CLI::ParseError& wrong) {
    return fail(std::string(wrong.what()) + "; see '" + command_path(app) + " --help'");
  }
  if (!chosen) return fail("a command is missing; see '" + command_path(app) + " --help'");
  chosen();
  return EXIT_SUCCESS;
}

}  // namespace

int main(int count, char** arguments) {
  // What gRPC has to say is in the command's own error line.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  rondo::tools::chosen_command chosen;
  CLI::App app("Runs a Temporal-compatible development server, and talks to any Temporal server.", "rondo");
  app.set_version_flag("--version,-v", "rondo " + std::string(rondo::version_string), "Print the version");
  rondo::tools::add_workflow_commands(app, chosen);
  rondo::tools::add_task_queue_commands(app, chosen);
  rondo::tools::add_deployment_commands(app, chosen);
  rondo::tools::add_doctor_command(app, chosen);
#ifdef RONDO_COMMAND_HAS_PACKAGE
  rondo::tools::add_package_command(app, chosen);
#endif
#ifdef RONDO_COMMAND_HAS_SERVER
  rondo::tools::add_server_commands(app, chosen);
  rondo::tools::add_controller_command(app, chosen);
#endif
#ifdef RONDO_COMMAND_HAS_SERVERLESS
  rondo::tools::add_emulate_commands(app, chosen);
#endif
  try {
    return parse_and_run(app, chosen, rondo::tools::full_arguments({arguments + 1, arguments + count}));
  } catch (const std::exception& failed) {
    return fail(failed.what());
  }
}
