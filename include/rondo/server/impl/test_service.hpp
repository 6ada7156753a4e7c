#pragma once

#include "rondo/server/test_service.hpp"

#include <google/protobuf/empty.pb.h>
#include <temporal/api/testservice/v1/request_response.pb.h>

#include <functional>
#include <string_view>
#include <utility>

namespace rondo::server {

namespace detail_test_service {

namespace api = temporal::api::testservice::v1;

/// Answers the call at the time; `at_end` is called then, or when the client goes before.
inline void sleep(core& in, instant until, const call_ptr& call, const std::function<void()>& at_end) {
  const auto number = in.clock().sleep_until(until, [&in, call, at_end] {
    in.turn([&] {
      at_end();
      in.answer(call, api::SleepResponse());
    });
  });
  call->on_abandoned = [&in, number, at_end] {
    in.clock().cancel_sleep(number);
    at_end();
  };
}

inline void add_sleeps(frontend& at) {
  at.on_call<api::SleepRequest>("temporal.api.testservice.v1.TestService/Sleep",
                                [](core& in, const api::SleepRequest& asked, const call_ptr& call) {
                                  sleep(in, later(in.now(), from_proto(asked.duration())), call, [] {});
                                });
  at.on_call<api::SleepUntilRequest>("temporal.api.testservice.v1.TestService/SleepUntil",
                                     [](core& in, const api::SleepUntilRequest& asked, const call_ptr& call) {
                                       sleep(in, from_proto(asked.timestamp()), call, [] {});
                                     });
  at.on_call<api::SleepRequest>("temporal.api.testservice.v1.TestService/UnlockTimeSkippingWithSleep",
                                [](core& in, const api::SleepRequest& asked, const call_ptr& call) {
                                  in.clock().unlock_skipping();
                                  sleep(in, later(in.now(), from_proto(asked.duration())), call,
                                        [&in] { in.clock().lock_skipping(); });
                                });
}

inline bool is_update(std::string_view method) noexcept {
  return method == "UpdateWorkflowExecution" || method == "PollWorkflowExecutionUpdate" ||
         method == "ExecuteMultiOperation";
}

}  // namespace detail_test_service

RONDO_SERVER_FUNCTION void serve_test_service(frontend& at) {
  namespace api = detail_test_service::api;
  if (!at.owner().clock().can_skip()) return;
  at.on<api::LockTimeSkippingRequest>("temporal.api.testservice.v1.TestService/LockTimeSkipping",
                                      [](core& in, const api::LockTimeSkippingRequest&) {
                                        in.clock().lock_skipping();
                                        return api::LockTimeSkippingResponse();
                                      });
  at.on<api::UnlockTimeSkippingRequest>("temporal.api.testservice.v1.TestService/UnlockTimeSkipping",
                                        [](core& in, const api::UnlockTimeSkippingRequest&) {
                                          in.clock().unlock_skipping();
                                          return api::UnlockTimeSkippingResponse();
                                        });
  at.on<google::protobuf::Empty>("temporal.api.testservice.v1.TestService/GetCurrentTime",
                                 [](core& in, const google::protobuf::Empty&) {
                                   api::GetCurrentTimeResponse answer;
                                   to_proto(in.now(), *answer.mutable_time());
                                   return answer;
                                 });
  detail_test_service::add_sleeps(at);
}

RONDO_SERVER_FUNCTION call_ptr attend_clock(core& in, const call_ptr& call, std::weak_ptr<void> alive) {
  constexpr std::string_view service = "/temporal.api.workflowservice.v1.WorkflowService/";
  auto& clock = in.clock();
  if (!clock.can_skip() || !call->path().starts_with(service)) return call;
  const std::string_view method = call->path().substr(service.size());
  if (detail_test_service::is_update(method)) {
    clock.add_waiter();
    return {call.get(), [call, &clock, alive = std::move(alive)](incoming_call*) {
              if (!alive.expired()) clock.remove_waiter();
            }};
  }
  if (method == "QueryWorkflow") {
    clock.hold();
    return {call.get(), [call, &clock, alive = std::move(alive)](incoming_call*) {
              if (!alive.expired()) clock.release();
            }};
  }
  return call;
}

}  // namespace rondo::server
