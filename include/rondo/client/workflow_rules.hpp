#pragma once
#include <temporal/api/rules/v1/message.pb.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/client.hpp"
#include "rondo/client/description.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/requesting.hpp"

namespace rondo {

/// A rule of a namespace: activities that are about to start and that the predicate fits are paused.
struct workflow_rule_spec {
  std::string id{};
  /// "ActivityType = 'charge' AND ActivityAttempt > 3"
  std::string predicate{};
  /// Workflows that it is for; empty: all.
  std::string query{};
  /// Unset: it stays.
  std::optional<server_time> expiration_time{};
};

struct workflow_rule : workflow_rule_spec {
  std::string description{}, created_by{};
  std::optional<server_time> created_time{};
};

struct create_rule_options {
  std::string_view description{};
  /// Looks at the workflows that run, too; a batch job does that.
  bool scan_running = false;
};

namespace detail::calls {

inline void write_rule(const call_subject& subject, const workflow_rule_spec& from,
                       temporal::api::rules::v1::WorkflowRuleSpec& to) {
  if (from.id.empty()) refuse(subject, "the id of the rule is missing");
  if (from.predicate.empty()) refuse(subject, "the predicate of the rule is missing");
  to.set_id(from.id);
  to.mutable_activity_start()->set_predicate(from.predicate);
  to.set_visibility_query(from.query);
  to.add_actions()->mutable_activity_pause();
  if (from.expiration_time) write_time(*from.expiration_time, *to.mutable_expiration_time());
}

inline workflow_rule rule_of(const temporal::api::rules::v1::WorkflowRule& from) {
  workflow_rule to;
  to.id = from.spec().id();
  to.predicate = from.spec().activity_start().predicate();
  to.query = from.spec().visibility_query();
  to.expiration_time = time_if(from.spec().has_expiration_time(), from.spec().expiration_time());
  to.description = from.description();
  to.created_by = from.created_by_identity();
  to.created_time = time_if(from.has_create_time(), from.create_time());
  return to;
}

}  // namespace detail::calls

/// Rules of the client's namespace. Needs a server that allows them. The client must live while it is used.
class workflow_rule_client {
 public:
  explicit workflow_rule_client(const client& through) : session_(through.session()) {}

  /// Gives the id of the batch job that looks at running workflows; empty: there is none.
  call<std::string> create(const workflow_rule_spec& rule, const create_rule_options& options = {}) const {
    auto what = to_call(detail::calls::new_request<detail::calls::service::CreateWorkflowRuleRequest>(*session_),
                        "create", rule.id);
    detail::calls::write_rule(what.subject, rule, *what.request.mutable_spec());
    what.request.set_description(std::string(options.description));
    what.request.set_force_scan(options.scan_running);
    return detail::calls::make_reading_call(session_, std::move(what),
                                            [](const auto& response) { return response.job_id(); });
  }
  call<workflow_rule> describe(std::string_view id) const {
    auto request = detail::calls::new_request<detail::calls::service::DescribeWorkflowRuleRequest>(*session_);
    request.set_rule_id(std::string(id));
    return detail::calls::make_reading_call(
        session_, to_call(std::move(request), "describe", id),
        [](const auto& response) { return detail::calls::rule_of(response.rule()); });
  }
  call<void> remove(std::string_view id) const {
    auto request = detail::calls::new_request<detail::calls::service::DeleteWorkflowRuleRequest>(*session_);
    request.set_rule_id(std::string(id));
    return detail::calls::make_telling_call(session_, to_call(std::move(request), "delete", id));
  }
  paged_list<workflow_rule> list(const list_options& options = {}) const {
    return detail::calls::list_with<workflow_rule>(
        session_, detail::calls::new_request<detail::calls::service::ListWorkflowRulesRequest>(*session_),
        "list workflow rules", options, [](const auto& response) {
          std::vector<workflow_rule> found;
          for (const auto& each : response.rules()) found.push_back(detail::calls::rule_of(each));
          return found;
        });
  }
  /// Looks at one workflow now. True: the rule did something.
  call<bool> trigger(std::string_view id, const workflow_execution& on) const {
    auto request = detail::calls::new_request<detail::calls::service::TriggerWorkflowRuleRequest>(*session_);
    request.set_id(std::string(id));
    request.mutable_execution()->set_workflow_id(on.workflow_id);
    request.mutable_execution()->set_run_id(on.run_id);
    return detail::calls::make_reading_call(session_, to_call(std::move(request), "trigger", id),
                                            [](const auto& response) { return bool{response.applied()}; });
  }

 private:
  template <class Request>
  detail::calls::service_call<Request> to_call(Request request, std::string_view action, std::string_view id) const {
    return detail::calls::call_with(*session_, std::move(request),
                                    std::string(action) + " workflow rule '" + std::string(id) + "'");
  }

  detail::calls::session_ptr session_;
};

}  // namespace rondo
