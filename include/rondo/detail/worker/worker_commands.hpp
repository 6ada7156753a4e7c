#pragma once
#include <temporal/api/nexusservices/workerservice/v1/request_response.pb.h>

#include <functional>
#include <string>
#include <utility>

#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/worker/nexus_requests.hpp"
#include "rondo/failure.hpp"
#include "rondo/nexus.hpp"

// What a server asks of workers, which comes as tasks of a Nexus queue: temporal/api/nexusservices/workerservice.
namespace rondo::detail::worker {

namespace worker_service = temporal::api::nexusservices::workerservice::v1;

/// Where a server leaves commands for the workers of a namespace that have `grouping_key` in common.
inline std::string command_queue_of(const std::string& namespace_name, const std::string& grouping_key) {
  return "temporal-sys/worker-commands/" + namespace_name + "/" + grouping_key;
}

/// The poll for commands. `poller`: names it as workers are named.
inline engine::service::PollNexusTaskQueueRequest poll_for_commands(const std::string& namespace_name,
                                                                    const std::string& queue,
                                                                    const std::string& identity,
                                                                    const std::string& poller) {
  engine::service::PollNexusTaskQueueRequest request;
  request.set_namespace_(namespace_name);
  request.set_identity(identity);
  request.set_worker_instance_key(poller);
  request.mutable_task_queue()->set_name(queue);
  request.mutable_task_queue()->set_kind(engine::enums::TASK_QUEUE_KIND_WORKER_COMMANDS);
  // The version of the protocol, not of the workers.
  request.mutable_deployment_options()->set_build_id("1.0");
  request.mutable_deployment_options()->set_worker_versioning_mode(engine::enums::WORKER_VERSIONING_MODE_UNVERSIONED);
  return request;
}

/// Carries the commands of a task out; there is one result for each, in the same order. To cancel an activity that runs
/// no more is as good as to cancel one that does. Throws nexus_handler_failure when the task is not one of commands.
inline worker_service::ExecuteCommandsResponse execute_commands(
    const nexus_poll& task, const std::function<void(const std::string& task_token)>& cancel_activity) {
  const auto& asked = task.request().start_operation();
  if (asked.service() != "temporal.api.nexusservices.workerservice.v1.WorkerService" ||
      asked.operation() != "ExecuteCommands") {
    throw nexus_handler_failure("workers have no operation '" + asked.service() + "." + asked.operation() + "'",
                                nexus_error::not_found);
  }
  worker_service::ExecuteCommandsRequest commands;
  if (!commands.ParseFromString(asked.payload().data())) {
    throw nexus_handler_failure("the commands to the worker cannot be read", nexus_error::bad_request);
  }
  constexpr int most = 10'000;
  if (commands.commands_size() > most) {
    throw nexus_handler_failure("a worker takes at most " + std::to_string(most) + " commands at once",
                                nexus_error::bad_request);
  }
  worker_service::ExecuteCommandsResponse answer;
  for (const auto& each : commands.commands()) {
    auto& result = *answer.add_results();
    if (!each.has_cancel_activity()) continue;
    cancel_activity(each.cancel_activity().task_token());
    result.mutable_cancel_activity();
  }
  return answer;
}

/// Tells what came of a task of commands.
inline void write_answer(const worker_service::ExecuteCommandsResponse& from,
                         engine::service::RespondNexusTaskCompletedRequest& to) {
  auto& payload = *to.mutable_response()->mutable_start_operation()->mutable_sync_success()->mutable_payload();
  (*payload.mutable_metadata())["encoding"] = "binary/protobuf";
  (*payload.mutable_metadata())["messageType"] = "temporal.api.nexusservices.workerservice.v1.ExecuteCommandsResponse";
  from.SerializeToString(payload.mutable_data());
}

}  // namespace rondo::detail::worker
