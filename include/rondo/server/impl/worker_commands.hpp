#pragma once

#include "rondo/server/worker_commands.hpp"

#include <temporal/api/nexusservices/workerservice/v1/request_response.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rondo/server/frontend.hpp"
#include "rondo/server/matching.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/queue_state.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/workers.hpp"

namespace rondo::server {

namespace detail_worker_commands {

namespace service = temporal::api::workflowservice::v1;
namespace worker_service = temporal::api::nexusservices::workerservice::v1;

/// Workers that have not answered by then are not likely to.
inline constexpr int most_attempts = 3;
/// Workers refuse tasks with more than ten times as many.
inline constexpr std::size_t commands_per_task = 1000;

inline temporal::api::nexus::v1::Request make_request(const worker_service::ExecuteCommandsRequest& commands) {
  temporal::api::nexus::v1::Request made;
  auto& operation = *made.mutable_start_operation();
  operation.set_service("temporal.api.nexusservices.workerservice.v1.WorkerService");
  operation.set_operation("ExecuteCommands");
  (*operation.mutable_payload()->mutable_metadata())["encoding"] = "binary/protobuf";
  commands.SerializeToString(operation.mutable_payload()->mutable_data());
  return made;
}

inline void poll(core& in, service::PollNexusTaskQueueRequest& request, const call_ptr& call) {
  const auto end = end_of_poll(in, *call);
  const name_space& space = in.namespaces().get(request.namespace_());
  if (request.identity().size() > in.limit().id_length) {
    throw refusal(rpc_code::invalid_argument, "Identity length exceeds limit.");
  }
  check_task_queue(in, request.has_task_queue(), request.task_queue());
  if (request.task_queue().kind() != temporal::api::enums::v1::TASK_QUEUE_KIND_WORKER_COMMANDS) {
    throw refusal(rpc_code::unimplemented, "this server has no Nexus tasks but those with commands to workers");
  }
  for (auto& each : *request.mutable_worker_heartbeat()) in.workers().record(space.id(), std::move(each));
  in.worker_commands().poll(space.id(), request.task_queue().name(), call, end);
}

template <class Request>
void finish(core& in, const Request& request) {
  const name_space& space = in.namespaces().get(request.namespace_());
  if (request.task_token().empty()) throw refusal(rpc_code::invalid_argument, "Task token not set on request.");
  if (!in.worker_commands().finish(space.id(), request.task_token())) {
    throw refusal(rpc_code::not_found, "Nexus task not found or already expired");
  }
}

}  // namespace detail_worker_commands

struct worker_commands::impl {
  using queue_name = std::pair<std::string, std::string>;  // namespace id, name

  struct task {
    queue_name queue;
    temporal::api::nexus::v1::Request request;
    int attempts = 1;
    queue_timer over;
  };
  struct waiting_process {
    std::uint64_t id = 0;
    call_ptr call;
    queue_timer end;
  };
  struct queue {
    std::list<waiting_process> polls;
    std::deque<std::string> tasks;  // tokens, of those that no process has
  };

  explicit impl(core& owner) : in(owner) {}
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;
  ~impl() {
    for (auto& [token, each] : tasks) in.loop().disarm(each.over);
    for (auto& [name, each] : queues) {
      for (auto& poll : each.polls) {
        in.loop().disarm(poll.end);
        poll.call->on_abandoned = nullptr;
      }
    }
  }

  /// What was cancelled in this turn becomes tasks.
  void flush() {
    for (auto& [name, commands] : std::exchange(cancelled, {})) {
      for (std::size_t first = 0; first < commands.size(); first += detail_worker_commands::commands_per_task) {
        const auto end = std::min(commands.size(), first + detail_worker_commands::commands_per_task);
        detail_worker_commands::worker_service::ExecuteCommandsRequest request;
        for (std::size_t each = first; each < end; ++each) {
          request.add_commands()->mutable_cancel_activity()->set_task_token(std::move(commands[each]));
        }
        add(name, detail_worker_commands::make_request(request));
      }
    }
  }

  void add(const queue_name& name, temporal::api::nexus::v1::Request request) {
    const std::string token = in.new_uuid();
    task& made = tasks[token];
    made.queue = name;
    made.request = std::move(request);
    made.over.on_due = [this, token] { retry(token); };
    await_answer(made);
    queues[name].tasks.push_back(token);
    match(name);
  }

  void await_answer(task& which) {
    const auto patience = std::chrono::nanoseconds(in.limit().worker_command_timeout);
    in.loop().arm(which.over, io::later(io::steady_clock::now(), patience));
  }

  /// No process has taken the task, or the one that has does not answer.
  void retry(const std::string& token) {
    task& which = tasks.at(token);
    if (++which.attempts > detail_worker_commands::most_attempts) {
      erase(token);
      return;
    }
    await_answer(which);
    const queue_name name = which.queue;
    auto& waiting = queues[name].tasks;
    if (std::find(waiting.begin(), waiting.end(), token) == waiting.end()) waiting.push_back(token);
    match(name);
  }

  void erase(const std::string& token) {
    const auto found = tasks.find(token);
    const queue_name name = found->second.queue;
    in.loop().disarm(found->second.over);
    tasks.erase(found);
    std::erase(queues[name].tasks, token);
    forget_if_empty(name);
  }

  void match(const queue_name& name) {
    queue& of = queues[name];
    while (!of.polls.empty() && !of.tasks.empty()) {
      const std::string token = std::move(of.tasks.front());
      of.tasks.pop_front();
      detail_worker_commands::service::PollNexusTaskQueueResponse response;
      response.set_task_token(token);
      *response.mutable_request() = tasks.at(token).request;
      const call_ptr call = drop(of, of.polls.begin());
      in.answer(call, response);
    }
    forget_if_empty(name);
  }

  call_ptr drop(queue& of, std::list<waiting_process>::iterator which) {
    in.loop().disarm(which->end);
    which->call->on_abandoned = nullptr;
    call_ptr call = std::move(which->call);
    of.polls.erase(which);
    return call;
  }

  /// Without a task: the time is over, or the client has gone.
  void leave(const queue_name& name, std::uint64_t id, bool answer) {
    const auto found = queues.find(name);
    if (found == queues.end()) return;
    auto& polls = found->second.polls;
    const auto which = std::find_if(polls.begin(), polls.end(), [id](const auto& each) { return each.id == id; });
    if (which == polls.end()) return;
    const call_ptr call = drop(found->second, which);
    forget_if_empty(name);
    if (answer) in.answer(call, std::string());
  }

  void forget_if_empty(const queue_name& name) {
    const auto found = queues.find(name);
    if (found != queues.end() && found->second.polls.empty() && found->second.tasks.empty()) queues.erase(found);
  }

  core& in;
  std::map<queue_name, queue> queues;
  std::unordered_map<std::string, task> tasks;               // by token
  std::map<queue_name, std::vector<std::string>> cancelled;  // task tokens of activities
  std::uint64_t next_poll = 1;
};

RONDO_SERVER_FUNCTION worker_commands::worker_commands(core& owner) : impl_(std::make_unique<impl>(owner)) {}
RONDO_SERVER_FUNCTION worker_commands::~worker_commands() = default;

RONDO_SERVER_FUNCTION void worker_commands::cancel_activity(const std::string& namespace_id, const std::string& queue,
                                                            std::string task_token) {
  if (impl_->cancelled.empty()) {
    impl_->in.later([internals = impl_.get()] { internals->flush(); });
  }
  impl_->cancelled[{namespace_id, queue}].push_back(std::move(task_token));
}

RONDO_SERVER_FUNCTION void worker_commands::poll(const std::string& namespace_id, const std::string& queue,
                                                 const call_ptr& call, io::time_point end) {
  if (call->abandoned()) return;
  const impl::queue_name name{namespace_id, queue};
  auto& made = impl_->queues[name].polls.emplace_back();
  made.id = impl_->next_poll++;
  made.call = call;
  made.end.on_due = [internals = impl_.get(), name, id = made.id] { internals->leave(name, id, true); };
  call->on_abandoned = [internals = impl_.get(), name, id = made.id] { internals->leave(name, id, false); };
  impl_->in.loop().arm(made.end, end);
  impl_->match(name);
}

RONDO_SERVER_FUNCTION bool worker_commands::finish(const std::string& namespace_id, const std::string& task_token) {
  const auto found = impl_->tasks.find(task_token);
  if (found == impl_->tasks.end() || found->second.queue.first != namespace_id) return false;
  impl_->erase(task_token);
  return true;
}

RONDO_SERVER_FUNCTION std::size_t worker_commands::size() const noexcept { return impl_->tasks.size(); }

RONDO_SERVER_FUNCTION void serve_worker_commands(frontend& at) {
  namespace service = temporal::api::workflowservice::v1;
  at.on_call<service::PollNexusTaskQueueRequest>("PollNexusTaskQueue", detail_worker_commands::poll);
  at.on<service::RespondNexusTaskCompletedRequest>(
      "RespondNexusTaskCompleted", [](core& in, const service::RespondNexusTaskCompletedRequest& request) {
        detail_worker_commands::finish(in, request);
        return service::RespondNexusTaskCompletedResponse();
      });
  at.on<service::RespondNexusTaskFailedRequest>("RespondNexusTaskFailed",
                                                [](core& in, const service::RespondNexusTaskFailedRequest& request) {
                                                  detail_worker_commands::finish(in, request);
                                                  return service::RespondNexusTaskFailedResponse();
                                                });
}

}  // namespace rondo::server
