#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <utility>

#include "rondo/detail/run/activity_definition.hpp"
#include "rondo/payload.hpp"
#include "rondo/registry.hpp"

namespace rondo::testing::detail {

/// A blocking activity that runs on the event loop, which stands still meanwhile.
class inline_activity final : public rondo::detail::run::async_activity {
 public:
  using code_ptr = std::shared_ptr<const rondo::detail::run::blocking_activity>;

  explicit inline_activity(code_ptr code) : code_(std::move(code)) {}

  coroutine run(payload_span arguments, payload_sink& result) const override {
    return run_here(code_, arguments, result);
  }

 private:
  static coroutine run_here(code_ptr code, payload_span arguments, payload_sink& result) {
    code->run(arguments, result);
    co_return;
  }

  code_ptr code_;
};

/// The registry with all of its blocking activities on the event loop: one after the other, always in the same order.
inline registry without_threads(registry app) {
  app.change_activities([](const rondo::detail::run::activity_definition& each) {
    auto changed = each;
    if (const auto code = std::exchange(changed.blocking, nullptr)) {
      changed.async = std::make_shared<inline_activity>(code);
    }
    return changed;
  });
  return app;
}

}  // namespace rondo::testing::detail
