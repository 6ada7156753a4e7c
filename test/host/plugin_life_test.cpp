#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/worker_fixture.hpp"
#include "rondo/plugin.hpp"
#include "rondo/rpc_error.hpp"

namespace plugin_life_test {

using namespace rondo::test;

rondo::task<int> nothing() { co_return 1; }

using told = std::vector<std::string>;

/// Notes when a worker begins and ends.
class noting final : public rondo::plugin {
 public:
  noting(std::string name, std::shared_ptr<told> to) : name_(std::move(name)), told_(std::move(to)) {}
  std::string_view name() const override { return name_; }
  using plugin::configure;
  void configure(rondo::registry& /*app*/, rondo::worker_options& /*options*/) override { ++configured; }
  void begin(const rondo::worker_options& of) override {
    if (fails_to_begin) throw std::runtime_error("the tracer has no license");
    told_->push_back(name_ + " begins for " + of.task_queue);
    if (at_begin) at_begin();
  }
  void end(const rondo::worker_options& of) override {
    told_->push_back(name_ + " ends for " + of.task_queue);
    if (at_end) at_end();
  }

  int configured = 0;
  bool fails_to_begin = false;
  std::function<void()> at_begin{}, at_end{};

 private:
  std::string name_;
  std::shared_ptr<told> told_;
};

/// What the connection is made with, before there is one.
struct plugins {
  std::shared_ptr<told> seen = std::make_shared<told>();
  std::shared_ptr<noting> of_client = std::make_shared<noting>("client", seen);
  std::shared_ptr<noting> of_worker = std::make_shared<noting>("worker", seen);

  rondo::client_options over() const {
    rondo::client_options made;
    made.plugins = {of_client};
    return made;
  }
};

class life_of_plugins : protected plugins, public worker_test {
 protected:
  life_of_plugins() : worker_test(over()) {}
  rondo::worker_options with_plugins() const {
    auto made = options();
    made.plugins = {of_worker, of_client};
    return made;
  }
  static rondo::registry app() { return rondo::registry{}.workflow<nothing>(); }
};

TEST_F(life_of_plugins, lasts_from_before_the_first_call_until_after_the_last) {
  std::size_t calls_before = 7, goodbyes = 7;
  of_client->at_begin = [&] { calls_before = server.count<service::DescribeNamespaceRequest>(); };
  of_worker->at_end = [&] { goodbyes = server.count<service::ShutdownWorkerRequest>(); };
  start(app(), with_plugins());
  EXPECT_EQ(*seen, (told{"client begins for queue", "worker begins for queue"})) << "each once";
  EXPECT_EQ(of_client->configured, 1);
  EXPECT_EQ(of_worker->configured, 1);
  EXPECT_EQ(calls_before, 0U);
  stop();
  EXPECT_EQ(*seen, (told{"client begins for queue", "worker begins for queue", "worker ends for queue",
                         "client ends for queue"}));
  EXPECT_EQ(goodbyes, 1U);
}

TEST_F(life_of_plugins, that_cannot_begin_ends_the_worker_and_those_that_have_begun) {
  of_worker->fails_to_begin = true;
  EXPECT_THROW(start(app(), with_plugins()), std::runtime_error);
  EXPECT_EQ(*seen, (told{"client begins for queue", "client ends for queue"}));
  EXPECT_EQ(server.count<service::DescribeNamespaceRequest>(), 0U);
  EXPECT_EQ(worker->health().state, rondo::worker_state::failed);
  EXPECT_NE(worker->health().problem.find("no license"), std::string::npos) << worker->health().problem;
}

TEST_F(life_of_plugins, ends_when_the_server_refuses_the_worker) {
  server.fail<service::DescribeNamespaceRequest>(rondo::rpc_code::not_found);
  EXPECT_THROW(start(app(), with_plugins()), rondo::rpc_error);
  EXPECT_EQ(seen->size(), 4U);
}

TEST_F(life_of_plugins, whose_end_fails_keeps_no_other_from_its_end) {
  of_worker->at_end = [] { throw std::runtime_error("the collector is gone"); };
  start(app(), with_plugins());
  stop();
  EXPECT_EQ(error, nullptr);
  EXPECT_EQ(seen->back(), "client ends for queue");
  EXPECT_NE(log->text().find("the collector is gone"), std::string::npos);
}

}  // namespace plugin_life_test
