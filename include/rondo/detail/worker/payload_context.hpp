#pragma once
#include <memory>
#include <string>
#include <utility>

#include "rondo/activity.hpp"
#include "rondo/codec.hpp"

// Whose payloads a worker sends and receives, for codecs and storage.
namespace rondo::detail::worker {

/// Of a workflow's task.
inline std::shared_ptr<const serialization_context> payload_context_of(std::string namespace_name,
                                                                       std::string workflow_id, std::string type,
                                                                       std::string run_id) {
  auto made = std::make_shared<serialization_context>();
  made->namespace_ = std::move(namespace_name);
  made->workflow_id = std::move(workflow_id);
  made->workflow_type = std::move(type);
  made->run_id = std::move(run_id);
  return made;
}

/// Of an attempt. Not of a local one: its result is a payload of its workflow.
inline std::shared_ptr<const serialization_context> payload_context_of(const activity_info& of) {
  auto made = std::make_shared<serialization_context>();
  made->namespace_ = of.namespace_;
  made->workflow_id = of.workflow_id;
  made->workflow_type = of.workflow_type;
  made->run_id = of.workflow_id.empty() ? of.activity_run_id : of.run_id;
  made->activity_id = of.activity_id;
  made->activity_type = of.activity_type;
  made->task_queue = of.task_queue;
  return made;
}

}  // namespace rondo::detail::worker
