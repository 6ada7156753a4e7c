#pragma once

#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/enums/v1/common.pb.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "rondo/server/clock.hpp"
#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/name_space.hpp"
#include "rondo/server/time.hpp"

namespace rondo::server {

class frontend;

/// The namespaces of a server, with their search attributes. Closed runs that are older than the retention of their
/// namespace go from time to time.
class namespaces {
 public:
  explicit namespaces(core& owner);
  namespaces(const namespaces&) = delete;
  namespaces& operator=(const namespaces&) = delete;
  ~namespaces();

  /// Reads them from the store and makes those of the options that are missing.
  void load();
  /// Null: there is none.
  name_space* find(std::string_view name) noexcept;
  name_space* find_by_id(std::string_view id) noexcept;
  /// Refuses: INVALID_ARGUMENT for an empty name, NOT_FOUND (NamespaceNotFoundFailure) for an unknown one.
  name_space& get(const std::string& name);
  /// In the order of their names.
  void each(const std::function<void(name_space&)>& visit);

  name_space& add(state::Namespace made);
  /// Stores what changed in its state.
  void save(name_space& which);
  /// With all its runs.
  void remove(name_space& which);

  /// System, predefined and custom ones; none when there is no such attribute.
  static std::optional<enums::IndexedValueType> attribute_type(const name_space& in, std::string_view attribute);
  /// Refuses names that are unknown or reserved, values that are not of their type, and too many of them. Adds the type
  /// to the metadata of each payload.
  void check_attributes(const name_space& in, temporal::api::common::v1::SearchAttributes& attributes) const;
  /// Refuses a value that is too large, and too much in all.
  void check_attribute_sizes(const temporal::api::common::v1::SearchAttributes& attributes) const;

  /// A new namespace as the request or the options want it, not added yet.
  state::Namespace make(const std::string& name, interval retention) const;
  /// Identifies this server; the same for all its life.
  const std::string& cluster_id() const noexcept { return cluster_id_; }
  /// Removes what is older than the retention of its namespace.
  void expire();

 private:
  void arm_expiry();

  core* owner_;
  std::map<std::string, std::unique_ptr<name_space>, std::less<>> by_name_;
  std::map<std::string, name_space*, std::less<>> by_id_;
  std::string cluster_id_;
  clock::timer expiry_;
};

/// RegisterNamespace, DescribeNamespace, ListNamespaces, UpdateNamespace, DeprecateNamespace, DeleteNamespace of the
/// OperatorService, and what system.hpp and search_attributes.hpp serve.
void serve_namespaces(frontend& at);

}  // namespace rondo::server
