#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/converter.hpp"
#include "rondo/detail/run/run_context.hpp"
#include "rondo/detail/run/stream_wire.hpp"
#include "rondo/failure.hpp"
#include "rondo/options.hpp"
#include "rondo/task.hpp"
#include "rondo/workflow/condition.hpp"
#include "rondo/workflow/deterministic.hpp"
#include "rondo/workflow/messages.hpp"

namespace rondo::workflow {

/// What a stream gives to the next run when its workflow continues as new: a field of what that is started with.
struct stream_state {
  struct publisher {
    std::int64_t sequence = 0;
    std::chrono::sys_time<std::chrono::nanoseconds> last_seen{};
  };
  std::vector<detail::stream_wire::item> log{};
  std::int64_t base_offset = 0;
  std::map<std::string, publisher> publishers{};
};

/// Items that a workflow keeps for others to read while it runs: progress, partial results. The workflow publishes, and
/// so do its activities and other programs with a `stream_client`; readers of any language follow with theirs. Each
/// item has a topic and an offset, which counts all items of the stream and never goes back, also when the workflow
/// continues as new.
///
/// A member of the workflow class, so that its handlers are set before the first message: `workflow::stream events_;`.
/// One per workflow. The items stay in memory, and each poll of a reader is an update in the history: truncate() what
/// nobody needs any more, and continue as new in time:
/// ```
/// co_await events_.drain();
/// workflow::continue_as_new<job>({}, left, events_.state());
/// ```
class stream {
 public:
  /// `prior`: what the run before gave on. Throws std::logic_error when the workflow has a stream already.
  explicit stream(stream_state prior = {})
      : log_(std::move(prior.log)), base_(prior.base_offset), publishers_(std::move(prior.publishers)) {
    auto& run = detail::run::require_run("workflow::stream");
    if (run.handlers().signals.find(detail::stream_wire::publish_signal) != nullptr) {
      throw std::logic_error("this workflow has a stream already; publish to another topic of it");
    }
    set_handlers(run);
  }
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  /// Adds an item. Throws conversion_error.
  template <class Value>
  void publish(std::string_view topic, const Value& value) {
    payload_collector made;
    encode(made, value);
    log_.push_back({.topic = std::string(topic), .data = detail::stream_wire::pack(made.take().front())});
  }

  /// Where the items begin that are still there, and where the next one will be.
  std::int64_t begin_offset() const noexcept { return base_; }
  std::int64_t end_offset() const noexcept { return base_ + static_cast<std::int64_t>(log_.size()); }

  /// Forgets all items before this offset; readers that are behind it go on at the first that is left. Throws an
  /// application_failure "TruncateOutOfRange" when there are not as many.
  void truncate(std::int64_t before) {
    if (before <= base_) return;
    if (before > end_offset()) {
      throw application_failure("cannot truncate to offset " + std::to_string(before) + ": the stream has " +
                                    std::to_string(base_) + " to " + std::to_string(end_offset()),
                                {.type = "TruncateOutOfRange"});
    }
    log_.erase(log_.begin(), log_.begin() + (before - base_));
    base_ = before;
  }

  /// Lets readers go that wait, and refuses new ones, which come again to the next run; ends when no handler runs any
  /// more. Then the workflow may continue as new.
  task<> drain() {
    draining_ = true;
    co_await wait_condition([] { return all_handlers_finished(); });
  }

  /// For the next run. Publishers that were silent for `forget_publishers` are left out: what one of them repeats after
  /// that is taken twice. Longer than `stream_publish_options::give_up_after`.
  stream_state state(duration forget_publishers = std::chrono::minutes(15)) const {
    stream_state made{.log = log_, .base_offset = base_};
    for (const auto& [id, known] : publishers_) {
      if (now() - known.last_seen < forget_publishers) made.publishers.emplace(id, known);
    }
    return made;
  }

 private:
  void set_handlers(detail::run::run_context& run) {
    using detail::run::handler_definition;
    detail::run::add_signal_handler<false>(run,
                                           handler_definition{.name = std::string(detail::stream_wire::publish_signal)},
                                           [this](detail::stream_wire::batch items) { take(std::move(items)); });
    detail::run::add_update_handler<false>(
        run, handler_definition{.name = std::string(detail::stream_wire::poll_name)},
        [this](detail::stream_wire::question asked) { return poll(std::move(asked)); },
        [this](const detail::stream_wire::question& /*asked*/) { refuse_while_draining(); });
    detail::run::add_query_handler<false>(
        run, handler_definition{.name = std::string(detail::stream_wire::poll_name)},
        [this](const detail::stream_wire::question& asked) { return collect(asked); });
    detail::run::add_query_handler<false>(run,
                                          handler_definition{.name = std::string(detail::stream_wire::offset_query)},
                                          [this] { return end_offset(); });
  }

  // What comes from outside is kept as it is: an item that cannot be read is the concern of its readers.
  void take(detail::stream_wire::batch items) {
    if (!items.publisher_id.empty()) {
      const auto known = publishers_.find(items.publisher_id);
      if (known != publishers_.end() && items.sequence <= known->second.sequence) return;
      publishers_[items.publisher_id] = {.sequence = items.sequence, .last_seen = now()};
    }
    for (auto& each : items.items) log_.push_back({.topic = std::move(each.topic), .data = std::move(each.data)});
  }

  void refuse_while_draining() const {
    if (!draining_) return;
    throw application_failure("the stream is about to continue in the next run",
                              {.type = detail::stream_wire::draining_type});
  }

  task<detail::stream_wire::answer> poll(detail::stream_wire::question asked) {
    const std::int64_t from = asked.from_offset;
    co_await wait_condition([this, from] { return draining_ || from < end_offset(); });
    if (from != 0 && from < base_) {
      throw application_failure(
          "offset " + std::to_string(from) + " is truncated; the stream begins at " + std::to_string(base_),
          {.type = detail::stream_wire::truncated_type});
    }
    co_return collect(asked);
  }

  detail::stream_wire::answer collect(const detail::stream_wire::question& asked) const {
    detail::stream_wire::answer made{.next_offset = end_offset()};
    std::size_t bytes = 0;
    for (std::int64_t offset = std::max(asked.from_offset, base_); offset < end_offset(); ++offset) {
      const auto& each = log_[static_cast<std::size_t>(offset - base_)];
      if (!asked.topics.empty() &&
          std::find(asked.topics.begin(), asked.topics.end(), each.topic) == asked.topics.end()) {
        continue;
      }
      bytes += detail::stream_wire::size_of(each.topic, each.data);
      if (bytes > detail::stream_wire::most_bytes && !made.items.empty()) {
        made.next_offset = offset;
        made.more_ready = true;
        break;
      }
      made.items.push_back({.topic = each.topic, .data = each.data, .offset = offset});
    }
    return made;
  }

  std::vector<detail::stream_wire::item> log_;
  std::int64_t base_;
  std::map<std::string, stream_state::publisher> publishers_;
  bool draining_ = false;
};

}  // namespace rondo::workflow
