#pragma once
#include <string>
#include <utility>

#include "rondo/detail/run/host.hpp"
#include "rondo/options.hpp"
#include "rondo/payload.hpp"

namespace rondo::detail::run {

/// Thrown by workflow::continue_as_new; not a std::exception, so that handlers of errors let it pass.
class continue_as_new_request {
 public:
  continue_as_new_request(std::string workflow_type, std::string task_queue, duration run_timeout,
                          duration task_timeout, payload_list input)
      : workflow_type_(std::move(workflow_type)),
        task_queue_(std::move(task_queue)),
        run_timeout_(run_timeout),
        task_timeout_(task_timeout),
        input_(std::move(input)) {}

  continue_as_new_call call() const {
    return {.workflow_type = workflow_type_,
            .task_queue = task_queue_,
            .run_timeout = run_timeout_,
            .task_timeout = task_timeout_,
            .input = input_};
  }

 private:
  std::string workflow_type_, task_queue_;
  duration run_timeout_, task_timeout_;
  payload_list input_;
};

}  // namespace rondo::detail::run
