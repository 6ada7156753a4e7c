#pragma once
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asio/error_code.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/io/loop.hpp"

namespace rondo::serverless::emulation {

namespace io = rondo::detail::io;

/// A program with a process group of its own, which is killed with this object. Loop thread only.
class child {
 public:
  /// Starts the program; `ended` is called on the loop when it has ended, with what there is to say of it. Throws
  /// std::runtime_error when it cannot be started. Output goes to the file, or where this process prints its errors.
  child(io::event_loop& loop, std::vector<std::string> command, std::vector<std::string> environment,
        const std::string& output_file, std::function<void(std::string)> ended)
      : watch_(std::make_shared<watch>(loop)) {
    watch_->ended = std::move(ended);
    spawn(std::move(command), std::move(environment), output_file);
    const auto descriptor = static_cast<int>(::syscall(SYS_pidfd_open, watch_->pid, 0));
    if (descriptor < 0) {
      const std::string why = std::strerror(errno);
      kill();
      throw std::runtime_error("rondo: a program that was started cannot be watched: " + why);
    }
    watch_->descriptor.assign(descriptor);
    watch_->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                  [on = watch_](const asio::error_code& failed) {
                                    if (!failed) on->reap(WNOHANG);
                                  });
  }
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child() {
    watch_->ended = nullptr;
    kill();
    asio::error_code ignored;
    watch_->descriptor.close(ignored);
  }

  bool running() const noexcept { return watch_->pid != 0; }
  pid_t pid() const noexcept { return watch_->pid; }

  /// To the program and all that it started.
  void send(int signal) const noexcept {
    if (running()) ::kill(-watch_->pid, signal);
  }

  /// It is gone when this returns.
  void kill() {
    send(SIGKILL);
    watch_->reap(0);
  }

 private:
  struct watch {
    explicit watch(io::event_loop& loop) : descriptor(loop.context()) {}

    void reap(int flags) {
      if (pid == 0) return;
      int status = 0;
      pid_t got = 0;
      do {
        got = ::waitpid(pid, &status, flags);
      } while (got < 0 && errno == EINTR);
      if (got == 0) return;
      // What it started and left behind would have no one to end it.
      ::kill(-pid, SIGKILL);
      pid = 0;
      if (got < 0) status = 0;
      const auto tell = std::exchange(ended, nullptr);
      if (!tell) return;
      if (WIFSIGNALED(status)) {
        tell("signal: " + std::string(::strsignal(WTERMSIG(status))));
      } else {
        tell("exit status " + std::to_string(WEXITSTATUS(status)));
      }
    }

    asio::posix::stream_descriptor descriptor;
    std::function<void(std::string)> ended;
    pid_t pid = 0;
  };

  void spawn(std::vector<std::string> command, std::vector<std::string> environment, const std::string& output_file) {
    const auto pointers = [](std::vector<std::string>& of) {
      std::vector<char*> all;
      for (auto& each : of) all.push_back(each.data());
      all.push_back(nullptr);
      return all;
    };
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (output_file.empty()) {
      posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    } else {
      posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output_file.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                       0644);
      posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    }
    // The descriptors of this process are none of the program's business.
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    const int failed = posix_spawn(&watch_->pid, command.front().c_str(), &actions, &attributes,
                                   pointers(command).data(), pointers(environment).data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (failed == 0) return;
    watch_->pid = 0;
    throw std::runtime_error("rondo: cannot start " + command.front() + ": " + std::strerror(failed));
  }

  std::shared_ptr<watch> watch_;
};

}  // namespace rondo::serverless::emulation
