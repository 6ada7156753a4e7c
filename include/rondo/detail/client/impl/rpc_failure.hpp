#pragma once
#include <google/protobuf/any.pb.h>
#include <temporal/api/errordetails/v1/message.pb.h>

#include <string>
#include <string_view>

#include "rondo/client/errors.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/rpc_error.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION std::string error_text(const call_subject& subject, const rpc_status& status, std::string_view advice) {
  std::string text = subject.action + ": " + std::string(to_string(status.code));
  if (!status.message.empty()) text += ": " + status.message;
  if (!advice.empty()) text.append("; ").append(advice);
  return text;
}

RONDO_FUNCTION void throw_if_activity_started(const call_subject& subject, const rpc_status& status,
                                              const attached_messages& said) {
  details::ActivityExecutionAlreadyStartedFailure started;
  if (!said.find(started)) return;
  throw activity_already_started(
      error_text(
          subject, status,
          "use another id, or activity_conflict_policy::use_existing for a running and activity_reuse_policy for a "
          "closed one"),
      status, started.run_id());
}

RONDO_FUNCTION void throw_if_operation_started(const call_subject& subject, const rpc_status& status,
                                               const attached_messages& said) {
  details::NexusOperationExecutionAlreadyStartedFailure started;
  if (!said.find(started)) return;
  throw nexus_operation_already_started(
      error_text(subject, status,
                 "use another id, or nexus_operation_conflict_policy::use_existing for a running and "
                 "nexus_operation_reuse_policy for a closed one"),
      status, started.run_id());
}

}  // namespace rondo::detail::calls
