#pragma once

#include <temporal/api/enums/v1/workflow.pb.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "rondo/detail/base/rfc3339.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/search_attributes.hpp"
#include "rondo/server/time.hpp"
#include "rondo/server/visibility_condition.hpp"
#include "rondo/server/visibility_duration.hpp"
#include "rondo/server/visibility_filter.hpp"
#include "rondo/server/visibility_syntax.hpp"

namespace rondo::server {

namespace detail_visibility_binding {

using namespace detail_visibility_filter;
using condition = visibility_filter::condition;
using visibility_syntax::expression;
using visibility_syntax::form;

/// Turns the expressions of a query into conditions.
class binder {
 public:
  explicit binder(const visibility_filter::attribute_types& types) : types_(&types) {}

  bool divisions_named() const noexcept { return divisions_named_; }

  std::unique_ptr<condition> bind(const expression& what) {
    switch (what.kind) {
      case form::group:
        return bind(what.parts.front());
      case form::all:
        return joined(condition::kind::all, what);
      case form::any:
        return joined(condition::kind::any, what);
      case form::negation:
        return joined(condition::kind::negation, what);
      case form::comparison:
        return comparison(what);
      case form::range:
        return range(what);
      case form::test:
        return test(what);
      case form::call:
        refuse("operation is not supported: function expression");
      case form::column:
        refuse("invalid expression: incomplete expression");
      default:
        refuse("operation is not supported: expression that is " + std::string(describe(what.kind)));
    }
  }

  void check_group(const std::vector<expression>& by) {
    if (by.size() > 1) refuse("operation is not supported: 'group by' clause supports only a single field");
    if (column(by.front())->field != field::status) {
      refuse("operation is not supported: 'group by' clause is only supported for ExecutionStatus search attribute");
    }
  }

  [[noreturn]] static void refuse(const std::string& text) {
    throw refusal(rpc_code::invalid_argument, "invalid query: " + text);
  }

 private:
  std::unique_ptr<condition> joined(condition::kind is, const expression& what) {
    auto made = std::make_unique<condition>();
    made->is = is;
    for (const expression& each : what.parts) made->parts.push_back(bind(each));
    return made;
  }

  /// A condition of the column that still lacks its kind and values.
  std::unique_ptr<condition> column(const expression& what) {
    if (what.kind != form::column) {
      refuse("invalid expression: must be a column name but was " + std::string(describe(what.kind)));
    }
    auto made = std::make_unique<condition>();
    made->name = what.text;
    auto type = (*types_)(what.text);
    if (!type && what.text == "ScheduleId") {
      // Schedules are workflows whose ids begin with the same words.
      type = enums::INDEXED_VALUE_TYPE_KEYWORD;
      made->name = "WorkflowId";
      id_prefix_ = "temporal-sys-scheduler:";
    } else {
      id_prefix_ = "";
    }
    if (!type) refuse("invalid expression: column name '" + what.text + "' is not a valid search attribute");
    made->type = *type;
    made->field = field_of(made->name);
    divisions_named_ = divisions_named_ || made->name == "TemporalNamespaceDivision";
    return made;
  }

  std::unique_ptr<condition> comparison(const expression& what) {
    const expression& right = what.parts[1];
    const bool negated = what.text == "!=" || what.text.starts_with("not ");
    const bool prefix = what.text.ends_with("starts_with");
    const bool list = what.text.ends_with("in");
    if (what.text.ends_with("like") || what.text.ends_with("regexp") || what.text == "<=>") {
      refuse("invalid expression: invalid operator '" + what.text + "' in `" + written(what) + "`");
    }
    auto made = column(what.parts[0]);
    std::vector<std::unique_ptr<operand>> values;
    if (right.kind == form::list) {
      for (const expression& each : right.parts) values.push_back(value(*made, each));
      if (!list) refuse("invalid expression: unexpected value type list");
    } else {
      values.push_back(value(*made, right));
    }
    if (made->type == enums::INDEXED_VALUE_TYPE_KEYWORD_LIST) return contains(std::move(made), what, negated);
    if (made->type == enums::INDEXED_VALUE_TYPE_TEXT) return words(std::move(made), what, negated);
    made->values = std::move(values);
    made->how = what.text;
    made->is = list ? condition::kind::in : condition::kind::comparison;
    if (list) made->negated = negated;
    if (prefix) {
      if (right.kind != form::string || made->field == field::status) {
        refuse("invalid expression: right-hand side of '" + what.text +
               "' must be a literal string (got: " + written(right) + ")");
      }
      made->is = condition::kind::prefix;
      made->negated = negated;
      made->values.front()->kept = std::string(id_prefix_) + right.text;
      made->values.front()->set_text(std::get<std::string>(made->values.front()->kept));
    }
    return made;
  }

  std::unique_ptr<condition> contains(std::unique_ptr<condition> made, const expression& what, bool negated) {
    const bool known = what.text == "=" || what.text == "!=" || what.text == "in" || what.text == "not in";
    if (!known) refuse_operator(what, "KeywordList");
    const expression& right = what.parts[1];
    if (right.kind != form::list) {
      add_string(*made, right, "type (expected string");
    } else {
      for (const expression& each : right.parts) add_string(*made, each, "type in tuple (expected string");
    }
    made->is = condition::kind::contains;
    made->negated = negated;
    return made;
  }

  static void add_string(condition& to, const expression& value, const std::string& fault) {
    if (value.kind != form::string) {
      refuse("invalid expression: unexpected value " + fault + ", got " + written(value) + ")");
    }
    auto made = std::make_unique<operand>();
    made->kept = value.text;
    made->set_text(std::get<std::string>(made->kept));
    to.values.push_back(std::move(made));
  }

  std::unique_ptr<condition> words(std::unique_ptr<condition> made, const expression& what, bool negated) {
    if (what.text != "=" && what.text != "!=") refuse_operator(what, "Text");
    const expression& right = what.parts[1];
    if (right.kind != form::string) {
      refuse("invalid expression: unexpected value type (expected string, got " + written(right) + ")");
    }
    for (std::size_t begin = 0; begin < right.text.size();) {
      const std::size_t end = std::min(right.text.find(' ', begin), right.text.size());
      if (end > begin) made->phrases.push_back(words_of(std::string_view(right.text).substr(begin, end - begin)));
      begin = end + 1;
    }
    if (made->phrases.empty()) {
      refuse("invalid expression: unexpected value for Text type search attribute (no tokens found in " +
             written(right) + ")");
    }
    made->is = condition::kind::words;
    made->negated = negated;
    return made;
  }

  [[noreturn]] static void refuse_operator(const expression& what, const std::string& type) {
    refuse("invalid expression: operator '" + what.text + "' not supported for " + type +
           " type search attribute in `" + written(what) + "`");
  }

  std::unique_ptr<condition> range(const expression& what) {
    auto made = column(what.parts[0]);
    const auto type = made->type;
    if (type != enums::INDEXED_VALUE_TYPE_DATETIME && type != enums::INDEXED_VALUE_TYPE_DOUBLE &&
        type != enums::INDEXED_VALUE_TYPE_INT && type != enums::INDEXED_VALUE_TYPE_KEYWORD) {
      refuse("invalid expression: cannot do range condition on search attribute '" + what.parts[0].text + "' of type " +
             std::string(type_name(type)));
    }
    made->is = condition::kind::range;
    made->negated = what.negated;
    made->values.push_back(value(*made, what.parts[1]));
    made->values.push_back(value(*made, what.parts[2]));
    return made;
  }

  std::unique_ptr<condition> test(const expression& what) {
    auto made = column(what.parts[0]);
    if (what.text != "null") {
      refuse("invalid expression: 'IS' operator can only be used with 'NULL' or 'NOT NULL'");
    }
    made->is = condition::kind::missing;
    made->negated = what.negated;
    return made;
  }

  std::unique_ptr<operand> value(const condition& of, const expression& what) {
    auto made = std::make_unique<operand>();
    switch (what.kind) {
      case form::string:
        take_string(of, what.text, *made);
        break;
      case form::number:
        take_number(of, what.text, *made);
        break;
      case form::boolean:
        made->set_whole(what.text == "true" ? 1 : 0);
        if (is_time(of)) made->is = operand::kind::below;
        break;
      case form::column:
        refuse(
            "operation is not supported: column name on the right side of comparison expression (did you forget "
            "to quote '" +
            what.text + "'?)");
      case form::call:
        refuse("operation is not supported: nested func");
      default:
        refuse("invalid expression: unexpected value type: " + std::string(describe(what.kind)));
    }
    if (is_text(of)) make_text(*made);
    return made;
  }

  static bool is_time(const condition& of) noexcept { return of.type == enums::INDEXED_VALUE_TYPE_DATETIME; }
  static bool is_text(const condition& of) noexcept {
    return of.type == enums::INDEXED_VALUE_TYPE_KEYWORD && of.field != field::status;
  }

  /// Numbers that are compared with texts are texts.
  static void make_text(operand& of) {
    if (of.is == operand::kind::text) return;
    char digits[400];
    const auto end = of.is == operand::kind::real
                         ? std::to_chars(digits, digits + sizeof digits, of.real, std::chars_format::fixed)
                         : std::to_chars(digits, digits + sizeof digits, of.whole);
    of.kept = std::string(digits, end.ptr);
    of.set_text(std::get<std::string>(of.kept));
  }

  void take_string(const condition& of, const std::string& text, operand& into) {
    if (is_time(of)) {
      const auto time = rondo::detail::parse_rfc3339(text);
      if (!time) refuse("invalid expression: unable to parse datetime '" + text + "'");
      google::protobuf::Timestamp stamp;
      stamp.set_seconds(time->seconds.time_since_epoch().count());
      stamp.set_nanos(static_cast<std::int32_t>(time->nanoseconds));
      return into.set_time(from_proto(stamp));
    }
    if (of.field == field::status) {
      const auto status = status_named(text);
      if (!status) refuse("invalid expression: invalid ExecutionStatus value '" + text + "'");
      return into.set_whole(*status);
    }
    if (of.field == field::execution_duration) {
      const auto length = parse_duration(text);
      if (!length) {
        refuse("invalid value for search attribute ExecutionDuration: " + text + " (invalid duration)");
      }
      return into.set_whole(*length);
    }
    if (of.type == enums::INDEXED_VALUE_TYPE_KEYWORD) {
      into.kept = std::string(id_prefix_) + text;
      return into.set_text(std::get<std::string>(into.kept));
    }
    // A text that is a number counts as one; all others come after the numbers.
    if (!read_number(text, into)) into.is = operand::kind::above;
  }

  static bool read_number(std::string_view text, operand& into) noexcept {
    const auto all = [&text](std::from_chars_result read) {
      return read.ec == std::errc{} && read.ptr == text.data() + text.size();
    };
    if (all(std::from_chars(text.data(), text.data() + text.size(), into.whole))) {
      into.is = operand::kind::whole;
      return true;
    }
    if (all(std::from_chars(text.data(), text.data() + text.size(), into.real))) {
      into.is = operand::kind::real;
      return true;
    }
    return false;
  }

  static void take_number(const condition& of, const std::string& text, operand& into) {
    if (!read_number(text, into)) {
      throw refusal(rpc_code::invalid_argument, "invalid expression: unable to parse " + text);
    }
    const bool real = into.is == operand::kind::real;
    if (real && (is_time(of) || of.field == field::status)) {
      refuse("invalid expression: unexpected value type float64 for search attribute " + of.name);
    }
    if (is_time(of)) into.set_time(into.whole);
  }

  static std::optional<int> status_named(const std::string& text) {
    enums::WorkflowExecutionStatus status{};
    if (enums::WorkflowExecutionStatus_Parse(text, &status)) return status;
    // "TimedOut" is WORKFLOW_EXECUTION_STATUS_TIMED_OUT.
    std::string name = "WORKFLOW_EXECUTION_STATUS";
    for (const char c : text) {
      const bool upper = c >= 'A' && c <= 'Z';
      if (!upper && (c < 'a' || c > 'z')) return std::nullopt;
      if (upper) name += '_';
      name += upper ? c : static_cast<char>(c - 'a' + 'A');
    }
    if (text.empty() || !(text.front() >= 'A' && text.front() <= 'Z')) return std::nullopt;
    if (!enums::WorkflowExecutionStatus_Parse(name, &status)) return std::nullopt;
    return status;
  }

  const visibility_filter::attribute_types* types_;
  bool divisions_named_ = false;
  /// Put in front of values of the column that was bound last.
  std::string_view id_prefix_;
};

}  // namespace detail_visibility_binding

RONDO_SERVER_FUNCTION visibility_filter::visibility_filter(std::string_view query, const attribute_types& types) {
  using detail_visibility_binding::binder;
  const visibility_syntax::query parsed = visibility_syntax::parse(query);
  if (parsed.ordered) binder::refuse("operation is not supported: 'order by' clause");
  if (parsed.limited) binder::refuse("operation is not supported: 'limit' clause");
  binder bind(types);
  if (parsed.has_condition) root_ = bind.bind(parsed.condition);
  divisions_named_ = bind.divisions_named();
  if (!parsed.group_by.empty()) {
    bind.check_group(parsed.group_by);
    grouped_ = true;
  }
}

}  // namespace rondo::server
