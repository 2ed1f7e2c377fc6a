// When a schedule falls due, in the local time of a zone.
//
// As in Kubernetes, a time that a zone skips when its clocks go forward does not come that day, and one that it repeats comes
// twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "api/batch/v1/cron_schedule.h"
#include "base/time_zone.h"

namespace charon::controllers::cronjob {

// Times are in seconds since 1970, UTC.
class Timetable {
 public:
  // `origin`: from where "@every" counts.
  Timetable(const batch::v1::CronSchedule& schedule, const TimeZone& zone, std::int64_t origin_s)
      : schedule_(schedule), zone_(zone), origin_s_(origin_s) {}

  // The first time after `after_s`; empty when there is none within five years ("0 0 31 2 *").
  std::optional<std::int64_t> next(std::int64_t after_s) const;
  // The last time after `after_s` and not after `until_s`; takes as long however many lie between.
  std::optional<std::int64_t> last(std::int64_t after_s, std::int64_t until_s) const;
  // How many there are after `after_s` and not after `until_s`, counted up to `limit`.
  int count(std::int64_t after_s, std::int64_t until_s, int limit) const;

 private:
  batch::v1::CronSchedule schedule_;
  TimeZone zone_;
  std::int64_t origin_s_;
};

// RFC 3339 in the zone: "2026-03-01T08:00:00+01:00", with "Z" where the zone is level with UTC.
std::string format_in_zone(std::int64_t unix_s, const TimeZone& zone);

}  // namespace charon::controllers::cronjob
