#pragma once

#include "rondo/server/namespaces.hpp"

#include <temporal/api/errordetails/v1/message.pb.h>

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "rondo/server/reading.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/search_attributes.hpp"
#include "rondo/server/system.hpp"
#include "rondo/server/task_queue_configs.hpp"
#include "rondo/server/workers.hpp"

namespace rondo::server {

namespace detail_namespaces {

inline constexpr std::string_view stored_prefix = "namespace/";
inline constexpr std::string_view stored_cluster_id = "cluster/id";

[[noreturn]] inline void refuse(std::string text) { throw refusal(rpc_code::invalid_argument, std::move(text)); }

/// Search attributes that the user's names do not stand for are refused before anything else is looked at.
inline void check_names(const name_space& in, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (built_in_attribute(name) || in.state.custom_search_attributes().contains(name)) continue;
    refuse("Namespace " + in.name() + " has no mapping defined for search attribute " + name);
  }
}

inline bool may_be_set(std::string_view name) noexcept {
  for (const auto& [system, type] : system_attributes()) {
    if (system == name) return false;
  }
  return name != "TemporalWorkerDeployment" && name != "TemporalWorkerDeploymentVersion" &&
         name != "TemporalWorkflowVersioningBehavior";
}

inline void check_value(const name_space& in, const std::string& name, temporal::api::common::v1::Payload& payload) {
  if (!may_be_set(name)) refuse(name + " attribute can't be set in SearchAttributes");
  const auto type = namespaces::attribute_type(in, name).value_or(enums::INDEXED_VALUE_TYPE_UNSPECIFIED);
  if (!decode_attribute(payload, type)) {
    refuse("invalid value for search attribute " + name + " of type " + std::string(type_name(type)) + ": " +
           show_payload(payload));
  }
  (*payload.mutable_metadata())["type"] = std::string(type_name(type));
}

inline std::vector<run*> runs_of(name_space& space, const std::function<bool(const run&)>& wanted) {
  std::vector<run*> found;
  for (const auto& [id, each] : space.runs) {
    if (wanted(*each)) found.push_back(each.get());
  }
  return found;
}

}  // namespace detail_namespaces

RONDO_SERVER_FUNCTION namespaces::namespaces(core& owner) : owner_(&owner) {
  expiry_.on_due = [this] {
    owner_->turn([this] { expire(); });
    arm_expiry();
  };
}

RONDO_SERVER_FUNCTION namespaces::~namespaces() { owner_->clock().disarm(expiry_); }

RONDO_SERVER_FUNCTION void namespaces::load() {
  using namespace detail_namespaces;
  owner_->store().each_value(stored_prefix, [this](std::string_view, std::string_view value) {
    state::Namespace stored;
    if (!stored.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      throw std::runtime_error("rondo: the store holds a namespace that cannot be read; the file is damaged or newer");
    }
    auto made = std::make_unique<name_space>();
    made->state = std::move(stored);
    by_id_[made->id()] = made.get();
    by_name_[made->name()] = std::move(made);
  });
  owner_->store().each_value(stored_cluster_id,
                             [this](std::string_view, std::string_view value) { cluster_id_ = value; });
  if (cluster_id_.empty()) {
    cluster_id_ = owner_->new_uuid();
    owner_->put_value(std::string(stored_cluster_id), cluster_id_);
  }
  std::vector<std::pair<std::string, int>> attributes;
  for (const auto& [name, type] : owner_->settings().search_attributes) {
    const auto known = type_named(type);
    if (!known) throw std::invalid_argument("rondo: search attribute " + name + " has the unknown type " + type);
    attributes.emplace_back(name, static_cast<int>(*known));
  }
  for (const std::string& name : owner_->settings().namespaces) {
    name_space* present = find(name);
    name_space& space = present != nullptr ? *present : add(make(name, owner_->settings().retention));
    try {
      add_attributes(space.state, attributes);
    } catch (const refusal& refused) {
      throw std::invalid_argument(std::string("rondo: ") + refused.what());
    }
    save(space);
  }
}

RONDO_SERVER_FUNCTION state::Namespace namespaces::make(const std::string& name, interval retention) const {
  state::Namespace made;
  made.set_id(owner_->new_uuid());
  made.set_active_cluster(std::string(cluster_name));
  auto& info = *made.mutable_info();
  info.set_name(name);
  info.set_id(made.id());
  info.set_state(enums::NAMESPACE_STATE_REGISTERED);
  auto& config = *made.mutable_config();
  to_proto(retention, *config.mutable_workflow_execution_retention_ttl());
  config.mutable_bad_binaries();
  config.set_history_archival_state(enums::ARCHIVAL_STATE_DISABLED);
  config.set_visibility_archival_state(enums::ARCHIVAL_STATE_DISABLED);
  return made;
}

RONDO_SERVER_FUNCTION name_space* namespaces::find(std::string_view name) noexcept {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second.get();
}

RONDO_SERVER_FUNCTION name_space* namespaces::find_by_id(std::string_view id) noexcept {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

RONDO_SERVER_FUNCTION name_space& namespaces::get(const std::string& name) {
  if (name.empty()) detail_namespaces::refuse("Namespace is empty.");
  if (name_space* found = find(name)) return *found;
  temporal::api::errordetails::v1::NamespaceNotFoundFailure detail;
  detail.set_namespace_(name);
  throw refusal(rpc_code::not_found, "Namespace " + name + " is not found.", detail);
}

RONDO_SERVER_FUNCTION void namespaces::each(const std::function<void(name_space&)>& visit) {
  for (const auto& [name, space] : by_name_) visit(*space);
}

RONDO_SERVER_FUNCTION name_space& namespaces::add(state::Namespace made) {
  auto space = std::make_unique<name_space>();
  space->state = std::move(made);
  name_space& added = *space;
  by_id_[added.id()] = &added;
  by_name_[added.name()] = std::move(space);
  save(added);
  return added;
}

RONDO_SERVER_FUNCTION void namespaces::save(name_space& which) {
  owner_->put_value(std::string(detail_namespaces::stored_prefix) + which.id(), which.state.SerializeAsString());
  arm_expiry();
}

RONDO_SERVER_FUNCTION void namespaces::remove(name_space& which) {
  for (run* each : detail_namespaces::runs_of(which, [](const run&) { return true; })) forget_run(*owner_, *each);
  owner_->store().expire(which.id(), never);
  owner_->put_value(std::string(detail_namespaces::stored_prefix) + which.id(), {});
  owner_->workers().forget(which.id());
  owner_->task_queue_configs().forget(which.id());
  by_id_.erase(which.id());
  by_name_.erase(std::string(which.name()));
}

RONDO_SERVER_FUNCTION std::optional<enums::IndexedValueType> namespaces::attribute_type(const name_space& in,
                                                                                        std::string_view attribute) {
  if (const auto built_in = built_in_attribute(attribute)) return built_in;
  const auto found = in.state.custom_search_attributes().find(std::string(attribute));
  if (found == in.state.custom_search_attributes().end()) return std::nullopt;
  return static_cast<enums::IndexedValueType>(found->second);
}

RONDO_SERVER_FUNCTION void namespaces::check_attributes(const name_space& in,
                                                        temporal::api::common::v1::SearchAttributes& attributes) const {
  using namespace detail_namespaces;
  auto& fields = *attributes.mutable_indexed_fields();
  if (fields.empty()) return;
  std::vector<std::string> names;
  for (const auto& [name, payload] : fields) names.push_back(name);
  std::sort(names.begin(), names.end());
  check_names(in, names);
  const auto& limit = owner_->limit();
  if (names.size() > limit.search_attributes_count) {
    refuse("number of search attributes " + std::to_string(names.size()) + " exceeds limit " +
           std::to_string(limit.search_attributes_count));
  }
  for (const std::string& name : names) check_value(in, name, fields[name]);
}

RONDO_SERVER_FUNCTION void namespaces::check_attribute_sizes(
    const temporal::api::common::v1::SearchAttributes& attributes) const {
  using namespace detail_namespaces;
  const auto& limit = owner_->limit();
  for (const auto& [name, payload] : attributes.indexed_fields()) {
    const std::size_t size = payload.data().size();
    if (size > limit.search_attribute_size) {
      refuse("search attribute " + name + " value size " + std::to_string(size) + " exceeds size limit " +
             std::to_string(limit.search_attribute_size));
    }
  }
  const std::size_t total = attributes.ByteSizeLong();
  if (total > limit.search_attributes_size) {
    refuse("total size of search attributes " + std::to_string(total) + " exceeds size limit " +
           std::to_string(limit.search_attributes_size));
  }
}

RONDO_SERVER_FUNCTION void namespaces::expire() {
  for (const auto& [name, space] : by_name_) {
    const interval retention = from_proto(space->state.config().workflow_execution_retention_ttl());
    const instant before = owner_->now() - retention;
    const auto old = [before](const run& each) { return !each.open() && each.state.close_time() < before; };
    for (run* each : detail_namespaces::runs_of(*space, old)) forget_run(*owner_, *each);
    owner_->store().expire(space->id(), before);
  }
}

RONDO_SERVER_FUNCTION void namespaces::arm_expiry() {
  interval shortest = day;
  for (const auto& [name, space] : by_name_) {
    shortest = std::min(shortest, from_proto(space->state.config().workflow_execution_retention_ttl()));
  }
  // Precise enough for a time that is counted in days, and cheap.
  const interval pause = std::clamp(shortest / 24, minute, hour);
  const instant next = later(owner_->now(), pause);
  if (!expiry_.armed() || expiry_.when() > next) owner_->clock().arm(expiry_, next, clock::kind::limit);
}

}  // namespace rondo::server
