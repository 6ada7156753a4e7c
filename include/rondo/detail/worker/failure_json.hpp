#pragma once
#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "rondo/detail/base/base64.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/json.hpp"

namespace rondo::detail::worker {

/// Writes failures as protobuf's JSON has them: bytes are base64, enums their numbers, what is empty is left out. By
/// hand, since messages of Lambda programs cannot describe themselves.
class failure_json {
 public:
  explicit failure_json(std::string& to) : to_(to) {}

  /// Without its message where that stands beside it.
  void write(const engine::Failure& from, bool with_message) {
    object([&] {
      text("source", from.source());
      if (with_message) text("message", from.message());
      text("stackTrace", from.stack_trace());
      if (from.has_encoded_attributes()) {
        name("encodedAttributes");
        one(from.encoded_attributes());
      }
      write_info(from);
      if (from.has_cause()) {
        name("cause");
        write(from.cause(), true);
      }
    });
  }

 private:
  void write_info(const engine::Failure& from) {
    switch (from.failure_info_case()) {
      case engine::Failure::kApplicationFailureInfo:
        return member("applicationFailureInfo", [&] { write_members(from.application_failure_info()); });
      case engine::Failure::kTimeoutFailureInfo:
        return member("timeoutFailureInfo", [&] {
          number("timeoutType", from.timeout_failure_info().timeout_type());
          payloads("lastHeartbeatDetails", from.timeout_failure_info().last_heartbeat_details());
        });
      case engine::Failure::kCanceledFailureInfo:
        return member("canceledFailureInfo", [&] {
          payloads("details", from.canceled_failure_info().details());
          text("identity", from.canceled_failure_info().identity());
        });
      case engine::Failure::kTerminatedFailureInfo:
        return member("terminatedFailureInfo", [&] { text("identity", from.terminated_failure_info().identity()); });
      case engine::Failure::kServerFailureInfo:
        return member("serverFailureInfo", [&] { flag("nonRetryable", from.server_failure_info().non_retryable()); });
      case engine::Failure::kResetWorkflowFailureInfo:
        return member("resetWorkflowFailureInfo", [&] {
          payloads("lastHeartbeatDetails", from.reset_workflow_failure_info().last_heartbeat_details());
        });
      case engine::Failure::kActivityFailureInfo:
        return member("activityFailureInfo", [&] { write_members(from.activity_failure_info()); });
      case engine::Failure::kChildWorkflowExecutionFailureInfo:
        return member("childWorkflowExecutionFailureInfo",
                      [&] { write_members(from.child_workflow_execution_failure_info()); });
      case engine::Failure::kNexusOperationExecutionFailureInfo:
        return member("nexusOperationExecutionFailureInfo",
                      [&] { write_members(from.nexus_operation_execution_failure_info()); });
      case engine::Failure::kNexusHandlerFailureInfo:
        return member("nexusHandlerFailureInfo", [&] {
          text("type", from.nexus_handler_failure_info().type());
          number("retryBehavior", from.nexus_handler_failure_info().retry_behavior());
        });
      default:
        return;
    }
  }
  void write_members(const temporal::api::failure::v1::ApplicationFailureInfo& info) {
    text("type", info.type());
    flag("nonRetryable", info.non_retryable());
    payloads("details", info.details());
    if (info.has_next_retry_delay()) {
      const auto& delay = info.next_retry_delay();
      std::array<char, 16> fraction{};
      std::snprintf(fraction.data(), fraction.size(), ".%09ds", static_cast<int>(delay.nanos()));
      text("nextRetryDelay", std::to_string(delay.seconds()) + fraction.data());
    }
    number("category", info.category());
  }
  void write_members(const temporal::api::failure::v1::ActivityFailureInfo& info) {
    number("scheduledEventId", info.scheduled_event_id());
    number("startedEventId", info.started_event_id());
    text("identity", info.identity());
    member("activityType", [&] { text("name", info.activity_type().name()); });
    text("activityId", info.activity_id());
    number("retryState", info.retry_state());
  }
  void write_members(const temporal::api::failure::v1::ChildWorkflowExecutionFailureInfo& info) {
    text("namespace", info.namespace_());
    member("workflowExecution", [&] {
      text("workflowId", info.workflow_execution().workflow_id());
      text("runId", info.workflow_execution().run_id());
    });
    member("workflowType", [&] { text("name", info.workflow_type().name()); });
    number("initiatedEventId", info.initiated_event_id());
    number("startedEventId", info.started_event_id());
    number("retryState", info.retry_state());
  }
  void write_members(const temporal::api::failure::v1::NexusOperationFailureInfo& info) {
    number("scheduledEventId", info.scheduled_event_id());
    text("endpoint", info.endpoint());
    text("service", info.service());
    text("operation", info.operation());
    text("operationToken", info.operation_token());
  }

  void payloads(std::string_view called, const engine::Payloads& all) {
    if (all.payloads().empty()) return;
    member(called, [&] {
      name("payloads");
      to_ += '[';
      for (const auto& each : all.payloads()) {
        if (to_.back() != '[') to_ += ',';
        one(each);
      }
      to_ += ']';
    });
  }
  void one(const engine::Payload& what) {
    object([&] {
      member("metadata", [&] {
        for (const auto& [key, value] : what.metadata()) bytes(key, value);
      });
      bytes("data", what.data());
      if (what.external_payloads().empty()) return;
      name("externalPayloads");
      to_ += '[';
      for (const auto& each : what.external_payloads()) {
        if (to_.back() != '[') to_ += ',';
        object([&] { number("sizeBytes", each.size_bytes()); });
      }
      to_ += ']';
    });
  }

  template <class Members>
  void object(const Members& members) {
    to_ += '{';
    members();
    to_ += '}';
  }
  template <class Members>
  void member(std::string_view called, const Members& members) {
    name(called);
    object(members);
  }
  void name(std::string_view called) {
    if (to_.back() != '{') to_ += ',';
    json::write(to_, called);
    to_ += ':';
  }
  void text(std::string_view called, std::string_view value) {
    if (value.empty()) return;
    name(called);
    json::write(to_, value);
  }
  void bytes(std::string_view called, std::string_view value) {
    name(called);
    to_ += '"' + base64_encode(value) + '"';
  }
  void number(std::string_view called, std::int64_t value) {
    if (value == 0) return;
    name(called);
    to_ += std::to_string(value);
  }
  void flag(std::string_view called, bool value) {
    if (!value) return;
    name(called);
    to_ += "true";
  }

  std::string& to_;
};

}  // namespace rondo::detail::worker
