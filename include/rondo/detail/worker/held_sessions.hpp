#pragma once
#include <asio/awaitable.hpp>
#include <asio/error_code.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "rondo/activity.hpp"
#include "rondo/client.hpp"
#include "rondo/client/activity_client.hpp"
#include "rondo/client/workflow_handle.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/run/session_place.hpp"
#include "rondo/detail/worker/session_room.hpp"
#include "rondo/failure.hpp"
#include "rondo/registry.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::detail::worker {

/// The sessions that workflows have open on a worker. Loop thread only.
class held_sessions {
 public:
  /// Lets a registry hold sessions. Null: it holds none.
  static std::shared_ptr<held_sessions> add_to(registry& app, const worker_options& options) {
    if (options.max_concurrent_sessions == 0) return nullptr;
    auto all = std::make_shared<held_sessions>(options);
    app.mock<void(std::string, std::string)>(run::hold_session_activity, [all](std::string id, std::string signal) {
      return hold(all, std::move(id), std::move(signal));
    });
    app.mock<void(std::string)>(run::end_session_activity, [all](std::string id) { return end(all, std::move(id)); });
    return all;
  }

  explicit held_sessions(const worker_options& options)
      : most_(options.max_concurrent_sessions), room_(std::make_shared<session_room>(most_)) {
    place_.task_queue = options.task_queue + "-" + random_uuid();
    place_.identity = options.identity;
  }

  /// The one that only this worker is to serve.
  const std::string& task_queue() const noexcept { return place_.task_queue; }
  /// For polls that may bring a new session.
  std::shared_ptr<session_room> room() const noexcept { return room_; }

 private:
  struct held {
    asio::steady_timer* waits = nullptr;
    bool ended = false;
  };
  /// Keeps the table right however the coroutine ends.
  class entry {
   public:
    entry(held_sessions& all, std::string id, asio::steady_timer& waits, bool again)
        : all_(all), id_(std::move(id)), again_(again) {
      all_.open_[id_] = held{&waits};
      if (again_) all_.room_->open_again();
    }
    entry(const entry&) = delete;
    entry& operator=(const entry&) = delete;
    ~entry() {
      all_.open_.erase(id_);
      if (again_) all_.room_->end_again();
    }
    bool ended() const { return all_.open_.at(id_).ended; }

   private:
    held_sessions& all_;
    std::string id_;
    bool again_;
  };

  /// A run that was reset has the ids of the one before it.
  static std::string key_of(const std::string& id) { return activity::info().run_id + "/" + id; }

  static asio::awaitable<void> hold(std::shared_ptr<held_sessions> all, std::string id, std::string signal) {
    const auto& about = activity::info();
    // Those that are opened again come through the worker's own queue, where no slot of a session is taken: also while
    // a poll that may bring another one is under way.
    const bool again = about.task_queue == all->place_.task_queue;
    // A new one takes a slot, so there are never more of them than may be; the poll that brought it may be older than
    // those that were opened again since.
    if (again && all->open_.size() >= all->most_) {
      throw application_failure("the worker has no room for another session",
                                {.type = "SessionFailed", .non_retryable = true});
    }
    asio::steady_timer waits(co_await asio::this_coro::executor);
    const entry mine(*all, key_of(id), waits, again);
    const std::stop_callback told_to_stop(activity::stop_token(), [&waits] { waits.cancel(); });
    const auto client = activity::client();
    run::session_place place = all->place_;
    if (place.identity.empty()) place.identity = client.identity();
    const auto handle = client.get_workflow_handle(about.workflow_id, about.run_id);
    auto sent = handle.signal(signal, place);
    co_await std::move(sent);
    while (!mine.ended() && !activity::cancelled()) {
      activity::heartbeat();
      waits.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(about.heartbeat_timeout / 3));
      asio::error_code woken;
      co_await waits.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
    if (!mine.ended()) throw cancelled_failure("the session is over");
  }
  static asio::awaitable<void> end(std::shared_ptr<held_sessions> all, std::string id) {
    const auto found = all->open_.find(key_of(id));
    if (found == all->open_.end()) {
      // After a reset the session may be held elsewhere: the workflow then cancels it there.
      throw application_failure("the session is not open on this worker",
                                {.type = "SessionFailed", .non_retryable = true});
    }
    found->second.ended = true;
    found->second.waits->cancel();
    co_return;
  }

  std::size_t most_;
  std::shared_ptr<session_room> room_;
  run::session_place place_;
  std::map<std::string, held> open_;
};

}  // namespace rondo::detail::worker
