#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/deployment_version.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/payload.hpp"
#include "rondo/task.hpp"

namespace rondo::detail::run {

/// The user's object of one run, behind one interface for all workflow types.
class workflow_object {
 public:
  virtual ~workflow_object() = default;
  /// Reads the arguments now; the returned coroutine runs the workflow and hands its result to `to`.
  virtual task<void> run(payload_span arguments, host& to) = 0;
  /// Reads the arguments now; the returned coroutine runs the handler. `index` counts the definition's signals.
  virtual task<void> signal(std::size_t index, payload_span arguments) = 0;
  /// Answers at once. `index` counts the definition's queries.
  virtual void query(std::size_t index, payload_span arguments, payload_sink& answer) = 0;
};

/// A workflow type as a registry holds it.
struct workflow_definition {
  std::string name;
  std::vector<std::string> signals, queries;
  std::unique_ptr<workflow_object> (*create)() = nullptr;
  versioning_behavior behavior = versioning_behavior::unspecified;
};

}  // namespace rondo::detail::run
