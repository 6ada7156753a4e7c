#pragma once

#include <temporal/api/protocol/v1/message.pb.h>
#include <temporal/api/update/v1/message.pb.h>

#include <string>

#include "rondo/server/completion.hpp"
#include "rondo/server/config.hpp"
#include "rondo/server/run.hpp"

// What a worker says of updates: the messages of its workflow task completions.
namespace rondo::server {

/// How far an update is.
enum class update_stage {
  unknown,
  requested,  // nobody but the server knows of it
  admitted,   // it is in the history since a reset
  accepted,
  completed,
};

update_stage stage_of(const run& of, const std::string& update_id) noexcept;

/// Checks a message as if all that were checked before had been applied; throws bad_completion.
void check_update_message(completion& by, const temporal::api::protocol::v1::Message& message);
void apply_update_message(completion& by, const temporal::api::protocol::v1::Message& message);

/// Answers those who wait for updates of the run, at the end of the turn.
void settle_updates_later(run& of);

}  // namespace rondo::server
