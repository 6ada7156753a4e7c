#pragma once
#include <string_view>

#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/operation.hpp"
#include "rondo/options.hpp"

namespace rondo::workflow {

/// A durable timer that has not begun yet.
class [[nodiscard("a timer does nothing until it is awaited or started")]] timer final
    : public detail::run::operation<timer, void> {
 public:
  timer(duration delay, std::string_view summary) : delay_(delay), summary_(summary) {}

 private:
  void begin(detail::run::host& engine) override {
    if (delay_ <= duration::zero()) return finish();
    engine.start_timer(delay_, summary_, *this);
  }

  duration delay_;
  std::string_view summary_;
};

/// Waits for `delay` of workflow time; the server keeps the time, the worker may go away meanwhile. Zero or less goes
/// on at once and leaves no trace in the history. Throws cancelled_failure when the scope is cancelled.
inline timer sleep(duration delay, std::string_view summary = {}) { return timer(delay, summary); }

}  // namespace rondo::workflow
