#pragma once

#include <temporal/api/command/v1/message.pb.h>
#include <temporal/api/failure/v1/message.pb.h>
#include <temporal/api/protocol/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "rondo/server/config.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/run.hpp"

namespace rondo::server {

namespace service = temporal::api::workflowservice::v1;

/// A workflow task completion says something that cannot be done: the task fails with the cause. The worker hears the
/// cause in words, a colon, and the text.
class bad_completion : public std::exception {
 public:
  /// `terminates`: the run ends with it (too large payloads and the like).
  bad_completion(enums::WorkflowTaskFailedCause cause, std::string text, bool terminates = false)
      : cause_(cause), text_(std::move(text)), terminates_(terminates) {}
  enums::WorkflowTaskFailedCause cause() const noexcept { return cause_; }
  bool terminates() const noexcept { return terminates_; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  enums::WorkflowTaskFailedCause cause_;
  std::string text_;
  bool terminates_;
};

/// A workflow task completion while its commands become events. Commands are checked all together before the first one
/// changes anything: check_... functions throw bad_completion, apply_... functions do not fail.
struct completion {
  run& of;
  service::RespondWorkflowTaskCompletedRequest& request;
  service::RespondWorkflowTaskCompletedResponse& response;
  /// Of the WorkflowTaskCompleted event, which the events of the commands point to.
  std::int64_t completed_event_id = 0;
  /// Messages of the request by id; those that are done with are removed.
  std::map<std::string, const temporal::api::protocol::v1::Message*> messages{};
  /// What has been seen while checking: ids that must be unique and numbers that have limits.
  std::map<std::string, int> seen{};
  /// A close command was applied.
  bool closed = false;
  /// Activities to be given back in the response, by scheduled event id.
  std::vector<std::int64_t> eager_activities{};
};

/// In completion::seen: how many events that were kept back the commands take out again.
inline constexpr const char* dropped_events = "dropped events";

/// The event of a command, with what every event takes over from its command; its attributes are still to be set.
history_event command_event(const run& of, enums::EventType type, const temporal::api::command::v1::Command& command);

/// What a check throws as a refusal, thrown as a fault of the completion, which ends the run if it `terminates`.
template <class Function>
void refuse_as(enums::WorkflowTaskFailedCause cause, const std::string& before, Function&& check,
               bool terminates = false) {
  try {
    check();
  } catch (const refusal& refused) {
    throw bad_completion(cause, before + refused.what(), terminates);
  }
}

// One pair for every kind of command; where they live is where the thing lives.
// activities.hpp
void check_schedule_activity(completion& by, const temporal::api::command::v1::Command& command);
void apply_schedule_activity(completion& by, const temporal::api::command::v1::Command& command);
void check_cancel_activity(completion& by, const temporal::api::command::v1::Command& command);
void apply_cancel_activity(completion& by, const temporal::api::command::v1::Command& command);
// timers.hpp
void check_start_timer(completion& by, const temporal::api::command::v1::Command& command);
void apply_start_timer(completion& by, const temporal::api::command::v1::Command& command);
void check_cancel_timer(completion& by, const temporal::api::command::v1::Command& command);
void apply_cancel_timer(completion& by, const temporal::api::command::v1::Command& command);
// children.hpp
void check_start_child(completion& by, const temporal::api::command::v1::Command& command);
void apply_start_child(completion& by, const temporal::api::command::v1::Command& command);
void check_signal_external(completion& by, const temporal::api::command::v1::Command& command);
void apply_signal_external(completion& by, const temporal::api::command::v1::Command& command);
void check_cancel_external(completion& by, const temporal::api::command::v1::Command& command);
void apply_cancel_external(completion& by, const temporal::api::command::v1::Command& command);
// updates.hpp
void check_protocol_message(completion& by, const temporal::api::command::v1::Command& command);
void apply_protocol_message(completion& by, const temporal::api::command::v1::Command& command);
// closing.hpp
void check_close(completion& by, const temporal::api::command::v1::Command& command);
void apply_close(completion& by, const temporal::api::command::v1::Command& command);
// commands.hpp: markers, upserts
void check_note(completion& by, const temporal::api::command::v1::Command& command);
void apply_note(completion& by, const temporal::api::command::v1::Command& command);

}  // namespace rondo::server
