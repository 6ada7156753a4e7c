#pragma once

#include <rondo/server/state.pb.h>

#include <functional>
#include <memory>
#include <string>

#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/name_space.hpp"
#include "rondo/server/run.hpp"

namespace rondo::server {

class frontend;

/// Place of a run in lists: open runs first, then by the time of their end, then by that of their start, the last ones
/// first. Open runs end at `never`.
struct visibility_place {
  instant close_time = never;
  instant start_time = never;
  std::string run_id;

  /// Comes before in lists.
  friend bool operator<(const visibility_place& a, const visibility_place& b) noexcept {
    if (a.close_time != b.close_time) return a.close_time > b.close_time;
    if (a.start_time != b.start_time) return a.start_time > b.start_time;
    return a.run_id < b.run_id;
  }
};

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

  /// Open runs of the namespace after the place, in the order of lists, until the function returns false.
  void each_open(const name_space& in, const visibility_place& after,
                 const std::function<bool(const state::Run&)>& visit) const;
  /// The closed ones.
  void each_closed(const name_space& in, const visibility_place& after,
                   const std::function<bool(const state::Run&)>& visit) const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// ListWorkflowExecutions, CountWorkflowExecutions.
void serve_visibility(frontend& at);

}  // namespace rondo::server
