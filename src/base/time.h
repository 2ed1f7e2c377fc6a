// Points in time and their Kubernetes text forms.
//
// metav1.Time is RFC 3339 in UTC with whole seconds ("2026-01-02T03:04:05Z"); metav1.MicroTime has exactly six decimals;
// metav1.Duration is Go's time.Duration text ("1h2m3.5s"). All parsers accept what Go's parsers accept, offsets included.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace charon {

// Wall-clock time: nanoseconds are 0 <= nanos < 1e9. The zero value (year 1 in Go) means "not set" and is `null` in JSON.
struct Time {
  std::int64_t seconds = kUnset;  // since 1970-01-01T00:00:00Z
  std::int32_t nanos = 0;

  static constexpr std::int64_t kUnset = -62135596800;  // 0001-01-01T00:00:00Z, Go's zero time
  bool is_zero() const { return seconds == kUnset && nanos == 0; }
  auto operator<=>(const Time&) const = default;
};

Time time_from(std::chrono::system_clock::time_point point);
std::chrono::system_clock::time_point to_time_point(Time time);

std::string format_rfc3339(Time time);        // whole seconds, "Z"
std::string format_rfc3339_micro(Time time);  // six decimals, "Z"
std::string format_rfc3339_nano(Time time);   // up to nine decimals, trailing zeros cut
// BadRequest with Go's wording ("parsing time \"x\" as ...") when the text is not RFC 3339.
Result<Time> parse_rfc3339(std::string_view text);

// Go's time.Duration text form.
std::string format_go_duration(std::chrono::nanoseconds duration);
Result<std::chrono::nanoseconds> parse_go_duration(std::string_view text);

// The short age that `kubectl get` prints: "5s", "2m10s", "3h", "4d2h", "2y35d" (apimachinery's HumanDuration).
std::string human_duration(std::chrono::seconds duration);

}  // namespace charon
