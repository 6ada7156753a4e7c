#pragma once

#include "rondo/server/completion.hpp"
#include "rondo/server/config.hpp"

namespace rondo::server {

/// A command of this kind ends the run.
bool closes_run(enums::CommandType type) noexcept;

/// Checks all commands and messages of the completion; throws bad_completion with the first fault.
void check_commands(completion& by);
/// Turns the commands into events, in order. Nothing after a close command takes effect.
void apply_commands(completion& by);

}  // namespace rondo::server
