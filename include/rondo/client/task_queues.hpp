#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/client/task_queue_description.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/task_queues.hpp"

namespace rondo {

/// Task queues: who polls them, what waits in them, what limits them. The client must live while it is used. Whether a
/// version of workers is still needed by workflows is told by deployment_client.
class task_queue_client {
 public:
  explicit task_queue_client(const client& through) : session_(through.session()) {}

  call<task_queue_description> describe(std::string_view name, task_queue_kind kind = task_queue_kind::workflow,
                                        const describe_task_queue_options& options = {}) const {
    auto request = detail::calls::new_request<detail::calls::service::DescribeTaskQueueRequest>(*session_);
    request.mutable_task_queue()->set_name(std::string(name));
    request.mutable_task_queue()->set_kind(temporal::api::enums::v1::TASK_QUEUE_KIND_NORMAL);
    request.set_task_queue_type(detail::calls::wire_of(kind));
    request.set_report_stats(options.stats);
    request.set_report_config(options.config);
    auto what = detail::calls::queue_call(*session_, std::move(request), "describe", name);
    return detail::calls::make_reading_call(
        session_, std::move(what), [](const auto& response) { return detail::calls::description_of(response); });
  }
  /// Sets limits of rates and weights of fairness keys; gives what is set then.
  call<task_queue_config> update_config(std::string_view name, task_queue_kind kind,
                                        const task_queue_config_change& change) const {
    auto what = detail::calls::make_config_change(*session_, name, kind, change);
    return detail::calls::make_reading_call(
        session_, std::move(what), [](const auto& response) { return detail::calls::config_of(response.config()); });
  }
  call<task_queue_partitions> partitions(std::string_view name) const {
    auto request = detail::calls::new_request<detail::calls::service::ListTaskQueuePartitionsRequest>(*session_);
    request.mutable_task_queue()->set_name(std::string(name));
    auto what = detail::calls::queue_call(*session_, std::move(request), "list the partitions of", name);
    return detail::calls::make_reading_call(session_, std::move(what), [](const auto& response) {
      task_queue_partitions found;
      for (const auto& each : response.workflow_task_queue_partitions()) {
        found.workflow.push_back({.key = each.key(), .owner_host_name = each.owner_host_name()});
      }
      for (const auto& each : response.activity_task_queue_partitions()) {
        found.activity.push_back({.key = each.key(), .owner_host_name = each.owner_host_name()});
      }
      return found;
    });
  }

 private:
  detail::calls::session_ptr session_;
};

}  // namespace rondo
