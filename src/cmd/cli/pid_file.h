// Which process runs the cluster of a data directory: its pid and start time in <data-dir>/charon.pid, so that a pid that was
// given to another program since is not taken for it; and how long it may take to end.
#pragma once

#include <chrono>

#include "base/result.h"
#include "cmd/cli/options.h"
#include "rt/files.h"

namespace charon::cmd {

// 0 when none runs.
int running_pid(const rt::Files& files, const Options& options);
// Conflict, with what to do, when one runs that is not this process.
Result<void> check_not_running(const rt::Files& files, const Options& options);
// Writes our own. Conflict when another process runs the cluster.
Result<void> claim_pid_file(rt::Files& files, const Options& options);
// How long the process that runs serves on after it was told to end (--shutdown-delay-duration), as its file says.
std::chrono::milliseconds running_shutdown_delay(const rt::Files& files, const Options& options);

}  // namespace charon::cmd
