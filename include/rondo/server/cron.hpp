#pragma once

#include <optional>
#include <string>

#include "rondo/server/config.hpp"
#include "rondo/server/time.hpp"

namespace rondo::server {

/// The time of the next run of a cron schedule after `closed`, counted from `started`; none when it has no next time.
/// Knows the five fields, @every, @hourly and so on, and CRON_TZ=. Refuses what it cannot read. The pause until then is
/// rounded up to whole seconds, as servers do.
std::optional<instant> next_cron(const std::string& schedule, instant started, instant closed);

/// Refuses schedules that cannot be read or never come.
void check_cron(const std::string& schedule, instant now);

}  // namespace rondo::server
