#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/activity_fixture.hpp"
#include "rondo/detail/worker/environment.hpp"
#include "rondo/detail/worker/session.hpp"
#include "rondo/nexus.hpp"
#include "rondo/payload_storage.hpp"
#include "rondo/plugin.hpp"
#include "support/history_builder.hpp"

// What heartbeats tell of a worker beside its workflow tasks and activities.
namespace rondo::test::worker_heartbeat_test {

using namespace std::chrono_literals;
using beat = service::RecordWorkerHeartbeatRequest;
using info = temporal::api::worker::v1::EnvironmentInfo;
using hosting = info::HostingEnvironment;

int one() { return 1; }
void breaks() { throw std::runtime_error("broken"); }

rondo::task<int> calls_both() {
  constexpr local_activity_options once{.start_to_close_timeout = 10s, .retry = retry_policy{.maximum_attempts = 1}};
  const auto broken = co_await workflow::as_result(workflow::execute_local_activity<breaks>(once));
  if (broken) co_return 0;
  co_return co_await workflow::execute_local_activity<one>(once);
}

struct shop {
  static constexpr std::string_view name = "shop";
  static constexpr nexus_operation<int, int> doubled{"doubled"};
  static constexpr nexus_operation<void, void> broken{"broken"};
};

class heartbeats : public activity_worker_test {
 protected:
  heartbeats() { server.about_namespace.mutable_namespace_info()->mutable_capabilities()->set_worker_heartbeats(true); }
  static registry app() {
    registry all;
    all.workflow<calls_both>().activity<one>().activity<breaks>();
    all.nexus_service(nexus_handlers<shop>()
                          .operation(shop::doubled, [](int value) { return value * 2; })
                          .operation(shop::broken, [] { throw std::runtime_error("broken"); }));
    return all;
  }
  static worker_options each_second() {
    auto how = options();
    how.worker_heartbeat_interval = 1s;
    return how;
  }
  temporal::api::worker::v1::WorkerHeartbeat next_beat(const fake_server& at) {
    const auto before = at.count<beat>();
    EXPECT_TRUE(until([&] { return at.count<beat>() > before; }));
    return at.count<beat>() > before ? at.seen<beat>().back().worker_heartbeat(0)
                                     : temporal::api::worker::v1::WorkerHeartbeat();
  }
};

TEST_F(heartbeats, tell_of_requests_of_nexus_callers) {
  using nexus_task = service::PollNexusTaskQueueResponse;
  start(app(), each_second());
  for (const auto* each : {"doubled", "broken"}) {
    nexus_task made;
    made.set_task_token("task");
    auto& begun = *made.mutable_request()->mutable_start_operation();
    begun.set_service("shop");
    begun.set_operation(each);
    (*begun.mutable_payload()->mutable_metadata())["encoding"] = "json/plain";
    begun.mutable_payload()->set_data("1");
    server.give(queue::nexus, made);
  }
  ASSERT_TRUE(until_seen<service::RespondNexusTaskCompletedRequest>());
  ASSERT_TRUE(until_seen<service::RespondNexusTaskFailedRequest>());
  ASSERT_TRUE(until([this] { return idle(); }));
  const auto now = next_beat(server).nexus_task_slots_info();
  EXPECT_EQ(now.total_processed_tasks(), 2);
  EXPECT_EQ(now.total_failed_tasks(), 1);
  EXPECT_EQ(now.current_available_slots(), 2);
  EXPECT_EQ(now.slot_supplier_kind(), "Fixed");
  EXPECT_EQ(worker->health().nexus_slots.limit, 2U);
}

TEST_F(heartbeats, tell_of_attempts_of_local_activities) {
  auto how = each_second();
  how.max_concurrent_local_activities = 5;
  start(app(), how);
  add_run("run", history_builder("calls_both")).offer();
  ASSERT_TRUE(until([this] { return completions() == 1 && idle(); }));
  const auto now = next_beat(server).local_activity_slots_info();
  EXPECT_EQ(now.total_processed_tasks(), 2);
  EXPECT_EQ(now.total_failed_tasks(), 1);
  EXPECT_EQ(now.current_available_slots(), 5);
  EXPECT_EQ(now.current_used_slots(), 0);
  EXPECT_EQ(worker->health().local_activity_slots.limit, 5U);
}

TEST_F(heartbeats, tell_nothing_of_what_the_worker_does_not_run) {
  start(registry().activity<one>(), each_second());
  const auto now = next_beat(server);
  EXPECT_TRUE(now.has_activity_task_slots_info());
  EXPECT_FALSE(now.has_workflow_task_slots_info());
  EXPECT_FALSE(now.has_local_activity_slots_info());
  EXPECT_FALSE(now.has_nexus_task_slots_info());
  EXPECT_EQ(now.plugins_size(), 0);
  EXPECT_EQ(now.drivers_size(), 0);
}

/// Keeps nothing.
class no_place final : public storage_driver {
 public:
  explicit no_place(std::string name) : name_(std::move(name)) {}
  std::string name() const override { return name_; }
  std::string type() const override { return "nowhere"; }
  storage_claim store(std::string_view, const serialization_context&) const override { return {}; }
  std::string retrieve(const storage_claim&, const serialization_context&) const override { return {}; }

 private:
  std::string name_;
};

TEST_F(heartbeats, name_the_plugins_and_the_drivers_of_storage_once) {
  const auto named = [](const char* name) { return std::make_shared<simple_plugin>(name, nullptr); };
  client_options over;
  over.plugins = {named("tracing"), named("secrets")};
  over.data.storage = std::make_shared<payload_storage>(std::vector<std::shared_ptr<const storage_driver>>{
      std::make_shared<no_place>("first"), std::make_shared<no_place>("second")});
  fake_server other(*loop, over);
  auto how = each_second();
  how.plugins = {named("audit"), named("tracing")};
  start(app(), how);
  const auto before = next_beat(server);
  ASSERT_EQ(before.plugins_size(), 2);
  EXPECT_EQ(before.plugins(0).name(), "audit");
  EXPECT_EQ(before.drivers_size(), 0);
  worker->replace_client(client::over(other.connection));
  const auto now = next_beat(other);
  std::vector<std::string> names;
  for (const auto& each : now.plugins()) names.push_back(each.name());
  EXPECT_EQ(names, (std::vector<std::string>{"tracing", "secrets", "audit"}));
  ASSERT_EQ(now.drivers_size(), 1);
  EXPECT_EQ(now.drivers(0).type(), "nowhere");
  stop();
}

TEST_F(heartbeats, tell_where_the_worker_runs) {
  start(app(), each_second());
  const auto now = next_beat(server).environment();
  ASSERT_EQ(now.runtimes_size(), 1);
  EXPECT_EQ(now.runtimes(0).type(), info::Runtime::RUNTIME_TYPE_NATIVE);
  EXPECT_NE(now.platform().variant_case(), info::Platform::VARIANT_NOT_SET);
}

TEST_F(heartbeats, do_not_tell_where_the_worker_runs_when_told_so) {
  auto how = each_second();
  how.heartbeat_environment = false;
  start(app(), how);
  const auto now = next_beat(server);
  EXPECT_FALSE(now.has_environment());
  EXPECT_TRUE(now.has_host_info());
}

/// Where a process with these variables and files runs.
std::vector<hosting::HostingEnvironmentType> hosts_of(const std::map<std::string, std::string>& variables,
                                                      const std::string& file = {}) {
  const detail::worker::environment_reader reader(
      [&](const char* name) {
        const auto at = variables.find(name);
        return at == variables.end() ? nullptr : at->second.c_str();
      },
      [&](const char* path) { return path == file; });
  std::vector<hosting::HostingEnvironmentType> all;
  const auto found = reader.read();
  for (const auto& each : found.hosting_environments()) all.push_back(each.type());
  return all;
}

TEST(environment_reader, knows_hosts_by_their_variables) {
  using types = std::vector<hosting::HostingEnvironmentType>;
  EXPECT_EQ(hosts_of({}), types{});
  EXPECT_EQ(hosts_of({{"AWS_LAMBDA_FUNCTION_NAME", ""}}), types{});
  EXPECT_EQ(hosts_of({{"AWS_LAMBDA_FUNCTION_NAME", "orders"}}), types{hosting::HOSTING_ENVIRONMENT_TYPE_AWS_LAMBDA});
  EXPECT_EQ(hosts_of({{"K_SERVICE", "orders"}}), types{hosting::HOSTING_ENVIRONMENT_TYPE_GOOGLE_CLOUD_RUN});
  EXPECT_EQ(hosts_of({{"ECS_CONTAINER_METADATA_URI", "a"}, {"ECS_CONTAINER_METADATA_URI_V4", "b"}}),
            types{hosting::HOSTING_ENVIRONMENT_TYPE_AWS_ECS});
  EXPECT_EQ(hosts_of({{"KUBERNETES_SERVICE_HOST", "10.0.0.1"}}, "/.dockerenv"),
            (types{hosting::HOSTING_ENVIRONMENT_TYPE_K8S, hosting::HOSTING_ENVIRONMENT_TYPE_DOCKER}));
}

}  // namespace rondo::test::worker_heartbeat_test
