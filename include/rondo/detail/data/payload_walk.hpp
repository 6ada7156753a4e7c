#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/codec.hpp"
#include "rondo/data_options.hpp"
#include "rondo/detail/data/payload_fields.hpp"
#include "rondo/detail/data/wire.hpp"
#include "rondo/json.hpp"
#include "rondo/payload.hpp"

// Payloads inside of serialized messages. The bytes are changed instead of message objects, so it works for every
// message alike, for protobufs without reflection too, and fields that this version does not know stay.
namespace rondo::detail::data {

/// Which payloads of a message are meant.
struct walk_options {
  header_encoding headers = header_encoding::none;
  /// Moves the texts of failures into a payload of their own.
  bool hide_failure_texts = false;
};

/// The payload that carries the texts of a failure has this as JSON.
struct failure_texts {
  std::string message{}, stack_trace{};
};

/// A payload with this entry, "true", is a message that the server reads; the payloads are inside of it.
inline constexpr std::string_view system_payload_mark = "__temporal_system_payload";

/// An operation behind this endpoint is done by the server itself.
inline constexpr std::string_view system_endpoint = "__temporal_system";

inline constexpr std::string_view hidden_failure_message = "Encoded failure";

/// A payload and whose it is, by its place in `found_payloads::contexts`.
struct found_payloads {
  std::vector<payload> payloads{};
  /// Fields of each payload other than metadata and data.
  std::vector<std::string> others{};
  std::vector<std::size_t> context_of{};
  /// Where each is stored; differs from the former for what goes from one owner to another.
  std::vector<std::size_t> place_of{};
  /// Nothing depends on this one, so it may stay encoded: the failure of a workflow task may be by a worker with
  /// another key, which must not keep the next worker from reading the history.
  std::vector<bool> optional{};
  std::vector<serialization_context> contexts{};
  /// Of the message as a whole.
  serialization_context whole{};
};

template <class Row>
const Row* find_row(const Row* begin, const Row* end, node message, std::uint32_t number) {
  const auto found = std::lower_bound(begin, end, std::pair{message, number}, [](const Row& row, const auto& wanted) {
    return std::pair<node, std::uint32_t>(row.message, row.number) < wanted;
  });
  return found != end && found->message == message && found->number == number ? found : nullptr;
}

inline const method_messages* find_method(std::string_view path) {
  constexpr std::string_view service = "/temporal.api.workflowservice.v1.WorkflowService/";
  if (path.starts_with(service)) path.remove_prefix(service.size());
  const auto* const found =
      std::lower_bound(std::begin(methods), std::end(methods), path,
                       [](const method_messages& row, std::string_view wanted) { return row.name < wanted; });
  return found != std::end(methods) && found->name == path ? found : nullptr;
}

/// The request or the response of an RPC that has payloads, by the name of the message; `none` when it is the one of
/// the two that has none.
inline std::optional<node> node_of_message(std::string_view name) {
  constexpr std::string_view package = "temporal.api.workflowservice.v1.", request = "Request", response = "Response";
  if (!name.starts_with(package)) return {};
  name.remove_prefix(package.size());
  const bool asks = name.ends_with(request);
  if (!asks && !name.ends_with(response)) return {};
  name.remove_suffix(asks ? request.size() : response.size());
  const auto* const found = find_method(name);
  if (found == nullptr) return {};
  return asks ? found->request : found->response;
}

/// Walks through a serialized message twice: collects the payloads, and writes the message again with others in their
/// places.
class payload_walk {
 public:
  /// The message is valid for as long as this object. `around` says what is known besides the message.
  payload_walk(node message, std::string_view bytes, walk_options how, const serialization_context& around = {})
      : message_(message), bytes_(bytes), how_(how), around_(around) {}

  /// Throws codec_error when the bytes are no message, or too deep a one.
  found_payloads collect() {
    found_payloads found;
    found_ = &found;
    operation_ = {};
    found.whole = context_in(message_, bytes_, around_, operation_);
    enter(found.whole);
    step(message_, bytes_, 0, nullptr);
    return found;
  }

  /// The message with these payloads, as many as were collected, in the places of those that were.
  std::string replaced(const std::vector<std::string>& payloads) {
    with_ = &payloads;
    next_ = 0;
    found_ = nullptr;
    std::string out;
    out.reserve(bytes_.size());
    step(message_, bytes_, 0, &out);
    return out;
  }

 private:
  static constexpr int most_depth = 100;

  /// What the message says about itself; a workflow of another id has nothing in common with the one around it. What it
  /// says of a Nexus operation is added to `operation`.
  static serialization_context context_in(node message, std::string_view bytes, const serialization_context& around,
                                          serialization_context& operation) {
    serialization_context made = around;
    const auto* const begin = std::lower_bound(std::begin(context_fields), std::end(context_fields), message,
                                               [](const context_field& row, node of) { return row.message < of; });
    if (begin == std::end(context_fields) || begin->message != message) return made;
    const auto* const end =
        std::find_if(begin, std::end(context_fields), [&](const context_field& row) { return row.message != message; });
    wire_reader reader(bytes);
    serialization_context said;
    while (const auto field = reader.next()) {
      const auto* row = find_row(begin, end, message, field->number);
      if (row == nullptr || !field->delimited) continue;
      for (; row != end && row->number == field->number; ++row) {
        std::string_view text = field->content;
        if (row->inner >= 100) text = find_field(text, row->inner / 100U);
        if (row->inner != 0) text = find_field(text, row->inner % 100U);
        said.*row->part = text;
      }
    }
    for (const auto part : {&serialization_context::nexus_endpoint, &serialization_context::nexus_service,
                            &serialization_context::nexus_operation}) {
      if (!(said.*part).empty()) operation.*part = said.*part;
    }
    if (!said.workflow_id.empty() && said.workflow_id != made.workflow_id) {
      made.workflow_id.clear();
      made.workflow_type.clear();
      made.activity_id.clear();
      made.activity_type.clear();
      made.task_queue.clear();
      made.run_id.clear();
    }
    for (const auto part : {&serialization_context::namespace_, &serialization_context::workflow_id,
                            &serialization_context::workflow_type, &serialization_context::activity_id,
                            &serialization_context::activity_type, &serialization_context::task_queue}) {
      if (!(said.*part).empty()) made.*part = said.*part;
    }
    return made;
  }

  void enter(const serialization_context& context) {
    if (found_->contexts.empty() || found_->contexts.back() != context) found_->contexts.push_back(context);
  }

  void step(node message, std::string_view bytes, int depth, std::string* out) {
    if (depth > most_depth) throw codec_error("a message cannot be read: it is nested too deeply");
    const bool hides = message == node::failure_Failure && how_.hide_failure_texts && find_field(bytes, 20).empty();
    const std::uint32_t repeated_text = how_.hide_failure_texts ? text_of_failed_query(message, bytes) : 0;
    const bool was_failed_task =
        std::exchange(in_failed_task_, in_failed_task_ || message == node::history_WorkflowTaskFailed);
    const bool was_memo = std::exchange(in_memo_, in_memo_ || message == node::common_Memo);
    wire_reader reader(bytes);
    while (const auto field = reader.next()) {
      if (hides && field->delimited && (field->number == 1 || field->number == 3)) continue;
      if (field->number == repeated_text && field->delimited) {
        if (out != nullptr) append_field(*out, field->number, hidden_failure_message);
        continue;
      }
      const auto* row = find_row(std::begin(payload_fields), std::end(payload_fields), message, field->number);
      if (row == nullptr || !field->delimited || (row->type == node::common_Header && !means_header_of(message))) {
        if (out != nullptr) *out += field->raw;
      } else if (row->type == node::payload) {
        const bool of_operation =
            find_row(std::begin(operation_inputs), std::end(operation_inputs), message, field->number) != nullptr;
        one(field->number, field->content, depth, of_operation, out);
      } else if (row->type == node::any) {
        inside(field->number, node::any, field->content, depth, out);
      } else {
        inside(field->number, row->type, field->content, depth, out);
      }
    }
    if (hides) hide(bytes, out);
    in_memo_ = was_memo;
    in_failed_task_ = was_failed_task;
  }

  /// `message`: the one that has the header. An activity that begins with the answer to a completion sees its headers
  /// as those do that come by polls.
  bool means_header_of(node message) const noexcept {
    if (how_.headers != header_encoding::workflow_tasks) return how_.headers == header_encoding::all;
    return is_of_workflow_task(message_) && message != node::rpc_PollActivityTaskQueueResponse;
  }
  static bool is_of_workflow_task(node message) noexcept {
    switch (message) {
      case node::rpc_PollWorkflowTaskQueueResponse:
      case node::rpc_RespondWorkflowTaskCompletedRequest:
      case node::rpc_RespondWorkflowTaskCompletedResponse:
      case node::rpc_GetWorkflowExecutionHistoryResponse:
      case node::rpc_GetWorkflowExecutionHistoryReverseResponse:
      case node::history_History:
      // Those may bring first tasks.
      case node::rpc_StartWorkflowExecutionResponse:
      case node::rpc_ExecuteMultiOperationResponse:
        return true;
      default:
        return false;
    }
  }

  /// The number of the field with the text of the failure that is there too; zero: none.
  static std::uint32_t text_of_failed_query(node message, std::string_view bytes) {
    if (message == node::query_WorkflowQueryResult && !find_field(bytes, 4).empty()) return 3;
    if (message == node::rpc_RespondQueryTaskCompletedRequest && !find_field(bytes, 7).empty()) return 4;
    return 0;
  }

  void one(std::uint32_t number, std::string_view content, int depth, bool of_operation, std::string* out) {
    if (in_memo_ && is_nothing(content)) {
      if (out != nullptr) append_field(*out, number, content);
      return;
    }
    if (content.find(system_payload_mark) != content.npos && in_system_payload(number, content, depth, out)) return;
    if (out != nullptr) {
      append_field(*out, number, with_->at(next_++));
      return;
    }
    std::string others;
    payload what = read_payload(content, &others);
    add(std::move(what), std::move(others));
    if (of_operation && !operation_.nexus_service.empty() && operation_.nexus_endpoint != system_endpoint) {
      give_to_operation();
    }
  }

  /// The payload that was added last is for the handler of an operation, who knows nothing of who calls it.
  void give_to_operation() {
    const auto place = found_->place_of.back();
    serialization_context made = operation_;
    made.namespace_ = found_->contexts[place].namespace_;
    const serialization_context before = found_->contexts[place];
    enter(made);
    found_->context_of.back() = found_->contexts.size() - 1;
    enter(before);
  }

  /// False: it is an ordinary payload.
  bool in_system_payload(std::uint32_t number, std::string_view content, int depth, std::string* out) {
    std::string others;
    payload what = read_payload(content, &others);
    if (what.entry(system_payload_mark) != "true") return false;
    const auto type = node_of_message(what.entry("messageType"));
    if (!type) return false;
    if (out == nullptr) {
      within(*type, what.data, depth);
      return true;
    }
    std::string changed;
    step(*type, what.data, depth + 1, &changed);
    what.data = std::move(changed);
    append_field(*out, number, payload_bytes(what) + others);
    return true;
  }

  /// Tells the server to remove an entry of a memo, so it has to be able to read it.
  static bool is_nothing(std::string_view content) {
    const payload what = read_payload(content);
    return what.encoding() == encoding::null && what.data.empty();
  }

  void add(payload what, std::string others) {
    found_->payloads.push_back(std::move(what));
    found_->others.push_back(std::move(others));
    found_->context_of.push_back(found_->contexts.size() - 1);
    found_->place_of.push_back(found_->contexts.size() - 1);
    found_->optional.push_back(in_failed_task_);
  }

  void hide(std::string_view bytes, std::string* out) {
    if (out == nullptr) {
      const failure_texts texts{.message = std::string(find_field(bytes, 1)),
                                .stack_trace = std::string(find_field(bytes, 3))};
      payload made;
      made.metadata["encoding"] = encoding::json;
      json::write(made.data, texts);
      add(std::move(made), {});
      return;
    }
    append_field(*out, 1, hidden_failure_message);
    append_field(*out, 20, with_->at(next_++));
  }

  void inside(std::uint32_t number, node type, std::string_view content, int depth, std::string* out) {
    if (type == node::any) {
      std::string changed;
      if (!step_any(content, depth, out == nullptr ? nullptr : &changed)) changed = content;
      if (out != nullptr) append_field(*out, number, changed);
      return;
    }
    if (out != nullptr) {
      std::string changed;
      step(type, content, depth + 1, &changed);
      append_field(*out, number, changed);
      return;
    }
    within(type, content, depth);
  }

  /// Collects what is in a message in this one.
  void within(node type, std::string_view content, int depth) {
    const serialization_context before = found_->contexts.back(), operation_before = operation_;
    enter(context_in(type, content, before, operation_));
    step(type, content, depth + 1, nullptr);
    operation_ = operation_before;
    enter(before);
  }

  /// google.protobuf.Any: the name of the type is field 1, the message field 2. False: nothing in it is known.
  bool step_any(std::string_view content, int depth, std::string* out) {
    const std::string_view url = find_field(content, 1);
    const std::string_view name = url.substr(url.rfind('/') + 1);
    const auto* const known = std::find_if(std::begin(any_messages), std::end(any_messages),
                                           [&](const any_message& each) { return each.name == name; });
    if (known == std::end(any_messages)) return false;
    if (out != nullptr) append_field(*out, 1, url);
    inside(2, known->message, find_field(content, 2), depth, out);
    return true;
  }

  node message_;
  std::string_view bytes_;
  walk_options how_;
  serialization_context around_;
  /// The Nexus operation whose request, command or event it is; its other fields are empty.
  serialization_context operation_;
  found_payloads* found_ = nullptr;
  const std::vector<std::string>* with_ = nullptr;
  std::size_t next_ = 0;
  bool in_memo_ = false;
  bool in_failed_task_ = false;
};

}  // namespace rondo::detail::data
