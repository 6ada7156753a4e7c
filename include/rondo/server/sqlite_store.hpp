#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "rondo/detail/io/loop.hpp"
#include "rondo/server/config.hpp"
#include "rondo/server/sqlite.hpp"
#include "rondo/server/store.hpp"

namespace rondo::server {

namespace io = rondo::detail::io;

/// A SQLite database with a write-ahead log. One thread of its own writes: while it waits for the disk, the batches of
/// the turns that follow gather, and become durable together. The loop's thread reads through a second connection.
class sqlite_store final : public store {
 public:
  /// Opens or makes the file. Throws std::runtime_error in words for the user: no such folder, read-only, no database,
  /// of a newer version, or in use by another server. `pragmas` are "name=value".
  sqlite_store(io::event_loop& loop, const std::string& file, const std::vector<std::string>& pragmas = {});
  ~sqlite_store() override;

  bool durable() const noexcept override { return true; }
  void write(store_batch batch, std::function<void(rpc_status)> written) override;
  std::optional<stored_run> load(std::string_view namespace_id, std::string_view run_id) override;
  std::optional<stored_key> latest(std::string_view namespace_id, std::string_view workflow_id) override;
  void each_closed(std::string_view namespace_id, instant latest,
                   const std::function<bool(std::string_view state)>& visit) override;
  void each_open(const std::function<void(stored_run)>& visit) override;
  void each_value(std::string_view prefix,
                  const std::function<void(std::string_view name, std::string_view value)>& visit) override;
  std::size_t expire(std::string_view namespace_id, instant closed_before) override;

 private:
  struct job {
    store_batch batch;
    std::function<void(rpc_status)> written;
  };
  class lock_file;

  void prepare(const std::vector<std::string>& pragmas);
  void run_writer();
  void write_all(const std::deque<job>& jobs);
  void apply(const store_batch& batch);
  /// Waits until the writer has nothing to do; the loop's thread may then use its connection.
  std::unique_lock<std::mutex> wait_for_writer();
  std::string read_events(std::string_view run_id);

  io::event_loop* loop_;
  std::unique_ptr<lock_file> lock_;
  sqlite::database writing_;
  sqlite::database reading_;
  sqlite::statement put_run_, drop_run_, drop_events_, put_events_, put_value_, drop_value_;
  sqlite::statement find_run_, find_latest_, find_events_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<job> jobs_;
  bool writing_now_ = false;
  /// Of the first write that failed. Nothing is written after it: what follows may build on what is missing.
  rpc_status failure_;
  bool stopping_ = false;
  /// Posted completions find out here that the store has gone.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::thread writer_;
};

}  // namespace rondo::server
