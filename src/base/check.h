// CHECK: an invariant of the store or the API server. On in every build; a failure ends the process with the place and
// the condition, because going on would damage data.
// ENSURE: an invariant of one controller or one pod. A failure throws BrokenInvariant, which the runner of that part
// turns into an error, a metric and a retry with back-off; with CHARON_CRASH_ON_ENSURE (set in tests) it is a CHECK.
#pragma once

#include <stdexcept>
#include <string>

namespace charon {

class BrokenInvariant final : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void check_failed(const char* condition, const char* file, int line);
[[noreturn]] void ensure_failed(const char* condition, const char* file, int line);

}  // namespace charon

#define CHECK(condition)                                      \
  do {                                                        \
    if (!(condition)) [[unlikely]]                            \
      ::charon::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
#define ENSURE(condition)                                      \
  do {                                                         \
    if (!(condition)) [[unlikely]]                             \
      ::charon::ensure_failed(#condition, __FILE__, __LINE__); \
  } while (false)
