#pragma once

#include "rondo/server/sqlite_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <utility>

namespace rondo::server {

namespace detail_sqlite_store {

inline constexpr int schema_version = 1;
/// What the file header says, so that another program's database is not taken for one of ours.
inline constexpr int application_id = 0x726F6E64;

inline constexpr const char* schema = R"sql(
CREATE TABLE run (
  run_id TEXT PRIMARY KEY, namespace_id TEXT NOT NULL, workflow_id TEXT NOT NULL, open INTEGER NOT NULL,
  start_time INTEGER NOT NULL, close_time INTEGER NOT NULL, state BLOB NOT NULL);
CREATE INDEX run_of_workflow ON run (namespace_id, workflow_id, start_time);
CREATE INDEX run_open ON run (start_time) WHERE open = 1;
CREATE INDEX run_closed ON run (namespace_id, close_time) WHERE open = 0;
CREATE TABLE event (run_id TEXT NOT NULL, first INTEGER NOT NULL, part BLOB NOT NULL, PRIMARY KEY (run_id, first))
  WITHOUT ROWID;
CREATE TABLE value (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
)sql";

inline rpc_status status_of(const sqlite::error& failed) {
  const char* advice = "";
  if (failed.code() == SQLITE_FULL) advice = "; make room on the disk and start the server again";
  if (failed.code() == SQLITE_READONLY) advice = "; make the file writable and start the server again";
  return rpc_status(rpc_code::unavailable, std::string("the database cannot be written: ") + failed.what() + advice);
}

inline std::int64_t ask_number(const sqlite::database& in, const char* sql) {
  sqlite::statement ask(in, sql);
  const std::int64_t number = ask.step() ? ask.column_number(0) : 0;
  ask.reset();
  return number;
}

}  // namespace detail_sqlite_store

/// Keeps a second server away from the file.
class sqlite_store::lock_file {
 public:
  explicit lock_file(const std::string& database) {
    const std::string name = database + "-lock";
    file_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file_ < 0) throw std::runtime_error("cannot write " + name + ": " + std::strerror(errno));
    if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
      ::close(file_);
      throw std::runtime_error("another server uses the database " + database + "; stop it or name another file");
    }
  }
  lock_file(const lock_file&) = delete;
  lock_file& operator=(const lock_file&) = delete;
  ~lock_file() { ::close(file_); }

 private:
  int file_ = -1;
};

RONDO_SERVER_FUNCTION sqlite_store::sqlite_store(io::event_loop& loop, const std::string& file,
                                                 const std::vector<std::string>& pragmas)
    : loop_(&loop) {
  try {
    lock_ = std::make_unique<lock_file>(file);
    writing_ = sqlite::database(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX);
    prepare(pragmas);
    reading_ = sqlite::database(file, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX);
    put_run_ =
        sqlite::statement(writing_,
                          "INSERT INTO run VALUES (?1,?2,?3,?4,?5,?6,?7) ON CONFLICT (run_id) DO UPDATE SET open=?4, "
                          "start_time=?5, close_time=?6, state=?7");
    drop_run_ = sqlite::statement(writing_, "DELETE FROM run WHERE run_id = ?1");
    drop_events_ = sqlite::statement(writing_, "DELETE FROM event WHERE run_id = ?1");
    put_events_ = sqlite::statement(writing_, "INSERT OR REPLACE INTO event VALUES (?1,?2,?3)");
    put_value_ = sqlite::statement(writing_, "INSERT OR REPLACE INTO value VALUES (?1,?2)");
    drop_value_ = sqlite::statement(writing_, "DELETE FROM value WHERE name = ?1");
    find_run_ = sqlite::statement(reading_, "SELECT state FROM run WHERE run_id = ?1 AND namespace_id = ?2");
    find_latest_ = sqlite::statement(reading_,
                                     "SELECT run_id FROM run WHERE namespace_id = ?1 AND workflow_id = ?2 "
                                     "ORDER BY start_time DESC, rowid DESC LIMIT 1");
    find_events_ = sqlite::statement(reading_, "SELECT part FROM event WHERE run_id = ?1 ORDER BY first");
  } catch (const std::exception& failed) {
    throw std::runtime_error("cannot use the database file " + file + ": " + failed.what());
  }
  writer_ = std::thread([this] { run_writer(); });
}

RONDO_SERVER_FUNCTION sqlite_store::~sqlite_store() {
  *alive_ = false;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (writer_.joinable()) writer_.join();
}

RONDO_SERVER_FUNCTION void sqlite_store::prepare(const std::vector<std::string>& pragmas) {
  using namespace detail_sqlite_store;
  writing_.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000;");
  for (const auto& each : pragmas) writing_.execute("PRAGMA " + each);
  if (sqlite3_db_readonly(writing_.get(), "main") == 1) {
    throw std::runtime_error("it is read-only; make the file writable and start the server again");
  }
  const auto found = ask_number(writing_, "PRAGMA application_id");
  const auto version = ask_number(writing_, "PRAGMA user_version");
  if (found == application_id && version == schema_version) return;
  if (found == application_id) {
    throw std::runtime_error("it was written by another version of the server (format " + std::to_string(version) +
                             ", this one reads " + std::to_string(schema_version) + ")");
  }
  if (ask_number(writing_, "SELECT count(*) FROM sqlite_master") != 0) {
    throw std::runtime_error("it belongs to another program; name a new file");
  }
  writing_.execute("BEGIN; " + std::string(schema) + "PRAGMA application_id=" + std::to_string(application_id) +
                   "; PRAGMA user_version=" + std::to_string(schema_version) + "; COMMIT;");
}

RONDO_SERVER_FUNCTION void sqlite_store::write(store_batch batch, std::function<void(rpc_status)> written) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(batch), std::move(written)});
  }
  changed_.notify_all();
}

RONDO_SERVER_FUNCTION void sqlite_store::run_writer() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    auto jobs = std::make_shared<std::deque<job>>(std::exchange(jobs_, {}));
    writing_now_ = true;
    lock.unlock();
    if (failure_.ok()) write_all(*jobs);
    const rpc_status status = failure_;
    for (auto& each : *jobs) each.batch = {};
    lock.lock();
    writing_now_ = false;
    changed_.notify_all();
    if (stopping_) continue;  // nobody waits for an answer any more, but what was given is still written
    loop_->post([jobs, status, alive = alive_] {
      for (const auto& each : *jobs) {
        if (*alive) each.written(status);
      }
    });
  }
}

RONDO_SERVER_FUNCTION void sqlite_store::write_all(const std::deque<job>& jobs) {
  try {
    writing_.execute("BEGIN IMMEDIATE");
    for (const auto& each : jobs) apply(each.batch);
    writing_.execute("COMMIT");
  } catch (const sqlite::error& failed) {
    failure_ = detail_sqlite_store::status_of(failed);
    try {
      writing_.execute("ROLLBACK");
    } catch (const sqlite::error&) {
      // SQLite rolls back by itself after most failures; then there is nothing left to undo.
    }
  }
}

RONDO_SERVER_FUNCTION void sqlite_store::apply(const store_batch& batch) {
  for (const auto& change : batch.runs) {
    const auto& run_id = change.key.run_id;
    if (change.state.empty()) {
      drop_run_.text(1, run_id).run();
      drop_events_.text(1, run_id).run();
      continue;
    }
    put_run_.text(1, run_id).text(2, change.key.namespace_id).text(3, change.key.workflow_id);
    put_run_.number(4, change.open ? 1 : 0).number(5, change.start_time).number(6, change.close_time);
    put_run_.blob(7, change.state).run();
    if (!change.events.empty()) {
      put_events_.text(1, run_id).number(2, change.first_event_id).blob(3, change.events).run();
    }
  }
  for (const auto& [name, value] : batch.values) {
    if (value.empty()) {
      drop_value_.text(1, name).run();
    } else {
      put_value_.text(1, name).blob(2, value).run();
    }
  }
}

RONDO_SERVER_FUNCTION std::unique_lock<std::mutex> sqlite_store::wait_for_writer() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return jobs_.empty() && !writing_now_; });
  return lock;
}

RONDO_SERVER_FUNCTION std::string sqlite_store::read_events(std::string_view run_id) {
  std::string events;
  find_events_.text(1, run_id);
  while (find_events_.step()) events.append(find_events_.column(0));
  return events;
}

RONDO_SERVER_FUNCTION std::optional<stored_run> sqlite_store::load(std::string_view namespace_id,
                                                                   std::string_view run_id) {
  find_run_.text(1, run_id).text(2, namespace_id);
  if (!find_run_.step()) return std::nullopt;
  stored_run found;
  found.state = find_run_.column(0);
  find_run_.reset();
  found.events = read_events(run_id);
  return found;
}

RONDO_SERVER_FUNCTION std::optional<stored_key> sqlite_store::latest(std::string_view namespace_id,
                                                                     std::string_view workflow_id) {
  find_latest_.text(1, namespace_id).text(2, workflow_id);
  if (!find_latest_.step()) return std::nullopt;
  stored_key key{std::string(namespace_id), std::string(workflow_id), std::string(find_latest_.column(0))};
  find_latest_.reset();
  return key;
}

RONDO_SERVER_FUNCTION void sqlite_store::each_closed(std::string_view namespace_id, instant latest,
                                                     const std::function<bool(std::string_view state)>& visit) {
  const auto lock = wait_for_writer();
  sqlite::statement all(reading_,
                        "SELECT state FROM run WHERE open = 0 AND namespace_id = ?1 AND close_time <= ?2 "
                        "ORDER BY close_time DESC, rowid DESC");
  all.text(1, namespace_id).number(2, latest);
  while (all.step()) {
    if (!visit(all.column(0))) break;
  }
  all.reset();
}

RONDO_SERVER_FUNCTION void sqlite_store::each_open(const std::function<void(stored_run)>& visit) {
  sqlite::statement all(reading_, "SELECT state, run_id FROM run WHERE open = 1 ORDER BY start_time, rowid");
  while (all.step()) {
    stored_run found;
    found.state = all.column(0);
    found.events = read_events(all.column(1));
    visit(std::move(found));
  }
}

RONDO_SERVER_FUNCTION void sqlite_store::each_value(
    std::string_view prefix, const std::function<void(std::string_view name, std::string_view value)>& visit) {
  sqlite::statement all(reading_, "SELECT name, value FROM value WHERE name >= ?1 ORDER BY name");
  all.text(1, prefix);
  while (all.step() && all.column(0).starts_with(prefix)) visit(all.column(0), all.column(1));
  all.reset();
}

RONDO_SERVER_FUNCTION std::size_t sqlite_store::expire(std::string_view namespace_id, instant closed_before) {
  const auto lock = wait_for_writer();
  try {
    writing_.execute("BEGIN IMMEDIATE");
    constexpr const char* which = "SELECT run_id FROM run WHERE open = 0 AND namespace_id = ?1 AND close_time < ?2";
    sqlite::statement events(writing_, "DELETE FROM event WHERE run_id IN (" + std::string(which) + ")");
    events.text(1, namespace_id).number(2, closed_before).run();
    sqlite::statement runs(writing_, "DELETE FROM run WHERE open = 0 AND namespace_id = ?1 AND close_time < ?2");
    runs.text(1, namespace_id).number(2, closed_before).run();
    const auto removed = static_cast<std::size_t>(sqlite3_changes(writing_.get()));
    writing_.execute("COMMIT");
    return removed;
  } catch (const sqlite::error&) {
    // Nothing is lost by it: what stays is tried again with the next expiry.
    sqlite3_exec(writing_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    return 0;
  }
}

}  // namespace rondo::server
