#include "server/version.h"

#include <boost/json.hpp>

namespace charon::server {

codec::Object version_info() {
  return {{"major", "1"},
          {"minor", "36"},
          {"emulationMajor", "1"},
          {"emulationMinor", "36"},
          {"minCompatibilityMajor", "1"},
          {"minCompatibilityMinor", "35"},
          {"gitVersion", std::string(kKubernetesVersion) + "+charon." + kCharonVersion},
          {"gitCommit", ""},
          {"gitTreeState", "clean"},
          {"buildDate", "1970-01-01T00:00:00Z"},
          {"goVersion", ""},
          {"compiler", "clang"},
          {"platform",
#if defined(__aarch64__)
           "linux/arm64"
#else
           "linux/amd64"
#endif
          }};
}

}  // namespace charon::server
