#pragma once
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/enums/v1/event_type.pb.h>

#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

// Links between the request of a Nexus caller and what its handler does with a client.
namespace rondo::detail::calls {

using execution_link = temporal::api::common::v1::Link;

/// What the calls of a client share with the request that they are made for: its links go along with them, and those
/// of the answers come back for its own answer. Any thread.
class link_exchange {
 public:
  explicit link_exchange(std::vector<execution_link> of_request) : of_request_(std::move(of_request)) {}

  const std::vector<execution_link>& of_request() const noexcept { return of_request_; }
  /// One that is there already is not kept again: handlers may ask the same workflow many times.
  void keep(const execution_link& from_answer) {
    const std::scoped_lock lock(mutex_);
    if (known_.insert(from_answer.SerializeAsString()).second) of_answers_.push_back(from_answer);
  }
  std::vector<execution_link> of_answers() const {
    const std::scoped_lock lock(mutex_);
    return of_answers_;
  }

 private:
  const std::vector<execution_link> of_request_;
  mutable std::mutex mutex_;
  std::set<std::string> known_;
  std::vector<execution_link> of_answers_;
};

/// The link to a workflow that was started, for servers that give none: its first event.
inline execution_link link_to_start(const std::string& namespace_name, const std::string& workflow_id,
                                    const std::string& run_id) {
  execution_link made;
  auto& first = *made.mutable_workflow_event();
  first.set_namespace_(namespace_name);
  first.set_workflow_id(workflow_id);
  first.set_run_id(run_id);
  first.mutable_event_ref()->set_event_id(1);
  first.mutable_event_ref()->set_event_type(temporal::api::enums::v1::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED);
  return made;
}
/// The same for an activity.
inline execution_link link_to_activity(const std::string& namespace_name, const std::string& activity_id,
                                       const std::string& run_id) {
  execution_link made;
  made.mutable_activity()->set_namespace_(namespace_name);
  made.mutable_activity()->set_activity_id(activity_id);
  made.mutable_activity()->set_run_id(run_id);
  return made;
}

}  // namespace rondo::detail::calls
