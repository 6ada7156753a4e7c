#pragma once
#include <string>

namespace rondo {

/// Whose value or payload it is; what is not known is empty. A child or a workflow that is signalled has its own id,
/// not that of the sender.
///
/// A `codec` is told what the message says that the payload travels in. Namespace and workflow id are the same on both
/// ends of every payload of a workflow, so keys may be derived from them.
///
/// A `payload_codec` is told the same on both ends: namespace and workflow id of a workflow's own values, and all but
/// `run_id` of what an activity takes and gives.
struct serialization_context {
  std::string namespace_{}, workflow_id{}, workflow_type{};
  /// For a codec: of the input, result, heartbeats and failure of an activity, where it runs. The history knows its
  /// result as the workflow's, and that of a local activity is the workflow's everywhere. For a payload_codec:
  /// `activity_id` is set for an activity that no workflow called, the others for any.
  std::string activity_id{}, activity_type{}, task_queue{};
  /// Of the workflow or activity that a worker runs; clients do not know it when they start one. It differs between the
  /// two ends, so it is for names of places, not for keys. A payload_codec does not get it.
  std::string run_id{};
  /// The activity is a local one. For a payload_codec.
  bool is_local = false;

  friend bool operator==(const serialization_context&, const serialization_context&) = default;
};

}  // namespace rondo
