#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/client.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/converter.hpp"
#include "rondo/detail/client/streams.hpp"
#include "rondo/detail/run/stream_wire.hpp"
#include "rondo/options.hpp"
#include "rondo/payload.hpp"

namespace rondo {

/// How a `stream_client` sends what is published.
struct stream_publish_options {
  /// flush_if_due() sends when the oldest item has waited so long, or when there are so many.
  duration interval = std::chrono::seconds(2);
  std::size_t most_items = 100;
  /// publish() throws when so many bytes wait to be sent.
  std::size_t most_bytes = std::size_t{16} * 1024 * 1024;
  /// A batch that failed is sent again by the next flush until so long after its first attempt; then it is dropped,
  /// since the workflow may have forgotten by then that it had it already (`workflow::stream::state`).
  duration give_up_after = std::chrono::minutes(10);
};

/// Which items of a stream are read.
struct stream_read_options {
  /// Empty: all.
  std::vector<std::string> topics{};
  /// Of the first item; what the stream has forgotten is passed over.
  std::int64_t from_offset = 0;
  /// Items at most; 0: until the workflow has ended.
  std::size_t limit = 0;
  /// Time between two polls when nothing is ready; each is an update in the workflow's history.
  duration pause = std::chrono::milliseconds(100);
};

/// Publishes to the stream of a workflow (`workflow::stream`, or that of another language) and reads it. Cheap to copy;
/// copies are one publisher. Its client must live while it is used. In an activity:
/// `stream_client(activity::client(), activity::info().workflow_id)`.
class stream_client {
 public:
  stream_client(const client& through, std::string workflow_id, const stream_publish_options& options = {})
      : session_(through.session()),
        workflow_id_(std::move(workflow_id)),
        publisher_(std::make_shared<detail::calls::stream_publisher>(
            detail::calls::target(session_, workflow_id_, {}, {}, {}),
            detail::calls::stream_limits{options.interval, options.most_items, options.most_bytes,
                                         options.give_up_after})) {}

  /// Keeps an item until a flush sends it; any thread. Throws conversion_error, and std::length_error when too much
  /// waits.
  template <class Value>
  void publish(std::string_view topic, const Value& value) {
    payload_collector made;
    encode(made, value);
    publisher_->add(topic, detail::stream_wire::pack(made.take().front()));
  }
  /// Sends all that was published, in order, each item once, also when a request has to be repeated. What a failed
  /// flush had sent or not is sent by the next one. Throws not_found when the workflow has ended, rpc_error, and
  /// std::runtime_error when it has given up a batch. One flush at a time: a second one throws std::logic_error.
  call<void> flush() const { return session_->make_call(detail::calls::flush_stream(publisher_)); }
  /// The same when it is time for it; nothing else.
  call<void> flush_if_due() const { return session_->make_call(detail::calls::flush_stream_if_due(publisher_)); }

  /// The items one after the other, of all runs of the workflow; the list ends when the workflow has ended and all that
  /// it published was read. The list's page_token() is the offset to go on from.
  paged_list<stream_item> read(const stream_read_options& options = {}) const {
    return detail::calls::read_stream(session_, workflow_id_,
                                      {.topics = options.topics, .from_offset = options.from_offset}, options.pause,
                                      {.limit = options.limit});
  }
  /// The offset that the next item will have. Throws what a query throws.
  call<std::int64_t> end_offset() const {
    const detail::calls::target present(session_, workflow_id_, {}, {}, {});
    return session_->make_call(detail::calls::ask<std::int64_t>(
        session_, detail::calls::make_query(present, detail::stream_wire::offset_query, {}, {})));
  }

 private:
  detail::calls::session_ptr session_;
  std::string workflow_id_;
  std::shared_ptr<detail::calls::stream_publisher> publisher_;
};

}  // namespace rondo
