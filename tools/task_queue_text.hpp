#pragma once
#include <temporal/api/enums/v1/task_queue.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/printer.hpp"
#include "tools/table.hpp"
#include "tools/time_text.hpp"

// What `task-queue describe` prints.
namespace rondo::tools {

/// One of the queues that share a name: "workflow" or "activity", and what the server says about it.
struct described_queue {
  std::string type;
  temporal::api::workflowservice::v1::DescribeTaskQueueResponse response;
};

/// With at most two decimals.
inline std::string rate_text(double rate) {
  std::array<char, 512> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), rate, std::chars_format::fixed, 2);
  std::string text(digits.data(), end.ptr);
  if (text.find('.') != text.npos) text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text == "-0" ? "0" : text;
}

/// The version that a poller belongs to; empty for one of none.
inline std::string version_text(const temporal::api::taskqueue::v1::PollerInfo& poller) {
  const auto& of = poller.deployment_options();
  if (of.build_id().empty()) return {};
  return of.deployment_name().empty() ? of.build_id() : of.deployment_name() + ":" + of.build_id();
}

inline std::string statistics_table(const std::vector<described_queue>& queues) {
  table rows({{"TaskQueueType"},
              {"ApproximateBacklogCount", align::right},
              {"ApproximateBacklogAge", align::right},
              {"BacklogIncreaseRate", align::right},
              {"TasksAddRate", align::right},
              {"TasksDispatchRate", align::right}});
  for (const auto& [type, response] : queues) {
    if (!response.has_stats()) continue;
    const auto& stats = response.stats();
    rows.add({type, std::to_string(stats.approximate_backlog_count()), text_of(stats.approximate_backlog_age()),
              rate_text(stats.tasks_add_rate() - stats.tasks_dispatch_rate()), rate_text(stats.tasks_add_rate()),
              rate_text(stats.tasks_dispatch_rate())});
  }
  return rows.take_all();
}

inline std::string poller_table(const std::vector<described_queue>& queues, const time_writer& times) {
  table rows({{"TaskQueueType"}, {"Identity"}, {"Version"}, {"LastAccessTime"}, {"RatePerSecond", align::right}});
  for (const auto& [type, response] : queues) {
    for (const auto& poller : response.pollers()) {
      rows.add({type, poller.identity(), version_text(poller), times.text(poller.last_access_time()),
                rate_text(poller.rate_per_second())});
    }
  }
  return rows.take_all();
}

/// The current and ramping version, when the queue has any.
inline std::string versioning_text(const std::vector<described_queue>& queues) {
  property_list list;
  for (const auto& [type, response] : queues) {
    const auto& info = response.versioning_info();
    if (!info.current_deployment_version().build_id().empty()) {
      list.add("Current (" + type + ")", info.current_deployment_version().deployment_name() + ":" +
                                             info.current_deployment_version().build_id());
    }
    if (!info.ramping_deployment_version().build_id().empty()) {
      list.add("Ramping (" + type + ")", info.ramping_deployment_version().deployment_name() + ":" +
                                             info.ramping_deployment_version().build_id() + ", " +
                                             rate_text(info.ramping_version_percentage()) + " %");
    }
  }
  return list.empty() ? std::string() : "Versioning:\n" + list.text();
}

/// {"pollers":[...],"stats":[...]} in one line.
inline std::string task_queue_json(const std::vector<described_queue>& queues) {
  const auto real = [](double value) { return json::dump(value); };
  std::string pollers, stats;
  const auto append = [](std::string& to, const json_object& object) {
    to.append(to.empty() ? "" : ",").append(object.line());
  };
  const time_writer times(time_format::raw);
  for (const auto& [type, response] : queues) {
    for (const auto& poller : response.pollers()) {
      json_object object;
      object.add("taskQueueType", type);
      object.add("identity", poller.identity());
      object.add("version", version_text(poller));
      object.add("lastAccessTime", times.text(poller.last_access_time()));
      object.add_json("ratePerSecond", real(poller.rate_per_second()));
      append(pollers, object);
    }
    if (!response.has_stats()) continue;
    const auto& values = response.stats();
    json_object object;
    object.add("taskQueueType", type);
    object.add_json("approximateBacklogCount", std::to_string(values.approximate_backlog_count()));
    object.add("approximateBacklogAge", text_of(values.approximate_backlog_age()));
    object.add_json("backlogIncreaseRate", real(values.tasks_add_rate() - values.tasks_dispatch_rate()));
    object.add_json("tasksAddRate", real(values.tasks_add_rate()));
    object.add_json("tasksDispatchRate", real(values.tasks_dispatch_rate()));
    append(stats, object);
  }
  return "{\"pollers\":[" + pollers + "],\"stats\":[" + stats + "]}";
}

}  // namespace rondo::tools
