#pragma once
#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/data/payload_fields.hpp"
#include "rondo/detail/data/payload_walk.hpp"
#include "rondo/detail/data/wire.hpp"

// The sizes of what is sent, counted as the server counts them.
namespace rondo::detail::data {

/// Bytes; zero: no limit.
struct size_limits {
  std::size_t payloads_error = 0, memo_error = 0;
  std::size_t payloads_warning = 0, memo_warning = 0;

  /// Messages of this size or less break none of them.
  std::size_t smallest() const {
    std::size_t least = std::numeric_limits<std::size_t>::max();
    for (const auto each : {payloads_error, memo_error, payloads_warning, memo_warning}) {
      if (each != 0) least = std::min(least, each);
    }
    return least;
  }
};

/// A value that the server would not take.
class payload_too_large : public codec_error {
 public:
  using codec_error::codec_error;
};

/// How people call the payloads of a message.
inline std::string_view described(node message) {
  switch (message) {
    case node::command_ScheduleActivityTask:
      return "the arguments of an activity";
    case node::command_CompleteWorkflowExecution:
      return "the result of the workflow";
    case node::command_ContinueAsNewWorkflowExecution:
      return "the arguments of continue_as_new";
    case node::command_StartChildWorkflowExecution:
      return "the arguments of a child workflow";
    case node::command_SignalExternalWorkflowExecution:
    case node::rpc_SignalWorkflowExecutionRequest:
      return "the arguments of a signal";
    case node::command_RecordMarker:
      return "the details of a side effect or local activity";
    case node::rpc_StartWorkflowExecutionRequest:
    case node::rpc_SignalWithStartWorkflowExecutionRequest:
      return "the arguments of the workflow";
    case node::rpc_RespondActivityTaskCompletedRequest:
    case node::rpc_RespondActivityTaskCompletedByIdRequest:
      return "the result of the activity";
    case node::rpc_RecordActivityTaskHeartbeatRequest:
    case node::rpc_RecordActivityTaskHeartbeatByIdRequest:
      return "the details of a heartbeat";
    case node::rpc_RespondQueryTaskCompletedRequest:
    case node::query_WorkflowQueryResult:
      return "the answer to the query";
    case node::query_WorkflowQuery:
      return "the arguments of the query";
    case node::update_Input:
      return "the arguments of the update";
    case node::update_Outcome:
      return "the result of the update";
    default:
      return "a value";
  }
}

/// Looks at the sizes of a message that is about to be sent.
class size_check {
 public:
  /// `warn` is called with a text for each value that is larger than the warning says.
  size_check(const size_limits& limits, std::function<void(const std::string&)> warn)
      : limits_(limits), smallest_(limits.smallest()), warn_(std::move(warn)) {}

  /// Throws payload_too_large for the first value that is larger than the server takes.
  void look(node message, std::string_view bytes) const { step(message, bytes, 0); }

 private:
  static constexpr int most_depth = 100;

  void step(node message, std::string_view bytes, int depth) const {
    if (bytes.size() <= smallest_ || depth > most_depth) return;
    // The server counts the keys of these maps too.
    std::size_t map_size = 0;
    wire_reader reader(bytes);
    while (const auto field = reader.next()) {
      const auto* row = find_row(std::begin(payload_fields), std::end(payload_fields), message, field->number);
      if (row == nullptr || !field->delimited) continue;
      const std::string_view content = field->content;
      switch (row->type) {
        case node::common_Payloads:
          compare(described(message), content.size(), limits_.payloads_warning, limits_.payloads_error);
          break;
        case node::common_Memo:
          compare("the memo", memo_size(message, content), limits_.memo_warning, limits_.memo_error);
          break;
        case node::failure_Failure:
          compare("a failure", content.size(), limits_.payloads_warning, 0);
          break;
        case node::entry_of_common_Payloads:
          map_size += find_field(content, 1).size() + find_field(content, 2).size();
          break;
        case node::common_Header:
          break;
        case node::payload:
          if (message == node::command_ScheduleNexusOperation) {
            compare("the input of a Nexus operation", content.size(), limits_.payloads_warning, limits_.payloads_error);
          }
          break;
        case node::any:
          step_any(content, depth);
          break;
        default:
          step(row->type, content, depth + 1);
      }
    }
    compare(described(message), map_size, limits_.payloads_warning, limits_.payloads_error);
  }

  void step_any(std::string_view content, int depth) const {
    const std::string_view url = find_field(content, 1);
    for (const auto& each : any_messages) {
      if (url.substr(url.rfind('/') + 1) == each.name) step(each.message, find_field(content, 2), depth + 1);
    }
  }

  /// Memos that are changed count without what is around keys and data.
  static std::size_t memo_size(node message, std::string_view memo) {
    if (message != node::command_ModifyWorkflowProperties) return memo.size();
    std::size_t size = 0;
    wire_reader reader(memo);
    while (const auto entry = reader.next()) {
      size += find_field(entry->content, 1).size() + find_field(find_field(entry->content, 2), 2).size();
    }
    return size;
  }

  void compare(std::string_view what, std::size_t size, std::size_t warning, std::size_t error) const {
    const auto text = [&](std::string_view end, std::size_t limit) {
      return "[TMPRL1103] " + std::string(what) + ": " + std::to_string(size) + " bytes, " + std::string(end) +
             std::to_string(limit) + "; pass a reference to the data instead";
    };
    if (error != 0 && size > error) throw payload_too_large(text("the server takes at most ", error));
    if (warning != 0 && size > warning) warn_(text("which is more than ", warning));
  }

  size_limits limits_;
  std::size_t smallest_;
  std::function<void(const std::string&)> warn_;
};

}  // namespace rondo::detail::data
