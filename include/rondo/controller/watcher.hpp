#pragma once

#include <temporal/api/enums/v1/deployment.pb.h>
#include <temporal/api/enums/v1/task_queue.pb.h>
#include <temporal/api/taskqueue/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <algorithm>
#include <array>
#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/controller/scaling/observation.hpp"
#include "rondo/controller/target.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/retry.hpp"
#include "rondo/rpc_error.hpp"

namespace rondo::controller {

/// Remembers the statistics of a target's last look.
class statistics_memory {
 public:
  /// Since when they are the same; 0: they are new.
  milliseconds_since_epoch unchanged_since(const std::string& statistics, milliseconds_since_epoch now) {
    if (since_ != 0 && statistics == last_) return since_;
    last_ = statistics;
    since_ = now;
    return 0;
  }

 private:
  std::string last_;
  milliseconds_since_epoch since_ = 0;
};

/// Asks the server what waits in a target's task queues, and who polls them.
class watcher {
 public:
  watcher(std::shared_ptr<rondo::detail::io::connection> through, const target_config& target)
      : connection_(std::move(through)), target_(target) {}

  /// Throws rpc_error.
  asio::awaitable<observation> look() {
    found_ = {};
    statistics_.clear();
    polls_.clear();
    waits_ = waits_for_limit_ = false;
    if (target_.version.empty()) {
      for (const auto& queue : target_.task_queues) {
        for (const auto type : types()) co_await look_at_queue(queue, type, /*with_statistics=*/true);
      }
    } else {
      co_await look_at_version();
    }
    for (const auto& each : polls_) {
      if (found_.polls.size() < most_polls) found_.polls.push_back(each.second);
    }
    found_.rate_limited = waits_ && waits_for_limit_;
    co_return found_;
  }
  /// The statistics of the last look as the server sent them, to be compared with others.
  std::string statistics_seen() const {
    std::string all;
    for (const auto& each : statistics_) all += each.second;
    return all;
  }

 private:
  // Aliases in the class, as the namespace of the library has others of the same names.
  using queue_type = temporal::api::enums::v1::TaskQueueType;
  using describe_queue_request = temporal::api::workflowservice::v1::DescribeTaskQueueRequest;
  using describe_queue_response = temporal::api::workflowservice::v1::DescribeTaskQueueResponse;
  using describe_version_request = temporal::api::workflowservice::v1::DescribeWorkerDeploymentVersionRequest;
  using describe_version_response = temporal::api::workflowservice::v1::DescribeWorkerDeploymentVersionResponse;
  using statistics = temporal::api::taskqueue::v1::TaskQueueStats;
  using poller = temporal::api::taskqueue::v1::PollerInfo;

  static constexpr std::size_t most_polls = 200;

  std::vector<queue_type> types() const {
    std::vector<queue_type> all{temporal::api::enums::v1::TASK_QUEUE_TYPE_WORKFLOW,
                                temporal::api::enums::v1::TASK_QUEUE_TYPE_ACTIVITY};
    if (target_.nexus) all.push_back(temporal::api::enums::v1::TASK_QUEUE_TYPE_NEXUS);
    return all;
  }

  template <class Response, class Request>
  asio::awaitable<rondo::detail::io::rpc_reply<Response>> call(std::string_view method, const Request& request) {
    rondo::detail::io::retry_options how(rondo::detail::io::rpc_class::unary);
    auto reply = co_await rondo::detail::io::call<Response>(*connection_, method, request, std::move(how));
    co_return reply;
  }
  [[noreturn]] void fail(std::string_view what, const rpc_status& status) const {
    throw rpc_error("cannot look at target '" + target_.name + "': " + std::string(what) + ": " + status.message,
                    status);
  }

  asio::awaitable<void> look_at_queue(std::string queue, queue_type type, bool with_statistics) {
    describe_queue_request request;
    request.set_namespace_(target_.namespace_);
    request.mutable_task_queue()->set_name(queue);
    request.mutable_task_queue()->set_kind(temporal::api::enums::v1::TASK_QUEUE_KIND_NORMAL);
    request.set_task_queue_type(type);
    request.set_report_stats(with_statistics);
    const auto reply = co_await call<describe_queue_response>("DescribeTaskQueue", request);
    // A queue that nobody has used yet is empty.
    if (reply.status.code == rpc_code::not_found && reply.status.message.find("amespace") == std::string::npos) {
      co_return;
    }
    if (!reply.status.ok()) fail("task queue '" + queue + "'", reply.status);
    if (with_statistics) add(queue, type, reply.response.stats());
    for (const auto& each : reply.response.pollers()) {
      if (is_ours(each)) add(each);
    }
  }

  asio::awaitable<void> look_at_version() {
    describe_version_request request;
    request.set_namespace_(target_.namespace_);
    auto& version = *request.mutable_deployment_version();
    version.set_deployment_name(target_.version.deployment_name);
    version.set_build_id(target_.version.build_id);
    request.set_version(target_.version.deployment_name + "." + target_.version.build_id);
    request.set_report_task_queue_stats(true);
    const auto reply = co_await call<describe_version_response>("DescribeWorkerDeploymentVersion", request);
    if (reply.status.code == rpc_code::not_found && reply.status.message.find("amespace") == std::string::npos) {
      found_.registered = false;
      co_return;
    }
    if (!reply.status.ok()) fail("deployment version", reply.status);
    std::set<std::pair<std::string, queue_type>> queues;
    for (const auto& queue : target_.task_queues) {
      for (const auto type : types()) queues.emplace(queue, type);
    }
    for (const auto& each : reply.response.version_task_queues()) {
      add(each.name(), each.type(), each.stats());
      queues.emplace(each.name(), each.type());
    }
    // What a version has, it got from its workers.
    found_.registered = reply.response.version_task_queues_size() > 0;
    for (const auto& [queue, type] : queues) co_await look_at_queue(queue, type, /*with_statistics=*/false);
  }

  bool is_ours(const poller& of) const {
    const auto& options = of.deployment_options();
    const bool versioned =
        options.worker_versioning_mode() == temporal::api::enums::v1::WORKER_VERSIONING_MODE_VERSIONED;
    if (target_.version.empty()) return !versioned;
    return versioned && options.deployment_name() == target_.version.deployment_name &&
           options.build_id() == target_.version.build_id;
  }
  void add(const poller& of) {
    const std::int64_t when = of.last_access_time().seconds() * 1'000 + of.last_access_time().nanos() / 1'000'000;
    auto& last = polls_[of.identity()];
    last = std::max(last, when);
  }
  void add(const std::string& queue, queue_type type, const statistics& of) {
    statistics_[{queue, type}] = of.SerializeAsString();
    std::size_t kind = 0;
    if (type == temporal::api::enums::v1::TASK_QUEUE_TYPE_ACTIVITY) kind = 1;
    if (type == temporal::api::enums::v1::TASK_QUEUE_TYPE_NEXUS) kind = 2;
    auto& into = found_.rates.kinds[kind];
    if (!into) into.emplace();
    into->backlog += static_cast<double>(of.approximate_backlog_count());
    into->arrival += static_cast<double>(of.tasks_add_rate());
    into->dispatch += static_cast<double>(of.tasks_dispatch_rate());
    if (of.approximate_backlog_count() <= 0) return;
    waits_for_limit_ = of.rate_limiting_active() && (waits_for_limit_ || !waits_);
    waits_ = true;
  }

  std::shared_ptr<rondo::detail::io::connection> connection_;
  const target_config& target_;
  observation found_;
  /// By task queue, as the server names those of a version in any order.
  std::map<std::pair<std::string, queue_type>, std::string> statistics_;
  std::map<std::string, milliseconds_since_epoch> polls_;
  bool waits_ = false;
  bool waits_for_limit_ = false;
};

}  // namespace rondo::controller
