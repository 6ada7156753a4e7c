#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/headers.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <google/rpc/status.pb.h>

#include "rondo/detail/io/memory_transport.hpp"
#include "rondo/detail/io/pem.hpp"
#include "rondo/detail/io/status_details.hpp"

namespace connection_test {

namespace service = temporal::api::workflowservice::v1;
using namespace rondo::detail::io;
using rondo::client_options;
using rondo::rpc_code;
using rondo::rpc_error;
using rondo::rpc_status;
using namespace std::chrono_literals;

const std::string system_info = std::string(workflow_service) + "GetSystemInfo";
const std::string start_workflow = std::string(workflow_service) + "StartWorkflowExecution";

std::string header(const memory_transport::call& which, std::string_view wanted) {
  std::string all;
  for (const auto& [name, value] : which.metadata()) {
    if (name == wanted) all += "[" + value + "]";
  }
  return all;
}

std::string system_info_response() {
  service::GetSystemInfoResponse response;
  response.set_server_version("1.29.1");
  response.mutable_capabilities()->set_sdk_metadata(true);
  response.mutable_capabilities()->set_nexus(true);
  return response.SerializeAsString();
}

struct Connection : ::testing::Test {
  std::shared_ptr<connection> make(client_options options = {}) {
    auto over = std::make_unique<memory_transport>(loop);
    server = over.get();
    auto made = std::make_shared<connection>(std::move(options), std::move(over));
    made->retries().numbers.unary.initial = 10us;
    return made;
  }
  /// The values of a header in a call over a connection with these options.
  std::string sent_header(client_options options, const char* name) {
    const auto to = make(std::move(options));
    std::string seen;
    server->on(start_workflow, [&](const memory_transport::call& which) {
      seen = header(which, name);
      which.reply("");
    });
    const service::StartWorkflowExecutionRequest request;
    EXPECT_TRUE(loop.block_on(call<service::StartWorkflowExecutionResponse>(*to, start_workflow, request)).status.ok());
    return seen;
  }

  event_loop loop;
  memory_transport* server = nullptr;
};

TEST_F(Connection, IdentityIsProcessAndHostUnlessGiven) {
  const auto identity = make()->identity();
  EXPECT_TRUE(identity.starts_with(std::to_string(getpid()) + "@")) << identity;
  EXPECT_GT(identity.size(), std::to_string(getpid()).size() + 1);
  client_options options;
  options.identity = "me";
  EXPECT_EQ(make(options)->identity(), "me");
}

TEST_F(Connection, CallsCarryTheHeaders) {
  client_options options;
  options.namespace_ = "orders";
  options.api_key = "secret";
  options.metadata = {{"X-Team", "blue"}};
  const auto to = make(options);
  std::vector<memory_transport::call> seen;
  server->on(start_workflow, [&](memory_transport::call which) {
    seen.push_back(which);
    which.reply("");
  });
  const service::StartWorkflowExecutionRequest request;
  using response = service::StartWorkflowExecutionResponse;
  EXPECT_TRUE(loop.block_on(call<response>(*to, "StartWorkflowExecution", request)).status.ok());
  EXPECT_EQ(header(seen[0], "temporal-namespace"), "[orders]");
  EXPECT_EQ(header(seen[0], "authorization"), "[Bearer secret]");
  EXPECT_EQ(header(seen[0], "x-team"), "[blue]");
  EXPECT_EQ(header(seen[0], "client-name"), "[rondo]");
  EXPECT_FALSE(header(seen[0], "client-version").empty());
  EXPECT_EQ(header(seen[0], "temporal-resource-id"), "");

  retry_options how;
  how.options.metadata = call_headers("elsewhere", "workflow:w");
  to->set_api_key("new");
  EXPECT_TRUE(loop.block_on(call<response>(*to, start_workflow, request, how)).status.ok());
  EXPECT_EQ(header(seen[1], "temporal-namespace"), "[elsewhere]");
  EXPECT_EQ(header(seen[1], "temporal-resource-id"), "[workflow:w]");
  EXPECT_EQ(header(seen[1], "authorization"), "[Bearer new]");
}

TEST_F(Connection, TheUsersNamespaceHeaderWins) {
  client_options options;
  options.namespace_ = "orders";
  options.metadata = {{"Temporal-Namespace", "mine"}};
  EXPECT_EQ(sent_header(options, "temporal-namespace"), "[mine]");
}

TEST_F(Connection, TheUsersAuthorizationWins) {
  client_options options;
  options.api_key = "secret";
  options.metadata = {{"Authorization", "Basic abc"}};
  EXPECT_EQ(sent_header(options, "authorization"), "[Basic abc]");
}

TEST_F(Connection, RetriesCarryTheSameRequestId) {
  const auto to = make();
  std::vector<std::string> ids;
  server->on_unary(start_workflow, [&](const std::string& bytes) {
    service::StartWorkflowExecutionRequest request;
    EXPECT_TRUE(request.ParseFromString(bytes));
    ids.push_back(request.request_id());
    service::StartWorkflowExecutionResponse response;
    response.set_run_id("run");
    return response.SerializeAsString();
  });
  server->lose_responses(start_workflow, 2);
  service::StartWorkflowExecutionRequest request;
  request.set_request_id("id-1");
  auto pending = call<service::StartWorkflowExecutionResponse>(*to, start_workflow, request);
  request.set_request_id("changed after the call was made");
  const auto reply = loop.block_on(std::move(pending));
  EXPECT_EQ(reply.response.run_id(), "run");
  EXPECT_EQ(ids, (std::vector<std::string>{"id-1", "id-1", "id-1"}));
}

TEST_F(Connection, StatusOfAFailedCall) {
  const auto to = make();
  google::rpc::Status details;
  details.add_details()->set_type_url("type.googleapis.com/temporal.api.errordetails.v1.NotFoundFailure");
  rpc_status failed(rpc_code::not_found, "no such workflow");
  failed.details = details.SerializeAsString();
  server->fail(start_workflow, failed);
  const service::StartWorkflowExecutionRequest request;
  const auto reply = loop.block_on(call<service::StartWorkflowExecutionResponse>(*to, start_workflow, request));
  EXPECT_EQ(reply.status.code, rpc_code::not_found);
  const auto found = status_details(reply.status);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].type_url(), "type.googleapis.com/temporal.api.errordetails.v1.NotFoundFailure");
  EXPECT_TRUE(status_details(rpc_status(rpc_code::internal)).empty());
  failed.details = "\xFF\xFF not a message";
  EXPECT_TRUE(status_details(failed).empty());
}

TEST_F(Connection, ResponsesThatCannotBeReadAreErrors) {
  const auto to = make();
  server->on_unary(start_workflow, [](const std::string&) { return std::string("\xFF\xFF\xFF"); });
  const service::StartWorkflowExecutionRequest request;
  const auto reply = loop.block_on(call<service::StartWorkflowExecutionResponse>(*to, start_workflow, request));
  EXPECT_EQ(reply.status.code, rpc_code::internal);
  EXPECT_NE(reply.status.message.find("StartWorkflowExecutionResponse"), std::string::npos);
}

TEST_F(Connection, ResponsesGoWhereTheCallerWants) {
  const auto to = make();
  service::StartWorkflowExecutionResponse sent;
  sent.set_run_id("run");
  server->on_unary(start_workflow, [&](const std::string&) { return sent.SerializeAsString(); });
  const service::StartWorkflowExecutionRequest request;
  const auto raw = loop.block_on(call_bytes(*to, start_workflow, request, retry_options()));
  EXPECT_EQ(raw.response.view(), sent.SerializeAsString());
  service::StartWorkflowExecutionResponse mine;
  EXPECT_TRUE(loop.block_on(call_into(*to, start_workflow, request, mine, retry_options())).ok());
  EXPECT_EQ(mine.run_id(), "run");
  google::protobuf::Arena arena;
  rpc_status status(rpc_code::unknown);
  const auto* in_arena = loop.block_on(
      call_on_arena<service::StartWorkflowExecutionResponse>(*to, start_workflow, request, arena, status));
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(in_arena->run_id(), "run");
  EXPECT_EQ(in_arena->GetArena(), &arena);
}

TEST_F(Connection, LoadsTheCapabilitiesOnce) {
  const auto to = make();
  server->on_unary(system_info, [](const std::string&) { return system_info_response(); });
  EXPECT_FALSE(to->capabilities().sdk_metadata);
  server->fail(system_info, rpc_status(rpc_code::unavailable, "starting"), 2);
  loop.block_on(to->load_capabilities());
  EXPECT_TRUE(to->capabilities().sdk_metadata);
  EXPECT_TRUE(to->capabilities().nexus);
  EXPECT_FALSE(to->capabilities().upsert_memo);
  EXPECT_EQ(to->server_version(), "1.29.1");
  const auto calls = server->calls(system_info);
  loop.block_on(to->load_capabilities());
  EXPECT_EQ(server->calls(system_info), calls);
}

TEST_F(Connection, OldServersHaveNoCapabilities) {
  const auto to = make();
  server->fail(system_info, rpc_status(rpc_code::unimplemented, "unknown method GetSystemInfo for service x"));
  loop.block_on(to->connect());
  EXPECT_FALSE(to->capabilities().sdk_metadata);
}

TEST_F(Connection, OtherUnimplementedIsAnError) {
  const auto to = make();
  server->fail(system_info, rpc_status(rpc_code::unimplemented, "unexpected HTTP status code 404"), 2);
  try {
    loop.block_on(to->connect());
    ADD_FAILURE() << "connected";
  } catch (const rpc_error& e) {
    EXPECT_EQ(e.code(), rpc_code::unimplemented);
    EXPECT_NE(std::string(e.what()).find("Temporal frontend"), std::string::npos) << e.what();
  }
  EXPECT_THROW(loop.block_on(to->load_capabilities()), rpc_error);
}

TEST_F(Connection, EagerConnectRetriesBadAnswersButNotAMissingServer) {
  const auto to = make();
  server->on_unary(system_info, [](const std::string&) { return system_info_response(); });
  server->fail(system_info, rpc_status(rpc_code::unavailable, "starting"), 3);
  loop.block_on(to->connect());
  EXPECT_EQ(server->calls(system_info), 4U);
  server->fail(system_info, rpc_status(rpc_code::unavailable, "Connection refused", true), 1);
  EXPECT_THROW(loop.block_on(to->connect()), rpc_error);
  EXPECT_EQ(server->calls(system_info), 5U);
}

TEST_F(Connection, EagerConnectEndsAtItsTimeout) {
  client_options options;
  options.connect_timeout = 5ms;
  const auto to = make(options);
  server->on(system_info, [](const memory_transport::call&) {});
  try {
    loop.block_on(to->connect());
    ADD_FAILURE() << "connected";
  } catch (const rpc_error& e) {
    EXPECT_EQ(e.code(), rpc_code::deadline_exceeded);
    EXPECT_NE(std::string(e.what()).find("within 5 ms"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("localhost:7233"), std::string::npos) << e.what();
  }
}

TEST_F(Connection, RpcTimeoutIsThatOfAnAttempt) {
  client_options options;
  options.rpc_timeout = 1ms;
  const auto to = make(options);
  server->on(start_workflow, [](const memory_transport::call&) {});
  const service::StartWorkflowExecutionRequest request;
  const auto reply = loop.block_on(call<service::StartWorkflowExecutionResponse>(*to, start_workflow, request));
  EXPECT_EQ(reply.status.code, rpc_code::deadline_exceeded);
}

TEST(Headers, NamesAreLoweredAndChecked) {
  EXPECT_EQ(header_name("X-Team_1.a"), "x-team_1.a");
  for (const auto* bad : {"", "white space", "colon:", "grpc-timeout", "ümlaut", ":path"}) {
    EXPECT_THROW(header_name(bad), std::invalid_argument) << bad;
  }
}

TEST(Headers, ValuesAreChecked) {
  client_options options;
  options.metadata = {{"a", "line\nbreak"}};
  EXPECT_THROW(common_headers(options), std::invalid_argument);
  options.metadata = {{"a-bin", "line\nbreak"}};
  EXPECT_NO_THROW(common_headers(options));
  options.api_key = "key\n";
  EXPECT_THROW(common_headers(options), std::invalid_argument);
}

TEST(Headers, HintsThatCannotBeSentAreLeftOut) {
  EXPECT_EQ(call_headers("default", ""), (metadata_list{{"temporal-namespace", "default"}}));
  EXPECT_EQ(call_headers("", "workflow:größe"), metadata_list());
  EXPECT_EQ(call_headers("", "workflow:w"), (metadata_list{{"temporal-resource-id", "workflow:w"}}));
}

TEST(Tls, IsOnWhenAskedForOrImplied) {
  client_options options;
  EXPECT_FALSE(uses_tls(options));
  options.api_key = "key";
  EXPECT_TRUE(uses_tls(options));
  options.tls_usage = rondo::tls_mode::off;
  EXPECT_FALSE(uses_tls(options));
  options = {};
  options.tls.emplace();
  EXPECT_TRUE(uses_tls(options));
  options = {};
  options.tls_usage = rondo::tls_mode::on;
  EXPECT_TRUE(uses_tls(options));
}

std::string tls_fault(const rondo::tls_options& tls) {
  try {
    check_tls(tls);
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return {};
}

std::string block(const std::string& label, const std::string& body) {
  return "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n";
}

TEST(Tls, MaterialIsCheckedBeforeItIsUsed) {
  const std::string der = "MAMCAQE=";  // a sequence that holds the integer 1
  const std::string good = block("CERTIFICATE", der);
  EXPECT_EQ(tls_fault({.server_root_ca_certificate = good}), "");
  EXPECT_EQ(tls_fault({.server_root_ca_certificate = "some text\n" + good + good}), "");
  const std::pair<std::string, const char*> rows[] = {
      {"/etc/ca.pem", "not its name"},
      {"nothing\nhere", "no '-----BEGIN"},
      {block("PRIVATE KEY", der), "it holds 'PRIVATE KEY'"},
      {"-----BEGIN CERTIFICATE-----\n" + der, "no end line"},
      {"-----BEGIN CERTIFICATE", "no '-----BEGIN"},
      {block("CERTIFICATE", "no base64 !"), "not base64"},
      {block("CERTIFICATE", "MAMC"), "damaged"},
      {block("CERTIFICATE", ""), "damaged"},
  };
  for (const auto& [text, fault] : rows) {
    const auto found = tls_fault({.server_root_ca_certificate = text});
    EXPECT_NE(found.find("tls.server_root_ca_certificate"), std::string::npos) << found;
    EXPECT_NE(found.find(fault), std::string::npos) << found << " for " << text;
  }
}

TEST(Tls, ClientCertificateAndKeyGoTogether) {
  const std::string certificate = block("CERTIFICATE", "MAMCAQE=");
  const std::string key = block("EC PRIVATE KEY", "MAMCAQE=");
  EXPECT_EQ(tls_fault({.client_certificate = certificate, .client_private_key = key}), "");
  EXPECT_NE(tls_fault({.client_certificate = certificate}).find("one is missing"), std::string::npos);
  EXPECT_NE(tls_fault({.client_certificate = key, .client_private_key = key}).find("tls.client_certificate"),
            std::string::npos);
  const std::string locked = block("ENCRYPTED PRIVATE KEY", "MAMCAQE=");
  EXPECT_NE(tls_fault({.client_certificate = certificate, .client_private_key = locked}).find("decrypt it first"),
            std::string::npos);
  const std::string old = block("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\nMAMCAQE=");
  EXPECT_NE(tls_fault({.client_certificate = certificate, .client_private_key = old}).find("decrypt it first"),
            std::string::npos);
}

}  // namespace connection_test
