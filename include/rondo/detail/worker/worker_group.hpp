#pragma once
#include <temporal/api/worker/v1/message.pb.h>

#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error_code.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/io/call_token.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/retry.hpp"
#include "rondo/detail/io/sleep.hpp"
#include "rondo/detail/worker/change_signal.hpp"
#include "rondo/detail/worker/nexus_answer.hpp"
#include "rondo/detail/worker/nexus_requests.hpp"
#include "rondo/detail/worker/worker_commands.hpp"
#include "rondo/failure.hpp"
#include "rondo/log.hpp"
#include "rondo/nexus.hpp"
#include "rondo/options.hpp"

namespace rondo::detail::worker {

/// A worker as the others of its group see it.
class group_member {
 public:
  /// The time between its heartbeats; zero: there are none, or none yet, or no more.
  virtual duration heartbeat_interval() const = 0;
  virtual void write_heartbeat(temporal::api::worker::v1::WorkerHeartbeat& into) = 0;
  /// The server may ask it to cancel activities.
  virtual bool takes_commands() const = 0;
  /// Does nothing when the activity is not running there.
  virtual void cancel_activity(const std::string& task_token) = 0;

 protected:
  ~group_member() = default;
};

/// The workers of a connection that serve the same namespace. One call tells the server how all of them are, and one
/// poll brings what the server asks of any of them. What fails here disturbs none of them.
class worker_group : public std::enable_shared_from_this<worker_group> {
 public:
  /// `of`: finds the group of others.
  worker_group(std::shared_ptr<io::connection> connection, std::string namespace_name, rondo::logger log)
      : connection_(std::move(connection)),
        namespace_(std::move(namespace_name)),
        log_(std::move(log)),
        key_(connection_->grouping_key()),
        queue_(command_queue_of(namespace_, key_)),
        changes_(connection_->loop()) {}
  worker_group(const worker_group&) = delete;
  worker_group& operator=(const worker_group&) = delete;

  /// The group of that namespace; a new one when it has no members. `log` is that of the first member.
  static std::shared_ptr<worker_group> of(const std::shared_ptr<io::connection>& connection,
                                          const std::string& namespace_name, const rondo::logger& log) {
    auto& place = connection->companion("workers of " + namespace_name);
    auto found = std::static_pointer_cast<worker_group>(place.lock());
    if (found == nullptr || found->ended_) {
      found = std::make_shared<worker_group>(connection, namespace_name, log);
      place = found;
    }
    return found;
  }

  /// The member leaves before it ends.
  void join(group_member& one) {
    members_.push_back(&one);
    if (one.takes_commands() && !polls_ && !refused_commands_) {
      polls_ = true;
      spawn(poll(shared_from_this()));
    }
  }
  /// The heartbeats of a member begin: the server hears of it at once.
  void begin_heartbeats() {
    newcomer_ = true;
    if (!beats_ && !refused_heartbeats_) {
      beats_ = true;
      spawn(beat(shared_from_this()));
    }
    changes_.notify();
  }
  /// A member has no more heartbeats: one that is under way may still name it, so the others are told anew.
  void tell_anew() {
    if (!beats_) return;
    if (beat_token_) beat_token_->cancel();
    newcomer_ = true;
    changes_.notify();
  }
  /// With the last member goes all that the group does.
  void leave(group_member& one) {
    if (std::erase(members_, &one) == 0 || !members_.empty()) return;
    ended_ = true;
    token_.cancel();
    if (beat_token_) beat_token_->cancel();
    changes_.notify();
  }
  /// Waits until nothing of a group without members is left; answers to the server that are under way at the deadline
  /// are broken off.
  static asio::awaitable<void> wait_ended(std::shared_ptr<worker_group> self, io::time_point deadline) {
    const auto over = [&self] { return !self->ended_ || (!self->polls_ && !self->beats_ && self->answers_ == 0); };
    const bool in_time = co_await self->changes_.wait_until(over, deadline);
    if (!in_time) self->answers_token_.cancel();
  }

  /// Names the members' process to the server.
  const std::string& grouping_key() const noexcept { return key_; }
  /// Where the server leaves commands; empty while nobody would find them there.
  std::string_view command_queue() const noexcept { return polls_ ? std::string_view(queue_) : std::string_view(); }

 private:
  void spawn(asio::awaitable<void> work) {
    asio::co_spawn(connection_->loop().executor(), std::move(work), [](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
    });
  }
  /// Past the codecs, which are for what users send to each other.
  static asio::awaitable<io::rpc_result> call(std::shared_ptr<io::connection> to, std::string method,
                                              io::request_bytes request, io::retry_options how) {
    to->complete_headers(how.options);
    auto path = io::rpc_path(method);
    io::rpc_result result =
        co_await io::call_with_retry(to->over(), std::move(path), std::move(request), std::move(how), to->retries());
    co_return result;
  }

  // Heartbeats

  static asio::awaitable<void> beat(std::shared_ptr<worker_group> self) {
    auto due = io::time_point::max();
    for (;;) {
      const auto changed = [&self] { return self->ended_ || self->newcomer_; };
      co_await self->changes_.wait_until(changed, due);
      if (self->ended_) break;
      self->newcomer_ = false;
      engine::service::RecordWorkerHeartbeatRequest request;
      const auto interval = self->write_heartbeats(request);
      const auto sent = io::steady_clock::now();
      due = interval == duration::zero() ? io::time_point::max() : io::later(sent, interval);
      if (interval == duration::zero()) continue;
      io::retry_options how(io::rpc_class::unary);
      io::call_token until_told_anew;
      self->beat_token_ = &until_told_anew;
      how.options.token = &until_told_anew;
      auto bytes = io::serialize(request);
      const auto result = co_await call(self->connection_, "RecordWorkerHeartbeat", std::move(bytes), std::move(how));
      self->beat_token_ = nullptr;
      if (result.status.code == rpc_code::unimplemented) {
        self->refused_heartbeats_ = true;
        break;
      }
      if (!result.status.ok() && !until_told_anew.cancelled()) {
        self->log_.debug("the server did not take the heartbeats of workers", {{"error", result.status.message}});
      }
    }
    self->beats_ = false;
    self->changes_.notify();
  }
  /// Returns when the most eager member wants the next one; zero when nobody wants any.
  duration write_heartbeats(engine::service::RecordWorkerHeartbeatRequest& into) {
    into.set_namespace_(namespace_);
    into.set_identity(connection_->identity());
    into.set_resource_id("worker:" + key_);
    duration interval = duration::zero();
    for (auto* each : members_) {
      const auto wanted = each->heartbeat_interval();
      if (wanted == duration::zero()) continue;
      each->write_heartbeat(*into.add_worker_heartbeat());
      interval = interval == duration::zero() ? wanted : std::min(interval, wanted);
    }
    return interval;
  }

  // Commands

  static asio::awaitable<void> poll(std::shared_ptr<worker_group> self) {
    const auto bytes =
        io::serialize(poll_for_commands(self->namespace_, self->queue_, self->connection_->identity(), random_uuid()));
    io::backoff failures(io::rpc_class::task_poll, io::steady_clock::now());
    while (!self->ended_) {
      const auto connection = self->connection_;
      auto& policy = connection->retries();
      io::retry_options how(io::rpc_class::once);
      how.attempt_timeout = policy.numbers.poll_timeout;
      how.options.token = &self->token_;
      const auto began = io::steady_clock::now();
      const auto result = co_await call(connection, "PollNexusTaskQueue", bytes, std::move(how));
      const auto now = io::steady_clock::now();
      if (self->ended_) break;
      if (result.status.ok()) {
        failures.succeeded(now);
        // Not as fast as somebody can say that there is nothing.
        constexpr auto least = std::chrono::seconds(1);
        if (!self->execute(result.response) && now - began < least) co_await self->pause_until(io::later(now, least));
      } else if (result.status.code != rpc_code::deadline_exceeded) {
        const auto delay = result.status.code == rpc_code::unimplemented
                               ? std::nullopt
                               : io::next_delay(failures, result.status, now, policy.random(), policy.numbers);
        if (!delay) {
          self->refuse_commands(result.status);
          break;
        }
        if (failures.attempts == 1) {
          self->log_.debug("the poll for commands to workers failed, trying again", {{"error", result.status.message}});
        }
        co_await self->pause_until(io::later(now, *delay));
      }
    }
    self->polls_ = false;
    self->changes_.notify();
  }
  asio::awaitable<void> pause_until(io::time_point when) {
    asio::error_code woken;
    co_await io::async_sleep_until(connection_->loop(), when, &token_,
                                   asio::redirect_error(asio::use_awaitable, woken));
  }
  void refuse_commands(const rpc_status& status) {
    refused_commands_ = true;
    log_.warn("the server cannot send commands to workers: activities hear of cancellations by heartbeats alone",
              {{"error", status.message}});
  }
  /// False: there is no task.
  bool execute(const io::response_bytes& from) {
    nexus_poll task;
    const auto bytes = from.view();
    if (!task.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      log_.error("the server's answer to a poll for commands cannot be read", {{"bytes", bytes.size()}});
      return false;
    }
    if (task.task_token().empty()) return false;
    try {
      engine::service::RespondNexusTaskCompletedRequest answer;
      write_answer(execute_commands(task, [this](const std::string& token) { cancel_activity(token); }), answer);
      send(task, "RespondNexusTaskCompleted", std::move(answer));
    } catch (const nexus_handler_failure& failed) {
      log_.warn("a command to workers is not understood", {{"error", failed.message()}});
      engine::service::RespondNexusTaskFailedRequest answer;
      write_handler_failure(std::current_exception(), answer);
      // It holds nothing that codecs are for.
      if (!task.request().capabilities().temporal_failure_responses()) tell_older_server(answer);
      send(task, "RespondNexusTaskFailed", std::move(answer));
    }
    return true;
  }
  void cancel_activity(const std::string& task_token) {
    for (auto* each : members_) each->cancel_activity(task_token);
  }
  template <class Answer>
  void send(const nexus_poll& task, std::string method, Answer answer) {
    answer.set_namespace_(namespace_);
    answer.set_identity(connection_->identity());
    answer.set_task_token(task.task_token());
    answer.set_poller_group_id(task.poller_group_id());
    ++answers_;
    spawn(respond(shared_from_this(), std::move(method), io::serialize(answer)));
  }
  static asio::awaitable<void> respond(std::shared_ptr<worker_group> self, std::string method,
                                       io::request_bytes answer) {
    io::retry_options how(io::rpc_class::unary);
    how.options.token = &self->answers_token_;
    const auto result = co_await call(self->connection_, std::move(method), std::move(answer), std::move(how));
    if (!result.status.ok()) {
      self->log_.debug("the server did not hear what came of its commands", {{"error", result.status.message}});
    }
    --self->answers_;
    self->changes_.notify();
  }

  const std::shared_ptr<io::connection> connection_;
  const std::string namespace_;
  const rondo::logger log_;
  const std::string key_, queue_;
  change_signal changes_;
  std::vector<group_member*> members_;
  io::call_token token_, answers_token_;
  /// Of the heartbeat under way; null when none is.
  io::call_token* beat_token_ = nullptr;
  std::size_t answers_ = 0;
  bool polls_ = false, beats_ = false, newcomer_ = false, ended_ = false;
  bool refused_commands_ = false, refused_heartbeats_ = false;
};

}  // namespace rondo::detail::worker
