#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "rondo/client/description.hpp"
#include "rondo/options.hpp"

namespace rondo {

/// What the values of a search attribute are.
enum class search_attribute_type : std::uint8_t {
  unspecified,
  text,
  keyword,
  integer,
  floating,
  boolean,
  datetime,
  keyword_list,
};

/// The search attributes that a namespace has.
struct search_attribute_list {
  /// Those that somebody added, and those that all have.
  std::map<std::string, search_attribute_type> custom{}, system{};
};

enum class namespace_state : std::uint8_t {
  unspecified,
  registered,
  deprecated,  ///< takes no new workflows
  deleted,
};

/// A namespace as lists show it.
struct namespace_summary {
  std::string name{}, id{}, description{}, owner_email{};
  namespace_state state = namespace_state::unspecified;
  /// How long closed workflows are kept.
  duration retention{};
  /// What those who registered it noted.
  std::map<std::string, std::string> data{};
  /// Several clusters have it; `active_cluster` is the one that takes its requests.
  bool is_global = false;
  std::string active_cluster{};
};

/// A name for a place where Nexus operations are handled.
struct nexus_endpoint_spec {
  std::string name{};
  /// For people, in Markdown.
  std::string description{};
  /// Workers of a task queue, in a namespace (empty: that of the client); or an address elsewhere.
  std::string namespace_{}, task_queue{}, url{};
};

struct nexus_endpoint : nexus_endpoint_spec {
  std::string id{};
  /// Goes up with every change.
  std::int64_t version = 0;
  std::optional<server_time> created_time{}, updated_time{};
  /// Where it is called over HTTP.
  std::string url_prefix{};
};

struct cluster_summary {
  std::string name{}, id{}, address{}, http_address{};
  std::int64_t initial_failover_version = 0;
  int history_shard_count = 0;
  bool connection_enabled = false, replication_enabled = false;
};

}  // namespace rondo
