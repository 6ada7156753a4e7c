#pragma once
#include <asio/awaitable.hpp>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client/errors.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/client/stream_item.hpp"
#include "rondo/client/workflow_status.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/client/arguments.hpp"
#include "rondo/detail/client/requests.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/client/updates.hpp"
#include "rondo/detail/io/sleep.hpp"
#include "rondo/detail/run/stream_wire.hpp"
#include "rondo/failure.hpp"
#include "rondo/options.hpp"

// What the client does with the streams of workflows.
namespace rondo::detail::calls {

struct stream_limits {
  duration interval;
  std::size_t most_items, most_bytes;
  duration give_up_after;
};

/// Items that wait to be sent to one workflow. add() from any thread, the rest on the loop's.
class stream_publisher {
 public:
  using clock = std::chrono::steady_clock;

  stream_publisher(target to, stream_limits limits) : to_(std::move(to)), limits_(limits), id_(random_uuid()) {}

  void add(std::string_view topic, std::string data) {
    const std::lock_guard lock(mutex_);
    stream_wire::entry made{.topic = std::string(topic), .data = std::move(data)};
    const std::size_t size = stream_wire::size_of(made.topic, made.data);
    if (waiting_bytes_ + size > limits_.most_bytes) {
      throw std::length_error("rondo: " + std::to_string(waiting_bytes_) + " bytes wait to be sent to the stream of '" +
                              to_.workflow_id + "'; flush before more is published");
    }
    waiting_bytes_ += size;
    if (waiting_.empty()) oldest_ = clock::now();
    waiting_.push_back(std::move(made));
  }

  bool due() const {
    const std::lock_guard lock(mutex_);
    if (!unsent_.items.empty() || waiting_.size() >= limits_.most_items) return true;
    return !waiting_.empty() && clock::now() - oldest_ >= limits_.interval;
  }

  /// What is to be sent next: the batch that failed, or a new one; null: nothing. Throws when it gives one up.
  const stream_wire::batch* next() {
    const auto now = clock::now();
    if (!unsent_.items.empty()) {
      if (now - first_try_ <= limits_.give_up_after) return &unsent_;
      const auto lost = unsent_.items.size();
      // The workflow may have it: the next batch must not have its number.
      unsent_.items.clear();
      throw std::runtime_error("rondo: a batch of " + std::to_string(lost) + " items for the stream of '" +
                               to_.workflow_id +
                               "' is given up: no attempt to send it was answered in time. The workflow may have it.");
    }
    const std::lock_guard lock(mutex_);
    std::size_t bytes = 0;
    while (!waiting_.empty()) {
      const std::size_t size = stream_wire::size_of(waiting_.front().topic, waiting_.front().data);
      if (bytes + size > stream_wire::most_bytes && !unsent_.items.empty()) break;
      bytes += size;
      unsent_.items.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    if (unsent_.items.empty()) return nullptr;
    waiting_bytes_ -= bytes;
    oldest_ = first_try_ = now;
    unsent_.publisher_id = id_;
    ++unsent_.sequence;
    return &unsent_;
  }
  void sent() { unsent_.items.clear(); }

  const target& to() const noexcept { return to_; }
  /// True while a flush is under way.
  bool flushing = false;

 private:
  const target to_;
  const stream_limits limits_;
  const std::string id_;
  mutable std::mutex mutex_;
  std::deque<stream_wire::entry> waiting_;
  std::size_t waiting_bytes_ = 0;
  clock::time_point oldest_{}, first_try_{};
  stream_wire::batch unsent_;
};

/// Notes that a flush is under way.
class stream_flush {
 public:
  explicit stream_flush(stream_publisher& of) : of_(of) {
    if (of.flushing) throw std::logic_error("rondo: this stream_client is flushing already; await one flush at a time");
    of.flushing = true;
  }
  stream_flush(const stream_flush&) = delete;
  stream_flush& operator=(const stream_flush&) = delete;
  ~stream_flush() { of_.flushing = false; }

 private:
  stream_publisher& of_;
};

asio::awaitable<void> flush_stream(std::shared_ptr<stream_publisher> of);

asio::awaitable<void> flush_stream_if_due(std::shared_ptr<stream_publisher> of);

/// Follows one stream through the runs of its workflow.
class stream_reader {
 public:
  stream_reader(session_ptr through, std::string workflow_id, stream_wire::question asked, duration pause)
      : session_(std::move(through)),
        workflow_id_(std::move(workflow_id)),
        question_(std::move(asked)),
        pause_(pause) {}

  /// The page that begins at an offset, as text; empty: at the first one that was asked for.
  static asio::awaitable<page<stream_item>> fetch(std::shared_ptr<stream_reader> self, std::string token) {
    if (!token.empty()) self->question_.from_offset = offset_from(token);
    for (;;) {
      auto turn = self->wait_for_turn();
      co_await std::move(turn);
      std::exception_ptr problem;
      stream_wire::answer answer;
      try {
        auto asking = self->ended_ ? self->ask_ended() : self->ask_running();
        answer = co_await std::move(asking);
      } catch (const rpc_error&) {
        problem = std::current_exception();
      } catch (const update_failure&) {
        problem = std::current_exception();
      }
      if (!problem) co_return self->page_of(std::move(answer));
      auto explaining = self->explain(problem);
      co_await std::move(explaining);
    }
  }

 private:
  static std::int64_t offset_from(const std::string& token) {
    std::int64_t value = 0;
    const auto read = std::from_chars(token.data(), token.data() + token.size(), value);
    if (read.ec != std::errc() || read.ptr != token.data() + token.size()) {
      throw std::invalid_argument("rondo: '" + token + "' is no page token of a stream: those are offsets");
    }
    return value;
  }

  /// Waits for the time of the next poll, but no longer than the call may take.
  asio::awaitable<void> wait_for_turn();
  void come_again_later() { next_poll_ = io::later(std::chrono::steady_clock::now(), pause_); }

  target present() const { return {session_, workflow_id_, {}, {}, {}}; }
  target run(const std::string& id) const { return {session_, workflow_id_, id, id, {}}; }

  asio::awaitable<stream_wire::answer> ask_running() {
    polled_run_.clear();
    auto request = make_update(present(), stream_wire::poll_name, {}, encode_untyped(question_));
    auto begun = co_await begin_update(session_, std::move(request));
    polled_run_ = begun.run_id;
    auto waiting = wait_update<stream_wire::answer>(std::move(begun));
    co_return co_await std::move(waiting);
  }
  asio::awaitable<stream_wire::answer> ask_ended() {
    auto request = make_query(run(*ended_), stream_wire::poll_name, {}, encode_untyped(question_));
    auto asking = ask<stream_wire::answer>(session_, std::move(request));
    co_return co_await std::move(asking);
  }

  /// What somebody has published that is no payload must not keep readers from what comes behind it.
  static payload value_of(const std::string& text) {
    try {
      return stream_wire::unpack(text);
    } catch (const codec_error&) {
      payload as_it_is;
      as_it_is.data = text;
      return as_it_is;
    }
  }

  page<stream_item> page_of(stream_wire::answer answer) {
    page<stream_item> made;
    for (auto& each : answer.items) {
      made.items.push_back({.topic = std::move(each.topic), .offset = each.offset, .data = value_of(each.data)});
    }
    question_.from_offset = answer.next_offset;
    if (!ended_ || answer.more_ready) made.next_token = std::to_string(answer.next_offset);
    if (!answer.more_ready) come_again_later();
    return made;
  }

  /// Returns when it is worth while to ask again; else throws the problem on.
  asio::awaitable<void> explain(std::exception_ptr problem) {
    if (ended_) std::rethrow_exception(problem);
    const std::string type = failure_type(problem);
    if (type == stream_wire::truncated_type) {
      question_.from_offset = 0;
      co_return;
    }
    come_again_later();
    if (type == stream_wire::draining_type) co_return;
    std::optional<workflow_description> found;
    try {
      auto describing = describe(polled_run_.empty() ? present() : run(polled_run_));
      found = co_await std::move(describing);
    } catch (const rpc_error&) {
      // What went wrong first says more.
    }
    if (!found || found->status == workflow_status::unspecified) std::rethrow_exception(problem);
    if (found->status == workflow_status::continued_as_new) co_return;
    // The run that was asked has ended meanwhile, and this one has taken its place.
    if (found->status == workflow_status::running) {
      if (!has_ended(problem) || found->run_id == successor_) std::rethrow_exception(problem);
      successor_ = found->run_id;
      co_return;
    }
    if (found->status == workflow_status::paused) std::rethrow_exception(problem);
    ended_ = found->run_id;
    next_poll_.reset();
  }

  /// The type of the failure with which an update was refused; empty when there is none.
  static std::string failure_type(const std::exception_ptr& problem) {
    try {
      std::rethrow_exception(problem);
    } catch (const update_failure& refused) {
      const auto* cause = refused.cause_as<application_failure>();
      return cause == nullptr ? std::string() : std::string(cause->type());
    } catch (...) {
      return {};
    }
  }
  static bool has_ended(const std::exception_ptr& problem) {
    try {
      std::rethrow_exception(problem);
    } catch (const not_found&) {
      return true;
    } catch (...) {
      return false;
    }
  }

  session_ptr session_;
  std::string workflow_id_;
  stream_wire::question question_;
  duration pause_;
  std::optional<io::time_point> next_poll_;
  /// The run that took the present poll; empty: none has yet.
  std::string polled_run_;
  /// The run that was found in the place of one that had ended when it was asked.
  std::string successor_;
  /// The last run, once the workflow has ended.
  std::optional<std::string> ended_;
};

inline paged_list<stream_item> read_stream(session_ptr through, std::string workflow_id, stream_wire::question asked,
                                           duration pause, const list_options& options) {
  auto reader = std::make_shared<stream_reader>(through, std::move(workflow_id), std::move(asked), pause);
  return {std::move(through), [reader](std::string token) { return stream_reader::fetch(reader, std::move(token)); },
          options};
}

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/streams.hpp"
#endif
