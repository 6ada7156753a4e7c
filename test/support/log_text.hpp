#pragma once
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "rondo/log.hpp"
#include "rondo/log_sinks.hpp"

namespace rondo::test {

/// Keeps the lines of a log as one text; with RONDO_TEST_LOG in the environment stderr gets them too.
class log_text final : public log_sink {
 public:
  void write(log_level level, std::string_view message, std::span<const log_field> fields) override {
    const auto line = detail::log_text_line({}, level, message, fields);
    const std::lock_guard lock(mutex_);
    text_ += line;
    if (std::getenv("RONDO_TEST_LOG") != nullptr) std::fputs(line.c_str(), stderr);
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }
  bool contains(std::string_view part) const { return text().find(part) != std::string::npos; }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

}  // namespace rondo::test
