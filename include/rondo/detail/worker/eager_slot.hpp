#pragma once
#include <functional>
#include <memory>
#include <utility>

#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/io/eager_hosts.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/deployment.hpp"
#include "rondo/detail/worker/slots.hpp"
#include "rondo/detail/worker/workflow_calls.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::detail::worker {

/// A slot of a worker for the first task of a workflow that a client starts.
class eager_slot final : public io::eager_room {
 public:
  using begin_task = std::function<void(workflow_task task, slot permit)>;

  /// `owner` keeps all the others; `gone` is called when no task can come any more.
  eager_slot(std::shared_ptr<void> owner, slot permit, const worker_options& options, begin_task begin,
             std::function<void()> gone)
      : owner_(std::move(owner)),
        permit_(std::move(permit)),
        options_(options),
        begin_(std::move(begin)),
        gone_(std::move(gone)) {}
  ~eager_slot() override {
    permit_ = slot();
    gone_();
  }

  void describe(engine::service::StartWorkflowExecutionRequest& request) const override {
    engine::service::PollWorkflowTaskQueueRequest as_polls_say;
    write_deployment(options_, as_polls_say);
    if (!as_polls_say.has_deployment_options()) return;
    *request.mutable_eager_worker_deployment_options() = std::move(*as_polls_say.mutable_deployment_options());
  }
  void begin(engine::service::PollWorkflowTaskQueueResponse message, io::time_point arrived) override {
    workflow_task task;
    task.arrived = arrived;
    *task.message = std::move(message);
    begin_(std::move(task), std::move(permit_));
  }

 private:
  std::shared_ptr<void> owner_;
  slot permit_;
  const worker_options& options_;
  begin_task begin_;
  std::function<void()> gone_;
};

}  // namespace rondo::detail::worker
