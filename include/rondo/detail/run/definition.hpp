#pragma once
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/deployment_version.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/scheduler.hpp"
#include "rondo/detail/run/value_shape.hpp"
#include "rondo/dynamic_workflow.hpp"
#include "rondo/exception_types.hpp"
#include "rondo/payload.hpp"
#include "rondo/task.hpp"

namespace rondo::detail::run {

/// Where the handler of an update puts its result.
class update_answer {
 public:
  virtual void complete(encoder result) = 0;

 protected:
  ~update_answer() = default;
};

/// The user's object of one run, behind one interface for all workflow types. `index` counts the handlers of a kind in
/// the definition; `name` is what the message is called, which only a handler for any message needs.
class workflow_object : public in_run_memory {
 public:
  virtual ~workflow_object() = default;
  /// Reads the arguments now; the returned coroutine runs the workflow and hands its result to `to`.
  virtual task<void> run(payload_span arguments, host& to) = 0;
  /// Reads the arguments now; the returned coroutine runs the handler.
  virtual task<void> signal(std::size_t index, std::string_view name, payload_span arguments) = 0;
  /// Answers at once.
  virtual void query(std::size_t index, std::string_view name, payload_span arguments, payload_sink& answer) = 0;
  /// Reads the arguments now and, when `validate`, lets the validator look at them; what either throws rejects the
  /// update. The returned coroutine runs the handler and hands its result to `to`.
  virtual task<void> update(std::size_t index, std::string_view name, payload_span arguments, bool validate,
                            update_answer& to) = 0;
};

/// A handler as a registry knows it.
struct handler_definition {
  /// Empty: it takes every message of its kind that no other handler takes.
  std::string name;
  std::string description{};
  /// Its loss at the end of the workflow is no reason for a warning.
  bool may_be_abandoned = false;
  /// Null when its types are not known: it takes any message, or was set while the workflow ran.
  const call_shape* shape = nullptr;
};

/// The handlers of one kind.
using handler_definitions = std::vector<handler_definition>;

/// The handler for a message: the one of that name, else the one for any.
inline std::optional<std::size_t> find_handler(const handler_definitions& in, std::string_view name) {
  std::optional<std::size_t> any;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (in[i].name == name) return i;
    if (in[i].name.empty()) any = i;
  }
  return any;
}

/// A workflow type as a registry holds it.
struct workflow_definition {
  std::string name;
  handler_definitions signals, queries, updates;
  /// Makes the object of a run. A class that has a constructor for them gets the arguments; throws when they cannot be
  /// read.
  std::unique_ptr<workflow_object> (*create)(payload_span arguments) = nullptr;
  versioning_behavior behavior = versioning_behavior::unspecified;
  /// Null for one that runs any type.
  const call_shape* shape = nullptr;
  /// Exceptions that fail the workflow, beside failures.
  exception_list failure_exceptions{};
  /// Decides for one that runs any type; null: as above.
  dynamic_workflow_settings (*settings)(std::string_view type) noexcept = nullptr;

  versioning_behavior behavior_of(std::string_view type) const {
    const auto decided = settings != nullptr ? settings(type).versioning_behavior : versioning_behavior::unspecified;
    return decided == versioning_behavior::unspecified ? behavior : decided;
  }
  /// True when the exception fails a run of the type.
  bool fails(std::string_view type, const std::exception_ptr& error) const {
    const auto decided = settings != nullptr ? settings(type).failure_exceptions : exception_list();
    return decided.empty() ? failure_exceptions.contains(error) : decided.contains(error);
  }
};

}  // namespace rondo::detail::run
