#pragma once
#include <algorithm>
#include <string>
#include <vector>

namespace rondo::tools {

/// The words of the command line. Development kits start a test server as "PROGRAM PORT [--enable-time-skipping]"; that
/// becomes `server start-dev` with time skipping.
inline std::vector<std::string> full_arguments(std::vector<std::string> words) {
  const bool is_port = !words.empty() && !words[0].empty() &&
                       std::all_of(words[0].begin(), words[0].end(), [](char c) { return c >= '0' && c <= '9'; });
  if (is_port) words.insert(words.begin(), {"server", "start-dev", "--time-skipping", "--port"});
  return words;
}

}  // namespace rondo::tools
