#include <temporal/api/enums/v1/task_queue.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "tools/choices.hpp"
#include "tools/cli.hpp"
#include "tools/commands.hpp"
#include "tools/printer.hpp"
#include "tools/session.hpp"
#include "tools/task_queue_text.hpp"

namespace rondo::tools {
namespace {

namespace service = temporal::api::workflowservice::v1;
namespace enums = temporal::api::enums::v1;

struct describe_command {
  common_flags common;
  std::string task_queue;
  std::vector<std::string> types;
  bool without_statistics = false;
};

std::vector<enums::TaskQueueType> types_of(const std::vector<std::string>& words) {
  constexpr choice<enums::TaskQueueType> choices[] = {{"workflow", enums::TASK_QUEUE_TYPE_WORKFLOW},
                                                      {"activity", enums::TASK_QUEUE_TYPE_ACTIVITY},
                                                      {"nexus", enums::TASK_QUEUE_TYPE_NEXUS}};
  std::vector<enums::TaskQueueType> types;
  for (const auto& word : words) types.push_back(choose("--task-queue-type", choices, word));
  if (types.empty()) types = {enums::TASK_QUEUE_TYPE_WORKFLOW, enums::TASK_QUEUE_TYPE_ACTIVITY};
  return types;
}

std::string word_of(enums::TaskQueueType type) {
  switch (type) {
    case enums::TASK_QUEUE_TYPE_ACTIVITY:
      return "activity";
    case enums::TASK_QUEUE_TYPE_NEXUS:
      return "nexus";
    default:
      return "workflow";
  }
}

void run_task_queue_describe(const describe_command& flags) {
  const printer to(std::cout, flags.common);
  const auto types = types_of(flags.types);
  session server(flags.common);
  std::vector<described_queue> queues;
  for (const auto type : types) {
    service::DescribeTaskQueueRequest request;
    request.set_namespace_(server.namespace_());
    request.mutable_task_queue()->set_name(flags.task_queue);
    request.mutable_task_queue()->set_kind(enums::TASK_QUEUE_KIND_NORMAL);
    request.set_task_queue_type(type);
    request.set_report_stats(!flags.without_statistics);
    queues.push_back(
        {word_of(type), server.call<service::DescribeTaskQueueResponse>(
                            "describe task queue '" + flags.task_queue + "'", "DescribeTaskQueue", request)});
  }
  to.json(task_queue_json(queues));
  if (!flags.without_statistics) to.text("Task Queue Statistics:\n" + statistics_table(queues));
  to.text("Pollers:\n" + poller_table(queues, to.times()));
  to.text(versioning_text(queues));
}

}  // namespace

void add_task_queue_commands(CLI::App& to, chosen_command& chosen) {
  auto* group = to.add_subcommand("task-queue", "Look at task queues");
  auto [app, flags] = add_command<describe_command>(
      *group, "describe", "Show who polls a task queue, and what waits in it", chosen, run_task_queue_describe);
  app->add_option("-t,--task-queue", flags->task_queue, "Task queue")->required()->type_name("NAME");
  add_repeated(*app, "--task-queue-type", flags->types,
               "workflow, activity or nexus; workflow and activity if not given")
      ->type_name("TYPE");
  app->add_flag("--disable-stats", flags->without_statistics, "Show the pollers only");
}

}  // namespace rondo::tools
