#include "rondo/client/cloud.hpp"

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>
#include <temporal/api/cloud/cloudservice/v1/service.pb.h>

#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "grpc_test_server.hpp"

namespace cloud_test {

namespace cloud = temporal::api::cloud::cloudservice::v1;
namespace calls = rondo::detail::calls;
using rondo::test::grpc_answer;
using rondo::test::grpc_test_server;

/// Linkers leave a file of a library out that nobody mentions, and with it the service that it registers.
const void* const description = &descriptor_table_temporal_2fapi_2fcloud_2fcloudservice_2fv1_2fservice_2eproto;

/// What a server was asked, and how.
struct seen_call {
  std::string method, request;
  std::map<std::string, std::string> headers;
};

rondo::cloud_client_options to(const grpc_test_server& server) {
  rondo::cloud_client_options options;
  options.api_key = "secret";
  options.api_version = "v0.3.0";
  options.connection.target = server.target();
  options.connection.tls_usage = rondo::tls_mode::off;
  return options;
}

TEST(CloudClient, CallsByTheTypeOfTheRequest) {
  seen_call seen;
  grpc_test_server server([&](const grpc::GenericCallbackServerContext& context, const std::string& request) {
    seen = {context.method(), request, {}};
    for (const auto& [name, value] : context.client_metadata()) {
      seen.headers[std::string(name.data(), name.size())] = std::string(value.data(), value.size());
    }
    cloud::GetUsersResponse answer;
    answer.add_users()->set_id("ada");
    return grpc_answer{grpc::Status::OK, answer.SerializeAsString(), false};
  });
  const auto client = rondo::cloud_client::connect(to(server));
  cloud::GetUsersRequest request;
  request.set_email("ada@example.com");
  const auto answer = client.call(request).get();
  static_assert(std::is_same_v<decltype(answer), const cloud::GetUsersResponse>);
  EXPECT_EQ(answer.users(0).id(), "ada");
  EXPECT_EQ(seen.method, "/temporal.api.cloud.cloudservice.v1.CloudService/GetUsers");
  EXPECT_EQ(seen.request, request.SerializeAsString()) << "no namespace was put in";
  EXPECT_EQ(seen.headers["authorization"], "Bearer secret");
  EXPECT_EQ(seen.headers["temporal-cloud-api-version"], "v0.3.0");
  EXPECT_FALSE(seen.headers.contains("temporal-namespace"));
}

TEST(CloudClient, ThrowsWhatTheServiceSays) {
  grpc_test_server server([](const auto&, const std::string&) {
    return grpc_answer{grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "not yours"), "", false};
  });
  const auto client = rondo::cloud_client::connect(to(server));
  EXPECT_THROW(static_cast<void>(client.call(cloud::GetRegionsRequest()).get()), rondo::rpc_error);
}

TEST(CloudClient, KeepsWhatElseTheConnectionHas) {
  seen_call seen;
  grpc_test_server server([&](const grpc::GenericCallbackServerContext& context, const std::string&) {
    for (const auto& [name, value] : context.client_metadata()) {
      seen.headers[std::string(name.data(), name.size())] = std::string(value.data(), value.size());
    }
    return grpc_answer{grpc::Status::OK, "", false};
  });
  auto options = to(server);
  options.api_key.clear();
  options.connection.api_key = "of the connection";
  options.connection.metadata = {{"x-team", "shop"}};
  const std::vector<std::pair<std::string, std::string>> mine = {{"x-trace", "t"}};
  (void)rondo::cloud_client::connect(options).call(cloud::GetRegionsRequest(), {.metadata = &mine}).get();
  EXPECT_EQ(seen.headers["authorization"], "Bearer of the connection");
  EXPECT_EQ(seen.headers["x-team"], "shop");
  EXPECT_EQ(seen.headers["x-trace"], "t");
  EXPECT_EQ(seen.headers["temporal-cloud-api-version"], "v0.3.0");
}

TEST(CloudClient, RepeatsCallsUnlessItIsToldOtherwise) {
  int attempts = 0;
  grpc_test_server server([&](const auto&, const std::string&) {
    const bool first = ++attempts == 1;
    return grpc_answer{first ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "busy") : grpc::Status::OK, "", false};
  });
  const auto client = rondo::cloud_client::connect(to(server));
  (void)client.call(cloud::GetRegionsRequest()).get();
  EXPECT_EQ(attempts, 2);
  attempts = 0;
  EXPECT_THROW((void)client.call(cloud::GetRegionsRequest(), {.retry = false}).get(), rondo::rpc_error);
  EXPECT_EQ(attempts, 1);
}

TEST(CloudClient, GoesToTheCloudUnlessItIsToldOtherwise) {
  rondo::cloud_client_options options;
  options.api_key = "secret";
  const auto client = rondo::cloud_client::connect(options);
  const auto& used = client.connection().connection()->options();
  EXPECT_EQ(used.target, "saas-api.tmprl.cloud:443");
  EXPECT_TRUE(rondo::detail::io::uses_tls(used));
}

template <class... Requests, class... Responses>
std::set<std::string> names_in(const calls::rpc_list<calls::rpc<Requests, Responses>...>&) {
  return {std::string(Requests::descriptor()->full_name()) + " " + Responses::descriptor()->full_name()...};
}

TEST(CloudClient, KnowsEveryMethod) {
  ASSERT_NE(description, nullptr);
  const auto* service = cloud::GetUsersRequest::descriptor()->file()->pool()->FindServiceByName(
      "temporal.api.cloud.cloudservice.v1.CloudService");
  ASSERT_NE(service, nullptr);
  std::set<std::string> official;
  for (int i = 0; i < service->method_count(); ++i) {
    const auto& method = *service->method(i);
    official.insert(method.input_type()->full_name() + " " + method.output_type()->full_name());
  }
  EXPECT_EQ(names_in(calls::cloud_rpcs()), official);
}

}  // namespace cloud_test
