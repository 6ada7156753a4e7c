#pragma once
#include <CLI/CLI.hpp>

#include "tools/cli.hpp"

namespace rondo::tools {

/// Each adds a group of commands; the one that the command line names becomes `chosen`.
void add_workflow_commands(CLI::App& to, chosen_command& chosen);
void add_task_queue_commands(CLI::App& to, chosen_command& chosen);
void add_deployment_commands(CLI::App& to, chosen_command& chosen);
void add_doctor_command(CLI::App& to, chosen_command& chosen);
void add_server_commands(CLI::App& to, chosen_command& chosen);
void add_emulate_commands(CLI::App& to, chosen_command& chosen);
void add_package_command(CLI::App& to, chosen_command& chosen);
void add_controller_command(CLI::App& to, chosen_command& chosen);

}  // namespace rondo::tools
