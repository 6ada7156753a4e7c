#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/repeated_ptr_field.h>
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/taskqueue/v1/message.pb.h>

#include <cstddef>
#include <string>

#include "rondo/server/config.hpp"
#include "rondo/server/options.hpp"

// Checks that several requests and commands share. They refuse with INVALID_ARGUMENT in the words of the field.
namespace rondo::server {

[[noreturn]] void refuse_argument(const std::string& text);

/// What is wrong with a length of time; empty: nothing. Cuts what is longer than 250 years.
std::string duration_fault(google::protobuf::Duration& duration);

/// Sets the kind of a queue, and its name if it has none.
void check_task_queue(temporal::api::taskqueue::v1::TaskQueue& queue, const std::string& default_name,
                      const limits& allowed);

void check_priority(const temporal::api::common::v1::Priority& priority);
void check_links(const google::protobuf::RepeatedPtrField<temporal::api::common::v1::Link>& links);

/// A workflow id must be there, and a run id that is there must be a UUID.
void check_execution(bool present, const temporal::api::common::v1::WorkflowExecution& execution);

bool is_uuid(const std::string& text) noexcept;

/// What `over` leaves open comes from `base`.
temporal::api::common::v1::Priority merge_priority(const temporal::api::common::v1::Priority& base,
                                                   const temporal::api::common::v1::Priority& over);

}  // namespace rondo::server
