#pragma once
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

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

/// The path of a program that is built into the folder of this one.
inline std::string program_beside(const std::string& name) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
}

/// What a program printed, and how it ended; the code is -1 for one that a signal ended.
struct program_end {
  int code = -1;
  std::string out, err;
};

/// How a program runs.
struct program_setup {
  /// "NAME=value", beside the environment of this program.
  words environment{};
  /// Its errors go where those of this program go, they are not kept.
  bool show_errors = false;
};

/// A program beside this one. It is killed when it still runs at the end.
class running_program {
 public:
  explicit running_program(words command, program_setup how = {}) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    from_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    if (!how.show_errors) posix_spawn_file_actions_adddup2(&actions, fileno(errors_.get()), STDERR_FILENO);
    for (char** each = environ; *each != nullptr; ++each) how.environment.emplace_back(*each);
    const int failed = posix_spawn(&child_, command.front().c_str(), &actions, nullptr, pointers(command).data(),
                                   pointers(how.environment).data());
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (failed == 0) return;
    close(from_);
    throw std::runtime_error("cannot start " + command.front());
  }
  running_program(const running_program&) = delete;
  running_program& operator=(const running_program&) = delete;
  ~running_program() {
    kill();
    close(from_);
  }

  /// Waits for the first line that it prints. Throws when it ends before that.
  std::string first_line() {
    const auto until = limit();
    while (out_.find('\n') == std::string::npos) {
      if (!read_more(until)) throw std::runtime_error("the program printed no line: " + out_ + err());
    }
    return out_.substr(0, out_.find('\n'));
  }
  /// Its errors so far.
  std::string err() const {
    std::string text;
    std::array<char, 4096> part{};
    for (;;) {
      const auto size = pread(fileno(errors_.get()), part.data(), part.size(), static_cast<off_t>(text.size()));
      if (size <= 0) return text;
      text.append(part.data(), static_cast<std::size_t>(size));
    }
  }
  void send(int signal) const { ::kill(child_, signal); }
  /// As kill -9 does; over when it returns.
  void kill() {
    if (child_ == 0) return;
    send(SIGKILL);
    waitpid(std::exchange(child_, 0), nullptr, 0);
  }
  /// Waits for its end.
  program_end wait() {
    const auto until = limit();
    while (read_more(until)) continue;
    int status = 0;
    waitpid(std::exchange(child_, 0), &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, out_, err()};
  }

 private:
  using time_point = std::chrono::steady_clock::time_point;

  /// So long that only a program that hangs reaches it.
  static time_point limit() { return std::chrono::steady_clock::now() + std::chrono::seconds(90); }

  static std::vector<char*> pointers(words& of) {
    std::vector<char*> all;
    for (auto& word : of) all.push_back(word.data());
    all.push_back(nullptr);
    return all;
  }

  /// Waits for more of what it prints; false at the end of it.
  bool read_more(time_point until) {
    using std::chrono::milliseconds;
    pollfd ready{from_, POLLIN, 0};
    int found = 0;
    do {
      const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now()).count();
      found = poll(&ready, 1, static_cast<int>(std::max<milliseconds::rep>(left, 0)));
    } while (found < 0 && errno == EINTR);
    if (found <= 0) throw std::runtime_error("the program hangs: " + out_ + err());
    std::array<char, 4096> part{};
    const auto size = read(from_, part.data(), part.size());
    if (size > 0) out_.append(part.data(), static_cast<std::size_t>(size));
    return size > 0;
  }

  struct closing {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };

  std::unique_ptr<std::FILE, closing> errors_{std::tmpfile()};
  std::string out_;
  int from_ = -1;
  pid_t child_ = 0;
};

inline program_end run_program(words command) { return running_program(std::move(command)).wait(); }

}  // namespace rondo::test
