#include "controllers/cronjob/next_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace charon::controllers::cronjob {
namespace {

constexpr std::int64_t kMinuteS = 60;
constexpr std::int64_t kHourS = 3600;
constexpr int kYears = 5;  // that are searched

bool has(std::uint64_t set, unsigned value) { return ((set >> value) & 1) != 0; }

struct Local {
  std::chrono::year_month_day date;
  unsigned weekday;
  std::int64_t day_s;  // since midnight
};

Local local_at(std::int64_t unix_s, const TimeZone& zone) {
  const std::chrono::sys_seconds local{std::chrono::seconds{unix_s + zone.offset_at(unix_s)}};
  const auto day = std::chrono::floor<std::chrono::days>(local);
  return {std::chrono::year_month_day{day}, std::chrono::weekday{day}.c_encoding(), (local - day).count()};
}

// The moment at which a local day begins: midnight, or what comes in its place when clocks go forward at midnight.
std::int64_t begin_of(std::chrono::sys_days day, const TimeZone& zone) {
  const std::int64_t local = std::chrono::sys_seconds{day}.time_since_epoch().count();
  const std::int64_t guess = local - zone.offset_at(local - zone.offset_at(local));
  const std::int64_t shown = guess + zone.offset_at(guess);
  return shown < local ? guess + local - shown : guess;
}

bool day_fits(const batch::v1::CronSchedule& schedule, const Local& local) {
  const bool day = has(schedule.days, static_cast<unsigned>(local.date.day()));
  const bool weekday = has(schedule.weekdays, local.weekday);
  return schedule.any_day || schedule.any_weekday ? day && weekday : day || weekday;
}

}  // namespace

std::optional<std::int64_t> Timetable::next(std::int64_t after_s) const {
  if (schedule_.every) {
    const std::int64_t every_s = schedule_.every->count();
    if (after_s < origin_s_) return origin_s_ + every_s;
    return origin_s_ + ((after_s - origin_s_) / every_s + 1) * every_s;
  }
  std::int64_t time = after_s - ((after_s % kMinuteS + kMinuteS) % kMinuteS) + kMinuteS;
  const std::chrono::year last_year = local_at(time, zone_).date.year() + std::chrono::years(kYears);
  while (true) {
    const Local local = local_at(time, zone_);
    if (local.date.year() > last_year) return std::nullopt;
    std::int64_t later = time + kMinuteS;
    if (!has(schedule_.months, static_cast<unsigned>(local.date.month()))) {
      const auto month = local.date.year() / local.date.month() + std::chrono::months(1);
      later = begin_of(std::chrono::sys_days{month / 1}, zone_);
    } else if (!day_fits(schedule_, local)) {
      later = begin_of(std::chrono::sys_days{local.date} + std::chrono::days(1), zone_);
    } else if (!has(schedule_.hours, static_cast<unsigned>(local.day_s / kHourS))) {
      later = time + kHourS - local.day_s % kHourS;
    } else if (has(schedule_.minutes, static_cast<unsigned>(local.day_s % kHourS / kMinuteS))) {
      return time;
    }
    time = std::max(later, time + kMinuteS);
  }
}

std::optional<std::int64_t> Timetable::last(std::int64_t after_s, std::int64_t until_s) const {
  const auto due_after = [&](std::int64_t moment) {
    const std::optional<std::int64_t> due = next(moment);
    return due && *due <= until_s ? due : std::nullopt;
  };
  std::optional<std::int64_t> found = due_after(after_s);
  // Halves the time in which the last one lies; something is due after `low`, nothing after `high`.
  std::int64_t low = after_s;
  std::int64_t high = until_s;
  while (found && high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    if (const auto due = due_after(middle)) {
      found = due;
      low = *due - 1;
    } else {
      high = middle;
    }
  }
  return found;
}

int Timetable::count(std::int64_t after_s, std::int64_t until_s, int limit) const {
  int found = 0;
  for (auto due = next(after_s); found < limit && due && *due <= until_s; due = next(*due)) ++found;
  return found;
}

std::string format_in_zone(std::int64_t unix_s, const TimeZone& zone) {
  const Local local = local_at(unix_s, zone);
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(local.date.year()),
                                 static_cast<unsigned>(local.date.month()), static_cast<unsigned>(local.date.day()),
                                 local.day_s / kHourS, local.day_s % kHourS / kMinuteS, local.day_s % kMinuteS);
  const std::int32_t offset_s = zone.offset_at(unix_s);
  if (offset_s == 0) return text + "Z";
  const std::int32_t minutes = std::abs(offset_s) / 60;
  return text + fmt::format("{}{:02}:{:02}", offset_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

}  // namespace charon::controllers::cronjob
