#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "rondo/detail/base/system_load.hpp"

namespace system_load_test {

using namespace std::chrono_literals;
using rondo::detail::system_load_reader;

/// A machine made of files: 1000 kB of memory of which 400 are free, and four processors.
class system_load : public ::testing::Test {
 protected:
  system_load()
      : root(std::filesystem::temp_directory_path() /
             ("rondo-load-" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()))) {
    std::filesystem::remove_all(root);
    write("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 400 kB\n");
    write("proc/stat", "cpu  100 0 100 800 0 0 0 0 50 0\ncpu0 1 2 3\n");
  }
  ~system_load() override { std::filesystem::remove_all(root); }

  void write(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories((root / file).parent_path());
    std::ofstream(root / file) << text;
  }

  const std::filesystem::path root;
  const system_load_reader::clock::time_point start{1h};
};

TEST_F(system_load, of_a_machine_without_limits) {
  system_load_reader reader(root);
  const auto first = reader.sample(start);
  EXPECT_DOUBLE_EQ(first.memory, 0.6);
  EXPECT_DOUBLE_EQ(first.cpu, 0);
  // 100 more ticks, of which 20 were idle and 5 waited for a disk.
  write("proc/stat", "cpu  150 5 120 820 5 0 0 0 90 0\n");
  EXPECT_DOUBLE_EQ(reader.sample(start + 1s).cpu, 0.75);
}

TEST_F(system_load, of_a_group_of_version_2_leaves_the_cache_of_files_out) {
  write("proc/self/cgroup", "0::/pod/box\n");
  const std::string box = "sys/fs/cgroup/pod/box/";
  write(box + "memory.max", "1000\n");
  write(box + "memory.current", "900\n");
  write(box + "memory.stat", "anon 600\nfile 300\ninactive_file 200\n");
  write(box + "cpu.max", "200000 100000\n");
  write(box + "cpu.stat", "usage_usec 5000000\nuser_usec 1\n");
  system_load_reader reader(root);
  EXPECT_DOUBLE_EQ(reader.sample(start).memory, 0.7);
  write(box + "cpu.stat", "usage_usec 6000000\n");
  // One second of processor time in one second, of two that are allowed.
  EXPECT_DOUBLE_EQ(reader.sample(start + 1s).cpu, 0.5);
}

TEST_F(system_load, is_that_of_the_group_around_it_when_that_is_tighter) {
  write("proc/self/cgroup", "0::/pod/box\n");
  write("sys/fs/cgroup/pod/box/memory.max", "max\n");
  write("sys/fs/cgroup/pod/box/memory.current", "100\n");
  write("sys/fs/cgroup/pod/memory.max", "1000\n");
  write("sys/fs/cgroup/pod/memory.current", "950\n");
  EXPECT_DOUBLE_EQ(system_load_reader(root).sample(start).memory, 0.95);
}

TEST_F(system_load, of_a_group_of_version_1) {
  write("proc/self/cgroup", "4:memory:/box\n3:cpu,cpuacct:/box\n");
  write("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "1000\n");
  write("sys/fs/cgroup/memory/box/memory.usage_in_bytes", "900\n");
  write("sys/fs/cgroup/memory/box/memory.stat", "cache 100\ninactive_file 1\ntotal_inactive_file 100\n");
  write("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "50000\n");
  write("sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/cpu/box/cpuacct.usage", "1000000000\n");
  system_load_reader reader(root);
  EXPECT_DOUBLE_EQ(reader.sample(start).memory, 0.8);
  write("sys/fs/cgroup/cpu/box/cpuacct.usage", "1400000000\n");
  EXPECT_DOUBLE_EQ(reader.sample(start + 1s).cpu, 0.8);
}

TEST_F(system_load, of_a_group_without_a_limit_is_that_of_the_machine) {
  write("proc/self/cgroup", "4:memory:/\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  write("sys/fs/cgroup/memory/memory.usage_in_bytes", "900\n");
  EXPECT_DOUBLE_EQ(system_load_reader(root).sample(start).memory, 0.6);
}

TEST_F(system_load, that_cannot_be_read_is_none) {
  std::filesystem::remove_all(root);
  system_load_reader reader(root);
  reader.sample(start);
  const auto nothing = reader.sample(start + 1s);
  EXPECT_DOUBLE_EQ(nothing.memory, 0);
  EXPECT_DOUBLE_EQ(nothing.cpu, 0);
}

TEST(system_load_here, is_a_part_of_the_whole) {
  system_load_reader reader;
  const auto now = reader.sample(system_load_reader::clock::now());
  EXPECT_GT(now.memory, 0);
  EXPECT_LE(now.memory, 1);
}

}  // namespace system_load_test
