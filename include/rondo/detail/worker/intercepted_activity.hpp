#pragma once
#include <asio/awaitable.hpp>
#include <exception>
#include <memory>
#include <utility>

#include "rondo/activity.hpp"
#include "rondo/detail/run/activity_definition.hpp"
#include "rondo/detail/worker/intercepted_code.hpp"
#include "rondo/interceptor.hpp"
#include "rondo/payload.hpp"
#include "rondo/registry.hpp"

namespace rondo::detail::worker {

/// The interceptors of one attempt, around its code.
class intercepted_attempt final : public intercepted_code<activity_interceptor, activity_start, activity_end>,
                                  public heartbeat_observer {
 public:
  intercepted_attempt(const worker_interceptors& all, payload_span given)
      : intercepted_code(given), context_(require_activity("an interceptor")) {
    const auto& about = context_.info();
    activity_start start{.info = about, .arguments = values(), .headers = about.headers};
    begin(all, start, [&about](worker_interceptor& each) { return each.intercept_activity(about); });
    context_.set_observer(this);
  }
  intercepted_attempt(const intercepted_attempt&) = delete;
  intercepted_attempt& operator=(const intercepted_attempt&) = delete;
  // What the code has left on the loop may still send heartbeats.
  ~intercepted_attempt() { context_.set_observer(nullptr); }
  void before_heartbeat(payload_list& details) override {
    for (const auto& each : chain()) each->heartbeat(details);
  }

 private:
  activity_context& context_;
};

class intercepted_blocking_activity final : public run::blocking_activity {
 public:
  intercepted_blocking_activity(std::shared_ptr<const run::blocking_activity> inner,
                                std::shared_ptr<const worker_interceptors> all)
      : inner_(std::move(inner)), all_(std::move(all)) {}
  void run(payload_span arguments, payload_sink& result) const override {
    intercepted_attempt attempt(*all_, arguments);
    if (!attempt.refused()) {
      try {
        inner_->run(attempt.input(), attempt.result());
      } catch (const complete_async_request&) {
        throw;
      } catch (const hand_back_request&) {
        throw;
      } catch (...) {
        attempt.fail(std::current_exception());
      }
    }
    attempt.finish(result);
  }

 private:
  std::shared_ptr<const run::blocking_activity> inner_;
  std::shared_ptr<const worker_interceptors> all_;
};

class intercepted_async_activity final : public run::async_activity {
 public:
  intercepted_async_activity(std::shared_ptr<const run::async_activity> inner,
                             std::shared_ptr<const worker_interceptors> all)
      : inner_(std::move(inner)), all_(std::move(all)) {}
  coroutine run(payload_span arguments, payload_sink& result) const override {
    return run_between(inner_, std::make_unique<intercepted_attempt>(*all_, arguments), result);
  }

 private:
  static coroutine run_between(std::shared_ptr<const run::async_activity> inner,
                               std::unique_ptr<intercepted_attempt> attempt, payload_sink& result) {
    if (!attempt->refused()) {
      try {
        co_await inner->run(attempt->input(), attempt->result());
      } catch (const complete_async_request&) {
        throw;
      } catch (const hand_back_request&) {
        throw;
      } catch (...) {
        attempt->fail(std::current_exception());
      }
    }
    attempt->finish(result);
  }

  std::shared_ptr<const run::async_activity> inner_;
  std::shared_ptr<const worker_interceptors> all_;
};

/// The registry, with every activity between the interceptors.
inline registry intercept_activities(registry app, const worker_interceptors& all) {
  if (all.empty()) return app;
  const auto shared = std::make_shared<const worker_interceptors>(all);
  app.change_activities([&shared](run::activity_definition each) {
    if (each.blocking) each.blocking = std::make_shared<intercepted_blocking_activity>(each.blocking, shared);
    if (each.async) each.async = std::make_shared<intercepted_async_activity>(each.async, shared);
    return each;
  });
  return app;
}

}  // namespace rondo::detail::worker
