#include "rondo/client/raw.hpp"

#include <google/protobuf/descriptor.h>
#include <grpc/health/v1/health.pb.h>
#include <gtest/gtest.h>
#include <temporal/api/operatorservice/v1/service.pb.h>
#include <temporal/api/testservice/v1/request_response.pb.h>
#include <temporal/api/workflowservice/v1/service.pb.h>

#include <chrono>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "client_fixture.hpp"
#include "rondo/client/health.hpp"

namespace rondo::test::client_raw_test {

using namespace client_test;
namespace calls_ = rondo::detail::calls;

/// Linkers leave a file of a library out that nobody mentions, and with it the service that it registers.
const void* const services[] = {&descriptor_table_temporal_2fapi_2fworkflowservice_2fv1_2fservice_2eproto,
                                &descriptor_table_temporal_2fapi_2foperatorservice_2fv1_2fservice_2eproto};

class ClientRaw : public ClientTest {
 protected:
  raw_client raw() const { return raw_client(*client); }
};

template <class Rpc>
class line;
template <class Request, class Response>
class line<calls_::rpc<Request, Response>> {
 public:
  /// Checks one line of a table against the protocol; gives the name of the method.
  static std::string check(const std::string& service_name) {
    std::string path(calls_::method_path<Request>::value);
    const std::string prefix = "/" + service_name + "/";
    EXPECT_TRUE(path.starts_with(prefix)) << path;
    path.erase(0, prefix.size());
    const auto* request = Request::descriptor();
    const auto* pool = request->file()->pool();
    EXPECT_EQ(request->name(), path + "Request");
    const auto* service = pool->FindServiceByName(service_name);
    if (service == nullptr) {
      ADD_FAILURE() << "there is no service " << service_name;
      return path;
    }
    const auto* method = service->FindMethodByName(path);
    if (method == nullptr) {
      ADD_FAILURE() << service_name << " has no method " << path;
      return path;
    }
    EXPECT_EQ(method->input_type(), request) << path;
    EXPECT_EQ(method->output_type(), Response::descriptor()) << path;
    EXPECT_TRUE((std::is_same_v<calls_::answer_to<Request>, Response>)) << path;
    return path;
  }
};

template <class... Rpcs>
std::set<std::string> check_table(calls_::rpc_list<Rpcs...>, const std::string& service_name) {
  std::set<std::string> names;
  (names.insert(line<Rpcs>::check(service_name)), ...);
  EXPECT_EQ(names.size(), sizeof...(Rpcs));
  return names;
}

/// The methods of a service that the list of RPCs names; those of the workflow service stand alone.
std::set<std::string> listed(const std::string& service) {
  std::ifstream file("proto/rpcs.txt");
  EXPECT_TRUE(file.is_open());
  std::set<std::string> names;
  for (std::string entry; std::getline(file, entry);) {
    if (entry.empty() || entry.front() == '#') continue;
    const auto dot = entry.find('.');
    const std::string owner = dot == entry.npos ? "WorkflowService" : entry.substr(0, dot);
    if (owner == service) names.insert(dot == entry.npos ? entry : entry.substr(dot + 1));
  }
  return names;
}

TEST_F(ClientRaw, KnowsEveryListedMethod) {
  for (const auto* each : services) ASSERT_NE(each, nullptr);
  EXPECT_EQ(check_table(calls_::workflow_rpcs(), "temporal.api.workflowservice.v1.WorkflowService"),
            listed("WorkflowService"));
  EXPECT_EQ(check_table(calls_::operator_rpcs(), "temporal.api.operatorservice.v1.OperatorService"),
            listed("OperatorService"));
}

TEST_F(ClientRaw, CallsByTheTypeOfTheRequest) {
  service::GetClusterInfoResponse info;
  info.set_server_version("1.2.3");
  serve<service::GetClusterInfoRequest>("GetClusterInfo", info);
  EXPECT_EQ(raw().call(service::GetClusterInfoRequest()).get().server_version(), "1.2.3");

  const auto seen = serve<service::DescribeTaskQueueRequest, service::DescribeTaskQueueResponse>("DescribeTaskQueue");
  service::DescribeTaskQueueRequest request;
  const std::vector<std::pair<std::string, std::string>> metadata = {{"X-Trace", "t"}, {"temporal-namespace", "mine"}};
  (void)raw().call(request, {.resource_id = "taskqueue:q", .metadata = &metadata}).get();
  EXPECT_EQ(seen->back().namespace_(), "shop");
  EXPECT_EQ(header(headers, "x-trace"), "t");
  EXPECT_EQ(header(headers, "temporal-namespace"), "mine");
  EXPECT_EQ(header(headers, "temporal-resource-id"), "taskqueue:q");
  request.set_namespace_("other");
  (void)raw().call(request).get();
  EXPECT_EQ(seen->back().namespace_(), "other");
}

TEST_F(ClientRaw, CallsByThePathOfTheMethod) {
  std::string asked;
  server->on_unary("/temporal.api.testservice.v1.TestService/Sleep", [&](const std::string& bytes) {
    asked = bytes;
    return std::string();
  });
  temporal::api::testservice::v1::SleepRequest request;
  request.mutable_duration()->set_seconds(3);
  using response = temporal::api::testservice::v1::SleepResponse;
  (void)raw().call<response>("/temporal.api.testservice.v1.TestService/Sleep", request).get();
  EXPECT_EQ(asked, request.SerializeAsString());
  EXPECT_EQ(message_of<invalid_argument>([&] { (void)raw().call<response>("Sleep", request); }),
            "raw call: INVALID_ARGUMENT: a method is named as in /package.Service/Method");
}

TEST_F(ClientRaw, RetriesUnlessTold) {
  serve<service::GetClusterInfoRequest, service::GetClusterInfoResponse>("GetClusterInfo");
  const rpc_status down(rpc_code::unavailable, "down");
  server->fail(method_path("GetClusterInfo"), down);
  (void)raw().call(service::GetClusterInfoRequest()).get();
  EXPECT_EQ(calls("GetClusterInfo"), 2U);
  server->fail(method_path("GetClusterInfo"), down);
  EXPECT_EQ(message_of<rpc_error>([&] { (void)raw().call(service::GetClusterInfoRequest(), {.retry = false}).get(); }),
            "call /temporal.api.workflowservice.v1.WorkflowService/GetClusterInfo: UNAVAILABLE: down");
  EXPECT_EQ(calls("GetClusterInfo"), 3U);
  const std::vector<std::pair<std::string, std::string>> bad = {{"a header", "t"}};
  EXPECT_THROW((void)raw().call(service::GetClusterInfoRequest(), {.metadata = &bad}), std::invalid_argument);
}

TEST_F(ClientRaw, HasTheTimeoutAndTheHeadersOfTheCall) {
  serve<service::GetClusterInfoRequest, service::GetClusterInfoResponse>("GetClusterInfo");
  const std::vector<std::pair<std::string, std::string>> metadata = {{"x-trace", "a"}, {"x-other", "b"}};
  (void)raw()
      .call(service::GetClusterInfoRequest(), {.metadata = &metadata})
      .with_metadata("X-Trace", "t")
      .with_timeout(std::chrono::hours(1))
      .get();
  EXPECT_EQ(header(headers, "x-trace"), "t");
  EXPECT_EQ(header(headers, "x-other"), "b");
  server->hold(method_path("GetClusterInfo"));
  try {
    (void)raw().call(service::GetClusterInfoRequest()).with_timeout(std::chrono::milliseconds(1)).get();
    FAIL() << "nothing was thrown";
  } catch (const rpc_error& error) {
    EXPECT_EQ(error.code(), rpc_code::deadline_exceeded);
  }
}

TEST_F(ClientRaw, SendsNothingWhenTheTimeOfItsCallIsOver) {
  serve<service::GetClusterInfoRequest, service::GetClusterInfoResponse>("GetClusterInfo");
  // A nanosecond is over before the request is made.
  EXPECT_NE(message_of<rpc_error>([&] {
              (void)raw().call(service::GetClusterInfoRequest()).with_timeout(std::chrono::nanoseconds(1)).get();
            }).find("the timeout that the call was given is over"),
            std::string::npos);
  EXPECT_EQ(calls("GetClusterInfo"), 0U);
}

TEST_F(ClientRaw, AsksForHealth) {
  grpc::health::v1::HealthCheckResponse response;
  std::string asked;
  server->on_unary("/grpc.health.v1.Health/Check", [&](const std::string& bytes) {
    grpc::health::v1::HealthCheckRequest request;
    EXPECT_TRUE(request.ParseFromString(bytes));
    asked = request.service();
    return response.SerializeAsString();
  });
  response.set_status(grpc::health::v1::HealthCheckResponse::SERVING);
  EXPECT_TRUE(check_health(*client).get());
  EXPECT_EQ(asked, "temporal.api.workflowservice.v1.WorkflowService");
  response.set_status(grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  EXPECT_FALSE(check_health(*client, "other").get());
  EXPECT_EQ(asked, "other");
}

}  // namespace rondo::test::client_raw_test
