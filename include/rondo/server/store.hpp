#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/rpc_error.hpp"
#include "rondo/server/time.hpp"

namespace rondo::server {

/// What the store knows of a run without reading its state.
struct stored_key {
  std::string namespace_id;
  std::string workflow_id;
  std::string run_id;
};

/// Changes of one run.
struct stored_change {
  stored_key key;
  bool open = true;
  instant start_time = 0;
  instant close_time = 0;
  /// Serialized state::Run; empty: the run is deleted.
  std::string state;
  /// New events as a serialized History, and the id of the first.
  std::int64_t first_event_id = 0;
  std::string events;
};

/// A run as the store has it.
struct stored_run {
  std::string state;
  std::string events;
};

/// All that changed in one turn of the server; it becomes durable as a whole or not at all.
struct store_batch {
  std::vector<stored_change> runs;
  /// Values of the server itself (namespaces, deployments, ...), by name; an empty value removes.
  std::vector<std::pair<std::string, std::string>> values;

  bool empty() const noexcept { return runs.empty() && values.empty(); }
};

/// Where runs and the server's own values survive: the closed runs of every server, and with a file also the open ones.
/// Loop thread only. Reads see what was written before them, durable or not.
class store {
 public:
  store() = default;
  store(const store&) = delete;
  store& operator=(const store&) = delete;
  virtual ~store() = default;

  /// Whether what is written survives the process: then answers wait for written().
  virtual bool durable() const noexcept = 0;

  /// Takes the batch over and calls `written` on the loop once it is safe, or with the error. Batches become safe in
  /// order. A store that is not durable keeps closed runs alone and calls `written` before it returns.
  virtual void write(store_batch batch, std::function<void(rpc_status)> written) = 0;

  virtual std::optional<stored_run> load(std::string_view namespace_id, std::string_view run_id) = 0;
  /// The run of the workflow id that started last.
  virtual std::optional<stored_key> latest(std::string_view namespace_id, std::string_view workflow_id) = 0;
  /// States of runs that closed at the time or before, the last closed first, until the function returns false. For
  /// visibility.
  virtual void each_closed(std::string_view namespace_id, instant latest,
                           const std::function<bool(std::string_view state)>& visit) = 0;
  /// Open runs with their events; for the start of the server.
  virtual void each_open(const std::function<void(stored_run)>& visit) = 0;
  /// Values whose names begin with the prefix.
  virtual void each_value(std::string_view prefix,
                          const std::function<void(std::string_view name, std::string_view value)>& visit) = 0;

  /// Removes runs of the namespace that were closed before the time. Returns how many.
  virtual std::size_t expire(std::string_view namespace_id, instant closed_before) = 0;
};

}  // namespace rondo::server
