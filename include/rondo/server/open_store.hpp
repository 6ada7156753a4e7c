#pragma once

#include <memory>

#include "rondo/server/memory_store.hpp"
#include "rondo/server/options.hpp"
#include "rondo/server/sqlite_store.hpp"

namespace rondo::server {

/// The store that the options ask for; throws what sqlite_store throws.
inline std::unique_ptr<store> open_store(io::event_loop& loop, const options& by) {
  if (by.db_filename.empty()) return std::make_unique<memory_store>(by.closed_runs_memory);
  return std::make_unique<sqlite_store>(loop, by.db_filename, by.sqlite_pragmas);
}

}  // namespace rondo::server
