#pragma once

#include <rondo/server/state.pb.h>
#include <temporal/api/enums/v1/common.pb.h>

#include <memory>
#include <string>
#include <unordered_map>

#include "rondo/server/run.hpp"

namespace rondo::server {

/// One namespace: its settings and the runs that are in memory.
struct name_space {
  state::Namespace state;
  /// By run id. Open runs are always here; closed ones while somebody needs them (see runs.hpp).
  std::unordered_map<std::string, std::unique_ptr<run>> runs;
  /// By workflow id, the run that is open or that started last, as far as it is in memory.
  std::unordered_map<std::string, run*> current;

  const std::string& id() const noexcept { return state.id(); }
  const std::string& name() const noexcept { return state.info().name(); }
};

}  // namespace rondo::server
