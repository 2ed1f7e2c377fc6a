#include "cmd/cli/pid_file.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <sstream>

#include "base/time.h"
#include "rt/os/machine.h"

namespace charon::cmd {

int running_pid(const rt::Files& files, const Options& options) {
  auto text = files.read(pid_file(options));
  if (!text) return 0;
  std::istringstream parts(*text);
  int pid = 0;
  std::uint64_t start = 0;
  if (!(parts >> pid >> start)) return 0;
  return rt::process_alive(pid) && rt::process_start(pid) == start ? pid : 0;
}

Result<void> check_not_running(const rt::Files& files, const Options& options) {
  const int pid = running_pid(files, options);
  if (pid == 0 || pid == rt::process_id()) return {};
  return fail(Reason::Conflict,
              fmt::format("a cluster already runs from {} (process {}); `charon down` stops it", options.data_dir, pid));
}

Result<void> claim_pid_file(rt::Files& files, const Options& options) {
  TRY(check_not_running(files, options));
  const int self = rt::process_id();
  auto delay = parse_go_duration(options.server.shutdown_delay);
  const auto delay_ms = delay ? std::chrono::duration_cast<std::chrono::milliseconds>(*delay).count() : 0;
  return files.write_atomic(pid_file(options), fmt::format("{} {} {}\n", self, rt::process_start(self), delay_ms), 0644);
}

std::chrono::milliseconds running_shutdown_delay(const rt::Files& files, const Options& options) {
  auto text = files.read(pid_file(options));
  if (!text) return {};
  std::istringstream parts(*text);
  int pid = 0;
  std::uint64_t start = 0;
  std::int64_t delay_ms = 0;
  if (!(parts >> pid >> start >> delay_ms) || delay_ms < 0) return {};
  return std::chrono::milliseconds(delay_ms);
}

}  // namespace charon::cmd
