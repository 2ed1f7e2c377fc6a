// A time or a duration that parses is printed as a text that parses as the same. Times keep their nanoseconds in the nano form
// when the year has four digits.
#include "base/time.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace charon;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const Result<Time> time = parse_rfc3339(text)) {
    CHECK(time->nanos >= 0 && time->nanos < 1'000'000'000);
    constexpr std::int64_t kYear0 = -62167219200;
    constexpr std::int64_t kYear10000 = 253402300800;
    // An offset may move the edges of the calendar out of the years that RFC 3339 can print.
    if (time->seconds >= kYear0 && time->seconds < kYear10000) {
      const Result<Time> again = parse_rfc3339(format_rfc3339_nano(*time));
      CHECK(again && *again == *time);
      const Result<Time> whole = parse_rfc3339(format_rfc3339(*time));
      CHECK(whole && whole->seconds == time->seconds && whole->nanos == 0);
      CHECK(parse_rfc3339(format_rfc3339_micro(*time)).has_value());
    }
  }
  if (const Result<std::chrono::nanoseconds> duration = parse_go_duration(text)) {
    const Result<std::chrono::nanoseconds> again = parse_go_duration(format_go_duration(*duration));
    CHECK(again && *again == *duration);
  }
  return 0;
}
