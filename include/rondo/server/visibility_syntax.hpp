#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/server/config.hpp"

// The form of visibility queries: a part of the conditions of SQL. What names and values mean is
// visibility_filter.hpp's.
namespace rondo::server::visibility_syntax {

enum class form : std::uint8_t {
  all,         // parts joined by AND
  any,         // parts joined by OR
  negation,    // NOT part
  comparison,  // part, operator in `text`, part
  range,       // part [NOT] BETWEEN part AND part
  test,        // part IS [NOT] `text`: "null", "true", "false"
  column,      // name in `text`
  string,
  number,  // as it is written
  boolean,
  null,
  list,       // (part, part, ...)
  group,      // (part)
  call,       // name(part, ...)
  operation,  // arithmetic and the like: read, but of no use
};

struct expression {
  form kind = form::null;
  /// Of `range` and `test`; comparisons have it in their operator ("not in").
  bool negated = false;
  std::string text;
  std::vector<expression> parts;
};

struct query {
  bool has_condition = false;
  expression condition;
  std::vector<expression> group_by;
  bool ordered = false;
  bool limited = false;
};

/// Queries with more bytes than this are refused.
inline constexpr std::size_t most_bytes = 256U << 10U;
/// Parentheses, negations and the like, one in the other.
inline constexpr int most_depth = 200;

/// Throws refusal (INVALID_ARGUMENT) with the place of the first fault.
query parse(std::string_view text);

/// The expression as a query would have it, for error messages.
std::string written(const expression& what);
/// "a literal", "a function", ...
std::string_view describe(form kind) noexcept;

}  // namespace rondo::server::visibility_syntax
