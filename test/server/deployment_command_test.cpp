#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "fixture.hpp"
#include "rondo/workflow.hpp"
#include "support/program.hpp"

// `rondo worker deployment` and `rondo doctor` against a running server.
namespace rondo::test::deployment_commands {

namespace deployment_command_test {

task<int> answers() { co_return 42; }

/// The official development server of the gate is older than these calls.
bool is_old_server() {
  const char* which = std::getenv("RONDO_TEST_SERVER");
  return which == nullptr || std::string_view(which) == "real";
}

class deployment_command : public server_test {
 protected:
  static program_end rondo(words command) {
    command.insert(command.end(), {"--address", server_address()});
    return run_program(rondo_command(std::move(command)));
  }
  /// The output of a command that must succeed, with one blank where several align it.
  static std::string out_of(words command) {
    const auto end = rondo(std::move(command));
    EXPECT_EQ(end.code, 0) << end.err;
    EXPECT_EQ(end.err, "");
    std::string text;
    for (const char c : end.out) {
      if (c != ' ' || !text.ends_with(' ')) text += c;
    }
    return text;
  }
  static std::string error_of(words command) {
    const auto end = rondo(std::move(command));
    EXPECT_EQ(end.code, 1) << end.out;
    EXPECT_EQ(std::count(end.err.begin(), end.err.end(), '\n'), 1) << end.err;
    return end.err;
  }
  words about(const char* command, words more = {}) const {
    words all{"worker", "deployment", command, "-d", name};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  words doctor(words more = {}) const {
    words all{"doctor", "-d", name};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  /// A worker of a version of the deployment.
  running_worker worker_of(const std::string& build_id) const {
    auto how = options();
    how.deployment = {.version = {name, build_id}, .default_behavior = versioning_behavior::pinned};
    return {registry().workflow<answers>(), how};
  }
  /// The server knows a version by the polls of its worker.
  bool is_known(const std::string& build_id) const {
    return eventually([&] {
      const auto end = rondo(about("describe-version", {"--build-id", build_id}));
      return end.code == 0 && end.out.find(queue) != std::string::npos;
    });
  }

  const std::string name = "test-" + detail::random_uuid();
  const words compute{"--provider-type", "test-invoke"};
};

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)
#define EXPECT_LACKS(text, part) EXPECT_EQ((text).find(part), std::string::npos) << (text)

TEST_F(deployment_command, a_version_gets_new_work_and_shows_it) {
  auto worker = worker_of("b1");
  ASSERT_TRUE(is_known("b1"));
  EXPECT_HAS(out_of(about("set-current", {"--build-id", "b1"})), "'" + name + ":b1' is current now; before: (none)");
  EXPECT_HAS(out_of(about("set-current-version", {"--build-id", "b1", "--yes"})), "before: b1");
  EXPECT_EQ(client.execute_workflow<answers>(start()).get(), 42);
  const auto shown = out_of(about("describe"));
  EXPECT_HAS(shown, "CurrentBuildId b1\n");
  EXPECT_HAS(shown, "\n b1 Current");
  EXPECT_HAS(out_of(about("describe", {"-o", "json"})), "\"buildId\": \"b1\"");
  const auto version = out_of(about("describe-version", {"--build-id", "b1", "--report-task-queue-stats"}));
  EXPECT_HAS(version, "Status Current\n");
  EXPECT_HAS(version, queue);
  EXPECT_TRUE(eventually([&] { return out_of({"worker", "deployment", "list"}).find(name) != std::string::npos; }));
  EXPECT_HAS(out_of({"worker", "deployment", "list", "-o", "jsonl"}), "\"name\":\"" + name + "\"");

  const auto kept = error_of(about("delete-version", {"--build-id", "b1"}));
  EXPECT_HAS(kept, "it is the current version, new workflows go to it; first set another one current");
  EXPECT_HAS(error_of(about("delete")), "it has 1 version; delete them first, or give --with-versions");
  EXPECT_HAS(out_of(about("unset-current", {"-o", "json"})), "\"previousBuildId\": \"b1\"");
  EXPECT_HAS(out_of(about("describe")), "CurrentBuildId (none)\n");
}

TEST_F(deployment_command, a_share_of_new_work_goes_to_the_ramping_version) {
  auto worker = worker_of("b1");
  ASSERT_TRUE(is_known("b1"));
  EXPECT_HAS(out_of(about("set-ramping", {"--build-id", "b1", "--percentage", "12.5"})), "is ramping now");
  EXPECT_HAS(out_of(about("describe")), "Ramping b1, 12.5 %\n");
  EXPECT_HAS(out_of(about("unset-ramping")), "No version of '" + name + "' is ramping now; before: b1");
  EXPECT_LACKS(out_of(about("describe")), "\n Ramping");
  EXPECT_HAS(out_of(about("set-ramping-version", {"--delete"})), "before: (none)");
  EXPECT_HAS(error_of(about("set-ramping", {"--build-id", "b1", "--percentage", "101"})), "must be from 0 to 100");
  EXPECT_HAS(error_of(about("set-ramping", {"--percentage", "1"})), "--build-id is missing");
}

TEST_F(deployment_command, what_is_made_twice_is_there_once) {
  if (is_old_server()) {
    EXPECT_HAS(error_of(about("create")), "the server is too old for this (1.32 or later can do it)");
    return;
  }
  EXPECT_HAS(out_of(about("create")), "'" + name + "' created");
  EXPECT_HAS(out_of(about("create", {"-o", "json"})), "\"result\": \"exists\"");
  const auto create = [&](words more) {
    more.insert(more.begin(), {"--build-id", "b1", "-o", "json"});
    return out_of(about("create-version", more));
  };
  EXPECT_HAS(create({}), "\"result\": \"created\"");
  EXPECT_HAS(create({}), "\"result\": \"exists\"");
  EXPECT_HAS(create(compute), "\"result\": \"updated\"");
  const auto shown = out_of(about("describe-version", {"--build-id", "b1"}));
  EXPECT_HAS(shown, "Compute (default):\n Provider test-invoke\n");
  EXPECT_HAS(shown, "Scaler no-sync\n");
  EXPECT_HAS(out_of(about("describe")), "test-invoke");

  const words setting{"--build-id", "b1", "--scaler-setting", "scale_up_cooloff_ms=250"};
  EXPECT_HAS(out_of(about("update-version", setting)), "was updated");
  EXPECT_HAS(out_of(about("describe-version", {"--build-id", "b1"})), R"({"scale_up_cooloff_ms":250})");
  EXPECT_HAS(error_of(about("update-version", {"--build-id", "b1", "--scaler-max-instances", "3"})), "has no maximum");
  EXPECT_HAS(error_of(about("update-version", {"--build-id", "b1"})), "nothing to update");
  const words remove{"--build-id", "b1", "--remove"};
  EXPECT_HAS(out_of(about("update-version-compute-config", remove)), "was removed");
  EXPECT_HAS(out_of(about("update", remove)), "There is no compute");
  EXPECT_LACKS(out_of(about("describe-version", {"--build-id", "b1"})), "Compute");
}

TEST_F(deployment_command, what_is_deleted_twice_is_gone) {
  EXPECT_HAS(out_of(about("delete")), "does not exist");
  EXPECT_HAS(out_of(about("delete-version", {"--build-id", "b1"})), "'" + name + ":b1' does not exist");
  if (is_old_server()) return;
  words with_compute{"--build-id", "b1"};
  with_compute.insert(with_compute.end(), compute.begin(), compute.end());
  out_of(about("create-version", with_compute));
  out_of(about("create-version", {"--build-id", "b2"}));
  out_of(about("set-current", {"--build-id", "b1", "--allow-no-pollers"}));
  EXPECT_HAS(out_of(about("delete-version", {"--build-id", "b2"})), "deleted");
  EXPECT_HAS(error_of(about("delete-version", {"--build-id", "b1"})), "or give --force");
  EXPECT_HAS(out_of(about("delete", {"--with-versions", "-o", "json"})), "\"result\": \"deleted\"");
  EXPECT_HAS(error_of(about("describe")), "check the ids and --namespace");
}

TEST_F(deployment_command, says_what_is_wrong_with_flags) {
  EXPECT_HAS(error_of({"worker", "deployment", "describe"}), "--deployment-name");
  EXPECT_HAS(error_of(about("set-current")), "--build-id is missing; --unversioned: no version");
  EXPECT_HAS(error_of(about("set-current", {"--build-id", "b1", "--unversioned"})), "exclude each other");
  EXPECT_HAS(error_of(about("create-version", {"--build-id", "b1", "--aws-lambda-invoke", "arn:f"})),
             "needs both --aws-lambda-assume-role-arn and");
  EXPECT_HAS(error_of(about("set-current", {"--build-id", "b1"})), "make 'b1' the current version: ");
}

// The doctor

TEST_F(deployment_command, the_doctor_finds_a_version_that_nobody_chose) {
  EXPECT_HAS(rondo(doctor()).out, "(no_deployment)");
  auto worker = worker_of("b1");
  ASSERT_TRUE(is_known("b1"));
  const auto found = rondo(doctor());
  EXPECT_EQ(found.code, 1);
  EXPECT_HAS(found.out, "PROBLEM  worker deployment '" + name + "' has no current version (no_current_version)");
  EXPECT_HAS(found.out, "mend: rondo worker deployment set-current -d " + name + " --build-id b1\n");
  EXPECT_HAS(found.err, "1 problem found");
  out_of(about("set-current", {"--build-id", "b1"}));
  EXPECT_TRUE(eventually([&] { return rondo(doctor()).code == 0; })) << rondo(doctor()).out;
  EXPECT_HAS(out_of(doctor()), "all is well");
  EXPECT_HAS(out_of(doctor({"-o", "json"})), "\"ok\": true");
}

TEST_F(deployment_command, the_doctor_finds_a_worker_that_is_another_version) {
  {
    auto right = worker_of("b1");
    ASSERT_TRUE(is_known("b1"));
    out_of(about("set-current", {"--build-id", "b1"}));
  }
  auto wrong = worker_of("b2");
  ASSERT_TRUE(is_known("b2"));
  client.start_workflow<answers>(start()).get();
  // Servers remember pollers for a while, so the one that left may count as there.
  const auto found = rondo(doctor({"--build-id", "b2"}));
  EXPECT_HAS(found.out, "(not_current)");
  EXPECT_HAS(found.out, "'" + name + ":b2' is not current; 'b1' is");
  const auto unknown = rondo(doctor({"--build-id", "b3"}));
  EXPECT_EQ(unknown.code, 1);
  EXPECT_HAS(unknown.out, "the server does not know version '" + name + ":b3' (unknown_version)");
}

TEST_F(deployment_command, the_doctor_finds_work_that_nobody_takes) {
  client.start_workflow<answers>(start()).get();
  const auto see = [&] { return rondo({"doctor", "-t", queue}); };
  EXPECT_TRUE(eventually([&] { return see().code == 1; })) << see().out;
  EXPECT_HAS(see().out,
             "work waits in task queue '" + queue + "' (1 task), and no worker polls (backlog_without_worker)");
  EXPECT_HAS(see().out, ", clocks: ");
}

TEST_F(deployment_command, the_doctor_finds_numbers_that_do_not_fit) {
  EXPECT_HAS(out_of({"doctor", "--timeout", "60s", "--longest-activity", "4s"}), "all is well");
  EXPECT_HAS(error_of({"doctor", "-n", "nowhere-" + name}), "describe namespace 'nowhere-");
  EXPECT_HAS(error_of({"doctor", "--timeout", "soon"}), "--timeout: ");
  EXPECT_HAS(error_of({"doctor", "--build-id", "b1"}), "--build-id needs --deployment-name");
  const auto found = rondo({"doctor", "--timeout", "3s", "-o", "json"});
  EXPECT_EQ(found.code, 1);
  EXPECT_HAS(found.out, "\"id\": \"timeout_too_short\"");
  EXPECT_HAS(found.out, "--timeout 67\"");
}

TEST_F(deployment_command, the_doctor_finds_a_version_whose_worker_never_polled) {
  if (is_old_server()) GTEST_SKIP() << "this server knows versions by their workers alone";
  words with_compute{"--build-id", "b1"};
  with_compute.insert(with_compute.end(), compute.begin(), compute.end());
  out_of(about("create-version", with_compute));
  out_of(about("set-current", {"--build-id", "b1", "--allow-no-pollers"}));
  const auto found = rondo(doctor());
  EXPECT_EQ(found.code, 1);
  EXPECT_HAS(found.out, "(version_without_queues)");
  // Ours does not call providers.
  const bool ours = std::string_view(std::getenv("RONDO_TEST_SERVER")) != "stock";
  EXPECT_EQ(found.out.find("(server_starts_no_workers)") != std::string::npos, ours) << found.out;
}

}  // namespace deployment_command_test
}  // namespace rondo::test::deployment_commands
