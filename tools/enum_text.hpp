#pragma once
#include <cctype>
#include <string>
#include <string_view>

namespace rondo::tools {

/// A wire name without its prefix in capital words: ("EVENT_TYPE_TIMER_FIRED", "EVENT_TYPE_") gives "TimerFired".
/// Numbers that this version has no name for give "?".
inline std::string words_of(std::string_view wire_name, std::string_view prefix) {
  if (wire_name.empty()) return "?";
  if (wire_name.starts_with(prefix)) wire_name.remove_prefix(prefix.size());
  std::string text;
  bool capital = true;
  for (const char c : wire_name) {
    if (c == '_') {
      capital = true;
    } else {
      text += capital ? c : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      capital = false;
    }
  }
  return text;
}

}  // namespace rondo::tools
