#pragma once
#include <temporal/api/command/v1/message.pb.h>
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/enums/v1/command_type.pb.h>
#include <temporal/api/enums/v1/event_type.pb.h>
#include <temporal/api/enums/v1/failed_cause.pb.h>
#include <temporal/api/failure/v1/message.pb.h>
#include <temporal/api/history/v1/message.pb.h>
#include <temporal/api/query/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

// Short names for the packages of the wire protocol.
namespace rondo::detail::engine {

namespace enums = temporal::api::enums::v1;
namespace service = temporal::api::workflowservice::v1;

using temporal::api::command::v1::Command;
using temporal::api::common::v1::Payload;
using temporal::api::common::v1::Payloads;
using temporal::api::failure::v1::Failure;
using temporal::api::history::v1::History;
using temporal::api::history::v1::HistoryEvent;

}  // namespace rondo::detail::engine
