#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <optional>

namespace charon {
namespace {

constexpr std::int64_t kDaySeconds = 86400;
constexpr std::int32_t kSecondNanos = 1'000'000'000;

struct Civil {
  std::int64_t year = 1970;
  unsigned month = 1, day = 1;
  int hour = 0, minute = 0, second = 0;
};

Civil civil_from(std::int64_t seconds) {
  std::int64_t days = seconds / kDaySeconds;
  std::int64_t rest = seconds % kDaySeconds;
  if (rest < 0) {
    rest += kDaySeconds;
    --days;
  }
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  return {static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
          static_cast<int>(rest / 3600), static_cast<int>(rest / 60 % 60),    static_cast<int>(rest % 60)};
}

std::string format_seconds(std::int64_t seconds) {
  const Civil civil = civil_from(seconds);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", civil.year, civil.month, civil.day, civil.hour, civil.minute,
                     civil.second);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What Go calls a layout element and reports in its ParseError, with what stood there instead.
struct Mismatch {
  std::string_view element;
  std::string_view found;
  std::string_view note;  // ": day out of range"; then element and found are not printed
};

std::unexpected<Error> parse_error(std::string_view text, const Mismatch& mismatch) {
  if (!mismatch.note.empty()) return fail(Reason::BadRequest, fmt::format("parsing time \"{}\"{}", text, mismatch.note));
  return fail(Reason::BadRequest,
              fmt::format("parsing time \"{}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{}\" as \"{}\"", text,
                          mismatch.found, mismatch.element));
}

// Reads one RFC 3339 text from left to right, as Go's time.Parse walks its layout.
class Rfc3339Parser {
 public:
  explicit Rfc3339Parser(std::string_view text) : text_(text), rest_(text) {}

  Result<Time> parse() {
    Time time;
    if (!date_and_clock() || !fraction(time.nanos) || !zone()) return parse_error(text_, mismatch_);
    using namespace std::chrono;
    const year_month_day date{year{year_}, month{static_cast<unsigned>(month_)}, day{static_cast<unsigned>(day_)}};
    if (!date.ok()) return parse_error(text_, {.note = ": day out of range"});
    time.seconds = std::int64_t{sys_days{date}.time_since_epoch().count()} * kDaySeconds + hour_ * 3600 + minute_ * 60 +
                   second_ - offset_seconds_;
    return time;
  }

 private:
  struct Range {
    int low, high;
    std::string_view note;
  };

  bool wrong(std::string_view element) {
    mismatch_ = {element, rest_, {}};
    return false;
  }

  bool number(std::string_view element, std::size_t width, Range range, int& value) {
    if (rest_.size() < width) return wrong(element);
    value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      if (!is_digit(rest_[i])) return wrong(element);
      value = value * 10 + (rest_[i] - '0');
    }
    if (value < range.low || value > range.high) {
      mismatch_ = {element, rest_, range.note};
      return false;
    }
    rest_.remove_prefix(width);
    return true;
  }

  bool literal(std::string_view text) {
    if (!rest_.starts_with(text)) return wrong(text);
    rest_.remove_prefix(text.size());
    return true;
  }

  bool hour() {
    constexpr Range range{0, 23, ": hour out of range"};
    // Go's layout element "15" takes one digit as well.
    const std::size_t width = rest_.size() > 1 && is_digit(rest_[0]) && !is_digit(rest_[1]) ? 1 : 2;
    return number("15", width, range, hour_);
  }

  bool date_and_clock() {
    return number("2006", 4, {0, 9999, {}}, year_) && literal("-") &&
           number("01", 2, {1, 12, ": month out of range"}, month_) && literal("-") &&
           number("02", 2, {1, 31, ": day out of range"}, day_) && literal("T") && hour() && literal(":") &&
           number("04", 2, {0, 59, ": minute out of range"}, minute_) && literal(":") &&
           number("05", 2, {0, 59, ": second out of range"}, second_);
  }

  bool fraction(std::int32_t& nanos) {
    if (rest_.size() < 2 || (rest_[0] != '.' && rest_[0] != ',') || !is_digit(rest_[1])) return true;
    rest_.remove_prefix(1);
    for (std::int32_t unit = kSecondNanos / 10; !rest_.empty() && is_digit(rest_[0]); unit /= 10, rest_.remove_prefix(1))
      nanos += unit * (rest_[0] - '0');
    return true;
  }

  bool zone() {
    if (rest_ == "Z") return true;
    if (rest_.starts_with('Z')) {
      mismatch_ = {{}, {}, {}};
      extra_ = fmt::format(": extra text: \"{}\"", rest_.substr(1));
      mismatch_.note = extra_;
      return false;
    }
    const std::string_view at = rest_;
    if (rest_.size() < 6 || (rest_[0] != '+' && rest_[0] != '-') || rest_[3] != ':') return wrong("Z07:00");
    const int sign = rest_[0] == '-' ? -1 : 1;
    int hours = 0;
    int minutes = 0;
    rest_.remove_prefix(1);
    const bool good = number("Z07:00", 2, {0, 24, ": time zone offset hour out of range"}, hours) && literal(":") &&
                      number("Z07:00", 2, {0, 60, ": time zone offset minute out of range"}, minutes);
    if (!good) {
      if (mismatch_.note.empty()) mismatch_ = {"Z07:00", at, {}};
      return false;
    }
    if (!rest_.empty()) {
      extra_ = fmt::format(": extra text: \"{}\"", rest_);
      mismatch_ = {{}, {}, extra_};
      return false;
    }
    offset_seconds_ = sign * (hours * 3600 + minutes * 60);
    return true;
  }

  std::string_view text_;
  std::string_view rest_;
  Mismatch mismatch_;
  std::string extra_;
  int year_ = 0, month_ = 1, day_ = 1, hour_ = 0, minute_ = 0, second_ = 0, offset_seconds_ = 0;
};

struct DurationUnit {
  std::string_view name;
  std::uint64_t nanos;
};

constexpr std::array kUnits{
    DurationUnit{"ns", 1},
    DurationUnit{"us", 1'000},
    DurationUnit{"\u00b5s", 1'000},
    DurationUnit{"\u03bcs", 1'000},
    DurationUnit{"ms", 1'000'000},
    DurationUnit{"s", 1'000'000'000},
    DurationUnit{"m", 60'000'000'000},
    DurationUnit{"h", 3'600'000'000'000},
};

// `value` units of 10^-digits, without trailing zeros: (1500, 3) -> "1.5".
std::string decimal_fraction(std::uint64_t value, int digits) {
  std::uint64_t scale = 1;
  for (int i = 0; i < digits; ++i) scale *= 10;
  std::string text = std::to_string(value / scale);
  if (value % scale == 0) return text;
  std::string part = fmt::format("{:0{}}", value % scale, digits);
  while (part.ends_with('0')) part.pop_back();
  return text + "." + part;
}

constexpr std::uint64_t kMaxMagnitude = std::uint64_t{1} << 63;

// One "1.5h" of a duration; empty when it is malformed or too large. The message says which.
std::optional<std::uint64_t> take_duration_part(std::string_view& rest, std::string_view& problem, std::string& unit_name) {
  problem = "invalid duration";
  std::uint64_t whole = 0;
  std::size_t digits = 0;
  for (; !rest.empty() && is_digit(rest[0]); rest.remove_prefix(1), ++digits) {
    if (whole > kMaxMagnitude / 10) return std::nullopt;
    whole = whole * 10 + static_cast<std::uint64_t>(rest[0] - '0');
    if (whole > kMaxMagnitude) return std::nullopt;
  }
  double part = 0;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    double place = 0.1;
    for (; !rest.empty() && is_digit(rest[0]); rest.remove_prefix(1), ++digits, place /= 10) part += place * (rest[0] - '0');
  }
  if (digits == 0) return std::nullopt;
  std::size_t length = 0;
  while (length < rest.size() && rest[length] != '.' && !is_digit(rest[length])) ++length;
  unit_name = rest.substr(0, length);
  rest.remove_prefix(length);
  if (length == 0) {
    problem = "missing unit in duration";
    return std::nullopt;
  }
  for (const DurationUnit& unit : kUnits) {
    if (unit.name != unit_name) continue;
    if (whole > kMaxMagnitude / unit.nanos) return std::nullopt;
    const std::uint64_t nanos = whole * unit.nanos + static_cast<std::uint64_t>(part * static_cast<double>(unit.nanos) + 1e-6);
    if (nanos > kMaxMagnitude) return std::nullopt;
    return nanos;
  }
  problem = "unknown unit";
  return std::nullopt;
}

}  // namespace

Time time_from(std::chrono::system_clock::time_point point) {
  const auto nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(point.time_since_epoch()).count();
  std::int64_t seconds = nanos / kSecondNanos;
  std::int64_t rest = nanos % kSecondNanos;
  if (rest < 0) {
    rest += kSecondNanos;
    --seconds;
  }
  return {seconds, static_cast<std::int32_t>(rest)};
}

std::chrono::system_clock::time_point to_time_point(Time time) {
  // The clock counts nanoseconds in 64 bits (years 1678 to 2261); what lies outside becomes its first or last point.
  using Point = std::chrono::system_clock::time_point;
  constexpr std::int64_t kLastSecond = std::numeric_limits<std::int64_t>::max() / kSecondNanos - 1;
  if (time.seconds > kLastSecond) return Point::max();
  if (time.seconds < -kLastSecond) return Point::min();
  return Point(std::chrono::seconds(time.seconds) + std::chrono::nanoseconds(time.nanos));
}

std::string format_rfc3339(Time time) { return format_seconds(time.seconds) + "Z"; }

std::string format_rfc3339_micro(Time time) { return format_seconds(time.seconds) + fmt::format(".{:06}Z", time.nanos / 1000); }

std::string format_rfc3339_nano(Time time) {
  std::string text = format_seconds(time.seconds);
  if (time.nanos != 0) {
    text += fmt::format(".{:09}", time.nanos);
    while (text.ends_with('0')) text.pop_back();
  }
  return text + "Z";
}

Result<Time> parse_rfc3339(std::string_view text) { return Rfc3339Parser(text).parse(); }

std::string format_go_duration(std::chrono::nanoseconds duration) {
  const std::int64_t count = duration.count();
  if (count == 0) return "0s";
  const std::uint64_t nanos = count < 0 ? ~static_cast<std::uint64_t>(count) + 1 : static_cast<std::uint64_t>(count);
  std::string text = count < 0 ? "-" : "";
  if (nanos < 1'000) return text + std::to_string(nanos) + "ns";
  if (nanos < 1'000'000) return text + decimal_fraction(nanos, 3) + "\u00b5s";
  if (nanos < 1'000'000'000) return text + decimal_fraction(nanos, 6) + "ms";
  const std::uint64_t minutes = nanos / 60'000'000'000;
  if (minutes >= 60) text += std::to_string(minutes / 60) + "h";
  if (minutes > 0) text += std::to_string(minutes % 60) + "m";
  return text + decimal_fraction(nanos % 60'000'000'000, 9) + "s";
}

Result<std::chrono::nanoseconds> parse_go_duration(std::string_view text) {
  const auto invalid = [text](std::string_view problem) {
    return fail(Reason::BadRequest, fmt::format("time: {} \"{}\"", problem, text));
  };
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return std::chrono::nanoseconds(0);
  if (rest.empty()) return invalid("invalid duration");
  std::uint64_t total = 0;
  while (!rest.empty()) {
    std::string_view problem;
    std::string unit;
    const std::optional<std::uint64_t> part = take_duration_part(rest, problem, unit);
    if (!part && problem == "unknown unit")
      return fail(Reason::BadRequest, fmt::format("time: unknown unit \"{}\" in duration \"{}\"", unit, text));
    if (!part) return invalid(problem);
    total += *part;
    if (total > kMaxMagnitude) return invalid("invalid duration");
  }
  if (negative) return std::chrono::nanoseconds(static_cast<std::int64_t>(~total + 1));
  if (total == kMaxMagnitude) return invalid("invalid duration");
  return std::chrono::nanoseconds(static_cast<std::int64_t>(total));
}

std::string human_duration(std::chrono::seconds duration) {
  const std::int64_t seconds = duration.count();
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  const std::int64_t minutes = seconds / 60;
  const std::int64_t hours = minutes / 60;
  const std::int64_t days = hours / 24;
  // The smaller unit is shown while the larger one is still coarse.
  const auto pair = [](std::int64_t large, char large_unit, std::int64_t small, char small_unit) {
    return small == 0 ? fmt::format("{}{}", large, large_unit) : fmt::format("{}{}{}{}", large, large_unit, small, small_unit);
  };
  if (seconds < 120) return fmt::format("{}s", seconds);
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return fmt::format("{}m", minutes);
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return fmt::format("{}h", hours);
  if (days < 8) return pair(days, 'd', hours % 24, 'h');
  if (days < 730) return fmt::format("{}d", days);
  if (days < 2920) return pair(days / 365, 'y', days % 365, 'd');
  return fmt::format("{}y", days / 365);
}

}  // namespace charon
