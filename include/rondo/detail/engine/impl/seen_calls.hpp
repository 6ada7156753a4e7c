#pragma once
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/engine/execution.hpp"
#include "rondo/interceptor.hpp"
#include "rondo/nexus_info.hpp"
#include "rondo/options.hpp"
#include "rondo/payload.hpp"

// The calls of a run with interceptors: shown, begun as they leave them, and watched until they end.
namespace rondo::detail::engine {

RONDO_FUNCTION run::pending& execution::schedule_seen(const run::activity_call& call, run::completion& waiter) {
  activity_options options = call.options;
  auto shown = outgoing_.new_call(workflow_call_kind::activity, call.activity_type, options.headers);
  auto& seen = shown.call;
  seen.activity = &options;
  const auto out = outgoing_.show(shown, call.input);
  // Before there is somebody who waits for what is never begun.
  check(options, seen.name);
  check_id(options.activity_id, seen.name);
  auto& between = watch(seen, waiter);
  begin_activity({seen.name, options, out.input, out.headers}, between);
  return between;
}

RONDO_FUNCTION run::pending& execution::schedule_seen(const run::local_activity_call& call, run::completion& waiter) {
  local_activity_options options = call.options;
  auto shown = outgoing_.new_call(workflow_call_kind::local_activity, call.activity_type, options.headers);
  auto& seen = shown.call;
  seen.local_activity = &options;
  const auto out = outgoing_.show(shown, call.input);
  check(options, seen.name);
  auto& between = watch(seen, waiter);
  begin_local_activity({seen.name, options, out.input, out.headers}, between);
  return between;
}

RONDO_FUNCTION run::child_identity execution::start_seen(const run::child_workflow_call& call, run::completion* started,
                                                         run::completion& closed) {
  child_workflow_options options = call.options;
  auto shown = outgoing_.new_call(workflow_call_kind::child_workflow, call.workflow_type, options.headers);
  auto& seen = shown.call;
  seen.workflow_id = options.id;
  seen.child = &options;
  const auto out = outgoing_.show(shown, call.input);
  check(options, seen.name);
  return begin_child({seen.name, options, out.input, out.headers}, started, watch(seen, closed));
}

RONDO_FUNCTION void execution::start_seen(const run::nexus_call& call, run::completion* started,
                                          run::completion& closed) {
  nexus_operation_options options = call.options;
  auto shown = outgoing_.new_call(workflow_call_kind::nexus_operation, call.operation, {});
  auto& seen = shown.call;
  seen.headers.clear();
  for (const auto& [name, value] : options.headers) seen.nexus_headers.insert_or_assign(std::string(name), value);
  seen.nexus_endpoint = call.endpoint;
  seen.nexus_service = call.service;
  seen.nexus = &options;
  const auto out = outgoing_.show(shown, call.input);
  std::vector<nexus_header> headers;
  for (const auto& [name, value] : seen.nexus_headers) headers.push_back({name, value});
  options.headers = headers;
  const run::nexus_call left{seen.nexus_endpoint, seen.nexus_service, seen.name, options, out.input, out.nexus_headers};
  check(left);
  begin_nexus(left, started, watch(seen, closed));
}

RONDO_FUNCTION run::pending& execution::signal_seen(const run::signal_call& call, run::completion& waiter) {
  auto shown = outgoing_.new_call(workflow_call_kind::signal, call.name, {});
  auto& seen = shown.call;
  seen.workflow_id = call.to.workflow_id;
  const auto out = outgoing_.show(shown, call.input);
  if (seen.workflow_id.empty()) {
    throw std::invalid_argument("signal \"" + std::string(seen.name) + "\": the workflow id must not be empty");
  }
  auto to = call.to;
  if (seen.workflow_id != to.workflow_id) {
    to.workflow_id = seen.workflow_id;
    // They told something of the workflow that it was meant for.
    to.run_id = {};
    to.child_only = false;
  }
  auto& between = watch(seen, waiter);
  begin_signal({to, seen.name, out.input, out.headers}, between);
  return between;
}

RONDO_FUNCTION std::string execution::signal_seen(const run::signal_with_start_call& call, run::completion& closed) {
  signal_with_start_options options = call.options;
  auto shown = outgoing_.new_call(workflow_call_kind::signal_with_start, call.workflow_type, options.headers);
  auto& seen = shown.call;
  payload_list of_signal = outgoing_.collect(call.signal_input);
  seen.workflow_id = options.id;
  seen.start = &options;
  seen.signal_name = call.signal;
  seen.signal_arguments = &of_signal;
  const auto out = outgoing_.show(shown, call.input);
  check(options, seen.name);
  const run::signal_with_start_call left{seen.name, options, out.input, seen.signal_name,
                                         outgoing_calls::encoder_of(of_signal)};
  begin_signal_with_start(left, out, watch(seen, closed));
  return std::string(options.id);
}

RONDO_FUNCTION void execution::continue_as_new(const run::continue_as_new_call& call) {
  const std::string_view type = call.workflow_type.empty() ? std::string_view(info_.workflow_type) : call.workflow_type;
  const auto given = outgoing_calls::encoder_of(call.input);
  if (outgoing_.interceptors() == nullptr) {
    const auto out = outgoing_.prepare(given, call.options.headers);
    return end_.continue_as_new({call.workflow_type, call.options, call.input, out.headers}, type, info_);
  }
  continue_as_new_options options = call.options;
  auto shown = outgoing_.new_call(workflow_call_kind::continue_as_new, type, options.headers);
  auto& seen = shown.call;
  seen.next_run = &options;
  const auto out = outgoing_.show(shown, given);
  check(options, seen.name);
  end_.continue_as_new({seen.name, options, seen.arguments, out.headers}, seen.name, info_);
}

RONDO_FUNCTION run::pending& execution::start_seen_timer(const run::interception& seen_by, duration delay,
                                                         std::string_view summary, run::completion& waiter) {
  std::string text(summary);
  seen_by.start_timer({delay, text});
  return begin_timer(delay > duration::zero() ? delay : std::chrono::milliseconds(1), text, waiter);
}

RONDO_FUNCTION void execution::complete_seen(const run::encoder& result) {
  payload_list value = outgoing_.collect(result);
  // Otherwise there is no value to be seen, and the workflow task fails.
  if (!services_.encoding_error) {
    workflow_result seen{.kind = workflow_message_kind::start, .name = info_.workflow_type, .value = value};
    instance_->interceptors().result(seen);
  }
  end_.complete(outgoing_calls::encoder_of(value));
}

RONDO_FUNCTION void execution::complete_seen_update(std::string_view id, const run::encoder& result) {
  payload_list value = outgoing_.collect(result);
  if (!services_.encoding_error) {
    workflow_result seen{
        .kind = workflow_message_kind::update, .name = the_updates().name_of(id), .update_id = id, .value = value};
    instance_->interceptors().result(seen);
  }
  the_updates().complete(id, outgoing_calls::encoder_of(value));
}

RONDO_FUNCTION payload_span execution::seen_effect(std::string_view id, payload_span values) {
  const auto* seen_by = outgoing_.interceptors();
  if (seen_by == nullptr) return values;
  payload_list left;
  for (const auto& each : values) left.push_back(each.copy());
  workflow_side_effect effect{id, left};
  seen_by->side_effect(effect);
  if (left.empty()) throw std::invalid_argument("an interceptor has left a side effect without a value");
  return outgoing_.keep_effect(std::move(left));
}

}  // namespace rondo::detail::engine
