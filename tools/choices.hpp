#pragma once
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>

#include "tools/command_error.hpp"

namespace rondo::tools {

/// A word of the command line and what it stands for.
template <class Value>
struct choice {
  std::string_view word;
  Value value;
};

/// Upper and lower case, '-' and '_' make no difference.
inline bool same_word(std::string_view one, std::string_view other) {
  const auto plain = [](std::string_view text) {
    std::string all;
    for (const char c : text) {
      if (c != '_' && c != '-') all += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return all;
  };
  return plain(one) == plain(other);
}

/// Throws command_error that lists the choices.
template <class Value, std::size_t Count>
Value choose(std::string_view flag, const choice<Value> (&choices)[Count], std::string_view word) {
  std::string all;
  for (const auto& each : choices) {
    if (same_word(each.word, word)) return each.value;
    all.append(all.empty() ? "" : ", ").append(each.word);
  }
  throw command_error(std::string(flag) + ": '" + std::string(word) + "' is none of " + all);
}

}  // namespace rondo::tools
