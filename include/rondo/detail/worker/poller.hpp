#pragma once
#include <asio/awaitable.hpp>
#include <asio/error_code.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/retry.hpp"
#include "rondo/detail/io/sleep.hpp"
#include "rondo/detail/worker/change_signal.hpp"
#include "rondo/detail/worker/poller_scale.hpp"
#include "rondo/detail/worker/session_counts.hpp"
#include "rondo/detail/worker/slots.hpp"
#include "rondo/log.hpp"

namespace rondo::detail::worker {

/// A poll that brought nothing: when it began and when the server said so, or when it began if the server did not.
struct empty_poll {
  io::time_point began, answered;
};

/// What came of a poll.
struct poll_answer {
  bool task = false;
  /// How many polls more, or fewer, the server would like to have.
  std::optional<int> wanted{};
};

/// The pollers of one queue.
struct poller_group {
  explicit poller_group(std::string of) : kind(std::move(of)) {}

  /// True when there are more of them than there should be.
  bool has_surplus() const { return scale && running > scale->target(); }

  const std::string kind;
  /// Empty: their number stays the same.
  std::optional<poller_scale> scale{};
  /// Adds a poller.
  std::function<void()> spawn = [] {};
  /// Pollers that have not ended.
  std::size_t running = 0;
  /// When the server answered last.
  std::optional<std::chrono::system_clock::time_point> last_answer{};
  /// Why the last poll failed; empty when it did not.
  std::string problem{};
};

/// What the pollers of a worker share.
class polling {
 public:
  polling(io::event_loop& on, std::shared_ptr<io::connection> to, const rondo::logger& logger, change_signal& changed,
          session_counts& counted)
      : loop(on), connection(std::move(to)), log(logger), changes(changed), counts(counted) {}

  /// No poll begins any more; those under way go on until the server answers or their deadline comes.
  void stop() {
    stopped = true;
    token.stop_retries();
  }
  /// Polls under way end now; what the server hands out at this moment comes back only after its timeout.
  void break_off() {
    counts.lost_polls += under_way;
    token.cancel();
  }

  io::event_loop& loop;
  /// Polls under way keep the one with which they began.
  std::shared_ptr<io::connection> connection;
  const rondo::logger& log;
  change_signal& changes;
  session_counts& counts;
  /// When a poll that begins now must have been answered; the server answers empty shortly before. Empty: the poller
  /// asks again after the next change; a time that has passed: it ends. `last`: the poller's last poll, if that brought
  /// nothing.
  std::function<std::optional<io::time_point>(io::time_point now, const std::optional<empty_poll>& last)> deadline;
  /// A poll has failed in a way that another try does not mend.
  std::function<void(const rpc_status&)> failed;
  /// Where the server may leave commands for the worker; empty: nowhere.
  std::function<std::string_view()> command_queue = [] { return std::string_view(); };
  io::call_token token;
  bool stopped = false;
  std::size_t under_way = 0;
  /// Pollers that have not ended: polls under way, and those that wait for a slot or for their next try.
  std::size_t pollers = 0;
  /// Pollers that wait for a change.
  std::size_t parked = 0;
  /// Kinds of polls of which none was answered yet: the server may not know that the worker is there.
  std::set<std::string> unanswered;
  io::time_point last_task = io::steady_clock::now();
};

/// Polls one queue again and again until polling stops: takes a slot, polls, and hands the slot on with the task.
template <class Request>
class poller {
 public:
  using take_slot = std::function<asio::awaitable<slot>()>;
  /// Reads the answer, which came at `arrived`, and begins to work on the task in it.
  using handle = std::function<poll_answer(const io::response_bytes& answer, io::time_point arrived, slot permit)>;

  /// `keeps` lives as long as the poller: what owns the others.
  poller(polling& shared, std::shared_ptr<poller_group> group, std::string method, Request request, take_slot permits,
         handle begin, std::shared_ptr<void> keeps)
      : keeps_(std::move(keeps)),
        shared_(shared),
        group_(std::move(group)),
        method_(std::move(method)),
        request_(std::move(request)),
        permits_(std::move(permits)),
        begin_(std::move(begin)),
        state_(io::rpc_class::task_poll, io::steady_clock::now()) {
    shared_.unanswered.insert(method_);
    ++shared_.pollers;
    ++group_->running;
  }

  static asio::awaitable<void> run(std::shared_ptr<poller> self) {
    auto& shared = self->shared_;
    for (bool goes_on = true; goes_on && !shared.stopped && !self->group_->has_surplus();) {
      goes_on = co_await self->wait_for_turn();
      if (!goes_on) break;
      slot permit = co_await self->permits_();
      if (!permit || shared.stopped) break;
      goes_on = co_await self->poll_once(std::move(permit));
    }
    --shared.pollers;
    --self->group_->running;
    shared.changes.notify();
  }

 private:
  /// False: the poller ends.
  asio::awaitable<bool> wait_for_turn() {
    std::optional<io::time_point> until;
    const auto decided = [&] {
      if (!shared_.stopped) until = shared_.deadline(io::steady_clock::now(), last_);
      return shared_.stopped || until.has_value();
    };
    if (!decided()) {
      ++shared_.parked;
      shared_.changes.notify();
      co_await shared_.changes.wait_until(decided, io::time_point::max());
      --shared_.parked;
    }
    co_return until.has_value() && *until > io::steady_clock::now();
  }
  asio::awaitable<bool> poll_once(slot permit) {
    const auto began = io::steady_clock::now();
    const auto deadline = shared_.deadline(began, last_);
    if (!deadline) co_return true;
    if (*deadline <= began) co_return false;
    io::retry_options how(io::rpc_class::once);
    how.options.deadline = *deadline;
    how.attempt_timeout = io::later(*deadline, std::chrono::hours(1)) - began;
    how.options.token = &shared_.token;
    auto arrived = began;
    how.arrival = &arrived;
    if constexpr (requires { request_.worker_control_task_queue(); }) {
      request_.set_worker_control_task_queue(std::string(shared_.command_queue()));
    }
    if (!shared_.counts.first_poll) shared_.counts.first_poll = began;
    ++shared_.under_way;
    const auto connection = shared_.connection;
    auto result = co_await io::call_bytes(*connection, method_, request_, std::move(how));
    --shared_.under_way;
    const auto now = io::steady_clock::now();
    last_.reset();
    if (result.status.ok()) {
      state_.succeeded(now);
      shared_.unanswered.erase(method_);
      const auto answer = begin_(result.response, arrived, std::move(permit));
      if (answer.task) {
        shared_.last_task = now;
      } else {
        last_ = {began, now};
      }
      group_->last_answer = std::chrono::system_clock::now();
      group_->problem.clear();
      if (group_->scale) group_->scale->answered(answer.task, answer.wanted, now);
    } else if (result.status.code == rpc_code::deadline_exceeded) {
      last_ = {began, began};
      if (group_->scale) group_->scale->expired(now);
    } else if (!shared_.stopped) {
      // The pollers of a group fail together: one line says it for all.
      if (std::exchange(group_->problem, result.status.message) != result.status.message) {
        shared_.log.warn("poll failed, trying again", {{"call", method_}, {"error", result.status.message}});
      }
      if (group_->scale) group_->scale->failed(result.status.code);
    }
    grow();
    // The slot is free again before anybody asks whether something is in work.
    permit = slot();
    shared_.changes.notify();
    if (result.status.ok()) co_return true;
    if (shared_.stopped) co_return false;
    if (result.status.code == rpc_code::deadline_exceeded) co_return true;
    co_return co_await recover(std::move(result.status));
  }
  void grow() {
    if (shared_.stopped || !group_->scale) return;
    while (group_->running < group_->scale->target()) group_->spawn();
  }
  /// Waits as long as the failure asks for; false when nothing helps.
  asio::awaitable<bool> recover(rpc_status status) {
    auto& policy = shared_.connection->retries();
    const auto now = io::steady_clock::now();
    const auto delay = io::next_delay(state_, status, now, policy.random(), policy.numbers);
    if (!delay) {
      shared_.failed(status);
      co_return false;
    }
    asio::error_code woken;
    co_await io::async_sleep_until(shared_.loop, io::later(now, *delay), &shared_.token,
                                   asio::redirect_error(asio::use_awaitable, woken));
    co_return !shared_.stopped;
  }

  std::shared_ptr<void> keeps_;
  polling& shared_;
  std::shared_ptr<poller_group> group_;
  std::string method_;
  Request request_;
  take_slot permits_;
  handle begin_;
  io::backoff state_;
  std::optional<empty_poll> last_;
};

}  // namespace rondo::detail::worker
