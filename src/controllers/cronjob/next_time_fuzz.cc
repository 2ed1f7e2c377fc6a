// What parses as a schedule is due at times that fit it, each later than the one before, and parses the same way every time.
#include "controllers/cronjob/next_time.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/batch/v1/time_zones.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace charon;
  if (size < 5) return 0;
  const auto rules = batch::v1::time_zone_rules();
  const TimeZone zone = TimeZone::parse(rules[data[0] % rules.size()].rule).value();
  const std::int64_t after_s = 1767225600 + std::int64_t{data[1]} * 86400 * 5 + std::int64_t{data[2]} * 256 + data[3];
  const auto schedule = batch::v1::parse_schedule({reinterpret_cast<const char*>(data) + 4, size - 4});
  if (!schedule) return 0;
  const controllers::cronjob::Timetable times(*schedule, zone, after_s);
  std::int64_t time = after_s;
  for (int i = 0; i < 5; ++i) {
    const auto next = times.next(time);
    if (!next) break;
    CHECK(*next > time);
    if (!schedule->every) {
      const std::int64_t local = *next + zone.offset_at(*next);
      CHECK(local % 60 == 0);
      CHECK((schedule->minutes >> (local / 60 % 60) & 1) != 0);
      CHECK((schedule->hours >> (local / 3600 % 24) & 1) != 0);
    }
    CHECK(times.last(time, *next) == next);
    time = *next;
  }
  return 0;
}
