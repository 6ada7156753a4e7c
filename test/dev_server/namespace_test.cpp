#include <gtest/gtest.h>
#include <temporal/api/errordetails/v1/message.pb.h>
#include <temporal/api/operatorservice/v1/request_response.pb.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "dev_server/durable_worker.hpp"
#include "dev_server/scripted_worker.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/search_attributes.hpp"

namespace rondo::test {
namespace namespace_test {

namespace operator_service = temporal::api::operatorservice::v1;
namespace errordetails = temporal::api::errordetails::v1;
using server::day;
using server::hour;

std::string text(const rpc_status& status) { return std::string(to_string(status.code)) + " " + status.message; }

struct namespaces : ::testing::Test {
  scripted_worker at;

  static service::RegisterNamespaceRequest registration(const std::string& name, std::int64_t retention = 86'400) {
    service::RegisterNamespaceRequest request;
    request.set_namespace_(name);
    request.mutable_workflow_execution_retention_period()->set_seconds(retention);
    return request;
  }
  void make(const std::string& name) { at.ask<service::RegisterNamespaceResponse>(registration(name)); }
  std::string refused(const service::RegisterNamespaceRequest& request) {
    return text(at.refused<service::RegisterNamespaceResponse>(request));
  }
  service::DescribeNamespaceResponse describe(const std::string& name) {
    service::DescribeNamespaceRequest request;
    request.set_namespace_(name);
    return at.ask<service::DescribeNamespaceResponse>(request);
  }
  std::string describe_refused(const std::string& name, const std::string& id = {}) {
    service::DescribeNamespaceRequest request;
    request.set_namespace_(name);
    request.set_id(id);
    return text(at.refused<service::DescribeNamespaceResponse>(request));
  }
  static service::UpdateNamespaceRequest update(const std::string& name) {
    service::UpdateNamespaceRequest request;
    request.set_namespace_(name);
    return request;
  }
};

TEST_F(namespaces, are_described) {
  const auto found = describe("default");
  const auto& info = found.namespace_info();
  EXPECT_EQ(info.name(), "default");
  EXPECT_EQ(info.id().size(), 36U);
  EXPECT_EQ(info.state(), enums::NAMESPACE_STATE_REGISTERED);
  EXPECT_TRUE(info.capabilities().eager_workflow_start());
  EXPECT_TRUE(info.capabilities().sync_update());
  EXPECT_TRUE(info.capabilities().async_update());
  EXPECT_TRUE(info.capabilities().worker_poll_complete_on_shutdown());
  EXPECT_FALSE(info.supports_schedules());
  EXPECT_EQ(info.limits().blob_size_limit_error(), 2 << 20);
  EXPECT_EQ(info.limits().memo_size_limit_error(), 2 << 20);
  EXPECT_EQ(found.config().workflow_execution_retention_ttl().seconds(), 86'400);
  EXPECT_TRUE(found.config().has_bad_binaries());
  EXPECT_EQ(found.config().history_archival_state(), enums::ARCHIVAL_STATE_DISABLED);
  EXPECT_EQ(found.config().visibility_archival_state(), enums::ARCHIVAL_STATE_DISABLED);
  EXPECT_EQ(found.replication_config().active_cluster_name(), "active");
  ASSERT_EQ(found.replication_config().clusters_size(), 1);
  EXPECT_EQ(found.replication_config().clusters(0).cluster_name(), "active");
  EXPECT_FALSE(found.is_global_namespace());

  service::DescribeNamespaceRequest by_id;
  by_id.set_id(info.id());
  EXPECT_EQ(at.ask<service::DescribeNamespaceResponse>(by_id).namespace_info().name(), "default");
  EXPECT_EQ(describe_refused(""), "INVALID_ARGUMENT Namespace not set on request.");
  EXPECT_EQ(describe_refused("nope"), "NOT_FOUND Namespace nope is not found.");
  EXPECT_EQ(describe_refused("", "zz"), "NOT_FOUND Namespace zz is not found.");
  EXPECT_EQ(describe_refused("default", info.id()),
            "INVALID_ARGUMENT Only one of namespace name or Id should be set on request.");
}

TEST_F(namespaces, are_registered) {
  auto request = registration("shop");
  request.set_description("a shop");
  request.set_owner_email("owner");
  (*request.mutable_data())["a"] = "b";
  at.ask<service::RegisterNamespaceResponse>(request);
  const auto found = describe("shop");
  EXPECT_EQ(found.namespace_info().description(), "a shop");
  EXPECT_EQ(found.namespace_info().owner_email(), "owner");
  EXPECT_EQ(found.namespace_info().data().at("a"), "b");
  EXPECT_EQ(found.replication_config().state(), enums::REPLICATION_STATE_NORMAL);
  at.start("w", [](service::StartWorkflowExecutionRequest& start) { start.set_namespace_("shop"); });
}

TEST_F(namespaces, are_not_registered_with_bad_requests) {
  EXPECT_EQ(refused(registration("default")), "ALREADY_EXISTS Namespace \"default\" already exists");
  EXPECT_EQ(refused(registration("temporal-system")), "ALREADY_EXISTS Namespace \"temporal-system\" already exists");
  const auto status = at.refused<service::RegisterNamespaceResponse>(registration("default"));
  EXPECT_NE(status.details.find("NamespaceAlreadyExistsFailure"), std::string::npos);
  EXPECT_EQ(refused(registration("")), "INVALID_ARGUMENT Namespace not set on request.");
  EXPECT_EQ(refused(registration(std::string(1001, 'x'))), "INVALID_ARGUMENT Namespace length exceeds limit.");
  for (const std::int64_t seconds : {0, -86'400, 3599}) {
    EXPECT_EQ(refused(registration("x", seconds)), "INVALID_ARGUMENT A valid retention period is not set on request.");
  }
  auto mixed = registration("x");
  mixed.mutable_workflow_execution_retention_period()->set_nanos(-1);
  EXPECT_EQ(refused(mixed), "INVALID_ARGUMENT A valid retention period is not set on request.");
  auto global = registration("x");
  global.set_is_global_namespace(true);
  EXPECT_EQ(refused(global), "INVALID_ARGUMENT Cannot register global namespace when not enabled");
  auto elsewhere = registration("x");
  elsewhere.set_active_cluster_name("zz");
  EXPECT_EQ(refused(elsewhere), "INVALID_ARGUMENT Invalid cluster name: zz");
  auto twice = registration("x");
  twice.add_clusters()->set_cluster_name("active");
  twice.add_clusters()->set_cluster_name("active");
  EXPECT_EQ(refused(twice), "INVALID_ARGUMENT Invalid local namespace clusters");
  EXPECT_EQ(describe_refused("x"), "NOT_FOUND Namespace x is not found.");
}

TEST_F(namespaces, are_listed_by_pages) {
  for (const std::string name : {"b", "a", "c"}) make(name);
  service::ListNamespacesRequest request;
  const auto all = at.ask<service::ListNamespacesResponse>(request);
  EXPECT_EQ(all.namespaces_size(), 4);
  EXPECT_TRUE(all.next_page_token().empty());
  request.set_page_size(3);
  const auto page = at.ask<service::ListNamespacesResponse>(request);
  ASSERT_EQ(page.namespaces_size(), 3);
  EXPECT_EQ(page.namespaces(0).namespace_info().name(), "a");
  request.set_next_page_token(page.next_page_token());
  const auto rest = at.ask<service::ListNamespacesResponse>(request);
  ASSERT_EQ(rest.namespaces_size(), 1);
  EXPECT_EQ(rest.namespaces(0).namespace_info().name(), "default");
  EXPECT_TRUE(rest.next_page_token().empty());
}

TEST_F(namespaces, are_updated) {
  auto request = update("default");
  request.mutable_update_info()->set_description("new");
  (*request.mutable_update_info()->mutable_data())["x"] = "y";
  request.mutable_config()->mutable_workflow_execution_retention_ttl()->set_seconds(7200);
  (*request.mutable_config()->mutable_bad_binaries()->mutable_binaries())["sum"].set_reason("bad");
  const auto updated = at.ask<service::UpdateNamespaceResponse>(request);
  EXPECT_EQ(updated.namespace_info().description(), "new");
  EXPECT_EQ(updated.config().workflow_execution_retention_ttl().seconds(), 7200);
  EXPECT_EQ(updated.config().bad_binaries().binaries().at("sum").create_time().seconds(), 1'577'836'800);
  auto more = update("default");
  (*more.mutable_update_info()->mutable_data())["z"] = "w";
  more.set_delete_bad_binary("sum");
  const auto merged = at.ask<service::UpdateNamespaceResponse>(more);
  EXPECT_EQ(merged.namespace_info().data_size(), 2);
  EXPECT_EQ(merged.config().bad_binaries().binaries_size(), 0);
  EXPECT_EQ(describe("default").namespace_info().description(), "new");
}

TEST_F(namespaces, are_not_updated_with_bad_requests) {
  const auto check = [this](const std::function<void(service::UpdateNamespaceRequest&)>& with) {
    auto request = update("default");
    with(request);
    return text(at.refused<service::UpdateNamespaceResponse>(request));
  };
  using request_type = service::UpdateNamespaceRequest;
  EXPECT_EQ(check([](request_type& r) { r.set_namespace_("nope"); }), "NOT_FOUND Namespace nope is not found.");
  EXPECT_EQ(check([](request_type& r) { r.clear_namespace_(); }), "INVALID_ARGUMENT Namespace not set on request.");
  EXPECT_EQ(check([](request_type& r) {
              r.mutable_update_info()->set_description("half");
              r.mutable_config()->mutable_workflow_execution_retention_ttl()->set_seconds(5);
            }),
            "INVALID_ARGUMENT A valid retention period is not set on request.");
  EXPECT_EQ(describe("default").namespace_info().description(), "");
  EXPECT_EQ(check([](request_type& r) { r.set_delete_bad_binary("q"); }),
            "INVALID_ARGUMENT Bad binary checksum q doesn't exists.");
  EXPECT_EQ(check([](request_type& r) { r.set_promote_namespace(true); }),
            "INVALID_ARGUMENT global namespace is not enabled on this cluster, cannot update global namespace or "
            "promote local namespace: default");
  EXPECT_EQ(check([](request_type& r) { r.mutable_replication_config()->set_active_cluster_name("zz"); }),
            "INVALID_ARGUMENT Invalid cluster name: zz");
  EXPECT_EQ(check([](request_type& r) {
              auto& binaries = *r.mutable_config()->mutable_bad_binaries()->mutable_binaries();
              for (int i = 0; i < 11; ++i) binaries[std::to_string(i)];
            }),
            "INVALID_ARGUMENT Total resetBinaries cannot exceed the max limit: 10");
  EXPECT_EQ(check([](request_type& r) { r.mutable_update_info()->set_state(enums::NAMESPACE_STATE_DEPRECATED); }),
            "OK ");
  EXPECT_EQ(check([](request_type& r) { r.mutable_update_info()->set_state(enums::NAMESPACE_STATE_REGISTERED); }),
            "INVALID_ARGUMENT Invalid namespace state update.");
}

TEST_F(namespaces, are_deprecated) {
  service::DeprecateNamespaceRequest request;
  request.set_namespace_("default");
  at.ask<service::DeprecateNamespaceResponse>(request);
  EXPECT_EQ(describe("default").namespace_info().state(), enums::NAMESPACE_STATE_DEPRECATED);
}

TEST_F(namespaces, are_deleted_with_their_runs) {
  make("shop");
  const auto id = describe("shop").namespace_info().id();
  const auto run_id = at.start("w", [](service::StartWorkflowExecutionRequest& r) { r.set_namespace_("shop"); });
  service::GetWorkflowExecutionHistoryRequest wait;
  wait.set_namespace_("shop");
  wait.mutable_execution()->set_workflow_id("w");
  wait.set_wait_new_event(true);
  wait.set_history_event_filter_type(enums::HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT);
  const auto waiting = at.begin<service::GetWorkflowExecutionHistoryResponse>(wait);
  EXPECT_FALSE(waiting.done());

  operator_service::DeleteNamespaceRequest request;
  request.set_namespace_("shop");
  const auto response = at.ask<operator_service::DeleteNamespaceResponse>(request);
  EXPECT_EQ(response.deleted_namespace(), "shop-deleted-" + id.substr(0, 5));
  ASSERT_TRUE(waiting.done());
  EXPECT_EQ(text(waiting.status()),
            "NOT_FOUND workflow execution not found for workflow ID \"w\" and run ID \"" + run_id + "\"");
  EXPECT_EQ(describe_refused("shop"), "NOT_FOUND Namespace shop is not found.");
  EXPECT_EQ(describe_refused("", id), "NOT_FOUND Namespace " + id + " is not found.");
  make("shop");
  service::ListWorkflowExecutionsRequest list;
  list.set_namespace_("shop");
  EXPECT_EQ(at.ask<service::ListWorkflowExecutionsResponse>(list).executions_size(), 0);
}

TEST_F(namespaces, are_not_deleted_by_bad_requests) {
  const auto check = [this](const std::string& name, const std::string& id) {
    operator_service::DeleteNamespaceRequest request;
    request.set_namespace_(name);
    request.set_namespace_id(id);
    return text(at.refused<operator_service::DeleteNamespaceResponse>(request));
  };
  EXPECT_EQ(check("", ""), "INVALID_ARGUMENT Namespace not set on request.");
  EXPECT_EQ(check("default", "x"), "INVALID_ARGUMENT Only one of namespace name or Id should be set on request.");
  EXPECT_EQ(check("nope", ""), "NOT_FOUND Namespace nope is not found.");
  EXPECT_EQ(check("", "zz"), "NOT_FOUND Namespace zz is not found.");
}

TEST_F(namespaces, forget_closed_runs_after_the_retention) {
  at.start("closed");
  at.complete(at.poll(), {complete_command()});
  at.start("open");
  const auto count = [this] {
    service::CountWorkflowExecutionsRequest request;
    request.set_namespace_("default");
    return at.ask<service::CountWorkflowExecutionsResponse>(request).count();
  };
  at.pass(day - hour);
  EXPECT_EQ(count(), 2);
  at.pass(3 * hour);
  EXPECT_EQ(count(), 1);
  service::DescribeWorkflowExecutionRequest describe;
  describe.set_namespace_("default");
  describe.mutable_execution()->set_workflow_id("closed");
  EXPECT_EQ(text(at.refused<service::DescribeWorkflowExecutionResponse>(describe)),
            "NOT_FOUND workflow not found for ID: closed");
}

TEST_F(namespaces, forget_sooner_when_the_retention_shrinks) {
  at.start("w");
  at.complete(at.poll(), {complete_command()});
  at.pass(day / 2);
  auto request = update("default");
  request.mutable_config()->mutable_workflow_execution_retention_ttl()->set_seconds(3600);
  at.ask<service::UpdateNamespaceResponse>(request);
  at.pass(hour / 4);
  service::CountWorkflowExecutionsRequest count;
  count.set_namespace_("default");
  EXPECT_EQ(at.ask<service::CountWorkflowExecutionsResponse>(count).count(), 0);
}

TEST(namespace_storage, survives_a_restart) {
  const scratch dir;
  auto settings = durable_options(dir);
  settings.search_attributes = {{"Colour", "Keyword"}};
  std::string id;
  std::string cluster;
  {
    scripted_worker at(settings);
    service::RegisterNamespaceRequest request;
    request.set_namespace_("shop");
    request.mutable_workflow_execution_retention_period()->set_seconds(7200);
    at.wait_for<service::RegisterNamespaceResponse>(request);
    id = at.state->namespaces().get("shop").id();
    cluster = at.state->namespaces().cluster_id();
  }
  settings.seed = 2;
  settings.namespaces.push_back("other");
  scripted_worker again(settings);
  EXPECT_EQ(again.state->namespaces().get("shop").id(), id);
  EXPECT_EQ(again.state->namespaces().cluster_id(), cluster);
  for (const std::string name : {"default", "other"}) {
    EXPECT_EQ(server::namespaces::attribute_type(again.state->namespaces().get(name), "Colour"),
              enums::INDEXED_VALUE_TYPE_KEYWORD);
  }
}

TEST(namespace_options, must_make_sense) {
  auto settings = server_harness::defaults();
  settings.search_attributes = {{"Colour", "Paint"}};
  EXPECT_THROW(scripted_worker at(settings), std::invalid_argument);
  settings.search_attributes = {{"TemporalColour", "Keyword"}};
  EXPECT_THROW(scripted_worker at(settings), std::invalid_argument);
  settings.search_attributes = {{"A", "Int"}, {"B", "Int"}, {"C", "Int"}, {"D", "Int"}};
  EXPECT_THROW(scripted_worker at(settings), std::invalid_argument);
}

struct search_attributes : ::testing::Test {
  scripted_worker at;

  static operator_service::AddSearchAttributesRequest addition(
      const std::vector<std::pair<std::string, int>>& attributes, const std::string& space = "default") {
    operator_service::AddSearchAttributesRequest request;
    request.set_namespace_(space);
    for (const auto& [name, type] : attributes) {
      (*request.mutable_search_attributes())[name] = static_cast<enums::IndexedValueType>(type);
    }
    return request;
  }
  std::string add(const std::vector<std::pair<std::string, int>>& attributes, const std::string& space = "default") {
    return text(at.begin<operator_service::AddSearchAttributesResponse>(addition(attributes, space)).status());
  }
  std::string remove(const std::string& name, const std::string& space = "default") {
    operator_service::RemoveSearchAttributesRequest request;
    request.set_namespace_(space);
    if (!name.empty()) request.add_search_attributes(name);
    return text(at.begin<operator_service::RemoveSearchAttributesResponse>(request).status());
  }
  operator_service::ListSearchAttributesResponse list() {
    operator_service::ListSearchAttributesRequest request;
    request.set_namespace_("default");
    return at.ask<operator_service::ListSearchAttributesResponse>(request);
  }
  /// What a start with the attribute comes to.
  std::string start(const std::string& name, const std::string& data, const std::string& encoding = "json/plain") {
    service::StartWorkflowExecutionRequest request;
    request.set_namespace_("default");
    request.set_workflow_id("w" + std::to_string(++started_));
    request.mutable_workflow_type()->set_name("type");
    request.mutable_task_queue()->set_name("queue");
    request.set_request_id("r");
    auto& payload = (*request.mutable_search_attributes()->mutable_indexed_fields())[name];
    if (!encoding.empty()) (*payload.mutable_metadata())["encoding"] = encoding;
    payload.set_data(data);
    const auto status = at.begin<service::StartWorkflowExecutionResponse>(request).status();
    return status.ok() ? "OK" : text(status);
  }
  void add_all() {
    EXPECT_EQ(
        add({{"MyText", 1}, {"MyKw", 2}, {"MyInt", 3}, {"MyDouble", 4}, {"MyBool", 5}, {"MyDate", 6}, {"MyList", 7}}),
        "OK ");
  }
  int started_ = 0;
};

TEST_F(search_attributes, are_added_listed_and_removed) {
  add_all();
  auto listed = list();
  EXPECT_EQ(listed.custom_attributes_size(), 7);
  EXPECT_EQ(listed.custom_attributes().at("MyList"), enums::INDEXED_VALUE_TYPE_KEYWORD_LIST);
  EXPECT_EQ(listed.system_attributes_size(), 29);
  EXPECT_EQ(listed.system_attributes().at("ExecutionStatus"), enums::INDEXED_VALUE_TYPE_KEYWORD);
  EXPECT_EQ(listed.system_attributes().at("TemporalSchedulePaused"), enums::INDEXED_VALUE_TYPE_BOOL);
  EXPECT_EQ(add({{"MyKw", 3}}), "OK ");
  EXPECT_EQ(list().custom_attributes().at("MyKw"), enums::INDEXED_VALUE_TYPE_KEYWORD);
  service::DescribeNamespaceRequest describe;
  describe.set_namespace_("default");
  const auto aliases = at.ask<service::DescribeNamespaceResponse>(describe).config().custom_search_attribute_aliases();
  EXPECT_EQ(aliases.at("Keyword01"), "MyKw");
  EXPECT_EQ(remove("MyKw"), "OK ");
  EXPECT_EQ(list().custom_attributes_size(), 6);
  EXPECT_EQ(remove("Zilch"), "OK ");
  const auto keys = at.ask<service::GetSearchAttributesResponse>(service::GetSearchAttributesRequest()).keys();
  EXPECT_EQ(keys.at("MyInt"), enums::INDEXED_VALUE_TYPE_INT);
  EXPECT_EQ(keys.at("WorkflowId"), enums::INDEXED_VALUE_TYPE_KEYWORD);
}

TEST_F(search_attributes, follow_changed_aliases) {
  service::UpdateNamespaceRequest request;
  request.set_namespace_("default");
  auto& aliases = *request.mutable_config()->mutable_custom_search_attribute_aliases();
  aliases["Int02"] = "Size";
  at.ask<service::UpdateNamespaceResponse>(request);
  EXPECT_EQ(list().custom_attributes().at("Size"), enums::INDEXED_VALUE_TYPE_INT);
  EXPECT_EQ(text(at.refused<service::UpdateNamespaceResponse>(request)),
            "INVALID_ARGUMENT Custom search attribute field name already allocated.");
  aliases["Int02"] = "";
  at.ask<service::UpdateNamespaceResponse>(request);
  EXPECT_EQ(list().custom_attributes_size(), 0);
}

TEST_F(search_attributes, are_bounded_and_checked) {
  add_all();
  EXPECT_EQ(add({{"T2", 1}, {"T3", 1}, {"T4", 1}}),
            "INVALID_ARGUMENT Unable to create search attributes: cannot have more than 3 search attribute of type "
            "Text.");
  EXPECT_EQ(list().custom_attributes_size(), 7);
  EXPECT_EQ(add({{"WorkflowId", 1}}), "INVALID_ARGUMENT Search attribute WorkflowId is reserved by system.");
  EXPECT_EQ(add({{"Temporal1", 1}}), "INVALID_ARGUMENT Search attribute Temporal1 is reserved by system.");
  EXPECT_EQ(add({{"Q", 0}}),
            "INVALID_ARGUMENT Unable to create search attributes: cannot have more than 0 search attribute of type "
            "Unspecified.");
  EXPECT_EQ(add({{"Q", 12}}), "INVALID_ARGUMENT Unknown search attribute type: 12.");
  EXPECT_EQ(add({{"Q", 1}}, "nope"), "NOT_FOUND Namespace nope is not found.");
  EXPECT_EQ(add({{"Q", 1}}, ""), "INVALID_ARGUMENT Namespace is not set on request.");
  EXPECT_EQ(add({}), "INVALID_ARGUMENT SearchAttributes are not set on request.");
  EXPECT_EQ(remove(""), "INVALID_ARGUMENT SearchAttributes are not set on request.");
  EXPECT_EQ(remove("WorkflowId"), "INVALID_ARGUMENT Unable to remove non-custom search attributes: WorkflowId.");
  EXPECT_EQ(remove("MyKw", "nope"), "NOT_FOUND Namespace nope is not found.");
}

TEST_F(search_attributes, have_values_of_their_type) {
  add_all();
  const std::vector<std::pair<std::string, std::string>> good{
      {"MyText", R"("a b")"},
      {"MyKw", R"("x")"},
      {"MyKw", R"(["x"])"},
      {"MyKw", "[]"},
      {"MyKw", "null"},
      {"MyInt", "-5"},
      {"MyDouble", "5"},
      {"MyDouble", "2.5"},
      {"MyBool", "true"},
      {"MyList", "[]"},
      {"MyList", R"(["x"])"},
      {"BuildIds", R"([])"},
      {"MyDate", R"("2024-01-02T03:04:05.1Z")"},
  };
  for (const auto& [name, data] : good) EXPECT_EQ(start(name, data), "OK") << name << " " << data;
  EXPECT_EQ(start("MyKw", "", "binary/null"), "OK");
  const std::string invalid = "INVALID_ARGUMENT invalid value for search attribute ";
  EXPECT_EQ(start("MyInt", R"("str")"), invalid + "MyInt of type Int: str");
  EXPECT_EQ(start("MyInt", "2.5"), invalid + "MyInt of type Int: 2.5");
  EXPECT_EQ(start("MyInt", "99999999999999999999"), invalid + "MyInt of type Int: 1e+20");
  EXPECT_EQ(start("MyBool", R"("true")"), invalid + "MyBool of type Bool: true");
  EXPECT_EQ(start("MyDate", R"("yesterday")"), invalid + "MyDate of type Datetime: yesterday");
  EXPECT_EQ(start("MyDate", "17"), invalid + "MyDate of type Datetime: 17");
  EXPECT_EQ(start("MyList", R"("one")"), invalid + "MyList of type KeywordList: one");
  EXPECT_EQ(start("MyKw", R"(["one","two"])"), invalid + "MyKw of type Keyword: [one two]");
  EXPECT_EQ(start("MyKw", "17"), invalid + "MyKw of type Keyword: 17");
  EXPECT_EQ(start("MyText", R"({"a":1})"), invalid + "MyText of type Text: map[a:1]");
  EXPECT_EQ(start("MyKw", R"("x")", "binary/plain"), invalid + "MyKw of type Keyword: [34 120 34]");
  EXPECT_EQ(
      start("MyKw", "notjson"),
      invalid + R"(MyKw of type Keyword: value from <metadata:{key:"encoding" value:"json/plain"} data:"notjson">)");
  EXPECT_EQ(start("MyKw", ""),
            invalid + R"(MyKw of type Keyword: value from <metadata:{key:"encoding" value:"json/plain"}>)");
  EXPECT_EQ(start("MyKw", "x", ""), invalid + R"(MyKw of type Keyword: value from <data:"x">)");
}

TEST_F(search_attributes, that_are_unknown_or_too_large_are_refused) {
  add_all();
  EXPECT_EQ(start("Nope", R"("x")"),
            "INVALID_ARGUMENT Namespace default has no mapping defined for search attribute Nope");
  EXPECT_EQ(start("Int01", "1"),
            "INVALID_ARGUMENT Namespace default has no mapping defined for search attribute Int01");
  EXPECT_EQ(start("WorkflowId", R"("x")"), "INVALID_ARGUMENT WorkflowId attribute can't be set in SearchAttributes");
  EXPECT_EQ(start("TemporalWorkerDeployment", R"("x")"),
            "INVALID_ARGUMENT TemporalWorkerDeployment attribute can't be set in SearchAttributes");
  EXPECT_EQ(start("MyKw", '"' + std::string(3000, 'x') + '"'),
            "INVALID_ARGUMENT search attribute MyKw value size 3002 exceeds size limit 2048");
  at.state->limit().search_attributes_size = 10;
  EXPECT_TRUE(start("MyKw", R"("x")").starts_with("INVALID_ARGUMENT total size of search attributes "));
  at.state->limit().search_attributes_count = 0;
  EXPECT_EQ(start("MyKw", R"("x")"), "INVALID_ARGUMENT number of search attributes 1 exceeds limit 0");
}

TEST(system_info, names_what_is_there) {
  scripted_worker at;
  const auto info = at.ask<service::GetSystemInfoResponse>(service::GetSystemInfoRequest());
  EXPECT_EQ(info.server_version(), "1.29.1");
  const auto& can = info.capabilities();
  EXPECT_TRUE(can.signal_and_query_header() && can.internal_error_differentiation() &&
              can.activity_failure_include_heartbeat() && can.encoded_failure_attributes() &&
              can.build_id_based_versioning() && can.upsert_memo() && can.eager_workflow_start() &&
              can.sdk_metadata() && can.count_group_by_execution_status());
  EXPECT_FALSE(can.supports_schedules());
  EXPECT_FALSE(can.nexus());
  const auto cluster = at.ask<service::GetClusterInfoResponse>(service::GetClusterInfoRequest());
  EXPECT_EQ(cluster.cluster_name(), "active");
  EXPECT_EQ(cluster.server_version(), "1.29.1");
  EXPECT_EQ(cluster.history_shard_count(), 1);
  EXPECT_EQ(cluster.persistence_store(), "memory");
  EXPECT_EQ(cluster.supported_clients().at("temporal-go"), "<2.0.0");
  const auto clusters = at.ask<operator_service::ListClustersResponse>(operator_service::ListClustersRequest());
  ASSERT_EQ(clusters.clusters_size(), 1);
  EXPECT_EQ(clusters.clusters(0).cluster_id(), cluster.cluster_id());
}

}  // namespace namespace_test
}  // namespace rondo::test
