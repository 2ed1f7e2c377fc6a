#include "api/batch/v1/time_zones.h"

#include <string>

namespace charon::batch::v1 {

std::optional<std::string_view> time_zone_rule(std::string_view name) {
  if (name.empty() || name.contains(' ')) return std::nullopt;
  const std::string word = " " + std::string(name) + " ";
  for (const TimeZoneRule& zones : time_zone_rules())
    if (zones.names.contains(word)) return zones.rule;
  return std::nullopt;
}

}  // namespace charon::batch::v1
