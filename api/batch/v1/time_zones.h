// The time zones that a CronJob may be in: those of the IANA database (https://www.iana.org/time-zones), with their rules, which a
// machine that has no such database knows as well. tools/time-zones writes them.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace charon::batch::v1 {

struct TimeZoneRule {
  std::string_view rule;   // as charon::TimeZone reads it
  std::string_view names;  // of the zones that have it, old ones too; each between two spaces
};
std::span<const TimeZoneRule> time_zone_rules();

// Of a name as it is written: "Europe/Berlin", "UTC". Empty when there is no such zone.
std::optional<std::string_view> time_zone_rule(std::string_view name);
inline bool is_time_zone(std::string_view name) { return time_zone_rule(name).has_value(); }

}  // namespace charon::batch::v1
