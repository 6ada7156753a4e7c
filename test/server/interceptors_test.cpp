#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "fixture.hpp"
#include "rondo/client/interceptor.hpp"
#include "rondo/client/schedules.hpp"
#include "rondo/interceptor.hpp"
#include "rondo/plugin.hpp"

// Interceptors of clients and workers beside a server, bundled in a plugin, and headers that go through everything.
namespace rondo::test::interceptors_test {

using namespace std::chrono_literals;

constexpr activity_options soon{.start_to_close_timeout = 10s};
constexpr local_activity_options here{.start_to_close_timeout = 10s};

payload json(std::string_view text) {
  payload made;
  made.metadata["encoding"] = "json/plain";
  made.data = text;
  return made;
}
std::string tenant_of(const payload_map& headers) {
  const auto found = headers.find("tenant");
  return found == headers.end() ? "nobody" : found->second.data;
}

std::string whose() { return tenant_of(activity::info().headers); }
int doubled(int value) { return 2 * value; }

task<std::string> child() { co_return tenant_of(workflow::info().headers); }

/// Says whom every part of it works for.
class tenants {
 public:
  task<std::string> run() {
    co_await workflow::wait_condition([this] { return poked_; });
    std::string text = tenant_of(workflow::info().headers);
    text += " " + co_await workflow::execute_activity<whose>(soon);
    text += " " + co_await workflow::execute_local_activity<whose>(here);
    text += " " + co_await workflow::execute_child<child>({});
    text += " " + std::to_string(co_await workflow::execute_activity<doubled>(soon, 4));
    co_return text;
  }
  void poke(int by) { poked_ = by == 7; }
  static constexpr auto handlers = rondo::handlers(signal<&tenants::poke>);

 private:
  bool poked_ = false;
};

struct seen_calls {
  std::mutex mutex;
  std::vector<std::string> calls;
  std::atomic<int> answers = 0, ended = 0;
};

/// Every call of the client is for a tenant, and a signal's number grows by one.
class for_tenant final : public client_interceptor {
 public:
  explicit for_tenant(std::shared_ptr<seen_calls> to) : seen_(std::move(to)) {}
  void outbound(client_call& call) override {
    const std::lock_guard lock(seen_->mutex);
    seen_->calls.push_back(std::string(call.method) + " " + std::string(call.name));
    call.headers.insert_or_assign("tenant", json("\"gold\""));
    if (call.name == "poke") call.arguments.at(0).data = std::to_string(std::stoi(call.arguments[0].data) + 1);
  }
  void answered(const client_answer& answer) override {
    if (answer.method == "StartWorkflowExecution" && answer.status.ok()) ++seen_->answers;
  }

 private:
  std::shared_ptr<seen_calls> seen_;
};

/// The arguments of activities grow by ten, their results by a hundred.
class counts_more final : public activity_interceptor {
 public:
  explicit counts_more(std::shared_ptr<seen_calls> to) : seen_(std::move(to)) {}
  void begin(activity_start& start) override {
    for (auto& each : start.arguments) each.data = std::to_string(std::stoi(each.data) + 10);
  }
  void end(activity_end& how) override {
    ++seen_->ended;
    if (!how.error && how.result.at(0).data[0] != '"') {
      how.result[0].data = std::to_string(std::stoi(how.result[0].data) + 100);
    }
  }

 private:
  std::shared_ptr<seen_calls> seen_;
};
class counts_more_everywhere final : public worker_interceptor {
 public:
  explicit counts_more_everywhere(std::shared_ptr<seen_calls> to) : seen_(std::move(to)) {}
  std::unique_ptr<activity_interceptor> intercept_activity(const activity_info& /*about*/) override {
    return std::make_unique<counts_more>(seen_);
  }

 private:
  std::shared_ptr<seen_calls> seen_;
};

class interceptors : public server_test {};

TEST_F(interceptors, of_a_plugin_see_clients_and_workers) {
  const auto seen = std::make_shared<seen_calls>();
  client_options how;
  how.target = server_address();
  how.plugins.push_back(std::make_shared<simple_plugin>(
      "tenants", [&](client_options& to) { to.interceptors.push_back(std::make_shared<for_tenant>(seen)); },
      [&](registry& app, worker_options& to) {
        app.activity<doubled>();
        to.interceptors.push_back(std::make_shared<counts_more_everywhere>(seen));
        to.propagated_headers = {"tenant"};
      }));
  const auto mine = client::connect(how);
  const auto app = registry().workflow<tenants>().workflow<child>().activity<whose>();
  auto worker_client = client::connect(how);
  worker runs(worker_client, app, options());
  std::thread thread([&runs] { runs.run(); });
  const auto handle = mine.start_workflow<tenants>(start()).get();
  handle.signal<&tenants::poke>(6).get();
  EXPECT_EQ(handle.result().get(), R"("gold" "gold" "gold" "gold" 128)");
  runs.stop();
  thread.join();
  EXPECT_EQ(seen->calls, (std::vector<std::string>{"StartWorkflowExecution tenants", "SignalWorkflowExecution poke",
                                                   "GetWorkflowExecutionHistory "}));
  EXPECT_EQ(seen->answers, 1);
  EXPECT_EQ(seen->ended, 3);
}

class interceptors_of_schedules : public official_server_test {};

TEST_F(interceptors_of_schedules, reach_the_workflows_that_they_start) {
  const auto seen = std::make_shared<seen_calls>();
  client_options how;
  how.target = server_address();
  how.interceptors.push_back(std::make_shared<for_tenant>(seen));
  const auto mine = client::connect(how);
  running_worker worker(registry().workflow<child>(), options());
  schedule rarely;
  rarely.spec.intervals = {{.every = 24h * 365}};
  rarely.action = start_workflow_action<child>({.task_queue = queue});
  const auto handle =
      schedule_client(mine).create("schedule-" + detail::random_uuid(), rarely, {.trigger_immediately = true}).get();
  schedule_description found;
  ASSERT_TRUE(eventually([&] {
    found = handle.describe().get();
    return !found.recent_actions.empty();
  }));
  const auto started = found.recent_actions.at(0).workflow;
  EXPECT_EQ(client.get_workflow_handle(started.workflow_id).result<std::string>().get(), "\"gold\"");
  handle.remove().get();
}

}  // namespace rondo::test::interceptors_test
