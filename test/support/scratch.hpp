#pragma once
#include <unistd.h>

#include <filesystem>
#include <string>

namespace rondo::test {

/// A folder that goes with the test.
class scratch {
 public:
  scratch()
      : path_(std::filesystem::temp_directory_path() / ("rondo-" + std::to_string(::getpid()) + "-" + next_name())) {
    std::filesystem::create_directories(path_);
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() {
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
    std::filesystem::remove_all(path_);
  }

  const std::filesystem::path& folder() const { return path_; }
  std::string file(const std::string& name = "runs.db") const { return path_ / name; }

 private:
  static std::string next_name() {
    static int number = 0;
    return std::to_string(++number);
  }

  std::filesystem::path path_;
};

}  // namespace rondo::test
