#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace charon {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "charon: broken invariant: %s at %s:%d\n", condition, file, line);
  std::abort();
}

void ensure_failed(const char* condition, const char* file, int line) {
  if (std::getenv("CHARON_CRASH_ON_ENSURE") != nullptr) check_failed(condition, file, line);
  throw BrokenInvariant(std::string(condition) + " at " + file + ":" + std::to_string(line));
}

}  // namespace charon
