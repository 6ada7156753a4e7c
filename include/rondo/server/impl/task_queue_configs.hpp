#pragma once

#include "rondo/server/task_queue_configs.hpp"

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <charconv>
#include <cstddef>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "rondo/server/frontend.hpp"
#include "rondo/server/matching.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/request_checks.hpp"
#include "rondo/server/time.hpp"

namespace rondo::server {

namespace detail_task_queue_configs {

namespace service = temporal::api::workflowservice::v1;
namespace enums = temporal::api::enums::v1;
using config = task_queue_configs::config;
using key = task_queue_configs::key;
using rate_update = service::UpdateTaskQueueConfigRequest::RateLimitUpdate;

inline constexpr std::string_view stored_prefix = "task-queue-config/";
inline constexpr std::size_t longest_reason = 1000;
inline constexpr std::size_t longest_fairness_key = 64;
/// Of a queue, and of a request.
inline constexpr std::size_t most_weights = 1000;

/// The name comes last, for there may be anything in it.
inline std::string stored_name(const key& of) {
  std::string name(stored_prefix);
  name.append(of.namespace_id).append("/").append(std::to_string(static_cast<int>(of.type))).append("/");
  return name.append(of.name);
}

inline key read_name(std::string_view stored) {
  stored.remove_prefix(stored_prefix.size());
  const auto first = stored.find('/');
  const auto second = first == std::string_view::npos ? first : stored.find('/', first + 1);
  int type = 0;
  if (second == std::string_view::npos ||
      std::from_chars(stored.data() + first + 1, stored.data() + second, type).ptr != stored.data() + second) {
    throw std::runtime_error("rondo: the store holds the configuration of a task queue that cannot be read");
  }
  return {std::string(stored.substr(0, first)), std::string(stored.substr(second + 1)),
          static_cast<enums::TaskQueueType>(type)};
}

inline void check_rate(const rate_update& update, const std::string& name, enums::TaskQueueType type,
                       const char* refused_for_workflows) {
  if (!update.has_rate_limit()) return;
  if (type == enums::TASK_QUEUE_TYPE_WORKFLOW) refuse_argument(refused_for_workflows);
  if (!(update.rate_limit().requests_per_second() >= 0)) {
    refuse_argument("RequestsPerSecond for " + name + " rate limit must be non-negative.");
  }
  if (update.reason().size() > longest_reason) {
    refuse_argument(name + ".Reason field too long (max " + std::to_string(longest_reason) + " characters).");
  }
}

inline void check_fairness_key(const std::string& fairness_key) {
  if (fairness_key.empty()) refuse_argument("fairness weight override key must not be empty");
  if (fairness_key.size() > longest_fairness_key) refuse_argument("fairness key length exceeds limit");
}

inline void check_weights(const service::UpdateTaskQueueConfigRequest& request) {
  const auto& set = request.set_fairness_weight_overrides();
  const auto& unset = request.unset_fairness_weight_overrides();
  const std::size_t total = set.size() + static_cast<std::size_t>(unset.size());
  if (total > most_weights) {
    refuse_argument("too many fairness weight overrides in request: got " + std::to_string(total) + ", maximum " +
                    std::to_string(most_weights));
  }
  for (const auto& [fairness_key, weight] : set) {
    check_fairness_key(fairness_key);
    if (!(weight > 0)) {
      refuse_argument("invalid fairness weight weight for key \"" + fairness_key + "\": must be greater than zero");
    }
  }
  for (const auto& fairness_key : unset) {
    check_fairness_key(fairness_key);
    if (set.contains(fairness_key)) {
      refuse_argument("fairness weight override key \"" + fairness_key + "\" present in both set and unset lists");
    }
  }
}

inline void check(const core& in, const service::UpdateTaskQueueConfigRequest& request) {
  temporal::api::taskqueue::v1::TaskQueue queue;
  queue.set_name(request.task_queue());
  check_task_queue(in, true, queue);
  if (request.task_queue_type() == enums::TASK_QUEUE_TYPE_UNSPECIFIED ||
      !enums::TaskQueueType_IsValid(request.task_queue_type())) {
    refuse_argument("TaskQueueType is not set on request.");
  }
  check_rate(request.update_queue_rate_limit(), "UpdateQueueRateLimit", request.task_queue_type(),
             "Setting rate limit on workflow task queues is not allowed.");
  check_rate(request.update_fairness_key_rate_limit_default(), "UpdateFairnessKeyRateLimitDefault",
             request.task_queue_type(), "Setting fairness key rate limit on workflow task queues is not allowed.");
  if (request.identity().size() > in.limit().id_length) {
    refuse_argument("Identity field too long (max " + std::to_string(in.limit().id_length) + " characters).");
  }
  check_weights(request);
}

inline void apply(const core& in, const rate_update& update, const std::string& identity,
                  temporal::api::taskqueue::v1::RateLimitConfig& to) {
  to.Clear();
  if (update.has_rate_limit()) *to.mutable_rate_limit() = update.rate_limit();
  to.mutable_metadata()->set_reason(update.reason());
  to.mutable_metadata()->set_update_identity(identity);
  to_proto(in.now(), *to.mutable_metadata()->mutable_update_time());
}

inline void apply_weights(const service::UpdateTaskQueueConfigRequest& request, config& to) {
  auto& weights = *to.mutable_fairness_weight_overrides();
  for (const auto& fairness_key : request.unset_fairness_weight_overrides()) weights.erase(fairness_key);
  for (const auto& [fairness_key, weight] : request.set_fairness_weight_overrides()) weights[fairness_key] = weight;
  if (weights.size() > most_weights) {
    refuse_argument("fairness weight overrides update rejected: exceeding maximum key size");
  }
}

inline service::UpdateTaskQueueConfigResponse update(core& in, const service::UpdateTaskQueueConfigRequest& request) {
  const name_space& space = in.namespaces().get(request.namespace_());
  check(in, request);
  const key which{space.id(), request.task_queue(), request.task_queue_type()};
  const config* before = in.task_queue_configs().find(which);
  config changed = before == nullptr ? config() : *before;
  if (request.has_update_queue_rate_limit()) {
    apply(in, request.update_queue_rate_limit(), request.identity(), *changed.mutable_queue_rate_limit());
  }
  if (request.has_update_fairness_key_rate_limit_default()) {
    apply(in, request.update_fairness_key_rate_limit_default(), request.identity(),
          *changed.mutable_fairness_keys_rate_limit_default());
  }
  apply_weights(request, changed);
  in.task_queue_configs().set(which, changed);
  service::UpdateTaskQueueConfigResponse response;
  *response.mutable_config() = std::move(changed);
  return response;
}

}  // namespace detail_task_queue_configs

RONDO_SERVER_FUNCTION void task_queue_configs::load() {
  using namespace detail_task_queue_configs;
  owner_->store().each_value(stored_prefix, [this](std::string_view name, std::string_view value) {
    config& made = all_[read_name(name)];
    if (!made.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      throw std::runtime_error("rondo: the store holds the configuration of a task queue that cannot be read");
    }
  });
}

RONDO_SERVER_FUNCTION const task_queue_configs::config* task_queue_configs::find(const key& which) const {
  const auto found = all_.find(which);
  return found == all_.end() ? nullptr : &found->second;
}

RONDO_SERVER_FUNCTION const task_queue_configs::config* task_queue_configs::find(const queue_key& which) const {
  using namespace detail_task_queue_configs;
  const auto type =
      which.type == queue_type::activity ? enums::TASK_QUEUE_TYPE_ACTIVITY : enums::TASK_QUEUE_TYPE_WORKFLOW;
  return find(key{which.namespace_id, which.name, type});
}

RONDO_SERVER_FUNCTION void task_queue_configs::set(const key& which, const config& to) {
  using namespace detail_task_queue_configs;
  owner_->put_value(stored_name(which), to.SerializeAsString());
  if (to.ByteSizeLong() == 0) {
    all_.erase(which);
  } else {
    all_[which] = to;
  }
  if (which.type == enums::TASK_QUEUE_TYPE_ACTIVITY) {
    owner_->matching().reconfigure({which.namespace_id, which.name, queue_type::activity});
  } else if (which.type == enums::TASK_QUEUE_TYPE_WORKFLOW) {
    owner_->matching().reconfigure({which.namespace_id, which.name, queue_type::workflow});
  }
}

RONDO_SERVER_FUNCTION void task_queue_configs::forget(const std::string& namespace_id) {
  std::erase_if(all_, [&](const auto& each) {
    if (each.first.namespace_id != namespace_id) return false;
    owner_->put_value(detail_task_queue_configs::stored_name(each.first), {});
    return true;
  });
}

RONDO_SERVER_FUNCTION void serve_task_queue_configs(frontend& at) {
  at.on<temporal::api::workflowservice::v1::UpdateTaskQueueConfigRequest>("UpdateTaskQueueConfig",
                                                                          detail_task_queue_configs::update);
}

}  // namespace rondo::server
