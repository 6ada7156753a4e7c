#pragma once

#include <rondo/server/state.pb.h>
#include <temporal/api/enums/v1/common.pb.h>

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "rondo/server/config.hpp"

namespace rondo::server {

/// What a visibility query asks for, ready to be held against runs.
class visibility_filter {
 public:
  using attribute_types =
      std::function<std::optional<temporal::api::enums::v1::IndexedValueType>(std::string_view name)>;

  /// Refuses (INVALID_ARGUMENT) what is no query, unknown attributes, and values that are not of their type.
  visibility_filter(std::string_view query, const attribute_types& types);
  visibility_filter(const visibility_filter&) = delete;
  visibility_filter& operator=(const visibility_filter&) = delete;
  ~visibility_filter();

  bool matches(const state::Run& which) const;
  /// False: no run that is open, or closed, can match, so that nobody has to look at them.
  bool may_match_open() const noexcept;
  bool may_match_closed() const noexcept;
  /// GROUP BY ExecutionStatus.
  bool grouped() const noexcept { return grouped_; }

  struct condition;

 private:
  std::unique_ptr<const condition> root_;
  bool grouped_ = false;
  /// Runs of the system's own divisions are shown to those alone who ask for them.
  bool divisions_named_ = false;
};

}  // namespace rondo::server
