#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>
#include <utility>

#include "tools/cli.hpp"
#include "tools/command_error.hpp"
#include "tools/commands.hpp"
#include "tools/compute_cli.hpp"
#include "tools/compute_config.hpp"
#include "tools/deployment_calls.hpp"
#include "tools/deployment_text.hpp"
#include "tools/printer.hpp"
#include "tools/session.hpp"

namespace rondo::tools {
namespace {

struct deployment_command {
  common_flags common;
  std::string name;
  bool with_versions = false;
};
struct version_command {
  common_flags common;
  version_name version;
  compute_flags compute;
  bool remove = false, statistics = false, skip_drainage = false, force = false;
};
struct routing_command {
  common_flags common;
  version_name version;
  double percentage = 0;
  bool unversioned = false, unset = false, ignore_missing_queues = false, allow_no_pollers = false;
};

/// What was done, in both forms: {"deploymentName":...,"buildId":...,"result":"created"}.
void print_done(const printer& to, const version_name& which, const std::string& result, const std::string& text) {
  json_object object;
  object.add("deploymentName", which.deployment);
  if (!which.build_id.empty()) object.add("buildId", which.build_id);
  object.add("result", result);
  to.json(object.line());
  to.text(text + "\n");
}

void run_create(const deployment_command& flags) {
  const printer to(std::cout, flags.common);
  session server(flags.common);
  const bool created = deployment_calls(server).create(flags.name);
  const std::string result = created ? "created" : "exists";
  print_done(to, {flags.name, {}}, result,
             "Worker deployment '" + flags.name + "' " + (created ? "created" : "exists already"));
}

ComputeConfig config_of(const ComputeConfigScalingGroup& group) {
  ComputeConfig made;
  (*made.mutable_scaling_groups())[scaling_group_name] = group;
  return made;
}

void run_create_version(const version_command& flags) {
  const printer to(std::cout, flags.common);
  ComputeConfig compute;
  if (flags.compute.any()) compute = config_of(scaling_group_of(flags.compute));
  session server(flags.common);
  deployment_calls calls(server);
  calls.create(flags.version.deployment);
  const std::string subject = "Version '" + flags.version.text() + "' ";
  if (calls.create_version(flags.version, compute))
    return print_done(to, flags.version, "created", subject + "created");
  if (!flags.compute.any()) return print_done(to, flags.version, "exists", subject + "exists already");
  calls.set_compute(flags.version, compute.scaling_groups().at(scaling_group_name));
  print_done(to, flags.version, "updated", subject + "exists already; its compute was updated");
}

void run_update_version(const version_command& flags) {
  const printer to(std::cout, flags.common);
  if (flags.remove && flags.compute.any()) throw command_error("--remove and flags of compute exclude each other");
  if (!flags.remove && !flags.compute.any()) {
    throw command_error("nothing to update: give flags of a provider or a scaler, or --remove");
  }
  session server(flags.common);
  deployment_calls calls(server);
  const auto found = calls.describe_version(flags.version);
  const auto& present = found.worker_deployment_version_info().compute_config();
  const std::string subject = "compute of version '" + flags.version.text() + "' ";
  if (flags.remove) {
    const bool removed = calls.remove_compute(flags.version, present);
    return print_done(to, flags.version, removed ? "removed" : "none",
                      removed ? "The " + subject + "was removed" : "There is no " + subject + "to remove");
  }
  const auto group = present.scaling_groups().find(scaling_group_name);
  const bool has_group = group != present.scaling_groups().end();
  calls.set_compute(flags.version,
                    scaling_group_of(flags.compute, has_group ? group->second : ComputeConfigScalingGroup()));
  print_done(to, flags.version, "updated", "The " + subject + "was updated");
}

/// "(none)" for no version.
std::string build_text(const deployment_version& of) { return of.build_id().empty() ? "(none)" : of.build_id(); }

/// Waits until the change holds everywhere, then prints it.
void finish_routing(deployment_calls& calls, const printer& to, const routing_command& flags, const std::string& kind,
                    const deployment_version& before, bool unset) {
  const bool known = calls.wait_until_queues_know(flags.version.deployment);
  json_object object;
  object.add("deploymentName", flags.version.deployment);
  if (!unset) object.add("buildId", flags.version.build_id);
  object.add("result", unset ? "unset" : kind);
  object.add("previousBuildId", before.build_id());
  object.add_json("knownToTaskQueues", known ? "true" : "false");
  to.json(object.line());
  const std::string now = unset ? "No version of '" + flags.version.deployment + "' is " + kind + " now"
                                : "Version '" + flags.version.text() + "' is " + kind + " now";
  to.text(now + "; before: " + build_text(before) + "\n");
  if (!known) to.text("Some task queues do not know of it yet; see 'rondo worker deployment describe -o json'\n");
}

deployment_change_options change_of(const routing_command& flags) {
  return {.ignore_missing_task_queues = flags.ignore_missing_queues, .allow_no_pollers = flags.allow_no_pollers};
}

void run_set_current(const routing_command& flags) {
  const printer to(std::cout, flags.common);
  const bool unset = flags.unset || flags.unversioned;
  if (unset && !flags.version.build_id.empty()) throw command_error("--unversioned and --build-id exclude each other");
  if (!unset && flags.version.build_id.empty()) throw command_error("--build-id is missing; --unversioned: no version");
  session server(flags.common);
  deployment_calls calls(server);
  const auto before = calls.set_current(flags.version, change_of(flags));
  finish_routing(calls, to, flags, "current", before, unset);
}

void run_set_ramping(const routing_command& flags) {
  const printer to(std::cout, flags.common);
  if (!(flags.percentage >= 0 && flags.percentage <= 100)) throw command_error("--percentage must be from 0 to 100");
  if (flags.unversioned && !flags.version.build_id.empty()) {
    throw command_error("--unversioned and --build-id exclude each other");
  }
  if (!flags.unset && !flags.unversioned && flags.version.build_id.empty()) {
    throw command_error("--build-id is missing; --unversioned: no version");
  }
  session server(flags.common);
  deployment_calls calls(server);
  const version_name which = flags.unset ? version_name{flags.version.deployment, {}} : flags.version;
  const float share = flags.unset ? 0 : static_cast<float>(flags.percentage);
  const auto before = calls.set_ramping(which, share, change_of(flags));
  finish_routing(calls, to, flags, "ramping", before, flags.unset);
}

/// Secrets stay on the server, also in JSON.
service::DescribeWorkerDeploymentVersionResponse printable(service::DescribeWorkerDeploymentVersionResponse found) {
  auto& info = *found.mutable_worker_deployment_version_info();
  if (info.has_compute_config()) *info.mutable_compute_config() = without_secrets(info.compute_config());
  return found;
}

/// Why the server could not start workers of the version last time it tried; empty when all is well.
std::string compute_error(deployment_calls& calls, const version_name& which) {
  const auto found = calls.describe(which.deployment);
  for (const auto& each : found.worker_deployment_info().version_summaries()) {
    if (each.deployment_version().build_id() != which.build_id) continue;
    return each.compute_status().provider_validation().error_message();
  }
  return {};
}

void run_describe(const deployment_command& flags) {
  const printer to(std::cout, flags.common);
  session server(flags.common);
  const auto found = deployment_calls(server).describe(flags.name);
  to.message(found.worker_deployment_info());
  to.text(deployment_description(found.worker_deployment_info(), to.times()));
}

void run_describe_version(const version_command& flags) {
  const printer to(std::cout, flags.common);
  session server(flags.common);
  deployment_calls calls(server);
  const auto found = calls.describe_version(flags.version, flags.statistics);
  to.message(printable(found));
  if (!to.is_text()) return;
  const bool has_compute = !found.worker_deployment_version_info().compute_config().scaling_groups().empty();
  to.text(version_description(found, has_compute ? compute_error(calls, flags.version) : "", to.times()));
}

void run_list(const deployment_command& flags) {
  const printer to(std::cout, flags.common);
  session server(flags.common);
  deployment_calls calls(server);
  auto rows = deployment_table();
  json_list list(to);
  const proto_json json(to.payloads());
  std::string token;
  do {
    const auto page = calls.list(token);
    for (const auto& each : page.worker_deployments()) {
      if (to.is_text()) rows.add(deployment_row(each, to.times()));
      if (to.is_json()) list.add(json.line(each));
    }
    token = page.next_page_token();
  } while (!token.empty());
  list.finish();
  to.text(rows.take_all());
}

/// Takes a version out of the routing. What runs on it by then is not stopped.
void unroute(deployment_calls& calls, const version_name& which,
             const temporal::api::deployment::v1::RoutingConfig& routing) {
  const version_name nothing{which.deployment, {}};
  if (routing.ramping_deployment_version().build_id() == which.build_id) calls.set_ramping(nothing);
  if (routing.current_deployment_version().build_id() == which.build_id) calls.set_current(nothing);
}

/// In the order that the server asks for: out of the routing, nobody starts workers any more, gone. False: it is gone
/// already.
bool remove_version(deployment_calls& calls, const version_name& which, bool unroute_it, bool skip_drainage) {
  const auto found = calls.find_version(which);
  if (!found) return false;
  const auto routing = calls.describe(which.deployment).worker_deployment_info().routing_config();
  const bool current = routing.current_deployment_version().build_id() == which.build_id;
  const bool ramping = routing.ramping_deployment_version().build_id() == which.build_id;
  if ((current || ramping) && !unroute_it) {
    throw command_error("delete version '" + which.text() + "': it is the " + (current ? "current" : "ramping") +
                        " version, new workflows go to it; first " +
                        (current ? "set another one current, or unset-current" : "unset-ramping") +
                        ", or give --force");
  }
  unroute(calls, which, routing);
  calls.remove_compute(which, found->worker_deployment_version_info().compute_config());
  calls.delete_version(which, skip_drainage);
  return true;
}

void run_delete_version(const version_command& flags) {
  const printer to(std::cout, flags.common);
  session server(flags.common);
  deployment_calls calls(server);
  const bool deleted = remove_version(calls, flags.version, flags.force, flags.skip_drainage);
  print_done(to, flags.version, deleted ? "deleted" : "missing",
             "Version '" + flags.version.text() + "' " + (deleted ? "deleted" : "does not exist"));
}

void run_delete(const deployment_command& flags) {
  const printer to(std::cout, flags.common);
  session server(flags.common);
  deployment_calls calls(server);
  const auto found = calls.find(flags.name);
  if (!found) {
    return print_done(to, {flags.name, {}}, "missing", "Worker deployment '" + flags.name + "' does not exist");
  }
  const auto& versions = found->worker_deployment_info().version_summaries();
  if (!versions.empty() && !flags.with_versions) {
    throw command_error("delete worker deployment '" + flags.name + "': it has " +
                        count_text(versions.size(), "version") + "; delete them first, or give --with-versions");
  }
  for (const auto& each : versions) {
    remove_version(calls, {flags.name, each.deployment_version().build_id()}, true, true);
  }
  calls.delete_deployment(flags.name);
  print_done(to, {flags.name, {}}, "deleted", "Worker deployment '" + flags.name + "' deleted");
}

CLI::Option* add_deployment_flag(CLI::App& app, std::string& to) {
  return app.add_option("-d,--deployment-name,--name", to, "Worker deployment")->required()->type_name("NAME");
}
CLI::Option* add_build_flag(CLI::App& app, std::string& to) {
  return app.add_option("--build-id", to, "Build id of the version")->type_name("ID");
}

void add_version_commands(CLI::App& group, chosen_command& chosen) {
  const auto add = [&](const char* name, const char* what, void (*run)(const version_command&)) {
    auto [app, flags] = add_command<version_command>(group, name, what, chosen, run);
    add_deployment_flag(*app, flags->version.deployment);
    add_build_flag(*app, flags->version.build_id)->required();
    return std::pair(app, flags);
  };
  auto [create, created] = add(
      "create-version", "Make a version known, and say who starts its workers; may be repeated", run_create_version);
  add_compute_flags(*create, created->compute);
  auto [update, updated] =
      add("update-version", "Change who starts the workers of a version, and how many", run_update_version);
  update->alias("update-version-compute-config")->alias("update");
  add_compute_flags(*update, updated->compute);
  update->add_flag("--remove", updated->remove, "Nobody starts them any more");
  auto [describe, described] = add("describe-version", "Show a version", run_describe_version);
  describe->add_flag("--report-task-queue-stats", described->statistics, "With what waits in its task queues");
  auto [remove, removed] = add("delete-version", "Delete a version; may be repeated", run_delete_version);
  remove->add_flag("--skip-drainage", removed->skip_drainage, "Also while workflows still run on it");
  remove->add_flag("--force", removed->force, "Also when it is current or ramping: take it out first");
}

void add_routing_flags(CLI::App& app, routing_command& flags) {
  add_deployment_flag(app, flags.version.deployment);
  app.add_flag("--ignore-missing-task-queues", flags.ignore_missing_queues,
               "Also when the version lacks task queues of the one before");
  app.add_flag("--allow-no-pollers", flags.allow_no_pollers, "Also when no worker of the version has polled yet");
  // Accepted for scripts written for other commands: nothing is asked.
  app.add_flag("-y,--yes")->group("");
}

void add_routing_commands(CLI::App& group, chosen_command& chosen) {
  auto [current, to_current] =
      add_command<routing_command>(group, "set-current", "New workflows go to this version", chosen, run_set_current);
  current->alias("set-current-version");
  add_routing_flags(*current, *to_current);
  add_build_flag(*current, to_current->version.build_id);
  current->add_flag("--unversioned", to_current->unversioned, "To workers without a version");
  auto [no_current, to_none] = add_command<routing_command>(
      group, "unset-current", "New workflows go to workers without a version", chosen, run_set_current);
  add_routing_flags(*no_current, *to_none);
  to_none->unset = true;

  auto [ramping, to_ramping] = add_command<routing_command>(
      group, "set-ramping", "A share of new workflows goes to this version", chosen, run_set_ramping);
  ramping->alias("set-ramping-version");
  add_routing_flags(*ramping, *to_ramping);
  add_build_flag(*ramping, to_ramping->version.build_id);
  ramping->add_option("--percentage", to_ramping->percentage, "The share, 0 to 100")->type_name("NUMBER");
  ramping->add_flag("--unversioned", to_ramping->unversioned, "To workers without a version");
  ramping->add_flag("--delete", to_ramping->unset, "No version ramps any more");
  auto [no_ramping, to_no_ramp] =
      add_command<routing_command>(group, "unset-ramping", "No version ramps any more", chosen, run_set_ramping);
  add_routing_flags(*no_ramping, *to_no_ramp);
  to_no_ramp->unset = true;
}

}  // namespace

void add_deployment_commands(CLI::App& to, chosen_command& chosen) {
  auto* worker = to.add_subcommand("worker", "Look after workers");
  auto* group = worker->add_subcommand("deployment", "Versions of workers: who starts them, which one gets new work");
  auto [create, created] = add_command<deployment_command>(
      *group, "create", "Make a worker deployment; may be repeated", chosen, run_create);
  add_deployment_flag(*create, created->name);
  add_version_commands(*group, chosen);
  add_routing_commands(*group, chosen);
  auto [describe, described] = add_command<deployment_command>(
      *group, "describe", "Show a worker deployment and its versions", chosen, run_describe);
  add_deployment_flag(*describe, described->name);
  add_command<deployment_command>(*group, "list", "List worker deployments", chosen, run_list);
  auto [remove, removed] = add_command<deployment_command>(
      *group, "delete", "Delete a worker deployment; may be repeated", chosen, run_delete);
  add_deployment_flag(*remove, removed->name);
  remove->add_flag("--with-versions", removed->with_versions, "With all its versions, also the current one");
}

}  // namespace rondo::tools
