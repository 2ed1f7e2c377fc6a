// TimeZone: how far a zone's clocks are ahead of UTC at each moment.
//
// Made of a rule in POSIX' form (RFC 8536 3.3, with its extension to hours beyond 24): "CET-1CEST,M3.5.0,M10.5.0/3", before
// which changes may stand that follow no rule: "3600 1740873600=0 1743897600=3600 <+01>-1" is an hour ahead, level from the
// first moment on, an hour ahead again from the second, from where the rule holds. A value.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace charon {

class TimeZone {
 public:
  TimeZone() = default;  // UTC
  // BadRequest when the text is malformed.
  static Result<TimeZone> parse(std::string_view text);

  // In seconds; positive east of Greenwich.
  std::int32_t offset_at(std::int64_t unix_s) const;

 private:
  // A day of the year, and seconds after its midnight.
  struct Moment {
    enum class Kind : unsigned char { WeekdayOfMonth, DayWithoutLeap, DayWithLeap };
    Kind kind = Kind::WeekdayOfMonth;
    int month = 1;    // 1 to 12
    int week = 1;     // 1 to 5, the last
    int weekday = 0;  // 0 is Sunday
    int day = 0;      // 1 to 365 without leap days, 0 to 365 with them
    std::int32_t time_s = 7200;
  };
  struct Summer {
    std::int32_t offset_s = 0;
    Moment begin;  // by the standard time
    Moment end;    // by the summer time
  };
  struct Change {
    std::int64_t at = 0;
    std::int32_t offset_s = 0;
  };
  class Parser;

  static std::int64_t moment_in(const Moment& moment, int year);  // as if it were UTC

  std::vector<Change> changes_;  // by time; the first holds from ever
  std::int32_t offset_s_ = 0;    // the standard time, after the last change
  std::optional<Summer> summer_;
};

}  // namespace charon
