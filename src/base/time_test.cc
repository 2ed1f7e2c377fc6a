#include "base/time.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace charon {
namespace {

using namespace std::chrono_literals;

TEST(Rfc3339, FormatsAsGo) {
  const Time time{1767323045, 120'000'000};
  EXPECT_EQ(format_rfc3339(time), "2026-01-02T03:04:05Z");
  EXPECT_EQ(format_rfc3339_micro(time), "2026-01-02T03:04:05.120000Z");
  EXPECT_EQ(format_rfc3339_nano(time), "2026-01-02T03:04:05.12Z");
  EXPECT_EQ(format_rfc3339_nano({1767323045, 0}), "2026-01-02T03:04:05Z");
  EXPECT_EQ(format_rfc3339({}), "0001-01-01T00:00:00Z");
  EXPECT_EQ(format_rfc3339({-1, 0}), "1969-12-31T23:59:59Z");
}

TEST(Rfc3339, ParsesWhatGoParses) {
  EXPECT_EQ(parse_rfc3339("2026-01-02T03:04:05Z").value(), (Time{1767323045, 0}));
  EXPECT_EQ(parse_rfc3339("2026-01-02T05:04:05+02:00").value(), (Time{1767323045, 0}));
  EXPECT_EQ(parse_rfc3339("2026-01-01T21:34:05.5-05:30").value(), (Time{1767323045, 500'000'000}));
  EXPECT_EQ(parse_rfc3339("2026-01-02T3:04:05,123456789999Z").value(), (Time{1767323045, 123'456'789}));
  EXPECT_EQ(parse_rfc3339("2024-02-29T00:00:00Z").value().seconds, 1709164800);
  EXPECT_TRUE(parse_rfc3339("0001-01-01T00:00:00Z").value().is_zero());
}

TEST(Rfc3339, RefusesInGosWords) {
  const auto message = [](std::string_view text) { return parse_rfc3339(text).error().message; };
  EXPECT_EQ(message("x"), "parsing time \"x\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"x\" as \"2006\"");
  EXPECT_EQ(message(""), "parsing time \"\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"2006\"");
  EXPECT_EQ(message("2026-01-02"), "parsing time \"2026-01-02\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"T\"");
  EXPECT_EQ(message("2026-13-02T00:00:00Z"), "parsing time \"2026-13-02T00:00:00Z\": month out of range");
  EXPECT_EQ(message("2026-02-30T00:00:00Z"), "parsing time \"2026-02-30T00:00:00Z\": day out of range");
  EXPECT_EQ(message("2026-01-02T24:00:00Z"), "parsing time \"2026-01-02T24:00:00Z\": hour out of range");
  EXPECT_EQ(message("2026-01-02T03:04:05"),
            "parsing time \"2026-01-02T03:04:05\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"Z07:00\"");
  EXPECT_EQ(message("2026-01-02T03:04:05Zx"), "parsing time \"2026-01-02T03:04:05Zx\": extra text: \"x\"");
}

TEST(Rfc3339, RoundTripsRandomTimes) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 5000; ++i) {
    const std::int64_t range = 253402300799 - Time::kUnset;
    const Time time{Time::kUnset + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(range)),
                    static_cast<std::int32_t>(random() % 1'000'000'000)};
    EXPECT_EQ(parse_rfc3339(format_rfc3339_nano(time)).value(), time);
  }
  const Time now = time_from(std::chrono::system_clock::now());
  EXPECT_EQ(time_from(to_time_point(now)), now);
  EXPECT_EQ(time_from(std::chrono::system_clock::time_point(-1ns)), (Time{-1, 999'999'999}));
}

TEST(GoDuration, FormatsAsGo) {
  EXPECT_EQ(format_go_duration(0ns), "0s");
  EXPECT_EQ(format_go_duration(1ns), "1ns");
  EXPECT_EQ(format_go_duration(1100ns), "1.1\u00b5s");
  EXPECT_EQ(format_go_duration(2200us), "2.2ms");
  EXPECT_EQ(format_go_duration(3300ms), "3.3s");
  EXPECT_EQ(format_go_duration(1h + 2min + 3500ms), "1h2m3.5s");
  EXPECT_EQ(format_go_duration(5min), "5m0s");
  EXPECT_EQ(format_go_duration(-1min), "-1m0s");
  EXPECT_EQ(format_go_duration(std::chrono::nanoseconds::min()), "-2562047h47m16.854775808s");
  EXPECT_EQ(format_go_duration(std::chrono::nanoseconds::max()), "2562047h47m16.854775807s");
}

TEST(GoDuration, ParsesWhatGoParses) {
  EXPECT_EQ(parse_go_duration("0").value(), 0ns);
  EXPECT_EQ(parse_go_duration("1h2m3.5s").value(), 1h + 2min + 3500ms);
  EXPECT_EQ(parse_go_duration("-1.5h").value(), -90min);
  EXPECT_EQ(parse_go_duration("+.5s").value(), 500ms);
  EXPECT_EQ(parse_go_duration("1\u00b5s2us3\u03bcs").value(), 6us);
  EXPECT_EQ(parse_go_duration("0.100000000000000000000h").value(), 6min);
  EXPECT_EQ(parse_go_duration("").error().message, "time: invalid duration \"\"");
  EXPECT_EQ(parse_go_duration("3").error().message, "time: missing unit in duration \"3\"");
  EXPECT_EQ(parse_go_duration("3d").error().message, "time: unknown unit \"d\" in duration \"3d\"");
  for (const char* text :
       {"-", "s", ".", "-.", ".s", "+.s", "9223372036854775808ns", "9223372036854775.808us", "3000000h", "1h-2m"})
    EXPECT_FALSE(parse_go_duration(text)) << text;
  std::mt19937_64 random(5);
  for (int i = 0; i < 5000; ++i) {
    const std::chrono::nanoseconds duration(static_cast<std::int64_t>(random()) >> (random() % 63));
    EXPECT_EQ(parse_go_duration(format_go_duration(duration)).value(), duration);
  }
}

TEST(HumanDuration, PrintsAsKubectl) {
  EXPECT_EQ(human_duration(-2s), "<invalid>");
  EXPECT_EQ(human_duration(-1s), "0s");
  EXPECT_EQ(human_duration(119s), "119s");
  EXPECT_EQ(human_duration(120s), "2m");
  EXPECT_EQ(human_duration(130s), "2m10s");
  EXPECT_EQ(human_duration(10min + 5s), "10m");
  EXPECT_EQ(human_duration(179min), "179m");
  EXPECT_EQ(human_duration(3h), "3h");
  EXPECT_EQ(human_duration(3h + 1min), "3h1m");
  EXPECT_EQ(human_duration(8h + 59min), "8h");
  EXPECT_EQ(human_duration(47h), "47h");
  EXPECT_EQ(human_duration(48h), "2d");
  EXPECT_EQ(human_duration(98h), "4d2h");
  EXPECT_EQ(human_duration(24h * 8), "8d");
  EXPECT_EQ(human_duration(24h * 729), "729d");
  EXPECT_EQ(human_duration(24h * 765), "2y35d");
  EXPECT_EQ(human_duration(24h * 730), "2y");
  EXPECT_EQ(human_duration(24h * 365 * 8 + 24h), "8y");
}

}  // namespace
}  // namespace charon
