#pragma once

#include "rondo/server/config.hpp"
#include "rondo/server/frontend.hpp"

namespace rondo::server {

/// temporal.api.testservice.v1.TestService, which lets clients lock, unlock and read the virtual clock, and sleep on
/// it. Only when the clock can skip; its callers get UNIMPLEMENTED otherwise.
void serve_test_service(frontend& at);

/// Calls that wait for what a workflow does next (updates, queries) let time pass: until the server drops what this
/// returns, the lock that the clock began with does not count. Other calls come back as they are.
call_ptr let_time_pass(core& in, const call_ptr& call);

}  // namespace rondo::server
