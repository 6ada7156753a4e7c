#pragma once

#include <memory>

#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/run.hpp"

namespace rondo::server {

class frontend;

/// The list of workflows, filtered and counted by queries.
class visibility {
 public:
  explicit visibility(core& owner);
  visibility(const visibility&) = delete;
  visibility& operator=(const visibility&) = delete;
  ~visibility();

  /// The run is new, closed, or shows something else than before. Open runs are kept here, closed ones come from the
  /// store.
  void update(const run& of);
  void remove(const run& of);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// ListWorkflowExecutions, CountWorkflowExecutions.
void serve_visibility(frontend& at);

}  // namespace rondo::server
