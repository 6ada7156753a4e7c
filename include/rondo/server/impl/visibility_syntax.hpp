#pragma once

#include "rondo/server/visibility_syntax.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "rondo/server/refusal.hpp"

namespace rondo::server {

namespace detail_visibility_syntax {

using visibility_syntax::expression;
using visibility_syntax::form;
using visibility_syntax::query;

enum class token_kind : std::uint8_t { end, name, keyword, string, number, unreadable, symbol, fault };

struct token {
  token_kind kind = token_kind::end;
  /// Keywords are in lower case; empty for the end.
  std::string text;
  /// Of the character that follows it.
  std::size_t end = 0;
};

/// Words that are no names unless they stand in back quotes.
inline bool is_keyword(std::string_view lower) noexcept {
  static constexpr std::string_view words[] = {
      "all",     "and",    "as",       "asc",     "between",     "binary",   "by",     "case", "cast",
      "collate", "create", "default",  "delete",  "desc",        "distinct", "div",    "drop", "else",
      "escape",  "exists", "false",    "for",     "from",        "group",    "having", "if",   "in",
      "index",   "insert", "interval", "into",    "is",          "join",     "key",    "like", "limit",
      "lock",    "match",  "mod",      "natural", "not",         "null",     "on",     "or",   "order",
      "regexp",  "rlike",  "select",   "set",     "starts_with", "table",    "then",   "true", "union",
      "unique",  "update", "using",    "values",  "when",        "where",    "xor",
  };
  return std::binary_search(std::begin(words), std::end(words), lower);
}

inline bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '@';
}
inline bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
inline char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
inline std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = lower(c);
  return made;
}

class lexer {
 public:
  explicit lexer(std::string_view text) : text_(text) {}

  token next() {
    skip_space();
    token read = at_ >= text_.size() ? token() : scan();
    read.end = at_;
    return read;
  }

 private:
  char at(std::size_t where) const noexcept { return where < text_.size() ? text_[where] : '\0'; }
  bool starts(std::string_view with) const noexcept { return text_.substr(at_).starts_with(with); }
  void skip_line() noexcept { at_ = std::min(text_.find('\n', at_), text_.size()); }

  void skip_space() noexcept {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (starts("--") || starts("//") || c == '#') {
        skip_line();
      } else if (starts("/*")) {
        const auto closed = text_.find("*/", at_ + 2);
        at_ = closed == std::string_view::npos ? text_.size() : closed + 1;
      } else if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
        return;
      }
    }
    at_ = std::min(at_, text_.size());
  }

  token scan() {
    const char c = text_[at_];
    if (is_letter(c)) return word();
    if (is_digit(c) || (c == '.' && is_digit(at(at_ + 1)))) return number();
    if (c == '\'' || c == '"') return string(c);
    if (c == '`') return quoted_name();
    if (c == '?' || c == ':') return placeholder();
    for (const std::string_view each : {"<=>", "<>", "<=", "<<", ">=", ">>", "!=", "&&", "||"}) {
      if (!starts(each)) continue;
      at_ += each.size();
      return {token_kind::symbol, std::string(each)};
    }
    ++at_;
    if (std::string_view("=<>(),;+-*/%^~!&|.").find(c) != std::string_view::npos) return {token_kind::symbol, {c}};
    return {token_kind::fault, static_cast<unsigned char>(c) < 0x80 ? std::string(1, c) : "\xEF\xBF\xBD"};
  }

  token word() {
    const std::size_t begin = at_;
    while (is_letter(at(at_)) || is_digit(at(at_))) ++at_;
    const auto found = text_.substr(begin, at_ - begin);
    std::string small = lower(found);
    if (is_keyword(small)) return {token_kind::keyword, std::move(small)};
    return {token_kind::name, std::string(found)};
  }

  token number() {
    const std::size_t begin = at_;
    const auto digits = [this] {
      while (is_digit(at(at_))) ++at_;
    };
    if (starts("0x") || starts("0X")) {
      at_ += 2;
      while (is_digit(at(at_)) || (lower(at(at_)) >= 'a' && lower(at(at_)) <= 'f')) ++at_;
      return {token_kind::unreadable, std::string(text_.substr(begin, at_ - begin))};
    }
    digits();
    if (at(at_) == '.') {
      ++at_;
      digits();
    }
    if (lower(at(at_)) == 'e') {
      ++at_;
      if (at(at_) == '+' || at(at_) == '-') ++at_;
      digits();
    }
    const std::string found(text_.substr(begin, at_ - begin));
    if (is_letter(at(at_))) return {token_kind::fault, found};
    return {token_kind::number, found};
  }

  token string(char quote) {
    std::string content;
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == quote) {
        if (at(at_ + 1) != quote) {
          ++at_;
          return {token_kind::string, std::move(content)};
        }
        ++at_;
        content += c;
      } else if (c == '\\' && at_ + 1 < text_.size()) {
        content += unescaped(text_[++at_]);
      } else {
        content += c;
      }
    }
    return {token_kind::fault, std::move(content)};
  }

  static char unescaped(char c) noexcept {
    switch (c) {
      case '0':
        return '\0';
      case 'b':
        return '\b';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'Z':
        return '\x1A';
      default:
        return c;
    }
  }

  token quoted_name() {
    std::string name;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] != '`') {
        name += text_[at_];
      } else if (at(at_ + 1) == '`') {
        ++at_;
        name += '`';
      } else {
        ++at_;
        return {name.empty() ? token_kind::fault : token_kind::name, std::move(name)};
      }
    }
    return {token_kind::fault, std::move(name)};
  }

  token placeholder() {
    const std::size_t begin = at_++;
    while (is_letter(at(at_)) || is_digit(at(at_))) ++at_;
    return {token_kind::unreadable, std::string(text_.substr(begin, at_ - begin))};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

/// Reads a query from left to right; every function leaves the first token that it does not want.
class parser {
 public:
  /// `lead` is added to the places in error messages: clients know them as places in a whole SELECT statement.
  parser(std::string_view text, std::size_t lead) : lexer_(text), lead_(lead) { advance(); }

  query read(bool with_condition) {
    query made;
    if (with_condition) {
      made.has_condition = true;
      made.condition = disjunction();
    }
    if (take_keyword("group")) {
      expect_keyword("by");
      made.group_by = expressions();
    }
    if (take_keyword("having")) disjunction();
    if (take_keyword("order")) {
      expect_keyword("by");
      do {
        value();
        if (!take_keyword("asc")) take_keyword("desc");
      } while (take_symbol(","));
      made.ordered = true;
    }
    if (take_keyword("limit")) {
      expressions();
      made.limited = true;
    }
    take_symbol(";");
    if (token_.kind != token_kind::end) fail();
    return made;
  }

 private:
  class deeper {
   public:
    explicit deeper(parser& of) : of_(of) {
      if (++of.depth_ > visibility_syntax::most_depth) of.fail("max nesting level reached");
    }
    deeper(const deeper&) = delete;
    deeper& operator=(const deeper&) = delete;
    ~deeper() { --of_.depth_; }

   private:
    parser& of_;
  };

  void advance() { token_ = lexer_.next(); }
  bool at_keyword(std::string_view word) const { return token_.kind == token_kind::keyword && token_.text == word; }
  bool at_symbol(std::string_view symbol) const { return token_.kind == token_kind::symbol && token_.text == symbol; }
  bool take_keyword(std::string_view word) {
    if (!at_keyword(word)) return false;
    advance();
    return true;
  }
  bool take_symbol(std::string_view symbol) {
    if (!at_symbol(symbol)) return false;
    advance();
    return true;
  }
  void expect_keyword(std::string_view word) {
    if (!take_keyword(word)) fail();
  }
  void expect_symbol(std::string_view symbol) {
    if (!take_symbol(symbol)) fail();
  }

  [[noreturn]] void fail(std::string_view reason = "syntax error") const {
    std::string text = "invalid query: malformed SQL query: ";
    text.append(reason).append(" at position ").append(std::to_string(lead_ + token_.end + 1));
    const bool shown = token_.kind != token_kind::symbol && !token_.text.empty();
    if (shown) text.append(" near '").append(token_.text).append("'");
    throw refusal(rpc_code::invalid_argument, std::move(text));
  }

  /// A chain of AND or OR is one node, however long it is.
  static expression joined(form kind, std::vector<expression> parts) {
    if (parts.size() == 1) return std::move(parts.front());
    expression made;
    made.kind = kind;
    made.parts = std::move(parts);
    return made;
  }

  expression disjunction() {
    std::vector<expression> parts;
    do {
      parts.push_back(conjunction());
    } while (take_keyword("or") || take_symbol("||"));
    return joined(form::any, std::move(parts));
  }

  expression conjunction() {
    std::vector<expression> parts;
    do {
      parts.push_back(negation());
    } while (take_keyword("and") || take_symbol("&&"));
    return joined(form::all, std::move(parts));
  }

  expression negation() {
    if (!take_keyword("not")) return predicate();
    const deeper level(*this);
    expression made;
    made.kind = form::negation;
    made.parts.push_back(negation());
    return made;
  }

  expression predicate() {
    expression left = value();
    for (const std::string_view symbol : {"=", "<>", "!=", "<", ">", "<=", ">=", "<=>"}) {
      if (!take_symbol(symbol)) continue;
      return comparison(std::move(left), symbol == "<>" ? "!=" : std::string(symbol), value());
    }
    if (take_keyword("is")) return test(std::move(left));
    const bool negated = take_keyword("not");
    if (take_keyword("between")) return range(std::move(left), negated);
    if (take_keyword("in")) return comparison(std::move(left), negated ? "not in" : "in", list());
    for (const std::string_view word : {"like", "regexp", "rlike", "starts_with"}) {
      if (!take_keyword(word)) continue;
      std::string name(word == "rlike" ? "regexp" : word);
      expression made = comparison(std::move(left), negated ? "not " + name : std::move(name), value());
      if (word == "like" && take_keyword("escape")) value();
      return made;
    }
    if (negated) fail();
    return left;
  }

  static expression comparison(expression left, std::string how, expression right) {
    expression made;
    made.kind = form::comparison;
    made.text = std::move(how);
    made.parts.push_back(std::move(left));
    made.parts.push_back(std::move(right));
    return made;
  }

  expression test(expression left) {
    expression made;
    made.kind = form::test;
    made.negated = take_keyword("not");
    if (!at_keyword("null") && !at_keyword("true") && !at_keyword("false")) fail();
    made.text = token_.text;
    advance();
    made.parts.push_back(std::move(left));
    return made;
  }

  expression range(expression left, bool negated) {
    expression made;
    made.kind = form::range;
    made.negated = negated;
    made.parts.push_back(std::move(left));
    made.parts.push_back(value());
    expect_keyword("and");
    made.parts.push_back(value());
    return made;
  }

  expression list() {
    expression made;
    made.kind = form::list;
    expect_symbol("(");
    made.parts = expressions();
    expect_symbol(")");
    return made;
  }

  std::vector<expression> expressions() {
    std::vector<expression> parts;
    do {
      parts.push_back(value());
    } while (take_symbol(","));
    return parts;
  }

  expression value() {
    expression made = operand();
    while (take_operator()) {
      operand();
      made = expression();
      made.kind = form::operation;
    }
    return made;
  }

  bool take_operator() {
    for (const std::string_view symbol : {"+", "-", "*", "/", "%", "^", "&", "|", "<<", ">>"}) {
      if (take_symbol(symbol)) return true;
    }
    return take_keyword("div") || take_keyword("mod") || take_keyword("collate");
  }

  expression operand() {
    for (const std::string_view sign : {"-", "+", "~", "!"}) {
      if (!take_symbol(sign)) continue;
      const deeper level(*this);
      return signed_operand(sign);
    }
    switch (token_.kind) {
      case token_kind::string:
        return literal(form::string);
      case token_kind::number:
      case token_kind::unreadable:
        return literal(form::number);
      case token_kind::name:
        return named();
      case token_kind::keyword:
        if (at_keyword("null")) return literal(form::null);
        if (at_keyword("true") || at_keyword("false")) return literal(form::boolean);
        fail();
      case token_kind::symbol:
        if (at_symbol("(")) return parenthesised();
        fail();
      default:
        fail();
    }
  }

  expression signed_operand(std::string_view sign) {
    expression inner = operand();
    if (inner.kind == form::number && sign == "+") return inner;
    if (inner.kind == form::number && sign == "-") {
      inner.text = inner.text.starts_with('-') ? inner.text.substr(1) : "-" + inner.text;
      return inner;
    }
    expression made;
    made.kind = form::operation;
    return made;
  }

  expression literal(form kind) {
    expression made;
    made.kind = kind;
    made.text = std::move(token_.text);
    advance();
    return made;
  }

  expression named() {
    expression made = literal(form::column);
    while (take_symbol(".")) {
      if (token_.kind != token_kind::name) fail();
      made.text.append(".").append(token_.text);
      advance();
    }
    if (!take_symbol("(")) return made;
    const deeper level(*this);
    made.kind = form::call;
    if (take_symbol("*")) {
      expect_symbol(")");
    } else if (!take_symbol(")")) {
      made.parts = expressions();
      expect_symbol(")");
    }
    return made;
  }

  expression parenthesised() {
    const deeper level(*this);
    advance();
    expression made;
    made.kind = form::group;
    made.parts.push_back(disjunction());
    while (take_symbol(",")) {
      made.kind = form::list;
      made.parts.push_back(disjunction());
    }
    expect_symbol(")");
    return made;
  }

  lexer lexer_;
  std::size_t lead_;
  token token_;
  int depth_ = 0;
};

inline std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view space = " \t\n\r\v\f";
  const auto begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

}  // namespace detail_visibility_syntax

RONDO_SERVER_FUNCTION visibility_syntax::query visibility_syntax::parse(std::string_view text) {
  using namespace detail_visibility_syntax;
  const std::string_view rest = trimmed(text);
  if (rest.size() > most_bytes) {
    throw refusal(rpc_code::invalid_argument,
                  "invalid query: the query is longer than " + std::to_string(most_bytes) + " bytes");
  }
  if (rest.empty()) return {};
  const std::string begin = lower(rest.substr(0, 8));
  const bool with_condition = begin != "order by" && begin != "group by";
  constexpr std::string_view statement = "select * from table1 ";
  constexpr std::string_view clause = "where ";
  return parser(rest, with_condition ? statement.size() + clause.size() : statement.size()).read(with_condition);
}

RONDO_SERVER_FUNCTION std::string visibility_syntax::written(const expression& what) {
  switch (what.kind) {
    case form::comparison:
      return written(what.parts[0]) + " " + what.text + " " + written(what.parts[1]);
    case form::string: {
      std::string quoted = "'";
      for (const char c : what.text) {
        if (c == '\'' || c == '\\') quoted += '\\';
        quoted += c;
      }
      return quoted + "'";
    }
    case form::list: {
      std::string made = "(";
      for (const expression& each : what.parts) made.append(made.size() > 1 ? ", " : "").append(written(each));
      return made + ")";
    }
    case form::group:
      return "(" + written(what.parts[0]) + ")";
    case form::column:
    case form::number:
    case form::boolean:
      return what.text;
    case form::null:
      return "null";
    case form::call:
      return what.text + "(...)";
    default:
      return "...";
  }
}

RONDO_SERVER_FUNCTION std::string_view visibility_syntax::describe(form kind) noexcept {
  switch (kind) {
    case form::all:
    case form::any:
    case form::negation:
    case form::comparison:
    case form::range:
    case form::test:
      return "a condition";
    case form::column:
      return "a column name";
    case form::string:
    case form::number:
    case form::boolean:
      return "a literal";
    case form::null:
      return "null";
    case form::list:
      return "a list";
    case form::group:
      return "an expression in parentheses";
    case form::call:
      return "a function";
    case form::operation:
      break;
  }
  return "an operation";
}

}  // namespace rondo::server
