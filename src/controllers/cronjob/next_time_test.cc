#include "controllers/cronjob/next_time.h"

#include <gtest/gtest.h>

#include "base/time.h"
#include "base/time_zone_rules.h"

namespace charon::controllers::cronjob {
namespace {

std::int64_t seconds(const char* text) { return parse_rfc3339(text)->seconds; }

Timetable timetable(const char* schedule, const char* zone, const char* origin = "2026-01-01T00:00:00Z") {
  return {parse_schedule(schedule).value(), TimeZone::parse(*time_zone_rule(zone)).value(), seconds(origin)};
}

struct Case {
  const char* schedule;
  const char* zone;
  const char* after;
  const char* next;  // empty: never
};

class NextTime : public ::testing::TestWithParam<Case> {};

TEST_P(NextTime, IsTheFirstThatFits) {
  const auto next = timetable(GetParam().schedule, GetParam().zone).next(seconds(GetParam().after));
  const std::string text = next ? format_rfc3339(Time{*next, 0}) : "";
  EXPECT_EQ(text, GetParam().next) << GetParam().schedule << " " << GetParam().zone;
}

// From the tests of robfig/cron, and around changes of the clocks.
INSTANTIATE_TEST_SUITE_P(
    Schedules, NextTime,
    ::testing::Values(Case{"* * * * *", "UTC", "2026-07-09T14:45:00Z", "2026-07-09T14:46:00Z"},
                      Case{"* * * * *", "UTC", "2026-07-09T14:45:59Z", "2026-07-09T14:46:00Z"},
                      Case{"0/15 * * * *", "UTC", "2026-07-09T14:45:00Z", "2026-07-09T15:00:00Z"},
                      Case{"20-35/15 * * * *", "UTC", "2026-07-09T23:46:00Z", "2026-07-10T00:20:00Z"},
                      Case{"0 0 9 Apr-Oct ?", "UTC", "2026-07-09T23:35:00Z", "2026-08-09T00:00:00Z"},
                      Case{"0 0 */5 Apr,Aug,Oct Mon", "UTC", "2026-07-09T23:35:00Z", "2026-08-01T00:00:00Z"},
                      Case{"0 0 * Feb Mon", "UTC", "2026-07-09T23:35:00Z", "2027-02-01T00:00:00Z"},
                      Case{"0 0 29 Feb ?", "UTC", "2026-07-09T23:35:00Z", "2028-02-29T00:00:00Z"},
                      Case{"0 0 30 Feb ?", "UTC", "2026-07-09T23:35:00Z", ""},
                      Case{"0 0 31 4,6 *", "UTC", "2026-07-09T23:35:00Z", ""},
                      Case{"@hourly", "UTC", "2026-12-31T23:00:00Z", "2027-01-01T00:00:00Z"},
                      Case{"@every 90m", "UTC", "2026-01-01T00:00:00Z", "2026-01-01T01:30:00Z"},
                      Case{"@every 90m", "UTC", "2026-01-01T01:30:01Z", "2026-01-01T03:00:00Z"},
                      Case{"0 8 * * *", "Europe/Berlin", "2026-01-01T12:00:00Z", "2026-01-02T07:00:00Z"},
                      Case{"0 8 * * *", "Europe/Berlin", "2026-07-01T12:00:00Z", "2026-07-02T06:00:00Z"},
                      Case{"0 8 * * *", "Asia/Kathmandu", "2026-01-01T12:00:00Z", "2026-01-02T02:15:00Z"},
                      // 02:30 does not come on 29 March, and twice on 25 October.
                      Case{"30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-30T00:30:00Z"},
                      Case{"30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"},
                      Case{"30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"},
                      Case{"30 2 * * *", "Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"},
                      Case{"0 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"},
                      // Cairo goes forward at midnight: 24 April begins at one o'clock.
                      Case{"0 0 * * *", "Africa/Cairo", "2026-04-23T12:00:00Z", "2026-04-24T21:00:00Z"},
                      Case{"0 1 * * *", "Africa/Cairo", "2026-04-23T12:00:00Z", "2026-04-23T22:00:00Z"},
                      Case{"15 * * * *", "Australia/Lord_Howe", "2026-10-03T15:20:00Z", "2026-10-03T16:15:00Z"},
                      Case{"0 0 1 * *", "America/New_York", "2026-10-31T12:00:00Z", "2026-11-01T04:00:00Z"}));

TEST(Timetable, FindsTheLastWithoutGoingThroughAll) {
  const char* schedules[] = {"* * * * *", "*/7 9-17 * * 1-5", "0,1 0 1 1 *", "0 0 29 2 *", "30 2 * * *", "@every 7m"};
  const std::int64_t from = seconds("2026-01-01T00:00:00Z");
  for (const char* schedule : schedules) {
    const Timetable times = timetable(schedule, "Europe/Berlin");
    for (const std::int64_t span_s : {30, 61, 3600, 86400, 400000}) {
      std::optional<std::int64_t> expected;
      int count = 0;
      for (auto due = times.next(from); due && *due <= from + span_s; due = times.next(*due)) {
        expected = due;
        ++count;
      }
      EXPECT_EQ(times.last(from, from + span_s), expected) << schedule << " " << span_s;
      EXPECT_EQ(times.count(from, from + span_s, 100000), count) << schedule << " " << span_s;
    }
  }
  const Timetable each_minute = timetable("* * * * *", "UTC");
  EXPECT_EQ(each_minute.last(0, 4000000000), 3999999960);
  EXPECT_EQ(each_minute.count(0, 4000000000, 101), 101);
}

TEST(FormatInZone, HasTheOffset) {
  const TimeZone berlin = TimeZone::parse("CET-1CEST,M3.5.0,M10.5.0/3").value();
  EXPECT_EQ(format_in_zone(seconds("2026-07-01T06:05:00Z"), berlin), "2026-07-01T08:05:00+02:00");
  EXPECT_EQ(format_in_zone(seconds("2026-07-01T06:05:00Z"), TimeZone()), "2026-07-01T06:05:00Z");
  EXPECT_EQ(format_in_zone(seconds("2026-01-01T00:00:00Z"), TimeZone::parse("NST3:30").value()), "2025-12-31T20:30:00-03:30");
}

}  // namespace
}  // namespace charon::controllers::cronjob
