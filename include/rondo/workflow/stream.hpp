#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
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

}  // namespace rondo::workflow

namespace rondo::detail {

/// The items of a stream and what its handlers do with them; they keep it.
class stream_log {
 public:
  explicit stream_log(workflow::stream_state prior)
      : items_(std::move(prior.log)), base_(prior.base_offset), publishers_(std::move(prior.publishers)) {}

  std::int64_t begin() const noexcept { return base_; }
  std::int64_t end() const noexcept { return base_ + static_cast<std::int64_t>(items_.size()); }
  void add(std::string_view topic, const payload& value) {
    items_.push_back({.topic = std::string(topic), .data = stream_wire::pack(value)});
  }
  void truncate(std::int64_t before) {
    if (before <= base_) return;
    if (before > end()) {
      throw application_failure("cannot truncate to offset " + std::to_string(before) + ": the stream has " +
                                    std::to_string(base_) + " to " + std::to_string(end()),
                                {.type = "TruncateOutOfRange"});
    }
    items_.erase(items_.begin(), items_.begin() + (before - base_));
    base_ = before;
  }
  void let_readers_go() noexcept { draining_ = true; }
  workflow::stream_state state(duration forget_publishers) const {
    workflow::stream_state made{.log = items_, .base_offset = base_};
    for (const auto& [id, known] : publishers_) {
      if (workflow::now() - known.last_seen < forget_publishers) made.publishers.emplace(id, known);
    }
    return made;
  }

  // What comes from outside is kept as it is: an item that cannot be read is the concern of its readers.
  void take(stream_wire::batch batch) {
    if (!batch.publisher_id.empty()) {
      const auto known = publishers_.find(batch.publisher_id);
      if (known != publishers_.end() && batch.sequence <= known->second.sequence) return;
      publishers_[batch.publisher_id] = {.sequence = batch.sequence, .last_seen = workflow::now()};
    }
    for (auto& each : batch.items) items_.push_back({.topic = std::move(each.topic), .data = std::move(each.data)});
  }
  void refuse_while_draining() const {
    if (!draining_) return;
    throw application_failure("the stream is about to continue in the next run", {.type = stream_wire::draining_type});
  }
  static task<stream_wire::answer> poll(std::shared_ptr<const stream_log> self, stream_wire::question asked) {
    const stream_log& log = *self;
    const std::int64_t from = asked.from_offset;
    co_await workflow::wait_condition([&log, from] { return log.draining_ || from < log.end(); });
    if (from != 0 && from < log.base_) {
      throw application_failure(
          "offset " + std::to_string(from) + " is truncated; the stream begins at " + std::to_string(log.base_),
          {.type = stream_wire::truncated_type});
    }
    co_return log.collect(asked);
  }
  stream_wire::answer collect(const stream_wire::question& asked) const {
    stream_wire::answer made{.next_offset = end()};
    std::size_t bytes = 0;
    for (std::int64_t offset = std::max(asked.from_offset, base_); offset < end(); ++offset) {
      const auto& each = items_[static_cast<std::size_t>(offset - base_)];
      const auto& topics = asked.topics;
      if (!topics.empty() && std::find(topics.begin(), topics.end(), each.topic) == topics.end()) continue;
      bytes += stream_wire::size_of(each.topic, each.data);
      if (bytes > stream_wire::most_bytes && !made.items.empty()) {
        made.next_offset = offset;
        made.more_ready = true;
        break;
      }
      made.items.push_back({.topic = each.topic, .data = each.data, .offset = offset});
    }
    return made;
  }

 private:
  std::vector<stream_wire::item> items_;
  std::int64_t base_;
  std::map<std::string, workflow::stream_state::publisher> publishers_;
  bool draining_ = false;
};

inline void set_stream_handlers(run::run_context& of, const std::shared_ptr<stream_log>& log) {
  const auto named = [](std::string_view name) { return run::handler_definition{.name = std::string(name)}; };
  run::add_signal_handler<false>(of, named(stream_wire::publish_signal),
                                 [log](stream_wire::batch batch) { log->take(std::move(batch)); });
  run::add_update_handler<false>(
      of, named(stream_wire::poll_name),
      [log](stream_wire::question asked) { return stream_log::poll(log, std::move(asked)); },
      [log](const stream_wire::question& /*asked*/) { log->refuse_while_draining(); });
  run::add_query_handler<false>(of, named(stream_wire::poll_name),
                                [log](const stream_wire::question& asked) { return log->collect(asked); });
  run::add_query_handler<false>(of, named(stream_wire::offset_query), [log] { return log->end(); });
}

}  // namespace rondo::detail

namespace rondo::workflow {

/// Items that a workflow keeps for others to read while it runs: progress, partial results. The workflow publishes, and
/// so do its activities and other programs with a `stream_client`; readers of any language follow with theirs. Each
/// item has a topic and an offset, which counts all items of the stream and never goes back, also when the workflow
/// continues as new.
///
/// Best a member of the workflow class, so that its handlers are set before the first message: `workflow::stream
/// events_;`. One per workflow. The items stay in memory, and each poll of a reader is an update in the history:
/// truncate() what nobody needs any more, and continue as new in time:
/// ```
/// co_await events_.drain();
/// workflow::continue_as_new<job>({}, left, events_.state());
/// ```
class stream {
 public:
  /// `prior`: what the run before gave on. Throws std::logic_error when the workflow has a stream already.
  explicit stream(stream_state prior = {}) : log_(std::make_shared<detail::stream_log>(std::move(prior))) {
    auto& run = detail::run::require_run("workflow::stream");
    run.require_changeable("workflow::stream");
    if (run.handlers().signals.find(detail::stream_wire::publish_signal) != nullptr) {
      throw std::logic_error("this workflow has a stream already; publish to another topic of it");
    }
    detail::set_stream_handlers(run, log_);
  }
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  /// Adds an item. Throws conversion_error. Not allowed in queries, validators and conditions.
  template <class Value>
  void publish(std::string_view topic, const Value& value) {
    detail::run::require_current("workflow::stream").require_changeable("workflow::stream");
    payload_collector made;
    encode(made, value);
    log_->add(topic, made.take().front());
  }

  /// Where the items begin that are still there, and where the next one will be.
  std::int64_t begin_offset() const noexcept { return log_->begin(); }
  std::int64_t end_offset() const noexcept { return log_->end(); }

  /// Forgets all items before this offset; readers that are behind it go on at the first that is left. Throws an
  /// application_failure "TruncateOutOfRange" when there are not as many.
  void truncate(std::int64_t before) {
    detail::run::require_current("workflow::stream").require_changeable("workflow::stream");
    log_->truncate(before);
  }

  /// Lets readers go that wait, and refuses new ones, which come again to the next run; ends when no handler runs any
  /// more. Then the workflow may continue as new. For run(): a handler would wait for its own end.
  task<> drain() {
    log_->let_readers_go();
    co_await wait_condition([] { return all_handlers_finished(); });
  }

  /// For the next run. Publishers that were silent for `forget_publishers` are left out: what one of them repeats after
  /// that is taken twice. Longer than `stream_publish_options::give_up_after`.
  stream_state state(duration forget_publishers = std::chrono::minutes(15)) const {
    return log_->state(forget_publishers);
  }

 private:
  std::shared_ptr<detail::stream_log> log_;
};

}  // namespace rondo::workflow
