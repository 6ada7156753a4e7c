#pragma once
#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "host/worker_fixture.hpp"

namespace rondo::test {

/// A worker that gets the tasks of activities, and what it reports of them.
class activity_worker_test : public worker_test {
 protected:
  using completed = service::RespondActivityTaskCompletedRequest;
  using failed = service::RespondActivityTaskFailedRequest;
  using cancelled = service::RespondActivityTaskCanceledRequest;
  using heartbeat = service::RecordActivityTaskHeartbeatRequest;
  using heartbeat_answer = service::RecordActivityTaskHeartbeatResponse;
  using task = service::PollActivityTaskQueueResponse;

  static task make(const std::string& type, const std::vector<std::string>& arguments = {},
                   const std::string& id = "1") {
    task made;
    made.set_task_token("token-" + id);
    made.set_activity_id(id);
    made.mutable_activity_type()->set_name(type);
    made.set_workflow_namespace("shop");
    made.mutable_workflow_execution()->set_workflow_id("w");
    made.mutable_workflow_execution()->set_run_id("r");
    made.set_attempt(1);
    for (const auto& json : arguments) add_json(*made.mutable_input(), json);
    return made;
  }
  static void add_json(engine::Payloads& to, const std::string& json) {
    auto& added = *to.add_payloads();
    (*added.mutable_metadata())["encoding"] = "json/plain";
    added.set_data(json);
  }
  void give(const task& what) { server.give(queue::activity, what); }
  /// Heartbeats are answered so from now on.
  void answer_heartbeats(const std::function<void(heartbeat_answer&)>& fill) {
    server.answer<heartbeat, heartbeat_answer>([fill](const heartbeat&, heartbeat_answer& answer) {
      fill(answer);
      return rpc_status();
    });
  }
  /// Runs the activity to its report, which must be of this kind, and to the end of it.
  template <class Report>
  Report report_of(const task& what) {
    const auto before = server.count<Report>();
    give(what);
    if (!until([&] { return server.count<Report>() > before && idle(); })) {
      ADD_FAILURE() << "no such report";
      return {};
    }
    return server.seen<Report>().back();
  }
  std::size_t reports() const { return server.count<completed>() + server.count<failed>() + server.count<cancelled>(); }
};

}  // namespace rondo::test
