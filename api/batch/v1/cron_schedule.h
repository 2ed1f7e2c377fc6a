// The schedule of a CronJob: five fields as crontab(5) has them, or a name such as "@daily" (github.com/robfig/cron, standard
// format).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace charon::batch::v1 {

// A set of small numbers that a field stands for: bit 5 of `minutes` is minute 5.
struct CronSchedule {
  std::uint64_t minutes = 0;
  std::uint64_t hours = 0;
  std::uint64_t days = 0;      // from 1
  std::uint64_t months = 0;    // from 1
  std::uint64_t weekdays = 0;  // from Sunday, 0
  // When both fields restrict the days, one that fits either will do.
  bool any_day = false;
  bool any_weekday = false;
  std::optional<std::chrono::seconds> every;  // "@every 90s"; the fields are empty then

  bool operator==(const CronSchedule&) const = default;
};

// Invalid, in the words of Kubernetes' parser, when it is malformed.
Result<CronSchedule> parse_schedule(std::string_view schedule);

// What is wrong with it; nullopt when it is well formed.
std::optional<std::string> schedule_error(std::string_view schedule);

}  // namespace charon::batch::v1
