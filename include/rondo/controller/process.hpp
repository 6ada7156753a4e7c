#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/cancellation_state.hpp>
#include <asio/this_coro.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "rondo/controller/provider.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/sleep.hpp"

extern char** environ;

namespace rondo::controller {

/// A worker that is a program on this machine.
struct process_provider_config {
  /// A path, or a name that is looked for in PATH. No shell is involved.
  std::string command{};
  std::vector<std::string> arguments{};
  /// Beside the variables of this process.
  std::map<std::string, std::string> environment{};
  /// After this time it gets SIGTERM, and SIGKILL when it has not ended after `grace`.
  std::chrono::milliseconds timeout{15 * 60'000};
  std::chrono::milliseconds grace{10'000};
};

/// Invokes by starting the program; its exit is the end of the invocation. Programs that still run when the controller
/// stops get SIGTERM.
class process_provider final : public provider {
 public:
  process_provider(rondo::detail::io::event_loop& loop, process_provider_config config)
      : loop_(loop), config_(std::move(config)) {
    if (config_.command.empty()) throw std::invalid_argument("a command is missing");
  }
  ~process_provider() override {
    for (const pid_t each : children_) {
      kill(-each, SIGKILL);
      waitpid(each, nullptr, 0);
    }
  }

  asio::awaitable<provider_outcome> validate() override {
    if (config_.command.find('/') == std::string::npos) co_return find_in_path();
    co_return problem_of_file(config_.command);
  }

  asio::awaitable<provider_outcome> invoke(invocation_request what) override {
    using rondo::detail::io::later;
    using rondo::detail::io::steady_clock;
    // The child is waited for, whatever becomes of those who wait for this.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    pid_t child = 0;
    if (const int problem = spawn(what, child); problem != 0) co_return failure_of_start(problem);
    children_.insert(child);
    const auto term_at = later(steady_clock::now(), config_.timeout);
    auto kill_at = rondo::detail::io::time_point::max();
    bool killed = false;
    std::chrono::milliseconds pause{2};
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
      const auto now = steady_clock::now();
      if (kill_at == rondo::detail::io::time_point::max() && (stopping_ || now >= term_at)) {
        kill(-child, SIGTERM);
        kill_at = later(now, config_.grace);
      } else if (now >= kill_at && !killed) {
        kill(-child, SIGKILL);
        killed = true;
      }
      co_await rondo::detail::io::sleep_for(loop_, pause);
      pause = std::min(pause * 2, longest_pause);
    }
    children_.erase(child);
    co_return outcome_of_exit(status, killed);
  }

  void stop() override { stopping_ = true; }
  bool ends_when_stopped() const noexcept override { return true; }

 private:
  static constexpr std::chrono::milliseconds longest_pause{50};

  /// 0, or the number of the error.
  int spawn(const invocation_request& what, pid_t& child) const {
    std::vector<std::string> words{config_.command};
    words.insert(words.end(), config_.arguments.begin(), config_.arguments.end());
    std::vector<std::string> variables = variables_for(what);
    const auto pointers = [](std::vector<std::string>& from) {
      std::vector<char*> all;
      for (auto& each : from) all.push_back(each.data());
      all.push_back(nullptr);
      return all;
    };
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 34)
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
#endif
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    sigset_t usual;
    sigemptyset(&usual);
    for (const int each : {SIGTERM, SIGINT, SIGPIPE, SIGCHLD, SIGHUP}) sigaddset(&usual, each);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP));
    const int problem = posix_spawnp(&child, config_.command.c_str(), &actions, &attributes, pointers(words).data(),
                                     pointers(variables).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return problem;
  }

  std::vector<std::string> variables_for(const invocation_request& what) const {
    std::map<std::string, std::string> added = config_.environment;
    added["RONDO_INVOCATION_ID"] = what.id;
    added["TEMPORAL_NAMESPACE"] = what.namespace_;
    if (!what.task_queues.empty()) added["TEMPORAL_TASK_QUEUE"] = what.task_queues.front();
    if (!what.version.empty()) {
      added["TEMPORAL_DEPLOYMENT_NAME"] = what.version.deployment_name;
      added["TEMPORAL_WORKER_BUILD_ID"] = what.version.build_id;
    }
    std::vector<std::string> all;
    for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
      const std::string_view text(*each);
      if (!added.contains(std::string(text.substr(0, text.find('='))))) all.emplace_back(text);
    }
    for (const auto& [name, value] : added) all.push_back(std::string(name).append("=").append(value));
    return all;
  }

  provider_outcome failure_of_start(int problem) const {
    const std::string text = "'" + config_.command + "' cannot be started: " + std::generic_category().message(problem);
    switch (problem) {
      case ENOENT:
      case ENOTDIR:
        return provider_outcome::failed(failure_class::not_found, text);
      case EACCES:
      case EPERM:
        return provider_outcome::failed(failure_class::access_denied, text);
      case EAGAIN:
      case ENOMEM:
        return provider_outcome::failed(failure_class::throttled, text);
      default:
        return provider_outcome::failed(failure_class::rejected, text);
    }
  }

  provider_outcome outcome_of_exit(int status, bool killed) const {
    if (killed) {
      return provider_outcome::failed(failure_class::internal, "the command had to be killed: it did not end within " +
                                                                   std::to_string(config_.grace.count()) +
                                                                   " ms after SIGTERM");
    }
    // SIGTERM comes when its time is over; that it ends of it is how it should be.
    if (WIFSIGNALED(status) && WTERMSIG(status) != SIGTERM) {
      return provider_outcome::failed(failure_class::internal,
                                      "the command died of signal " + std::to_string(WTERMSIG(status)));
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
      return provider_outcome::failed(failure_class::internal,
                                      "the command ended with status " + std::to_string(WEXITSTATUS(status)));
    }
    return {};
  }

  provider_outcome problem_of_file(const std::string& path) const {
    std::error_code none;
    if (!std::filesystem::is_regular_file(path, none)) return failure_of_start(ENOENT);
    return access(path.c_str(), X_OK) == 0 ? provider_outcome() : failure_of_start(EACCES);
  }
  provider_outcome find_in_path() const {
    const char* path = getenv("PATH");
    std::string_view rest = path == nullptr ? "/usr/bin:/bin" : path;
    while (!rest.empty()) {
      const auto end = std::min(rest.find(':'), rest.size());
      const std::string folder(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (problem_of_file((folder.empty() ? "." : folder) + "/" + config_.command).ok()) return {};
    }
    return failure_of_start(ENOENT);
  }

  rondo::detail::io::event_loop& loop_;
  process_provider_config config_;
  std::set<pid_t> children_;
  bool stopping_ = false;
};

}  // namespace rondo::controller
