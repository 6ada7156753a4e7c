#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "tools/compute_config.hpp"

namespace rondo::tools {
namespace compute_test {

using pairs = std::vector<std::pair<std::string, std::string>>;

/// The flags as a command line gives them; each by any of its names.
compute_flags given(const pairs& flags) {
  compute_flags made;
  const auto has = [](std::string_view names, const std::string& name) {
    return ("," + std::string(names) + ",").find("," + name + ",") != std::string::npos;
  };
  for (const auto& [name, value] : flags) {
    bool known = false;
    for (std::size_t i = 0; i < std::size(provider_flags); ++i) {
      if (has(provider_flags[i].names, name)) made.provider.values[i] = value, known = true;
    }
    for (std::size_t i = 0; i < std::size(scaler_flags); ++i) {
      if (has(scaler_flags[i].names, name)) made.scaler.values[i] = value, known = true;
    }
    EXPECT_TRUE(known) << name;
  }
  return made;
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const command_error& wrong) {
    return wrong.what();
  }
  return "no error";
}
std::string error_of(const compute_flags& flags, const ComputeConfigScalingGroup& before = {}) {
  return error_of([&] { scaling_group_of(flags, before); });
}
#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

const pairs lambda = {{"--aws-lambda-function-arn", "arn:f"},
                      {"--aws-lambda-assume-role-arn", "arn:r"},
                      {"--aws-lambda-assume-role-external-id", "id"}};
const pairs pool = {{"--gcp-cloud-run-project", "p"},
                    {"--gcp-cloud-run-region", "r"},
                    {"--gcp-cloud-run-worker-pool", "w"},
                    {"--gcp-cloud-run-service-account", "a"}};

pairs with(pairs of, const pairs& more) {
  of.insert(of.end(), more.begin(), more.end());
  return of;
}

TEST(compute, a_function_is_invoked_when_work_waits) {
  const auto group = scaling_group_of(given(lambda));
  EXPECT_EQ(group.provider().type(), "aws-lambda");
  EXPECT_EQ(group.provider().details().metadata().at("encoding"), "json/plain");
  EXPECT_EQ(group.provider().details().data(), R"({"arn":"arn:f","role":"arn:r","role_external_id":"id"})");
  EXPECT_EQ(group.scaler().type(), "no-sync");
  EXPECT_FALSE(group.scaler().has_details());
}

TEST(compute, the_announced_flag_means_the_function_too) {
  auto flags = given({{"--aws-lambda-invoke", "arn:f"}});
  flags.provider.skip_role = true;
  EXPECT_EQ(scaling_group_of(flags).provider().details().data(), R"({"arn":"arn:f"})");
}

TEST(compute, a_pool_of_workers_has_bounds) {
  const auto group = scaling_group_of(given(with(pool, {{"--scaler-min-instances", "2"},
                                                        {"--scaler-max-instances", "5"},
                                                        {"--gcp-cloud-run-utilization-target", "0.75"},
                                                        {"--scaler-scale-down-stabilization-duration", "5m"}})));
  EXPECT_EQ(group.provider().details().data(),
            R"({"project":"p","region":"r","service_account":"a","worker_pool":"w"})");
  EXPECT_EQ(group.scaler().type(), "rate-based");
  EXPECT_EQ(group.scaler().details().data(),
            R"({"initial_count":2,"max_count":5,"min_count":2,"no_sync_quiet_ms":300000,"utilization_target":0.75})");
}

TEST(compute, what_invokes_functions_has_no_maximum) {
  const auto text = error_of(given(with(lambda, {{"--scaler-max-instances", "5"}})));
  EXPECT_HAS(text, "--scaler-max-instances: the server scales aws-lambda by no-sync");
  EXPECT_HAS(text, "has no maximum");
  EXPECT_HAS(text, "`rondo controller`");
  EXPECT_HAS(error_of(given(with(lambda, {{"--scaler-min-instances", "1"}}))), "counts no workers; leave the flag out");
  EXPECT_HAS(error_of(given(with(lambda, {{"--scaler-utilization-target", "0"}}))), "counts no workers");
  // The announcement's own example asks for none at least, which is what happens.
  EXPECT_EQ(error_of(given(with(lambda, {{"--scaler-min-instances", "0"}, {"--scaler-max-instances", "0"}}))),
            "no error");
}

TEST(compute, bounds_must_be_possible) {
  const auto wrong = [](const pairs& more) { return error_of(given(with(pool, more))); };
  EXPECT_HAS(wrong({{"--scaler-min-instances", "31"}}), "larger than --scaler-max-instances (30)");
  EXPECT_HAS(wrong({{"--scaler-min-instances", "3"}, {"--scaler-max-instances", "2"}}), "larger than");
  EXPECT_HAS(wrong({{"--scaler-initial-instances", "3"}, {"--scaler-max-instances", "2"}}), "is not between");
  EXPECT_HAS(wrong({{"--scaler-max-instances", "0"}}), "'0' is not a whole number from 1 to 2147483647");
  EXPECT_HAS(wrong({{"--scaler-max-instances", "2.5"}}), "--scaler-max-instances: '2.5' is not a whole number");
  EXPECT_HAS(wrong({{"--scaler-max-instances", "many"}}), "'many' is not a whole number");
  EXPECT_HAS(wrong({{"--scaler-max-instances", "1e99"}}), "is not a whole number");
  EXPECT_HAS(wrong({{"--scaler-utilization-target", "0"}}), "'0' is not a number above 0 and at most 1");
  EXPECT_HAS(wrong({{"--scaler-utilization-target", "nan"}}), "is not a number");
  EXPECT_HAS(wrong({{"--scaler-scale-down-stabilization-duration", "soon"}}),
             "--scaler-scale-down-stabilization-duration: ");
}

TEST(compute, other_settings_have_the_scaler_s_own_names) {
  auto flags = given(lambda);
  flags.scaler.settings = {"scale_up_cooloff_ms=250", "metrics_poll_interval_ms=10000"};
  EXPECT_EQ(scaling_group_of(flags).scaler().details().data(),
            R"({"metrics_poll_interval_ms":10000,"scale_up_cooloff_ms":250})");
  flags.scaler.settings = {"metrics_poll_interval_ms=9999"};
  EXPECT_HAS(error_of(flags), "--scaler-setting metrics_poll_interval_ms: '9999' is not a whole number at least 10000");
  flags.scaler.settings = {"max_count=3"};
  EXPECT_HAS(error_of(flags), "the scaler no-sync has no 'max_count'; it has scale_up_cooloff_ms, ");
  flags.scaler.settings.clear();
  flags.scaler.type = "rate-based";
  EXPECT_HAS(error_of(flags), "rate-based does not fit the provider aws-lambda, which is scaled by no-sync");
  flags.scaler.type = "guess";
  EXPECT_HAS(error_of(flags), "'guess' is neither no-sync nor rate-based");
}

TEST(compute, says_what_a_provider_lacks) {
  EXPECT_HAS(error_of(compute_flags()), "no compute provider is given");
  EXPECT_HAS(error_of(given({{"--aws-lambda-assume-role-arn", "arn:r"}})), "needs --aws-lambda-function-arn");
  EXPECT_HAS(error_of(given({{"--aws-lambda-function-arn", "arn:f"}})),
             "needs both --aws-lambda-assume-role-arn and --aws-lambda-assume-role-external-id, or "
             "--aws-lambda-skip-role-and-external-id");
  auto both = given(lambda);
  both.provider.skip_role = true;
  EXPECT_HAS(error_of(both), "needs both");
  EXPECT_HAS(error_of(given({{"--gcp-cloud-run-project", "p"}})), "needs --gcp-cloud-run-region");
  EXPECT_HAS(error_of(given({{"--k8s-namespace", "n"}})), "needs --k8s-deployment");
  EXPECT_HAS(error_of(given(with(lambda, pool))),
             "--aws-lambda-function-arn and --gcp-cloud-run-project belong to different providers");
  compute_flags unknown;
  unknown.provider.type = "cloud";
  EXPECT_HAS(error_of(unknown), "'cloud' is none of aws-lambda, aws-agentcore, ");
  auto no_role = given({{"--subprocess-command", "w"}});
  no_role.provider.skip_role = true;
  EXPECT_HAS(error_of(no_role), "provider subprocess has no role to leave out");
}

TEST(compute, an_update_changes_what_is_given) {
  const auto before = scaling_group_of(given(with(pool, {{"--scaler-max-instances", "5"}})));
  const auto after =
      scaling_group_of(given({{"--gcp-cloud-run-region", "elsewhere"}, {"--scaler-min-instances", "0"}}), before);
  EXPECT_EQ(after.provider().details().data(),
            R"({"project":"p","region":"elsewhere","service_account":"a","worker_pool":"w"})");
  EXPECT_EQ(after.scaler().details().data(), R"({"initial_count":0,"max_count":5,"min_count":0})");
  const auto scaled = scaling_group_of(given({{"--scaler-max-instances", "9"}}), before);
  EXPECT_EQ(scaled.provider().details().data(), before.provider().details().data());
  EXPECT_EQ(scaled.scaler().details().data(), R"({"initial_count":0,"max_count":9})");
}

TEST(compute, another_provider_begins_anew) {
  const auto before = scaling_group_of(given(with(pool, {{"--scaler-max-instances", "5"}})));
  const auto after = scaling_group_of(given(lambda), before);
  EXPECT_EQ(after.provider().details().data(), R"({"arn":"arn:f","role":"arn:r","role_external_id":"id"})");
  EXPECT_EQ(after.scaler().type(), "no-sync");
  EXPECT_FALSE(after.scaler().has_details());
}

TEST(compute, a_version_without_a_role_stays_without) {
  auto flags = given({{"--aws-lambda-function-arn", "arn:f"}});
  flags.provider.skip_role = true;
  const auto before = scaling_group_of(flags);
  EXPECT_EQ(scaling_group_of(given({{"--aws-lambda-function-arn", "arn:g"}}), before).provider().details().data(),
            R"({"arn":"arn:g"})");
}

TEST(compute, settings_that_cannot_be_read_are_not_kept) {
  auto before = scaling_group_of(given(lambda));
  for (const char* data : {"{", "[1]", "\"text\"", "\xFF"}) {
    before.mutable_provider()->mutable_details()->set_data(data);
    EXPECT_HAS(error_of(given({{"--aws-lambda-function-arn", "arn:g"}}), before),
               "the provider's settings on the server cannot be read");
  }
  before.mutable_provider()->set_type("moon");
  EXPECT_HAS(error_of(given({{"--scaler-max-instances", "1"}}), before), "does not know: moon");
}

TEST(compute, keys_of_a_cluster_are_not_shown) {
  const std::string path = ::testing::TempDir() + "/rondo_kubeconfig_test";
  std::ofstream(path) << "token: s3cret\n";
  const auto group =
      scaling_group_of(given({{"--k8s-namespace", "n"}, {"--k8s-deployment", "d"}, {"--k8s-kubeconfig", path}}));
  std::remove(path.c_str());
  EXPECT_HAS(group.provider().details().data(), R"("kubeconfig":"token: s3cret\n")");
  ComputeConfig config;
  auto& held = (*config.mutable_scaling_groups())["default"];
  held = group;
  const auto shown = [&config] {
    return without_secrets(config).scaling_groups().at("default").provider().details().data();
  };
  EXPECT_EQ(shown(), R"json({"deployment":"d","kubeconfig":"(hidden)","namespace":"n"})json");
  held.mutable_provider()->mutable_details()->set_data("kubeconfig: s3cret");
  EXPECT_EQ(shown(), R"json("(hidden)")json");
  EXPECT_HAS(error_of(given({{"--k8s-namespace", "n"}, {"--k8s-deployment", "d"}, {"--k8s-kubeconfig", "/no/such"}})),
             "--k8s-kubeconfig: cannot read '/no/such'");
}

}  // namespace compute_test
}  // namespace rondo::tools
