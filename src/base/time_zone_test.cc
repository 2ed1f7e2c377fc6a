#include "base/time_zone.h"

#include <gtest/gtest.h>

#include "base/time.h"

namespace charon {
namespace {

struct Case {
  const char* rule;
  const char* moment;
  int offset_min;
};

class TimeZoneOffset : public ::testing::TestWithParam<Case> {};

TEST_P(TimeZoneOffset, FollowsItsRule) {
  const auto zone = TimeZone::parse(GetParam().rule);
  ASSERT_TRUE(zone) << GetParam().rule;
  EXPECT_EQ(zone->offset_at(parse_rfc3339(GetParam().moment)->seconds), GetParam().offset_min * 60)
      << GetParam().rule << " " << GetParam().moment;
}

constexpr const char* kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";
constexpr const char* kSydney = "AEST-10AEDT,M10.1.0,M4.1.0/3";
constexpr const char* kDublin = "IST-1GMT0,M10.5.0,M3.5.0/1";
constexpr const char* kNuuk = "<-02>2<-01>,M3.5.0/-1,M10.5.0/0";
constexpr const char* kGaza = "EET-2EEST,M3.4.4/50,M10.4.4/50";
constexpr const char* kChanges = "3600 1740873600=0 1743897600=3600 <+01>-1";

INSTANTIATE_TEST_SUITE_P(
    Zones, TimeZoneOffset,
    ::testing::Values(Case{"UTC0", "2026-07-01T00:00:00Z", 0}, Case{"IST-5:30", "2026-07-01T00:00:00Z", 330},
                      Case{"EST5EDT,M3.2.0,M11.1.0", "2026-03-08T06:59:59Z", -300},
                      Case{"EST5EDT,M3.2.0,M11.1.0", "2026-03-08T07:00:00Z", -240},
                      Case{"EST5EDT,M3.2.0,M11.1.0", "2026-11-01T05:59:59Z", -240},
                      Case{"EST5EDT,M3.2.0,M11.1.0", "2026-11-01T06:00:00Z", -300}, Case{kBerlin, "2026-03-29T00:59:59Z", 60},
                      Case{kBerlin, "2026-03-29T01:00:00Z", 120}, Case{kBerlin, "2026-10-25T00:59:59Z", 120},
                      Case{kBerlin, "2026-10-25T01:00:00Z", 60}, Case{kSydney, "2026-01-01T00:00:00Z", 660},
                      Case{kSydney, "2026-07-01T00:00:00Z", 600}, Case{kSydney, "2026-12-31T23:59:59Z", 660},
                      Case{kDublin, "2026-07-01T00:00:00Z", 60}, Case{kDublin, "2026-01-01T00:00:00Z", 0},
                      Case{kNuuk, "2026-03-29T00:59:59Z", -120}, Case{kNuuk, "2026-03-29T01:00:00Z", -60},
                      Case{kGaza, "2026-03-28T00:00:00Z", 180}, Case{kGaza, "2026-03-27T23:59:59Z", 120},
                      Case{"AAA3BBB,J60,J300", "2024-03-01T04:59:59Z", -180},
                      Case{"AAA3BBB,J60,J300", "2024-03-01T05:00:00Z", -120},
                      Case{"AAA3BBB,59/0,300", "2024-02-29T03:00:00Z", -120}, Case{kChanges, "2025-02-01T00:00:00Z", 60},
                      Case{kChanges, "2025-03-10T00:00:00Z", 0}, Case{kChanges, "2025-06-01T00:00:00Z", 60}));

TEST(TimeZone, RefusesWhatIsMalformed) {
  for (const char* text : {"",
                           "A",
                           "AB1",
                           "ABC",
                           "ABC-",
                           "ABC--1",
                           "ABC200",
                           "ABC1DEF",
                           "ABC1DEF,M3.2.0",
                           "ABC1DEF,M13.1.0,M1.1.0",
                           "ABC1DEF,M3.6.0,M1.1.0",
                           "ABC1DEF,M3.2.7,M1.1.0",
                           "ABC1DEF,J0,J1",
                           "ABC1DEF,366,1",
                           "<AB",
                           "<+1>1",
                           "3600 ABC",
                           "3600",
                           "3600 5=1 4=2 ABC0",
                           "3600 5 ABC0",
                           "ABC1 ",
                           "ABC1DEF,1,2x"})
    EXPECT_FALSE(TimeZone::parse(text)) << text;
}

}  // namespace
}  // namespace charon
