#pragma once

#include "rondo/server/request_checks.hpp"

#include <string_view>

#include "rondo/server/refusal.hpp"

namespace rondo::server {

namespace detail_request_checks {

inline constexpr std::int64_t longest_duration = 250LL * 365 * 24 * 3600;
inline constexpr std::string_view reserved_queue_prefix = "/_sys/";
inline constexpr std::string_view internal_queue = "temporal-sys-per-ns-tq";
inline constexpr int links_per_request = 10;
inline constexpr std::size_t link_size = 4000;
inline constexpr std::size_t fairness_key_length = 64;

inline void check_workflow_event_link(const temporal::api::common::v1::Link::WorkflowEvent& link) {
  if (link.namespace_().empty()) refuse_argument("workflow event link must not have an empty namespace field");
  if (link.workflow_id().empty()) refuse_argument("workflow event link must not have an empty workflow ID field");
  if (link.run_id().empty()) refuse_argument("workflow event link must not have an empty run ID field");
  if (link.event_ref().event_type() == temporal::api::enums::v1::EVENT_TYPE_UNSPECIFIED &&
      link.event_ref().event_id() != 0) {
    refuse_argument("workflow event link ref cannot have an unspecified event type and a non-zero event ID");
  }
}

}  // namespace detail_request_checks

RONDO_SERVER_FUNCTION void refuse_argument(const std::string& text) { throw refusal(rpc_code::invalid_argument, text); }

RONDO_SERVER_FUNCTION std::string duration_fault(google::protobuf::Duration& duration) {
  if ((duration.seconds() > 0 && duration.nanos() < 0) || (duration.seconds() < 0 && duration.nanos() > 0)) {
    return "duration has seconds and nanos with different signs";
  }
  if (duration.seconds() < 0 || duration.nanos() < 0) return "negative duration";
  if (duration.seconds() > detail_request_checks::longest_duration) {
    duration.set_seconds(detail_request_checks::longest_duration);
    duration.set_nanos(0);
  }
  return {};
}

RONDO_SERVER_FUNCTION void check_task_queue(temporal::api::taskqueue::v1::TaskQueue& queue,
                                            const std::string& default_name, const limits& allowed) {
  using namespace detail_request_checks;
  if (queue.kind() == temporal::api::enums::v1::TASK_QUEUE_KIND_UNSPECIFIED) {
    queue.set_kind(temporal::api::enums::v1::TASK_QUEUE_KIND_NORMAL);
  }
  if (queue.name().empty()) {
    if (default_name.empty()) refuse_argument("missing task queue name");
    queue.set_name(default_name);
  }
  if (queue.name().size() > allowed.id_length) refuse_argument("taskQueue length exceeds limit");
  if (queue.name().starts_with(reserved_queue_prefix)) {
    refuse_argument("task queue name cannot start with reserved prefix " + std::string(reserved_queue_prefix));
  }
  if (queue.name() == internal_queue) {
    refuse_argument("cannot use internal per-namespace task queue:" + std::string(internal_queue));
  }
}

RONDO_SERVER_FUNCTION void check_priority(const temporal::api::common::v1::Priority& priority) {
  if (priority.priority_key() < 0) refuse_argument("PriorityKey can't be negative");
  if (priority.fairness_key().size() > detail_request_checks::fairness_key_length) {
    refuse_argument("FairnessKey length exceeds limit");
  }
  if (priority.fairness_weight() < 0) refuse_argument("FairnessWeight can't be negative");
}

RONDO_SERVER_FUNCTION void check_links(
    const google::protobuf::RepeatedPtrField<temporal::api::common::v1::Link>& links) {
  using namespace detail_request_checks;
  if (links.size() > links_per_request) {
    refuse_argument("cannot attach more than " + std::to_string(links_per_request) + " links per request, got " +
                    std::to_string(links.size()));
  }
  for (const auto& link : links) {
    if (link.ByteSizeLong() > link_size) {
      refuse_argument("link exceeds allowed size of " + std::to_string(link_size) + ", got " +
                      std::to_string(link.ByteSizeLong()));
    }
    if (link.has_workflow_event()) {
      check_workflow_event_link(link.workflow_event());
    } else if (link.has_batch_job() && link.batch_job().job_id().empty()) {
      refuse_argument("batch job link must not have an empty job ID");
    } else if (link.variant_case() == temporal::api::common::v1::Link::VARIANT_NOT_SET) {
      refuse_argument("unsupported link variant");
    }
  }
}

RONDO_SERVER_FUNCTION void check_execution(bool present,
                                           const temporal::api::common::v1::WorkflowExecution& execution) {
  if (!present) refuse_argument("Execution is not set on request.");
  if (execution.workflow_id().empty()) refuse_argument("WorkflowId is not set on request.");
  if (!execution.run_id().empty() && !is_uuid(execution.run_id())) refuse_argument("Invalid RunId.");
}

RONDO_SERVER_FUNCTION bool is_uuid(const std::string& text) noexcept {
  if (text.size() != 36) return false;
  for (std::size_t index = 0; index < text.size(); ++index) {
    const char c = text[index];
    const bool dash = index == 8 || index == 13 || index == 18 || index == 23;
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !digit) return false;
  }
  return true;
}

RONDO_SERVER_FUNCTION temporal::api::common::v1::Priority merge_priority(
    const temporal::api::common::v1::Priority& base, const temporal::api::common::v1::Priority& over) {
  temporal::api::common::v1::Priority merged = base;
  if (over.priority_key() != 0) merged.set_priority_key(over.priority_key());
  if (!over.fairness_key().empty()) merged.set_fairness_key(over.fairness_key());
  if (over.fairness_weight() > 0 || over.fairness_weight() < 0) merged.set_fairness_weight(over.fairness_weight());
  return merged;
}

}  // namespace rondo::server
