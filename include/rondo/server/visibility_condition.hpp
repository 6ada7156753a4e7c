#pragma once

#include <temporal/api/enums/v1/common.pb.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/server/search_attributes.hpp"
#include "rondo/server/time.hpp"
#include "rondo/server/visibility_filter.hpp"

// What visibility_filter.hpp is made of: bound by impl/visibility_binding.hpp, evaluated by impl/visibility_filter.hpp.
namespace rondo::server {

namespace detail_visibility_filter {

enum class field : std::uint8_t {
  attribute,
  workflow_id,
  run_id,
  workflow_type,
  task_queue,
  status,
  start_time,
  execution_time,
  close_time,
  history_length,
  history_size,
  execution_duration,
  transitions,
  parent_workflow_id,
  parent_run_id,
  root_workflow_id,
  root_run_id,
};

inline field field_of(std::string_view name) noexcept {
  static constexpr std::pair<std::string_view, field> fields[] = {
      {"WorkflowId", field::workflow_id},
      {"RunId", field::run_id},
      {"WorkflowType", field::workflow_type},
      {"TaskQueue", field::task_queue},
      {"ExecutionStatus", field::status},
      {"StartTime", field::start_time},
      {"ExecutionTime", field::execution_time},
      {"CloseTime", field::close_time},
      {"HistoryLength", field::history_length},
      {"HistorySizeBytes", field::history_size},
      {"ExecutionDuration", field::execution_duration},
      {"StateTransitionCount", field::transitions},
      {"ParentWorkflowId", field::parent_workflow_id},
      {"ParentRunId", field::parent_run_id},
      {"RootWorkflowId", field::root_workflow_id},
      {"RootRunId", field::root_run_id},
  };
  for (const auto& [known, which] : fields) {
    if (known == name) return which;
  }
  return field::attribute;
}

/// One side of a comparison: what a run has, or what the query says.
struct operand {
  enum class kind : std::uint8_t {
    null,
    text,
    whole,
    real,
    time,
    below,  // before every value of the attribute
    above,  // after every value of the attribute
  };
  kind is = kind::null;
  std::string_view text;
  std::int64_t whole = 0;
  double real = 0;
  /// What `text` looks at, and lists.
  attribute_value kept;

  operand() = default;
  operand(const operand&) = delete;
  operand& operator=(const operand&) = delete;

  void set_text(std::string_view value) noexcept {
    is = kind::text;
    text = value;
  }
  /// Parts of runs that are missing are empty texts.
  void set_name(std::string_view value) noexcept {
    if (!value.empty()) set_text(value);
  }
  void set_whole(std::int64_t value) noexcept {
    is = kind::whole;
    whole = value;
  }
  void set_real(double value) noexcept {
    is = kind::real;
    real = value;
  }
  /// To the microsecond, which is what servers keep.
  void set_time(instant value) noexcept {
    is = kind::time;
    whole = value / microsecond;
  }
};

inline char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// The words of a text: letters, digits and everything beyond ASCII, without case.
inline std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  bool inside = false;
  for (const char each : text) {
    const char c = lower(each);
    const bool part = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
    if (part && !inside) words.emplace_back();
    if (part) words.back() += c;
    inside = part;
  }
  return words;
}

}  // namespace detail_visibility_filter

struct visibility_filter::condition {
  using operand = detail_visibility_filter::operand;
  enum class kind : std::uint8_t { all, any, negation, comparison, in, range, missing, prefix, words, contains };

  kind is = kind::all;
  bool negated = false;
  detail_visibility_filter::field field = detail_visibility_filter::field::attribute;
  std::string name;
  enums::IndexedValueType type = enums::INDEXED_VALUE_TYPE_UNSPECIFIED;
  /// Of a comparison: "=", "!=", "<", ...
  std::string how;
  std::vector<std::unique_ptr<operand>> values;
  std::vector<std::vector<std::string>> phrases;
  std::vector<std::unique_ptr<condition>> parts;
};

}  // namespace rondo::server
