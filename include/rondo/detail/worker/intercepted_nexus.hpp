#pragma once
#include <asio/awaitable.hpp>
#include <exception>
#include <memory>
#include <utility>

#include "rondo/detail/run/nexus_definition.hpp"
#include "rondo/detail/worker/intercepted_code.hpp"
#include "rondo/interceptor.hpp"
#include "rondo/nexus_context.hpp"
#include "rondo/nexus_info.hpp"
#include "rondo/payload.hpp"

namespace rondo::detail::worker {

/// The interceptors of one request of a Nexus caller, around its code.
class intercepted_request final : public intercepted_code<nexus_interceptor, nexus_request, nexus_end> {
 public:
  intercepted_request(const worker_interceptors& all, const nexus_info& about, nexus_header_map& headers,
                      payload_span given)
      : intercepted_code(given) {
    nexus_request request{.info = about, .input = values(), .headers = headers};
    begin(all, request, [&about](worker_interceptor& each) { return each.intercept_nexus(about); });
  }
};

class intercepted_blocking_nexus final : public run::blocking_nexus_handler {
 public:
  intercepted_blocking_nexus(std::shared_ptr<const run::blocking_nexus_handler> inner, worker_interceptors all,
                             nexus_header_map& headers)
      : inner_(std::move(inner)), all_(std::move(all)), headers_(headers) {}
  void run(nexus_context& context, payload_span input, payload_sink& result) const override {
    intercepted_request request(all_, context.info(), headers_, input);
    if (!request.refused()) {
      try {
        inner_->run(context, request.input(), request.result());
      } catch (...) {
        request.fail(std::current_exception());
      }
    }
    request.finish(result);
  }

 private:
  std::shared_ptr<const run::blocking_nexus_handler> inner_;
  worker_interceptors all_;
  nexus_header_map& headers_;
};

class intercepted_async_nexus final : public run::async_nexus_handler {
 public:
  intercepted_async_nexus(std::shared_ptr<const run::async_nexus_handler> inner, worker_interceptors all,
                          nexus_header_map& headers)
      : inner_(std::move(inner)), all_(std::move(all)), headers_(headers) {}
  coroutine run(nexus_context& context, payload_span input, payload_sink& result) const override {
    return run_between(inner_, context, std::make_unique<intercepted_request>(all_, context.info(), headers_, input),
                       result);
  }

 private:
  static coroutine run_between(std::shared_ptr<const run::async_nexus_handler> inner, nexus_context& context,
                               std::unique_ptr<intercepted_request> request, payload_sink& result) {
    if (!request->refused()) {
      try {
        co_await inner->run(context, request->input(), request->result());
      } catch (...) {
        request->fail(std::current_exception());
      }
    }
    request->finish(result);
  }

  std::shared_ptr<const run::async_nexus_handler> inner_;
  worker_interceptors all_;
  nexus_header_map& headers_;
};

/// The handler of one request, whose headers these are, between the interceptors.
inline run::nexus_code intercepted(run::nexus_code handler, const worker_interceptors& all, nexus_header_map& headers) {
  if (all.empty()) return handler;
  if (handler.blocking) {
    handler.blocking = std::make_shared<intercepted_blocking_nexus>(std::move(handler.blocking), all, headers);
  } else {
    handler.async = std::make_shared<intercepted_async_nexus>(std::move(handler.async), all, headers);
  }
  return handler;
}

}  // namespace rondo::detail::worker
