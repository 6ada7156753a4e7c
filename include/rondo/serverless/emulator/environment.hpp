#pragma once
#include <signal.h>

#include <asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/change_signal.hpp"
#include "rondo/serverless/emulator/child.hpp"
#include "rondo/serverless/emulator/options.hpp"
#include "rondo/serverless/emulator/runtime_endpoint.hpp"

namespace rondo::serverless::emulation {

/// Where an environment is on its way to the first event.
enum class environment_phase : std::uint8_t { fresh, starting, ready, failed };

/// One execution environment: a program, and the Runtime API that it talks to. Loop thread only.
class emulated_environment : public std::enable_shared_from_this<emulated_environment> {
 public:
  emulated_environment(io::event_loop& loop, const emulator_options& options)
      : loop_(loop), options_(options), changed_(loop) {}

  /// Starts the program; another one of this environment must have ended. Throws std::runtime_error when it cannot.
  void start() {
    exit_text_.clear();
    started_ = io::steady_clock::now();
    frozen_ = false;
    const auto tell = [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->changed_.notify();
    };
    endpoint_ = std::make_unique<runtime_endpoint>(loop_, options_.concurrency_per_environment, tell);
    child_ = std::make_unique<child>(loop_, options_.command, variables(), options_.output_file,
                                     [weak = weak_from_this()](std::string how) {
                                       const auto self = weak.lock();
                                       if (!self) return;
                                       self->exit_text_ = std::move(how);
                                       self->changed_.notify();
                                     });
  }

  bool running() const noexcept { return child_ != nullptr && child_->running(); }
  /// It was there, and has ended.
  bool dead() const noexcept { return phase == environment_phase::ready && !running(); }
  /// How the program ended.
  const std::string& exit_text() const noexcept { return exit_text_; }
  io::time_point started() const noexcept { return started_; }
  runtime_endpoint& endpoint() noexcept { return *endpoint_; }
  rondo::detail::worker::change_signal& changed() noexcept { return changed_; }

  void kill() {
    if (child_) child_->kill();
  }
  void freeze() {
    if (!options_.freeze || frozen_ || !running()) return;
    frozen_ = true;
    child_->send(SIGSTOP);
  }
  void thaw() {
    if (!std::exchange(frozen_, false) || !running()) return;
    child_->send(SIGCONT);
  }

  /// Ends the program as Lambda does. True: it ended by itself in time, or has no right to.
  asio::awaitable<bool> shut_down() {
    bool in_time = true;
    if (running() && endpoint_->has_extension()) {
      child_->send(SIGTERM);
      frozen_ = true;
      thaw();
      const auto self = shared_from_this();
      const io::time_point limit = io::later(io::steady_clock::now(), options_.shutdown_time);
      in_time = co_await changed_.wait_until([this] { return !running(); }, limit);
    }
    kill();
    co_return in_time;
  }

  /// Events that it works on, or that wait for it to start.
  std::size_t in_flight = 0;
  environment_phase phase = environment_phase::fresh;
  /// No longer to be used: it ends.
  bool leaving = false;
  io::time_point idle_since = io::steady_clock::now();

 private:
  std::vector<std::string> variables() const {
    std::vector<std::string> all = options_.environment;
    const auto add = [&all](std::string name, const std::string& value) {
      all.push_back(std::move(name.append("=").append(value)));
    };
    const auto slash = options_.command.front().rfind('/');
    add("AWS_LAMBDA_RUNTIME_API", endpoint_->address());
    add("_HANDLER", "bootstrap");
    add("LAMBDA_TASK_ROOT", slash == std::string::npos ? "." : options_.command.front().substr(0, slash));
    add("LAMBDA_RUNTIME_DIR", "/var/runtime");
    add("AWS_REGION", options_.region);
    add("AWS_DEFAULT_REGION", options_.region);
    add("AWS_LAMBDA_FUNCTION_NAME", options_.function_name);
    add("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
    add("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", std::to_string(options_.memory_mb));
    add("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/" + options_.function_name);
    add("AWS_LAMBDA_LOG_STREAM_NAME", rondo::detail::random_uuid());
    add("TZ", ":UTC");
    if (options_.snap_start) {
      add("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start");
    } else {
      add("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
    }
    if (options_.concurrency_per_environment > 1) {
      add("AWS_LAMBDA_MAX_CONCURRENCY", std::to_string(options_.concurrency_per_environment));
    }
    if (const char* path = std::getenv("PATH")) add("PATH", path);
    return all;
  }

  io::event_loop& loop_;
  const emulator_options& options_;
  rondo::detail::worker::change_signal changed_;
  std::unique_ptr<runtime_endpoint> endpoint_;
  std::unique_ptr<child> child_;
  std::string exit_text_;
  io::time_point started_{};
  bool frozen_ = false;
};

using environment_ptr = std::shared_ptr<emulated_environment>;

}  // namespace rondo::serverless::emulation
