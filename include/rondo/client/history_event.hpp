#pragma once
#include <temporal/api/history/v1/message.pb.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rondo/client/description.hpp"
#include "rondo/detail/engine/event_types.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"

namespace rondo {

/// One event of a run.
class history_event {
 public:
  using message_type = temporal::api::history::v1::HistoryEvent;

  explicit history_event(message_type event) : event_(std::move(event)) {}

  /// From 1, in the order of the history.
  std::int64_t id() const noexcept { return event_.event_id(); }
  /// "WorkflowExecutionStarted"
  std::string type() const { return detail::engine::name_of_event(event_.event_type()); }
  server_time time() const { return detail::engine::time_of(event_.event_time()); }
  /// All of it, as it comes over the wire; payloads are decoded.
  const message_type& message() const noexcept { return event_; }
  /// Serialised temporal.api.history.v1.HistoryEvent.
  std::string bytes() const { return event_.SerializeAsString(); }

 private:
  message_type event_;
};

/// Which events of a run, and whether to wait for more.
struct history_options {
  /// Go on until the run has ended: what gives the next event waits until there is one.
  bool wait_new = false;
  /// The last event alone; of a run that goes on, with `wait_new`, once it has ended.
  bool close_event_only = false;
  /// Throw not_found for runs that the server has in its archive only, rather than read them there.
  bool skip_archival = false;
  /// Events in a page; 0: the server's choice.
  int page_size = 0;
  /// Where an earlier list stopped; empty: from the start.
  std::string_view page_token{};
  /// Events in all; 0: every one.
  std::size_t limit = 0;
};
static_assert(std::is_trivially_destructible_v<history_options>);

}  // namespace rondo
