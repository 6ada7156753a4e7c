#pragma once
#include <stdexcept>

namespace rondo::tools {

/// Ends a command with exit code 1; the text is one line that says what was wrong and what to do.
class command_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace rondo::tools
