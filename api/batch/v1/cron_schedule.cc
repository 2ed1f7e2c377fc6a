#include "api/batch/v1/cron_schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace charon::batch::v1 {
namespace {

constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::string_view kDays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Bounds {
  std::int64_t least;
  std::int64_t most;
  std::span<const std::string_view> names = {};  // of least, least + 1, ...
};
const Bounds kFields[] = {{0, 59}, {0, 23}, {1, 31}, {1, 12, kMonths}, {0, 6, kDays}};

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  for (std::size_t from = 0;;) {
    std::size_t end = text.find_first_of(separators, from);
    parts.push_back(text.substr(from, end - from));
    if (end == text.npos) return parts;
    from = end + 1;
  }
}

Result<std::int64_t> number_of(std::string_view text) {
  std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error == std::errc::result_out_of_range)
    return fail(Reason::Invalid,
                fmt::format("failed to parse int from {}: strconv.Atoi: parsing \"{}\": value out of range", text, text));
  if (error != std::errc() || end != digits.data() + digits.size())
    return fail(Reason::Invalid,
                fmt::format("failed to parse int from {}: strconv.Atoi: parsing \"{}\": invalid syntax", text, text));
  if (number < 0) return fail(Reason::Invalid, fmt::format("negative number ({}) not allowed: {}", number, text));
  return number;
}

Result<std::int64_t> value_of(std::string_view text, const Bounds& bounds) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  auto name = std::ranges::find(bounds.names, lower);
  if (name != bounds.names.end()) return bounds.least + (name - bounds.names.begin());
  return number_of(text);
}

struct FieldSet {
  std::uint64_t bits = 0;
  bool any = false;  // "*", as it is
};

// "*", "5", "1-5", each with "/2".
Result<FieldSet> parse_range(std::string_view text, const Bounds& bounds) {
  std::vector<std::string_view> range_and_step = split(text, "/");
  std::vector<std::string_view> ends = split(range_and_step[0], "-");
  std::int64_t low = bounds.least;
  std::int64_t high = bounds.most;
  FieldSet set;
  if (ends[0] == "*" || ends[0] == "?") {
    set.any = true;
  } else {
    TRY_ASSIGN(low, value_of(ends[0], bounds));
    high = low;
    if (ends.size() == 2) {
      TRY_ASSIGN(high, value_of(ends[1], bounds));
    }
    if (ends.size() > 2) return fail(Reason::Invalid, fmt::format("too many hyphens: {}", text));
  }
  if (range_and_step.size() > 2) return fail(Reason::Invalid, fmt::format("too many slashes: {}", text));
  std::int64_t step = 1;
  if (range_and_step.size() == 2) {
    TRY_ASSIGN(step, number_of(range_and_step[1]));
    if (ends.size() == 1) high = bounds.most;
  }
  if (low < bounds.least)
    return fail(Reason::Invalid, fmt::format("beginning of range ({}) below minimum ({}): {}", low, bounds.least, text));
  if (high > bounds.most)
    return fail(Reason::Invalid, fmt::format("end of range ({}) above maximum ({}): {}", high, bounds.most, text));
  if (low > high)
    return fail(Reason::Invalid, fmt::format("beginning of range ({}) beyond end of range ({}): {}", low, high, text));
  if (step == 0) return fail(Reason::Invalid, fmt::format("step of range should be a positive number: {}", text));
  if (step > 1) set.any = false;
  for (std::int64_t value = low; value <= high; value += std::min(step, high - low + 1)) set.bits |= std::uint64_t{1} << value;
  return set;
}

Result<FieldSet> parse_field(std::string_view text, const Bounds& bounds) {
  FieldSet set;
  for (std::string_view range : split(text, ",")) {
    TRY_ASSIGN(const FieldSet part, parse_range(range, bounds));
    set.bits |= part.bits;
    set.any = set.any || part.any;
  }
  return set;
}

Result<CronSchedule> parse_descriptor(std::string_view text) {
  struct Descriptor {
    std::string_view name;
    std::string_view fields;
  };
  constexpr Descriptor kKnown[] = {{"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
                                   {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
                                   {"@hourly", "0 * * * *"}};
  const auto known = std::ranges::find(kKnown, text, &Descriptor::name);
  if (known != std::end(kKnown)) return parse_schedule(known->fields);
  constexpr std::string_view kEvery = "@every ";
  if (!text.starts_with(kEvery)) return fail(Reason::Invalid, fmt::format("unrecognized descriptor: {}", text));
  const Result<std::chrono::nanoseconds> every = parse_go_duration(text.substr(kEvery.size()));
  if (!every)
    return fail(Reason::Invalid,
                fmt::format("failed to parse duration {}: time: invalid duration \"{}\"", text, text.substr(kEvery.size())));
  CronSchedule schedule;
  schedule.every = std::max(std::chrono::floor<std::chrono::seconds>(*every), std::chrono::seconds(1));
  return schedule;
}

}  // namespace

Result<CronSchedule> parse_schedule(std::string_view text) {
  if (text.starts_with('@')) return parse_descriptor(text);
  std::vector<std::string_view> fields = split(text, " \t\n\r\v\f");
  std::erase(fields, std::string_view());
  if (fields.size() != std::size(kFields))
    return fail(Reason::Invalid,
                fmt::format("expected exactly 5 fields, found {}: [{}]", fields.size(), fmt::join(fields, " ")));
  FieldSet sets[std::size(kFields)];
  for (std::size_t i = 0; i < fields.size(); ++i) {
    TRY_ASSIGN(sets[i], parse_field(fields[i], kFields[i]));
  }
  return CronSchedule{.minutes = sets[0].bits,
                      .hours = sets[1].bits,
                      .days = sets[2].bits,
                      .months = sets[3].bits,
                      .weekdays = sets[4].bits,
                      .any_day = sets[2].any,
                      .any_weekday = sets[4].any,
                      .every = std::nullopt};
}

std::optional<std::string> schedule_error(std::string_view schedule) {
  Result<CronSchedule> parsed = parse_schedule(schedule);
  if (parsed) return std::nullopt;
  return std::move(parsed.error().message);
}

}  // namespace charon::batch::v1
