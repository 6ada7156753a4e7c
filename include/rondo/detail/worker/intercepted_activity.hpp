#pragma once
#include <asio/awaitable.hpp>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "rondo/activity.hpp"
#include "rondo/converter.hpp"
#include "rondo/detail/run/activity_definition.hpp"
#include "rondo/interceptor.hpp"
#include "rondo/payload.hpp"
#include "rondo/registry.hpp"

namespace rondo::detail::worker {

using activity_interceptors = std::vector<std::shared_ptr<worker_interceptor>>;

/// The interceptors of one attempt, around its code.
class intercepted_attempt {
 public:
  intercepted_attempt(const activity_interceptors& all, payload_span given) {
    const auto& about = require_activity("an interceptor").info();
    for (const auto& each : given) arguments_.push_back(each.copy());
    activity_start start{.info = about, .arguments = arguments_, .headers = about.headers};
    for (const auto& each : all) {
      auto one = each->intercept_activity(about);
      if (one == nullptr) continue;
      chain_.push_back(std::move(one));
      try {
        chain_.back()->begin(start);
      } catch (...) {
        error_ = std::current_exception();
        break;
      }
    }
    views_.assign(arguments_.begin(), arguments_.end());
  }
  /// One of them threw: the code does not begin.
  bool refused() const noexcept { return error_ != nullptr; }
  payload_span arguments() const noexcept { return views_; }
  payload_collector& result() noexcept { return collected_; }
  void fail(std::exception_ptr error) noexcept { error_ = std::move(error); }

  /// Hands the result on, or throws the error, as they leave it.
  void finish(payload_sink& to) {
    auto result = collected_.take();
    activity_end how{.result = result, .error = error_};
    for (auto each = chain_.rbegin(); each != chain_.rend(); ++each) {
      try {
        (*each)->end(how);
      } catch (...) {
        error_ = std::current_exception();
      }
    }
    if (error_) std::rethrow_exception(error_);
    for (const auto& each : result) encode_payload(to, each);
  }

 private:
  std::vector<std::unique_ptr<activity_interceptor>> chain_;
  payload_list arguments_;
  std::vector<payload_view> views_;
  payload_collector collected_;
  std::exception_ptr error_;
};

class intercepted_blocking_activity final : public run::blocking_activity {
 public:
  intercepted_blocking_activity(std::shared_ptr<const run::blocking_activity> inner,
                                std::shared_ptr<const activity_interceptors> all)
      : inner_(std::move(inner)), all_(std::move(all)) {}
  void run(payload_span arguments, payload_sink& result) const override {
    intercepted_attempt attempt(*all_, arguments);
    if (!attempt.refused()) {
      try {
        inner_->run(attempt.arguments(), attempt.result());
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
  std::shared_ptr<const activity_interceptors> all_;
};

class intercepted_async_activity final : public run::async_activity {
 public:
  intercepted_async_activity(std::shared_ptr<const run::async_activity> inner,
                             std::shared_ptr<const activity_interceptors> all)
      : inner_(std::move(inner)), all_(std::move(all)) {}
  coroutine run(payload_span arguments, payload_sink& result) const override {
    return run_between(inner_, std::make_unique<intercepted_attempt>(*all_, arguments), result);
  }

 private:
  static coroutine run_between(std::shared_ptr<const run::async_activity> inner,
                               std::unique_ptr<intercepted_attempt> attempt, payload_sink& result) {
    if (!attempt->refused()) {
      try {
        co_await inner->run(attempt->arguments(), attempt->result());
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
  std::shared_ptr<const activity_interceptors> all_;
};

/// The registry, with every activity between the interceptors.
inline registry intercept_activities(registry app, const activity_interceptors& all) {
  if (all.empty()) return app;
  const auto shared = std::make_shared<const activity_interceptors>(all);
  app.change_activities([&shared](run::activity_definition each) {
    if (each.blocking) each.blocking = std::make_shared<intercepted_blocking_activity>(each.blocking, shared);
    if (each.async) each.async = std::make_shared<intercepted_async_activity>(each.async, shared);
    return each;
  });
  return app;
}

}  // namespace rondo::detail::worker
