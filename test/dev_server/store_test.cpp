#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "rondo/detail/io/loop.hpp"
#include "rondo/server/memory_store.hpp"
#include "rondo/server/sqlite_store.hpp"
#include "support/scratch.hpp"

namespace store_test {

namespace fs = std::filesystem;
namespace server = rondo::server;
using rondo::rpc_status;
using rondo::test::scratch;

server::stored_change change(const std::string& run_id, bool open, server::instant closed = 0,
                             const std::string& workflow_id = "order") {
  server::stored_change made;
  made.key = {"space", workflow_id, run_id};
  made.open = open;
  made.start_time = closed / 2;
  made.close_time = closed;
  made.state = "state of " + run_id;
  return made;
}

server::store_batch batch_of(std::vector<server::stored_change> changes) {
  server::store_batch batch;
  batch.runs = std::move(changes);
  return batch;
}

std::vector<std::string> closed_runs(server::store& of, const std::string& space = "space",
                                     server::instant latest = server::never) {
  std::vector<std::string> states;
  of.each_closed(space, latest, [&states](std::string_view state) {
    states.emplace_back(state);
    return true;
  });
  return states;
}

using strings = std::vector<std::string>;

/// Both stores behind one face: write() returns when the batch is safe.
class stores : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) {
      disk = std::make_unique<server::sqlite_store>(loop, dir.file());
    } else {
      disk = std::make_unique<server::memory_store>(1U << 20U);
    }
  }
  rpc_status write(server::store_batch batch) {
    bool done = false;
    rpc_status result;
    disk->write(std::move(batch), [&](const rpc_status& status) {
      done = true;
      result = status;
    });
    if (!done) loop.run_until([&done] { return done; });
    return result;
  }

  scratch dir;
  server::io::event_loop loop;
  std::unique_ptr<server::store> disk;
};

TEST_P(stores, give_back_closed_runs) {
  auto first = change("run-1", false, 10);
  first.events = "abc";
  first.first_event_id = 1;
  EXPECT_TRUE(write(batch_of({first})).ok());
  const auto found = disk->load("space", "run-1");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->state, "state of run-1");
  EXPECT_EQ(found->events, "abc");
  EXPECT_FALSE(disk->load("space", "run-2").has_value());
  EXPECT_FALSE(disk->load("elsewhere", "run-1").has_value());
}

TEST_P(stores, add_events_to_those_that_are_there) {
  auto first = change("run-1", false, 10);
  first.events = "abc";
  first.first_event_id = 1;
  auto second = change("run-1", false, 10);
  second.state = "later";
  second.events = "def";
  second.first_event_id = 4;
  EXPECT_TRUE(write(batch_of({first})).ok());
  EXPECT_TRUE(write(batch_of({second})).ok());
  EXPECT_EQ(disk->load("space", "run-1")->events, "abcdef");
  EXPECT_EQ(disk->load("space", "run-1")->state, "later");
}

TEST_P(stores, know_the_run_that_started_last) {
  EXPECT_TRUE(write(batch_of({change("run-2", false, 20), change("run-1", false, 10)})).ok());
  EXPECT_EQ(disk->latest("space", "order")->run_id, "run-2");
  EXPECT_FALSE(disk->latest("space", "other").has_value());
  EXPECT_FALSE(disk->latest("elsewhere", "order").has_value());
}

TEST_P(stores, list_closed_runs_the_last_closed_first) {
  EXPECT_TRUE(write(batch_of({change("a", false, 10), change("c", false, 30), change("b", false, 20)})).ok());
  EXPECT_EQ(closed_runs(*disk), (strings{"state of c", "state of b", "state of a"}));
  EXPECT_EQ(closed_runs(*disk, "elsewhere"), strings());
  EXPECT_EQ(closed_runs(*disk, "space", 20), (strings{"state of b", "state of a"}));
  EXPECT_EQ(closed_runs(*disk, "space", 19), (strings{"state of a"}));
  strings one;
  disk->each_closed("space", server::never, [&one](std::string_view state) {
    one.emplace_back(state);
    return false;
  });
  EXPECT_EQ(one.size(), 1U);
}

TEST_P(stores, remove_runs) {
  EXPECT_TRUE(write(batch_of({change("a", false, 10), change("b", false, 20)})).ok());
  auto gone = change("b", false, 20);
  gone.state.clear();
  EXPECT_TRUE(write(batch_of({gone})).ok());
  EXPECT_FALSE(disk->load("space", "b").has_value());
  EXPECT_EQ(disk->latest("space", "order")->run_id, "a");
  gone.key.run_id = "never there";
  EXPECT_TRUE(write(batch_of({gone})).ok());
}

TEST_P(stores, forget_what_closed_long_ago) {
  EXPECT_TRUE(write(batch_of({change("a", false, 10), change("b", false, 20), change("c", false, 30)})).ok());
  EXPECT_EQ(disk->expire("elsewhere", 100), 0U);
  EXPECT_EQ(disk->expire("space", 20), 1U);
  EXPECT_EQ(closed_runs(*disk), (strings{"state of c", "state of b"}));
  EXPECT_EQ(disk->expire("space", 100), 2U);
  EXPECT_FALSE(disk->latest("space", "order").has_value());
}

TEST_P(stores, keep_values_by_name) {
  server::store_batch batch;
  batch.values = {{"namespace/2", "two"}, {"namespace/1", "one"}, {"other", "x"}};
  EXPECT_TRUE(write(std::move(batch)).ok());
  server::store_batch change;
  change.values = {{"namespace/2", ""}, {"namespace/3", "three"}};
  EXPECT_TRUE(write(std::move(change)).ok());
  strings seen;
  disk->each_value("namespace/", [&seen](std::string_view name, std::string_view value) {
    seen.push_back(std::string(name) + "=" + std::string(value));
  });
  EXPECT_EQ(seen, (strings{"namespace/1=one", "namespace/3=three"}));
}

INSTANTIATE_TEST_SUITE_P(both, stores, ::testing::Values(false, true),
                         [](const auto& which) { return which.param ? "sqlite" : "memory"; });

TEST(memory_store, drops_the_oldest_closed_runs_when_there_are_too_many_bytes) {
  server::memory_store disk(2000);
  for (int number = 1; number <= 50; ++number) {
    auto each = change("run-" + std::to_string(number), false, number, "order-" + std::to_string(number));
    each.events = std::string(100, 'x');
    disk.write(batch_of({each}), [](const rpc_status& status) { EXPECT_TRUE(status.ok()); });
  }
  EXPECT_LE(disk.bytes(), 2000U);
  EXPECT_TRUE(disk.load("space", "run-50").has_value());
  EXPECT_FALSE(disk.load("space", "run-1").has_value());
  EXPECT_FALSE(disk.latest("space", "order-1").has_value());
}

/// Writes and waits; the database is closed when it returns.
rpc_status write_once(const std::string& file, server::store_batch batch, const strings& pragmas = {}) {
  server::io::event_loop loop;
  server::sqlite_store disk(loop, file, pragmas);
  rpc_status result;
  bool done = false;
  disk.write(std::move(batch), [&](const rpc_status& status) {
    result = status;
    done = true;
  });
  loop.run_until([&done] { return done; });
  return result;
}

std::string refusal_of(const std::string& file) {
  server::io::event_loop loop;
  try {
    const server::sqlite_store disk(loop, file);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "opened";
}

TEST(sqlite_store, gives_open_runs_back_to_the_next_server) {
  const scratch dir;
  auto first = change("run-1", true);
  first.events = "abc";
  first.first_event_id = 1;
  EXPECT_TRUE(write_once(dir.file(), batch_of({first, change("closed", false, 10)})).ok());
  server::io::event_loop loop;
  server::sqlite_store disk(loop, dir.file());
  strings open;
  disk.each_open([&open](const server::stored_run& run) { open.push_back(run.state + " " + run.events); });
  EXPECT_EQ(open, strings{"state of run-1 abc"});
}

TEST(sqlite_store, writes_what_it_was_given_before_it_goes) {
  const scratch dir;
  {
    server::io::event_loop loop;
    server::sqlite_store disk(loop, dir.file());
    for (int number = 0; number < 100; ++number) {
      disk.write(batch_of({change("run-" + std::to_string(number), true)}), [](const rpc_status&) {});
    }
  }
  server::io::event_loop loop;
  server::sqlite_store disk(loop, dir.file());
  int found = 0;
  disk.each_open([&found](const server::stored_run&) { ++found; });
  EXPECT_EQ(found, 100);
}

TEST(sqlite_store, says_that_batches_are_safe_in_their_order) {
  const scratch dir;
  server::io::event_loop loop;
  server::sqlite_store disk(loop, dir.file());
  std::vector<int> order;
  for (int number = 0; number < 50; ++number) {
    disk.write(batch_of({change("run-" + std::to_string(number), true)}),
               [&order, number](const rpc_status&) { order.push_back(number); });
  }
  loop.run_until([&order] { return order.size() == 50; });
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(sqlite_store, reports_a_full_disk_and_keeps_what_was_safe) {
  const scratch dir;
  EXPECT_TRUE(write_once(dir.file(), batch_of({change("small", true)})).ok());
  auto large = change("large", true);
  large.state = std::string(1U << 20U, 'x');
  const auto status = write_once(dir.file(), batch_of({change("with it", true), large}), {"max_page_count=40"});
  EXPECT_EQ(status.code, rondo::rpc_code::unavailable);
  EXPECT_NE(status.message.find("make room on the disk"), std::string::npos) << status.message;
  server::io::event_loop loop;
  server::sqlite_store disk(loop, dir.file());
  EXPECT_TRUE(disk.load("space", "small").has_value());
  EXPECT_FALSE(disk.load("space", "with it").has_value()) << "half a batch was written";
}

TEST(sqlite_store, writes_nothing_after_a_batch_that_failed) {
  const scratch dir;
  EXPECT_TRUE(write_once(dir.file(), {}).ok());
  {
    server::io::event_loop loop;
    server::sqlite_store disk(loop, dir.file(), {"max_page_count=40"});
    auto large = change("large", true);
    large.state = std::string(1U << 20U, 'x');
    std::vector<bool> safe;
    disk.write(batch_of({large}), [&safe](const rpc_status& status) { safe.push_back(status.ok()); });
    loop.run_until([&safe] { return safe.size() == 1; });
    disk.write(batch_of({change("small", true)}), [&safe](const rpc_status& status) { safe.push_back(status.ok()); });
    loop.run_until([&safe] { return safe.size() == 2; });
    EXPECT_EQ(safe, (std::vector<bool>{false, false}));
  }
  server::io::event_loop loop;
  server::sqlite_store disk(loop, dir.file());
  EXPECT_FALSE(disk.load("space", "small").has_value());
}

TEST(sqlite_store, says_what_to_do_when_the_file_cannot_be_written) {
  const scratch dir;
  EXPECT_TRUE(write_once(dir.file(), {}).ok());
  const auto status = write_once(dir.file(), batch_of({change("run", true)}), {"query_only=1"});
  EXPECT_EQ(status.code, rondo::rpc_code::unavailable);
  EXPECT_NE(status.message.find("make the file writable"), std::string::npos) << status.message;
}

/// Root may write everything: while it lives, this process is somebody else's.
class ordinary_user {
 public:
  ordinary_user() {
    constexpr uid_t nobody = 65534;
    if (before_ == 0 && ::seteuid(nobody) != 0) throw std::runtime_error("root cannot become another user");
  }
  ordinary_user(const ordinary_user&) = delete;
  ordinary_user& operator=(const ordinary_user&) = delete;
  ~ordinary_user() { EXPECT_EQ(::seteuid(before_), 0); }

 private:
  uid_t before_ = ::geteuid();
};

TEST(sqlite_store, refuses_a_file_that_is_read_only) {
  const ordinary_user reader;
  const scratch dir;
  EXPECT_TRUE(write_once(dir.file(), batch_of({change("small", true)})).ok());
  fs::permissions(dir.file(), fs::perms::owner_read);
  EXPECT_NE(refusal_of(dir.file()).find("make the file writable"), std::string::npos) << refusal_of(dir.file());
  fs::permissions(dir.file(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(refusal_of(dir.file()), "opened");
}

TEST(sqlite_store, refuses_a_folder_that_cannot_be_written) {
  const ordinary_user reader;
  const scratch dir;
  fs::permissions(dir.folder(), fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_NE(refusal_of(dir.file()).find("Permission denied"), std::string::npos) << refusal_of(dir.file());
}

TEST(sqlite_store, refuses_a_folder_that_is_not_there) {
  const scratch dir;
  EXPECT_NE(refusal_of(dir.file("no/such/runs.db")).find("No such file"), std::string::npos);
}

TEST(sqlite_store, refuses_a_second_server) {
  const scratch dir;
  server::io::event_loop loop;
  const server::sqlite_store disk(loop, dir.file());
  EXPECT_NE(refusal_of(dir.file()).find("another server uses"), std::string::npos) << refusal_of(dir.file());
}

TEST(sqlite_store, refuses_files_that_are_something_else) {
  const scratch dir;
  std::ofstream(dir.file("text")) << std::string(5000, 'x');
  EXPECT_NE(refusal_of(dir.file("text")).find("not a database"), std::string::npos) << refusal_of(dir.file("text"));
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(dir.file("other.db").c_str(), &other), SQLITE_OK);
  sqlite3_exec(other, "CREATE TABLE t (x)", nullptr, nullptr, nullptr);
  sqlite3_close(other);
  EXPECT_NE(refusal_of(dir.file("other.db")).find("another program"), std::string::npos);
}

TEST(sqlite_store, refuses_a_file_of_another_version) {
  const scratch dir;
  EXPECT_TRUE(write_once(dir.file(), {}).ok());
  sqlite3* by_hand = nullptr;
  ASSERT_EQ(sqlite3_open(dir.file().c_str(), &by_hand), SQLITE_OK);
  sqlite3_exec(by_hand, "PRAGMA user_version = 77", nullptr, nullptr, nullptr);
  sqlite3_close(by_hand);
  EXPECT_NE(refusal_of(dir.file()).find("format 77"), std::string::npos) << refusal_of(dir.file());
}

}  // namespace store_test
