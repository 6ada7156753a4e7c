#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/scheduler.hpp"
#include "rondo/options.hpp"
#include "rondo/serialization_context.hpp"
#include "rondo/workflow/info.hpp"

// Whose the values are that workflow code sends and receives. All of it comes from the code and from the start of the
// run, so it is the same on every replay.
namespace rondo::detail::run {

/// Of the run's own values: arguments, result, messages, memo.
inline serialization_context owner_of(const workflow_info& of) {
  serialization_context made;
  made.namespace_ = of.namespace_;
  made.workflow_id = of.workflow_id;
  return made;
}

/// Of what an activity takes and gives.
template <class Options>
serialization_context owner_of(const host& caller, std::string_view activity_type, const Options& options) {
  const auto& by = caller.info();
  serialization_context made = owner_of(by);
  made.workflow_type = by.workflow_type;
  made.activity_type = activity_type;
  made.task_queue = by.task_queue;
  if constexpr (std::is_same_v<Options, local_activity_options>) {
    made.is_local = true;
  } else if (!options.task_queue.empty()) {
    made.task_queue = options.task_queue;
  }
  return made;
}

/// Of what the next child takes and gives.
inline serialization_context owner_of(const host& caller, const child_workflow_options& options) {
  serialization_context made;
  made.namespace_ = options.namespace_.empty() ? caller.info().namespace_ : std::string(options.namespace_);
  made.workflow_id = options.id.empty() ? caller.next_child_id() : std::string(options.id);
  return made;
}

/// Of what another workflow is sent.
inline serialization_context owner_of(const host& caller, const other_workflow& whom) {
  serialization_context made;
  made.namespace_ = whom.namespace_.empty() ? caller.info().namespace_ : std::string(whom.namespace_);
  made.workflow_id = whom.workflow_id;
  return made;
}

/// The run whose code executes; nothing outside of one.
struct current_owner {
  std::optional<serialization_context> operator()() const {
    if (current == nullptr) return std::nullopt;
    return owner_of(current->engine().info());
  }
};

}  // namespace rondo::detail::run
