// The names of time zones that a CronJob may be in: those of the IANA database (https://www.iana.org/time-zones), which a
// machine that has no such database knows as well.
#pragma once

#include <string_view>

namespace charon::batch::v1 {

bool is_time_zone(std::string_view name);  // as written: "Europe/Berlin", "UTC"

}  // namespace charon::batch::v1
