#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace rondo::detail::config {

/// A new file beside the one whose place it takes, which its owner alone can read; it goes if it does not get there.
class private_file {
 public:
  /// `path`: where it shall be in the end. A link stays, and what it leads to is replaced, or made if it is not there.
  explicit private_file(const std::string& path) : shown_(path) {
    std::error_code none;
    target_ = followed(path).string();
    if (std::filesystem::is_directory(target_, none)) fail("it is a folder");
    name_ = target_ + ".XXXXXX";
    // From here on nothing in the constructor may fail: the destructor would not remove the file.
    descriptor_ = ::mkstemp(name_.data());
    if (descriptor_ < 0) fail(reason());
  }
  private_file(const private_file&) = delete;
  private_file& operator=(const private_file&) = delete;
  ~private_file() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!name_.empty()) ::unlink(name_.c_str());
  }

  void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = ::write(descriptor_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail(reason());
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  /// Readers see the old file or the new one, never a part of it.
  void put_in_place() {
    if (::fsync(descriptor_) != 0) fail(reason());
    if (std::rename(name_.c_str(), target_.c_str()) != 0) fail(reason());
    name_.clear();
  }

 private:
  /// Where links lead.
  std::filesystem::path followed(std::filesystem::path path) const {
    constexpr int most = 40;  // as many as Linux follows
    std::error_code error;
    for (int steps = 0; std::filesystem::is_symlink(path, error); ++steps) {
      if (steps == most) fail("too many links lead on to others");
      const auto next = std::filesystem::read_symlink(path, error);
      if (error) fail(error.message());
      path = path.parent_path() / next;
    }
    return path;
  }
  static std::string reason() { return std::error_code(errno, std::generic_category()).message(); }
  [[noreturn]] void fail(const std::string& why) const {
    throw std::runtime_error("rondo: cannot write the settings to '" + shown_ + "': " + why);
  }

  std::string shown_, target_, name_;
  int descriptor_ = -1;
};

}  // namespace rondo::detail::config
