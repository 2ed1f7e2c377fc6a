#include "base/time_zone.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <iterator>
#include <limits>
#include <string>

namespace charon {
namespace {

constexpr std::int64_t kDayS = 86400;
constexpr int kMaxHours = 167;  // RFC 8536 3.3.1

std::int64_t day_number(int year, unsigned month, unsigned day) {
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
  return std::chrono::sys_days{date}.time_since_epoch().count();
}

int year_of(std::int64_t unix_s) {
  const auto days = std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds{std::chrono::seconds{unix_s}});
  return static_cast<int>(std::chrono::year_month_day{days}.year());
}

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

}  // namespace

class TimeZone::Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  std::optional<TimeZone> zone() {
    TimeZone zone;
    if (!rest_.empty() && !is_letter(rest_[0]) && rest_[0] != '<' && !changes(zone)) return std::nullopt;
    if (!abbreviation()) return std::nullopt;
    const std::optional<std::int32_t> west = clock_time();
    if (!west) return std::nullopt;
    zone.offset_s_ = -*west;
    if (rest_.empty()) return zone;
    if (!summer(zone) || !rest_.empty()) return std::nullopt;
    return zone;
  }

 private:
  bool eat(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  template <class Int>
  std::optional<Int> number() {
    Int value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc()) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }
  std::optional<int> number_within(int least, int most) {
    const std::optional<int> value = number<int>();
    return value && *value >= least && *value <= most ? value : std::nullopt;
  }

  bool changes(TimeZone& zone) {
    const std::optional<std::int32_t> first = number<std::int32_t>();
    if (!first) return false;
    zone.changes_.push_back({std::numeric_limits<std::int64_t>::min(), *first});
    while (eat(' ')) {
      if (rest_.empty() || (rest_[0] != '-' && (rest_[0] < '0' || rest_[0] > '9'))) return true;
      const std::optional<std::int64_t> at = number<std::int64_t>();
      if (!at || *at <= zone.changes_.back().at || !eat('=')) return false;
      const std::optional<std::int32_t> offset = number<std::int32_t>();
      if (!offset) return false;
      zone.changes_.push_back({*at, *offset});
    }
    return false;
  }

  bool abbreviation() {
    if (eat('<')) {
      const std::size_t end = rest_.find('>');
      if (end == rest_.npos || end < 3) return false;
      rest_.remove_prefix(end + 1);
      return true;
    }
    const auto end = std::ranges::find_if_not(rest_, is_letter);
    if (end - rest_.begin() < 3) return false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.begin()));
    return true;
  }

  // "[+-]hh[:mm[:ss]]" in seconds.
  std::optional<std::int32_t> clock_time() {
    const bool negative = eat('-');
    if (!negative) eat('+');
    if (rest_.starts_with('-')) return std::nullopt;
    const std::optional<int> hours = number_within(0, kMaxHours);
    if (!hours) return std::nullopt;
    std::int32_t seconds = *hours * 3600;
    for (const int unit : {60, 1}) {
      if (!eat(':')) break;
      const std::optional<int> value = number_within(0, 59);
      if (!value) return std::nullopt;
      seconds += *value * unit;
    }
    return negative ? -seconds : seconds;
  }

  bool summer(TimeZone& zone) {
    if (!abbreviation()) return false;
    Summer summer;
    summer.offset_s = zone.offset_s_ + 3600;
    if (!rest_.starts_with(',')) {
      const std::optional<std::int32_t> west = clock_time();
      if (!west) return false;
      summer.offset_s = -*west;
    }
    if (!eat(',') || !moment(summer.begin) || !eat(',') || !moment(summer.end)) return false;
    zone.summer_ = summer;
    return true;
  }

  bool moment(Moment& moment) {
    std::optional<int> day;
    if (eat('M')) {
      const std::optional<int> month = number_within(1, 12);
      if (!month || !eat('.')) return false;
      const std::optional<int> week = number_within(1, 5);
      if (!week || !eat('.')) return false;
      const std::optional<int> weekday = number_within(0, 6);
      if (!weekday) return false;
      moment.month = *month;
      moment.week = *week;
      moment.weekday = *weekday;
    } else if (eat('J')) {
      moment.kind = Moment::Kind::DayWithoutLeap;
      if (!(day = number_within(1, 365))) return false;
    } else {
      moment.kind = Moment::Kind::DayWithLeap;
      if (!(day = number_within(0, 365))) return false;
    }
    moment.day = day.value_or(0);
    if (!eat('/')) return true;
    const std::optional<std::int32_t> time = clock_time();
    if (!time) return false;
    moment.time_s = *time;
    return true;
  }

  std::string_view rest_;
};

Result<TimeZone> TimeZone::parse(std::string_view text) {
  if (std::optional<TimeZone> zone = Parser(text).zone()) return *std::move(zone);
  return fail(Reason::BadRequest, "malformed rule of a time zone: " + std::string(text));
}

std::int64_t TimeZone::moment_in(const Moment& moment, int year) {
  std::int64_t day = 0;
  switch (moment.kind) {
    case Moment::Kind::WeekdayOfMonth: {
      using std::chrono::weekday;
      const auto month = std::chrono::year{year} / moment.month;
      const auto wanted = weekday{static_cast<unsigned>(moment.weekday)};
      const std::chrono::sys_days date = moment.week == 5
                                             ? std::chrono::sys_days{month / wanted[std::chrono::last]}
                                             : std::chrono::sys_days{month / wanted[static_cast<unsigned>(moment.week)]};
      day = date.time_since_epoch().count();
      break;
    }
    case Moment::Kind::DayWithoutLeap: {
      constexpr int kFirstOfMarch = 60;
      const bool leap = std::chrono::year{year}.is_leap();
      day = day_number(year, 1, 1) + moment.day - 1 + (leap && moment.day >= kFirstOfMarch ? 1 : 0);
      break;
    }
    case Moment::Kind::DayWithLeap:
      day = day_number(year, 1, 1) + moment.day;
      break;
  }
  return day * kDayS + moment.time_s;
}

std::int32_t TimeZone::offset_at(std::int64_t unix_s) const {
  if (!changes_.empty() && unix_s < changes_.back().at) {
    const auto next = std::ranges::upper_bound(changes_, unix_s, {}, &Change::at);
    return std::prev(next)->offset_s;
  }
  if (!summer_) return offset_s_;
  const int year = year_of(unix_s + offset_s_);
  const std::int64_t begin = moment_in(summer_->begin, year) - offset_s_;
  const std::int64_t end = moment_in(summer_->end, year) - summer_->offset_s;
  // South of the equator it spans the turn of the year.
  const bool summer = begin < end ? begin <= unix_s && unix_s < end : begin <= unix_s || unix_s < end;
  return summer ? summer_->offset_s : offset_s_;
}

}  // namespace charon
