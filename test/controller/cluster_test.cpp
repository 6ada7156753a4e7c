#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>
#include <string>

#include "controller/provider_fixture.hpp"
#include "rondo/controller/cloud_run.hpp"
#include "rondo/controller/kubernetes.hpp"
#include "support/scratch.hpp"

namespace rondo::test {
namespace cluster_test {

using controller::failure_class;

struct cloud_run : provider_fixture {
  controller::cloud_run_pool_config pool() const {
    controller::cloud_run_pool_config made{.project = "p-1", .region = "europe-west1", .worker_pool = "workers"};
    made.endpoint = endpoint_url();
    made.tokens.metadata_endpoint = endpoint_url();
    return made;
  }
};

TEST_F(cloud_run, sets_the_size_of_a_pool) {
  controller::cloud_run_pool_provider provider(client, pool());
  EXPECT_EQ(provider.strategy(), controller::launch_strategy::set_size);
  endpoint.on_post = [this](http_receiver::post& got) {
    endpoint.answer_body = has(got.target, "/token") ? R"({"access_token":"ya29","expires_in":3599})" : "{}";
    got.answer(200);
  };
  EXPECT_TRUE(set_size(provider, 3).ok());
  EXPECT_TRUE(set_size(provider, 0).ok());
  ASSERT_EQ(endpoint.posts.size(), 3U) << "the token is kept";
  EXPECT_EQ(endpoint.posts[0].target, "/computeMetadata/v1/instance/service-accounts/default/token");
  EXPECT_EQ(endpoint.posts[0].headers["metadata-flavor"], "Google");
  auto& patch = endpoint.posts[1];
  EXPECT_EQ(patch.method, "PATCH");
  EXPECT_EQ(patch.target,
            "/v2/projects/p-1/locations/europe-west1/workerPools/workers?updateMask=scaling.manualInstanceCount");
  EXPECT_EQ(patch.headers["authorization"], "Bearer ya29");
  EXPECT_EQ(patch.body, R"({"scaling":{"manualInstanceCount":3}})");
}

TEST_F(cloud_run, tells_failures_without_the_token) {
  auto with = pool();
  with.tokens.token = "given-token";
  controller::cloud_run_pool_provider provider(client, with);
  answer_with(403, R"({"error":{"code":403,"message":"given-token may not","status":"PERMISSION_DENIED"}})");
  const auto outcome = validate(provider);
  EXPECT_EQ(outcome.failure, failure_class::access_denied);
  EXPECT_EQ(outcome.message, "status 403: *** may not");
  EXPECT_EQ(endpoint.posts.at(0).method, "GET");
  with.project = "p/../../x";
  EXPECT_THROW(controller::cloud_run_pool_provider(client, with), std::invalid_argument);
}

TEST_F(cloud_run, invokes_a_service_as_itself) {
  controller::cloud_run_service_config config;
  config.url = endpoint.url();
  config.audience = "https://worker-x.run.app";
  config.tokens.metadata_endpoint = endpoint_url();
  controller::cloud_run_service_provider provider(client, config);
  endpoint.on_post = [this](http_receiver::post& got) {
    endpoint.answer_body = has(got.target, "/identity") ? "eyJ.identity" : "{}";
    got.answer(200);
  };
  const auto outcome = invoke(provider);
  EXPECT_TRUE(outcome.ok() && outcome.ended);
  EXPECT_EQ(endpoint.posts.at(0).target,
            "/computeMetadata/v1/instance/service-accounts/default/identity?audience=https%3A%2F%2Fworker-x.run.app");
  EXPECT_EQ(endpoint.posts.at(1).headers["authorization"], "Bearer eyJ.identity");
  endpoint.on_post = [](http_receiver::post& got) { got.answer(404); };
  controller::cloud_run_service_provider elsewhere(client, config);
  EXPECT_EQ(invoke(elsewhere).failure, failure_class::access_denied);
}

struct kubernetes : provider_fixture {
  scratch own;

  static std::string config_of(const std::string& user, const std::string& server = "https://10.0.0.1:6443") {
    return "apiVersion: v1\nkind: Config\npreferences: {}\ncurrent-context: two\n"
           "clusters:\n- cluster:\n    server: https://other\n  name: c1\n"
           "- cluster:\n    certificate-authority-data: Y2EtdGV4dA==\n    server: " +
           server +
           "\n  name: \"c2\"\n"
           "contexts:\n- context:\n    cluster: c1\n    user: u1\n  name: one\n"
           "- context:\n    cluster: c2\n    namespace: n\n    user: u2 # that one\n  name: two\n"
           "users:\n- name: u1\n  user:\n    token: wrong\n- name: u2\n  user:\n" +
           user;
  }
  static std::string refusal(const std::string& text, const std::string& context = {}) {
    try {
      controller::read_kubeconfig(text, context);
      return {};
    } catch (const std::invalid_argument& wrong) {
      return wrong.what();
    }
  }
};

TEST_F(kubernetes, reads_the_simple_forms_of_a_kubeconfig) {
  const auto token = controller::read_kubeconfig(config_of("    token: abc\n"));
  EXPECT_EQ(token.server, "https://10.0.0.1:6443");
  EXPECT_EQ(token.token, "abc");
  EXPECT_EQ(token.tls.authorities, "ca-text");
  const auto certificate =
      controller::read_kubeconfig(config_of("    client-certificate-data: Y2VydA==\n    client-key-data: a2V5\n"));
  EXPECT_EQ(certificate.tls.certificate, "cert");
  EXPECT_EQ(certificate.tls.private_key, "key");
  EXPECT_EQ(controller::read_kubeconfig(config_of("    token: abc\n"), "one").server, "https://other");
  const std::string indented =
      "current-context: a\nclusters:\n  - name: a\n    cluster:\n      server: \"http://h\"\n"
      "contexts:\n  - name: a\n    context: \n      cluster: a\n      user: a\n"
      "users:\n  - name: a\n    user:\n      tokenFile: '/t'\n";
  EXPECT_EQ(controller::read_kubeconfig(indented).server, "http://h");
  EXPECT_EQ(controller::read_kubeconfig(indented).token_file, "/t");
}

TEST_F(kubernetes, refuses_what_it_cannot_use) {
  EXPECT_TRUE(has(refusal(config_of("    exec:\n      command: aws\n      args:\n      - eks\n")), "'exec'"));
  EXPECT_TRUE(has(refusal(config_of("    token: abc\n"), "three"), "no 'three' among its contexts"));
  EXPECT_TRUE(has(refusal("{\"a\": 1}"), "line 1"));
  EXPECT_TRUE(has(refusal("a: [1, 2]\n"), "line 1 of the kubeconfig is written in a form of YAML"));
  EXPECT_TRUE(has(refusal("a:\n\tb: 1\n"), "line 2"));
  EXPECT_TRUE(has(refusal(""), "no current-context"));
  EXPECT_TRUE(has(refusal(config_of("    client-key-data: '%%'\n")), "not base64"));
}

TEST_F(kubernetes, sets_the_replicas_of_a_deployment) {
  controller::kubernetes_provider provider(client, {.namespace_ = "n", .deployment = "workers"},
                                           controller::read_kubeconfig(config_of("    token: abc\n", endpoint_url())));
  EXPECT_TRUE(set_size(provider, 4).ok());
  EXPECT_TRUE(validate(provider).ok());
  auto& patch = endpoint.posts.at(0);
  EXPECT_EQ(patch.method, "PATCH");
  EXPECT_EQ(patch.target, "/apis/apps/v1/namespaces/n/deployments/workers/scale");
  EXPECT_EQ(patch.headers["content-type"], "application/merge-patch+json");
  EXPECT_EQ(patch.headers["authorization"], "Bearer abc");
  EXPECT_EQ(patch.body, R"({"spec":{"replicas":4}})");
  EXPECT_EQ(endpoint.posts.at(1).method, "GET");
  answer_with(404, R"({"kind":"Status","message":"deployments.apps \"workers\" not found, abc"})");
  const auto outcome = set_size(provider, 4);
  EXPECT_EQ(outcome.failure, failure_class::not_found);
  EXPECT_EQ(outcome.message, "status 404: deployments.apps \"workers\" not found, ***");
  EXPECT_FALSE(invoke(provider).ok());
}

TEST_F(kubernetes, finds_its_way_inside_a_cluster) {
  std::ofstream(own.folder() / "token") << "first\n";
  std::ofstream(own.folder() / "ca.crt") << "ca";
  const auto in_cluster = [](const char* name) {
    return std::string(name) == "KUBERNETES_SERVICE_HOST" ? "10.1.2.3" : "443";
  };
  auto access = controller::access_in_cluster(in_cluster, own.folder().string());
  EXPECT_EQ(access.server, "https://10.1.2.3:443");
  EXPECT_EQ(access.tls.authorities, "ca");
  EXPECT_THROW(controller::access_in_cluster([](const char*) { return std::string(); }), std::invalid_argument);
  access.server = endpoint_url();
  access.tls = {};
  controller::kubernetes_provider provider(client, {.deployment = "workers"}, access);
  EXPECT_TRUE(validate(provider).ok());
  std::ofstream(own.folder() / "token") << "second\n";
  EXPECT_TRUE(validate(provider).ok());
  EXPECT_EQ(endpoint.posts.at(0).headers["authorization"], "Bearer first");
  EXPECT_EQ(endpoint.posts.at(1).headers["authorization"], "Bearer second");
}

}  // namespace cluster_test
}  // namespace rondo::test
