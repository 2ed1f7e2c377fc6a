#include "cmd/cli/progress.h"

#include <fmt/format.h>

#include <cstdio>

namespace charon::cmd {

void Progress::step(std::string_view text) const {
  double seconds = std::chrono::duration<double>(clock_.now() - started_).count();
  std::string line = fmt::format("charon: [{:6.2f} s] {}\n", seconds, text);
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

int complain(std::string_view what, const Error& error) {
  std::string line = fmt::format("charon: {}: {}\n", what, error.message);
  std::fwrite(line.data(), 1, line.size(), stderr);
  return 1;
}

}  // namespace charon::cmd
