#pragma once
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/interceptor.hpp"
#include "rondo/payload.hpp"
#include "rondo/task.hpp"

namespace rondo::detail::run {

/// Payloads that were changed on their way, and views of them.
struct kept_payloads {
  payload_list values{};
  std::vector<payload_view> views{};
};

/// The interceptors of one run, the outermost first.
class interception {
 public:
  void add(std::unique_ptr<workflow_interceptor> one) {
    if (one != nullptr) chain_.push_back(std::move(one));
  }
  bool empty() const noexcept { return chain_.empty(); }

  /// The arguments that the code gets; those that were changed lie in `keep`.
  payload_span inbound(workflow_message_kind kind, std::string_view name, std::string_view update_id,
                       payload_span arguments, const payload_map& headers, kept_payloads& keep) const {
    if (chain_.empty()) return arguments;
    for (const auto& each : arguments) keep.values.push_back(each.copy());
    workflow_message message{
        .kind = kind, .name = name, .update_id = update_id, .arguments = keep.values, .headers = headers};
    for (const auto& each : chain_) each->inbound(message);
    keep.views.assign(keep.values.begin(), keep.values.end());
    return keep.views;
  }
  task<void> around(workflow_message_kind kind, std::string_view name, std::string_view update_id,
                    const payload_map& headers, task<void> body) const {
    for (auto each = chain_.rbegin(); each != chain_.rend(); ++each) {
      body = (*each)->around({kind, std::string(name), std::string(update_id), headers}, std::move(body));
    }
    return body;
  }
  void result(workflow_result& of) const {
    for (auto each = chain_.rbegin(); each != chain_.rend(); ++each) (*each)->result(of);
  }
  void outbound(workflow_call& call) const {
    for (const auto& each : chain_) each->outbound(call);
  }
  void answered(workflow_answer& answer) const {
    for (auto each = chain_.rbegin(); each != chain_.rend(); ++each) {
      try {
        (*each)->answered(answer);
      } catch (...) {
        answer.error = std::current_exception();
      }
    }
  }
  void start_timer(workflow_timer timer) const {
    for (const auto& each : chain_) each->start_timer(timer);
  }
  void cancel_workflow(workflow_cancellation call) const {
    for (const auto& each : chain_) each->cancel_workflow(call);
  }
  /// Of a side effect the last one is asked first, as of all that comes back to the code.
  void side_effect(workflow_side_effect& effect) const {
    for (auto each = chain_.rbegin(); each != chain_.rend(); ++each) (*each)->side_effect(effect);
  }
  void upsert_search_attributes(payload_map& changes) const {
    for (const auto& each : chain_) each->upsert_search_attributes(changes);
  }
  void upsert_memo(payload_map& changes) const {
    for (const auto& each : chain_) each->upsert_memo(changes);
  }

 private:
  std::vector<std::unique_ptr<workflow_interceptor>> chain_;
};

}  // namespace rondo::detail::run
