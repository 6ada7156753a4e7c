#pragma once
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/base/uuid.hpp"

extern char** environ;

// Running other programs, such as the rondo command.
namespace rondo::test {

using words = std::vector<std::string>;

/// The command line of the rondo command with these words.
inline words rondo_command(words arguments) {
  const char* program = std::getenv("RONDO_PROGRAM");
  if (program == nullptr) throw std::runtime_error("RONDO_PROGRAM must name the rondo command");
  arguments.insert(arguments.begin(), program);
  return arguments;
}

/// What a program printed, and how it ended; the code is -1 for one that a signal ended.
struct program_end {
  int code = -1;
  std::string out, err;
};

/// A program whose output goes into files. It is killed when it still runs at the end.
class running_program {
 public:
  explicit running_program(words command) : path_(testing::TempDir() + "rondo-" + detail::random_uuid()) {
    std::vector<char*> arguments;
    for (auto& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const int how = O_CREAT | O_WRONLY | O_TRUNC;
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, (path_ + ".out").c_str(), how, 0600);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, (path_ + ".err").c_str(), how, 0600);
    const int failed = posix_spawn(&child_, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) throw std::runtime_error("cannot start " + command.front());
  }
  running_program(const running_program&) = delete;
  running_program& operator=(const running_program&) = delete;
  ~running_program() {
    if (child_ != 0) {
      kill(child_, SIGKILL);
      wait();
    }
    unlink((path_ + ".out").c_str());
    unlink((path_ + ".err").c_str());
  }

  /// What it has printed so far.
  std::string out() const { return text(".out"); }
  std::string err() const { return text(".err"); }
  void send(int signal) const { kill(child_, signal); }
  /// True once it has ended.
  bool ended() {
    siginfo_t info{};
    return child_ == 0 ||
           (waitid(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child_);
  }
  /// Waits for its end.
  program_end wait() {
    int status = 0;
    waitpid(std::exchange(child_, 0), &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, out(), err()};
  }

 private:
  std::string text(const char* suffix) const {
    std::ifstream file(path_ + suffix);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  std::string path_;
  pid_t child_ = 0;
};

inline program_end run_program(words command) { return running_program(std::move(command)).wait(); }

}  // namespace rondo::test
