#pragma once

#include "rondo/server/visibility_filter.hpp"

#include <temporal/api/enums/v1/workflow.pb.h>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "rondo/server/run_status.hpp"
#include "rondo/server/search_attributes.hpp"
#include "rondo/server/time.hpp"
#include "rondo/server/visibility_condition.hpp"

namespace rondo::server {

namespace detail_visibility_filter {

using condition = visibility_filter::condition;

/// SQL's: a comparison with an attribute that a run does not have is neither true nor false.
enum class truth : std::uint8_t { no, yes, unknown };

inline truth truth_of(bool holds) noexcept { return holds ? truth::yes : truth::no; }
inline truth opposite(truth of) noexcept {
  if (of == truth::unknown) return of;
  return truth_of(of == truth::no);
}

inline std::strong_ordering compare(const operand& a, const operand& b) noexcept {
  if (b.is == operand::kind::below) return std::strong_ordering::greater;
  if (b.is == operand::kind::above) return std::strong_ordering::less;
  if (a.is == operand::kind::text && b.is == operand::kind::text) return a.text <=> b.text;
  if (a.is == operand::kind::time || (a.is == operand::kind::whole && b.is == operand::kind::whole)) {
    return a.whole <=> b.whole;
  }
  const auto wide = [](const operand& of) {
    return of.is == operand::kind::real ? static_cast<long double>(of.real) : static_cast<long double>(of.whole);
  };
  if (wide(a) < wide(b)) return std::strong_ordering::less;
  return wide(a) > wide(b) ? std::strong_ordering::greater : std::strong_ordering::equal;
}

inline bool has_phrase(const std::vector<std::string>& words, const std::vector<std::string>& phrase) {
  return !phrase.empty() && std::search(words.begin(), words.end(), phrase.begin(), phrase.end()) != words.end();
}

inline void read_attribute(const state::Run& which, const condition& of, operand& into) {
  const auto& fields = which.search_attributes().indexed_fields();
  const auto found = fields.find(of.name);
  if (found == fields.end()) return;
  auto value = decode_attribute(found->second, of.type);
  if (!value) return;
  into.kept = std::move(*value);
  if (const auto* text = std::get_if<std::string>(&into.kept)) {
    into.set_text(*text);
  } else if (const auto* whole = std::get_if<std::int64_t>(&into.kept)) {
    into.set_whole(*whole);
  } else if (const auto* real = std::get_if<double>(&into.kept)) {
    into.set_real(*real);
  } else if (const auto* yes = std::get_if<bool>(&into.kept)) {
    into.set_whole(*yes ? 1 : 0);
  } else if (const auto* time = std::get_if<attribute_time>(&into.kept)) {
    into.set_time(time->at);
  }
}

inline bool is_open(const state::Run& which) noexcept { return is_open_status(which.status()); }

/// What is only known of runs that have ended is missing before.
inline void read_closed(const state::Run& which, std::int64_t value, operand& into) noexcept {
  if (!is_open(which)) into.set_whole(value);
}

inline void read(const state::Run& which, const condition& of, operand& into) {
  switch (of.field) {
    case field::attribute:
      return read_attribute(which, of, into);
    case field::workflow_id:
      return into.set_name(which.workflow_id());
    case field::run_id:
      return into.set_name(which.run_id());
    case field::workflow_type:
      return into.set_name(which.type());
    case field::task_queue:
      return into.set_name(which.task_queue());
    case field::status:
      return into.set_whole(which.status());
    case field::start_time:
      return into.set_time(which.start_time());
    case field::execution_time:
      return into.set_time(which.execution_time() == 0 ? which.start_time() : which.execution_time());
    case field::close_time:
      // Open runs close later than all others.
      return into.set_time(is_open(which) ? never : which.close_time());
    case field::history_length:
      return read_closed(which, which.history_length(), into);
    case field::history_size:
      return read_closed(which, which.history_size(), into);
    case field::execution_duration:
      return read_closed(
          which, which.close_time() - (which.execution_time() == 0 ? which.start_time() : which.execution_time()),
          into);
    case field::transitions:
      return read_closed(which, which.state_transition_count(), into);
    case field::parent_workflow_id:
      return into.set_name(which.parent().workflow_id());
    case field::parent_run_id:
      return into.set_name(which.parent().run_id());
    case field::root_workflow_id:
      return into.set_name(which.root_workflow_id().empty() ? which.workflow_id() : which.root_workflow_id());
    case field::root_run_id:
      return into.set_name(which.root_run_id().empty() ? which.run_id() : which.root_run_id());
  }
}

inline bool holds(const std::string& how, std::strong_ordering order) noexcept {
  if (how == "=") return order == 0;
  if (how == "!=") return order != 0;
  if (how == "<") return order < 0;
  if (how == "<=") return order <= 0;
  return how == ">" ? order > 0 : order >= 0;
}

inline bool has_prefix(const operand& value, const operand& prefix) {
  if (value.is == operand::kind::text) return value.text.starts_with(prefix.text);
  return value.is == operand::kind::whole && std::to_string(value.whole).starts_with(prefix.text);
}

/// Conditions of one value that the run has.
inline bool value_holds(const condition& of, const operand& value) {
  switch (of.is) {
    case condition::kind::comparison:
      return holds(of.how, compare(value, *of.values.front()));
    case condition::kind::in:
      return std::any_of(of.values.begin(), of.values.end(),
                         [&value](const auto& each) { return compare(value, *each) == 0; });
    case condition::kind::range:
      return compare(value, *of.values[0]) >= 0 && compare(value, *of.values[1]) <= 0;
    default:
      return has_prefix(value, *of.values.front());
  }
}

inline bool contains(const condition& of, const operand& value) {
  const auto* list = std::get_if<std::vector<std::string>>(&value.kept);
  if (list == nullptr) return false;
  return std::any_of(of.values.begin(), of.values.end(), [list](const auto& each) {
    return std::find(list->begin(), list->end(), each->text) != list->end();
  });
}

inline bool is_missing(const state::Run& which, const condition& of, const operand& value) {
  if (of.field == field::close_time) return is_open(which);
  return value.is == operand::kind::null && !std::holds_alternative<std::vector<std::string>>(value.kept);
}

inline truth evaluate(const condition& of, const state::Run& which);

inline truth evaluate_parts(const condition& of, const state::Run& which, truth deciding) {
  truth result = opposite(deciding);
  for (const auto& each : of.parts) {
    const truth one = evaluate(*each, which);
    if (one == deciding) return one;
    if (one == truth::unknown) result = one;
  }
  return result;
}

inline truth evaluate(const condition& of, const state::Run& which) {
  switch (of.is) {
    case condition::kind::all:
      return evaluate_parts(of, which, truth::no);
    case condition::kind::any:
      return evaluate_parts(of, which, truth::yes);
    case condition::kind::negation:
      return opposite(evaluate(*of.parts.front(), which));
    default:
      break;
  }
  operand value;
  read(which, of, value);
  if (of.is == condition::kind::missing) return truth_of(is_missing(which, of, value) != of.negated);
  if (of.is == condition::kind::contains) return truth_of(contains(of, value) != of.negated);
  if (of.is == condition::kind::words) {
    const auto words = words_of(value.text);
    const bool found = std::any_of(of.phrases.begin(), of.phrases.end(),
                                   [&words](const auto& phrase) { return has_phrase(words, phrase); });
    return truth_of(found != of.negated);
  }
  if (value.is == operand::kind::null) return truth::unknown;
  return truth_of(value_holds(of, value) != of.negated);
}

/// Whether a run that is open (or closed) can fulfil the condition, as far as that can be told without the run.
inline bool is_possible(const condition& of, bool open) {
  if (of.is == condition::kind::all) {
    return std::all_of(of.parts.begin(), of.parts.end(), [open](const auto& each) { return is_possible(*each, open); });
  }
  if (of.is == condition::kind::any) {
    return std::any_of(of.parts.begin(), of.parts.end(), [open](const auto& each) { return is_possible(*each, open); });
  }
  if (of.is == condition::kind::missing && of.field == field::close_time) return open != of.negated;
  const bool decides =
      of.is == condition::kind::comparison || of.is == condition::kind::in || of.is == condition::kind::range;
  if (!decides || of.field != field::status) return true;
  for (int status = enums::WorkflowExecutionStatus_MIN; status <= enums::WorkflowExecutionStatus_MAX; ++status) {
    if (is_open_status(static_cast<enums::WorkflowExecutionStatus>(status)) != open) continue;
    operand value;
    value.set_whole(status);
    if (value_holds(of, value) != of.negated) return true;
  }
  return false;
}

}  // namespace detail_visibility_filter

RONDO_SERVER_FUNCTION visibility_filter::~visibility_filter() = default;

RONDO_SERVER_FUNCTION bool visibility_filter::matches(const state::Run& which) const {
  using detail_visibility_filter::truth;
  if (!divisions_named_ && which.has_search_attributes() &&
      which.search_attributes().indexed_fields().contains("TemporalNamespaceDivision")) {
    return false;
  }
  return root_ == nullptr || detail_visibility_filter::evaluate(*root_, which) == truth::yes;
}

RONDO_SERVER_FUNCTION bool visibility_filter::may_match_open() const noexcept {
  return root_ == nullptr || detail_visibility_filter::is_possible(*root_, true);
}

RONDO_SERVER_FUNCTION bool visibility_filter::may_match_closed() const noexcept {
  return root_ == nullptr || detail_visibility_filter::is_possible(*root_, false);
}

}  // namespace rondo::server
