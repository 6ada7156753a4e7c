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
#include "rondo/server/run.hpp"

namespace rondo::server {

namespace service = temporal::api::workflowservice::v1;

/// A workflow task completion says something that cannot be done: the task fails with the cause.
class bad_completion : public std::exception {
 public:
  bad_completion(enums::WorkflowTaskFailedCause cause, std::string text) : cause_(cause), text_(std::move(text)) {}
  enums::WorkflowTaskFailedCause cause() const noexcept { return cause_; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  enums::WorkflowTaskFailedCause cause_;
  std::string text_;
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
  std::map<std::string, const temporal::api::protocol::v1::Message*> messages;
  /// What has been seen while checking: ids that must be unique and numbers that have limits.
  std::map<std::string, int> seen;
  /// A close command was applied.
  bool closed = false;
  /// Activities to be given back in the response, by scheduled event id.
  std::vector<std::int64_t> eager_activities;
};

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
