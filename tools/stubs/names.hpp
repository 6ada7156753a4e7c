#pragma once
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// Names on the wire as identifiers.
namespace rondo::tools::stubs {

inline bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
inline bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline std::string lowered(std::string text) {
  for (char& c : text) c = is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

/// "HTTPServer-v2 of_me" gives http, server, v2, of, me. Letters outside ASCII separate words.
inline std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words;
  bool begins = true;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (!is_upper(c) && !is_lower(c) && !is_digit(c)) {
      begins = true;
      continue;
    }
    const char before = i == 0 ? '\0' : name[i - 1];
    const char after = i + 1 < name.size() ? name[i + 1] : '\0';
    if (is_upper(c) && (!is_upper(before) || is_lower(after))) begins = true;
    if (begins) words.emplace_back();
    begins = false;
    words.back() += c;
  }
  for (auto& each : words) each = lowered(std::move(each));
  if (words.empty()) words.emplace_back("unnamed");
  return words;
}

inline std::string snake_case(std::string_view name) {
  std::string made;
  for (const auto& word : words_of(name)) made.append(made.empty() ? "" : "_").append(word);
  return is_digit(made.front()) ? "n" + made : made;
}

inline std::string capitalised(std::string word) {
  if (is_lower(word.front())) word.front() = static_cast<char>(word.front() - 'a' + 'A');
  return word;
}

inline std::string pascal_case(std::string_view name) {
  std::string made;
  for (const auto& word : words_of(name)) made += capitalised(word);
  return is_digit(made.front()) ? "N" + made : made;
}

/// Go writes these in capitals.
inline std::string go_case(std::string_view name) {
  static const std::set<std::string_view> initialisms{"api", "cpu", "html", "http", "https", "id",  "ip",   "json",
                                                      "sql", "tls", "ttl",  "uid",  "uri",   "url", "uuid", "xml"};
  std::string made;
  for (auto word : words_of(name)) {
    if (initialisms.contains(word)) {
      for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    made += capitalised(word);
  }
  return is_digit(made.front()) ? "N" + made : made;
}

/// True for what every one of the languages takes as a name, keywords apart.
inline bool is_identifier(std::string_view name) {
  const auto plain = [](char c) { return is_upper(c) || is_lower(c) || is_digit(c) || c == '_'; };
  return !name.empty() && !is_digit(name.front()) && std::all_of(name.begin(), name.end(), plain);
}

/// The names of one scope. What comes first keeps its name, later ones get a number; where words are divided by "_",
/// reserved names get one at the end.
class scope {
 public:
  /// `separator` stands before the number. The reserved names are never given.
  scope(std::string separator, std::set<std::string> reserved)
      : separator_(std::move(separator)), reserved_(reserved), taken_(std::move(reserved)) {}

  std::string claim(const std::string& wanted) { return claim(wanted, {"*"}); }
  /// Finds a name for which all of the patterns are free, and takes those; '*' in them stands for the name.
  std::string claim(const std::string& wanted, const std::vector<std::string>& patterns) {
    std::string name = wanted;
    if (separator_ == "_" && reserved_.contains(wanted)) name += "_";
    for (int number = 2; !all_free(name, patterns); ++number) name = wanted + separator_ + std::to_string(number);
    for (const auto& each : patterns) taken_.insert(filled(each, name));
    return name;
  }

 private:
  static std::string filled(std::string pattern, const std::string& name) {
    return pattern.replace(pattern.find('*'), 1, name);
  }
  bool all_free(const std::string& name, const std::vector<std::string>& patterns) const {
    return std::none_of(patterns.begin(), patterns.end(),
                        [&](const std::string& each) { return taken_.contains(filled(each, name)); });
  }

  std::string separator_;
  std::set<std::string> reserved_, taken_;
};

/// Text as a string literal, which is the same in Go, Python and C++. Must be UTF-8.
inline std::string literal(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += '\\';
      for (const unsigned shift : {6U, 3U, 0U}) out += static_cast<char>('0' + ((byte >> shift) & 7U));
    } else {
      out += c;
    }
  }
  return out + '"';
}

/// The lines of a text for people, without what would end a comment.
inline std::vector<std::string> comment_lines(std::string_view text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else if (static_cast<unsigned char>(c) >= 0x20 && c != '\\') {
      lines.back() += c;
    }
  }
  for (auto& each : lines) {
    while (!each.empty() && each.back() == ' ') each.pop_back();
    for (std::size_t at; (at = each.find("\"\"\"")) != each.npos;) each.replace(at, 3, "'''");
    if (!each.empty() && each.back() == '"') each.back() = '\'';
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

}  // namespace rondo::tools::stubs
