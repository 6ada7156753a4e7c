#pragma once

#include <memory>

#include "rondo/server/config.hpp"
#include "rondo/server/frontend.hpp"

namespace rondo::server {

/// temporal.api.testservice.v1.TestService, which lets clients lock, unlock and read the virtual clock, and sleep on
/// it. Only when the clock can skip; its callers get UNIMPLEMENTED otherwise.
void serve_test_service(frontend& at);

/// What calls mean for the virtual clock until the server drops what this returns. Updates wait for what a workflow
/// does next: the lock that the clock began with does not count meanwhile. Queries are answered for the time at which
/// they were asked: no time is skipped meanwhile. Other calls come back as they are. `alive` expires before the core
/// does.
call_ptr attend_clock(core& in, const call_ptr& call, std::weak_ptr<void> alive);

}  // namespace rondo::server
