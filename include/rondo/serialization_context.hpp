#pragma once
#include <string>

namespace rondo {

/// Whose value or payload it is; what is not known is empty. A child or a workflow that is signalled has its own id,
/// not that of the sender.
///
/// A `codec` is told what the message says that the payload travels in. Namespace and workflow id are the same on both
/// ends of every payload of a workflow, so keys may be derived from them. The input of a Nexus operation goes from a
/// workflow to code that does not know it, often in another namespace: it has no workflow id, and the namespace of each
/// end, but keys for it may be derived from the names of the operation. What comes back is told as any other payload of
/// the message.
///
/// A `payload_codec` is told the same on both ends: namespace and workflow id of a workflow's own values, all but
/// `run_id` of what an activity takes and gives, and only the names of a Nexus operation of what that takes and gives
/// at once. The result of one that goes on is encoded as that of the workflow, update or activity.
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
  /// Of the input of a Nexus operation; for a payload_codec of its result too. The endpoint is empty at a handler whose
  /// server does not tell it.
  std::string nexus_endpoint{}, nexus_service{}, nexus_operation{};

  friend bool operator==(const serialization_context&, const serialization_context&) = default;
};

}  // namespace rondo
