#include "base/int_or_string.h"

#include <charconv>
#include <limits>

namespace charon {

Result<std::int32_t> scaled_value(const IntOrString& value, std::int32_t total, Rounding rounding) {
  if (value.is_int()) return value.as_int();
  const std::string& text = value.as_string();
  if (!text.ends_with('%'))
    return fail(Reason::Invalid, "invalid value for IntOrString: invalid type: string is not a percentage");
  const char* begin = text.data();
  const char* const end = text.data() + text.size() - 1;
  if (begin != end && *begin == '+' && begin + 1 != end && begin[1] != '-') ++begin;
  std::int32_t percent = 0;
  const auto [stop, error] = std::from_chars(begin, end, percent);
  if (error != std::errc() || stop != end)
    return fail(Reason::Invalid, "invalid value for IntOrString: invalid value \"" + text + "\": strconv.Atoi: parsing \"" +
                                     text.substr(0, text.size() - 1) + "\": " +
                                     (error == std::errc::result_out_of_range ? "value out of range" : "invalid syntax"));
  const std::int64_t hundredfold = std::int64_t{percent} * total;
  std::int64_t scaled = hundredfold / 100;  // towards zero
  if (rounding == Rounding::Up && hundredfold > 0 && hundredfold % 100 != 0) ++scaled;
  if (rounding == Rounding::Down && hundredfold < 0 && hundredfold % 100 != 0) --scaled;
  if (scaled > std::numeric_limits<std::int32_t>::max() || scaled < std::numeric_limits<std::int32_t>::min())
    return fail(Reason::Invalid, "invalid value for IntOrString: \"" + text + "\" of " + std::to_string(total) + " overflows");
  return static_cast<std::int32_t>(scaled);
}

}  // namespace charon
