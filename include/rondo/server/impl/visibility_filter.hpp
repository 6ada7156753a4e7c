#pragma once

#include "rondo/server/visibility_filter.hpp"

#include <temporal/api/enums/v1/workflow.pb.h>

#include <algorithm>
#include <charconv>
#include <compare>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "rondo/detail/base/rfc3339.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/search_attributes.hpp"
#include "rondo/server/time.hpp"
#include "rondo/server/visibility_duration.hpp"
#include "rondo/server/visibility_syntax.hpp"

namespace rondo::server {

namespace detail_visibility_filter {

using visibility_syntax::expression;
using visibility_syntax::form;

/// SQL's: a comparison with an attribute that a run does not have is neither true nor false.
enum class truth : std::uint8_t { no, yes, unknown };

inline truth truth_of(bool holds) noexcept { return holds ? truth::yes : truth::no; }
inline truth opposite(truth of) noexcept {
  if (of == truth::unknown) return of;
  return truth_of(of == truth::no);
}

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

inline bool has_phrase(const std::vector<std::string>& words, const std::vector<std::string>& phrase) {
  return !phrase.empty() && std::search(words.begin(), words.end(), phrase.begin(), phrase.end()) != words.end();
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

namespace detail_visibility_filter {

using condition = visibility_filter::condition;

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

inline bool is_open(const state::Run& which) noexcept {
  return which.status() == enums::WORKFLOW_EXECUTION_STATUS_RUNNING;
}

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
      return read_closed(which, which.history_length(), into);
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
    if ((status == enums::WORKFLOW_EXECUTION_STATUS_RUNNING) != open) continue;
    operand value;
    value.set_whole(status);
    if (value_holds(of, value) != of.negated) return true;
  }
  return false;
}

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

}  // namespace detail_visibility_filter

RONDO_SERVER_FUNCTION visibility_filter::visibility_filter(std::string_view query, const attribute_types& types) {
  using detail_visibility_filter::binder;
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
