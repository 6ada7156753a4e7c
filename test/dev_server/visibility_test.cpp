#include <gtest/gtest.h>
#include <temporal/api/operatorservice/v1/request_response.pb.h>

#include <set>
#include <string>
#include <vector>

#include "dev_server/scripted_worker.hpp"

namespace rondo::test {
namespace visibility_test {

namespace operator_service = temporal::api::operatorservice::v1;
using list_request = service::ListWorkflowExecutionsRequest;
using list_response = service::ListWorkflowExecutionsResponse;
using count_request = service::CountWorkflowExecutionsRequest;
using count_response = service::CountWorkflowExecutionsResponse;
using server::second;

struct visibility : ::testing::Test {
  scripted_worker at;

  static list_request listing(const std::string& query = {}, int page = 0, const std::string& token = {}) {
    list_request request;
    request.set_namespace_("default");
    request.set_query(query);
    request.set_page_size(page);
    request.set_next_page_token(token);
    return request;
  }
  list_response list(const std::string& query = {}, int page = 0, const std::string& token = {}) {
    return at.ask<list_response>(listing(query, page, token));
  }
  static std::string ids(const list_response& of) {
    std::string names;
    for (const auto& each : of.executions()) names += (names.empty() ? "" : " ") + each.execution().workflow_id();
    return names;
  }
  count_response count(const std::string& query = {}) {
    count_request request;
    request.set_namespace_("default");
    request.set_query(query);
    return at.ask<count_response>(request);
  }
  /// Starts it and completes it by its first task.
  void finish(const std::string& id) {
    at.start(id);
    at.complete(at.poll(), {complete_command()});
  }
};

TEST_F(visibility, shows_open_runs_first_and_the_last_ones_first) {
  finish("first");
  at.pass(second);
  finish("second");
  at.pass(second);
  at.start("third");
  at.pass(second);
  at.start("fourth");
  EXPECT_EQ(ids(list()), "fourth third second first");
  EXPECT_EQ(ids(list("ExecutionStatus='Completed'")), "second first");
  EXPECT_EQ(ids(list("ExecutionStatus='Running'")), "fourth third");
  EXPECT_EQ(ids(list("WorkflowId='nobody'")), "");
}

TEST_F(visibility, shows_at_once_what_happened) {
  at.start("w");
  EXPECT_EQ(ids(list("ExecutionStatus='Running'")), "w");
  at.complete(at.poll(), {complete_command()});
  EXPECT_EQ(ids(list("ExecutionStatus='Running'")), "");
  EXPECT_EQ(ids(list("ExecutionStatus='Completed'")), "w");
}

TEST_F(visibility, shows_what_a_run_is) {
  const auto run_id = at.start("w", [](service::StartWorkflowExecutionRequest& request) {
    (*request.mutable_memo()->mutable_fields())["m"].set_data("1");
  });
  auto row = list().executions(0);
  EXPECT_EQ(row.execution().run_id(), run_id);
  EXPECT_EQ(row.type().name(), "type");
  EXPECT_EQ(row.status(), enums::WORKFLOW_EXECUTION_STATUS_RUNNING);
  EXPECT_EQ(row.start_time().seconds(), 1'577'836'800);
  EXPECT_EQ(row.execution_time().seconds(), 1'577'836'800);
  EXPECT_FALSE(row.has_close_time());
  EXPECT_EQ(row.memo().fields().at("m").data(), "1");
  EXPECT_FALSE(row.has_search_attributes());
  EXPECT_EQ(row.task_queue(), "queue");
  EXPECT_EQ(row.root_execution().run_id(), run_id);
  EXPECT_EQ(row.history_length(), 0);
  at.pass(second);
  at.complete(at.poll(), {complete_command()});
  row = list().executions(0);
  EXPECT_EQ(row.close_time().seconds(), 1'577'836'801);
  EXPECT_EQ(row.execution_duration().seconds(), 1);
  EXPECT_EQ(row.history_length(), 5);
  EXPECT_GT(row.history_size_bytes(), 0);
  EXPECT_EQ(row.state_transition_count(), 3);
}

TEST_F(visibility, pages_through_open_and_closed_runs) {
  // Half of them at the same time.
  std::set<std::string> all;
  for (int i = 0; i < 20; ++i) {
    const std::string id = "w" + std::to_string(i);
    all.insert(id);
    if (i % 3 == 0) {
      at.start(id,
               [](service::StartWorkflowExecutionRequest& request) { request.mutable_task_queue()->set_name("x"); });
    } else {
      finish(id);
    }
    if (i % 2 == 0) at.pass(second);
  }
  for (const int page : {1, 2, 3, 7, 19, 20, 100}) {
    std::vector<std::string> seen;
    std::string token;
    do {
      const auto shown = list({}, page, token);
      EXPECT_LE(shown.executions_size(), page);
      for (const auto& each : shown.executions()) seen.push_back(each.execution().workflow_id());
      token = shown.next_page_token();
    } while (!token.empty());
    EXPECT_EQ(seen.size(), 20U) << page;
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()), all) << page;
  }
}

TEST_F(visibility, goes_on_where_it_was_when_runs_come_and_go) {
  for (const std::string id : {"a", "b", "c", "d"}) {
    at.start(id);
    at.pass(second);
  }
  const auto first = list({}, 2);
  EXPECT_EQ(ids(first), "d c");
  at.start("e");
  at.complete(at.poll(), {complete_command()});  // a
  EXPECT_EQ(ids(list({}, 2, first.next_page_token())), "b a");
}

TEST_F(visibility, caps_the_page) {
  at.state->limit().visibility_page = 2;
  for (const std::string id : {"a", "b", "c"}) at.start(id);
  EXPECT_EQ(list({}, 100).executions_size(), 2);
  EXPECT_EQ(list({}, -1).executions_size(), 2);
}

TEST_F(visibility, counts) {
  finish("a");
  finish("b");
  at.start("c");
  EXPECT_EQ(count().count(), 3);
  EXPECT_EQ(count().groups_size(), 0);
  EXPECT_EQ(count("ExecutionStatus='Completed'").count(), 2);
  const auto grouped = count("GROUP BY ExecutionStatus");
  EXPECT_EQ(grouped.count(), 3);
  ASSERT_EQ(grouped.groups_size(), 2);
  EXPECT_EQ(grouped.groups(0).group_values(0).data(), "\"Running\"");
  EXPECT_EQ(grouped.groups(0).group_values(0).metadata().at("type"), "Keyword");
  EXPECT_EQ(grouped.groups(0).count(), 1);
  EXPECT_EQ(grouped.groups(1).group_values(0).data(), "\"Completed\"");
  EXPECT_EQ(grouped.groups(1).count(), 2);
  EXPECT_EQ(count("WorkflowId='nobody' GROUP BY ExecutionStatus").groups_size(), 0);
}

TEST_F(visibility, names_status_groups_of_several_words) {
  at.start("w", [](service::StartWorkflowExecutionRequest& request) {
    request.mutable_workflow_run_timeout()->set_seconds(5);
  });
  at.pass(10 * second);
  EXPECT_EQ(count("GROUP BY ExecutionStatus").groups(0).group_values(0).data(), "\"TimedOut\"");
}

TEST_F(visibility, finds_by_search_attributes) {
  operator_service::AddSearchAttributesRequest add;
  add.set_namespace_("default");
  (*add.mutable_search_attributes())["Colour"] = enums::INDEXED_VALUE_TYPE_KEYWORD;
  at.ask<operator_service::AddSearchAttributesResponse>(add);
  at.start("w", [](service::StartWorkflowExecutionRequest& request) {
    auto& payload = (*request.mutable_search_attributes()->mutable_indexed_fields())["Colour"];
    (*payload.mutable_metadata())["encoding"] = "json/plain";
    payload.set_data("\"red\"");
  });
  EXPECT_EQ(ids(list("Colour='red'")), "w");
  EXPECT_EQ(ids(list("Colour='blue'")), "");
  EXPECT_EQ(list().executions(0).search_attributes().indexed_fields().at("Colour").metadata().at("type"), "Keyword");
  auto upsert = make_command(enums::COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES);
  auto& fields = *upsert.mutable_upsert_workflow_search_attributes_command_attributes()
                      ->mutable_search_attributes()
                      ->mutable_indexed_fields();
  (*fields["Colour"].mutable_metadata())["encoding"] = "json/plain";
  fields["Colour"].set_data("\"blue\"");
  at.complete(at.poll(), {upsert});
  EXPECT_EQ(ids(list("Colour='blue'")), "w");
}

TEST_F(visibility, refuses_in_the_words_of_the_field) {
  const auto text = [this](const list_request& request) {
    const auto status = at.refused<list_response>(request);
    return std::string(to_string(status.code)) + " " + status.message;
  };
  EXPECT_EQ(text(listing("GROUP BY ExecutionStatus")),
            "INVALID_ARGUMENT invalid query: operation is not supported: 'group by' clause");
  EXPECT_EQ(text(listing("Nope=1")),
            "INVALID_ARGUMENT invalid query: invalid expression: column name 'Nope' is not a valid search attribute");
  for (const std::string token : {"junk", "1 2", "1 x y", "1", "99999999999999999999 1 x"}) {
    EXPECT_EQ(text(listing({}, 0, token)), "INVALID_ARGUMENT Invalid NextPageToken.") << token;
  }
  auto request = listing();
  request.clear_namespace_();
  EXPECT_EQ(text(request), "INVALID_ARGUMENT Namespace is empty.");
  request.set_namespace_("nope");
  EXPECT_EQ(text(request), "NOT_FOUND Namespace nope is not found.");
}

}  // namespace visibility_test
}  // namespace rondo::test
